"""Proof that the reception asked: written before the question leaves, completed by the answer."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, insert, select, update

from adapter.store.portal.schema import lookups
from adapter.store.tables.database import Database
from adapter.store.tables.types import Instant
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

    def any(self, *, facility: str, service: str) -> bool:
        """Whether the desk has ever asked: where it never does, nobody need look."""
        asked = select(lookups.c.reference).where(lookups.c.facility == facility, lookups.c.service == service)
        with self._db.read() as connection:
            return connection.execute(asked.limit(1)).first() is not None

    def latest_of(self, asked: Sequence[tuple[Sequence[str], datetime]], *, facility: str, service: str) -> list[str]:
        """For several (questions, since): how the newest one asked since then came out; empty when none was."""
        blinds = [({self.blind(question) for question in questions}, since) for questions, since in asked]
        wanted = set().union(*(mine for mine, _ in blinds))
        if not wanted:
            return [""] * len(asked)
        found = {
            "of": facility,
            "service": service,
            "since": min(since for mine, since in blinds if mine),
            "blinds": list(wanted),
        }
        with self._db.read() as connection:
            rows = [(bytes(r.question_blind), r.asked_at, r.outcome) for r in connection.execute(_ANSWERS, found)]
        return [
            next((outcome for blind, at, outcome in rows if blind in mine and at >= since), "")
            for mine, since in blinds
        ]

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


_ANSWERS = (
    select(lookups.c.question_blind, lookups.c.asked_at, lookups.c.outcome)
    .where(
        lookups.c.facility == bindparam("of"),
        lookups.c.service == bindparam("service"),
        lookups.c.asked_at >= bindparam("since", type_=Instant()),
        lookups.c.question_blind.in_(bindparam("blinds", expanding=True)),
        lookups.c.outcome.is_not(None),
    )
    .order_by(lookups.c.asked_at.desc())
)
