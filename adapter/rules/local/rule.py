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
from adapter.standard.spec import Table, layouts, written_as

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
        table = view.standard.tables.get(self.table)
        if table is None:
            return False
        env: dict[str, Any] = _values(table, row)
        env[HEADER] = _values(view.standard.tables[HEADER], view.x1) if HEADER in view.standard.tables else {}
        condition = self.compiled()
        try:
            return condition(env) is True
        except ExpressionError:
            read = [env.get(name) for name in condition.names if name != HEADER]
            read += [env[HEADER].get(column) for name, column in condition.columns if name == HEADER]
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


def _values(table: Table, row: Mapping[str, str]) -> dict[str, Any]:
    values: dict[str, Any] = dict.fromkeys(table.by_name)
    for name, text in row.items():
        if not text:
            continue
        spec = table.by_name.get(name)
        values[name] = number(text) if spec is not None and spec.kind == "N" else text
    return values
