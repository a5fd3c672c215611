"""What waits to be translated: encounters as they were read, claimed in batches of a bounded size."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Integer, bindparam, exists, func, or_, select, update

from adapter.source import SourceEncounter
from adapter.store.encounters.intake import SOURCE_BODY, SOURCE_KEY
from adapter.store.records import ClaimedEncounter
from adapter.store.states import State
from adapter.store.tables.database import Database
from adapter.store.tables.schema import cursors, dossiers, encounters, source_bodies
from adapter.store.tables.types import Instant
from adapter.vault import Vault


class Pending:
    """Encounters whose content changed since they were last translated."""

    def __init__(self, database: Database, vault: Vault) -> None:
        self._db = database
        self._vault = vault

    def adopt_plan(self, facility: str, source: str, plan_hash: str) -> int:
        """With a new mapping, look again at what the old one blocked or found not ready; how many."""
        with self._db.write() as connection:
            changed = connection.execute(
                update(cursors)
                .where(
                    cursors.c.facility == facility,
                    cursors.c.source == source,
                    or_(cursors.c.plan_hash.is_(None), cursors.c.plan_hash != plan_hash),
                )
                .values(plan_hash=plan_hash)
            )
            if changed.rowcount == 0:
                return 0
            blocked = exists().where(
                dossiers.c.encounter_id == encounters.c.id, dossiers.c.state == State.BLOCKED.value
            )
            marked = connection.execute(
                update(encounters)
                .where(
                    encounters.c.facility == facility,
                    encounters.c.source == source,
                    encounters.c.plan_hash != plan_hash,
                    or_(encounters.c.due == 0, blocked),
                )
                .values(pending=True)
            )
            return marked.rowcount

    def claim(
        self, facility: str, source: str, *, owner: str, limit: int, now: datetime, lease: timedelta
    ) -> list[ClaimedEncounter]:
        """Encounters waiting for translation, leased to ``owner``, oldest first.

        Up to ``limit``, and fewer when they are long: what a batch holds in memory has a bound.
        """
        with self._db.write() as connection:
            asked = {"of": facility, "source": source, "now": now, "room": limit}
            found = connection.execute(_PENDING, asked).all()
            rows = self._of_a_size(connection, found)
            ids = [row.id for row in rows]
            if ids:
                connection.execute(_LEASE, {"ids": ids, "owner": owner, "until": now + lease})
            bodies = self._snapshots(connection, rows)
        return [
            ClaimedEncounter(
                id=row.id,
                facility=facility,
                source=source,
                key=self._vault.open_text(row.key_sealed, SOURCE_KEY),
                body=self._vault.open_(bodies[row.id], SOURCE_BODY),
                content_hash=row.content_hash,
                first_day=row.first_day,
                fence=row.fence + 1,
            )
            for row in rows
        ]

    def _of_a_size(self, connection: Connection, rows: Sequence[Any]) -> Sequence[Any]:
        if not rows:
            return rows
        sizes: dict[int, int] = {}
        for found in connection.execute(_SIZES, {"ids": [row.id for row in rows]}):
            sizes[found[0]] = max(found[1], sizes.get(found[0], 0))
        some: list[Any] = []
        room = _ROOM
        for row in rows:
            room -= sizes.get(row.id, 0)
            if some and room < 0:
                break
            some.append(row)
        return some

    def _snapshots(self, connection: Connection, rows: Sequence[Any]) -> dict[int, bytes]:
        wanted = {(row.id, row.content_hash) for row in rows}
        found = connection.execute(
            select(source_bodies.c.encounter_id, source_bodies.c.content_hash, source_bodies.c.body).where(
                source_bodies.c.encounter_id.in_([row.id for row in rows])
            )
        )
        return {row.encounter_id: row.body for row in found if (row.encounter_id, row.content_hash) in wanted}

    def snapshot(self, encounter_id: int, content_hash: str) -> SourceEncounter | None:
        """An encounter as it was read; None when its retention is over."""
        with self._db.read() as connection:
            body = connection.execute(
                select(source_bodies.c.body).where(
                    source_bodies.c.encounter_id == encounter_id, source_bodies.c.content_hash == content_hash
                )
            ).scalar_one_or_none()
        return None if body is None else SourceEncounter.from_bytes(self._vault.open_(body, SOURCE_BODY))


_ROOM = 1 << 20
"""Sealed bytes one claim may take; opened they are about ten times as long."""
_PENDING = (
    select(
        encounters.c.id,
        encounters.c.key_sealed,
        encounters.c.content_hash,
        encounters.c.first_day,
        encounters.c.fence,
    )
    .where(
        encounters.c.facility == bindparam("of"),
        encounters.c.source == bindparam("source"),
        encounters.c.pending,
        or_(encounters.c.lease_until.is_(None), encounters.c.lease_until <= bindparam("now", type_=Instant())),
    )
    .order_by(encounters.c.id)
    .limit(bindparam("room", type_=Integer()))
    .with_for_update(skip_locked=True)
)
_SIZES = select(source_bodies.c.encounter_id, func.length(source_bodies.c.body)).where(
    source_bodies.c.encounter_id.in_(bindparam("ids", expanding=True))
)
_LEASE = (
    update(encounters)
    .where(encounters.c.id.in_(bindparam("ids", expanding=True)))
    .values(
        lease_owner=bindparam("owner"),
        lease_until=bindparam("until", type_=Instant()),
        fence=encounters.c.fence + 1,
    )
)
