"""The outbox: revisions claimed for check, sign and send under a lease with a fence.

A claim is one transaction: rows due, check-ins first, then the earliest deadline; on
PostgreSQL locked rows are passed over. Whoever claims next raises the fence, and a result
written with an older one raises LeaseLost or, for sends, is told back as late.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from functools import cache
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Integer,
    Row,
    Select,
    Table,
    and_,
    bindparam,
    exists,
    insert,
    or_,
    select,
    update,
)

from adapter.errors import LeaseLost
from adapter.rules.finding import Finding
from adapter.store.records import Answer, Claimed, Settlement
from adapter.store.states import State
from adapter.store.tables.database import Database
from adapter.store.tables.schema import attempts, dossier_bodies, dossiers, encounters, revisions, signed_bodies
from adapter.store.tables.statements import change
from adapter.store.tables.types import Id, Instant
from adapter.store.work import settle
from adapter.store.work.dossiers import DOSSIER_BODY
from adapter.store.work.findings import save_findings
from adapter.store.work.moves import lock_dossier, move
from adapter.vault import Vault

SIGNED_BODY = "signed-body"


class Stage(StrEnum):
    """The stages that work on revisions."""

    CHECK = "check"
    SIGN = "sign"
    SEND = "send"


@dataclass(frozen=True, slots=True)
class _Queue:
    """Which revisions a stage takes, and the state they wear while it works."""

    states: tuple[State, ...]
    leased: State | None  # None: the lease alone marks them


_QUEUES = {
    Stage.CHECK: _Queue((State.TRANSLATED,), None),
    Stage.SIGN: _Queue((State.SIGNING, State.READY), State.SIGNING),
    Stage.SEND: _Queue((State.UNKNOWN, State.SIGNED), State.SENDING),
}


_SIGNED_BODY = select(signed_bodies.c.body, signed_bodies.c.sha256).where(
    signed_bodies.c.revision_id == bindparam("of", type_=Id)
)
_DOSSIER_BODY = select(dossier_bodies.c.body).where(dossier_bodies.c.revision_id == bindparam("of", type_=Id))
_ADD_ATTEMPT = insert(attempts)


class Outbox:
    """Claims, and the results that end them."""

    def __init__(self, database: Database, vault: Vault, *, keep_signed: timedelta) -> None:
        self._db = database
        self._vault = vault
        self._keep = keep_signed

    def claim(
        self,
        stage: Stage,
        facility: str,
        *,
        owner: str,
        limit: int,
        now: datetime,
        lease: timedelta,
        purposes: Iterable[str] = ("claim", "book", "checkin"),
    ) -> list[Claimed]:
        """Lease up to ``limit`` due revisions. For ``send`` they are ``sending`` once this returns.

        At most one revision of a dossier is at the gateway at a time: a successor waits while
        another one is ``sending`` or ``unknown``. Held dossiers are left alone.
        """
        queue = _QUEUES[stage]
        claimed: list[Claimed] = []
        until = now + lease
        asked = {"of": facility, "purposes": list(purposes), "now": now}
        with self._db.write() as connection:
            for state in queue.states:
                room = limit - len(claimed)
                if room <= 0:
                    break
                for row in connection.execute(_due(stage, state), {**asked, "room": room}).all():
                    taken = self._take(connection, stage, row, leased=queue.leased, owner=owner, now=now, until=until)
                    if taken is not None:
                        claimed.append(taken)
        return claimed

    def _take(
        self,
        connection: Connection,
        stage: Stage,
        row: Row[Any],
        *,
        leased: State | None,
        owner: str,
        now: datetime,
        until: datetime,
    ) -> Claimed | None:
        state, fence = State(row.state), row.fence + 1
        values: dict[str, Any] = {"lease_owner": owner, "lease_until": until, "fence": fence}
        sha256 = ""
        if stage is Stage.SEND:
            values |= {"attempts": row.attempts + 1, "next_attempt_at": None}
        if leased is None or leased is state:
            if not change(connection, revisions, {"id": row.id, "fence": row.fence, "state": row.state}, values):
                return None
        else:
            moved = move(
                connection,
                revision_id=row.id,
                dossier_id=row.dossier_id,
                source=state,
                target=leased,
                at=now,
                actor=owner,
                held_fence=row.fence,
                **values,
            )
            if moved is None:
                return None
        if stage is Stage.SEND:
            signed = connection.execute(_SIGNED_BODY, {"of": row.id}).one()
            body, sha256 = self._vault.open_(signed.body, SIGNED_BODY), signed.sha256
            attempt = {"revision_id": row.id, "fence": fence, "owner": owner, "started_at": now, "sha256": sha256}
            connection.execute(_ADD_ATTEMPT, attempt)
        else:
            sealed = connection.execute(_DOSSIER_BODY, {"of": row.id}).scalar_one()
            body = self._vault.open_(sealed, DOSSIER_BODY)
        attempts_now = row.attempts + (1 if stage is Stage.SEND else 0)
        return _claimed(row, leased or state, fence=fence, attempts_now=attempts_now, body=body, sha256=sha256)

    # ---- check -------------------------------------------------------------------------------

    def checked(
        self, claimed: Claimed, findings: Sequence[Finding], *, now: datetime, actor: str, off: Sequence[str] = ()
    ) -> State:
        """End a check: ``blocked`` when a finding is an error, else ``ready``. Raises LeaseLost.

        ``off``: rules the facility's settings took out, with their reasons, for the record.
        """
        errors = sum(1 for f in findings if f.severity == "error")
        target = State.BLOCKED if errors else State.READY
        rules = ", ".join(sorted({f.rule for f in findings if f.severity == "error"}))
        if off:
            rules = "; ".join(filter(None, [rules, f"off by settings: {', '.join(off)}"]))
        with self._db.write() as connection:
            self._end(
                connection,
                claimed,
                source=State.TRANSLATED,
                target=target,
                now=now,
                actor=actor,
                detail=rules,
            )
            save_findings(connection, self._vault, claimed.revision_id, findings, keep_notes=True)
        return target

    # ---- sign --------------------------------------------------------------------------------

    def signed(self, claimed: Claimed, document: bytes, sha256: str, serial: str, *, now: datetime, actor: str) -> None:
        """The exact signed bytes and the state ``signed`` commit together. Raises LeaseLost."""
        with self._db.write() as connection:
            self._end(
                connection,
                claimed,
                source=State.SIGNING,
                target=State.SIGNED,
                now=now,
                actor=actor,
                detail=f"certificate {serial}",
                certificate_serial=serial,
                sent_sha256=sha256,
                signing_ticket=None,
                next_attempt_at=None,
            )
            connection.execute(
                insert(signed_bodies).values(
                    revision_id=claimed.revision_id,
                    sha256=sha256,
                    body=self._vault.seal(document, SIGNED_BODY),
                    saved_at=now,
                    keep_until=now + self._keep,
                )
            )

    def unsignable(self, claimed: Claimed, finding: Finding, *, now: datetime, actor: str) -> None:
        """The document cannot be written or verified as it is: blocked, for a person. Raises LeaseLost."""
        with self._db.write() as connection:
            self._end(
                connection,
                claimed,
                source=State.SIGNING,
                target=State.BLOCKED,
                now=now,
                actor=actor,
                detail=finding.rule,
            )
            save_findings(connection, self._vault, claimed.revision_id, [finding])

    def put_back(self, claimed: Claimed, reason: str, *, now: datetime, actor: str) -> None:
        """Give a row back unharmed: its key, or the machine, is not ready. Raises LeaseLost."""
        with self._db.write() as connection:
            if claimed.state is State.SIGNING:
                self._end(
                    connection,
                    claimed,
                    source=State.SIGNING,
                    target=State.READY,
                    now=now,
                    actor=actor,
                    detail=reason,
                )
                return
            lock_dossier(connection, claimed.dossier_id)
            done = connection.execute(
                update(revisions)
                .where(
                    revisions.c.id == claimed.revision_id,
                    revisions.c.fence == claimed.fence,
                    revisions.c.state == claimed.state.value,
                )
                .values(lease_owner=None, lease_until=None)
            )
            if done.rowcount != 1:
                raise lease_lost()

    def keep_ticket(self, claimed: Claimed, ticket: str | None, *, ask_at: datetime) -> None:
        """A remote signer's request, saved before waiting for it; the lease ends. Raises LeaseLost.

        Nobody takes the revision again before ``ask_at``. None: there is no request; it is asked anew then.
        """
        with self._db.write() as connection:
            done = connection.execute(
                update(revisions)
                .where(
                    revisions.c.id == claimed.revision_id,
                    revisions.c.fence == claimed.fence,
                    revisions.c.state == State.SIGNING.value,
                )
                .values(signing_ticket=ticket, next_attempt_at=ask_at, lease_owner=None, lease_until=None)
            )
            if done.rowcount != 1:
                raise lease_lost()

    def _end(
        self,
        connection: Connection,
        claimed: Claimed,
        *,
        source: State,
        target: State,
        now: datetime,
        actor: str,
        detail: str,
        **values: Any,
    ) -> None:
        moved = move(
            connection,
            revision_id=claimed.revision_id,
            dossier_id=claimed.dossier_id,
            source=source,
            target=target,
            at=now,
            actor=actor,
            detail=detail,
            held_fence=claimed.fence,
            **values,
        )
        if moved is None:
            raise lease_lost()

    # ---- send --------------------------------------------------------------------------------

    def settle(self, settlements: Sequence[Settlement], *, now: datetime, actor: str) -> list[Settlement]:
        """Write what attempts came to, all in one transaction; those whose lease was lost come back.

        A lost one is written as late: an answer that says the gateway holds the bytes is a fact
        whoever owns the row now.
        """
        late: list[Settlement] = []
        with self._db.write() as connection:
            for one in sorted(settlements, key=lambda s: s.claimed.dossier_id):
                if not settle.settle(connection, self._vault, one, now=now, actor=actor):
                    settle.late(connection, self._vault, one, now=now, actor=actor)
                    late.append(one)
        return late

    # ---- leases ------------------------------------------------------------------------------

    def owners(self, facility: str, now: datetime) -> set[str]:
        """Who holds a lease of this facility that has not run out."""
        with self._db.read() as connection:
            return {
                owner
                for table, worked_on in _leased(facility)
                for owner in connection.execute(
                    select(table.c.lease_owner).where(worked_on, table.c.lease_until > now).distinct()
                ).scalars()
            }

    def end_leases(self, facility: str, owners: Sequence[str], now: datetime) -> None:
        """Let the leases of these owners run out now."""
        with self._db.write() as connection:
            for table, worked_on in _leased(facility):
                connection.execute(
                    update(table)
                    .where(worked_on, table.c.lease_owner.in_(owners), table.c.lease_until > now)
                    .values(lease_until=now)
                )

    def expired(self, facility: str, now: datetime, limit: int = 500) -> list[Claimed]:
        """Revisions left ``sending`` by a worker that is gone; :meth:`settle` them as unknown."""
        with self._db.read() as connection:
            rows = connection.execute(
                select(revisions, dossiers.c.occasion, attempts.c.sha256)
                .join(dossiers, dossiers.c.id == revisions.c.dossier_id)
                .join(
                    attempts,
                    and_(attempts.c.revision_id == revisions.c.id, attempts.c.fence == revisions.c.fence),
                )
                .where(
                    revisions.c.facility == facility,
                    revisions.c.state == State.SENDING.value,
                    revisions.c.lease_until <= now,
                )
                .limit(limit)
            ).all()
        return [
            _claimed(row, State.SENDING, fence=row.fence, attempts_now=row.attempts, body=b"", sha256=row.sha256)
            for row in rows
        ]

    def signed_bytes(self, revision_id: int) -> bytes | None:
        """The exact bytes of a revision as sent; None when not signed yet or no longer kept."""
        with self._db.read() as connection:
            body = connection.execute(
                select(signed_bodies.c.body).where(signed_bodies.c.revision_id == revision_id)
            ).scalar_one_or_none()
        return None if body is None else self._vault.open_(body, SIGNED_BODY)


def _claimed(row: Row[Any], state: State, *, fence: int, attempts_now: int, body: bytes, sha256: str) -> Claimed:
    return Claimed(
        revision_id=row.id,
        dossier_id=row.dossier_id,
        number=row.number,
        facility=row.facility,
        purpose=row.purpose,
        occasion=row.occasion,
        standard=row.standard,
        state=state,
        fence=fence,
        attempts=attempts_now,
        unknowns=row.unknowns,
        body=body,
        sha256=sha256,
        ticket=row.signing_ticket,
    )


def _leased(facility: str) -> tuple[tuple[Table, ColumnElement[bool]], ...]:
    """The tables with leases, and the rows that can have one (through their indexes)."""
    states = [State.TRANSLATED.value, State.SIGNING.value, State.SENDING.value]
    return (
        (revisions, and_(revisions.c.facility == facility, revisions.c.state.in_(states))),
        (encounters, and_(encounters.c.facility == facility, encounters.c.pending)),
    )


@cache
def _due(stage: Stage, state: State) -> Select[Any]:
    """What a stage may take in one state, most urgent first. Binds: of, purposes, now, room."""
    now = bindparam("now", type_=Instant())
    conditions: list[ColumnElement[bool]] = [
        revisions.c.facility == bindparam("of"),
        revisions.c.state == state.value,
        revisions.c.purpose.in_(bindparam("purposes", expanding=True)),
        ~dossiers.c.held,
        or_(revisions.c.next_attempt_at.is_(None), revisions.c.next_attempt_at <= now),
        or_(revisions.c.lease_until.is_(None), revisions.c.lease_until <= now),
    ]
    if state is not State.UNKNOWN:
        conditions.append(dossiers.c.revision_id == revisions.c.id)
    if stage is Stage.SEND:
        other = revisions.alias("other")
        conditions.append(
            ~exists().where(
                other.c.dossier_id == revisions.c.dossier_id,
                other.c.id != revisions.c.id,
                other.c.state.in_([State.SENDING.value, State.UNKNOWN.value]),
            )
        )
    return (
        select(revisions, dossiers.c.occasion)
        .join(dossiers, dossiers.c.id == revisions.c.dossier_id)
        .where(and_(*conditions))
        .order_by(revisions.c.rank, revisions.c.deadline, revisions.c.id)
        .limit(bindparam("room", type_=Integer()))
        .with_for_update(skip_locked=True, of=[dossiers, revisions])
    )


LOST_ANSWER = Answer("lost", message="")
"""The answer of an attempt whose worker died: nobody knows."""


def lease_lost() -> LeaseLost:
    """The error of a result that came after its lease."""
    return LeaseLost(
        "Hồ sơ đã do tiến trình khác nhận hoặc đã đổi trạng thái; kết quả này bỏ",
        "Another worker owns this dossier, or its state has changed; this result is void",
    )
