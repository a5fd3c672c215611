"""What translation noted on the way, as findings a person sees with the dossier: nothing is lost in silence."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Protocol

from adapter.rules.finding import Finding, Severity

_SEVERITY: dict[str, Severity] = {
    "MAP-LETTERS-LOST": "warning",
    "MAP-CUT": "warning",
    "MAP-LOOKUP-MISSING": "warning",
    "MAP-ILLEGAL-CHARACTERS": "info",
}
_EACH = 20
"""Notes kept of one kind and field; a dossier of thousands of lines says the rest in a number."""


class Note(Protocol):
    """The mapping's notes, as this room uses them. Values in the messages are masked already."""

    @property
    def code(self) -> str: ...
    @property
    def table(self) -> str: ...
    @property
    def row(self) -> int | None: ...
    @property
    def field(self) -> str: ...
    @property
    def message_vi(self) -> str: ...
    @property
    def message_en(self) -> str: ...


def findings_of(notes: Iterable[Note], tables: Iterable[str]) -> tuple[Finding, ...]:
    """One finding for each note on these tables, at most 20 of one kind and field; the last one counts the others."""
    wanted = set(tables)
    kept: list[Finding] = []
    seen: Counter[tuple[str, str, str]] = Counter()
    last: dict[tuple[str, str, str], int] = {}
    for note in dict.fromkeys(notes):
        key = (note.code, note.table, note.field)
        if note.table not in wanted:
            continue
        seen[key] += 1
        if seen[key] <= _EACH:
            last[key] = len(kept)
            severity = _SEVERITY.get(note.code, "warning")
            kept.append(
                Finding(note.code, severity, note.table, note.row, note.field, "", note.message_vi, note.message_en)
            )
    for key, count in seen.items():
        if count > _EACH:
            one = kept[last[key]]
            more = count - _EACH
            kept[last[key]] = Finding(
                one.rule,
                one.severity,
                one.table,
                one.row,
                one.field,
                one.value,
                f"{one.message_vi} (và {more} dòng nữa)",
                f"{one.message_en} (and {more} more rows)",
            )
    return tuple(kept)
