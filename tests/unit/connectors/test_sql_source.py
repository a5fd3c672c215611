"""The SQL connector on SQLite: nothing skipped, nothing doubled, nothing changed at the source."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from adapter.clock import VIETNAM
from adapter.errors import ConfigError, MappingError, SourceSchemaError, SourceUnreachable
from adapter.settings import SourceSettings
from adapter.source import Cursor, SourceEncounter
from connectors.base import PullSource, open_source

NOW = datetime(2026, 11, 22, 10, 0, tzinfo=VIETNAM)

SPEC: dict[str, Any] = {
    "connector": "sql",
    "encounters": {
        "query": "SELECT e.ID, e.CODE, e.LOCKED, e.CHANGED, e.PATIENT_ID FROM EPISODE e",
        "key": "ID",
        "changed_at": ["LOCKED", "CHANGED"],
    },
    "collections": {
        "items": {"query": "SELECT * FROM ITEM WHERE EPISODE_ID IN :keys", "parent": "EPISODE_ID", "order_by": "ID"},
        "history": {
            "query": "SELECT * FROM HISTORY WHERE PATIENT_ID IN (:keys)",
            "parent": "PATIENT_ID",
            "by": "PATIENT_ID",
        },
    },
}

DDL = """
CREATE TABLE EPISODE (ID INTEGER PRIMARY KEY, CODE TEXT, LOCKED INTEGER, CHANGED INTEGER, PATIENT_ID INTEGER);
CREATE TABLE ITEM (ID INTEGER PRIMARY KEY, EPISODE_ID INTEGER, PRICE TEXT, RATE REAL);
CREATE TABLE HISTORY (ID INTEGER PRIMARY KEY, PATIENT_ID INTEGER, CONTENT TEXT);
"""


def stamp(minutes_ago: float = 0) -> int:
    return int((NOW - timedelta(minutes=minutes_ago)).strftime("%Y%m%d%H%M%S"))


class His:
    """A little hospital in a SQLite file, and the connector reading it."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "his.db"
        self.db = sqlite3.connect(self.path, isolation_level=None)
        self.db.executescript(DDL)
        self.opened: list[PullSource] = []

    def add(self, key: int, changed: int | None, *, locked: int | None = None, items: int = 1) -> None:
        self.db.execute("INSERT INTO EPISODE VALUES (?, ?, ?, ?, ?)", (key, f"{key:012d}", locked, changed, key % 7))
        for n in range(items):
            self.db.execute("INSERT INTO ITEM VALUES (?, ?, '1000.50', 0.8)", (key * 100 + n, key))

    def source(self, spec: dict[str, Any] | None = None, **settings: Any) -> PullSource:
        url = settings.pop("url", f"sqlite:///{self.path}")
        source = open_source(spec or SPEC, SourceSettings(url=url, **{"batch_size": 10, **settings}))
        self.opened.append(source)
        return source


@pytest.fixture
def his(tmp_path: Path) -> Iterator[His]:
    his = His(tmp_path)
    yield his
    for source in his.opened:
        source.close()
    his.db.close()


def read_all(
    source: PullSource, cursor: Cursor | None = None, now: datetime = NOW
) -> tuple[list[SourceEncounter], Cursor | None]:
    found: list[SourceEncounter] = []
    for _ in range(10_000):
        batch = source.pull(cursor, now=now)
        found.extend(batch.encounters)
        cursor = batch.cursor
        if batch.done:
            return found, cursor
    raise AssertionError("the scan never ends")


def test_a_first_scan_brings_every_encounter_once_in_pages(his: His) -> None:
    for key in range(1, 36):
        his.add(key, stamp(100 - key))
    found, cursor = read_all(his.source())
    assert [e.key for e in found] == [str(k) for k in range(1, 36)]
    assert cursor == Cursor(str(stamp(65)), "35")


def test_equal_stamps_at_a_page_border_are_neither_lost_nor_doubled(his: His) -> None:
    for key in range(1, 31):
        his.add(key, stamp(50))
    for size in (1, 7, 10, 29, 30, 31):
        found, _ = read_all(his.source(batch_size=size))
        assert sorted(int(e.key) for e in found) == list(range(1, 31)), size


def test_pages_of_long_stays_are_short_and_none_is_left_out(his: His, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("connectors.sql.source._ROWS", 300)
    for key in range(1, 61):
        his.add(key, stamp(100 - key), items=99 if 10 < key <= 30 else 1)
    source, cursor, done = his.source(), None, False
    pages: list[list[int]] = []
    while not done:
        batch = source.pull(cursor, now=NOW)
        cursor, done = batch.cursor, batch.done
        pages.append([int(e.key) for e in batch.encounters])
    assert [key for page in pages for key in page] == list(range(1, 61))
    assert pages[:5] == [[*range(1, 11)], [*range(11, 21)], [21, 22, 23], [24, 25, 26], [27, 28, 29]]
    assert max(map(len, pages[6:])) == 10  # visits of a line each again


def test_the_stamp_is_the_latest_of_its_columns_and_null_columns_do_not_hide_a_row(his: His) -> None:
    his.add(1, stamp(30), locked=stamp(20))
    his.add(2, None, locked=stamp(25))
    his.add(3, stamp(22))
    found, _ = read_all(his.source())
    assert [(e.key, e.stamp) for e in found] == [
        ("2", str(stamp(25))),
        ("3", str(stamp(22))),
        ("1", str(stamp(20))),
    ]


def test_a_later_scan_brings_only_the_look_back_window_and_what_is_new(his: His) -> None:
    for key in range(1, 101):
        his.add(key, stamp(200 - key))
    source = his.source(look_back_minutes=10)
    _, cursor = read_all(source)
    assert cursor is not None
    his.add(500, stamp(1))
    found, after = read_all(source, cursor)
    assert [int(e.key) for e in found] == [*range(90, 101), 500]
    assert after == Cursor(str(stamp(1)), "500")


def test_a_row_committed_late_with_an_early_stamp_is_found(his: His) -> None:
    for key in range(1, 51):
        his.add(key, stamp(60 - key))
    source = his.source(look_back_minutes=15)
    _, cursor = read_all(source)
    his.add(900, stamp(20))
    found, _ = read_all(source, cursor)
    assert "900" in {e.key for e in found}


def test_rows_committed_late_during_a_scan_that_lay_interrupted_for_a_day_are_found(his: His) -> None:
    for key in range(1, 41):
        his.add(key, stamp(41 - key))
    first = his.source(look_back_minutes=15).pull(None, now=NOW)
    second = his.source(look_back_minutes=15).pull(first.cursor, now=NOW)
    third = his.source(look_back_minutes=15).pull(second.cursor, now=NOW)
    assert not third.done
    his.add(900, stamp(14))  # behind the page the scan stands at
    for key in range(41, 61):
        his.db.execute("INSERT INTO EPISODE VALUES (?, '', NULL, ?, 1)", (key, stamp(-600)))
    tomorrow = NOW + timedelta(days=1)
    _, cursor = read_all(his.source(look_back_minutes=15), third.cursor, tomorrow)
    found, _ = read_all(his.source(look_back_minutes=15), cursor, tomorrow)
    assert "900" in {e.key for e in found}


def test_a_bogus_future_stamp_is_read_and_does_not_blind_the_connector(his: His) -> None:
    his.add(1, 20990101000000)
    his.add(2, stamp(5))
    source = his.source()
    found, cursor = read_all(source)
    assert {e.key for e in found} == {"1", "2"}
    his.add(3, stamp(0))
    found, _ = read_all(source, cursor, NOW + timedelta(minutes=1))
    assert "3" in {e.key for e in found}


@pytest.mark.parametrize("bad", ["rubbish", "", "0000-00-00 00:00:00", "2026-13-45 00:00:00", "đ"])
def test_a_stamp_that_is_none_is_read_and_does_not_blind_the_connector(his: His, bad: str) -> None:
    def add(key: int, changed: str) -> None:
        his.db.execute("INSERT INTO EPISODE VALUES (?, ?, NULL, ?, 1)", (key, f"{key:012d}", changed))

    for key in range(12):
        add(key, f"2026-11-22 09:{key:02}:00")
    add(99, bad)
    found, cursor = read_all(his.source())
    assert sorted(int(e.key) for e in found) == [*range(12), 99]
    add(12, "2026-11-22 09:59:00")
    again, _ = read_all(his.source(), cursor)
    assert "12" in {e.key for e in again}


def test_a_stamp_column_that_changes_its_form_is_told_or_read_from_the_beginning(his: His) -> None:
    for key in range(5):
        his.add(key, stamp(60 - key))
    source = his.source()
    _, cursor = read_all(source)
    his.db.execute("UPDATE EPISODE SET CHANGED = '2026-11-22 09:' || printf('%02d', ID) || ':00'")
    his.db.execute("INSERT INTO EPISODE VALUES (77, '77', NULL, '2026-11-22 09:59:00', 1)")
    with pytest.raises(SourceSchemaError, match="wrong form"):
        read_all(source, cursor)
    assert "77" in {e.key for e in read_all(his.source(), cursor)[0]}


def test_a_look_back_window_larger_than_a_page_still_moves_forward(his: His) -> None:
    for key in range(1, 101):
        his.add(key, stamp(1))
    source = his.source(look_back_minutes=60, batch_size=5)
    _, cursor = read_all(source)
    again, after = read_all(source, cursor)
    assert len(again) == 100
    assert after == cursor


def test_every_page_can_be_read_by_a_new_process(his: His) -> None:
    for key in range(1, 36):
        his.add(key, stamp(50))
    cursor, found = None, []
    for _ in range(10):
        batch = his.source().pull(cursor, now=NOW)
        found += [e.key for e in batch.encounters]
        cursor = Cursor(batch.cursor.stamp, batch.cursor.key) if batch.cursor else None
        if batch.done:
            break
    assert sorted(map(int, found)) == list(range(1, 36))


def test_rows_that_vanish_in_mid_scan_do_not_stop_it(his: His) -> None:
    for key in range(1, 31):
        his.add(key, stamp(50))
    source = his.source()
    first = source.pull(None, now=NOW)
    his.db.execute("DELETE FROM EPISODE WHERE ID > 10")
    rest, cursor = read_all(source, first.cursor)
    assert rest == []
    assert cursor is not None
    assert cursor.stamp == str(stamp(50))


def test_collections_come_with_their_encounter_in_a_fixed_order(his: His) -> None:
    his.add(3, stamp(5), items=3)
    his.add(4, stamp(4), items=0)
    his.add(10, stamp(3), items=1)  # the same patient as 3
    for n in (2, 1):
        his.db.execute("INSERT INTO HISTORY VALUES (?, 3, 'x')", (n,))
    found, _ = read_all(his.source())
    by_key = {e.key: e for e in found}
    assert [r["ID"] for r in by_key["3"].collections["items"]] == [300, 301, 302]
    assert by_key["4"].collections["items"] == []
    assert [r["ID"] for r in by_key["10"].collections["history"]] == [1, 2]
    assert by_key["3"].collections["history"] == by_key["10"].collections["history"]


def test_a_batch_costs_one_statement_per_collection_not_one_per_encounter(his: His) -> None:
    for key in range(1, 11):
        his.add(key, stamp(5))
    source: Any = his.source()
    source.pull(None, now=NOW)
    statements: list[str] = []
    source._engine.pool.connect().driver_connection.set_trace_callback(statements.append)
    source.pull(None, now=NOW)
    assert sum("FROM ITEM" in s for s in statements) == 1
    assert sum("FROM HISTORY" in s for s in statements) == 1


def test_values_arrive_untouched_text_money_as_text_and_a_float_as_a_float(his: His) -> None:
    his.add(1, stamp(5))
    found, _ = read_all(his.source())
    row = found[0].collections["items"][0]
    assert row["PRICE"] == "1000.50"
    assert isinstance(row["RATE"], float)
    assert SourceEncounter.from_bytes(found[0].to_bytes()) == found[0]


def test_an_id_beyond_two_to_the_53_keeps_every_digit(his: His) -> None:
    big = 240_102_030_405_060_708
    his.add(big, stamp(5), items=0)
    his.db.execute("INSERT INTO ITEM VALUES (1, ?, '1', 1.0)", (big,))
    source = his.source()
    found, _ = read_all(source)
    assert found[0].key == str(big)
    assert source.fetch([str(big)])[0].collections["items"][0]["EPISODE_ID"] == big


def test_fetch_gives_the_present_state_and_leaves_out_what_is_gone(his: His) -> None:
    for key in range(1, 30):
        his.add(key, stamp(5))
    his.db.execute("UPDATE EPISODE SET LOCKED = NULL, CHANGED = NULL WHERE ID = 3")
    found = his.source().fetch(["2", "3", "77", "2"])
    assert sorted(e.key for e in found) == ["2", "3"]


def test_an_empty_source_is_no_error_and_moves_no_cursor(his: His) -> None:
    batch = his.source().pull(None, now=NOW)
    assert (list(batch.encounters), batch.cursor, batch.done) == ([], None, True)
    assert list(his.source().fetch(["1"])) == []


@pytest.mark.parametrize(
    ("form", "values"),
    [
        ("TEXT", ["2026-11-22 09:00:00", "2026-11-22 09:30:00", "2026-11-22 09:58:00"]),
        ("TEXT", ["2026-11-22T09:00:00.250", "2026-11-22T09:30:00.000", "2026-11-22T09:58:00.125"]),
        ("TEXT", ["20261122090000", "20261122093000", "20261122095800"]),
        ("INTEGER", [202611220900, 202611220930, 202611220958]),
        ("TEXT", ["2026-11-20", "2026-11-21", "2026-11-22"]),
        ("INTEGER", [20261120, 20261121, 20261122]),
    ],
)
def test_stamps_kept_as_text_or_short_numbers_work_alike(his: His, form: str, values: list[Any]) -> None:
    his.db.execute(f"CREATE TABLE E2 (ID INTEGER, CHANGED {form})")
    his.db.executemany("INSERT INTO E2 VALUES (?, ?)", list(enumerate(values, 1)))
    spec = {"connector": "sql", "encounters": {"query": "SELECT * FROM E2", "key": "ID", "changed_at": "CHANGED"}}
    source = his.source(spec, batch_size=1, look_back_minutes=5)
    found, cursor = read_all(source)
    assert [e.key for e in found] == ["1", "2", "3"]
    again, _ = read_all(source, cursor)
    assert "3" in [e.key for e in again]
    assert "1" not in [e.key for e in again]


def test_since_and_until_in_the_query_are_bound_in_the_column_s_own_form(his: His) -> None:
    for key in range(1, 31):
        his.add(key, stamp(200 - key))
    encounters = {
        **SPEC["encounters"],
        "query": "SELECT ID, LOCKED, CHANGED, PATIENT_ID FROM EPISODE "
        "WHERE (LOCKED >= :since OR CHANGED >= :since) AND CHANGED <= :until",
    }
    source = his.source({**SPEC, "encounters": encounters})
    source.preflight()
    found, cursor = read_all(source)
    assert len(found) == 30
    his.add(99, stamp(1))
    again, _ = read_all(source, cursor)
    assert [e.key for e in again][-1] == "99"
    assert [e.key for e in source.fetch(["1"])] == ["1"]


def test_upper_and_lower_fold_column_names_for_the_mapping(his: His) -> None:
    his.add(1, stamp(5))
    for fold in ("upper", "lower"):
        found, _ = read_all(his.source({**SPEC, "columns": fold}))
        names = [*found[0].row, *found[0].collections["items"][0]]
        assert names == [getattr(n, fold)() for n in names]


def test_quiet_hours_leave_the_source_alone_and_the_cursor_where_it_stood(his: His) -> None:
    his.add(1, stamp(5))
    source = his.source(options={"quiet_hours": ["22:00-06:00", "09:30-10:30"]})
    assert source.pull(None, now=NOW).encounters == ()
    assert source.pull(None, now=NOW.replace(hour=23)).done
    assert source.pull(None, now=NOW.replace(hour=5)).encounters == ()
    assert len(source.pull(None, now=NOW.replace(hour=12)).encounters) == 1


# -- nothing is written ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    "query",
    [
        "DELETE FROM EPISODE",
        "UPDATE EPISODE SET CODE = 'x'",
        "SELECT 1; DROP TABLE EPISODE",
        "WITH x AS (DELETE FROM EPISODE RETURNING *) SELECT * FROM x",
        "INSERT INTO EPISODE SELECT * FROM EPISODE",
        "PRAGMA query_only = OFF",
        "ATTACH 'other.db' AS other",
        "CREATE TABLE x AS SELECT 1",
        "SELECT * FROM EPISODE FOR UPDATE",
        "SELECT load_extension('x')",
        "SELECT * FROM EPISODE ORDER BY ID",
        "SELECT * FROM EPISODE LIMIT 5",
        "SELECT * FROM EPISODE WHERE ID = :patient",
        "SELECT FROM WHERE (",
        "SELECT 1 /*! INTO OUTFILE 'x' */",
    ],
)
def test_only_a_plain_select_passes(his: His, query: str) -> None:
    with pytest.raises(MappingError, match=r"source\.encounters\.query"):
        his.source({**SPEC, "encounters": {**SPEC["encounters"], "query": query}})


@pytest.mark.parametrize(
    ("engine", "query"),
    [
        ("postgresql", "SELECT pg_catalog.pg_terminate_backend(1)"),
        ("postgresql", "SELECT nextval('s')"),
        ("postgresql", "SELECT * FROM dblink('x', 'DELETE FROM y') AS t(a int)"),
        ("oracle", "SELECT dbms_lock.sleep(1) FROM dual"),
        ("mssql", "EXEC sp_who"),
        ("mssql", "SELECT * INTO b FROM a"),
        ("mssql", "SELECT * FROM OPENROWSET('a', 'b', 'c')"),
        ("mysql", "SELECT SLEEP(10)"),
        ("mysql", "SELECT * FROM a INTO OUTFILE '/x'"),
    ],
)
def test_harmful_queries_of_other_engines_are_refused_before_a_connection(engine: str, query: str) -> None:
    spec = {"connector": "sql", "encounters": {"query": query, "key": "ID", "changed_at": "M"}}
    with pytest.raises(MappingError):
        open_source(spec, SourceSettings(url=f"{engine}://u@nowhere.invalid/his"))


def test_the_connection_itself_refuses_to_write(his: His) -> None:
    his.add(1, stamp(5))
    source: Any = his.source()
    source.pull(None, now=NOW)
    raw = source._engine.raw_connection()
    with pytest.raises(sqlite3.OperationalError, match="readonly"):
        raw.driver_connection.execute("DELETE FROM EPISODE")
    raw.close()


def test_a_missing_file_is_not_created(his: His, tmp_path: Path) -> None:
    source = his.source(url=f"sqlite:///{tmp_path / 'absent.db'}")
    with pytest.raises(SourceUnreachable, match=r"absent\.db"):
        source.preflight()
    assert not (tmp_path / "absent.db").exists()


# -- what is wrong is named -----------------------------------------------------------------------


def test_preflight_names_every_missing_table_and_column_at_once(his: His) -> None:
    his.db.executescript("DROP TABLE HISTORY; ALTER TABLE EPISODE DROP COLUMN CHANGED; DROP TABLE ITEM;")
    his.db.execute("ALTER TABLE EPISODE DROP COLUMN CODE")
    with pytest.raises(SourceSchemaError) as caught:
        his.source().preflight()
    for name in ("HISTORY", "ITEM", "CHANGED", "CODE"):
        assert name in caught.value.message_en.upper()


def test_preflight_passes_on_a_sound_source(his: His) -> None:
    his.source().preflight()


@pytest.mark.parametrize(
    ("part", "value", "named"),
    [("key", "NOPE", "NOPE"), ("changed_at", ["NOPE2"], "NOPE2")],
)
def test_preflight_names_a_specified_column_the_query_does_not_give(
    his: His, part: str, value: Any, named: str
) -> None:
    spec = {**SPEC, "encounters": {**SPEC["encounters"], part: value}}
    with pytest.raises(SourceSchemaError, match=named):
        his.source(spec).preflight()


def test_a_key_that_is_not_unique_is_an_error_not_a_silent_choice(his: His) -> None:
    his.add(1, stamp(5))
    his.add(2, stamp(5))
    query = "SELECT 7 AS ID, LOCKED, CHANGED, PATIENT_ID FROM EPISODE"
    source = his.source({**SPEC, "encounters": {**SPEC["encounters"], "query": query}})
    with pytest.raises(SourceSchemaError, match="not unique"):
        source.pull(None, now=NOW)


def test_a_float_key_is_refused(his: His) -> None:
    his.add(1, stamp(5))
    query = "SELECT ID * 1.0 AS ID, LOCKED, CHANGED, PATIENT_ID FROM EPISODE"
    source = his.source({**SPEC, "encounters": {**SPEC["encounters"], "query": query}})
    with pytest.raises(SourceSchemaError, match="float"):
        source.pull(None, now=NOW)


def test_changed_at_columns_of_two_forms_are_refused(his: His) -> None:
    his.add(1, stamp(5), locked=20261122)
    with pytest.raises(SourceSchemaError, match="not of one form"):
        his.source().pull(None, now=NOW)


def test_a_collection_without_keys_is_refused(his: His) -> None:
    spec = {**SPEC, "collections": {"items": {"query": "SELECT * FROM ITEM", "parent": "EPISODE_ID"}}}
    with pytest.raises(SourceSchemaError, match=":keys"):
        his.source(spec)


def test_a_parent_column_that_is_not_the_one_compared_is_refused(his: His) -> None:
    his.add(1, stamp(5))
    spec = {
        **SPEC,
        "collections": {"items": {"query": "SELECT * FROM ITEM WHERE EPISODE_ID IN :keys", "parent": "ID"}},
    }
    with pytest.raises(SourceSchemaError, match="parent"):
        his.source(spec).pull(None, now=NOW)


@pytest.mark.parametrize(
    "change", [{"chaged_at": ["X"]}, {"key": "ID; DROP TABLE x"}, {"changed_at": []}, {"stamp": "moon"}]
)
def test_a_wrong_source_block_names_its_key(his: His, change: dict[str, Any]) -> None:
    with pytest.raises(MappingError, match="source"):
        his.source({**SPEC, "encounters": {**SPEC["encounters"], **change}})


def test_wrong_options_name_their_key(his: His) -> None:
    with pytest.raises(ConfigError, match=r"options\.statement_timout"):
        his.source(options={"statement_timout": 5})


def test_a_source_that_is_not_a_database_is_a_clear_error(his: His, tmp_path: Path) -> None:
    (tmp_path / "junk.db").write_bytes(b"this is no database" * 100)
    with pytest.raises((SourceUnreachable, SourceSchemaError)) as caught:
        his.source(url=f"sqlite:///{tmp_path / 'junk.db'}").pull(None, now=NOW)
    assert "junk.db" in caught.value.message_en


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://doctor:geheim77@127.0.0.1:9/his",
        "mysql://doctor:geheim77@127.0.0.1:9/his",
        "postgresql://doctor@127.0.0.1:9/his?password=geheim77",
        "mssql://doctor:geheim77@127.0.0.1:9/his",
        "oracle://doctor:geheim77@127.0.0.1:9/his",
    ],
)
def test_an_unreachable_server_never_shows_its_password(url: str) -> None:
    source = open_source(SPEC, SourceSettings(url=url, connect_timeout=1))
    with pytest.raises(SourceUnreachable) as caught:
        source.preflight()
    chain: BaseException | None = caught.value
    while chain is not None:
        if not chain.__suppress_context__:
            assert "geheim77" not in str(chain)
        assert "geheim77" not in str(caught.value.to_dict())
        chain = chain.__cause__
    assert caught.value.__suppress_context__
    source.close()


def test_money_arrives_as_decimal_from_an_engine_that_has_decimals(tmp_path: Path) -> None:
    import duckdb

    path = tmp_path / "his.duckdb"
    with duckdb.connect(str(path)) as db:
        db.execute("CREATE TABLE EPISODE (ID BIGINT, CHANGED TIMESTAMP, PRICE DECIMAL(19,4), DAY DATE)")
        db.execute(
            "INSERT INTO EPISODE SELECT i, TIMESTAMP '2026-11-22 09:00:00', 0.1, DATE '2026-11-01' FROM range(25) t(i)"
        )
    encounters = {"query": "SELECT * FROM EPISODE", "key": "ID", "changed_at": "CHANGED"}
    spec = {"connector": "sql", "encounters": encounters}
    source = open_source(spec, SourceSettings(url=f"duckdb:///{path}", batch_size=7))
    source.preflight()
    found, cursor = read_all(source)
    assert sorted(int(e.key) for e in found) == list(range(25))
    assert found[0].row["PRICE"] == Decimal("0.1000")
    again, _ = read_all(source, cursor)
    assert len(again) == 25
    bad = {**spec, "encounters": {**encounters, "query": "SELECT ID, CHANGED, NOPE FROM EPISODE"}}
    source.close()
    other = open_source(bad, SourceSettings(url=f"duckdb:///{path}"))
    with pytest.raises(SourceSchemaError, match=r"(?i)column.*\bnope"):
        other.preflight()
    other.close()
