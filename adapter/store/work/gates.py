"""Gates: why a facility's service does not send just now. Every worker sees the same ones.

Kinds: ``stop`` (a person's switch), ``auth`` (the gateway refused the login), ``breaker``
(failures in a row), ``cert`` (the signing key), ``pause`` (a person's: nothing runs at all).
A gate with ``until`` lets a try through then.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, insert, or_, select, update
from sqlalchemy.exc import IntegrityError

from adapter.store.people.audit import Audit, Entry, is_person
from adapter.store.records import Gate
from adapter.store.tables.database import Database
from adapter.store.tables.schema import gates

ALL = "*"


class Gates:
    """Close, open and ask."""

    def __init__(self, database: Database, audit: Audit) -> None:
        self._db = database
        self._audit = audit

    def closed(self, facility: str, service: str, now: datetime) -> Gate | None:
        """The gate that stops this service now, or None. A person's stop is named first."""
        with self._db.read() as connection:
            rows = connection.execute(
                select(gates)
                .where(
                    gates.c.facility == facility,
                    gates.c.service.in_([service, ALL]),
                    gates.c.closed,
                    or_(gates.c.until.is_(None), gates.c.until > now),
                )
                .order_by(gates.c.kind.desc())
            ).all()
        return _gate(rows[0]) if rows else None

    def get(self, facility: str, service: str, kind: str) -> Gate | None:
        """One gate as it stands, closed or open."""
        with self._db.read() as connection:
            row = connection.execute(select(gates).where(*_key(facility, service, kind))).one_or_none()
        return None if row is None else _gate(row)

    def all(self, facility: str | None = None) -> list[Gate]:
        """Every gate ever used."""
        statement = select(gates).order_by(gates.c.facility, gates.c.service, gates.c.kind)
        if facility is not None:
            statement = statement.where(gates.c.facility == facility)
        with self._db.read() as connection:
            return [_gate(row) for row in connection.execute(statement)]

    def shut(self, facility: str, services: Sequence[str], kinds: Sequence[str]) -> list[Gate]:
        """Closed gates of these services and kinds, whether their time is over or not."""
        with self._db.read() as connection:
            rows = connection.execute(
                select(gates).where(
                    gates.c.facility == facility,
                    gates.c.service.in_(services),
                    gates.c.kind.in_(kinds),
                    gates.c.closed,
                )
            ).all()
        return [_gate(row) for row in rows]

    def set(
        self,
        facility: str,
        service: str,
        kind: str,
        *,
        closed: bool,
        reason: str,
        now: datetime,
        by: str,
        until: datetime | None = None,
        failures: int = 0,
    ) -> None:
        """Write a gate as it must stand from now on. A person's doing goes into the audit log."""
        values = {
            "closed": closed,
            "reason": reason,
            "until": until,
            "failures": failures,
            "changed_at": now,
            "changed_by": by,
        }
        try:
            with self._db.write() as connection:
                if not self._update(connection, facility, service, kind, values):
                    connection.execute(insert(gates).values(facility=facility, service=service, kind=kind, **values))
                self._write_down(connection, facility, service, kind, values)
        except IntegrityError:
            # Another worker made the row between our two statements: now it can be updated.
            with self._db.write() as connection:
                self._update(connection, facility, service, kind, values)
                self._write_down(connection, facility, service, kind, values)

    def _write_down(
        self, connection: Connection, facility: str, service: str, kind: str, values: dict[str, Any]
    ) -> None:
        if not is_person(values["changed_by"]):
            return
        self._audit.append(
            connection,
            Entry(
                "gate.close" if values["closed"] else "gate.open",
                values["changed_by"],
                facility=facility,
                kind="gate",
                object=f"{service} {kind}",
                reason=values["reason"],
            ),
        )

    def _update(
        self, connection: Connection, facility: str, service: str, kind: str, values: dict[str, object]
    ) -> bool:
        return bool(connection.execute(update(gates).where(*_key(facility, service, kind)).values(values)).rowcount)


def _key(facility: str, service: str, kind: str) -> tuple[ColumnElement[bool], ...]:
    return (gates.c.facility == facility, gates.c.service == service, gates.c.kind == kind)


def _gate(row: Row[tuple[object, ...]]) -> Gate:
    return Gate(**row._mapping)
