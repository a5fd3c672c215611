"""A backup made under load holds one consistent picture and no secret; restoring it sends nothing by itself."""

from __future__ import annotations

import shutil
import tarfile
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from adapter.backup import make_backup, restore_backup
from adapter.errors import ConfigError, VaultError
from adapter.pipeline.flow import DOSSIER
from adapter.settings import Settings, load_settings
from adapter.store import Store
from adapter.vault import Vault
from tests.support.pipeline_world import FACILITY, Time, World
from tests.support.postgres import new_database, postgres_server

__all__ = ["postgres_server"]

CONFIG = """
store: {{url: "{url}"}}
facilities:
  - {{code: "01999", account: 01999_BV, password_file: gateway.pass, mapping: demo-his-b, source: {{url: "sqlite:///his.db"}}}}
"""


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.needs("postgres"))])
def urls(request: pytest.FixtureRequest) -> tuple[str, str]:
    """Where a store lives, and an empty place of the same kind."""
    if request.param == "sqlite":
        return "sqlite:///state.db", "sqlite:///state.db"
    server = request.getfixturevalue("postgres_server")
    return new_database(server), new_database(server)


@pytest.fixture
def work(tmp_path: Path, urls: tuple[str, str]) -> Path:
    folder = tmp_path / "work"
    (folder / "mappings" / "ours").mkdir(parents=True)
    (folder / "config.yaml").write_text(CONFIG.format(url=urls[0]), encoding="utf-8")
    (folder / "mappings" / "ours" / "mapping.yaml").write_text("mapping: ours\n", encoding="utf-8")
    for secret in ("gateway.pass", "facility.p12", "api.key"):
        (folder / secret).write_text("TOP SECRET", encoding="utf-8")
    return folder


@pytest.fixture
def settings(work: Path) -> Settings:
    return load_settings(workdir=work)


@pytest.fixture
def world(work: Path, settings: Settings) -> Iterator[World]:
    time = Time()
    vault = Vault.open(work / "vault.key", create=True)
    with Store.open(settings.store_url(), vault, time) as store:
        yield World(store, time)


def place(tmp_path: Path, work: Path, url: str) -> Path:
    """An empty place that holds the key, brought there another way."""
    target = tmp_path / "again"
    target.mkdir()
    shutil.copy(work / "vault.key", target)
    if url.startswith("postgres"):
        (target / "config.yaml").write_text(CONFIG.format(url=url), encoding="utf-8")
    return target


def test_a_backup_made_under_load_comes_back_whole_and_waits_for_a_person(
    tmp_path: Path, work: Path, settings: Settings, world: World, urls: tuple[str, str]
) -> None:
    for key in range(20):
        world.source.put(f"A{key:02}")
    world.run()
    done = threading.Event()

    def go_on() -> None:
        for key in range(60):
            world.source.put(f"B{key:02}")
            world.run()
        done.set()

    worker = threading.Thread(target=go_on)
    worker.start()
    backup = tmp_path / "backup.tar"
    try:
        manifest = make_backup(settings, world.store, backup)
    finally:
        worker.join()
    assert done.is_set()
    assert manifest.vault_key == world.store.vault.key_id

    restored = restore_backup(backup, place(tmp_path, work, urls[1]), actor="test")
    assert restored.conserved
    assert 20 <= sum(restored.dossiers.values()) <= 80
    assert restored.stopped == (FACILITY,)
    again = load_settings(workdir=tmp_path / "again")
    with Store.open(again.store_url(), Vault.open(tmp_path / "again" / "vault.key")) as store:
        gate = store.gates.closed(FACILITY, DOSSIER, world.time())
        assert gate is not None
        assert gate.kind == "stop"
        shown = store.queries.list(ma_lk="LKA00")
        assert shown[0]["state"] == "accepted"
    assert (tmp_path / "again" / "mappings" / "ours" / "mapping.yaml").is_file()


def test_no_key_and_no_password_is_in_a_backup(tmp_path: Path, work: Path, settings: Settings, world: World) -> None:
    world.source.put("1", name="NGUYEN VAN BI MAT")
    world.run()
    backup = tmp_path / "backup.tar"
    make_backup(settings, world.store, backup)
    whole = backup.read_bytes()
    assert b"TOP SECRET" not in whole
    assert b"BI MAT" not in whole
    for line in (work / "vault.key").read_text(encoding="ascii").splitlines()[1:]:
        assert line.split()[-1].encode() not in whole
    with tarfile.open(backup) as archive:
        assert not {name for name in archive.getnames() if name.endswith((".key", ".pass", ".p12"))}


def test_a_foreign_key_a_damaged_file_and_a_full_place_are_refused(
    tmp_path: Path, work: Path, settings: Settings, world: World, urls: tuple[str, str]
) -> None:
    world.source.put("1")
    world.run()
    backup = tmp_path / "backup.tar"
    make_backup(settings, world.store, backup)
    with pytest.raises(ConfigError, match="exists"):
        make_backup(settings, world.store, backup)

    empty = tmp_path / "empty"
    empty.mkdir()
    with pytest.raises(ConfigError, match="vault's key file is absent"):
        restore_backup(backup, empty, actor="test")
    Vault.open(empty / "vault.key", create=True)
    with pytest.raises(VaultError, match="not this backup's"):
        restore_backup(backup, empty, actor="test")

    with pytest.raises(ConfigError, match="not overwritten"):
        restore_backup(backup, work, actor="test")

    for broken in (
        backup.read_bytes()[:-40_000],
        backup.read_bytes().replace(b"mapping: ours", b"mapping: evil"),
        b"x",
    ):
        damaged = tmp_path / "damaged.tar"
        damaged.write_bytes(broken)
        target = tmp_path / f"t{len(broken)}"
        target.mkdir()
        shutil.copy(work / "vault.key", target)
        with pytest.raises(ConfigError, match="not a backup"):
            restore_backup(damaged, target, actor="test")
