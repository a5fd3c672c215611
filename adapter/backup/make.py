"""Make a backup of a store that is being written to: one consistent picture, whatever the workers do meanwhile."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import tarfile
import tempfile
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from urllib.parse import unquote

from sqlalchemy.engine import URL, make_url

from adapter import __version__
from adapter.backup.manifest import DUMP, NAME, STORE, Manifest, digest_of
from adapter.errors import ConfigError, StoreBusy
from adapter.settings import Settings
from adapter.store import Store, migrations

_BESIDE = ("config.yaml", "mappings", "rules.local.yaml", "submissions")
"""What of the workdir goes along: no key, no password, no certificate, no HIS."""


def make_backup(settings: Settings, store: Store, target: Path) -> Manifest:
    """Write ``target`` (a tar file; absent before). Workers go on meanwhile.

    Raises ConfigError for a target that exists, or when PostgreSQL's own tools are absent;
    StoreBusy when the database does not answer.
    """
    if target.exists():
        raise ConfigError(
            "Tệp sao lưu đã có; không ghi đè", "The backup exists; it is not overwritten", tried=[str(target)]
        )
    with tempfile.TemporaryDirectory(prefix="bhyt-backup-", dir=target.resolve().parent) as folder:
        work = Path(folder)
        if store.database.is_postgres:
            kind, copied = "postgresql", work / DUMP
            _dump_postgres(make_url(store.database.url), copied)
        else:
            kind, copied = "sqlite", work / STORE
            _copy_sqlite(make_url(store.database.url), copied)
        members = {copied.name: copied, **_beside(settings)}
        summary = store.balance.summary()
        manifest = Manifest(
            made_at=store.clock(),
            program=__version__,
            migration=migrations.HEAD,
            kind=kind,
            vault_key=store.vault.key_id,
            conserved=summary["conserved"],
            dossiers=summary["dossiers"],
            members={name: digest_of(path) for name, path in members.items()},
        )
        (work / NAME).write_text(manifest.model_dump_json(indent=1), encoding="utf-8")
        unfinished = work / "backup.tar"
        with tarfile.open(unfinished, "w") as archive:
            archive.add(work / NAME, NAME)
            for name, path in members.items():
                archive.add(path, name)
        unfinished.chmod(0o600)
        unfinished.replace(target)  # whole or not at all
    return manifest


def _copy_sqlite(url: URL, target: Path) -> None:
    try:
        with (
            closing(sqlite3.connect(f"file:{url.database}?mode=ro", uri=True, timeout=60)) as source,
            closing(sqlite3.connect(target)) as copy,
        ):
            source.backup(copy, pages=4096, sleep=0.01)
            copy.execute("PRAGMA journal_mode=DELETE")
            verdict = copy.execute("PRAGMA quick_check").fetchone()[0]
    except sqlite3.Error as error:
        raise _failed(type(error).__name__) from error
    if verdict != "ok":
        raise _failed("quick_check")


def _dump_postgres(url: URL, target: Path) -> None:
    run_postgres(["pg_dump", "--format=custom", "--no-owner", "--no-privileges", f"--file={target}"], url)


def run_postgres(command: list[str], url: URL) -> None:
    """One of PostgreSQL's own tools on this database; its password travels in the environment, never on the line."""
    if shutil.which(command[0]) is None:
        raise ConfigError(
            f"Máy này chưa có {command[0]}",
            f"{command[0]} is not installed on this machine",
            hint_vi="cài gói postgresql-client cùng phiên bản với máy chủ",
            hint_en="install postgresql-client of the server's version",
        )
    done = subprocess.run(  # noqa: S603 -- a fixed tool, arguments of our own
        [*command, f"--dbname={url.database}"], env=_connection(url), capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        # The tool's own words may name rows; its first line says what kind of trouble it was.
        raise _failed(f"{command[0]}: {(done.stderr.strip().splitlines() or ['?'])[0][:200]}")


def _connection(url: URL) -> Mapping[str, str]:
    query = {name: str(value) for name, value in url.query.items()}
    given = {
        "PGHOST": unquote(query.get("host", "")) or url.host,
        "PGPORT": query.get("port") or (str(url.port) if url.port else None),
        "PGUSER": url.username,
        "PGPASSWORD": url.password,
        "PGSSLMODE": query.get("sslmode"),
        "PGSSLROOTCERT": query.get("sslrootcert"),
    }
    return {**os.environ, **{name: str(value) for name, value in given.items() if value}}


def _beside(settings: Settings) -> dict[str, Path]:
    found: dict[str, Path] = {}
    for name in _BESIDE:
        place = settings.workdir / name
        if place.is_file():
            found[name] = place
        elif place.is_dir():
            found |= {str(p.relative_to(settings.workdir)): p for p in sorted(place.rglob("*")) if p.is_file()}
    return found


def _failed(what: str) -> StoreBusy:
    return StoreBusy(
        f"Không sao lưu được ({what})",
        f"The backup failed ({what})",
        hint_vi="chưa có gì bị thay đổi; kiểm tra dung lượng đĩa và cơ sở dữ liệu rồi chạy lại",
        hint_en="nothing was changed; check disk space and the database, then run it again",
    )
