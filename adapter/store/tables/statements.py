"""Statements of the hot path, built once per shape: building them anew costs more than running them."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

from sqlalchemy import Connection, Insert, Table, Update, bindparam, insert, update
from sqlalchemy.sql.dml import ReturningInsert

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
