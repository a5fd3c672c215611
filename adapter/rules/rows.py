"""The rows of one table as rules read them: each by itself, or column by column.

Many conditions look at one or two fields of every row. Reading a field of all rows at once, and asking
each different text only once, is several times as fast as going from row to row.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from itertools import chain
from typing import cast, overload

from adapter.rules.values import ZERO, number


class Row(dict[str, str]):
    """One record: field → text. Absent tags and blank text both read as ``""``, and are not ``in`` the row."""

    __slots__ = ("number", "table")

    number: int
    table: str

    # Asked ten thousand times a dossier: the dictionary's own method answers without a call of ours, and "" is false.
    __contains__ = dict.get  # type: ignore[assignment]

    def __missing__(self, key: str) -> str:
        return ""


def row_of(table: str, row_number: int, values: Mapping[str, str]) -> Row:
    """A record without its blank texts."""
    row = Row(values)
    if any(map(str.isspace, values.values())):
        row = Row({field: "" if text.isspace() else text for field, text in values.items()})
    row.table = table
    row.number = row_number
    return row


class Rows(Sequence[Row]):
    """The rows of a table in order, and its columns. ``raw`` are the rows as they came, blank texts and all.

    Records are made when the first of them is asked for: of a table without a fault often none is.
    """

    __slots__ = ("_columns", "_different", "_groups", "_numbers", "_rows", "_turned", "_without", "name", "raw")

    def __init__(self, name: str, raw: Sequence[Mapping[str, str]] = ()) -> None:
        self.name = name
        self.raw = raw
        self._numbers: dict[str, list[Decimal | None]] = {}
        self._without: dict[str, frozenset[int]] = {}
        self._groups: dict[frozenset[str], list[Row]] = {}
        self._columns: dict[str, Sequence[str]] = _turned(raw)
        self._different = {field: frozenset(texts) for field, texts in self._columns.items()}
        self._turned = bool(self._columns) and not any(map(str.isspace, chain.from_iterable(self._different.values())))
        self._rows: list[Row] | None = None
        if not self._turned:
            self._columns, self._different = {}, {}

    def __len__(self) -> int:
        return len(self.raw)

    def __iter__(self) -> Iterator[Row]:
        return iter(self._made())

    @overload
    def __getitem__(self, index: int) -> Row: ...
    @overload
    def __getitem__(self, index: slice) -> list[Row]: ...
    def __getitem__(self, index: int | slice) -> Row | list[Row]:
        return self._made()[index]

    def _made(self) -> list[Row]:
        if self._rows is None:
            self._rows = [row_of(self.name, place, values) for place, values in enumerate(self.raw, 1)]
        return self._rows

    def column(self, field: str) -> Sequence[str]:
        """The field's text in every row, ``""`` where it is empty."""
        found = self._columns.get(field)
        if found is None:
            found = self._columns[field] = [row[field] for row in self]
        return found

    def different(self, field: str) -> frozenset[str]:
        """Every different text of the field, ``""`` when some row has none."""
        found = self._different.get(field)
        if found is None:
            texts = (self[0].get(field, ""),) if len(self) == 1 else self.column(field)
            found = self._different[field] = frozenset(texts)
        return found

    def lacks(self, field: str) -> bool:
        """Whether some row leaves the field empty."""
        return "" in self.different(field)

    def tags(self) -> Iterable[Iterable[str]]:
        """The names of the fields as they came: those of each row, or once where all rows have the same."""
        return (self._columns,) if self._turned else self.raw

    def total(self, field: str) -> Decimal | None:
        """The sum of the field's numbers; None when one is empty or broken."""
        return None if self.without_number(field) else sum(cast("list[Decimal]", self.number_column(field)), ZERO)

    def number_column(self, field: str) -> list[Decimal | None]:
        """The field's number in every row, None where it is empty or broken."""
        found = self._numbers.get(field)
        if found is None:
            known = {text: number(text) for text in self.different(field)}
            found = self._numbers[field] = [known[text] for text in self.column(field)]
            broken = {text for text, value in known.items() if value is None}
            places = enumerate(self.column(field)) if broken else ()
            self._without[field] = frozenset(place for place, text in places if text in broken)
        return found

    def without_number(self, field: str) -> frozenset[int]:
        """Where (from 0) the field holds no number."""
        self.number_column(field)
        return self._without[field]

    def numbers(self, *fields: str) -> Iterable[tuple[Row, tuple[Decimal, ...]]]:
        """The rows in which all these fields hold numbers, with them."""
        columns = [self.number_column(field) for field in fields]
        without = _NONE.union(*[self._without[field] for field in fields])
        if len(without) == len(self):
            return ()
        every = zip(self, cast("Iterable[tuple[Decimal, ...]]", zip(*columns, strict=True)), strict=True)
        return [one for place, one in enumerate(every) if place not in without] if without else every

    def texts(self, *fields: str) -> Iterable[tuple[str, ...]]:
        """Row by row the texts of these fields."""
        return zip(*[self.column(field) for field in fields], strict=True)

    def holding(self, field: str, asked: Callable[[str], object]) -> list[Row]:
        """The rows of whose text in a field something is true; each different text is asked once."""
        texts = {text for text in self.different(field) if asked(text)}
        return [row for row in self if row[field] in texts] if texts else []

    def of_groups(self, groups: frozenset[str]) -> list[Row]:
        """The rows whose MA_NHOM is one of these."""
        found = self._groups.get(groups)
        if found is None:
            some = not groups.isdisjoint(self.different("MA_NHOM"))
            found = [row for row in self if row["MA_NHOM"] in groups] if some else []
            self._groups[groups] = found
        return found


_FEW = 2
_NONE: frozenset[int] = frozenset()


def _turned(raw: Sequence[Mapping[str, str]]) -> dict[str, Sequence[str]]:
    """The columns of rows that all have the same fields in the same order; none of other rows, or of few."""
    if len(raw) <= _FEW:
        return {}
    names = list(raw[0])
    if not all(map(names.__eq__, map(list, raw))):
        return {}
    return dict(zip(names, zip(*[values.values() for values in raw], strict=True), strict=True))
