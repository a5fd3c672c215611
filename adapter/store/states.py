"""The states of a revision and the moves between them; everything else refuses.

``docs/states.md`` is generated from this table. A dossier's state is that of its current
revision; ``superseded`` never is a dossier's state.
"""

from __future__ import annotations

from enum import StrEnum


class State(StrEnum):
    """Where a revision stands on its way to the gateway."""

    TRANSLATED = "translated"
    BLOCKED = "blocked"
    READY = "ready"
    SIGNING = "signing"
    SIGNED = "signed"
    SENDING = "sending"
    ACCEPTED = "accepted"
    REFUSED = "refused"
    UNKNOWN = "unknown"
    SKIPPED = "skipped"
    SUPERSEDED = "superseded"


class Verdict(StrEnum):
    """What the gateway said later about an accepted revision."""

    PENDING = "pending"
    GOOD = "good"
    FAULTY = "faulty"
    REPLACED = "replaced"


_S = State

MOVES: dict[State, frozenset[State]] = {
    _S.TRANSLATED: frozenset({_S.BLOCKED, _S.READY, _S.SKIPPED, _S.SUPERSEDED}),
    _S.BLOCKED: frozenset({_S.READY, _S.TRANSLATED, _S.SKIPPED, _S.SUPERSEDED}),
    _S.READY: frozenset({_S.SIGNING, _S.TRANSLATED, _S.SKIPPED, _S.SUPERSEDED}),
    _S.SIGNING: frozenset({_S.SIGNED, _S.READY, _S.BLOCKED, _S.SKIPPED, _S.SUPERSEDED}),
    _S.SIGNED: frozenset({_S.SENDING, _S.SKIPPED, _S.SUPERSEDED}),
    _S.SENDING: frozenset({_S.ACCEPTED, _S.REFUSED, _S.UNKNOWN, _S.SIGNED}),
    _S.UNKNOWN: frozenset({_S.SENDING, _S.ACCEPTED, _S.REFUSED}),
    _S.REFUSED: frozenset({_S.SIGNED, _S.ACCEPTED}),
    _S.SKIPPED: frozenset({_S.TRANSLATED, _S.BLOCKED, _S.SIGNED, _S.SUPERSEDED}),
    _S.ACCEPTED: frozenset(),
    _S.SUPERSEDED: frozenset(),
}
"""State → the states it may move to. Accepted and superseded are final for a revision."""

NOT_HANDED_OVER = frozenset({_S.TRANSLATED, _S.BLOCKED, _S.READY, _S.SIGNING, _S.SIGNED, _S.SKIPPED})
"""No byte of such a revision can be at the gateway: a newer content may supersede it."""

AT_THE_GATEWAY = frozenset({_S.SENDING, _S.UNKNOWN, _S.ACCEPTED})
"""The bytes may be, or are, at the gateway."""

WAITING = frozenset({_S.TRANSLATED, _S.READY, _S.SIGNING, _S.SIGNED, _S.SENDING})
"""Counted as ``waiting`` in the equation."""

COUNTED_AS: dict[State, str] = {
    **dict.fromkeys(WAITING, "waiting"),
    _S.ACCEPTED: "accepted",
    _S.REFUSED: "refused",
    _S.UNKNOWN: "unknown",
    _S.BLOCKED: "blocked",
    _S.SKIPPED: "skipped",
}
"""A dossier's state → its column in the equation, unless the dossier is held."""

COLUMNS = ("accepted", "refused", "unknown", "blocked", "waiting", "held", "skipped")
