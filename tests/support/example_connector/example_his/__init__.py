"""A connector for a HIS that writes its visits into a file, one JSON object a line.

The example of docs/connectors/write-your-own.md: everything a connector must do, and nothing else.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from adapter.errors import ConfigError, SourceSchemaError, SourceUnreachable
from adapter.settings import SourceSettings
from adapter.source import Batch, Cursor, SourceEncounter
from connectors.base import PullSource


def open_example(spec: Mapping[str, Any], settings: SourceSettings) -> PullSource:
    """The entry point. ``spec``: the mapping's ``source:``; ``settings``: the facility's. Opens nothing yet."""
    if "file" not in settings.options:
        raise ConfigError("Thiếu options.file", "options.file is missing")
    return ExampleSource(str(spec.get("lines", "lines")), settings)


class ExampleSource:
    """Keeps PullSource. Each visit has id, changed (14 digits), and a list of lines."""

    def __init__(self, lines: str, settings: SourceSettings) -> None:
        self._lines = lines
        self._file = Path(settings.options["file"])
        self._size = settings.batch_size

    def preflight(self) -> None:
        """Name everything that is missing, not only the first."""
        missing = sorted(
            {name for visit in self._visits() for name in ("id", "changed", self._lines) if name not in visit}
        )
        if missing:
            raise SourceSchemaError(f"Nguồn thiếu trường {missing}", f"The source lacks the fields {missing}")

    def pull(self, cursor: Cursor | None, *, now: datetime) -> Batch:
        """Everything at or behind the cursor, the cursor's own visit again: two changes may share one stamp."""
        after = ("", "") if cursor is None else (cursor.stamp, cursor.key)
        ordered = sorted(self._visits(), key=_place)
        waiting = [visit for visit in ordered if _place(visit) > after]
        page = [visit for visit in ordered if _place(visit) == after] + waiting[: self._size]
        last = Cursor(*_place(page[-1])) if page else cursor
        return Batch([self._encounter(visit) for visit in page], last, done=len(waiting) <= self._size)

    def fetch(self, keys: Sequence[str]) -> Sequence[SourceEncounter]:
        """These visits as they are now; those deleted meanwhile left out."""
        by_id = {visit["id"]: visit for visit in self._visits()}
        return [self._encounter(by_id[key]) for key in keys if key in by_id]

    def close(self) -> None:
        """Nothing is held open."""

    def _encounter(self, visit: Mapping[str, Any]) -> SourceEncounter:
        row = {name: value for name, value in visit.items() if name != self._lines}
        return SourceEncounter(visit["id"], visit["changed"], row, {self._lines: visit[self._lines]})

    def _visits(self) -> Iterator[dict[str, Any]]:
        try:
            text = self._file.read_text(encoding="utf-8")
        except OSError as error:
            raise SourceUnreachable("Không mở được tệp của HIS", "The HIS's file cannot be opened") from error
        # Money is exact from the first moment: a JSON number never becomes a float.
        return (json.loads(line, parse_float=Decimal) for line in text.splitlines() if line.strip())


def _place(visit: Mapping[str, Any]) -> tuple[str, str]:
    return str(visit["changed"]), str(visit["id"])
