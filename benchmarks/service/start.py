"""Cold start and rest: ``bhyt run`` with all its roles, on a set-up installation, as systemd starts it.

The installation reads a SQL source and listens for HL7 messages, so that every role runs: supervisor, web, engine and
intake. One start goes before: it lays the store's tables and lets Python keep its compiled modules, as installing
does. After that each start is cold: new processes, nothing loaded.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from statistics import median

import httpx
import yaml

from benchmarks.bar import Bar
from benchmarks.line.work import configure
from benchmarks.service.processes import family, memory_mb, spent
from tests.support.hl7_tools import free_port
from tests.support.postgres import new_database, running_server

_STARTS = 3
_REST = 8.0
_PATIENCE = 120.0
_QUIET = 0.1  # of one core: the stages look for work every five seconds, and find none
_HL7_FACILITY = "01998"


def start_bars() -> list[Bar]:
    """Seconds to ready, and what all processes together hold once they have nothing to do."""
    with tempfile.TemporaryDirectory(prefix="bhyt-bench-") as name, running_server() as server:
        folder = Path(name)
        environment = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
        environment["PYTHONPYCACHEPREFIX"] = str(folder / "compiled")
        found = {}
        for kind, url in (("sqlite", "sqlite:///state.db"), ("postgres", new_database(server))):
            work = folder / kind
            _set_up(work, url)
            with _running(work, environment):
                pass
            ready, cores = [], []
            for _ in range(_STARTS):
                with _running(work, environment) as (process, seconds):
                    ready.append(seconds)
                    cores.append(spent(family(process.pid)))
                    if len(ready) == _STARTS:
                        resting = _resting(process.pid)
            found[kind] = (median(ready), median(cores), resting)
    bars = []
    for kind, (seconds, cpu, resting) in found.items():
        bars += [
            Bar(f"start.ready.{kind}", seconds, 3, f"s from command to /readyz, median of {_STARTS}", "at most"),
            Bar(f"start.processor.{kind}", cpu, 0, "processor seconds of all roles until then (no bar)"),
            Bar(f"start.idle_memory.{kind}", resting, 300, "MB (PSS) of all roles at rest", "at most"),
        ]
    return bars


def _set_up(work: Path, store_url: str) -> None:
    """One facility with a SQL source, one with an HL7 listener; the rest as a new installation has it."""
    configure(work, encounters=2)
    file = work / "config.yaml"
    document = yaml.safe_load(file.read_text(encoding="utf-8"))
    (facility,) = document["facilities"]
    feed = {"connector": "hl7v2", "options": {"listen": [{"port": free_port()}]}}
    heard = {**facility, "code": _HL7_FACILITY, "account": f"{_HL7_FACILITY}_BV", "mapping": "hl7v2", "feeds": [feed]}
    del heard["source"]
    document |= {
        "facilities": [facility, heard],
        "store": {"url": store_url},
        "api": {"host": "127.0.0.1", "port": free_port()},
        "schedule": {"send": 86_400},  # nobody listens where a gateway would
    }
    file.write_text(yaml.safe_dump(document), encoding="utf-8")


@contextlib.contextmanager
def _running(work: Path, environment: dict[str, str]) -> Iterator[tuple[subprocess.Popen[bytes], float]]:
    """The service and the seconds until it said ready."""
    port = yaml.safe_load((work / "config.yaml").read_text(encoding="utf-8"))["api"]["port"]
    command = [sys.executable, "-m", "adapter.cli.main", "run", "--workdir", str(work)]
    with (work / "log").open("ab") as log:
        began = time.perf_counter()
        process = subprocess.Popen(command, stdout=log, stderr=log, env=environment)
        try:
            _until_ready(f"http://127.0.0.1:{port}/readyz", process, work)
            yield process, time.perf_counter() - began
        finally:
            process.terminate()
            process.wait(60)


def _until_ready(url: str, process: subprocess.Popen[bytes], work: Path) -> None:
    deadline = time.monotonic() + _PATIENCE
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise RuntimeError(f"bhyt run ended: {(work / 'log').read_text(encoding='utf-8')[-2000:]}")
        with contextlib.suppress(httpx.TransportError):
            if httpx.get(url, timeout=5).status_code == 200:
                return
        time.sleep(0.02)
    raise RuntimeError(f"not ready within {_PATIENCE:.0f} s")


def _resting(pid: int) -> float:
    """MB held by all roles once they have been nearly idle for some seconds."""
    deadline = time.monotonic() + _PATIENCE
    while True:
        before = spent(family(pid))
        time.sleep(_REST)
        if spent(family(pid)) - before < _QUIET * _REST or time.monotonic() > deadline:
            return memory_mb(family(pid))
