"""What one answer of the gateway means for a revision: a pure table, outcome × attempt × policy.

Nothing here reads a clock, a store or a random number; the pipeline hands everything in and
carries the decision out. ``docs/states.md`` prints this table.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Literal

from adapter.gateway.outcome import Outcome, OutcomeKind
from adapter.settings import GatewaySettings
from adapter.store.states import State


@dataclass(frozen=True, slots=True)
class Policy:
    """The installation's choices, from ``gateway.*``. Times in seconds."""

    unknown: Literal["resend", "hold"] = "resend"
    unknown_wait: float = 600
    unknown_repeats: int = 3
    remark: Literal["accepted", "refused", "hold"] = "accepted"
    retry_budget: int = 20
    back_off_first: float = 5
    back_off_longest: float = 900

    @classmethod
    def from_settings(cls, gateway: GatewaySettings) -> Policy:
        """The policy an installation asks for."""
        return cls(
            unknown=gateway.unknown_policy,
            unknown_wait=gateway.unknown_wait,
            unknown_repeats=gateway.unknown_repeats,
            remark=gateway.remark_policy,
            retry_budget=gateway.retry_budget,
            back_off_first=gateway.back_off_first,
            back_off_longest=gateway.back_off_longest,
        )


@dataclass(frozen=True, slots=True)
class Decision:
    """Where the revision goes, when it is due again, and whether a person must look.

    ``count`` false: the attempt is given back, it says nothing about the dossier. ``hold`` is
    (code, reason). ``stop_facility``: nothing more leaves for this facility until the login works.
    """

    target: State
    wait: timedelta | None = None
    hold: tuple[str, str] | None = None
    remark: bool = False
    count: bool = True
    stop_facility: bool = False
    why: str = ""


BROKE_OFF = "wire/not-handed-over"
"""The connection broke under this very file: it may be the file, so it must not block the others behind it."""
ASK_PORTAL = (
    "ask-portal",
    "the answer was lost; ask the portal whether it has this dossier, then release or settle it",
)
BUDGET = ("budget", "the retry budget is spent; see the last answers, then release it")
REMARK = ("remark", "received with a remark; read the gateway's message, then release it")


def decide(  # noqa: PLR0911 -- a table: one line, one cell
    outcome: Outcome, *, attempts: int, unknowns: int, policy: Policy, jitter: float = 0.0
) -> Decision:
    """``attempts`` counts this one, ``unknowns`` the lost answers before it; ``jitter`` in [0, 1)."""
    match outcome.kind:
        case OutcomeKind.ACCEPTED if not outcome.remark:
            return Decision(State.ACCEPTED, why="received")
        case OutcomeKind.ACCEPTED:
            return _remarked(policy)
        case OutcomeKind.REFUSED_FIXABLE:
            return Decision(State.REFUSED, why="refused; correct it in the HIS, a new revision follows")
        case OutcomeKind.REFUSED_FINAL:
            return Decision(State.REFUSED, why="refused for good")
        case OutcomeKind.UNKNOWN:
            return lost(unknowns=unknowns, policy=policy)
        case OutcomeKind.AUTH:
            return Decision(State.SIGNED, count=False, stop_facility=True, why="the login was refused")
        case OutcomeKind.THROTTLED:
            wait = _later(attempts, policy, jitter, outcome.retry_after)
            return Decision(State.SIGNED, wait=wait, count=False, why="the gateway asks to slow down")
        case OutcomeKind.TRANSIENT if outcome.http_status is None and outcome.case != BROKE_OFF:
            # Nothing was handed over and nobody answered: this says nothing about the dossier, which stays due.
            # The breaker is what waits, so that all of them go on as soon as the gateway is back.
            return Decision(State.SIGNED, count=False, why="nothing was handed over")
        case OutcomeKind.TRANSIENT if attempts >= policy.retry_budget:
            return Decision(State.SIGNED, hold=BUDGET, why="not taken, budget spent")
        case OutcomeKind.TRANSIENT:
            wait = _later(attempts, policy, jitter, outcome.retry_after)
            return Decision(State.SIGNED, wait=wait, why="not taken")


def lost(*, unknowns: int, policy: Policy) -> Decision:
    """Nobody knows whether the gateway has the bytes: a time-out, or a worker that died while sending."""
    if policy.unknown == "hold" or unknowns >= policy.unknown_repeats:
        return Decision(State.UNKNOWN, hold=ASK_PORTAL, why="the answer was lost")
    return Decision(State.UNKNOWN, wait=timedelta(seconds=policy.unknown_wait), why="the answer was lost")


def _remarked(policy: Policy) -> Decision:
    match policy.remark:
        case "accepted":
            return Decision(State.ACCEPTED, remark=True, why="received with a remark")
        case "hold":
            return Decision(State.ACCEPTED, remark=True, hold=REMARK, why="received with a remark")
        case "refused":
            return Decision(State.REFUSED, remark=True, why="received with a remark, taken as refused")


def _later(attempts: int, policy: Policy, jitter: float, asked: float | None) -> timedelta:
    """Doubling from the first wait to the longest, spread over its upper half; never sooner than asked."""
    full = min(policy.back_off_longest, policy.back_off_first * 2 ** min(max(attempts, 1) - 1, 30))
    return timedelta(seconds=max(full * (0.5 + jitter / 2), asked or 0))


# ---- the table, for people ---------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Cell:
    """One line of the printed table."""

    outcome: str
    condition: str
    decision: Decision


def cells(policy: Policy | None = None) -> Iterator[Cell]:
    """Every distinct cell, computed by :func:`decide` itself."""
    base = policy or Policy()
    kind = OutcomeKind

    def at(condition: str, outcome: Outcome, *, policy: Policy = base, attempts: int = 1, unknowns: int = 0) -> Cell:
        decision = decide(outcome, attempts=attempts, unknowns=unknowns, policy=policy)
        return Cell(outcome.kind.value, condition, decision)

    yield at("without remark", Outcome(kind.ACCEPTED))
    for choice in ("accepted", "refused", "hold"):
        remarked = replace(base, remark=choice)
        yield at(f"with remark, remark_policy {choice}", Outcome(kind.ACCEPTED, remark=True), policy=remarked)
    yield at("always", Outcome(kind.REFUSED_FIXABLE))
    yield at("always", Outcome(kind.REFUSED_FINAL))
    resend, hold = replace(base, unknown="resend"), replace(base, unknown="hold")
    for n in range(base.unknown_repeats + 1):
        yield at(f"unknown_policy resend, lost before: {n}", Outcome(kind.UNKNOWN), policy=resend, unknowns=n)
    yield at("unknown_policy hold", Outcome(kind.UNKNOWN), policy=hold)
    yield at("always", Outcome(kind.AUTH))
    yield at("first attempt", Outcome(kind.THROTTLED, http_status=429))
    yield at("retry_after 60 s", Outcome(kind.THROTTLED, http_status=429, retry_after=60.0))
    yield at("nobody answers", Outcome(kind.TRANSIENT, case="wire/not-connected"))
    yield at("broke off while sending, attempt 1", Outcome(kind.TRANSIENT, case=BROKE_OFF))
    for n in (1, 2, 3, 9, base.retry_budget - 1, base.retry_budget):
        yield at(f"answered, attempt {n}", Outcome(kind.TRANSIENT, http_status=503), attempts=n)
