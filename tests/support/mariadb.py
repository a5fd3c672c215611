"""A real MariaDB of our own, in a temporary folder, for as long as the test run lasts.

Every worker of xdist starts its own server, without a port: it listens on a socket in its folder.
"""

from __future__ import annotations

import itertools
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text

_numbers = itertools.count(1)


@contextmanager
def running_server() -> Iterator[str]:
    """A fresh data folder, tuned for tests; gives the URL of its database ``mysql``."""
    folder = Path(tempfile.mkdtemp(prefix="bhyt-maria-"))
    data, socket = folder / "data", folder / "s"
    user = ["--user=root"] if os.geteuid() == 0 else []
    quick = ["--no-defaults", f"--datadir={data}", "--innodb-log-file-size=8M", *user]
    try:
        made = subprocess.run(
            ["mariadb-install-db", *quick, "--auth-root-authentication-method=normal", "--skip-test-db"],
            check=False, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        )  # fmt: skip
        if made.returncode != 0:
            raise RuntimeError(f"mariadb-install-db failed: {made.stdout[-2000:]}")
        with (folder / "log").open("w") as log:
            server = subprocess.Popen(
                ["mariadbd", *quick, f"--socket={socket}", "--skip-networking", f"--pid-file={folder / 'pid'}",
                 "--innodb-buffer-pool-size=64M", "--innodb-flush-log-at-trx-commit=0", "--skip-log-bin"],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log,
            )  # fmt: skip
        url = f"mariadb+pymysql://root@localhost/mysql?unix_socket={socket}&charset=utf8mb4"
        try:
            _wait(server, folder / "log")
            yield url
        finally:
            server.kill()
            server.wait()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _wait(server: subprocess.Popen[bytes], log: Path) -> None:
    for _ in range(1200):
        said = log.read_text(errors="replace")
        if "ready for connections" in said:
            return
        if server.poll() is not None:
            break
        time.sleep(0.05)
    raise RuntimeError(f"MariaDB did not start: {log.read_text(errors='replace')[-2000:]}")


def new_database(server: str) -> str:
    """An empty database on a running server; gives its URL."""
    name = f"t{next(_numbers)}_{os.getpid()}"
    engine = create_engine(server, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name} CHARACTER SET utf8mb4"))
    engine.dispose()
    return server.replace("/mysql?", f"/{name}?")


@pytest.fixture(scope="session")
def mariadb_server() -> Iterator[str]:
    """URL of a server that lives as long as the test session."""
    with running_server() as url:
        yield url


@pytest.fixture
def mariadb_url(mariadb_server: str) -> str:
    """URL of an empty database of its own for one test."""
    return new_database(mariadb_server)
