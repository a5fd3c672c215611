"""What a decree defines: fields, tables and code sets, as values nobody can change."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Literal

Carrier = Literal["checkin", "part", "file"]
"""How a table travels: its own check-in file, a part of GIAMDINHHS, or a file of its own."""

XML_TYPES = frozenset(
    {
        "string", "integer", "decimal2", "decimal3", "decimal2_text", "integer_or_decimal",
        "date8", "date8_list", "datetime12", "datetime12_list", "date8_or_datetime12",
    }
)  # fmt: skip

Acceptance = Literal["valid", "tolerated"]


@dataclass(frozen=True, slots=True)
class FieldSpec:
    """One element of a table.

    ``kind`` is the annex's own type (S text, N number), ``xml_type`` ours: string, integer,
    decimal2, decimal3, decimal2_text, integer_or_decimal, date8, datetime12, their
    ``_list`` forms, date8_or_datetime12. ``max_len`` counts characters, None without limit.
    ``required``: Y always, C on a condition told in ``notes``, N optional. ``code_list``: a
    code set's name, ``ext:`` an outside catalogue, ``none-issued``, ``open:`` or empty.
    """

    table: str
    pos: int
    name: str
    xml_type: str
    kind: str
    max_len: int | None
    required: str
    separator: str
    code_list: str
    since: str
    changed_by: str
    meaning_vi: str
    meaning_en: str
    notes: str


@dataclass(frozen=True, slots=True)
class Table:
    """One table with its fields in the order they are written, and its XML shape.

    ``record_element`` is None where the fields stand directly under the root: such a
    document holds exactly one record.
    """

    name: str
    fields: tuple[FieldSpec, ...]
    carrier: Carrier
    root: str
    list_element: str | None
    record_element: str | None
    title_vi: str
    title_en: str
    by_name: Mapping[str, FieldSpec] = field(init=False, repr=False, compare=False)
    names: tuple[str, ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "by_name", MappingProxyType({f.name: f for f in self.fields}))
        object.__setattr__(self, "names", tuple(f.name for f in self.fields))


@dataclass(frozen=True, slots=True)
class CodeSet:
    """A list of codes in force on a day.

    ``codes`` are right; ``tolerated`` pass for a transition and deserve a warning. A set
    that is not ``closed`` gives labels only: a code outside it proves nothing. ``prefix``
    sets hold beginnings of values, not whole values.
    """

    name: str
    codes: Mapping[str, str]
    tolerated: Mapping[str, str]
    closed: bool
    prefix: bool

    def accepts(self, code: str) -> Acceptance | None:
        """``valid``, ``tolerated``, or None when the code is in neither list. Whole text, exactly."""
        if code in self.codes:
            return "valid"
        return "tolerated" if code in self.tolerated else None


_NO_CODES: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Standard:
    """Everything in force for one visit: layout, tables, code sets, parameters.

    ``layers`` names the decisions it was built from, oldest first.
    """

    layout: str
    tables: Mapping[str, Table]
    code_sets: Mapping[str, CodeSet]
    parameters: Mapping[str, str]
    layers: tuple[str, ...]

    def codes(self, name: str) -> Mapping[str, str]:
        """Code → Vietnamese label in force; empty when ``name`` is not a closed set of whole codes.

        Codes tolerated for a transition are not among them: see :meth:`code_set`.
        """
        found = self.code_sets.get(name)
        return found.codes if found is not None and found.closed and not found.prefix else _NO_CODES

    def code_set(self, name: str) -> CodeSet | None:
        """The set with what it tolerates, open and prefix sets too; None when none is in force."""
        return self.code_sets.get(name)

    def parameter(self, name: str) -> str | None:
        """A value fixed by a decision, such as ``base_salary`` in đồng; None when none is in force."""
        return self.parameters.get(name)

    @property
    def parts(self) -> tuple[str, ...]:
        """Tables that may stand in GIAMDINHHS, in writing order."""
        return tuple(t.name for t in self.tables.values() if t.carrier == "part")
