"""Looking: lists for queues, and everything about one dossier. Nothing here changes anything."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import Connection, Row, Select, and_, case, exists, func, or_, select

from adapter.dossier.model import Dossier
from adapter.rules.finding import Finding
from adapter.store.encounters.expected import MA_LK
from adapter.store.tables.database import Database
from adapter.store.tables.schema import (
    attempts,
    dossier_bodies,
    dossiers,
    events,
    findings,
    receipts,
    revisions,
    search_words,
    signed_bodies,
    tasks,
)
from adapter.store.work.claims import SIGNED_BODY
from adapter.store.work.findings import load_findings
from adapter.store.work.first import DOSSIER_BODY
from adapter.store.work.settle import MESSAGE
from adapter.vault import Vault, plain_words


class Queries:
    """Read-only views. Dicts are ready for JSON and pages; times are ISO text, amounts decimal text."""

    def __init__(self, database: Database, vault: Vault) -> None:
        self._db = database
        self._vault = vault

    def list(
        self,
        *,
        facility: str | None = None,
        purpose: str | None = None,
        state: str | None = None,
        held: bool | None = None,
        rule: str | None = None,
        ma_lk: str | None = None,
        text: str | None = None,
        overdue_at: datetime | None = None,
        limit: int = 100,
        offset: int = 0,
    ) -> list[dict[str, Any]]:
        """Dossiers, the most urgent first. ``text``: words of a name, a card or a personal number."""
        statement = self._filtered(
            base_lines(), facility=facility, purpose=purpose, state=state, held=held, rule=rule, ma_lk=ma_lk, text=text
        )
        if overdue_at is not None:
            statement = statement.where(
                dossiers.c.deadline < overdue_at, dossiers.c.state.not_in(["accepted", "skipped"])
            )
        rank = case((dossiers.c.purpose == "checkin", 0), else_=1)
        statement = statement.order_by(rank, dossiers.c.deadline, dossiers.c.id).limit(limit).offset(offset)
        with self._db.read() as connection:
            return [line_of(row, self._vault) for row in connection.execute(statement)]

    def count(
        self,
        *,
        facility: str | None = None,
        purpose: str | None = None,
        state: str | None = None,
        held: bool | None = None,
        rule: str | None = None,
        ma_lk: str | None = None,
        text: str | None = None,
    ) -> int:
        """How many dossiers :meth:`list` would give without its limit."""
        statement = self._filtered(
            base_lines(), facility=facility, purpose=purpose, state=state, held=held, rule=rule, ma_lk=ma_lk, text=text
        )
        with self._db.read() as connection:
            return int(connection.execute(select(func.count()).select_from(statement.subquery())).scalar_one())

    def show(self, dossier_id: int) -> dict[str, Any] | None:
        """Everything about one dossier: revisions with findings, attempts and receipts; events; tasks."""
        with self._db.read() as connection:
            row = connection.execute(base_lines().where(dossiers.c.id == dossier_id)).one_or_none()
            if row is None:
                return None
            past = connection.execute(
                select(revisions).where(revisions.c.dossier_id == dossier_id).order_by(revisions.c.number)
            ).all()
            numbers = {r.id: r.number for r in past}
            happened = connection.execute(
                select(events).where(events.c.dossier_id == dossier_id).order_by(events.c.id)
            ).all()
            open_tasks = connection.execute(select(tasks).where(tasks.c.dossier_id == dossier_id)).all()
            return {
                **line_of(row, self._vault),
                "revisions": [self._revision(connection, r, numbers) for r in past],
                "events": [
                    {
                        "at": _iso(e.at),
                        "revision": numbers.get(e.revision_id),
                        "kind": e.kind,
                        "from": e.from_state,
                        "to": e.to_state,
                        "actor": e.actor,
                        "detail": e.detail,
                    }
                    for e in happened
                ],
                "tasks": [
                    {
                        "kind": t.kind,
                        "opened_at": _iso(t.opened_at),
                        "due_at": _iso(t.due_at),
                        "closed_at": _iso(t.closed_at),
                    }
                    for t in open_tasks
                ],
            }

    def dossier(self, revision_id: int) -> Dossier | None:
        """The content of a revision; None when its body is no longer kept."""
        with self._db.read() as connection:
            body = connection.execute(
                select(dossier_bodies.c.body).where(dossier_bodies.c.revision_id == revision_id)
            ).scalar_one_or_none()
        return None if body is None else Dossier.from_bytes(self._vault.open_(body, DOSSIER_BODY))

    def findings(self, revision_id: int) -> tuple[Finding, ...]:
        """A revision's findings with their values."""
        with self._db.read() as connection:
            return load_findings(connection, self._vault, revision_id)

    def blocked_rules(self, facility: str | None = None) -> dict[str, int]:
        """Rule id → dossiers it blocks now."""
        statement = (
            select(findings.c.rule, func.count(dossiers.c.id.distinct()))
            .join(dossiers, dossiers.c.revision_id == findings.c.revision_id)
            .where(dossiers.c.state == "blocked", findings.c.severity == "error")
            .group_by(findings.c.rule)
            .order_by(findings.c.rule)
        )
        if facility is not None:
            statement = statement.where(dossiers.c.facility == facility)
        with self._db.read() as connection:
            return {rule: int(n) for rule, n in connection.execute(statement)}

    def sent(self, *, facility: str | None = None, after: int = 0) -> Iterator[dict[str, Any]]:
        """Every revision with signed bytes that was handed over, oldest first, bytes included.

        ``after``: only revisions with a larger id. One revision is in memory at a time.
        """
        statement = (
            select(revisions, dossiers.c.ma_lk_sealed, dossiers.c.occasion)
            .join(dossiers, dossiers.c.id == revisions.c.dossier_id)
            .where(revisions.c.state.in_(["accepted", "refused", "unknown", "sending"]), revisions.c.id > after)
            .order_by(revisions.c.id)
        )
        if facility is not None:
            statement = statement.where(dossiers.c.facility == facility)
        with self._db.read() as connection:
            rows = connection.execute(statement).all()
            for row in rows:
                body = connection.execute(
                    select(signed_bodies.c.body).where(signed_bodies.c.revision_id == row.id)
                ).scalar_one_or_none()
                given = connection.execute(
                    select(receipts.c.ma_giao_dich).where(receipts.c.revision_id == row.id).order_by(receipts.c.id)
                ).scalars()
                yield {
                    "revision_id": row.id,
                    "ma_lk": self._vault.open_text(row.ma_lk_sealed, MA_LK),
                    "purpose": row.purpose,
                    "occasion": row.occasion,
                    "revision": row.number,
                    "state": row.state,
                    "sha256": row.sent_sha256,
                    "receipts": list(given),
                    "replaced": row.replaced_by is not None,
                    "body": None if body is None else self._vault.open_(body, SIGNED_BODY),
                }

    # ---- rows to dicts -------------------------------------------------------------------------

    def _filtered(
        self,
        statement: Select[Any],
        *,
        facility: str | None,
        purpose: str | None,
        state: str | None,
        held: bool | None,
        rule: str | None,
        ma_lk: str | None,
        text: str | None,
    ) -> Select[Any]:
        if facility is not None:
            statement = statement.where(dossiers.c.facility == facility)
        if purpose is not None:
            statement = statement.where(dossiers.c.purpose == purpose)
        if state is not None:
            statement = statement.where(dossiers.c.state == state)
        if held is not None:
            statement = statement.where(dossiers.c.held if held else ~dossiers.c.held)
        if rule is not None:
            statement = statement.where(
                exists().where(findings.c.revision_id == dossiers.c.revision_id, findings.c.rule == rule)
            )
        if ma_lk is not None:
            statement = statement.where(dossiers.c.ma_lk_blind == self._vault.blind(ma_lk, MA_LK))
        if text:
            statement = self._worded(statement, text)
        return statement

    def _worded(self, statement: Select[Any], text: str) -> Select[Any]:
        whole = [("card", self._vault.blind(text, "card")), ("person", self._vault.blind(text, "person"))]
        words = [("name", self._vault.blind(word, "name")) for word in plain_words(text)]
        as_number = exists().where(
            search_words.c.dossier_id == dossiers.c.id,
            search_words.c.kind.in_(["card", "person"]),
            search_words.c.value.in_([value for _, value in whole]),
        )
        as_name = [
            exists().where(
                search_words.c.dossier_id == dossiers.c.id, search_words.c.kind == kind, search_words.c.value == value
            )
            for kind, value in words
        ]
        if not as_name:
            return statement.where(as_number)
        return statement.where(or_(as_number, and_(*as_name)))

    def _revision(self, connection: Connection, row: Row[Any], numbers: dict[int, int]) -> dict[str, Any]:
        tried = connection.execute(
            select(attempts).where(attempts.c.revision_id == row.id).order_by(attempts.c.id)
        ).all()
        given = connection.execute(
            select(receipts).where(receipts.c.revision_id == row.id).order_by(receipts.c.id)
        ).all()
        return {
            "id": row.id,
            "number": row.number,
            "state": row.state,
            "reason": row.reason,
            "state_reason": row.state_reason,
            "standard": row.standard,
            "content_hash": row.content_hash,
            "mapping_hash": row.mapping_hash,
            "source_hash": row.source_hash,
            "sha256": row.sent_sha256,
            "certificate_serial": row.certificate_serial,
            "created_at": _iso(row.created_at),
            "accepted_at": _iso(row.accepted_at),
            "attempts": row.attempts,
            "next_attempt_at": _iso(row.next_attempt_at),
            "remark": bool(row.remark),
            "verdict": row.verdict,
            "replaced_by": numbers.get(row.replaced_by) if row.replaced_by is not None else None,
            "findings": [f.to_dict() for f in load_findings(connection, self._vault, row.id)],
            "tried": [
                {
                    "started_at": _iso(a.started_at),
                    "finished_at": _iso(a.finished_at),
                    "outcome": a.outcome,
                    "http_status": a.http_status,
                    "ma_ket_qua": a.ma_ket_qua,
                    "milliseconds": a.milliseconds,
                    "message": self._text(a.message_sealed),
                    "sha256": a.sha256,
                }
                for a in tried
            ],
            "receipts": [
                {
                    "at": _iso(r.at),
                    "maGiaoDich": r.ma_giao_dich,
                    "thoiGianTiepNhan": _iso(r.thoi_gian_tiep_nhan),
                    "thongDiep": self._text(r.thong_diep_sealed),
                    "remark": bool(r.remark),
                    "how": r.how,
                    "sha256": r.sha256,
                }
                for r in given
            ],
        }

    def _text(self, sealed: bytes | None) -> str:
        return "" if sealed is None else self._vault.open_text(sealed, MESSAGE)


def base_lines() -> Select[Any]:
    """A dossier with its current revision: the columns :func:`line_of` reads."""
    return select(
        dossiers,
        revisions.c.number,
        revisions.c.reason,
        revisions.c.state_reason,
        revisions.c.attempts,
        revisions.c.next_attempt_at,
        revisions.c.remark,
        revisions.c.amount_total,
        revisions.c.amount_insurance,
    ).join(revisions, revisions.c.id == dossiers.c.revision_id)


def line_of(row: Row[Any], vault: Vault) -> dict[str, Any]:
    """One line of a list, ready for JSON."""
    return {
        "id": row.id,
        "facility": row.facility,
        "ma_lk": vault.open_text(row.ma_lk_sealed, MA_LK),
        "purpose": row.purpose,
        "occasion": row.occasion,
        "state": row.state,
        "held": bool(row.held),
        "held_code": row.held_code,
        "held_reason": row.held_reason,
        "held_by": row.held_by,
        "deadline": _iso(row.deadline),
        "first_day": row.first_day.isoformat(),
        "verdict": row.verdict,
        "payment_requested": bool(row.payment_requested),
        "revision": row.number,
        "revision_id": row.revision_id,
        "encounter_id": row.encounter_id,
        "reason": row.reason,
        "state_reason": row.state_reason,
        "attempts": row.attempts,
        "next_attempt_at": _iso(row.next_attempt_at),
        "remark": bool(row.remark),
        "amount_total": _decimal(row.amount_total),
        "amount_insurance": _decimal(row.amount_insurance),
        "updated_at": _iso(row.updated_at),
    }


def _iso(at: datetime | None) -> str | None:
    return None if at is None else at.isoformat()


def _decimal(value: Decimal | None) -> str | None:
    return None if value is None else format(value.normalize(), "f")
