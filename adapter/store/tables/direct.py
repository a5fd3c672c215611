"""Statements handed to the driver as it takes them: what a hot path saves when every message is a transaction.

SQLAlchemy still writes the statement, once, and knows the types of its columns; what is left out is making it anew.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Any, cast

from sqlalchemy import ClauseElement, Connection, Dialect
from sqlalchemy.engine.interfaces import DBAPICursor
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.types import TypeEngine

from adapter.store.tables.types import Instant

_Take = Callable[[Mapping[str, Any]], Any]


def each(connection: Connection, statement: ClauseElement, rows: Sequence[Mapping[str, Any]]) -> int:
    """Execute a statement that gives nothing back for each of many rows, in order; how many rows it changed.

    Within the connection's transaction and with its errors, at a third of what it costs to have SQLAlchemy look at
    each row. All rows have the same keys: the columns of an INSERT, the binds of an UPDATE.
    ``statement`` is made once and kept: what it comes to is remembered with it.
    """
    if not rows:
        return 0
    text, take = _compiled(statement, connection.dialect, tuple(rows[0]))
    return connection.exec_driver_sql(text, [take(row) for row in rows]).rowcount


class Direct:
    """One statement whose bind parameters are all named and given each time, for one dialect.

    What a SELECT gives is as the driver gives it.
    """

    def __init__(self, statement: ClauseElement, dialect: Dialect) -> None:
        """``statement``: without expanding parameters."""
        self._text, self._take = _compiled(statement, dialect, None)

    def run(self, cursor: DBAPICursor, row: Mapping[str, Any]) -> DBAPICursor:
        """Execute once. KeyError when ``row`` lacks a parameter."""
        cursor.execute(self._text, self._take(row))
        return cursor

    def run_all(self, cursor: DBAPICursor, rows: Sequence[Mapping[str, Any]]) -> None:
        """Execute for each row, in order; nothing comes back."""
        if rows:
            cursor.executemany(self._text, [self._take(row) for row in rows])


def _processor(kind: TypeEngine[Any], dialect: Dialect) -> Callable[[Any], Any] | None:
    """What makes of a value what the driver takes; None where it takes the value itself."""
    process = kind.dialect_impl(dialect).bind_processor(dialect)
    # The same few moments stand in all rows of a batch, and to write one down costs as much as five other values.
    return lru_cache(maxsize=64)(process) if process is not None and isinstance(kind, Instant) else process


@lru_cache(maxsize=256)
def _compiled(statement: ClauseElement, dialect: Dialect, keys: tuple[str, ...] | None) -> tuple[str, _Take]:
    """The text, and what takes a row's values in the driver's order and types. ``keys``: what a row has."""
    compiled = cast(SQLCompiler, statement.compile(dialect=dialect, column_keys=keys))
    names = list(compiled.positiontup or ()) if compiled.positional else list(compiled.binds)
    wanted = [(n, _processor(compiled.binds[n].type, dialect)) for n in names]
    own = {name: bind.value for name, bind in compiled.binds.items() if not bind.required}

    def as_tuple(row: Mapping[str, Any]) -> tuple[Any, ...]:
        row = {**own, **row} if own else row
        return tuple([row[name] if process is None else process(row[name]) for name, process in wanted])

    def as_mapping(row: Mapping[str, Any]) -> dict[str, Any]:
        row = {**own, **row} if own else row
        return {name: row[name] if process is None else process(row[name]) for name, process in wanted}

    return compiled.string, as_tuple if compiled.positional else as_mapping
