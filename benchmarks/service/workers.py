"""Two worker processes on one PostgreSQL against one: encounters that are read already, mapped, checked and signed.

Reading is done before and sending is off (the facility is in shadow), so that only what workers share is measured.
Each run begins on a copy of the same database. The server keeps its promises (fsync on) and works on the same cores:
its share of the processor is told, because what it takes no worker can have.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import yaml
from sqlalchemy import func, select
from sqlalchemy.engine import make_url

from adapter.engine.installation import open_installation
from adapter.settings import load_settings
from adapter.store.tables.database import Database
from adapter.store.tables.schema import revisions
from benchmarks.bar import Bar
from benchmarks.line.work import clock, configure
from benchmarks.service.processes import family, spent
from tests.support.postgres import new_database, running_server

_DOSSIERS = 1_000
_ROUNDS = 2
_LIMIT = 600.0


@dataclass(frozen=True, slots=True)
class Run:
    """What some workers did: dossiers a second by the clock, processor seconds of theirs and of the server."""

    rate: float
    workers: float
    server: float


def worker_bars(dossiers: int = _DOSSIERS, rounds: int = _ROUNDS) -> list[Bar]:
    """How much more two do than one, and who had the processor."""
    with tempfile.TemporaryDirectory(prefix="bhyt-bench-") as name, running_server(durable=True) as server:
        folder = Path(name)
        read = _read(folder, server, dossiers)
        runs = {count: [_run(folder, server, read, dossiers, count) for _ in range(rounds)] for count in (1, 2)}
    more = median(two.rate / one.rate for one, two in zip(runs[1], runs[2], strict=True))
    share = median(one.server / (one.server + one.workers) for one in runs[2])
    each = f"dossiers/s by the clock, {dossiers} dossiers (no bar)"
    return [
        Bar("workers.two_against_one", more, 1.5, "× the dossiers a second of one worker, PostgreSQL"),
        Bar("workers.one", median(one.rate for one in runs[1]), 0, each),
        Bar("workers.two", median(one.rate for one in runs[2]), 0, each),
        Bar("workers.server_share", share, 0, "of the processor was the server's, two workers (no bar)"),
    ]


def _read(folder: Path, server: str, dossiers: int) -> str:
    """A database whose encounters are read and wait to be mapped; its name."""
    url = new_database(server)
    configure(folder, encounters=dossiers)
    file = folder / "config.yaml"
    document = yaml.safe_load(file.read_text(encoding="utf-8"))
    document["facilities"][0]["mode"] = "shadow"
    document["store"] = {"url": url}
    document["schedule"] = {"pull": 86_400}
    document["engine"] = {"processes": 1}  # a worker is one process here, or one alone would have both cores
    file.write_text(yaml.safe_dump(document), encoding="utf-8")
    with open_installation(load_settings(workdir=folder), clock) as installation:
        (line,) = installation.lines
        result = line.run("pull")
        if result.failures:
            raise result.failures[0]
        assert result.done == dossiers, result
    return str(make_url(url).database)


def _run(folder: Path, server: str, read: str, dossiers: int, count: int) -> Run:
    """From the first dossier mapped to the last one signed."""
    url = new_database(server, template=read)
    database = Database(url)
    with ExitStack() as stack:
        stack.callback(database.close)
        workers = [stack.enter_context(_worker(folder, url, number)) for number in range(count)]
        serving = postmaster(url)
        _until(lambda: _made(database) > 0, workers, folder)
        began, before, before_server = time.perf_counter(), _spent(workers), spent(family(serving))
        done_before = _made(database)
        _until(lambda: _made(database, "signed") == dossiers, workers, folder)
        seconds = time.perf_counter() - began
        assert done_before < dossiers / 4, "the workers were quicker than whoever watched them"
        return Run(dossiers / seconds, _spent(workers) - before, spent(family(serving)) - before_server)


@contextmanager
def _worker(folder: Path, url: str, number: int) -> Iterator[subprocess.Popen[bytes]]:
    with (folder / f"worker-{number}.log").open("ab") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.service.worker", str(folder)],
            env={**os.environ, "BHYT_STORE__URL": url},
            stdout=log,
            stderr=log,
        )
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(60)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _until(done: Callable[[], bool], workers: Sequence[subprocess.Popen[bytes]], folder: Path) -> None:
    deadline = time.monotonic() + _LIMIT
    while not done():
        if time.monotonic() > deadline or any(worker.poll() is not None for worker in workers):
            told = "".join(log.read_text(encoding="utf-8")[-1500:] for log in folder.glob("worker-*.log"))
            raise RuntimeError(f"the workers did not come to an end:\n{told}")
        time.sleep(0.05)


def _made(database: Database, state: str | None = None) -> int:
    query = select(func.count()).select_from(revisions)
    if state is not None:
        query = query.where(revisions.c.state == state)
    with database.read() as connection:
        return int(connection.execute(query).scalar_one())


def postmaster(url: str) -> int:
    """The server's first process: its file of that name lies beside its socket."""
    folder = Path(str(make_url(url).query["host"]))
    return int((folder / "data" / "postmaster.pid").read_text(encoding="utf-8").split()[0])


def _spent(workers: Sequence[subprocess.Popen[bytes]]) -> float:
    return sum(spent(family(worker.pid)) for worker in workers)
