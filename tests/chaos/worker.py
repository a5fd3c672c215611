"""One worker process: the engine's own stages in a loop, until it is killed.

It may carry a wound: the process kills itself with SIGKILL at a chosen place, where a crash
hurts most. Nothing is caught, flushed or closed then, as in a power cut of the process.
"""

from __future__ import annotations

import os
import signal
import threading
import time
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, event

from adapter.clock import system_clock
from adapter.dossier.model import Purpose
from adapter.engine import installation
from adapter.engine.logs import configure_logs
from adapter.gateway.client import GatewayClient
from adapter.mapping import load_mapping
from adapter.resources import mapping_file
from adapter.rules.engine import plan_for
from adapter.settings import load_settings
from adapter.standard.spec import effective_on

PLACES = ("before commit", "after commit", "before sending", "after sending")


@dataclass(frozen=True)
class Wound:
    """Die at the ``after``-th time ``place`` is reached; place "" means: wait for the killer."""

    place: str = ""
    after: int = 1


# Compiling mapping and rules is the slow part of a start, and no place to die at: done once, before the forks.
installation.load_mapping = cache(load_mapping)
installation.load_mapping(mapping_file("demo-his-b", Path()))
for _purpose in Purpose:
    plan_for(effective_on(system_clock().date(), "3176"), _purpose)


def work(workdir: str, wound: Wound, pulls: bool, started: Any) -> None:
    """Run stages until killed. ``pulls``: whether this worker also reads the HIS; ``started``: told once it works."""
    configure_logs("chaos", pretty=False)
    _inflict(wound)
    with installation.open_installation(load_settings(workdir=Path(workdir))) as opened:
        started.set()
        while True:
            busy = False
            for line in opened.lines:
                for stage in installation.ROUND:
                    if stage != "pull" or pulls:
                        busy = bool(line.run(stage).done) or busy
            if not busy:
                time.sleep(0.1)


def _die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def _inflict(wound: Wound) -> None:
    lock = threading.Lock()
    left = [wound.after]

    def reached(*_: Any) -> None:
        with lock:
            left[0] -= 1
            if left[0] == 0:
                _die()

    match wound.place:
        case "before commit":
            event.listen(Engine, "commit", reached)
        case "after commit":
            # A transaction that begins is the first thing to happen after the one before has ended.
            event.listen(Engine, "begin", reached)
        case "before sending" | "after sending":
            original = GatewayClient.send

            def send(self: GatewayClient, service: Any, document: bytes) -> Any:
                if wound.place == "before sending":
                    reached()
                outcome = original(self, service, document)
                if wound.place == "after sending":
                    reached()
                return outcome

            GatewayClient.send = send  # type: ignore[method-assign]
