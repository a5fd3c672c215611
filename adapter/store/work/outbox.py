"""The outbox: revisions claimed for check, sign and send under a lease with a fence.

A claim is one transaction: rows due, check-ins first, then the earliest deadline; on
PostgreSQL locked rows are passed over. Whoever claims next raises the fence, and a result
written with an older one raises LeaseLost or, for sends, is told back as late.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, Table, and_, insert, select, update

from adapter.errors import LeaseLost
from adapter.rules.finding import Finding
from adapter.store.records import Answer, Checked, Claimed, Settlement, SignedBytes
from adapter.store.states import State
from adapter.store.tables.database import Database
from adapter.store.tables.direct import each
from adapter.store.tables.schema import attempts, dossiers, encounters, revisions, signed_bodies
from adapter.store.tables.statements import change
from adapter.store.work import settle
from adapter.store.work.claims import SIGNED_BODY, Lease, Stage, claim, opened
from adapter.store.work.findings import save_findings
from adapter.store.work.moves import Step, lock_dossier, move, move_many
from adapter.vault import Vault


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
        with self._db.write() as connection:
            return claim(
                connection,
                self._vault,
                stage,
                facility,
                purposes,
                lease=Lease(owner, now, now + lease),
                limit=limit,
            )

    # ---- check -------------------------------------------------------------------------------

    def checked(
        self, claimed: Claimed, findings: Sequence[Finding], *, now: datetime, actor: str, off: Sequence[str] = ()
    ) -> State:
        """End a check: ``blocked`` when a finding is an error, else ``ready``. Raises LeaseLost.

        ``off``: rules the facility's settings took out, with their reasons, for the record.
        """
        return _mine(self.checked_many([Checked(claimed, tuple(findings), tuple(off))], now=now, actor=actor)[0])

    def checked_many(self, results: Sequence[Checked], *, now: datetime, actor: str) -> list[State | None]:
        """:meth:`checked` for a batch in one transaction; None in the place of a result that lost its lease."""
        steps = [_end_of_check(one) for one in results]
        with self._db.write() as connection:
            moved = move_many(connection, steps, at=now, actor=actor)
            mine = {one.claimed.revision_id: one.findings for one in results if one.claimed.revision_id in moved}
            if mine:
                save_findings(connection, self._vault, mine, keep_notes=True)
        return [step.target if step.revision_id in moved else None for step in steps]

    # ---- sign --------------------------------------------------------------------------------

    def signed(self, claimed: Claimed, document: bytes, sha256: str, serial: str, *, now: datetime, actor: str) -> None:
        """The exact signed bytes and the state ``signed`` commit together. Raises LeaseLost."""
        _mine(self.signed_many([SignedBytes(claimed, document, sha256, serial)], now=now, actor=actor)[0])

    def signed_many(self, results: Sequence[SignedBytes], *, now: datetime, actor: str) -> list[State | None]:
        """:meth:`signed` for a batch in one transaction; None in the place of a result that lost its lease."""
        steps = [_end_of_signing(one) for one in results]
        with self._db.write() as connection:
            moved = move_many(connection, steps, at=now, actor=actor)
            bodies = [
                {
                    "revision_id": one.claimed.revision_id,
                    "sha256": one.sha256,
                    "body": self._vault.seal(one.document, SIGNED_BODY),
                    "saved_at": now,
                    "keep_until": now + self._keep,
                }
                for one in results
                if one.claimed.revision_id in moved
            ]
            each(connection, _ADD_SIGNED, bodies)
        return [step.target if step.revision_id in moved else None for step in steps]

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
            save_findings(connection, self._vault, {claimed.revision_id: [finding]})

    def put_back(
        self, claimed: Claimed, reason: str, *, now: datetime, actor: str, again_at: datetime | None = None
    ) -> None:
        """Give a row back unharmed: its key, or the machine, is not ready. Raises LeaseLost.

        ``again_at``: nobody takes it before then, so that the rows behind it come first.
        """
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
                    **({"next_attempt_at": again_at} if again_at else {}),
                )
                return
            lock_dossier(connection, claimed.dossier_id)
            mine = {"id": claimed.revision_id, "fence": claimed.fence, "state": claimed.state.value}
            given = {"lease_owner": None, "lease_until": None, **({"next_attempt_at": again_at} if again_at else {})}
            if not change(connection, revisions, mine, given):
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
                    # Those at work by their index alone, then their rows: SQLite knows the mean of a state, not that
                    # few are at work, and would read every row there is.
                    select(table.c.lease_owner)
                    .where(
                        table.c.id.in_(select(table.c.id).where(worked_on).correlate(None)), table.c.lease_until > now
                    )
                    .distinct()
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
            opened(row, State.SENDING, fence=row.fence, attempts_now=row.attempts, body=b"", sha256=row.sha256)
            for row in rows
        ]

    def signed_bytes(self, revision_id: int) -> bytes | None:
        """The exact bytes of a revision as sent; None when not signed yet or no longer kept."""
        with self._db.read() as connection:
            body = connection.execute(
                select(signed_bodies.c.body).where(signed_bodies.c.revision_id == revision_id)
            ).scalar_one_or_none()
        return None if body is None else self._vault.open_(body, SIGNED_BODY)


def _mine(state: State | None) -> State:
    if state is None:
        raise lease_lost()
    return state


def _end_of_check(one: Checked) -> Step:
    claimed = one.claimed
    errors = sorted({f.rule for f in one.findings if f.severity == "error"})
    told = ", ".join(errors)
    if one.off:
        told = "; ".join(filter(None, [told, f"off by settings: {', '.join(one.off)}"]))
    target = State.BLOCKED if errors else State.READY
    return Step(claimed.revision_id, claimed.dossier_id, State.TRANSLATED, target, claimed.fence, told)


def _end_of_signing(one: SignedBytes) -> Step:
    claimed = one.claimed
    values = {
        "certificate_serial": one.serial,
        "sent_sha256": one.sha256,
        "signing_ticket": None,
        "next_attempt_at": None,
    }
    told = f"certificate {one.serial}"
    return Step(claimed.revision_id, claimed.dossier_id, State.SIGNING, State.SIGNED, claimed.fence, told, values)


_ADD_SIGNED = insert(signed_bodies)


def _leased(facility: str) -> tuple[tuple[Table, ColumnElement[bool]], ...]:
    """The tables with leases, and the rows that can have one (through their indexes)."""
    states = [State.TRANSLATED.value, State.SIGNING.value, State.SENDING.value]
    return (
        (revisions, and_(revisions.c.facility == facility, revisions.c.state.in_(states))),
        (encounters, and_(encounters.c.facility == facility, encounters.c.pending)),
    )


LOST_ANSWER = Answer("lost", message="")
"""The answer of an attempt whose worker died: nobody knows."""


def lease_lost() -> LeaseLost:
    """The error of a result that came after its lease."""
    return LeaseLost(
        "Hồ sơ đã do tiến trình khác nhận hoặc đã đổi trạng thái; kết quả này bỏ",
        "Another worker owns this dossier, or its state has changed; this result is void",
    )
