"""Who has opened which dossier to see the person in it."""

from __future__ import annotations

import threading
from collections.abc import Callable

from adapter.access.clear import hidden, is_clear
from adapter.clock import Clock

_MINUTES = 10


class Revealed:
    """Who has opened which dossier, for ten minutes each. In memory only: a restart closes all."""

    def __init__(self, clock: Clock, minutes: int = _MINUTES) -> None:
        self._clock = clock
        self._seconds = minutes * 60
        self._until: dict[tuple[str, int], float] = {}
        self._lock = threading.Lock()

    def open(self, actor: str, dossier_id: int) -> None:
        """Let this person see this dossier from now on for a while."""
        now = self._clock().timestamp()
        with self._lock:
            self._until = {key: end for key, end in self._until.items() if end > now}
            self._until[actor, dossier_id] = now + self._seconds

    def close(self, actor: str, dossier_id: int) -> None:
        """Mask it again."""
        with self._lock:
            self._until.pop((actor, dossier_id), None)

    def is_open(self, actor: str, dossier_id: int) -> bool:
        """Whether this person may see it now."""
        with self._lock:
            return self._until.get((actor, dossier_id), 0) > self._clock().timestamp()


def shower(revealed: bool) -> Callable[[str, str, str], str]:
    """``show(table, field, value)``: the value, or its shape where it is not to be seen."""

    def show(table: str, field: str, value: str) -> str:
        return value if revealed or is_clear(table, field) else hidden(value)

    return show
