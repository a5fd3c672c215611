"""A sign of life from a role to whoever started it: the time of a file, touched by the role's own loop.

A process that is alive but whose loop is stuck gives no sign. The file's time is only compared with itself,
so that a clock that is set does no harm. Where nobody asked for signs (``BHYT_HEARTBEAT``), nothing is written.
"""

from __future__ import annotations

import contextlib
import os
import time
from dataclasses import dataclass, field
from pathlib import Path

VARIABLE = "BHYT_HEARTBEAT"
_EVERY = 1.0


@dataclass(slots=True)
class Heart:
    """One role's beat; cheap enough for every turn of a loop."""

    _last: float = field(default=0.0, init=False)

    def beat(self) -> None:
        """Give a sign, at most once a second."""
        path = os.environ.get(VARIABLE)
        now = time.monotonic()
        if path is None or now - self._last < _EVERY:
            return
        self._last = now
        with contextlib.suppress(OSError):  # a sign that cannot be given is noticed by whoever waits for it
            Path(path).touch()


@dataclass(slots=True)
class Signs:
    """What a supervisor sees of one role. Times are monotonic seconds."""

    path: Path
    _mark: int | None = None
    last: float | None = None

    def forget(self) -> None:
        """A new process: its first sign is still to come."""
        self.path.unlink(missing_ok=True)
        self._mark = self.last = None

    def look(self, now: float) -> float | None:
        """When the newest sign was seen; None before the first."""
        try:
            mark = self.path.stat().st_mtime_ns
        except OSError:
            return self.last
        if mark != self._mark:
            self._mark, self.last = mark, now
        return self.last
