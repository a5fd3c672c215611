"""How fast, and whether at all: stop switch, login pause, circuit breaker, rate limit.

Gates live in the store, per facility and operation (``checkin``, ``dossier``), so every worker
obeys the same ones. The rate limit is per worker.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from adapter.clock import Clock
from adapter.gateway.outcome import Outcome, OutcomeKind
from adapter.settings import GatewaySettings
from adapter.store import Gate
from adapter.store.store import Store
from adapter.store.work.gates import ALL

STOP, AUTH, BREAKER, PAUSE = "stop", "auth", "breaker", "pause"
SOURCE = "pull"
"""What a pause of the source alone is kept under, beside ``*`` for the whole facility."""

CHECKIN, DOSSIER = "checkin", "dossier"
PURPOSES = {CHECKIN: ("checkin",), DOSSIER: ("claim", "book")}
OPERATIONS = (CHECKIN, DOSSIER)

_TROUBLE = {OutcomeKind.TRANSIENT, OutcomeKind.THROTTLED, OutcomeKind.UNKNOWN}


@dataclass(slots=True)
class Flow:
    """The gates of one facility as one stage run sees them."""

    store: Store
    facility: str
    settings: GatewaySettings
    clock: Clock
    owner: str
    _in_a_row: dict[str, int] = field(default_factory=dict)

    def closed(self, operation: str) -> Gate | None:
        """Why nothing leaves for this operation just now; None when it may."""
        return self.store.gates.closed(self.facility, operation, self.clock())

    def probing(self, operation: str) -> bool:
        """After the breaker's pause one sending tries whether the gateway is back."""
        gate = self.store.gates.get(self.facility, operation, BREAKER)
        return gate is not None and gate.closed

    def heard(self, operation: str, outcome: Outcome) -> None:
        """Learn from one answer: trouble in a row opens the breaker, any word of the gateway ends it."""
        if outcome.kind is OutcomeKind.AUTH:
            self._pause_login(outcome)
            return
        if outcome.kind not in _TROUBLE:
            self._in_a_row.pop(operation, None)
            end_pauses(self.store, self.facility, (operation, ALL), by=self.owner, clock=self.clock)
            return
        probing = self.probing(operation)
        count = self._in_a_row.get(operation, 0) + 1
        self._in_a_row[operation] = count
        if probing or count >= self.settings.breaker_failures:
            self._open_breaker(operation, outcome)

    def _open_breaker(self, operation: str, outcome: Outcome) -> None:
        before = self.store.gates.get(self.facility, operation, BREAKER)
        now = self.clock()
        if before is not None and before.closed and before.until is not None and before.until > now:
            return  # another worker, or an answer still under way, has opened it already
        times = (before.failures if before is not None and before.closed else 0) + 1
        pause = min(self.settings.breaker_longest, self.settings.breaker_first * 2 ** min(times - 1, 20))
        if outcome.retry_after:
            pause = max(pause, outcome.retry_after)
        self._in_a_row.pop(operation, None)
        self.store.gates.set(
            self.facility,
            operation,
            BREAKER,
            closed=True,
            reason=f"{outcome.kind.value} {outcome.case}".strip(),
            # Since when it is shut, not since when it was tried again: people are told by that.
            now=before.changed_at if before is not None and before.closed else now,
            by=self.owner,
            until=now + timedelta(seconds=pause),
            failures=times,
        )

    def _pause_login(self, outcome: Outcome) -> None:
        now = self.clock()
        self.store.gates.set(
            self.facility,
            ALL,
            AUTH,
            closed=True,
            reason=outcome.meaning_en or "the login was refused",
            now=now,
            by=self.owner,
            until=now + timedelta(seconds=self.settings.auth_pause),
        )


def end_pauses(store: Store, facility: str, services: Sequence[str], *, by: str, clock: Clock) -> None:
    """The gateway gave a real answer: breakers of these services end, and a login pause whose time is over.

    A younger login pause stays: the answer may be one to a token of before, and repeating a refused
    login locks accounts.
    """
    now = clock()
    for gate in store.gates.shut(facility, services, (AUTH, BREAKER)):
        if gate.kind == BREAKER or (gate.until is not None and gate.until <= now):
            store.gates.set(facility, gate.service, gate.kind, closed=False, reason="it answers", now=now, by=by)


class Rate:
    """At most ``per_second`` sendings a second and operation; None: no limit."""

    def __init__(
        self,
        per_second: float | None,
        *,
        now: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._gap = 0.0 if per_second is None else 1 / per_second
        self._now, self._sleep = now, sleep
        self._next: dict[str, float] = {}

    def wait(self, operation: str) -> None:
        """Return when the next sending may start."""
        if not self._gap:
            return
        now = self._now()
        start = max(now, self._next.get(operation, now))
        self._next[operation] = start + self._gap
        if start > now:
            self._sleep(start - now)


def probe(store: Store, facility: str, *, actor: str, clock: Clock) -> None:
    """Let every open breaker try one sending now: a pass that a person or cron starts does not wait its pause out.

    A login pause stays: repeating a refused login locks accounts.
    """
    now = clock()
    for gate in store.gates.all(facility):
        if gate.closed and gate.kind == BREAKER:
            store.gates.set(
                facility,
                gate.service,
                BREAKER,
                closed=True,
                reason=gate.reason,
                now=gate.changed_at,
                by=actor,
                until=now,
                failures=gate.failures,
            )


def stop(store: Store, facility: str, *, reason: str, actor: str, clock: Clock, operation: str = ALL) -> None:
    """The stop switch: nothing leaves any more until :func:`go`."""
    store.gates.set(facility, operation, STOP, closed=True, reason=reason, now=clock(), by=actor)


def go(store: Store, facility: str, *, reason: str, actor: str, clock: Clock, operation: str = ALL) -> None:
    """Open the stop switch, the login pause and the breakers of a facility."""
    store.gates.set(facility, operation, STOP, closed=False, reason=reason, now=clock(), by=actor)
    for gate in store.gates.all(facility):
        if gate.closed and gate.kind in {AUTH, BREAKER}:
            store.gates.set(facility, gate.service, gate.kind, closed=False, reason=reason, now=clock(), by=actor)


def pause(store: Store, facility: str, *, reason: str, actor: str, clock: Clock, what: str = ALL) -> None:
    """Let a facility (or with ``SOURCE`` the reading of its HIS) rest on every machine until :func:`resume`."""
    store.gates.set(facility, what, PAUSE, closed=True, reason=reason, now=clock(), by=actor)


def resume(store: Store, facility: str, *, reason: str, actor: str, clock: Clock) -> None:
    """End every pause of a facility."""
    for gate in store.gates.shut(facility, (ALL, SOURCE), (PAUSE,)):
        store.gates.set(facility, gate.service, PAUSE, closed=False, reason=reason, now=clock(), by=actor)


def paused(store: Store, facility: str, stage: str | None = None) -> Gate | None:
    """The pause that keeps a stage from running; without a stage, the whole facility's. None: it may run."""
    services = (ALL, SOURCE) if stage in {"pull", "reconcile"} else (ALL,)
    found = store.gates.shut(facility, services, (PAUSE,))
    return found[0] if found else None
