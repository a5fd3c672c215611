"""Many rows handed to the driver at once mean what SQLAlchemy would have made of them one by one."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import BigInteger, Column, LargeBinary, MetaData, String, Table, bindparam, insert, select, update
from sqlalchemy.exc import IntegrityError

from adapter.store.tables.database import Database
from adapter.store.tables.direct import each
from adapter.store.tables.statements import add_with_id, add_with_ids
from adapter.store.tables.types import Id, Instant, Money

THINGS = Table(
    "things_of_a_test",
    MetaData(),
    Column("id", BigInteger, primary_key=True, autoincrement=False),
    Column("name", String(20), nullable=False),
    Column("at", Instant),
    Column("amount", Money),
    Column("body", LargeBinary),
    Column("times", BigInteger, default=0),
)
NUMBERED = Table("numbered_of_a_test", THINGS.metadata, Column("id", Id, primary_key=True), Column("name", String(20)))
ADD = insert(THINGS)
COUNT_UP = (
    update(THINGS)
    .where(THINGS.c.id == bindparam("of", type_=BigInteger))
    .values(times=THINGS.c.times + 1, name=bindparam("to_name"))
)
HANOI = timezone(timedelta(hours=7))
ROWS: list[dict[str, Any]] = [
    {"id": n, "name": f"tên {n}", "at": datetime(2026, 3, n, 8, tzinfo=HANOI), "amount": Decimal("1.125") * n}
    | {"body": bytes([n]), "times": n}
    for n in (1, 2, 3)
]


@pytest.fixture
def database(store_url: str) -> Iterator[Database]:
    database = Database(store_url)
    with database.write() as connection:
        THINGS.create(connection)
    yield database
    database.close()


def test_rows_are_kept_with_the_types_of_their_columns(database: Database) -> None:
    with database.write() as connection:
        assert each(connection, ADD, ROWS) == 3
    with database.read() as connection:
        found = [dict(row._mapping) for row in connection.execute(select(THINGS).order_by(THINGS.c.id))]
    assert found == [{**row, "at": row["at"].astimezone(UTC)} for row in ROWS]


def test_a_statement_serves_rows_of_other_columns_too(database: Database) -> None:
    with database.write() as connection:
        each(connection, ADD, ROWS[:1])
        each(connection, ADD, [{"id": 7, "name": "chỉ tên"}])
    with database.read() as connection:
        assert connection.execute(select(THINGS.c.name, THINGS.c.at).where(THINGS.c.id == 7)).one() == ("chỉ tên", None)


def test_an_update_knows_its_own_numbers_and_tells_how_many_rows_it_changed(database: Database) -> None:
    with database.write() as connection:
        each(connection, ADD, ROWS)
        assert each(connection, COUNT_UP, [{"of": n, "to_name": "x"} for n in (1, 2, 9)]) == 2
    with database.read() as connection:
        assert list(connection.execute(select(THINGS.c.times).order_by(THINGS.c.id)).scalars()) == [2, 3, 3]


def test_no_rows_ask_nothing(database: Database) -> None:
    with database.write() as connection:
        assert each(connection, ADD, []) == 0


def test_a_clash_is_the_error_the_store_knows_and_leaves_nothing(database: Database) -> None:
    with pytest.raises(IntegrityError), database.write() as connection:
        each(connection, ADD, [*ROWS, ROWS[0]])
    with database.read() as connection:
        assert connection.execute(select(THINGS.c.id)).all() == []


def test_numbers_are_given_in_the_order_of_the_rows_and_never_twice(database: Database) -> None:
    with database.write() as connection:
        NUMBERED.create(connection)
        one = add_with_id(connection, NUMBERED, {"name": "a"})
        more = add_with_ids(connection, NUMBERED, [{"name": name} for name in "bcd"])
        last = add_with_id(connection, NUMBERED, {"name": "e"})
        assert add_with_ids(connection, NUMBERED, []) == []
    assert one < min(more) <= max(more) < last
    with database.read() as connection:
        found = {row.id: row.name for row in connection.execute(select(NUMBERED))}
    assert found == dict(zip([one, *more, last], "abcde", strict=True))
