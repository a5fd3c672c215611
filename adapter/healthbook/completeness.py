"""What a visit's book lacks, why, and whether it can reach the person's book at all.

A field is empty because the mapping does not carry it, because the HIS does not hold it for this visit, or because
what it holds cannot be read. Which empty values count as gaps is data (``data/expectations.yaml``).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal

import yaml

from adapter.clock import from_datetime12
from adapter.dossier.model import Dossier
from adapter.healthbook.catalogue import DATA, BookField, fields, groups, rules_of
from adapter.healthbook.projection import Extra, source_rows, visit_day

Reach = Literal["ok", "missing", "malformed"]
Mapped = Mapping[str, frozenset[str]]
"""Table, or ``his:section``, → the elements a mapping fills."""


@dataclass(frozen=True, slots=True)
class Completeness:
    """One visit: ids of the fields that hold something, of those expected and empty, and whether it arrives."""

    filled: frozenset[str]
    empty: frozenset[str]
    reach: Reach


def assess(dossier: Dossier, extra: Extra) -> Completeness:
    """Which fields hold something, without building the book."""
    there = _Rows(dossier, extra)
    filled = frozenset(name for (table, group), columns in _sources() for name in there.filled(table, group, columns))
    empty = frozenset(about.id for about in fields().values() if about.id not in filled and _expected(about, there))
    return Completeness(filled, empty, reach(dossier.header))


def expected_always(dossier: Dossier, extra: Extra) -> frozenset[str]:
    """Fields a reader may expect from what every reader sees: person, times and kind of the visit."""
    there = _Rows(dossier, extra)
    return frozenset(about.id for about in fields().values() if about.expected != "row" and _expected(about, there))


def unmapped(mapped: Mapped) -> tuple[str, ...]:
    """Fields no source of which is filled by a mapping, in the book's order."""
    return tuple(
        name
        for name in fields()
        if not any(set(rule.columns) & mapped.get(rule.table, frozenset()) for rule in rules_of()[name])
    )


def reach(header: Mapping[str, str]) -> Reach:
    """Whether the personal number can lead a visit to its person's book."""
    number = header.get("SO_CCCD", "").strip()
    if not number:
        return "missing"
    known = _expectations()
    citizen = header.get("MA_QUOCTICH", "").strip() in known["citizen_nationality"]
    form = known["citizen_number" if citizen else "other_number"]
    if not re.fullmatch(form, number) or len(set(number)) == 1:
        return "malformed"
    return "ok"


class _Rows:
    """The rows of one visit, those of a group picked out once for all the fields that read them."""

    def __init__(self, dossier: Dossier, extra: Extra) -> None:
        self.dossier = dossier
        self._extra = extra
        self._tables: dict[str, Sequence[Mapping[str, str]]] = {}
        self._groups: dict[str, list[tuple[str, Sequence[Mapping[str, str]]]]] = {}
        self._visits: dict[str, bool] = {}

    def in_visits(self, kind: str) -> bool:
        """Whether this is a visit of a kind in which fields are expected (``data/expectations.yaml``)."""
        if kind not in self._visits:
            self._visits[kind] = _is_visit(kind, self.dossier)
        return self._visits[kind]

    def of_table(self, table: str) -> Sequence[Mapping[str, str]]:
        found = self._tables.get(table)
        if found is None:
            found = self._tables[table] = source_rows(self.dossier, self._extra, table)
        return found

    def of_group(self, name: str) -> list[tuple[str, Sequence[Mapping[str, str]]]]:
        """The tables a group reads, each with the rows it takes."""
        found = self._groups.get(name)
        if found is None:
            mine = [group for group in groups() if group.name == name]
            found = [(g.table, g.taken(self.of_table(g.table))) for g in mine]
            self._groups[name] = found
        return found

    def filled(self, table: str, group: str, columns: Mapping[str, tuple[str, ...]]) -> Iterator[str]:
        """The fields for which one of the ``columns`` holds something in a table, or in the rows a group takes."""
        found = [rows for name, rows in self.of_group(group) if name == table] if group else [self.of_table(table)]
        for rows in filter(None, found):
            for column, fed in columns.items():
                for row in rows:
                    value = row.get(column)
                    if value and not str(value).isspace():
                        yield from fed
                        break


@lru_cache(maxsize=1)
def _sources() -> tuple[tuple[tuple[str, str], Mapping[str, tuple[str, ...]]], ...]:
    """What the book reads: (table, group or nothing) → column → the fields it can fill."""
    found: dict[tuple[str, str], dict[str, tuple[str, ...]]] = {}
    for name, rules in rules_of().items():
        for rule in rules:
            columns = found.setdefault((rule.table, rule.group), {})
            for column in rule.columns:
                columns[column] = (*columns.get(column, ()), name)
    return tuple(found.items())


def _expected(about: BookField, there: _Rows) -> bool:
    if about.expected == "always":
        return True
    if about.expected == "if_known":
        return False
    if about.expected == "row":
        names = {rule.group for rule in rules_of()[about.id]}
        return any(rows for name in names if name for _, rows in there.of_group(name))
    return there.in_visits(about.expected)


def _is_visit(kind: str, dossier: Dossier) -> bool:
    known = _expectations()[kind]
    if known.get("or_uninsured") and not dossier.header.get("MA_THE_BHYT"):
        return True
    value = dossier.header.get(known["element"], "")
    if "younger_than" in known:
        return _younger(value, dossier, known["younger_than"])
    return value in known["is"] if "is" in known else bool(value)


def _younger(birth: str, dossier: Dossier, years: int) -> bool:
    """Whether a person is below an age at the end of the visit; a year alone counts as its first day."""
    day = visit_day(dossier)
    try:
        born = from_datetime12(f"{birth[:4]}{_known(birth[4:6])}{_known(birth[6:8])}").date()
    except ValueError:
        return False
    return day.year - born.year - ((day.month, day.day) < (born.month, born.day)) < years


def _known(part: str) -> str:
    return part if part.strip("0") else "01"


@lru_cache(maxsize=1)
def _expectations() -> dict[str, Any]:
    document: dict[str, Any] = yaml.safe_load((DATA / "expectations.yaml").read_text(encoding="utf-8"))
    return document
