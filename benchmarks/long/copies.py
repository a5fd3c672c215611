"""A store made large by copies of what the line itself wrote: other visits of other people, a day earlier each time.

Copied are the rows; bodies, which are found by their revision's id alone, are not. Blind values that say who somebody
is become others; doctors, beds and machines stay, on earlier days; names stay, as names repeat.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from sqlalchemy import Index, Table, func, select, text, update

from adapter.store import Store
from adapter.store.book.schema import book_entries
from adapter.store.history.schema import history_keys, history_visits
from adapter.store.tables.schema import dossiers, encounters, events, findings, revisions, search_words
from benchmarks.encounters import NOW
from benchmarks.long.filler import add_rows

_TABLES = (encounters, dossiers, revisions, search_words, findings, events, history_visits, history_keys, book_entries)
_POINTS: Mapping[str, Table] = {
    "encounter_id": encounters, "dossier_id": dossiers, "revision_id": revisions, "replaced_by": revisions,
}  # fmt: skip
_OWN = {"ma_lk_blind", "key_blind"}
_SHARED_KINDS = {"name", "busy", "long"}
_AT_ONCE = 20_000

Row = dict[str, Any]


def receive(store: Store) -> None:
    """Everything signed has its receipt, as nearly everything in a store has."""
    with store.database.write() as connection:
        for table in (revisions, dossiers):
            connection.execute(update(table).where(table.c.state == "signed").values(state="accepted"))
        connection.execute(update(revisions).values(accepted_at=NOW))


def multiply(store: Store, times: int) -> None:
    """Make a store ``times`` as large. Rows first, indexes after; statistics as the database keeps them."""
    if times == 1:
        return
    with store.database.read() as connection:
        rows = {t: [dict(row) for row in connection.execute(select(t)).mappings()] for t in _TABLES}
        spans = {t: int(connection.execute(select(func.max(t.c.id))).scalar_one()) for t in _TABLES if "id" in t.c}
    indexes = [index for table in _TABLES for index in sorted(table.indexes, key=lambda one: str(one.name))]
    with store.database.write() as connection:
        for index in indexes:
            index.drop(connection)
    for table in _TABLES:
        copy = _copier(table, spans)
        waiting: list[Row] = []
        for number in range(1, times):
            waiting += [copy(row, number) for row in rows[table]]
            if len(waiting) >= _AT_ONCE or number == times - 1:
                with store.database.write() as connection:
                    add_rows(connection, store, table, waiting)
                waiting = []
    with store.database.write() as connection:
        for index in indexes:
            Index.create(index, connection)
        if store.database.is_postgres:
            for table in spans:
                connection.execute(
                    text(f"SELECT setval(pg_get_serial_sequence('{table.name}', 'id'), max(id)) FROM {table.name}")
                )
    with store.database.engine.connect() as connection:
        connection.exec_driver_sql("ANALYZE")
        connection.commit()


def _copier(table: Table, spans: Mapping[Table, int]) -> Callable[[Row, int], Row]:
    names = {column.name for column in table.columns}
    steps = {name: spans[_POINTS[name]] for name in names if name in _POINTS}
    if "id" in names:
        steps["id"] = spans[table]
    own = _OWN & names

    def copy(row: Row, number: int) -> Row:
        made = {**row, **{name: row[name] + step * number for name, step in steps.items() if row[name] is not None}}
        made.update({name: _other(row[name], number) for name in own if row[name] is not None})
        if "value" in row and row["kind"] not in _SHARED_KINDS:
            made["value"] = _other(row["value"], number)
        if row.get("since"):
            made["since"], made["until"] = _earlier(row["since"], number), _earlier(row["until"], number)
        return made

    return copy


def _other(value: bytes, number: int) -> bytes:
    """Another blind value of the same length, the same for the same value and number."""
    return hashlib.sha256(bytes(value) + number.to_bytes(4, "big")).digest()[: len(value)]


@cache
def _earlier(at: str, days: int) -> str:
    """A local minute (yyyymmddHHMM) so many days before."""
    return (datetime.strptime(at, "%Y%m%d%H%M") - timedelta(days=days)).strftime("%Y%m%d%H%M")  # noqa: DTZ007 -- as kept
