"""Numbers that are dear to count, kept for a moment: many open pages ask the store once."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any, TypeVar

_T = TypeVar("_T")
_LEAST = 3.0
_TIMES = 15
_MOST = 300.0


class Kept:
    """Values by key. One that took long to make is kept the longer: fifteen times its making, 3 s to 5 min."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._values: dict[object, tuple[float, Any]] = {}
        self._locks: dict[object, threading.Lock] = {}
        self._lock = threading.Lock()

    def get(self, key: object, make: Callable[[], _T]) -> _T:
        """The value, made at most by one caller at a time; others get the older one meanwhile."""
        with self._lock:
            lock = self._locks.setdefault(key, threading.Lock())
            until, value = self._values.get(key, (0.0, None))
        if until > self._now():
            return value  # type: ignore[no-any-return]
        if until and not lock.acquire(blocking=False):
            return value  # type: ignore[no-any-return]
        if not until:
            lock.acquire()
        try:
            with self._lock:
                until, value = self._values.get(key, (0.0, None))
            if until > self._now():
                return value  # type: ignore[no-any-return]
            started = self._now()
            made = make()
            life = min(_MOST, max(_LEAST, (self._now() - started) * _TIMES))
            with self._lock:
                self._values[key] = (self._now() + life, made)
            return made
        finally:
            lock.release()

    def forget(self) -> None:
        """Count everything anew: somebody has just changed something and looks for it."""
        with self._lock:
            self._values.clear()
