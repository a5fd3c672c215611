"""What the portal said later about revisions that were handed over, and the work it makes.

A verdict is a fact beside the state: receipts and states stay as they are.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import Connection, Row, func, insert, select, update

from adapter.store.encounters.expected import MA_LK
from adapter.store.people.audit import Audit
from adapter.store.portal.imports import Source, import_entry, note_import, portions
from adapter.store.states import State, Verdict
from adapter.store.tables.database import Database
from adapter.store.tables.schema import dossiers, receipts, revisions, tasks
from adapter.store.tables.statements import Facilities, only
from adapter.store.work.moves import lock_dossier, record
from adapter.vault import Vault

FAULTY = "faulty"
TASK_TEXT = "task-text"


@dataclass(frozen=True, slots=True)
class Sent:
    """A revision as it can be matched. ``received``: (maGiaoDich, the gateway's time or ours) of each receipt."""

    ma_lk: str
    dossier_id: int
    dossier_state: str
    revision_id: int
    number: int
    state: str
    accepted_at: datetime | None
    received: tuple[tuple[str, datetime], ...]
    amount_total: Decimal | None
    amount_insurance: Decimal | None
    verdict: str | None


@dataclass(frozen=True, slots=True)
class Judged:
    """The portal's word on one revision. ``faults``: (code, text) pairs, sealed; codes are shown in the clear."""

    sent: Sent
    verdict: Verdict | None
    faults: tuple[tuple[str, str], ...] = ()
    payment_requested: bool = False


class Verdicts:
    """Find what was sent, keep what was said, list the work."""

    def __init__(self, database: Database, vault: Vault, audit: Audit) -> None:
        self._db = database
        self._vault = vault
        self._audit = audit

    def sent(self, facility: str, ma_lks: Iterable[str]) -> dict[str, list[Sent]]:
        """Claim and book revisions of these MA_LK, oldest first; an MA_LK nobody knows is absent."""
        wanted = {self._vault.blind(ma_lk, MA_LK): ma_lk for ma_lk in ma_lks}
        found: dict[str, list[Sent]] = {}
        with self._db.read() as connection:
            for part in portions(list(wanted)):
                rows = connection.execute(
                    _revisions().where(dossiers.c.facility == facility, dossiers.c.ma_lk_blind.in_(part))
                ).all()
                for one in self._with_receipts(connection, rows, lambda r: wanted[bytes(r.ma_lk_blind)]):
                    found.setdefault(one.ma_lk, []).append(one)
        return found

    def accepted_between(self, facility: str, first: datetime, last: datetime) -> list[Sent]:
        """Claim and book revisions accepted in a span, oldest first."""
        with self._db.read() as connection:
            rows = connection.execute(
                _revisions().where(
                    dossiers.c.facility == facility,
                    revisions.c.state == State.ACCEPTED.value,
                    revisions.c.accepted_at >= first,
                    revisions.c.accepted_at < last,
                )
            ).all()
            return list(self._with_receipts(connection, rows, lambda r: self._vault.open_text(r.ma_lk_sealed, MA_LK)))

    def record(
        self, facility: str, judged: Sequence[Judged], source: Source, *, due_at: datetime, now: datetime, actor: str
    ) -> dict[str, int]:
        """Write the verdicts of one list in one transaction; how many of each, of which new, and what was passed over.

        A faulty revision that nothing has replaced opens a task due ``due_at``. An older list never
        overrules a newer one, and no list takes back that a revision was replaced.
        """
        counts: Counter[str] = Counter()
        with self._db.write() as connection:
            number = note_import(connection, self._vault, facility, source, matched=len(judged), now=now, actor=actor)
            for one in sorted(judged, key=lambda j: j.sent.dossier_id):
                lock_dossier(connection, one.sent.dossier_id)
                if one.payment_requested:
                    counts["payment_requested"] += self._payment(connection, one, now=now, actor=actor)
                if one.verdict is not None:
                    counts[self._judge(connection, facility, one, source, due_at=due_at, now=now, actor=actor)] += 1
            self._audit.append(
                connection, import_entry("verdicts.import", facility, number, source, actor=actor, counts=counts)
            )
        return dict(counts)

    def tasks(self, *, facility: str | None = None, every: bool = False) -> list[dict[str, Any]]:
        """Faults to correct, the soonest due first; ``every``: done ones too."""
        statement = (
            select(tasks, dossiers.c.ma_lk_sealed, dossiers.c.purpose, dossiers.c.state, revisions.c.number)
            .join(dossiers, dossiers.c.id == tasks.c.dossier_id)
            .join(revisions, revisions.c.id == tasks.c.revision_id)
            .order_by(tasks.c.due_at, tasks.c.id)
        )
        if facility is not None:
            statement = statement.where(tasks.c.facility == facility)
        if not every:
            statement = statement.where(tasks.c.closed_at.is_(None))
        with self._db.read() as connection:
            rows = connection.execute(statement).all()
        return [
            {
                "facility": row.facility,
                "ma_lk": self._vault.open_text(row.ma_lk_sealed, MA_LK),
                "purpose": row.purpose,
                "revision": row.number,
                "state": row.state,
                "kind": row.kind,
                "opened_at": row.opened_at.isoformat(),
                "due_at": row.due_at.isoformat(),
                "closed_at": row.closed_at.isoformat() if row.closed_at else None,
                "closed_by": row.closed_by,
                "faults": [{"code": code, "text": text} for code, text in self._faults(row)],
            }
            for row in rows
        ]

    def open_tasks(self, now: datetime, facility: Facilities = None) -> dict[str, int]:
        """How many faults wait for their correction, and how many of them too long."""
        statement = select(func.count()).select_from(tasks).where(tasks.c.closed_at.is_(None))
        statement = only(statement, tasks.c.facility, facility)
        with self._db.read() as connection:
            waiting = connection.execute(statement).scalar_one()
            late = connection.execute(statement.where(tasks.c.due_at < now)).scalar_one()
        return {"open": int(waiting), "overdue": int(late)}

    # ---- one revision --------------------------------------------------------------------------

    def _judge(
        self,
        connection: Connection,
        facility: str,
        one: Judged,
        source: Source,
        *,
        due_at: datetime,
        now: datetime,
        actor: str,
    ) -> str:
        verdict = one.verdict
        row = connection.execute(select(revisions).where(revisions.c.id == one.sent.revision_id)).one()
        if verdict is None or row.state != State.ACCEPTED.value:
            return "not_accepted"
        if row.verdict == Verdict.REPLACED.value and row.replaced_by is not None:
            return "replaced_already"
        judged_before = row.verdict not in (None, Verdict.PENDING.value)
        if judged_before and (verdict is Verdict.PENDING or source.exported_at < row.verdict_at):
            return "older_than_known"
        if row.verdict == verdict.value:
            if verdict is Verdict.FAULTY and one.faults:
                self._add_faults(connection, one)
            return f"{verdict.value}_known"
        connection.execute(
            update(revisions)
            .where(revisions.c.id == row.id)
            .values(verdict=verdict.value, verdict_at=source.exported_at)
        )
        codes = ", ".join(dict.fromkeys(code for code, _ in one.faults if code))
        record(
            connection,
            dossier_id=row.dossier_id,
            revision_id=row.id,
            kind="verdict",
            at=now,
            actor=actor,
            detail=f"{verdict.value}: {codes}" if codes else verdict.value,
        )
        if row.replaced_by is not None:
            return verdict.value
        connection.execute(
            update(dossiers).where(dossiers.c.id == row.dossier_id).values(verdict=verdict.value, updated_at=now)
        )
        if verdict is Verdict.FAULTY:
            self._open_task(connection, facility, one, due_at=due_at, now=now)
        else:
            connection.execute(
                update(tasks)
                .where(tasks.c.revision_id == row.id, tasks.c.kind == FAULTY, tasks.c.closed_at.is_(None))
                .values(closed_at=now, closed_by=f"portal: {verdict.value}")
            )
        return verdict.value

    def _open_task(
        self, connection: Connection, facility: str, one: Judged, *, due_at: datetime, now: datetime
    ) -> None:
        of_this = (tasks.c.revision_id == one.sent.revision_id, tasks.c.kind == FAULTY)
        values = {
            "opened_at": now,
            "due_at": due_at,
            "text_sealed": self._seal(one.faults),
            "closed_at": None,
            "closed_by": None,
        }
        if connection.execute(update(tasks).where(*of_this).values(values)).rowcount:
            return  # faulty, then good, and faulty again: the same task anew
        connection.execute(
            insert(tasks).values(
                facility=facility,
                dossier_id=one.sent.dossier_id,
                revision_id=one.sent.revision_id,
                kind=FAULTY,
                **values,
            )
        )

    def _add_faults(self, connection: Connection, one: Judged) -> None:
        """The list of dossiers names one code, the list of errors all of them, in any order of import."""
        of_this = (tasks.c.revision_id == one.sent.revision_id, tasks.c.kind == FAULTY)
        row = connection.execute(select(tasks).where(*of_this)).one_or_none()
        if row is None:
            return
        together = tuple(dict.fromkeys((*self._faults(row), *one.faults)))
        connection.execute(update(tasks).where(*of_this).values(text_sealed=self._seal(together)))

    def _payment(self, connection: Connection, one: Judged, *, now: datetime, actor: str) -> int:
        done = connection.execute(
            update(dossiers)
            .where(dossiers.c.id == one.sent.dossier_id, ~dossiers.c.payment_requested)
            .values(payment_requested=True, updated_at=now)
        )
        if done.rowcount:
            record(
                connection,
                dossier_id=one.sent.dossier_id,
                revision_id=one.sent.revision_id,
                kind="note",
                at=now,
                actor=actor,
                detail="payment was requested, says the portal's list",
            )
        return done.rowcount

    def _with_receipts(self, connection: Connection, rows: Sequence[Row[Any]], name: Any) -> Iterable[Sent]:
        given: dict[int, list[tuple[str, datetime]]] = {}
        for part in portions([row.id for row in rows]):
            for receipt in connection.execute(
                select(receipts).where(receipts.c.revision_id.in_(part)).order_by(receipts.c.id)
            ):
                at = receipt.thoi_gian_tiep_nhan or receipt.at
                given.setdefault(receipt.revision_id, []).append((receipt.ma_giao_dich, at))
        for row in rows:
            yield Sent(
                ma_lk=name(row),
                dossier_id=row.dossier_id,
                dossier_state=row.dossier_state,
                revision_id=row.id,
                number=row.number,
                state=row.state,
                accepted_at=row.accepted_at,
                received=tuple(given.get(row.id, ())),
                amount_total=row.amount_total,
                amount_insurance=row.amount_insurance,
                verdict=row.verdict,
            )

    def _seal(self, faults: tuple[tuple[str, str], ...]) -> bytes:
        return self._vault.seal_text(json.dumps(faults, ensure_ascii=False), TASK_TEXT)

    def _faults(self, row: Row[Any]) -> tuple[tuple[str, str], ...]:
        if row.text_sealed is None:
            return ()
        return tuple((code, text) for code, text in json.loads(self._vault.open_text(row.text_sealed, TASK_TEXT)))


def _revisions() -> Any:
    return (
        select(revisions, dossiers.c.ma_lk_blind, dossiers.c.ma_lk_sealed, dossiers.c.state.label("dossier_state"))
        .join(dossiers, dossiers.c.id == revisions.c.dossier_id)
        .where(dossiers.c.purpose != "checkin", dossiers.c.occasion == "")
        .order_by(revisions.c.dossier_id, revisions.c.number)
    )
