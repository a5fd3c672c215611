"""Restore into an empty place, and keep every facility from sending until a person has looked at the portal.

What was accepted after the backup was made is not known to it: sent again without a look, the
gateway would hold a second content. So the stop switch is closed for each facility.
"""

from __future__ import annotations

import shutil
import tarfile
import tempfile
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from sqlalchemy import inspect
from sqlalchemy.engine import make_url

from adapter.backup.make import run_postgres
from adapter.backup.manifest import DUMP, STORE, Manifest, digest_of, not_a_backup, read_manifest
from adapter.clock import VIETNAM, Clock, system_clock
from adapter.errors import ConfigError, VaultError
from adapter.pipeline.flow import stop
from adapter.settings import Settings, load_settings
from adapter.store import Store, migrations
from adapter.store.tables.database import Database
from adapter.vault import Vault
from adapter.vault.opening import open_vault


@dataclass(frozen=True, slots=True)
class Restored:
    """What came back. ``stopped``: facilities whose sending waits for ``bhyt gateway go``."""

    manifest: Manifest
    conserved: bool
    dossiers: dict[str, int]
    stopped: tuple[str, ...]


def restore_backup(source: Path, workdir: Path, *, actor: str, clock: Clock = system_clock) -> Restored:
    """Put a backup into ``workdir``, which holds its ``vault.key`` and no store yet.

    An existing ``config.yaml`` stays (on PostgreSQL it names the empty database to fill); otherwise the
    backup's is used. Raises ConfigError when the place is not empty, the backup is damaged or newer than this
    program, VaultError when the key is not the backup's.
    """
    workdir.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".bhyt-restore-", dir=workdir) as folder:
        unpacked = Path(folder)
        manifest = _unpack(source, unpacked)
        _require_known(manifest)
        for name in manifest.members:
            target = workdir / name
            if name not in (STORE, DUMP) and not target.exists():
                target.parent.mkdir(parents=True, exist_ok=True)
                (unpacked / name).rename(target)
        settings = load_settings(workdir=workdir)
        vault = _vault(settings, manifest)
        _fill(settings, manifest, unpacked)
    with Store.open(settings.store_url(), vault, clock) as store:
        made = manifest.made_at.astimezone(VIETNAM).strftime("%d/%m/%Y %H:%M")
        for facility in settings.facilities:
            stop(store, facility.code, reason=f"restored from the backup of {made}", actor=actor, clock=clock)
        summary = store.balance.summary()
    return Restored(manifest, summary["conserved"], summary["dossiers"], tuple(one.code for one in settings.facilities))


def _unpack(source: Path, folder: Path) -> Manifest:
    try:
        with tarfile.open(source) as archive:
            manifest = read_manifest(archive, source)
            for name in manifest.members:
                _take_out(archive, name, folder)
    except (OSError, KeyError, tarfile.TarError) as error:
        raise not_a_backup(source) from error
    for name, sha256 in manifest.members.items():
        if digest_of(folder / name) != sha256:
            raise not_a_backup(source)
    return manifest


def _take_out(archive: tarfile.TarFile, name: str, folder: Path) -> None:
    """One file of the archive below ``folder``. Raises KeyError for what is no plain file, or would lie elsewhere."""
    member = archive.getmember(name)
    content, path = archive.extractfile(member), PurePosixPath(name)
    if content is None or not member.isfile() or path.is_absolute() or ".." in path.parts:
        raise KeyError(name)
    target = folder / path
    target.parent.mkdir(parents=True, exist_ok=True)
    with content, target.open("wb") as file:
        shutil.copyfileobj(content, file)
    target.chmod(member.mode & 0o644 | 0o600)


def _require_known(manifest: Manifest) -> None:
    if manifest.migration > migrations.HEAD:
        raise ConfigError(
            f"Bản sao lưu của phiên bản mới hơn ({manifest.program})",
            f"The backup was made by a newer program ({manifest.program})",
            hint_vi="cài phiên bản ấy hoặc mới hơn rồi khôi phục",
            hint_en="install that version or a newer one, then restore",
        )


def _vault(settings: Settings, manifest: Manifest) -> Vault:
    vault = open_vault(settings, create=False)
    if not vault.knows(manifest.vault_key):
        raise VaultError(
            "Tệp khóa không phải của bản sao lưu này",
            "The key file is not this backup's",
            hint_vi=f"cần khóa có mã {manifest.vault_key}",
            hint_en=f"the key with id {manifest.vault_key} is needed",
        )
    return vault


def _fill(settings: Settings, manifest: Manifest, unpacked: Path) -> None:
    url = make_url(settings.store_url())
    kind = "sqlite" if url.get_backend_name() == "sqlite" else "postgresql"
    if kind != manifest.kind:
        raise ConfigError(
            f"Bản sao lưu là của {manifest.kind}, store.url là {kind}",
            f"The backup is one of {manifest.kind}, store.url names {kind}",
        )
    if kind == "sqlite":
        target = Path(str(url.database))
        if target.exists():
            raise _not_empty(str(target))
        (unpacked / STORE).replace(target)
        return
    database = Database(settings.store_url())
    try:
        with database.read() as connection:
            if inspect(connection).get_table_names():
                raise _not_empty(str(url.database))
    finally:
        database.close()
    run_postgres(
        ["pg_restore", "--no-owner", "--no-privileges", "--exit-on-error", str(unpacked / DUMP)], make_url(database.url)
    )


def _not_empty(what: str) -> ConfigError:
    return ConfigError(
        "Nơi khôi phục đã có dữ liệu; không ghi đè",
        "There is data where the backup would go; it is not overwritten",
        tried=[what],
        hint_vi="khôi phục vào thư mục mới hoặc cơ sở dữ liệu trống",
        hint_en="restore into a new folder, or an empty database",
    )
