"""What a person answered for by typing it, with actor and time. Only ever added."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import insert, select

from adapter.store.people.audit import Audit, Entry
from adapter.store.portal.schema import confirmations
from adapter.store.tables.database import Database

PRODUCTION = "production"


class Confirmations:
    """Add and look."""

    def __init__(self, database: Database, audit: Audit) -> None:
        self._db = database
        self._audit = audit

    def add(self, kind: str, facility: str, *, actor: str, detail: str, now: datetime) -> None:
        """Record one."""
        with self._db.write() as connection:
            connection.execute(
                insert(confirmations).values(kind=kind, facility=facility, at=now, actor=actor, detail=detail)
            )
            self._audit.append(
                connection, Entry("confirm", actor, facility=facility, kind="confirmation", object=kind, reason=detail)
            )

    def last(self, kind: str, facility: str) -> dict[str, Any] | None:
        """The newest of a kind for a facility: ``at`` (ISO), ``actor``, ``detail``."""
        with self._db.read() as connection:
            row = connection.execute(
                select(confirmations)
                .where(confirmations.c.kind == kind, confirmations.c.facility == facility)
                .order_by(confirmations.c.id.desc())
                .limit(1)
            ).one_or_none()
        return None if row is None else {"at": row.at.isoformat(), "actor": row.actor, "detail": row.detail}
