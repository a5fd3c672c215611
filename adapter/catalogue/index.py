"""Lists in memory, as the rules ask them: by code and day, without a query."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from adapter.catalogue.lists import ListSpec
from adapter.catalogue.reader import Entry

_Found = tuple[date, date, Mapping[str, str]]


@dataclass(frozen=True, slots=True)
class _List:
    by_code: dict[str, list[_Found]] = field(default_factory=dict)
    spans: list[tuple[date, date]] = field(default_factory=list)


class CatalogueIndex:
    """Implements the rules' ``Catalogues``. Plain data: it travels to worker processes."""

    def __init__(self) -> None:
        self._lists: dict[str, _List] = {}

    def add(self, spec: ListSpec, entries: Iterable[Entry]) -> None:
        """Take in rows of a list; several calls add up (national rows and the facility's own)."""
        into = self._lists.setdefault(spec.name, _List())
        spans = set(into.spans)
        for entry in entries:
            since, until = entry.since or date.min, entry.until or date.max
            found = (since, until, {"code": entry.code, **entry.values})
            spans.add((since, until))
            for code in {entry.code, *(entry.values.get(name, "") for name in spec.found_by)}:
                if code:
                    into.by_code.setdefault(code, []).append(found)
        into.spans[:] = _merged(spans)

    def has(self, name: str, on: date) -> bool:
        """Whether some row of this list is in force on that day."""
        known = self._lists.get(name)
        return known is not None and any(since <= on <= until for since, until in known.spans)

    def find(self, name: str, code: str, on: date) -> Sequence[Mapping[str, str]]:
        """Rows with exactly this code in force on that day."""
        known = self._lists.get(name)
        if known is None:
            return ()
        return [values for since, until, values in known.by_code.get(code, ()) if since <= on <= until]

    def __len__(self) -> int:
        return sum(len(found) for known in self._lists.values() for found in known.by_code.values())


def _merged(spans: Iterable[tuple[date, date]]) -> list[tuple[date, date]]:
    """Overlapping spans joined, so that thousands of rows leave a handful."""
    merged: list[tuple[date, date]] = []
    for since, until in sorted(spans):
        if merged and since <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(until, merged[-1][1]))
        else:
            merged.append((since, until))
    return merged
