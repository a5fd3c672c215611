"""Mappings as people changed them: saved under review, put to work by a decision, never rewritten."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from sqlalchemy import Connection, Row, func, insert, select, update
from sqlalchemy.exc import IntegrityError

from adapter.errors import ConfigError
from adapter.store.people.audit import Audit, Entry
from adapter.store.portal.schema import mapping_versions
from adapter.store.tables.database import Database
from adapter.store.tables.schema import encounters

VersionState = Literal["review", "active", "retired", "rejected"]


@dataclass(frozen=True, slots=True)
class Version:
    """One saved mapping. ``files``: path inside the mapping's folder → text; ``mapping.yaml`` is the mapping."""

    id: int
    facility: str
    number: int
    files: Mapping[str, str]
    plan_hash: str
    note: str
    state: VersionState
    author: str
    created_at: datetime
    decided_by: str | None
    decided_at: datetime | None
    decision: str | None


class Mappings:
    """Save, decide, look."""

    def __init__(self, database: Database, audit: Audit) -> None:
        self._db = database
        self._audit = audit

    def save(
        self, facility: str, files: Mapping[str, str], *, plan_hash: str, note: str, now: datetime, entry: Entry
    ) -> int:
        """Keep a new version under review; its number. ConfigError when somebody saved at the same moment."""
        try:
            with self._db.write() as connection:
                last = connection.execute(
                    select(func.max(mapping_versions.c.number)).where(mapping_versions.c.facility == facility)
                ).scalar_one_or_none()
                number = (last or 0) + 1
                connection.execute(
                    insert(mapping_versions).values(
                        facility=facility,
                        number=number,
                        files=json.dumps(dict(files), ensure_ascii=False),
                        plan_hash=plan_hash,
                        note=note,
                        state="review",
                        author=entry.actor,
                        created_at=now,
                    )
                )
                self._audit.append(connection, entry)
                return number
        except IntegrityError as error:
            raise ConfigError(
                "Người khác vừa lưu một bản; lưu lại lần nữa", "Somebody else has just saved a version; save again"
            ) from error

    def activate(self, facility: str, number: int, *, reason: str, now: datetime, entry: Entry) -> None:
        """Put a version to work; the one before it is retired. ConfigError when it cannot be any more."""
        with self._db.write() as connection:
            connection.execute(
                update(mapping_versions)
                .where(mapping_versions.c.facility == facility, mapping_versions.c.state == "active")
                .values(state="retired")
            )
            where = (facility, number, ("review", "retired"))
            _decide(connection, where, state="active", decision=reason, decided_at=now, decided_by=entry.actor)
            self._audit.append(connection, entry)

    def reject(self, facility: str, number: int, *, reason: str, now: datetime, entry: Entry) -> None:
        """Turn a version under review down."""
        with self._db.write() as connection:
            where = (facility, number, ("review",))
            _decide(connection, where, state="rejected", decision=reason, decided_at=now, decided_by=entry.actor)
            self._audit.append(connection, entry)

    def retire(self, facility: str, *, now: datetime, reason: str, entry: Entry) -> None:
        """Go back to the mapping the configuration names."""
        with self._db.write() as connection:
            connection.execute(
                update(mapping_versions)
                .where(mapping_versions.c.facility == facility, mapping_versions.c.state == "active")
                .values(state="retired", decided_by=entry.actor, decided_at=now, decision=reason)
            )
            self._audit.append(connection, entry)

    def active_number(self, facility: str) -> int | None:
        """Which version works now; None: the mapping the configuration names. Cheap enough to ask at every pass."""
        statement = select(mapping_versions.c.number).where(
            mapping_versions.c.facility == facility, mapping_versions.c.state == "active"
        )
        with self._db.read() as connection:
            return connection.execute(statement).scalar_one_or_none()

    def get(self, facility: str, number: int) -> Version | None:
        """One version with its files."""
        statement = select(mapping_versions).where(
            mapping_versions.c.facility == facility, mapping_versions.c.number == number
        )
        with self._db.read() as connection:
            row = connection.execute(statement).one_or_none()
        return None if row is None else _version(row)

    def newest_encounters(self, facility: str, limit: int) -> tuple[tuple[int, str], ...]:
        """(encounter, content) read last, whose snapshots can be translated for a comparison."""
        statement = (
            select(encounters.c.id, encounters.c.content_hash)
            .where(encounters.c.facility == facility)
            .order_by(encounters.c.id.desc())
            .limit(limit)
        )
        with self._db.read() as connection:
            return tuple((row.id, row.content_hash) for row in connection.execute(statement))

    def list(self, facility: str) -> list[Version]:
        """All versions of a facility, the newest first."""
        statement = (
            select(mapping_versions)
            .where(mapping_versions.c.facility == facility)
            .order_by(mapping_versions.c.number.desc())
        )
        with self._db.read() as connection:
            return [_version(row) for row in connection.execute(statement)]


def _decide(connection: Connection, where: tuple[str, int, tuple[str, ...]], **values: object) -> None:
    facility, number, sources = where
    done = connection.execute(
        update(mapping_versions)
        .where(
            mapping_versions.c.facility == facility,
            mapping_versions.c.number == number,
            mapping_versions.c.state.in_(sources),
        )
        .values(**values)
    )
    if done.rowcount != 1:
        raise ConfigError(
            f"Bản ánh xạ số {number} không còn ở trạng thái chờ duyệt",
            f"Mapping version {number} does not wait for a decision any more",
            hint_vi="tải lại trang để xem trạng thái hiện tại",
            hint_en="reload the page to see how it stands now",
        )


def _version(row: Row[tuple[object, ...]]) -> Version:
    return Version(
        id=row.id,
        facility=row.facility,
        number=row.number,
        files=json.loads(row.files),
        plan_hash=row.plan_hash,
        note=row.note,
        state=row.state,
        author=row.author,
        created_at=row.created_at,
        decided_by=row.decided_by,
        decided_at=row.decided_at,
        decision=row.decision,
    )
