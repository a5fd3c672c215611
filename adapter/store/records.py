"""What goes into the store and what comes out of it: plain frozen values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from adapter.rules.facts import Facts
from adapter.rules.finding import Finding
from adapter.source import Cursor, SourceEncounter
from adapter.store.book.unit import BookUnit
from adapter.store.states import State


@dataclass(frozen=True, slots=True)
class Expected:
    """One dossier that readiness says must come out of an encounter."""

    ma_lk: str
    purpose: str
    occasion: str = ""


@dataclass(frozen=True, slots=True)
class Read:
    """One encounter as a pull read it, and what readiness said about it."""

    encounter: SourceEncounter
    expected: tuple[Expected, ...]
    not_due_reason: str = ""


@dataclass(frozen=True, slots=True)
class Position:
    """A cursor and its fence. ``version`` 0: never read before."""

    cursor: Cursor | None
    version: int


@dataclass(frozen=True, slots=True)
class Counts:
    """One pull's side of the equation: read = unchanged + new + changed + skipped."""

    read: int = 0
    unchanged: int = 0
    new: int = 0
    changed: int = 0
    skipped: int = 0

    def __add__(self, other: Counts) -> Counts:
        return Counts(
            self.read + other.read,
            self.unchanged + other.unchanged,
            self.new + other.new,
            self.changed + other.changed,
            self.skipped + other.skipped,
        )


@dataclass(frozen=True, slots=True)
class ClaimedEncounter:
    """An encounter leased for translation. ``body``: the snapshot that was saved, ``SourceEncounter.to_bytes``."""

    id: int
    facility: str
    source: str
    key: str
    body: bytes
    content_hash: str
    first_day: date
    fence: int

    @property
    def encounter(self) -> SourceEncounter:
        """The snapshot, read anew at each call: it is many times as large as its bytes."""
        return SourceEncounter.from_bytes(self.body)


@dataclass(frozen=True, slots=True)
class Unit:
    """One dossier as translation made it, to become a revision if its content is new.

    ``body`` (``Dossier.to_bytes``) is None when the mapping failed: then ``findings`` say why, and it is blocked.
    With a body they are what translation noted (letters lost, text cut). ``facts``: what other dossiers may ask about
    this one; check-ins have none. ``skip_reason`` makes it ``skipped``. ``rank`` 0 goes before 1; ``deadline`` orders
    the rest.
    """

    ma_lk: str
    purpose: str
    occasion: str
    content_hash: str
    standard: str
    deadline: datetime
    rank: int = 1
    body: bytes | None = None
    facts: Facts | None = None
    findings: tuple[Finding, ...] = ()
    skip_reason: str = ""
    ended_at: datetime | None = None
    amount_total: Decimal | None = None
    amount_insurance: Decimal | None = None
    words: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    book: BookUnit | None = None

    @property
    def blocked(self) -> bool:
        """Translation itself found an error; notes of lesser weight go with the dossier to the check."""
        return any(f.severity == "error" for f in self.findings)


@dataclass(frozen=True, slots=True)
class Translated:
    """All that translation made of one claimed encounter.

    ``expected`` is what readiness said, judged apart from ``units``: a unit lost between the two shows in the equation.
    """

    claimed: ClaimedEncounter
    units: tuple[Unit, ...]
    expected: tuple[Expected, ...]
    not_due_reason: str = ""


@dataclass(frozen=True, slots=True)
class Saved:
    """What saving one encounter's units did."""

    revised: int = 0
    unchanged: int = 0
    held: int = 0


@dataclass(frozen=True, slots=True)
class Claimed:
    """A revision leased for one stage. ``body``: canonical dossier, or the exact signed bytes for ``send``."""

    revision_id: int
    dossier_id: int
    number: int
    facility: str
    purpose: str
    occasion: str
    standard: str
    state: State
    fence: int
    attempts: int
    unknowns: int
    body: bytes
    sha256: str = ""
    ticket: str | None = None


@dataclass(frozen=True, slots=True)
class Checked:
    """What the rules said of a claimed revision. ``off``: rules the settings took out, with their reasons."""

    claimed: Claimed
    findings: tuple[Finding, ...]
    off: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class SignedBytes:
    """The exact bytes that will leave for a claimed revision; SHA-256 and the certificate's serial in hex."""

    claimed: Claimed
    document: bytes
    sha256: str
    serial: str


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back from the gateway for one attempt, as the store keeps it."""

    outcome: str
    http_status: int | None = None
    ma_ket_qua: str | None = None
    ma_giao_dich: str | None = None
    received_at: datetime | None = None
    message: str = ""
    milliseconds: int | None = None


@dataclass(frozen=True, slots=True)
class Gate:
    """Why a facility's service does not send just now."""

    facility: str
    service: str
    kind: str
    closed: bool
    reason: str
    until: datetime | None
    failures: int
    changed_at: datetime
    changed_by: str

    def to_dict(self) -> dict[str, Any]:
        """For status, console and API."""
        return {
            "facility": self.facility,
            "service": self.service,
            "kind": self.kind,
            "closed": self.closed,
            "reason": self.reason,
            "until": self.until.isoformat() if self.until else None,
            "failures": self.failures,
            "changed_at": self.changed_at.isoformat(),
            "changed_by": self.changed_by,
        }


@dataclass(frozen=True, slots=True)
class Settlement:
    """What one attempt comes to: the answer as a fact, and where the revision goes from here.

    ``count`` false gives the attempt back (a refused login is not the dossier's fault).
    ``hold``: (code, reason) raises the flag beside the state.
    """

    claimed: Claimed
    answer: Answer
    target: State
    next_attempt_at: datetime | None = None
    remark: bool = False
    count: bool = True
    hold: tuple[str, str] | None = None
    detail: str = ""
