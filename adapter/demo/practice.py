"""A clerk at the invented hospital's HIS, played from the console: see and correct single values of a visit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from adapter.clock import Clock, system_clock
from adapter.demo import change


class PracticeHis:
    """The HIS of a demo workdir."""

    def __init__(self, path: Path, clock: Clock = system_clock) -> None:
        self._path = path
        self._clock = clock

    def places(self, ma_lk: str, columns: Sequence[str]) -> Mapping[str, str]:
        """``TABLE.COLUMN`` → the value there now, for columns that hold one value of the visit."""
        return change.values(self._path, ma_lk, columns)

    def correct(self, ma_lk: str, place: str, value: str) -> None:
        """Write a value; empty writes NULL. ConfigError, see :mod:`adapter.demo.change`."""
        table, _, column = place.partition(".")
        change.change(self._path, ma_lk, table, column, value or None, now=self._clock())


def practice_his(workdir: Path) -> PracticeHis | None:
    """The HIS of this demo workdir, None for a source that cannot be edited."""
    path = workdir / change.HIS
    return PracticeHis(path) if path.is_file() else None


__all__ = ["PracticeHis", "practice_his"]
