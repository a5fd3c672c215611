"""What was read: cursors, pulls, encounters with their snapshots, and what is expected of them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, bindparam, delete, exists, insert, or_, select, update
from sqlalchemy.exc import IntegrityError

from adapter.clock import VIETNAM
from adapter.errors import LeaseLost
from adapter.source import Cursor, SourceEncounter
from adapter.store.records import ClaimedEncounter, Counts, Expected, Position, Read
from adapter.store.states import State
from adapter.store.tables.database import Database
from adapter.store.tables.schema import cursors, dossiers, encounters, expectations, pulls, source_bodies
from adapter.store.tables.statements import add, add_with_id, change
from adapter.vault import Vault

SOURCE_KEY, SOURCE_BODY, MA_LK = "source-key", "source-body", "ma-lk"
_STAND_IN = "?"


def stand_in(key: str) -> str:
    """The MA_LK of an encounter that has none yet: unreadable mapping, or one that another encounter took."""
    return _STAND_IN + key


class Intake:
    """The store's face towards pull and the start of translate."""

    def __init__(self, database: Database, vault: Vault, *, keep_source: timedelta) -> None:
        self._db = database
        self._vault = vault
        self._keep = keep_source

    # ---- pull --------------------------------------------------------------------------------

    def position(self, facility: str, source: str) -> Position:
        """Where the source stands, and the fence that :meth:`save_batch` wants back."""
        with self._db.read() as connection:
            row = connection.execute(
                select(cursors).where(cursors.c.facility == facility, cursors.c.source == source)
            ).one_or_none()
        if row is None:
            return Position(None, 0)
        if row.stamp is None:
            return Position(None, row.version)
        return Position(Cursor(row.stamp, self._vault.open_text(row.key_sealed, SOURCE_KEY)), row.version)

    def start_pull(self, facility: str, source: str, now: datetime) -> int:
        """Open the record of one pull; the id goes to the other calls."""
        zero = {"read": 0, "unchanged": 0, "new": 0, "changed": 0, "skipped": 0}
        with self._db.write() as connection:
            row = connection.execute(
                insert(pulls).values(facility=facility, source=source, started_at=now, **zero).returning(pulls.c.id)
            )
            return int(row.scalar_one())

    def knows(self, facility: str, source: str, key: str) -> bool:
        """Whether an encounter of this key was read before."""
        blind = self._vault.blind(key, SOURCE_KEY)
        with self._db.read() as connection:
            mine = (encounters.c.facility == facility, encounters.c.source == source)
            found = select(encounters.c.id).where(*mine, encounters.c.key_blind == blind)
            return connection.execute(found).first() is not None

    def finish_pull(self, pull_id: int, now: datetime, error: str | None = None) -> None:
        """Close the record; ``error`` is a code and message without patient data."""
        with self._db.write() as connection:
            connection.execute(update(pulls).where(pulls.c.id == pull_id).values(finished_at=now, error=error))

    def save_batch(
        self,
        facility: str,
        source: str,
        position: Position,
        reads: Sequence[Read],
        cursor: Cursor | None,
        *,
        pull_id: int,
        plan_hash: str,
        now: datetime,
    ) -> tuple[Position, Counts]:
        """Cursor, encounters, snapshots, expectations and the pull's counts in one transaction.

        Raises LeaseLost when another pull moved the cursor meanwhile; nothing is written then.
        """
        try:
            with self._db.write() as connection:
                version = self._move_cursor(
                    connection, facility, source, position=position, cursor=cursor, plan_hash=plan_hash, now=now
                )
                known = self._known(connection, facility, source, [r.encounter for r in reads])
                counts = Counts()
                for read in reads:
                    counts += self._save(connection, facility, source, read, known=known, plan_hash=plan_hash, now=now)
                connection.execute(
                    update(pulls)
                    .where(pulls.c.id == pull_id)
                    .values(
                        read=pulls.c.read + len(reads),
                        unchanged=pulls.c.unchanged + counts.unchanged,
                        new=pulls.c.new + counts.new,
                        changed=pulls.c.changed + counts.changed,
                        skipped=pulls.c.skipped + counts.skipped,
                    )
                )
        except IntegrityError as error:
            raise _other_pull() from error
        return Position(cursor or position.cursor, version), counts + Counts(read=len(reads))

    def _move_cursor(
        self,
        connection: Connection,
        facility: str,
        source: str,
        *,
        position: Position,
        cursor: Cursor | None,
        plan_hash: str,
        now: datetime,
    ) -> int:
        values: dict[str, Any] = {"version": position.version + 1, "moved_at": now}
        if cursor is not None:
            values |= {"stamp": cursor.stamp, "key_sealed": self._vault.seal_text(cursor.key, SOURCE_KEY)}
        if position.version == 0:
            row = {"facility": facility, "source": source, "plan_hash": plan_hash, **values}
            connection.execute(insert(cursors).values(row))
            return 1
        moved = connection.execute(
            update(cursors)
            .where(cursors.c.facility == facility, cursors.c.source == source, cursors.c.version == position.version)
            .values(values)
        )
        if moved.rowcount != 1:
            raise _other_pull()
        return position.version + 1

    def _known(
        self, connection: Connection, facility: str, source: str, read: Iterable[SourceEncounter]
    ) -> dict[bytes, dict[str, Any]]:
        blinds = list({self._vault.blind(e.key, SOURCE_KEY) for e in read})
        rows = connection.execute(
            select(
                encounters.c.id,
                encounters.c.key_blind,
                encounters.c.content_hash,
                encounters.c.due,
                encounters.c.first_day,
                exists().where(dossiers.c.encounter_id == encounters.c.id).label("has_dossiers"),
            ).where(
                encounters.c.facility == facility,
                encounters.c.source == source,
                encounters.c.key_blind.in_(blinds),
            )
        )
        return {bytes(row.key_blind): dict(row._mapping) for row in rows}

    def _save(
        self,
        connection: Connection,
        facility: str,
        source: str,
        read: Read,
        *,
        known: dict[bytes, dict[str, Any]],
        plan_hash: str,
        now: datetime,
    ) -> Counts:
        encounter = read.encounter
        blind = self._vault.blind(encounter.key, SOURCE_KEY)
        content = encounter.content_hash()
        before = known.get(blind)
        if before is not None and before["content_hash"] == content:
            return Counts(unchanged=1)
        due = len(read.expected)
        values: dict[str, Any] = {
            "content_hash": content,
            "changed_at": now,
            "due": due,
            "not_due_reason": read.not_due_reason or None,
            "plan_hash": plan_hash,
            # An encounter that was due and no longer is goes to translate too: its dossiers must wait.
            "pending": due > 0 or (before is not None and before["has_dossiers"]),
            "lease_owner": None,
            "lease_until": None,
            "ma_lk_blind": self._vault.blind(read.expected[0].ma_lk, MA_LK) if read.expected else None,
        }
        if before is None:
            day = now.astimezone(VIETNAM).date()
            row = {
                "facility": facility,
                "source": source,
                "key_blind": blind,
                "key_sealed": self._vault.seal_text(encounter.key, SOURCE_KEY),
                "first_day": day,
                "first_read_at": now,
                "fence": 0,
                **values,
            }
            encounter_id = add_with_id(connection, encounters, row)
        else:
            encounter_id, day = before["id"], before["first_day"]
            connection.execute(
                update(encounters).where(encounters.c.id == encounter_id).values(fence=encounters.c.fence + 1, **values)
            )
        self._keep_snapshot(connection, encounter_id, content, encounter, now, first=before is None)
        if before is not None:
            withdraw_unmet(connection, encounter_id)
        expect(
            connection,
            self._vault,
            facility=facility,
            encounter_id=encounter_id,
            source_key=encounter.key,
            day=day,
            expected=read.expected,
        )
        known[blind] = {
            "id": encounter_id,
            "content_hash": content,
            "due": max(due, before["due"] if before else 0),
            "first_day": day,
            "has_dossiers": before is not None and before["has_dossiers"],
        }
        if due == 0:
            return Counts(skipped=1)
        return Counts(new=1) if before is None or before["due"] == 0 else Counts(changed=1)

    def _keep_snapshot(
        self,
        connection: Connection,
        encounter_id: int,
        content: str,
        encounter: SourceEncounter,
        now: datetime,
        *,
        first: bool,
    ) -> None:
        keep_until = now + self._keep
        key = {"encounter_id": encounter_id, "content_hash": content}
        if first or not change(connection, source_bodies, key, {"keep_until": keep_until}):
            body = self._vault.seal(encounter.to_bytes(), SOURCE_BODY)
            add(connection, source_bodies, {**key, "body": body, "saved_at": now, "keep_until": keep_until})

    # ---- translate ---------------------------------------------------------------------------

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
        """Encounters waiting for translation, leased to ``owner``, oldest first."""
        with self._db.write() as connection:
            rows = connection.execute(
                select(
                    encounters.c.id,
                    encounters.c.content_hash,
                    encounters.c.first_day,
                    encounters.c.fence,
                )
                .where(
                    encounters.c.facility == facility,
                    encounters.c.source == source,
                    encounters.c.pending,
                    or_(encounters.c.lease_until.is_(None), encounters.c.lease_until <= now),
                )
                .order_by(encounters.c.id)
                .limit(limit)
                .with_for_update(skip_locked=True)
            ).all()
            ids = [row.id for row in rows]
            connection.execute(
                update(encounters)
                .where(encounters.c.id.in_(ids))
                .values(lease_owner=owner, lease_until=now + lease, fence=encounters.c.fence + 1)
            )
            bodies = self._snapshots(connection, rows)
        return [
            ClaimedEncounter(
                id=row.id,
                facility=facility,
                source=source,
                encounter=SourceEncounter.from_bytes(self._vault.open_(bodies[row.id], SOURCE_BODY)),
                content_hash=row.content_hash,
                first_day=row.first_day,
                fence=row.fence + 1,
            )
            for row in rows
        ]

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


def expect(
    connection: Connection,
    vault: Vault,
    *,
    facility: str,
    encounter_id: int,
    source_key: str,
    day: date,
    expected: Iterable[Expected],
) -> None:
    """Note what must come out of an encounter. An MA_LK another encounter owns is expected under a stand-in."""
    for one in expected:
        for ma_lk in (one.ma_lk, stand_in(source_key)):
            blind = vault.blind(ma_lk, MA_LK)
            owner = expectation_owner(connection, facility, blind, one.purpose, one.occasion)
            if owner is None:
                row = {
                    "facility": facility,
                    "encounter_id": encounter_id,
                    "ma_lk_blind": blind,
                    "purpose": one.purpose,
                    "occasion": one.occasion,
                    "first_day": day,
                }
                add(connection, expectations, row)
            if owner is None or owner == encounter_id:
                break


def expectation_owner(connection: Connection, facility: str, blind: bytes, purpose: str, occasion: str) -> int | None:
    """The encounter a dossier's key is expected from; None when nobody claims it."""
    asked = {"of_facility": facility, "blind": blind, "of_purpose": purpose, "of_occasion": occasion}
    return connection.execute(_OWNER, asked).scalar_one_or_none()


def withdraw_unmet(connection: Connection, encounter_id: int) -> None:
    """Forget expectations that never became a dossier: readiness is judged anew."""
    connection.execute(_WITHDRAW, {"of": encounter_id})


_OWNER = select(expectations.c.encounter_id).where(
    expectations.c.facility == bindparam("of_facility"),
    expectations.c.ma_lk_blind == bindparam("blind"),
    expectations.c.purpose == bindparam("of_purpose"),
    expectations.c.occasion == bindparam("of_occasion"),
)
_MET = exists().where(
    dossiers.c.facility == expectations.c.facility,
    dossiers.c.ma_lk_blind == expectations.c.ma_lk_blind,
    dossiers.c.purpose == expectations.c.purpose,
    dossiers.c.occasion == expectations.c.occasion,
)
_WITHDRAW = delete(expectations).where(expectations.c.encounter_id == bindparam("of"), ~_MET)


def _other_pull() -> LeaseLost:
    return LeaseLost(
        "Một lượt đọc khác của cùng nguồn vừa ghi; lượt này bỏ, không mất gì",
        "Another pull of the same source has just written; this one is void, nothing is lost",
    )
