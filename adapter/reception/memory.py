"""Answers kept for a short time, sealed, and a limit on questions. Both live in one process's memory only."""

from __future__ import annotations

import json
import threading
import time
from collections import OrderedDict, deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from adapter.vault import Vault

_PURPOSE = "reception-answer"
_AT_MOST = 2000


class Answers:
    """What was answered lately. A dump of the process's memory shows no patient."""

    def __init__(self, vault: Vault, seconds: float, now: Callable[[], float] = time.monotonic) -> None:
        self._vault, self._seconds, self._now = vault, seconds, now
        self._kept: OrderedDict[bytes, tuple[float, bytes]] = OrderedDict()
        self._lock = threading.Lock()
        self._asking: dict[bytes, tuple[threading.Lock, int]] = {}

    @contextmanager
    def one_at_a_time(self, key: bytes) -> Iterator[None]:
        """A question asked twice at once is asked once: the second waits here and finds the answer kept."""
        with self._lock:
            lock, waiting = self._asking.get(key, (threading.Lock(), 0))
            self._asking[key] = (lock, waiting + 1)
        try:
            with lock:
                yield
        finally:
            with self._lock:
                lock, waiting = self._asking[key]
                if waiting == 1:
                    del self._asking[key]
                else:
                    self._asking[key] = (lock, waiting - 1)

    def get(self, key: bytes) -> dict[str, Any] | None:
        """The answer, while it is young enough."""
        with self._lock:
            ends, sealed = self._kept.get(key, (0.0, b""))
            if not sealed:
                return None
            if self._now() >= ends:
                del self._kept[key]
                return None
        answer: dict[str, Any] = json.loads(self._vault.open_(sealed, _PURPOSE))
        return answer

    def keep(self, key: bytes, answer: dict[str, Any]) -> None:
        """Keep one; the oldest give way."""
        if self._seconds <= 0:
            return
        sealed = self._vault.seal(json.dumps(answer, ensure_ascii=False).encode("utf-8"), _PURPOSE)
        with self._lock:
            self._kept[key] = (self._now() + self._seconds, sealed)
            self._kept.move_to_end(key)
            while len(self._kept) > _AT_MOST:
                self._kept.popitem(last=False)


class Limit:
    """At most so many questions in any minute, per facility."""

    def __init__(self, per_minute: int, now: Callable[[], float] = time.monotonic) -> None:
        self._most, self._now = per_minute, now
        self._asked: dict[str, deque[float]] = {}
        self._lock = threading.Lock()

    def take(self, facility: str) -> float:
        """0 when the question may be asked, and it counts; else the seconds to wait."""
        now = self._now()
        with self._lock:
            asked = self._asked.setdefault(facility, deque())
            while asked and asked[0] <= now - 60:
                asked.popleft()
            if len(asked) >= self._most:
                return 60 - (now - asked[0])
            asked.append(now)
            return 0.0
