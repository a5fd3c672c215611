"""A real PostgreSQL of our own, in a temporary folder, for as long as the test run lasts.

Give a module ``pytest_plugins`` no more than this: import the fixtures it needs. Every worker
of xdist starts its own server, without a port: it listens on a socket in its folder.
"""

from __future__ import annotations

import itertools
import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.engine import make_url

from adapter.store.migrations import upgrade
from adapter.store.tables.database import Database

_numbers = itertools.count(1)


def binaries() -> Path:
    """The folder with ``initdb`` and ``postgres``; the newest version when there are several."""
    if found := shutil.which("initdb"):
        return Path(found).resolve().parent
    installed = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda p: int(p.parts[-3].split(".")[0]))
    if not installed:
        raise FileNotFoundError("PostgreSQL's initdb is not installed: apt-get install postgresql")
    return installed[-1].parent


@contextmanager
def running_server(*, durable: bool = False) -> Iterator[str]:
    """A fresh cluster; gives the URL of its database ``postgres``.

    It is tuned for tests, which lose nothing with the machine's power. ``durable``: every commit reaches the disk, as
    in an installation.
    """
    folder = Path(tempfile.mkdtemp(prefix="bhyt-pg-"))
    # The server refuses to run as root; Debian's package brings a user for it.
    user = "postgres" if os.geteuid() == 0 else None
    if user is not None:
        os.chown(folder, pwd.getpwnam(user).pw_uid, pwd.getpwnam(user).pw_gid)
    data = folder / "data"

    def run(*command: str) -> None:
        subprocess.run(  # output only matters when it fails
            command, check=True, user=user, cwd=folder, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, text=True, env={**os.environ, "LC_ALL": "C.UTF-8", "HOME": str(folder)},
        )  # fmt: skip

    bin_ = binaries()
    try:
        run(str(bin_ / "initdb"), "-D", str(data), "-U", "bhyt", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "-N")
        options = f"-c listen_addresses='' -c unix_socket_directories='{folder}' -c max_connections=200"
        if not durable:
            options += " -c fsync=off"
        run(str(bin_ / "pg_ctl"), "-D", str(data), "-o", options, "-l", str(folder / "log"), "-w", "start")
        try:
            yield f"postgresql+psycopg://bhyt@/postgres?host={folder}"
        finally:
            run(str(bin_ / "pg_ctl"), "-D", str(data), "-m", "immediate", "-w", "stop")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def new_database(server: str, template: str = "template0") -> str:
    """An empty database on a running server, or a copy of another one; gives its URL."""
    name = f"t{next(_numbers)}_{os.getpid()}"
    engine = create_engine(server, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(f'CREATE DATABASE "{name}" TEMPLATE "{template}"'))
    engine.dispose()
    return server.replace("/postgres?", f"/{name}?")


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """URL of a server that lives as long as the test session."""
    with running_server() as url:
        yield url


@pytest.fixture
def postgres_url(postgres_server: str) -> str:
    """URL of an empty database of its own for one test."""
    return new_database(postgres_server)


@pytest.fixture(scope="session")
def migrated_postgres(postgres_server: str) -> str:
    """Name of a database with the store's tables, to be copied."""
    url = new_database(postgres_server)
    _migrate(url)
    return str(make_url(url).database)


@pytest.fixture(scope="session")
def migrated_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A SQLite file with the store's tables, to be copied."""
    path = tmp_path_factory.mktemp("store") / "empty.db"
    _migrate(f"sqlite:///{path}")
    return path


def _migrate(url: str) -> None:
    database = Database(url)
    with database.exclusive() as connection:
        upgrade(connection)
    database.close()


@pytest.fixture(
    params=["sqlite", pytest.param("postgres", marks=pytest.mark.needs("postgres"))],
)
def store_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """An empty store's URL, once for SQLite and once for PostgreSQL: the same promises on both."""
    if request.param == "sqlite":
        shutil.copy(request.getfixturevalue("migrated_sqlite"), tmp_path / "state.db")
        return f"sqlite:///{tmp_path / 'state.db'}"
    return new_database(
        request.getfixturevalue("postgres_server"), template=request.getfixturevalue("migrated_postgres")
    )


FIXTURES = ["migrated_postgres", "migrated_sqlite", "postgres_server", "postgres_url", "store_url"]
"""What a conftest imports from here."""
