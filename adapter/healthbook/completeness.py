"""What a visit's book lacks, why, and whether it can reach the person's book at all.

A field is empty because the mapping does not carry it, because the HIS does not hold it for this visit, or because
what it holds cannot be read. Which empty values count as gaps is data (``data/expectations.yaml``).
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal

import yaml

from adapter.clock import from_datetime12
from adapter.dossier.model import Dossier
from adapter.healthbook.catalogue import DATA, Group, fields, groups, rules_of
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
    filled: set[str] = set()
    for (table, group), columns in _sources():
        for rows in there.taken(table, group):
            for column, fed in columns:
                for row in rows:
                    value = row.get(column)
                    if value and not str(value).isspace():
                        filled.update(fed)
                        break
    return Completeness(frozenset(filled), frozenset(there.expected() - filled), reach(dossier.header))


def expected_always(dossier: Dossier, extra: Extra) -> frozenset[str]:
    """Fields a reader may expect from what every reader sees: person, times and kind of the visit."""
    return frozenset(_Rows(dossier, extra).expected_of_the_visit())


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
        self._dossier = dossier
        self._extra = extra
        self._tables: dict[str, Sequence[Mapping[str, str]]] = {}
        self._groups: dict[str, list[tuple[str, Sequence[Mapping[str, str]]]]] = {}

    def taken(self, table: str, group: str) -> list[Sequence[Mapping[str, str]]]:
        """The rows of a table that a group takes, all of them without one; nothing when there are none."""
        if group:
            return [rows for name, rows in self._of_group(group) if name == table and rows]
        rows = self._of_table(table)
        return [rows] if rows else []

    def expected(self) -> set[str]:
        """Every field a reader may expect of this visit."""
        of_rows = (ids for group, ids in _wanted().of_group.items() if any(rows for _, rows in self._of_group(group)))
        return self.expected_of_the_visit().union(*of_rows)

    def expected_of_the_visit(self) -> set[str]:
        """Those expected whatever rows there are."""
        wanted = _wanted()
        return wanted.always.union(*(ids for kind, ids in wanted.of_kind.items() if _is_visit(kind, self._dossier)))

    def _of_table(self, table: str) -> Sequence[Mapping[str, str]]:
        found = self._tables.get(table)
        if found is None:
            found = self._tables[table] = source_rows(self._dossier, self._extra, table)
        return found

    def _of_group(self, name: str) -> list[tuple[str, Sequence[Mapping[str, str]]]]:
        """The tables a group reads, each with the rows it takes."""
        found = self._groups.get(name)
        if found is None:
            found = [(one.table, one.taken(self._of_table(one.table))) for one in _tables_of()[name]]
            self._groups[name] = found
        return found


@lru_cache(maxsize=1)
def _sources() -> tuple[tuple[tuple[str, str], tuple[tuple[str, tuple[str, ...]], ...]], ...]:
    """What the book reads: (table, group or nothing), then each column with the fields it can fill."""
    found: dict[tuple[str, str], dict[str, tuple[str, ...]]] = {}
    for name, rules in rules_of().items():
        for rule in rules:
            columns = found.setdefault((rule.table, rule.group), {})
            for column in rule.columns:
                columns[column] = (*columns.get(column, ()), name)
    return tuple((place, tuple(columns.items())) for place, columns in found.items())


@lru_cache(maxsize=1)
def _tables_of() -> Mapping[str, tuple[Group, ...]]:
    """By the name of a group of rows: what it takes of which table."""
    return {name: tuple(one for one in groups() if one.name == name) for name in {one.name for one in groups()}}


@dataclass(frozen=True, slots=True)
class _Wanted:
    """Ids of the fields expected in every visit, in visits of a kind, and where a group has a row."""

    always: set[str]
    of_kind: Mapping[str, set[str]]
    of_group: Mapping[str, set[str]]


@lru_cache(maxsize=1)
def _wanted() -> _Wanted:
    always: set[str] = set()
    of_kind: dict[str, set[str]] = defaultdict(set)
    of_group: dict[str, set[str]] = defaultdict(set)
    for about in fields().values():
        if about.expected == "always":
            always.add(about.id)
        elif about.expected == "row":
            for name in {rule.group for rule in rules_of()[about.id]} - {""}:
                of_group[name].add(about.id)
        elif about.expected != "if_known":
            of_kind[about.expected].add(about.id)
    return _Wanted(always, of_kind, of_group)


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
