"""A long stream of encounters, sown piece by piece: each slice was changed after the one before it."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from benchmarks.encounters import LINES, sow

_DISTINCT = 100
_HOUR = 18  # of the evening: after whatever the sown stays say of themselves, before the clock of the measurement


def sow_slice(path: Path, number: int, *, encounters: int, first: int, lines: int = LINES) -> None:
    """A source database with slice ``number`` (0 to 149): encounters ``first`` and on, in place of what is there."""
    path.unlink(missing_ok=True)
    sow(path, encounters=encounters, lines=lines, distinct=min(encounters, _DISTINCT), first=first)
    at = int(f"20261122{_HOUR + number // 60:02}{number % 60:02}00")
    with sqlite3.connect(path) as his:
        his.execute("UPDATE EPISODE SET MODIFY_TIME = ?", (at,))
    his.close()
