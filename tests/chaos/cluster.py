"""Three workers on PostgreSQL, two of them killed and one cut off from the database, in turn, until all is accepted.

``python -m tests.chaos.cluster --dossiers 5000`` (``make cluster``); ``make test`` runs a small one.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sqlalchemy.engine import make_url

from adapter.engine.opening import open_store
from adapter.settings import load_settings
from adapter.store import Store
from tests.chaos.checker import judge
from tests.chaos.harness import Storm
from tests.support.cut_proxy import CutProxy, cut_proxy
from tests.support.postgres import new_database, running_server

_WORKERS = 3
_DONE = ("accepted", "blocked", "skipped")


@dataclass
class Cluster(Storm):
    """``cuts``: how often each of the three misfortunes comes round."""

    rounds: int = 1
    seconds_limit: float = 3600
    happened: list[str] = field(default_factory=list)

    def run(self) -> dict[str, Any]:
        """Prepare, disturb, wait for the end, judge."""
        started = time.monotonic()
        settings = self._prepare()
        url = make_url(str(self.store_url))
        socket = f"{url.query['host']}/.s.PGSQL.5432"
        with open_store(settings):
            pass  # the tables are there before three programs begin
        with ExitStack() as stack:
            stack.enter_context(self._gateway(settings))
            proxies = [stack.enter_context(cut_proxy(socket)) for _ in range(_WORKERS)]
            through = [
                url.set(host="127.0.0.1", port=proxy.port, query={}).render_as_string(hide_password=False)
                for proxy in proxies
            ]
            workers = [self._start(place, number) for number, place in enumerate(through)]
            try:
                with open_store(settings) as store:
                    self._disturb(store, workers, proxies, through)
                    finished = self._wait(store, workers)
            finally:
                for worker in workers:
                    worker.terminate()
                codes = [_end(worker) for worker in workers]
            found = judge(load_settings(workdir=self.workdir), self.workdir / "gateway.db")
        return {
            "finished": finished,
            "happened": self.happened,
            "stopped_with": codes,
            **found.to_dict(),
            "seconds": round(time.monotonic() - started, 1),
        }

    def _start(self, url: str, number: int) -> subprocess.Popen[bytes]:
        with (self.workdir / f"worker-{number}.log").open("ab") as log:
            return subprocess.Popen(
                [sys.executable, "-m", "adapter.cli.main", "worker", "--workdir", str(self.workdir)],
                env={**os.environ, "BHYT_STORE__URL": url, "BHYT_SCHEDULE__PULL": "5"},
                stdout=log,
                stderr=log,
            )

    def _disturb(
        self, store: Store, workers: list[subprocess.Popen[bytes]], proxies: list[CutProxy], through: list[str]
    ) -> None:
        expected = self.dossiers
        for turn in range(self.rounds):
            for step in range(_WORKERS):
                # Spread over the whole run, so that each misfortune meets a cluster at work.
                share = (turn * _WORKERS + step + 1) / (self.rounds * _WORKERS + 2)
                self._until(store, int(expected * share))
                if step < _WORKERS - 1:
                    workers[step].kill()
                    workers[step].wait()
                    self.happened.append(f"killed {step + 1} at {_accepted(store)}")
                    time.sleep(2)
                    workers[step] = self._start(through[step], step)
                else:
                    proxies[step].cut()
                    self.happened.append(f"cut off {step + 1} at {_accepted(store)}")
                    time.sleep(8)
                    proxies[step].mend()
                self.say(self.happened[-1])

    def _until(self, store: Store, count: int) -> None:
        deadline = time.monotonic() + self.seconds_limit
        while _accepted(store) < count and time.monotonic() < deadline and _open(store):
            time.sleep(0.3)

    def _wait(self, store: Store, workers: list[subprocess.Popen[bytes]]) -> bool:
        deadline = time.monotonic() + self.seconds_limit
        quiet = 0
        while time.monotonic() < deadline:
            quiet = 0 if _open(store) else quiet + 1
            if quiet >= 3:
                return True
            if any(worker.poll() is not None for worker in workers):
                raise RuntimeError(f"a worker ended by itself, see {self.workdir}")
            time.sleep(1.0)
        return False


def _end(worker: subprocess.Popen[bytes]) -> int:
    try:
        return worker.wait(40)
    except subprocess.TimeoutExpired:
        worker.kill()
        return worker.wait()


def _accepted(store: Store) -> int:
    summary = store.balance.summary()
    return sum(int(summary[group]["accepted"]) for group in ("dossiers", "checkins"))


def _open(store: Store) -> bool:
    """Whether something may still move by itself."""
    summary = store.balance.summary()
    if not summary["encounters_read"]:
        return True
    with store.database.read() as connection:
        waiting = connection.exec_driver_sql("SELECT count(*) FROM encounters WHERE pending").scalar_one()
    moving = sum(int(summary[g][s]) for g in ("dossiers", "checkins") for s in ("waiting", "unknown", "refused"))
    return bool(waiting or moving)


def storm(workdir: Path, server: str, *, dossiers: int, rounds: int, say: Callable[[str], None]) -> dict[str, Any]:
    """One run on a fresh database of this server."""
    return Cluster(workdir, 1, dossiers, 0, new_database(server), say, fault_rate=0.0, rounds=rounds).run()


def main() -> int:
    """Run and print one JSON line; exit 1 unless all was accepted, once."""
    parser = argparse.ArgumentParser(prog="make cluster ARGS=…", description=__doc__)
    parser.add_argument("--dossiers", type=int, default=5000)
    parser.add_argument("--rounds", type=int, default=2, help="how often each worker meets its misfortune")
    parser.add_argument("--keep", type=Path, help="work here and keep everything")
    asked = parser.parse_args()
    workdir = asked.keep or Path(tempfile.mkdtemp(prefix="bhyt-cluster-"))
    try:
        with running_server() as server:
            report = storm(workdir, server, dossiers=asked.dossiers, rounds=asked.rounds,
                           say=lambda line: print(line, file=sys.stderr, flush=True))  # fmt: skip
    finally:
        if asked.keep is None:
            shutil.rmtree(workdir, ignore_errors=True)
    print(json.dumps(report, ensure_ascii=False))
    return 0 if passed(report) else 1


def passed(report: dict[str, Any]) -> bool:
    """Everything finished; nothing lost, doubled or out of order; both equations hold."""
    wrong = report["lost"] or report["doubled"] or report["order_breaks"] or not report["conserved"]
    return bool(report["finished"]) and not wrong and set(report["states"]) <= set(_DONE)


if __name__ == "__main__":
    sys.exit(main())
