"""Statements handed to the driver as it takes them: what a hot path saves when every message is a transaction.

SQLAlchemy still makes the statement, once, and knows the column types; what is left out is making it anew.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, cast

from sqlalchemy import ClauseElement, Connection, CursorResult, Dialect
from sqlalchemy.sql.compiler import SQLCompiler

_Take = Callable[[Mapping[str, Any]], Any]


class Direct:
    """One INSERT or SELECT whose bind parameters are all named and given each time."""

    def __init__(self, statement: ClauseElement) -> None:
        """``statement``: without expanding parameters and without literals; nothing is defaulted."""
        self._statement = statement
        self._made: dict[str, tuple[str, _Take]] = {}

    def run(self, connection: Connection, row: Mapping[str, Any]) -> CursorResult[Any]:
        """Execute once. KeyError when ``row`` lacks a parameter."""
        text, take = self._for(connection)
        return connection.exec_driver_sql(text, take(row))

    def run_all(self, connection: Connection, rows: Sequence[Mapping[str, Any]]) -> None:
        """Execute for each row, in order; nothing comes back."""
        text, take = self._for(connection)
        if len(rows) == 1:
            connection.exec_driver_sql(text, take(rows[0]))
        elif rows:
            connection.exec_driver_sql(text, [take(row) for row in rows])

    def _for(self, connection: Connection) -> tuple[str, _Take]:
        name = connection.dialect.name
        made = self._made.get(name)
        if made is None:
            made = self._made[name] = _compiled(self._statement, connection.dialect)
        return made


def _compiled(statement: ClauseElement, dialect: Dialect) -> tuple[str, _Take]:
    """The text, and what takes a row's values in the driver's order and types."""
    compiled = cast(SQLCompiler, statement.compile(dialect=dialect))
    names = list(compiled.positiontup or ()) if compiled.positional else list(compiled.binds)
    wanted = [(n, compiled.binds[n].type.dialect_impl(dialect).bind_processor(dialect)) for n in names]

    def as_tuple(row: Mapping[str, Any]) -> tuple[Any, ...]:
        return tuple([row[name] if process is None else process(row[name]) for name, process in wanted])

    def as_mapping(row: Mapping[str, Any]) -> dict[str, Any]:
        return {name: row[name] if process is None else process(row[name]) for name, process in wanted}

    return compiled.string, as_tuple if compiled.positional else as_mapping
