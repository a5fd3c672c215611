"""A store of any earlier release, with rows in every state, goes on where it stood."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import timedelta
from pathlib import Path

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, MetaData, Table, create_engine, select

from adapter.gateway.outcome import Outcome, OutcomeKind
from adapter.store import Store, migrations
from adapter.store.states import State
from adapter.store.work.claims import Stage
from tests.support.pipeline_world import FACILITY, Time, World, accepted, unknown, vault
from tests.support.postgres import new_database

STEPS = sorted(path.name[:4] for path in Path(migrations.__file__).parent.joinpath("versions").glob("0*.py"))
_OWN = {"alembic_version", "audit_head"}


def fill(world: World) -> None:
    """At least one dossier in every state there is."""
    answers = {
        "LKrefused": Outcome(OutcomeKind.REFUSED_FINAL, 200, "701", message="sai"),
        "LKunknown": unknown(stored=False),
    }
    from tests.support.pipeline_world import ma_lk_of

    world.gateway.answer = lambda _n, _s, document: answers.get(ma_lk_of(document), accepted())
    for key in ("accepted", "refused", "unknown"):
        world.source.put(key)
    world.source.put("blocked", rule="X1-REQ-001")
    world.source.put("held", rule="X1-REQ-001")
    world.source.put("skipped", due="!claim")
    world.source.put("changed")
    for _ in range(10):
        world.run()
    world.store.queue.hold(int(world.dossier("LKheld")["id"]), reason="chờ", actor="cli:x")
    _only(world, "sending", "pull", "translate", "check", "sign")
    assert world.store.outbox.claim(
        Stage.SEND, FACILITY, owner="gone", limit=1, now=world.time(), lease=timedelta(minutes=5)
    )
    _only(world, "signed", "pull", "translate", "check", "sign")
    _only(world, "signing", "pull", "translate", "check")
    assert world.store.outbox.claim(
        Stage.SIGN, FACILITY, owner="gone", limit=1, now=world.time(), lease=timedelta(minutes=5)
    )
    world.source.put("changed", amount="7.00")
    _only(world, "ready", "pull", "translate", "check")
    world.source.put("changed", amount="8.00")
    _only(world, "translated", "pull", "translate")


def _only(world: World, key: str, *stages: str) -> None:
    world.source.put(key)
    for _ in range(4):
        world.run("pull")
    world.run(*stages)


def states(store: Store) -> set[str]:
    from adapter.store.tables.schema import revisions

    with store.database.read() as connection:
        return set(connection.execute(select(revisions.c.state).distinct()).scalars())


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, World]]:
    path = tmp_path_factory.mktemp("upgrade") / "state.db"
    with filled_store(f"sqlite:///{path}") as world:
        yield path, world


@pytest.fixture(scope="module")
def filled_postgres(postgres_server: str) -> Iterator[tuple[str, World]]:
    url = new_database(postgres_server)
    with filled_store(url) as world:
        yield url, world


@contextmanager
def filled_store(url: str) -> Iterator[World]:
    """A store of today with a dossier in every state."""
    with Store.open(url, vault(), Time()) as store:
        world = World(store, store.clock)  # type: ignore[arg-type]
        fill(world)
        assert states(store) == {state.value for state in State}
        yield world


def at_step(source: str, target: str, step: str) -> dict[str, int]:
    """A store as the release of this step would have it: its tables and columns, our rows; rows by table."""
    old, new = create_engine(source), create_engine(target)
    copied: dict[str, int] = {}
    with closing(old.connect()) as reading, new.begin() as writing:
        config = Config()
        config.set_main_option("script_location", str(Path(migrations.__file__).parent))
        config.attributes["connection"] = writing
        command.upgrade(config, step)
        now, then = MetaData(), MetaData()
        now.reflect(reading)
        then.reflect(writing)
        for table in then.sorted_tables:
            name = table.name
            if name in _OWN or name not in now.tables:
                continue
            columns = [now.tables[name].c[c.name] for c in table.c if c.name in now.tables[name].c]
            rows = [dict(row._mapping) for row in reading.execute(select(*columns))]
            if rows:
                writing.execute(table.insert(), rows)
                copied[name] = len(rows)
                _count_on(writing, table)
        if "audit_head" in then.tables:
            head = reading.execute(select(now.tables["audit_head"])).one()
            writing.execute(then.tables["audit_head"].update().values(**head._mapping))
    old.dispose()
    new.dispose()
    return copied


def _count_on(connection: Connection, table: Table) -> None:
    """PostgreSQL gives the next number from a sequence, which a copy of rows does not move."""
    if connection.dialect.name == "postgresql" and "id" in table.c:
        connection.exec_driver_sql(
            f"SELECT setval(s, (SELECT max(id) FROM {table.name})) "
            f"FROM (SELECT pg_get_serial_sequence('{table.name}', 'id') AS s) AS of WHERE s IS NOT NULL"
        )


def goes_on(url: str, copied: dict[str, int], before: World) -> None:
    """The store opens at the newest step, loses no row, and finishes what was under way."""
    time = Time(before.time() + timedelta(hours=1))
    with Store.open(url, vault(), time) as store:
        with store.database.read() as connection:
            assert migrations.version_of(connection) == migrations.HEAD
            for name, count in copied.items():
                assert connection.exec_driver_sql(f"SELECT count(*) FROM {name}").scalar_one() == count, name
        assert store.balance.summary()["conserved"]
        world = World(store, time, source=before.source)
        for _ in range(6):
            world.run()
            time.pass_(hours=1)
        summary = store.balance.summary()
        assert summary["conserved"]
        assert summary["dossiers"]["waiting"] == 0, summary
        assert {world.dossier(f"LK{key}")["state"] for key in ("sending", "signed", "signing", "ready")} == {"accepted"}


@pytest.mark.parametrize("step", STEPS[:-1])
def test_every_earlier_release_upgrades_with_rows_in_flight_and_finishes_them(
    step: str, filled: tuple[Path, World], tmp_path: Path
) -> None:
    path, before = filled
    url = f"sqlite:///{tmp_path / 'state.db'}"
    goes_on(url, at_step(f"sqlite:///{path}", url, step), before)


@pytest.mark.needs("postgres")
@pytest.mark.parametrize("step", [STEPS[0], STEPS[-2]])  # the first walks every step, the last is the previous release
def test_a_release_on_postgresql_upgrades_with_rows_in_flight_and_finishes_them(
    step: str, filled_postgres: tuple[str, World], postgres_server: str
) -> None:
    source, before = filled_postgres
    url = new_database(postgres_server)
    copied = at_step(source, url, step)
    assert copied["revisions"] >= len(State)
    goes_on(url, copied, before)


def test_a_copy_of_the_newest_store_opens_as_it_is(filled: tuple[Path, World], tmp_path: Path) -> None:
    shutil.copy(filled[0], tmp_path / "state.db")
    for extra in ("-wal", "-shm"):
        beside = filled[0].with_name(filled[0].name + extra)
        if beside.exists():
            shutil.copy(beside, tmp_path / f"state.db{extra}")
    with Store.open(f"sqlite:///{tmp_path / 'state.db'}", vault(), Time()) as store:
        assert states(store) == {state.value for state in State}
