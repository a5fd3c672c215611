"""Somebody who notices that nothing moves any more.

A stage that runs longer than ``schedule.hang_minutes`` is told in the log and in the store, and the process
ends: the supervisor (or systemd) starts it anew, and whatever the stage had leased comes back by itself.
systemd is told that we live by a datagram to ``$NOTIFY_SOCKET`` (sd_notify); elsewhere that is nothing.
"""

from __future__ import annotations

import os
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from adapter.later import later

if TYPE_CHECKING:
    from adapter.engine import logs
else:
    logs = later("adapter.engine.logs")  # the supervisor has nothing to log

HUNG = 70
"""Exit code of a process that ended because a stage hung (EX_SOFTWARE)."""


@dataclass
class Watchdog:
    """Knows what runs since when. ``limit``: seconds; ``tell``: (facility, stage, seconds), may fail or hang itself."""

    limit: float
    tell: Callable[[str, str, float], None]
    end: Callable[[int], None] = os._exit
    now: Callable[[], float] = time.monotonic
    _running: dict[int, tuple[str, str, float]] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _numbers: int = 0

    @contextmanager
    def watching(self, facility: str, stage: str) -> Iterator[None]:
        """A stage runs inside the block."""
        with self._lock:
            self._numbers += 1
            number = self._numbers
            self._running[number] = (facility, stage, self.now())
        try:
            yield
        finally:
            with self._lock:
                del self._running[number]

    def look(self) -> None:
        """End the process when something hangs; call it about once a second."""
        with self._lock:
            hung = [one for one in self._running.values() if self.now() - one[2] > self.limit]
        for facility, stage, since in hung:
            seconds = self.now() - since
            logs.log.error("stage hangs", facility=facility, stage=stage, seconds=round(seconds))
            # The store may be what hangs: it gets a moment, not more.
            teller = threading.Thread(target=self.tell, args=(facility, stage, seconds), daemon=True)
            teller.start()
            teller.join(5.0)
        if hung:
            self.end(HUNG)


def notify(state: str) -> bool:
    """Tell systemd (``READY=1``, ``WATCHDOG=1``, ``STOPPING=1``); False where nobody listens."""
    address = os.environ.get("NOTIFY_SOCKET", "")
    if not address.startswith(("/", "@")) or not hasattr(socket, "AF_UNIX"):
        return False
    if address.startswith("@"):
        address = "\0" + address[1:]  # Linux's abstract namespace
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as out:
            out.connect(address)
            out.sendall(state.encode("ascii"))
    except OSError as error:
        logs.log.warning("systemd cannot be told", state=state, error=type(error).__name__)
        return False
    return True
