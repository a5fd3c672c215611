"""Proof that the reception asked: written before the question leaves, completed by the answer."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import insert, select, update

from adapter.store.portal.schema import lookups
from adapter.store.tables.database import Database
from adapter.vault import Vault

QUESTION = "lookup-question"


class Lookups:
    """One row per question that left for the gateway."""

    def __init__(self, database: Database, vault: Vault) -> None:
        self._db = database
        self._vault = vault

    def blind(self, question: str) -> bytes:
        """What a question is known by: keyed, never readable."""
        return self._vault.blind(question, QUESTION)

    def asked(self, reference: str, *, facility: str, service: str, question: bytes, by: str, now: datetime) -> None:
        """Note a question before it leaves, so that a crash leaves its proof."""
        with self._db.write() as connection:
            connection.execute(
                insert(lookups).values(
                    reference=reference,
                    facility=facility,
                    service=service,
                    question_blind=question,
                    asked_at=now,
                    asked_by=by,
                )
            )

    def answered(
        self, reference: str, *, outcome: str, case: str, http_status: int | None, milliseconds: int | None
    ) -> None:
        """Note what came of it."""
        with self._db.write() as connection:
            connection.execute(
                update(lookups)
                .where(lookups.c.reference == reference, lookups.c.outcome.is_(None))
                .values(outcome=outcome, case_id=case[:60], http_status=http_status, milliseconds=milliseconds)
            )

    def latest(self, questions: Sequence[str], *, facility: str, service: str, since: datetime) -> str:
        """How the newest of these questions asked since then came out; empty when none was."""
        if not questions:
            return ""
        statement = (
            select(lookups.c.outcome)
            .where(
                lookups.c.facility == facility,
                lookups.c.service == service,
                lookups.c.asked_at >= since,
                lookups.c.question_blind.in_({self.blind(q) for q in questions}),
                lookups.c.outcome.is_not(None),
            )
            .order_by(lookups.c.asked_at.desc())
            .limit(1)
        )
        with self._db.read() as connection:
            return connection.execute(statement).scalar_one_or_none() or ""

    def get(self, reference: str) -> dict[str, Any] | None:
        """A question by its reference; ``question`` is the keyed value to compare with :meth:`blind`."""
        with self._db.read() as connection:
            row = connection.execute(select(lookups).where(lookups.c.reference == reference)).one_or_none()
        if row is None:
            return None
        return {
            "reference": row.reference,
            "facility": row.facility,
            "service": row.service,
            "asked_at": row.asked_at,
            "asked_by": row.asked_by,
            "outcome": row.outcome,
            "case": row.case_id,
            "http_status": row.http_status,
            "milliseconds": row.milliseconds,
            "question": bytes(row.question_blind),
        }
