"""The fields of the book, and where each value comes from: ``data/fields.csv``, ``projection.csv``, ``groups.csv``.

The annex of QĐ 1332 and PL02 of QĐ 2733 are public as scans only; ``certainty`` says how a field is known and
``mapping_level`` how its source is (docs/healthbook/model.md explains the levels).
"""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType
from typing import Literal, cast

DATA = Path(__file__).resolve().parent / "data"
HIS = "his"
"""The table name of facts that no XML table carries: ``his:guardian.name``."""

Certainty = Literal["official-text", "secondary", "inferred"]
MappingLevel = Literal["attested-field", "attested-table", "defined-meaning", "none-in-xml", "unknown"]
Expected = Literal["always", "insured", "inpatient", "child", "referred", "appointed", "summarised", "row", "if_known"]


@dataclass(frozen=True, slots=True)
class BookField:
    """One field of the book.

    ``part`` is its subsection, ``type`` text, code, date, datetime, partial, decimal, integer, document or list;
    ``repeat`` one, list or rows. ``expected``: in which visits an empty value is a gap.
    """

    id: str
    section: str
    part: str
    label_vi: str
    label_en: str
    type: str
    repeat: str
    unit: str
    decree_no: str
    certainty: Certainty
    mapping_level: MappingLevel
    mapping_inferred: bool
    status: str
    expected: Expected


@dataclass(frozen=True, slots=True)
class Rule:
    """One way to fill a field. ``table`` is an XML table or ``his:section``; ``columns`` are read together."""

    field: str
    group: str
    part: str
    table: str
    columns: tuple[str, ...]
    transform: str
    names: str

    @property
    def source(self) -> str:
        """How a value says where it came from: ``XML1.HO_TEN``, ``his:allergies.allergen``."""
        return f"{self.table}.{self.columns[0]}"


@dataclass(frozen=True, slots=True)
class Group:
    """Rows that repeat within a visit: from a table, only those whose field starts with one of these."""

    name: str
    table: str
    field: str
    starts_with: tuple[str, ...]

    def takes(self, row: Mapping[str, str]) -> bool:
        """Whether a row of the table belongs here. Group codes (digits) are compared whole, list prefixes as such."""
        return bool(self.taken((row,)))

    def taken(self, rows: Sequence[Mapping[str, str]]) -> Sequence[Mapping[str, str]]:
        """The rows of the table that belong here, in order."""
        if not self.field:
            return rows
        whole, prefixes = _starts(self.starts_with)
        values = [str(row.get(self.field) or "") for row in rows]
        mine = {value for value in set(values) if value in whole or value.startswith(prefixes)}
        return [row for row, value in zip(rows, values, strict=True) if value in mine] if mine else []


@lru_cache(maxsize=64)
def _starts(starts_with: tuple[str, ...]) -> tuple[frozenset[str], tuple[str, ...]]:
    """What is compared whole, and what a value may begin with."""
    whole = frozenset(start for start in starts_with if start.isdigit())
    return whole, tuple(start for start in starts_with if start not in whole)


@lru_cache(maxsize=1)
def fields() -> Mapping[str, BookField]:
    """Every field of the book by id, in the book's order."""
    found = {}
    for row in rows("fields.csv"):
        found[row["field"]] = BookField(
            id=row["field"],
            section=row["section"],
            part=row["part"],
            label_vi=row["label_vi"],
            label_en=row["label_en"],
            type=row["type"],
            repeat=row["repeat"],
            unit=row["unit"],
            decree_no=row["decree_no"],
            certainty=cast(Certainty, row["certainty"]),
            mapping_level=cast(MappingLevel, row["mapping_level"]),
            mapping_inferred=row["mapping_inferred"] == "yes",
            status=row["status"],
            expected=cast(Expected, row["expected"]),
        )
    return MappingProxyType(found)


@lru_cache(maxsize=1)
def projection() -> tuple[Rule, ...]:
    """Every way to fill a field, the better first."""
    found = []
    for row in rows("projection.csv"):
        table, _, columns = row["source"].rpartition(".")
        found.append(
            Rule(
                field=row["field"],
                group=row["group"],
                part=row["part"],
                table=table,
                columns=tuple(columns.split("+")),
                transform=row["transform"],
                names=row["names"],
            )
        )
    return tuple(found)


@lru_cache(maxsize=1)
def rules_of() -> Mapping[str, tuple[Rule, ...]]:
    """Field → its rules."""
    found: dict[str, list[Rule]] = {}
    for rule in projection():
        found.setdefault(rule.field, []).append(rule)
    return MappingProxyType({name: tuple(rules) for name, rules in found.items()})


@lru_cache(maxsize=1)
def groups() -> tuple[Group, ...]:
    """Where repeating rows come from."""
    return tuple(
        Group(row["group"], row["from"], row["field"], tuple(s for s in row["starts_with"].split(";") if s))
        for row in rows("groups.csv")
    )


def rows(name: str) -> list[dict[str, str]]:
    """The rows of one of the room's CSV files."""
    with (DATA / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))
