"""Two programs' dossiers of the same encounters, side by side: fields, rows and sums that differ."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cache
from importlib.resources import files
from typing import Any

import yaml

from adapter.cutover.files import Side
from adapter.dossier.model import Dossier, Row, decimal_of
from adapter.standard.spec import written_as
from adapter.text.masking import mask


@dataclass(frozen=True, slots=True)
class FieldDifference:
    """One value that differs. A row that only one side has is told once, with an empty ``field``.

    Rows count from 1; None on the side that has no such row.
    """

    table: str
    row_ours: int | None
    row_theirs: int | None
    field: str
    ours: str
    theirs: str

    def to_dict(self, *, masked: bool) -> dict[str, Any]:
        """For JSON; ``masked`` hides values."""
        return {
            "table": self.table,
            "row_ours": self.row_ours,
            "row_theirs": self.row_theirs,
            "field": self.field,
            "ours": mask(self.ours) if masked else self.ours,
            "theirs": mask(self.theirs) if masked else self.theirs,
        }


@dataclass(frozen=True, slots=True)
class SumDifference:
    """One sum that differs, in đồng."""

    table: str
    field: str
    ours: Decimal
    theirs: Decimal

    def to_dict(self) -> dict[str, Any]:
        """For JSON; amounts as exact text."""
        return {
            "table": self.table,
            "field": self.field,
            "ours": str(self.ours),
            "theirs": str(self.theirs),
            "difference": str(self.ours - self.theirs),
        }


@dataclass(frozen=True, slots=True)
class DossierDifference:
    """Everything that differs about one MA_LK."""

    ma_lk: str
    fields: tuple[FieldDifference, ...]
    sums: tuple[SumDifference, ...]


@dataclass(slots=True)
class Comparison:
    """Two sides compared."""

    ours: Side
    theirs: Side
    compared: int = 0
    different: list[DossierDifference] = field(default_factory=list)
    only_ours: tuple[str, ...] = ()
    only_theirs: tuple[str, ...] = ()
    totals: dict[tuple[str, str], tuple[Decimal, Decimal]] = field(default_factory=dict)

    @property
    def same(self) -> bool:
        """True when both hold the same dossiers with the same content, and all of it could be read."""
        lacking = self.only_ours or self.only_theirs or self.ours.problems or self.theirs.problems
        return not (self.different or lacking)

    def to_dict(self, *, masked: bool = False) -> dict[str, Any]:
        """For JSON."""
        return {
            "same": self.same,
            "ours": self.ours.to_dict(),
            "theirs": self.theirs.to_dict(),
            "compared": self.compared,
            "equal": self.compared - len(self.different),
            "only_ours": list(self.only_ours),
            "only_theirs": list(self.only_theirs),
            "different": [
                {
                    "ma_lk": one.ma_lk,
                    "file_ours": self.ours.file_of(one.ma_lk),
                    "file_theirs": self.theirs.file_of(one.ma_lk),
                    "fields": [f.to_dict(masked=masked) for f in one.fields],
                    "sums": [s.to_dict() for s in one.sums],
                }
                for one in self.different
            ],
            "totals": [
                SumDifference(table, name, ours, theirs).to_dict()
                for (table, name), (ours, theirs) in self.totals.items()
            ],
            "fields": self.by_field(),
        }

    def by_field(self) -> dict[str, int]:
        """``TABLE.FIELD`` → dossiers in which it differs, the most frequent first: where a mapping is wrong."""
        counts: Counter[str] = Counter()
        for one in self.different:
            counts.update({f"{f.table}.{f.field}" if f.field else f"{f.table} (row)" for f in one.fields})
        return dict(counts.most_common())


def compare(ours: Side, theirs: Side, *, strict: bool = False) -> Comparison:
    """Compare every MA_LK both sides have. ``strict``: numbers of equal worth but other writing differ too."""
    both = ours.keys & theirs.keys
    result = Comparison(
        ours,
        theirs,
        compared=len(both),
        only_ours=tuple(sorted(ours.keys - both)),
        only_theirs=tuple(sorted(theirs.keys - both)),
    )
    for ma_lk in sorted(both):
        left, right = ours.dossier(ma_lk), theirs.dossier(ma_lk)
        fields = tuple(_fields(left, right, strict=strict))
        sums = tuple(_sums(left, right, result.totals))
        if fields or sums:
            result.different.append(DossierDifference(ma_lk, fields, sums))
    return result


@cache
def _choices() -> Mapping[str, Any]:
    text = files("adapter.cutover").joinpath("data/compare.yaml").read_text(encoding="utf-8")
    chosen: Mapping[str, Any] = yaml.safe_load(text)
    return chosen


@cache
def _numbers(layout: str, table: str) -> frozenset[str]:
    return frozenset(f.name for f in written_as(layout).tables[table].fields if f.kind == "N")


def _fields(ours: Dossier, theirs: Dossier, *, strict: bool) -> Iterable[FieldDifference]:
    if ours.standard != theirs.standard:
        yield FieldDifference("", None, None, "standard", ours.standard, theirs.standard)
    for table in sorted({*ours.tables, *theirs.tables}, key=lambda name: int(name.removeprefix("XML"))):
        numbers = frozenset() if strict else _numbers(ours.standard, table)
        left = [_Read(n, row, numbers) for n, row in enumerate(ours.rows(table), 1)]
        right = [_Read(n, row, numbers) for n, row in enumerate(theirs.rows(table), 1)]
        for one, other in _pairs(table, left, right):
            yield from _differing(table, one, other)


class _Read:
    """A row with the values that count: numbers by their worth, without what is not compared."""

    __slots__ = ("number", "row", "values")

    def __init__(self, number: int, row: Row, numbers: frozenset[str]) -> None:
        self.number, self.row = number, row
        self.values: dict[str, str | Decimal] = {}
        for name, text in row.items():
            if name not in _choices()["ignored"] and text != "":
                worth = decimal_of(text) if name in numbers else None
                self.values[name] = text if worth is None else worth

    def named(self, fields: Sequence[str]) -> tuple[str | Decimal | None, ...]:
        return tuple(self.values.get(name) for name in fields)


def _pairs(table: str, left: list[_Read], right: list[_Read]) -> Iterable[tuple[_Read | None, _Read | None]]:
    """Equal rows first, then by the fields that name a row, then in order; what is left stands alone."""
    names = _choices()["rows"].get(table, ())
    everything = [sorted({name for row in (*left, *right) for name in row.values})]
    for keys in [*everything, *([list(names), [names[0]]] if names else [])]:
        waiting: dict[tuple[str | Decimal | None, ...], list[_Read]] = defaultdict(list)
        for row in right:
            waiting[row.named(keys)].append(row)
        rest = []
        for row in left:
            partners = waiting.get(row.named(keys))
            if partners:
                yield row, partners.pop(0)
            else:
                rest.append(row)
        left, right = rest, sorted((r for rows in waiting.values() for r in rows), key=lambda r: r.number)
    if not names:
        common = min(len(left), len(right))
        yield from zip(left[:common], right[:common], strict=True)
        left, right = left[common:], right[common:]
    yield from ((row, None) for row in left)
    yield from ((None, row) for row in right)


def _differing(table: str, ours: _Read | None, theirs: _Read | None) -> Iterable[FieldDifference]:
    if ours is None or theirs is None:
        names = _choices()["rows"].get(table, ())[:1]

        def told(read: _Read | None) -> str:
            return "" if read is None else " ".join(read.row.get(name, "") for name in names)

        yield FieldDifference(
            table, ours.number if ours else None, theirs.number if theirs else None, "", told(ours), told(theirs)
        )
        return
    for name in {**ours.row, **theirs.row}:
        if ours.values.get(name) != theirs.values.get(name):
            yield FieldDifference(
                table, ours.number, theirs.number, name, ours.row.get(name, ""), theirs.row.get(name, "")
            )


def _sums(
    ours: Dossier, theirs: Dossier, totals: dict[tuple[str, str], tuple[Decimal, Decimal]]
) -> Iterable[SumDifference]:
    for table, names in _choices()["sums"].items():
        for name in names:
            left, right = _sum(ours.rows(table), name), _sum(theirs.rows(table), name)
            before = totals.get((table, name), (Decimal(0), Decimal(0)))
            totals[table, name] = (before[0] + left, before[1] + right)
            if left != right:
                yield SumDifference(table, name, left, right)


def _sum(rows: Sequence[Row], name: str) -> Decimal:
    """What cannot be read counts as nothing here; the field itself is told apart."""
    return sum((decimal_of(row.get(name, "")) or Decimal(0) for row in rows), Decimal(0))
