"""The store's side of the cut-over: no race lets a marked dossier through, and old stores come along."""

from __future__ import annotations

import threading
from datetime import timedelta
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from sqlalchemy import update

from adapter.errors import LeaseLost
from adapter.store import Stage, Store, migrations
from adapter.store.portal.imports import Source
from adapter.store.tables.database import Database
from adapter.store.tables.schema import encounters, metadata
from tests.support.pipeline_world import FACILITY, World, vault


def mark(world: World, *ma_lks: str) -> None:
    source = Source("sent", "list.xlsx", "0" * 64, len(ma_lks), world.time())
    world.store.elsewhere.mark(FACILITY, ma_lks, source, now=world.time(), actor="test")


def test_a_mark_waits_for_the_translation_under_way(world: World) -> None:
    world.source.put("1")
    world.run("pull")
    marking = threading.Thread(target=mark, args=(world, "LK1"))
    with world.store.database.write() as connection:
        connection.execute(update(encounters).values(fence=encounters.c.fence + 1))
        marking.start()
        marking.join(0.5)
        assert marking.is_alive()
    marking.join(30)
    assert not marking.is_alive()
    world.run()
    assert (world.dossier("LK1")["state"], world.gateway.calls) == ("skipped", 0)


def test_a_signer_at_work_on_a_marked_dossier_gives_way(world: World) -> None:
    world.source.put("1")
    world.run("pull", "translate", "check")
    claimed = world.store.outbox.claim(
        Stage.SIGN, FACILITY, owner="other", limit=1, now=world.time(), lease=timedelta(minutes=5)
    )
    mark(world, "LK1")
    with pytest.raises(LeaseLost):
        world.store.outbox.signed(claimed[0], b"<x/>", "0" * 64, "0A", now=world.time(), actor="other")
    assert world.dossier("LK1")["state"] == "skipped"


def test_what_is_on_its_way_is_never_marked(world: World) -> None:
    world.source.put("1")
    world.run("pull", "translate", "check", "sign")
    world.store.outbox.claim(Stage.SEND, FACILITY, owner="other", limit=1, now=world.time(), lease=timedelta(minutes=5))
    source = Source("sent", "list.xlsx", "0" * 64, 1, world.time())
    done = world.store.elsewhere.mark(FACILITY, ["LK1"], source, now=world.time(), actor="test")
    assert (done.marked, done.ours) == (0, (("LK1", "sending"),))
    assert world.dossier("LK1")["state"] == "sending"


def test_the_name_of_a_list_and_its_keys_are_not_readable_on_disk(tmp_path: Path) -> None:
    with Store.open(f"sqlite:///{tmp_path / 'state.db'}", vault()) as store:
        source = Source("sent", "Nguyen-Van-A.xlsx", "0" * 64, 1, store.clock())
        store.elsewhere.mark(FACILITY, ["LK-RIENG"], source, now=store.clock(), actor="test")
    kept = b"".join(path.read_bytes() for path in tmp_path.glob("state.db*"))
    assert b"Nguyen-Van-A" not in kept
    assert b"LK-RIENG" not in kept


def test_a_store_of_the_first_step_comes_along(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'state.db'}"
    database = Database(url)
    with database.write() as connection:
        config = Config()
        config.set_main_option("script_location", str(Path(migrations.__file__).parent))
        config.attributes["connection"] = connection
        command.upgrade(config, "0001")
    database.close()
    with Store.open(url, vault()) as store:
        assert store.elsewhere.imports() == []
        with store.database.read() as connection:
            assert migrations.version_of(connection) == migrations.HEAD


def test_the_steps_make_exactly_the_tables_of_the_code(tmp_path: Path) -> None:
    with Store.open(f"sqlite:///{tmp_path / 'state.db'}", vault()) as store, store.database.read() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []
