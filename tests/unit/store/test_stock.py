"""What keeps the console's numbers quick when the store grows."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import event, text

from adapter.store.store import Store
from tests.support.pipeline_world import FACILITY, Time, World, vault


def test_the_daily_tidying_tells_the_planner_how_large_the_tables_are(tmp_path: Path) -> None:
    with Store.open(f"sqlite:///{tmp_path / 'state.db'}", vault(), Time()) as store:
        store.purge()
        with store.database.read() as connection:
            assert connection.execute(text("SELECT stat FROM sqlite_stat1 WHERE tbl = 'meta'")).scalar_one()


def test_who_works_is_found_without_reading_all_that_is_done(tmp_path: Path) -> None:
    with Store.open(f"sqlite:///{tmp_path / 'state.db'}", vault(), Time()) as store:
        store.purge()
        with store.database.write() as connection:  # a year's dossiers, all of one state, as statistics tell it
            for table, index, each in (
                ("revisions", "ix_revisions_queue", "100000 100000 100000 50000 2 1"),
                ("encounters", "ix_encounters_facility_pending_id", "100000 100000 100000 1"),
            ):
                told = {"t": table, "i": index, "s": each}
                connection.execute(text("INSERT INTO sqlite_stat1 VALUES (:t, :i, :s)"), told)
        store.database.engine.dispose()  # statistics are read when a connection begins
        asked: list[tuple[str, tuple[object, ...]]] = []
        event.listen(store.database.engine, "before_cursor_execute", lambda *a: asked.append((a[2], a[3])))
        assert store.outbox.owners(FACILITY, Time()()) == set()
        selects = [one for one in asked if "lease_owner" in one[0]]
        assert len(selects) == 2
        with store.database.read() as connection:
            for statement, values in selects:
                plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", values).all()
                assert any("SEARCH" in row[3] and "(facility=?" in row[3] for row in plan)
                assert not any("SCAN" in row[3] for row in plan)


def test_a_day_that_is_over_is_counted_once_and_today_each_time(store_url: str) -> None:
    time = Time()
    with Store.open(store_url, vault(), time) as store:
        world = World(store, time)
        world.source.put("1")
        world.source.put("2", rule="X1-REQ-016")
        world.run()
        now = time()
        first = store.trends.month([FACILITY], now)
        assert (first[-1].accepted, first[-1].blocked) == (1, 1)
        asked: list[str] = []
        event.listen(store.database.engine, "before_cursor_execute", lambda *a: asked.append(a[2]))
        again = store.trends.month([FACILITY], now)
        assert again == first
        of_days = [statement for statement in asked if "SELECT" in statement]
        assert len(of_days) == 2, "receipts and setbacks of today only"
