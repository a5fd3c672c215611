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
