"""The SQL connector on real servers: the same promises on PostgreSQL, MariaDB and SQLite."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import create_engine, exc, text
from sqlalchemy.engine import Engine

from adapter.clock import VIETNAM
from adapter.errors import SourceSchemaError, SourceUnreachable
from adapter.settings import SourceSettings
from adapter.source import Cursor, SourceEncounter
from connectors.base import PullSource, Reconcilable, open_source
from tests.support import mariadb, postgres
from tests.support.mariadb import mariadb_server
from tests.support.postgres import postgres_server

__all__ = ["mariadb_server", "postgres_server"]

NOW = datetime(2026, 11, 22, 10, 0, tzinfo=VIETNAM)

SPEC: dict[str, Any] = {
    "connector": "sql",
    "columns": "upper",
    "encounters": {
        "query": "SELECT e.ID, e.CODE, e.LOCKED, e.CHANGED, e.TOTAL FROM EPISODE e",
        "key": "ID",
        "changed_at": ["LOCKED", "CHANGED"],
    },
    "collections": {
        "items": {"query": "SELECT * FROM ITEM WHERE EPISODE_ID IN :keys", "parent": "EPISODE_ID", "order_by": "ID"}
    },
}
DDL = (
    "CREATE TABLE EPISODE (ID BIGINT PRIMARY KEY, CODE VARCHAR(20), LOCKED {when}, CHANGED {when},"
    " TOTAL DECIMAL(19,4), BORN DATE)",
    "CREATE TABLE ITEM (ID BIGINT PRIMARY KEY, EPISODE_ID BIGINT, PRICE DECIMAL(19,4), NAME VARCHAR(100))",
)

ENGINES = [
    pytest.param("postgres", marks=pytest.mark.needs("postgres")),
    pytest.param("mariadb", marks=pytest.mark.needs("mariadb")),
]


class His:
    """A little hospital on a server, written to by SQLAlchemy, read by the connector."""

    def __init__(self, url: str, when: str) -> None:
        self.url = url
        self.engine: Engine = create_engine(url)
        self.opened: list[PullSource] = []
        self.run(*(ddl.format(when=when) for ddl in DDL))

    def run(self, *statements: str) -> None:
        with self.engine.begin() as connection:
            for statement in statements:
                connection.execute(text(statement))

    def add(self, key: int, changed: Any, locked: Any = None) -> None:
        with self.engine.begin() as connection:
            connection.execute(
                text("INSERT INTO EPISODE VALUES (:k, :c, :l, :m, 1234.5678, '1980-02-29')"),
                {"k": key, "c": f"{key:012d}", "l": locked, "m": changed},
            )
            connection.execute(
                text("INSERT INTO ITEM VALUES (:i, :k, 0.1, 'Thuốc Đặc trị ễ')"), {"i": key * 10, "k": key}
            )

    def source(self, spec: dict[str, Any] | None = None, **settings: Any) -> PullSource:
        values = {"url": self.url, "batch_size": 10, **settings}
        source = open_source(spec or SPEC, SourceSettings(**values))
        self.opened.append(source)
        return source

    def close(self) -> None:
        for source in self.opened:
            source.close()
        self.engine.dispose()


WHEN = {"postgres": "TIMESTAMP(6)", "mariadb": "DATETIME(6)", "sqlite": "TEXT"}


@pytest.fixture(params=ENGINES)
def his(request: pytest.FixtureRequest) -> Iterator[His]:
    """The same hospital on each real server."""
    server = request.getfixturevalue(f"{request.param}_server")
    url = (postgres if request.param == "postgres" else mariadb).new_database(server)
    made = His(url, WHEN[request.param])
    yield made
    made.close()


def read_all(
    source: PullSource, cursor: Cursor | None = None, now: datetime = NOW
) -> tuple[list[SourceEncounter], Cursor | None]:
    found: list[SourceEncounter] = []
    for _ in range(1000):
        batch = source.pull(cursor, now=now)
        found.extend(batch.encounters)
        cursor = batch.cursor
        if batch.done:
            return found, cursor
    raise AssertionError("the scan never ends")


def local(minutes_ago: float) -> datetime:
    return (NOW - timedelta(minutes=minutes_ago)).replace(tzinfo=None)


def test_datetimes_with_microseconds_page_exactly(his: His) -> None:
    for key in range(1, 41):
        his.add(key, local(60) + timedelta(microseconds=key // 3))
    his.add(99, None, locked=local(5))
    for size in (1, 3, 10, 100):
        found, cursor = read_all(his.source(batch_size=size))
        assert [e.key for e in found].count("99") == 1
        assert sorted(int(e.key) for e in found) == [*range(1, 41), 99]
    assert cursor == Cursor("2026-11-22T09:55:00.000000", "99")
    again, _ = read_all(his.source(), cursor)
    assert [e.key for e in again] == ["99"]


def test_money_is_exact_text_is_unicode_and_names_are_as_the_mapping_writes_them(his: His) -> None:
    his.add(1, local(1))
    his.source().preflight()
    found, _ = read_all(his.source())
    row, item = found[0].row, found[0].collections["items"][0]
    assert row["TOTAL"] == Decimal("1234.5678")
    assert item == {"ID": 10, "EPISODE_ID": 1, "PRICE": Decimal("0.1000"), "NAME": "Thuốc Đặc trị ễ"}
    query = {**SPEC["encounters"], "query": "SELECT * FROM EPISODE"}
    whole, _ = read_all(his.source({**SPEC, "encounters": query}))
    assert whole[0].row["BORN"] == date(1980, 2, 29)
    assert SourceEncounter.from_bytes(whole[0].to_bytes()) == whole[0]


def test_names_the_query_states_keep_their_spelling(his: His) -> None:
    his.add(1, local(1))
    encounters = {**SPEC["encounters"], "query": "SELECT e.ID, e.Locked, e.Changed, e.TOTAL AS TongChi FROM EPISODE e"}
    found, _ = read_all(his.source({**SPEC, "columns": "source", "encounters": encounters, "collections": {}}))
    assert list(found[0].row) == ["ID", "Locked", "Changed", "TongChi"]


def test_fetch_reads_the_present_state(his: His) -> None:
    for key in range(1, 31):
        his.add(key, local(5))
    found = his.source().fetch(["3", "30", "777"])
    assert sorted(e.key for e in found) == ["3", "30"]


def test_since_in_the_query_is_bound_in_the_column_s_type(his: His) -> None:
    for key in range(1, 21):
        his.add(key, local(100 - key))
    query = "SELECT e.* FROM EPISODE e WHERE (e.CHANGED >= :since OR e.LOCKED >= :since) AND e.CHANGED <= :until"
    source = his.source({**SPEC, "encounters": {**SPEC["encounters"], "query": query}})
    source.preflight()
    found, cursor = read_all(source)
    assert len(found) == 20
    his.add(50, local(1))
    again, _ = read_all(source, cursor)
    assert "50" in [e.key for e in again]


def test_a_row_committed_late_is_found_by_the_look_back(his: His) -> None:
    his.add(1, local(8))
    with his.engine.connect() as slow:
        slow.execute(text("INSERT INTO EPISODE (ID, CHANGED) VALUES (2, :m)"), {"m": local(4)})
        his.add(3, local(1))
        first, cursor = read_all(his.source())
        assert {e.key for e in first} == {"1", "3"}
        slow.commit()
    found, _ = read_all(his.source(), cursor)
    assert "2" in {e.key for e in found}


def test_a_batch_is_one_picture_although_the_hospital_goes_on_writing(his: His) -> None:
    for key in range(1, 11):
        his.add(key, local(5))
    source: Any = his.source()
    complete = source._reader.complete

    def disturbed(connection: Any, page: Any) -> Any:
        his.run("DELETE FROM ITEM", "DELETE FROM EPISODE")
        return complete(connection, page)

    source._reader.complete = disturbed
    batch = source.pull(None, now=NOW)
    assert [len(e.collections["items"]) for e in batch.encounters] == [1] * 10


def test_the_session_cannot_write(his: His) -> None:
    his.add(1, local(5))
    source: Any = his.source()
    source.pull(None, now=NOW)
    with pytest.raises(exc.DBAPIError, match=r"(?i)read.only"), source._engine.begin() as connection:
        connection.execute(text("DELETE FROM EPISODE"))


def test_preflight_names_every_missing_table_and_column(his: His) -> None:
    his.run("ALTER TABLE EPISODE DROP COLUMN LOCKED", "ALTER TABLE EPISODE DROP COLUMN TOTAL", "DROP TABLE ITEM")
    with pytest.raises(SourceSchemaError) as caught:
        his.source().preflight()
    message = caught.value.message_en.upper()
    for name in ("LOCKED", "TOTAL", "ITEM"):
        assert name in message


def test_a_column_that_disappears_later_stops_the_read_with_its_name(his: His) -> None:
    his.add(1, local(5))
    source = his.source()
    source.pull(None, now=NOW)
    his.run("ALTER TABLE EPISODE DROP COLUMN TOTAL")
    with pytest.raises(SourceSchemaError, match=r"(?i)total"):
        source.pull(None, now=NOW)
    his.run("ALTER TABLE EPISODE ADD COLUMN TOTAL DECIMAL(19,4)")
    assert len(source.pull(None, now=NOW).encounters) == 1


def test_a_slow_statement_is_ended_by_the_server(his: His) -> None:
    for key in range(1, 201):
        his.add(key, local(5))
    cross = "FROM EPISODE e CROSS JOIN EPISODE b CROSS JOIN EPISODE c CROSS JOIN EPISODE d"
    query = f"SELECT MAX(e.ID) AS ID, MAX(e.CHANGED) AS CHANGED {cross} GROUP BY b.CODE, c.CODE, d.CODE"
    spec = {"connector": "sql", "encounters": {"query": query, "key": "ID", "changed_at": "CHANGED"}}
    source = his.source(spec, options={"statement_timeout": 0.5})
    started = time.monotonic()
    with pytest.raises(SourceUnreachable):
        source.pull(None, now=NOW)
    assert time.monotonic() - started < 8


def test_a_killed_connection_is_a_transient_error_and_the_next_read_works(his: His) -> None:
    for key in range(1, 31):
        his.add(key, local(5))
    source: Any = his.source()
    first = source.pull(None, now=NOW)
    complete = source._reader.complete

    def killed(connection: Any, page: Any) -> Any:
        if his.engine.dialect.name == "postgresql":
            pid = connection.execute(text("SELECT pg_backend_pid()")).scalar()
            his.run(f"SELECT pg_terminate_backend({pid})")
            time.sleep(0.2)
        else:
            his.run(f"KILL {connection.execute(text('SELECT CONNECTION_ID()')).scalar()}")
        return complete(connection, page)

    source._reader.complete = killed
    with pytest.raises(SourceUnreachable):
        source.pull(first.cursor, now=NOW)
    source._reader.complete = complete
    rest, _ = read_all(source, first.cursor)
    assert len(rest) == 20


def test_a_missing_right_is_named_and_not_tried_as_if_the_server_were_away(his: His) -> None:
    his.add(1, local(5))
    if his.engine.dialect.name == "postgresql":
        his.run("CREATE ROLE clerk LOGIN" if not _role(his, "clerk") else "SELECT 1")
        url = his.url.replace("bhyt@", "clerk@")
    else:
        his.run("CREATE USER IF NOT EXISTS clerk@localhost", "GRANT USAGE ON *.* TO clerk@localhost")
        url = his.url.replace("root@", "clerk@")
    with pytest.raises(SourceSchemaError, match=r"right to read (episode|EPISODE)|denies the right"):
        his.source(url=url).preflight()


def _role(his: His, name: str) -> bool:
    with his.engine.connect() as connection:
        return bool(connection.execute(text("SELECT 1 FROM pg_roles WHERE rolname = :n"), {"n": name}).scalar())


def test_one_connection_serves_threads_in_turn(his: His) -> None:
    for key in range(1, 31):
        his.add(key, local(5))
    source = his.source()
    failures: list[BaseException] = []

    def read() -> None:
        try:
            assert len(read_all(source)[0]) == 30
        except BaseException as error:  # noqa: BLE001 -- carried to the test's own thread
            failures.append(error)

    threads = [threading.Thread(target=read) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []


@pytest.mark.needs("postgres")
def test_instants_with_a_zone_are_compared_as_instants(postgres_server: str) -> None:
    his = His(postgres.new_database(postgres_server), "TIMESTAMPTZ")
    for key in range(1, 26):
        his.add(key, NOW.astimezone(UTC) - timedelta(minutes=key))
    source = his.source(batch_size=4, look_back_minutes=3)
    found, cursor = read_all(source)
    assert [int(e.key) for e in found] == list(range(25, 0, -1))
    assert cursor == Cursor("2026-11-22T02:59:00.000000+00:00", "1")
    again, _ = read_all(source, cursor)
    assert [int(e.key) for e in again] == [4, 3, 2, 1]
    his.close()


def test_sqlite_and_the_servers_give_the_same_encounters(his: His, tmp_path: Path) -> None:
    """Equal rows give equal content hashes wherever they lie, as long as the columns' types agree."""
    spec = {**SPEC, "encounters": {**SPEC["encounters"], "query": "SELECT ID, CODE, LOCKED, CHANGED FROM EPISODE"}}
    his.run("ALTER TABLE ITEM DROP COLUMN PRICE", "ALTER TABLE EPISODE DROP COLUMN LOCKED",
            "ALTER TABLE EPISODE DROP COLUMN CHANGED", "ALTER TABLE EPISODE ADD COLUMN LOCKED BIGINT",
            "ALTER TABLE EPISODE ADD COLUMN CHANGED BIGINT")  # fmt: skip
    other = His(f"sqlite:///{tmp_path / 'his.db'}", "BIGINT")
    other.run("ALTER TABLE ITEM DROP COLUMN PRICE")
    for key in range(1, 26):
        for one in (his, other):
            one.run(f"INSERT INTO EPISODE (ID, CODE, CHANGED) VALUES ({key}, '{key:04d}', 20261122090000)",
                    f"INSERT INTO ITEM VALUES ({key}, {key}, 'Ê')")  # fmt: skip
    hashes = [[e.content_hash() for e in read_all(one.source(spec))[0]] for one in (his, other)]
    assert hashes[0] == hashes[1]
    other.close()


# -- what a cursor cannot see, and going gently ----------------------------------------------------


def test_deleted_rows_and_reopened_settlements_are_found_by_asking(his: His) -> None:
    for key in range(1, 26):
        his.add(key, local(30), locked=local(30))
    query = "SELECT e.* FROM EPISODE e WHERE e.LOCKED IS NOT NULL"
    source: Any = his.source({**SPEC, "encounters": {**SPEC["encounters"], "query": query}})
    assert isinstance(source, Reconcilable)
    _, cursor = read_all(source)
    his.run("DELETE FROM EPISODE WHERE ID = 7", "UPDATE EPISODE SET LOCKED = NULL WHERE ID = 8")
    known = [str(k) for k in range(1, 26)]
    assert set(known) - source.present(known) == {"7", "8"}
    his.run(f"UPDATE EPISODE SET LOCKED = '{local(0)}' WHERE ID = 8")
    again, _ = read_all(source, cursor)
    assert "8" in [e.key for e in again]


def test_a_reopened_settlement_that_stays_in_the_query_is_a_change_like_any_other(his: His) -> None:
    his.add(1, local(30), locked=local(30))
    source = his.source()
    _, cursor = read_all(source)
    his.run(f"UPDATE EPISODE SET LOCKED = NULL, CHANGED = '{local(2)}' WHERE ID = 1")
    opened, cursor = read_all(source, cursor)
    his.run(f"UPDATE EPISODE SET LOCKED = '{local(1)}', CHANGED = '{local(1)}' WHERE ID = 1")
    closed, _ = read_all(source, cursor)
    assert [e.row["LOCKED"] for e in (opened[-1], closed[-1])] == [None, local(1)]


def test_the_keys_of_a_source_day_can_be_counted(his: His) -> None:
    midnight = datetime(2026, 11, 22, tzinfo=VIETNAM).replace(tzinfo=None)
    for key, at in enumerate(
        [midnight - timedelta(seconds=1), midnight, midnight + timedelta(hours=23, minutes=59), midnight], 1
    ):
        his.add(key, local(1), locked=at)
    source: Any = his.source({**SPEC, "encounters": {**SPEC["encounters"], "day": "LOCKED"}})
    source.preflight()
    assert source.keys_on(date(2026, 11, 22)) == {"2", "3", "4"}
    assert source.keys_on(date(2026, 11, 21)) == {"1"}
    assert source.keys_on(date(2026, 11, 20)) == frozenset()
    with pytest.raises(SourceSchemaError, match="day"):
        his.source().keys_on(date(2026, 11, 22))  # type: ignore[attr-defined]


def test_a_row_limit_slows_the_next_batch_down(his: His) -> None:
    for key in range(1, 41):
        his.add(key, local(5))
    source = his.source(batch_size=20, options={"max_rows_per_second": 80})  # 40 rows a batch: half a second
    started = time.monotonic()
    first = source.pull(None, now=NOW)
    assert time.monotonic() - started < 0.4
    source.pull(first.cursor, now=NOW)
    assert time.monotonic() - started >= 0.45
