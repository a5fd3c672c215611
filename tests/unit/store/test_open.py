"""Opening a store: any number of processes at once, the right vault, the tables the code names."""

from __future__ import annotations

import multiprocessing
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import text

from adapter.errors import ConfigError, StoreBusy, VaultError
from adapter.store import Store, migrations
from adapter.store.tables.database import Database
from adapter.store.tables.schema import metadata
from adapter.vault import Vault
from tests.support.pipeline_world import vault
from tests.support.postgres import new_database


def _open(url: str) -> str:
    with Store.open(url, vault()) as store, store.database.read() as connection:
        return migrations.version_of(connection) or ""


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.needs("postgres"))])
def bare_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A database without any table."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'new.db'}"
    return new_database(request.getfixturevalue("postgres_server"))


def test_processes_that_open_an_empty_store_together_all_find_the_newest_tables(bare_url: str) -> None:
    with multiprocessing.get_context("spawn").Pool(3) as pool:
        assert pool.map(_open, [bare_url] * 6, chunksize=1) == [migrations.HEAD] * 6


def test_the_history_of_migrations_ends_in_the_tables_the_code_names(bare_url: str) -> None:
    Store.open(bare_url, vault()).close()
    database = Database(bare_url)
    with database.write() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": False})
        difference = compare_metadata(context, metadata)
    database.close()
    assert difference == []


def test_a_migration_that_fails_leaves_the_store_as_it_was(bare_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    original = migrations.upgrade

    def torn(connection: object) -> None:
        original(connection)  # type: ignore[arg-type]
        raise KeyboardInterrupt

    monkeypatch.setattr(migrations, "upgrade", torn)
    with pytest.raises(KeyboardInterrupt):
        Store.open(bare_url, vault())
    monkeypatch.undo()
    database = Database(bare_url)
    with database.read() as connection:
        assert migrations.version_of(connection) is None
    database.close()
    assert _open(bare_url) == migrations.HEAD


def test_a_store_of_a_newer_program_is_refused(store_url: str) -> None:
    database = Database(store_url)
    with database.write() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    database.close()
    with pytest.raises(ConfigError, match="9999"):
        Store.open(store_url, vault())


def test_a_store_remembers_its_vault(store_url: str) -> None:
    Store.open(store_url, vault()).close()
    with pytest.raises(VaultError, match=r"vault\.key_file"):
        Store.open(store_url, Vault((b"k" * 32,), b"another index key 32 bytes long!"))
    # A new sealing key is a rotation; the index key is what makes it the same vault.
    Store.open(store_url, Vault((b"n" * 32, b"k" * 32), b"i" * 32)).close()


@pytest.mark.parametrize("url", ["mysql://x/y", "nonsense", "sqlite", "oracle://x"])
def test_an_unusable_url_says_what_to_write(url: str) -> None:
    with pytest.raises(ConfigError, match=r"store\.url"):
        Store.open(url, vault())


def test_a_server_that_is_away_is_busy_and_never_tells_a_password() -> None:
    with pytest.raises(StoreBusy) as caught:
        Store.open("postgresql://bhyt:topsecret@127.0.0.1:1/nowhere", vault())
    assert "topsecret" not in str(caught.value)


def test_sqlite_is_opened_for_durability(tmp_path: Path) -> None:
    with Store.open(f"sqlite:///{tmp_path / 's.db'}", vault()) as store, store.database.read() as connection:
        assert connection.exec_driver_sql("PRAGMA journal_mode").scalar_one() == "wal"
        assert connection.exec_driver_sql("PRAGMA synchronous").scalar_one() == 2  # FULL
        assert connection.exec_driver_sql("PRAGMA wal_autocheckpoint").scalar_one() == 8000
        assert connection.exec_driver_sql("PRAGMA foreign_keys").scalar_one() == 1


def test_nothing_that_names_a_patient_stands_readable_in_the_database(tmp_path: Path) -> None:
    from tests.support.pipeline_world import Time, World

    path = tmp_path / "state.db"
    with Store.open(f"sqlite:///{path}", vault()) as store:
        world = World(store, Time())
        world.source.put(
            "KEY-77", ma_lk="SECRET-LK-9", name="Đoàn Thị Bí Mật", rule="R-1", due="claim checkin:first_cost"
        )
        world.run()
        assert world.dossier("SECRET-LK-9")["state"] == "blocked"
        assert len(store.queries.list(text="bi mat doan")) == 2
        assert store.queries.list(text="bi mat tran") == []
    raw = b"".join(p.read_bytes() for p in tmp_path.iterdir())
    for secret in ("SECRET-LK-9", "Bí Mật", "KEY-77", "DOAN"):
        assert secret.encode() not in raw
