"""The health book's part of the store: read lines and facts, add decisions and checks. Nothing here is rewritten."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, cast

from sqlalchemy import Connection, Row, and_, case, exists, func, or_, select, update

from adapter.errors import ConfigError
from adapter.healthbook.completeness import Completeness, Reach
from adapter.healthbook.privacy import Decision
from adapter.store.book.entries import EXTRA, JUDGED
from adapter.store.book.schema import book_checks, book_decisions, book_entries
from adapter.store.encounters.expected import MA_LK
from adapter.store.states import State
from adapter.store.tables.database import Database
from adapter.store.tables.schema import dossiers, encounters, receipts, revisions, search_words
from adapter.store.tables.statements import Facilities, add, only
from adapter.store.work.moves import record
from adapter.vault import Vault

DECISION, NOTE = "book-decision", "book-note"
OUTCOMES = ("shown", "absent", "wrong")
"""What a look at VNeID can find: the visit is there, is not there, is there and wrong."""
_VISITS = ("claim", "book")


@dataclass(frozen=True, slots=True)
class Entry:
    """A visit's line with its facts. ``extra`` is empty once its time is over."""

    extra: dict[str, Any]
    judged: dict[str, Any]
    completeness: Completeness


@dataclass(frozen=True, slots=True)
class Waiting:
    """A visit received by the gateway that nobody has seen in the book yet; ``hours`` since the receipt."""

    dossier_id: int
    facility: str
    ma_lk: str
    purpose: str
    accepted_at: datetime
    hours: int


@dataclass(frozen=True, slots=True)
class Count:
    """Visits of one kind in a period, and how many of them the gateway has a receipt for."""

    visit_type: str
    insured: bool
    visits: int
    sent: int


class Books:
    """Lines, decisions, checks on VNeID."""

    def __init__(self, database: Database, vault: Vault) -> None:
        self._db = database
        self._vault = vault

    # ---- one visit -----------------------------------------------------------------------------

    def entry(self, dossier_id: int) -> Entry | None:
        """The line of a dossier; None when it was never translated with a content."""
        with self._db.read() as connection:
            row = connection.execute(select(book_entries).where(book_entries.c.dossier_id == dossier_id)).one_or_none()
        if row is None:
            return None
        extra = {} if row.extra_sealed is None else json.loads(self._vault.open_(row.extra_sealed, EXTRA))
        return Entry(extra, json.loads(self._vault.open_(row.judged_sealed, JUDGED)), _completeness(row))

    def decisions(self, facility: str, ma_lk: str) -> tuple[Decision, ...]:
        """What people decided about a visit, oldest first."""
        with self._db.read() as connection:
            rows = connection.execute(
                select(book_decisions)
                .where(
                    book_decisions.c.facility == facility,
                    book_decisions.c.ma_lk_blind == self._vault.blind(ma_lk, MA_LK),
                )
                .order_by(book_decisions.c.id)
            ).all()
        return tuple(self._decision(row) for row in rows)

    def decide(self, facility: str, ma_lk: str, decision: Decision) -> None:
        """Record a decision; the visit is translated anew at once, which applies it and lifts or keeps the hold.

        Raises ConfigError when there is no such visit or the ground is empty.
        """
        if not decision.ground.strip():
            raise ConfigError("Phải ghi căn cứ của quyết định", "A decision needs its ground")
        with self._db.write() as connection:
            found = self._visit(connection, facility, ma_lk)
            document = {
                "rule": decision.rule,
                "kind": decision.kind,
                "ground": decision.ground,
                "text_key": decision.text_key,
            }
            add(
                connection,
                book_decisions,
                {
                    "facility": facility,
                    "ma_lk_blind": self._vault.blind(ma_lk, MA_LK),
                    "decision_sealed": self._vault.seal_text(json.dumps(document, ensure_ascii=False), DECISION),
                    "at": decision.at,
                    "actor": decision.actor,
                },
            )
            for row in found:
                connection.execute(
                    update(encounters)
                    .where(encounters.c.id == row.encounter_id)
                    .values(pending=True, fence=encounters.c.fence + 1, lease_owner=None, lease_until=None)
                )
                record(
                    connection,
                    dossier_id=row.id,
                    revision_id=None,
                    kind="note",
                    at=decision.at,
                    actor=decision.actor,
                    detail="a privacy decision was recorded",
                )

    def seen(self, dossier_id: int, outcome: str, *, seen_at: datetime, note: str, actor: str, now: datetime) -> None:
        """Record that someone looked at VNeID with the patient. ConfigError for an unknown outcome."""
        if outcome not in OUTCOMES:
            known = ", ".join(OUTCOMES)
            raise ConfigError(f"Kết quả phải là một trong: {known}", f"The outcome is one of: {known}")
        with self._db.write() as connection:
            add(
                connection,
                book_checks,
                {
                    "dossier_id": dossier_id,
                    "seen_at": seen_at,
                    "outcome": outcome,
                    "note_sealed": self._vault.seal_text(note, NOTE) if note else None,
                    "at": now,
                    "actor": actor,
                },
            )
            detail = f"looked at VNeID: {outcome}"
            record(connection, dossier_id=dossier_id, revision_id=None, kind="note", at=now, actor=actor, detail=detail)

    def checks(self, dossier_id: int) -> list[dict[str, Any]]:
        """Every recorded look, newest last."""
        with self._db.read() as connection:
            rows = connection.execute(
                select(book_checks).where(book_checks.c.dossier_id == dossier_id).order_by(book_checks.c.id)
            ).all()
        return [
            {
                "seen_at": row.seen_at.isoformat(),
                "outcome": row.outcome,
                "note": "" if row.note_sealed is None else self._vault.open_text(row.note_sealed, NOTE),
                "actor": row.actor,
            }
            for row in rows
        ]

    # ---- many visits ---------------------------------------------------------------------------

    def of_person(self, number: str, facilities: Facilities = None) -> list[int]:
        """Dossiers of a personal number, newest visit first."""
        statement = (
            select(dossiers.c.id)
            .join(search_words, search_words.c.dossier_id == dossiers.c.id)
            .join(book_entries, book_entries.c.dossier_id == dossiers.c.id)
            .where(search_words.c.kind == "person", search_words.c.value == self._vault.blind(number, "person"))
            .order_by(book_entries.c.ended_at.desc(), dossiers.c.id.desc())
        )
        with self._db.read() as connection:
            return [int(n) for n in connection.execute(only(statement, dossiers.c.facility, facilities)).scalars()]

    def lines(
        self, facilities: Facilities = None, *, since: datetime | None = None, until: datetime | None = None
    ) -> Iterator[Completeness]:
        """The completeness of every visit that ended in a period, one at a time."""
        statement = select(book_entries.c.filled, book_entries.c.empty, book_entries.c.reach)
        statement = only(_within(statement, since, until), book_entries.c.facility, facilities)
        with self._db.read() as connection:
            for row in connection.execution_options(yield_per=1000).execute(statement):
                yield _completeness(row)

    def unreachable(self, facilities: Facilities = None, *, limit: int = 200) -> list[dict[str, Any]]:
        """Visits that cannot find their person's book, newest first, and why."""
        statement = (
            select(
                dossiers.c.id, dossiers.c.facility, dossiers.c.ma_lk_sealed, dossiers.c.purpose, book_entries.c.reach
            )
            .join(book_entries, book_entries.c.dossier_id == dossiers.c.id)
            .where(book_entries.c.reach != "ok")
            .order_by(book_entries.c.ended_at.desc(), dossiers.c.id.desc())
            .limit(limit)
        )
        with self._db.read() as connection:
            rows = connection.execute(only(statement, dossiers.c.facility, facilities)).all()
        return [
            {
                "facility": row.facility,
                "ma_lk": self._vault.open_text(row.ma_lk_sealed, MA_LK),
                "purpose": row.purpose,
                "reason": row.reach,
            }
            for row in rows
        ]

    def overdue(
        self, now: datetime, facilities: Facilities = None, *, hours: int = 24, limit: int = 500
    ) -> list[Waiting]:
        """Receipts older than ``hours`` without a verdict and without a look at VNeID since; oldest first.

        That such a visit is not in the book is an inference: nobody can ask VNeID.
        """
        looked = exists().where(
            book_checks.c.dossier_id == dossiers.c.id, book_checks.c.seen_at >= revisions.c.accepted_at
        )
        statement = (
            select(
                dossiers.c.id,
                dossiers.c.facility,
                dossiers.c.ma_lk_sealed,
                dossiers.c.purpose,
                revisions.c.accepted_at,
            )
            .join(revisions, revisions.c.id == dossiers.c.revision_id)
            .where(
                dossiers.c.purpose.in_(_VISITS),
                dossiers.c.state == State.ACCEPTED.value,
                revisions.c.accepted_at < now - timedelta(hours=hours),
                or_(revisions.c.verdict.is_(None), revisions.c.verdict == "pending"),
                ~looked,
            )
            .order_by(revisions.c.accepted_at, dossiers.c.id)
            .limit(limit)
        )
        with self._db.read() as connection:
            rows = connection.execute(only(statement, dossiers.c.facility, facilities)).all()
        return [
            Waiting(
                row.id,
                row.facility,
                self._vault.open_text(row.ma_lk_sealed, MA_LK),
                row.purpose,
                row.accepted_at,
                int((now - row.accepted_at).total_seconds() // 3600),
            )
            for row in rows
        ]

    def counts(self, facility: str, since: datetime, until: datetime) -> list[Count]:
        """Visits that ended in ``since <= t < until`` by kind and payer, and how many were received."""
        received = exists().where(
            and_(revisions.c.dossier_id == dossiers.c.id, receipts.c.revision_id == revisions.c.id)
        )
        statement = (
            select(
                book_entries.c.visit_type,
                book_entries.c.insured,
                func.count().label("visits"),
                func.sum(case((received, 1), else_=0)).label("sent"),
            )
            .join(dossiers, dossiers.c.id == book_entries.c.dossier_id)
            .where(
                book_entries.c.facility == facility, book_entries.c.ended_at >= since, book_entries.c.ended_at < until
            )
            .group_by(book_entries.c.visit_type, book_entries.c.insured)
            .order_by(book_entries.c.visit_type, book_entries.c.insured)
        )
        with self._db.read() as connection:
            rows = connection.execute(statement).all()
        return [Count(row.visit_type, bool(row.insured), int(row.visits), int(row.sent or 0)) for row in rows]

    def forget(self, now: datetime) -> int:
        """Drop the further facts whose time is over; lines and decisions stay."""
        with self._db.write() as connection:
            done = connection.execute(
                update(book_entries)
                .where(book_entries.c.keep_until < now, book_entries.c.extra_sealed.is_not(None))
                .values(extra_sealed=None)
            )
            return int(done.rowcount)

    # ---- inside --------------------------------------------------------------------------------

    def _visit(self, connection: Connection, facility: str, ma_lk: str) -> Sequence[Any]:
        rows = connection.execute(
            select(dossiers.c.id, dossiers.c.encounter_id).where(
                dossiers.c.facility == facility,
                dossiers.c.ma_lk_blind == self._vault.blind(ma_lk, MA_LK),
                dossiers.c.purpose.in_(_VISITS),
            )
        ).all()
        if not rows:
            raise ConfigError("Không có lượt khám nào mang MA_LK này", "No visit has this MA_LK")
        return rows

    def _decision(self, row: Row[Any]) -> Decision:
        document = json.loads(self._vault.open_text(row.decision_sealed, DECISION))
        return Decision(
            rule=document["rule"],
            kind=document["kind"],
            ground=document["ground"],
            text_key=document["text_key"],
            actor=row.actor,
            at=row.at,
        )


def _within(statement: Any, since: datetime | None, until: datetime | None) -> Any:
    if since is not None:
        statement = statement.where(book_entries.c.ended_at >= since)
    if until is not None:
        statement = statement.where(book_entries.c.ended_at < until)
    return statement


def _completeness(row: Row[Any]) -> Completeness:
    return Completeness(frozenset(row.filled.split()), frozenset(row.empty.split()), cast(Reach, row.reach))
