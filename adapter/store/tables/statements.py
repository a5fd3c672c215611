"""Statements of the hot path, built once per shape: building them anew costs more than running them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

from sqlalchemy import Connection, Insert, Select, Table, Update, bindparam, func, insert, select, text, update
from sqlalchemy.sql.dml import ReturningInsert

from adapter.store.tables.direct import each

Facilities = str | frozenset[str] | None
"""One facility's code, several, or None for all of them."""


def only(statement: Any, column: Any, facilities: Facilities) -> Any:
    """The statement, for these facilities alone. An empty set finds nothing."""
    if facilities is None:
        return statement
    wanted = [facilities] if isinstance(facilities, str) else sorted(facilities)
    return statement.where(column.in_(wanted))


def change(connection: Connection, table: Table, where: Mapping[str, Any], values: Mapping[str, Any]) -> bool:
    """UPDATE the one row whose columns equal ``where``; True when there was one. No key may be None."""
    statement = _changing(table, tuple(where), tuple(values))
    binds = {f"is_{name}": value for name, value in where.items()} | {f"to_{n}": v for n, v in values.items()}
    return bool(connection.execute(statement, binds).rowcount == 1)


def add(connection: Connection, table: Table, row: Mapping[str, Any]) -> None:
    """INSERT one row."""
    connection.execute(_adding(table), dict(row))


def add_with_id(connection: Connection, table: Table, row: Mapping[str, Any]) -> int:
    """INSERT one row; its id."""
    return int(connection.execute(_adding_with_id(table), dict(row)).scalar_one())


def add_with_ids(connection: Connection, table: Table, rows: Sequence[Mapping[str, Any]]) -> list[int]:
    """INSERT rows of equal keys; their ids, in order.

    The ids are drawn beforehand: having each row tell its own makes SQLAlchemy write the statement anew each time.
    """
    ids = _next_ids(connection, table, len(rows))
    each(connection, _adding(table), [{"id": given, **row} for given, row in zip(ids, rows, strict=True)])
    return ids


def _next_ids(connection: Connection, table: Table, count: int) -> list[int]:
    if count == 0:
        return []
    if connection.dialect.name == "postgresql":
        drawn = connection.execute(_DRAW, {"of": table.name, "count": count})
        return [int(one) for one in drawn.scalars()]
    # SQLite numbers rows in just this way, and whoever writes has the database for himself.
    last = connection.execute(_last(table)).scalar() or 0
    return list(range(last + 1, last + 1 + count))


_DRAW = text("SELECT nextval(pg_get_serial_sequence(:of, 'id')) FROM generate_series(1, :count) ORDER BY 1")


@cache
def _last(table: Table) -> Select[Any]:
    return select(func.max(table.c.id))


@cache
def _changing(table: Table, where: tuple[str, ...], values: tuple[str, ...]) -> Update:
    statement = update(table)
    for name in where:
        statement = statement.where(table.c[name] == bindparam(f"is_{name}", type_=table.c[name].type))
    return statement.values({name: bindparam(f"to_{name}", type_=table.c[name].type) for name in values})


@cache
def _adding(table: Table) -> Insert:
    return insert(table)


@cache
def _adding_with_id(table: Table) -> ReturningInsert[Any]:
    return insert(table).returning(table.c.id)
