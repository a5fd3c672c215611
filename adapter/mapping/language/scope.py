"""Where values come from while one encounter is translated.

A :class:`Scope` stands on one row: the encounter's own, or one row of a collection. It is also
the environment of expressions. Named rows and values are computed when first asked for and
kept for the row's life. Rows point at their run and not the other way round once it has ended: an encounter holds
megabytes, and what refers to itself stays until Python's collector comes by.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from adapter.errors import Where
from adapter.mapping.lookups import key_text
from adapter.mapping.problems import broken

if TYPE_CHECKING:
    from adapter.mapping.language.binding import Layout
    from adapter.source import SourceEncounter

Rows = Sequence[Mapping[str, Any]]
Thunk = Callable[["Scope"], Any]
"""A compiled value: takes the scope, gives None, text, number, date or (for rows) mappings."""


class SparseRow(dict[str, Any]):
    """A row that answers an absent column with None: parsed JSON, pivots, rows that were not found."""

    def __missing__(self, key: str) -> None:
        return None


NO_ROW = SparseRow()
_UNMAPPED: dict[str, str] = {}
"""Of all rows that are not mapped; nothing is ever put into it."""


@dataclass(frozen=True, slots=True)
class Note:
    """Something a person should know although the translation went on: letters lost, text cut."""

    code: str
    table: str
    row: int | None
    field: str
    message_vi: str
    message_en: str


class Run:
    """One translation: the encounter, its caches, and what was noted. Nothing is asked of it after its ``with``."""

    def __init__(
        self, encounter: SourceEncounter, names: Mapping[str, Thunk], *, facility: str, occasion: str, now: datetime
    ) -> None:
        """``names``: what can be read everywhere, computed on the encounter's own row."""
        self.encounter = encounter
        self.facility, self.occasion, self.now = facility, occasion, now
        self.inner_names: Mapping[str, Thunk] = {**names, "parent": _outer}
        self.root = Scope(self, encounter.row, None, names)
        self.layout: Layout | None = None
        self.identified_by = "XML1"
        self.visit_date: date | None = None
        self.notes: list[Note] = []
        self.collections: Mapping[str, Rows] = encounter.collections
        self._ma_lk: str | None = None
        self._singles: dict[str, Scope] = {}
        self._tables: dict[str, Sequence[Mapping[str, str]]] = {}
        self._indexes: dict[tuple[str, tuple[str, ...]], dict[tuple[str, ...], list[Mapping[str, Any]]]] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Let go of the rows that point here."""
        self.root.cache.clear()
        self._singles.clear()
        del self.root

    def joined(self, collection: str, columns: tuple[str, ...], key: tuple[str, ...], where: Where) -> Rows:
        """The rows of a collection whose columns hold these keys, through an index built once."""
        index = self._indexes.get((collection, columns))
        if index is None:
            index = {}
            try:
                for row in self.rows_of(collection, where):
                    index.setdefault(tuple(key_text(row[c]) for c in columns), []).append(row)
            except KeyError as error:
                column = str(error.args[0])
                raise no_column(where, column, self.rows_of(collection, where)[0], collection) from None
            self._indexes[collection, columns] = index
        return index.get(key, ())

    def ma_lk(self) -> str:
        """The encounter's MA_LK as the identifying table maps it."""
        if self._ma_lk is None:
            self._ma_lk = self.single(self.identified_by).text("MA_LK")
        return self._ma_lk

    def single(self, table: str) -> Scope:
        """The row of a one-row table, mapped as far as it is asked for."""
        found = self._singles.get(table)
        if found is None:
            assert self.layout is not None  # noqa: S101 -- set before anything is translated
            found = self._singles[table] = self.layout.single(self, table)
        return found

    def rows(self, table: str) -> Sequence[Mapping[str, str]]:
        """All finished rows of a table."""
        found = self._tables.get(table)
        if found is None:
            assert self.layout is not None  # noqa: S101 -- as above
            found = self._tables[table] = self.layout.rows(self, table)
        return found

    def rows_of(self, collection: str, where: Where) -> Rows:
        rows = self.collections.get(collection)
        if rows is None:
            raise broken(
                "MAP-COLLECTION",
                where,
                f"Nguồn không đưa tập dòng '{collection}'",
                f"The source handed over no collection '{collection}'",
                near=(collection, self.collections),
            )
        return rows


def _outer(scope: Scope) -> Scope | None:
    return scope.outer


class Scope:
    """One row at hand, with the names that can be read from it.

    A row of a table is mapped (:meth:`map`): its fields are made on demand, so their order does not matter.
    """

    __slots__ = ("cache", "makers", "names", "number", "outer", "row", "run", "texts")

    def __init__(self, run: Run, row: Mapping[str, Any], outer: Scope | None, names: Mapping[str, Thunk]) -> None:
        self.run, self.row, self.outer, self.names = run, row, outer, names
        self.cache: dict[str, Any] = {}
        self.makers: Mapping[str, Callable[[Scope], str]] | None = None
        self.texts: dict[str, str] = _UNMAPPED
        self.number: int | None = None

    def __getitem__(self, name: str) -> Any:
        known = self.names.get(name)
        return self.row[name] if known is None else known(self)

    def collection(self, name: str) -> Rows:
        """For collection functions of expressions: named collections, ``group``, then the source's."""
        known = self.names.get(name)
        if known is not None:
            rows = known(self)
            if isinstance(rows, list | tuple):
                return rows
            raise KeyError(name)
        return self.run.collections[name]

    def inner(self, row: Mapping[str, Any]) -> Scope:
        """The scope of one row inside a collection function, ``where`` or ``value``."""
        return Scope(self.run, row, self, self.run.inner_names)

    def map(self, makers: Mapping[str, Callable[[Scope], str]]) -> Self:
        """Make this a table's row, whose fields these makers write."""
        self.makers, self.texts = makers, {}
        return self

    def text(self, field: str) -> str:
        """A field's text, made when first asked for; "" for one that is not mapped."""
        found = self.texts.get(field)
        if found is None:
            maker = self.makers.get(field) if self.makers is not None else None
            if maker is None:
                return ""
            found = self.texts[field] = maker(self)
        return found


_BUSY = object()


def kept(name: str, compute: Thunk, where: Where) -> Thunk:
    """``compute`` once per scope; a name that needs itself is an error."""

    def read(scope: Scope) -> Any:
        value = scope.cache.get(name, scope)
        if value is scope:
            scope.cache[name] = _BUSY
            try:
                value = scope.cache[name] = compute(scope)
            except BaseException:
                del scope.cache[name]  # whoever asks again gets the same error, not a circle
                raise
        elif value is _BUSY:
            raise broken(
                "MAP-CIRCLE",
                where,
                f"'{name}' cần đến chính nó",
                f"'{name}' needs itself",
                hint=("gỡ vòng lặp giữa các let/with", "break the circle among let/with"),
            )
        return value

    return read


def from_root(compute: Thunk) -> Thunk:
    """``compute`` on the encounter's own row, wherever it is asked for."""
    return lambda scope: compute(scope.run.root)


SPECIAL: dict[str, Thunk] = {
    "encounter": lambda scope: scope.run.root,
    "facility": lambda scope: scope.run.facility,
    "occasion": lambda scope: scope.run.occasion,
    "now": lambda scope: scope.run.now,
}


def no_column(where: Where, column: str, row: Mapping[str, Any] | Scope, source: str = "") -> Exception:
    """The error for a column that the row does not have."""
    names = row.row if isinstance(row, Scope) else row
    of_vi, of_en = (f" trong {source}", f" in {source}") if source else ("", "")
    return broken(
        "MAP-COLUMN",
        where,
        f"Nguồn không có cột '{column}'{of_vi}",
        f"The source has no column '{column}'{of_en}",
        near=(column, [str(n) for n in names]),
    )
