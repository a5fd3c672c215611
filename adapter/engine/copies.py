"""Roles begun as copies of one process that has loaded what all of them need: the work is done once, not in each of
them, and what none of them changes is in memory once.

A copy is taken only while nothing is open: neither SQLite handles nor connections nor tokens survive a fork, and of a
process's threads only one does. Roles started later start by their command line (:mod:`adapter.engine.supervise`).
"""

from __future__ import annotations

import contextlib
import gc
import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path


def possible() -> bool:
    """On Linux, while this thread is the only one: others would vanish in the midst of what they hold."""
    try:
        return sys.platform == "linux" and len([*Path("/proc/self/task").iterdir()]) == 1
    except OSError:
        return False  # no /proc here; without it nobody can say


def copy() -> int | None:
    """The copy's process id; None in the copy, which is a session of its own."""
    for out in (sys.stdout, sys.stderr):
        if out is not None:  # a service may be started without
            out.flush()
    # What there is stays for good: a collector that walks it would write into every shared page.
    gc.freeze()
    pid = os.fork()
    if pid:
        return pid
    os.setsid()
    return None


def call_this(name: str) -> None:
    """Give this process a name of its own in ``ps -o comm`` and ``top``, where the system has such names."""
    with contextlib.suppress(OSError):
        Path("/proc/self/comm").write_text(name[:15], encoding="ascii")


@dataclass(slots=True)
class Copy:
    """A copy as the process that took it sees it: what :class:`subprocess.Popen` offers of a program it started."""

    pid: int
    returncode: int | None = None

    def poll(self) -> int | None:
        """The exit code, negative for a signal; None while it runs."""
        if self.returncode is None:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                self.returncode = os.waitstatus_to_exitcode(status)
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        """The exit code. Raises subprocess.TimeoutExpired after ``timeout`` seconds."""
        deadline = None if timeout is None else time.monotonic() + timeout
        while (code := self.poll()) is None:
            if deadline is not None and time.monotonic() > deadline:
                raise subprocess.TimeoutExpired(f"process {self.pid}", timeout or 0.0)
            time.sleep(0.05)
        return code

    def terminate(self) -> None:
        """Ask it to stop."""
        self._send(signal.SIGTERM)

    def kill(self) -> None:
        """End it."""
        self._send(signal.SIGKILL)

    def _send(self, number: signal.Signals) -> None:
        if self.poll() is None:  # not waited for yet, so the id is still its own
            os.kill(self.pid, number)
