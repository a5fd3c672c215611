"""The cursor under fire (issue 6, Must show 2): late commits, equal stamps, reopened and deleted rows, a reader killed.

The hospital writes without pause; the reader is killed 200 times at random instants. Afterwards every encounter
has arrived in its last state, and none had an effect twice.
"""

from __future__ import annotations

import itertools
import multiprocessing
import random
import time
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import create_engine, event, text
from sqlalchemy.engine import Connection, Engine

from adapter.clock import VIETNAM
from adapter.settings import SourceSettings
from connectors.base import open_source
from tests.support import mariadb, postgres, reader_process
from tests.support.mariadb import mariadb_server
from tests.support.postgres import postgres_server
from tests.support.reader_process import Time

__all__ = ["mariadb_server", "postgres_server"]

KILLS = 200
SPEED = 600.0  # ten minutes of the hospital's day in one second
LOOK_BACK = 20  # minutes: two seconds of the test
LATEST = 0.6  # seconds a commit may come after its stamp; the look-back allows three times that
SPEC: dict[str, Any] = {
    "connector": "sql",
    "columns": "upper",
    "encounters": {
        "query": "SELECT e.ID, e.LOCKED, e.CHANGED FROM EPISODE e",
        "key": "ID",
        "changed_at": ["LOCKED", "CHANGED"],
    },
    "collections": {"items": {"query": "SELECT * FROM ITEM WHERE EPISODE_ID IN :keys", "parent": "EPISODE_ID"}},
}
DDL = (
    "CREATE TABLE EPISODE (ID INTEGER PRIMARY KEY, LOCKED BIGINT, CHANGED BIGINT NOT NULL)",
    "CREATE TABLE ITEM (ID INTEGER PRIMARY KEY, EPISODE_ID INTEGER, AMOUNT INTEGER)",
    "CREATE INDEX ITEM_EP ON ITEM (EPISODE_ID)",
    "CREATE INDEX EP_LOCKED ON EPISODE (LOCKED)",
    "CREATE INDEX EP_CHANGED ON EPISODE (CHANGED)",
)


class Hospital:
    """Writes what hospitals write: new, settled, reopened, corrected and deleted encounters, some committed late."""

    def __init__(self, url: str, clock: Time, seed: int) -> None:
        self.engine: Engine = create_engine(url, pool_size=10)
        if self.engine.dialect.name == "sqlite":
            event.listen(self.engine, "connect", lambda c, _: c.execute("PRAGMA journal_mode=WAL"))
        self._clock = clock
        self._random = random.Random(seed)
        self._late: list[tuple[float, float, Connection]] = []
        self._items = 0
        self._busy: set[int] = set()
        self.keys = 0
        self.deleted: set[int] = set()
        with self.engine.begin() as connection:
            for statement in DDL:
                connection.execute(text(statement))

    def _stamp(self) -> int:
        return int(self._clock.now().strftime("%Y%m%d%H%M00"))  # whole minutes: many rows share one stamp

    def _write(self, connection: Connection, key: int, *, new: bool, stamp: int) -> None:
        values = {"k": key, "s": stamp, "l": stamp if self._random.random() < 0.5 else None}
        if new:
            connection.execute(text("INSERT INTO EPISODE VALUES (:k, :l, :s)"), values)
        else:
            connection.execute(text("UPDATE EPISODE SET LOCKED = :l, CHANGED = :s WHERE ID = :k"), values)
        self._items += 1
        line = {"i": self._items, "k": key, "a": self._random.randrange(10**6)}
        connection.execute(text("INSERT INTO ITEM VALUES (:i, :k, :a)"), line)

    def step(self) -> None:
        """One or several writes; late ones stay open for a while."""
        time.sleep(0.01)
        self._commit_late(time.time())
        draw = self._random.random()
        if draw < 0.25 and len(self._late) < 4 and self.engine.dialect.name != "sqlite":
            connection = self.engine.connect()
            self.keys += 1
            self._busy.add(self.keys)
            self._write(connection, self.keys, new=True, stamp=self._stamp())
            started = time.time()
            self._late.append((started, started + self._random.uniform(0.05, LATEST / 2), connection))
            return
        started = time.time()
        with self.engine.connect() as connection:
            stamp = self._stamp()
            if draw < 0.6:
                for _ in range(self._random.choice((1, 1, 12))):
                    self.keys += 1
                    self._write(connection, self.keys, new=True, stamp=stamp)
            elif draw < 0.9 and (key := self._known()):
                self._write(connection, key, new=False, stamp=stamp)
            elif (key := self._known()) and key % 5 == 0:
                connection.execute(text("DELETE FROM ITEM WHERE EPISODE_ID = :k"), {"k": key})
                connection.execute(text("DELETE FROM EPISODE WHERE ID = :k"), {"k": key})
                self.deleted.add(key)
            self._end(connection, started)
        if self.engine.dialect.name == "sqlite" and draw < 0.25:
            # One writer at a time there: a late commit is a row that appears with the stamp of a moment ago.
            started, stamp = time.time(), self._stamp()
            time.sleep(self._random.uniform(0.01, 0.03))
            with self.engine.connect() as connection:
                self.keys += 1
                self._write(connection, self.keys, new=True, stamp=stamp)
                self._end(connection, started)

    def _known(self) -> int:
        """An existing encounter nobody else is writing, or 0."""
        key = self._random.randint(1, max(1, self.keys))
        return 0 if key in self.deleted or key in self._busy or key > self.keys else key

    def _commit_late(self, now: float) -> None:
        due = [entry for entry in self._late if entry[1] <= now]
        for entry in due:
            self._late.remove(entry)
            started, _, connection = entry
            self._end(connection, started)
            connection.close()

    @staticmethod
    def _end(connection: Connection, started: float) -> None:
        """Commit; or roll back where a stalled test machine made it later than any look-back promises to see."""
        if time.time() - started < 2 * LATEST:
            connection.commit()
        else:
            connection.rollback()

    def finish(self) -> None:
        self._commit_late(float("inf"))
        self.engine.dispose()


@pytest.fixture(
    params=[
        "sqlite",
        pytest.param("postgres", marks=pytest.mark.needs("postgres")),
        pytest.param("mariadb", marks=pytest.mark.needs("mariadb")),
    ]
)
def source_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'his.db'}"
    else:
        server = request.getfixturevalue(f"{request.param}_server")
        yield (postgres if request.param == "postgres" else mariadb).new_database(server)


@pytest.mark.slow
def test_every_encounter_arrives_and_none_twice_although_the_reader_is_killed_two_hundred_times(
    source_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    dice = random.Random(source_url.split(":", maxsplit=1)[0])
    clock = Time(datetime(2026, 11, 22, 6, 0, tzinfo=VIETNAM), time.time(), SPEED)
    hospital = Hospital(source_url, clock, seed=7)
    settings = {"url": source_url, "batch_size": 7, "look_back_minutes": LOOK_BACK}
    state = tmp_path / "state.db"
    reader_process.open_state(state).close()
    processes = multiprocessing.get_context("forkserver")
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[3]))  # for the fork server's own imports
    processes.set_forkserver_preload(["tests.support.warm_reader", "psycopg", "pymysql"])
    for _ in range(KILLS):
        listening, ready = processes.Pipe(duplex=False)
        reader = processes.Process(
            target=reader_process.read,
            args=(SPEC, settings, state, clock, ready),
            kwargs={"after": dice.randrange(3)},
            daemon=True,
        )
        reader.start()
        ready.close()
        while reader.is_alive() and not listening.poll():
            hospital.step()
        assert reader.is_alive()
        dies_at = time.time() + dice.uniform(0, 0.03)
        while time.time() < dies_at:
            hospital.step()
        reader.kill()
        reader.join()
        reader.close()
        listening.close()
    hospital.finish()
    reader_process.read(SPEC, settings, state, clock, scans=2)

    truth = open_source(SPEC, SourceSettings(url=source_url))
    known = [str(k) for k in range(1, hospital.keys + 1)]
    expected = {one.key: one.content_hash() for one in truth.fetch(known)}
    truth.close()
    db = reader_process.open_state(state)
    latest = dict(db.execute("SELECT key, hash FROM latest").fetchall())
    effects: dict[str, list[str]] = {}
    for key, digest in db.execute("SELECT key, hash FROM effects ORDER BY seq"):
        effects.setdefault(key, []).append(digest)
    db.close()
    assert len(expected) > 100
    assert {k: h for k, h in latest.items() if k in expected} == expected
    assert set(latest) - set(expected) <= {str(k) for k in hospital.deleted}
    assert sum(map(len, effects.values())) > len(expected)  # readers lived long enough to see changes
    for digests in effects.values():
        assert all(a != b for a, b in itertools.pairwise(digests))
