"""What columns the SQL of a mapping gives, read from the text of the query."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError


@dataclass(frozen=True, slots=True)
class Columns:
    """Names a query gives; ``floats`` are those it casts to a binary float."""

    names: frozenset[str]
    floats: frozenset[str]


_FLOATS = (exp.DataType.Type.FLOAT, exp.DataType.Type.DOUBLE)


def columns_of(source: Mapping[str, Any]) -> dict[str, Columns]:
    """Columns by collection ("" the encounters) of connector ``sql``; queries that cannot be read are absent."""
    if source.get("connector") != "sql":
        return {}
    fold = {"upper": str.upper, "lower": str.lower}.get(str(source.get("columns", "source")), str)
    found: dict[str, Columns] = {}
    blocks: dict[str, Any] = {"": source.get("encounters")}
    collections = source.get("collections")
    if isinstance(collections, Mapping):
        blocks.update(collections)
    for name, block in blocks.items():
        query = block.get("query") if isinstance(block, Mapping) else None
        read = _read(query) if isinstance(query, str) else None
        if read is not None:
            found[name] = Columns(frozenset(map(fold, read.names)), frozenset(map(fold, read.floats)))
    return found


def _read(query: str) -> Columns | None:
    tree = _parse(query)
    if tree is None:
        return None
    select = tree.find(exp.Select) if not isinstance(tree, exp.Select) else tree
    if select is None or any(
        isinstance(e, exp.Star) or e.find(exp.Star) is not None
        for e in select.expressions
        if not isinstance(e, exp.Alias)
    ):
        return None
    names, floats = set[str](), set[str]()
    for column in select.expressions:
        name = column.alias_or_name
        if not name:
            return None
        names.add(name)
        inner = column.this if isinstance(column, exp.Alias) else column
        if isinstance(inner, exp.Cast) and inner.to.this in _FLOATS:
            floats.add(name)
    return Columns(frozenset(names), frozenset(floats))


def _parse(query: str) -> Any:
    for dialect in (None, "oracle", "tsql", "postgres", "mysql"):
        try:
            return sqlglot.parse_one(query.replace(":keys", "(:keys)"), read=dialect)
        except SqlglotError:
            continue
    return None
