"""Raises the storm: a demo hospital, the practice gateway with faults, workers killed with -9.

Everything random comes from one seed; what cannot repeat is the timing of the machine itself.
"""

from __future__ import annotations

import multiprocessing
import os
import random
import signal
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

import httpx
import yaml

from adapter.clock import system_clock
from adapter.demo.change import change
from adapter.demo.workdir import prepare
from adapter.engine.installation import open_installation
from adapter.engine.passes import one_pass
from adapter.settings import Settings, load_settings
from tests.chaos.checker import Judgement, judge
from tests.chaos.worker import PLACES, Wound, work

FAULTS: tuple[dict[str, Any], ...] = (
    {"fault": "latency", "seconds": 0.2},
    {"fault": "timeout", "when": "before", "seconds": 2.5},
    {"fault": "timeout", "when": "after", "seconds": 2.5},
    {"fault": "http_error", "status": 502, "when": "before"},
    {"fault": "http_error", "status": 500, "when": "after"},
    {"fault": "html", "when": "before"},
    {"fault": "html", "when": "after"},
    {"fault": "reset", "when": "before"},
    {"fault": "reset", "when": "after"},
    {"fault": "truncated_json"},
    {"fault": "other_message"},
    {"fault": "wrong_casing"},
    {"fault": "duplicate_receipt"},
    {"fault": "token_revoked"},
    {"fault": "empty_401"},
    {"fault": "throttled", "seconds": 0.3},
    {"fault": "maintenance", "seconds": 0.3},
    {"fault": "gateway_error"},
)
"""Each fault of the practice gateway that says something about sending; how often is the storm's to say."""

IMPATIENT = {
    "connect_timeout": 1,
    "read_timeout": 1.5,
    "max_in_flight": 4,
    "unknown_wait": 1,
    "back_off_first": 0.2,
    "back_off_longest": 2,
    "breaker_first": 0.2,
    "breaker_longest": 1,
    "auth_pause": 0.5,
}
"""Waits of seconds instead of minutes; the decisions are those of production."""


_PATIENCE = 3.0


@dataclass
class _Running:
    """A worker under way. ``patience``: seconds of processor time after its start before the killer comes.

    Processor time, because a busy machine must not turn every life into nothing but a start; one that
    only waits (for the gateway, for a lease) is killed after ten times as long.
    """

    process: BaseProcess
    place: str
    started: Any
    patience: float
    _since: tuple[float, float] | None = None

    def should_die(self) -> bool:
        """True when its time is over; a slow machine's start does not count."""
        if self._since is None:
            if not self.started.is_set():
                return False
            self._since = self._now()
        used, passed = (now - then for now, then in zip(self._now(), self._since, strict=True))
        return used >= self.patience or passed >= 10 * self.patience + 0.2

    def _now(self) -> tuple[float, float]:
        used = 0.0
        with suppress(OSError, IndexError):  # it may have died by its own hand just now
            fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
            used = (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
        return used, time.monotonic()


@dataclass
class Storm:
    """One run. ``say`` gets a line now and then."""

    workdir: Path
    seed: int
    dossiers: int
    kills: int
    store_url: str | None
    say: Callable[[str], None]
    fault_rate: float = 0.01
    killed: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self.dice = random.Random(self.seed)

    def run(self) -> dict[str, Any]:
        """Prepare, kill, calm down, judge."""
        started = time.monotonic()
        settings = self._prepare()
        with self._gateway(settings):
            waves = max(2, self.kills // 50)
            for wave in range(1, waves + 1):
                self._kill_and_change(settings, until=self.kills * wave // waves)
                if wave < waves:
                    # Between two waves most dossiers get their receipt, so that the corrections after it
                    # make successors of what the gateway holds already.
                    self._work_off(settings, seconds=60)
                    self._clerk(len(self._episodes) // 3)
            self._calm(settings)
            fired = self._fired(settings)
            found = judge(load_settings(workdir=self.workdir), self.workdir / "gateway.db")
        return self._report(found, fired, time.monotonic() - started)

    def _report(self, found: Judgement, fired: dict[str, int], seconds: float) -> dict[str, Any]:
        return {
            "seed": self.seed,
            "kills": sum(self.killed.values()),
            "killed": dict(self.killed),
            "faults": fired,
            **found.to_dict(),
            "seconds": round(seconds, 1),
        }

    # ---- the scene -------------------------------------------------------------------------------

    def _prepare(self) -> Settings:
        # An encounter of the demo gives about two dossiers: its claim or book, and its check-ins.
        encounters = max(10, self.dossiers // 2 + 1)
        prepare(
            self.workdir, source="his-b", encounters=encounters, seed=self.seed, now=system_clock(),
            gateway_url="http://127.0.0.1:0", store_url=self.store_url,
        )  # fmt: skip
        path = self.workdir / "config.yaml"
        document = yaml.safe_load(path.read_text(encoding="utf-8"))
        document["gateway"] |= {**IMPATIENT, "base_url": f"http://127.0.0.1:{_free_port()}"}
        path.write_text(yaml.safe_dump(document, allow_unicode=True), encoding="utf-8")
        (self.workdir / "faults.yaml").write_text(
            yaml.safe_dump(
                {
                    "seed": self.seed,
                    "rules": [{"service": "*-3176", "probability": self.fault_rate, **rule} for rule in FAULTS],
                }
            )
        )
        with closing(sqlite3.connect(self.workdir / "his.db")) as his:
            self._episodes = [row[0] for row in his.execute("SELECT EPISODE_CODE FROM EPISODE ORDER BY EPISODE_CODE")]
        return load_settings(workdir=self.workdir)

    @contextmanager
    def _gateway(self, settings: Settings) -> Iterator[None]:
        command = [sys.executable, "-m", "adapter.cli.main", "gateway", "simulate"]
        where = ["--workdir", str(self.workdir), "--faults", str(self.workdir / "faults.yaml")]
        with (self.workdir / "gateway.log").open("ab") as log:
            process = subprocess.Popen([*command, *where], stdout=log, stderr=log)
        try:
            for _ in range(600):
                if _ready(settings.gateway.base_url):
                    break
                time.sleep(0.05)
            else:
                raise RuntimeError(f"the practice gateway does not start, see {self.workdir / 'gateway.log'}")
            yield
        finally:
            process.terminate()
            process.wait(20)

    # ---- the storm -------------------------------------------------------------------------------

    def _kill_and_change(self, settings: Settings, until: int) -> None:
        places = 1 if settings.store_url().startswith("sqlite") else 2
        method = multiprocessing.get_context("forkserver")
        method.set_forkserver_preload(["tests.chaos.worker"])
        running: list[_Running] = []
        begun = 0
        try:
            while sum(self.killed.values()) < until:
                while len(running) < places:
                    wound, started = self._wound(), method.Event()
                    pulls = begun % places == 0
                    process = method.Process(target=work, args=(str(self.workdir), wound, pulls, started))
                    process.start()
                    begun += 1
                    # A wound that is never reached ends by the killer as well.
                    patience = _PATIENCE if wound.place else self.dice.uniform(0, 1.2)
                    running.append(_Running(process, wound.place or "any time", started, patience))
                time.sleep(0.01)
                running = [one for one in running if not self._over(one)]
        finally:
            for one in running:
                one.process.kill()
                one.process.join()

    def _wound(self) -> Wound:
        if self.dice.random() < 0.4:
            return Wound()
        return Wound(self.dice.choice(PLACES), self.dice.randint(1, 25))

    def _over(self, one: _Running) -> bool:
        place = one.place
        if one.process.is_alive():
            if not one.should_die():
                return False
            one.process.kill()
            place = "any time"
        one.process.join()
        if one.process.exitcode != -signal.SIGKILL:
            raise RuntimeError(f"a worker ended by itself with {one.process.exitcode}")
        self.killed[place] += 1
        self._clerk(1)
        count = sum(self.killed.values())
        if count % 25 == 0:
            self.say(f"{count} / {self.kills}")
        return True

    def _work_off(self, settings: Settings, seconds: float) -> None:
        """Faults, but no kills: until nothing waits or the time is over."""
        deadline = time.monotonic() + seconds
        with open_installation(settings) as installation:
            while time.monotonic() < deadline:
                one_pass(installation)
                summary = installation.store.balance.summary()
                if not any(summary[group]["waiting"] for group in ("dossiers", "checkins")):
                    return

    def _clerk(self, corrections: int) -> None:
        """The hospital goes on working: corrections, some of them taken back again later."""
        for ma_lk in self.dice.sample(self._episodes, k=corrections):
            text = f"Lần sửa {self.dice.randint(1, 3)}"
            change(self.workdir / "his.db", ma_lk, "EPISODE", "TREATMENT_METHOD", text, now=system_clock())

    # ---- after the storm ---------------------------------------------------------------------------

    def _calm(self, settings: Settings) -> None:
        """No more faults: a person releases what waits for one, and the line runs until nothing is left."""
        httpx.post(f"{settings.gateway.base_url}/_sim/faults", json={"seed": 0, "rules": []}).raise_for_status()
        # The source's own look-back and clock tick must have passed over the last correction.
        deadline = time.monotonic() + 300
        with open_installation(settings) as installation:
            while time.monotonic() < deadline:
                one_pass(installation)
                for held in installation.store.queries.list(held=True, limit=1000):
                    if held["held_code"] in {"ask-portal", "budget"}:
                        installation.store.queue.release(held["id"], reason="calm again", actor="chaos")
                summary = installation.store.balance.summary()
                open_ = [summary[g][c] for g in ("dossiers", "checkins") for c in ("waiting", "unknown", "held")]
                if not any(open_):
                    return
                time.sleep(0.2)
        self.say("something still waits; the judge will name it")

    def _fired(self, settings: Settings) -> dict[str, int]:
        with closing(sqlite3.connect(f"file:{self.workdir / 'gateway.db'}?mode=ro", uri=True)) as connection:
            rows = connection.execute("SELECT fault, COUNT(*) FROM calls WHERE fault <> '' GROUP BY fault").fetchall()
        return {str(fault): int(count) for fault, count in rows}


def _ready(base: str) -> bool:
    try:
        return httpx.get(f"{base}/_sim/ready", timeout=1).status_code == 200
    except httpx.HTTPError:
        return False


def _free_port() -> int:
    import socket

    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
