"""One local rule: where it looks, when it is violated, what it says.

The source text travels (to worker processes too); the compiled form is remembered per process.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from adapter.dossier.model import Purpose
from adapter.errors import ExpressionError, Where
from adapter.expr import Expression, compile_expression
from adapter.rules.finding import Severity
from adapter.rules.values import number
from adapter.rules.view import Row, View
from adapter.standard.spec import FieldSpec, layouts, written_as

HEADER = "XML1"


@dataclass(frozen=True, slots=True)
class LocalRule:
    """``violated_when`` is true for a row at fault; a bare name is a field of the row, ``XML1["F"]`` one of the header.

    Numbers of the decree are Decimal, everything else text, an empty or broken value is None.
    """

    id: str
    severity: Severity
    table: str
    field: str
    violated_when: str
    purposes: frozenset[Purpose]
    message_vi: str
    message_en: str
    file: str
    line: int
    column: int

    def violated(self, view: View, row: Row) -> bool:
        """Whether the row is at fault; silent, as the built-in rules are, where a value it reads is empty.

        Raises ExpressionError when the expression cannot be worked out on values that are there.
        """
        if self.table not in view.standard.tables:
            return False
        rows = view.once(_read_rows)
        env = rows.get((self.table, row.number))
        if env is None:
            env = rows[self.table, row.number] = _ReadRow(view, self.table, row)
            env[HEADER] = view.once(_header)
        condition = self.compiled()
        try:
            return condition(env) is True
        except ExpressionError:
            read = [env.read(name) for name in condition.names if name != HEADER]
            read += [env[HEADER].read(column) for name, column in condition.columns if name == HEADER]
            if any(value is None for value in read):
                return False
            raise

    def compiled(self) -> Expression:
        """The compiled condition. Raises ExpressionError with its position in the file."""
        return _compiled(self.violated_when, self.table, self.file, self.line, self.column)


def fields_of(table: str) -> frozenset[str]:
    """Every field the table has in any layout."""
    found = [written_as(layout).tables.get(table) for layout in layouts()]
    return frozenset(name for known in found if known is not None for name in known.by_name)


@lru_cache(maxsize=1024)
def _compiled(source: str, table: str, file: str, line: int, column: int) -> Expression:
    names = fields_of(table)
    return compile_expression(
        source, names=names | {HEADER}, where=Where(file, line, column), suggestions=sorted(names)
    )


class _ReadRow(dict[str, Any]):
    """A row as expressions read it, field by field as they ask: the rules of one dossier share it."""

    __slots__ = ("fields", "row")

    def __init__(self, view: View, table: str, row: Mapping[str, str]) -> None:
        super().__init__()
        found = view.standard.tables.get(table)
        self.fields: Mapping[str, FieldSpec] = found.by_name if found is not None else {}
        self.row = row

    def __missing__(self, name: str) -> Any:
        spec, text = self.fields.get(name), self.row.get(name, "")
        if spec is None and not text:
            raise KeyError(name)  # a field of another layout
        value: Any = None
        if text:
            value = number(text) if spec is not None and spec.kind == "N" else text
        self[name] = value
        return value

    def read(self, name: str) -> Any:
        """The value, None for a field of another layout."""
        try:
            return self[name]
        except KeyError:
            return None


def _read_rows(_: View) -> dict[tuple[str, int], _ReadRow]:
    return {}


def _header(view: View) -> _ReadRow:
    return _ReadRow(view, HEADER, view.x1)
