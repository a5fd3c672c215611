"""What was read: cursors, pulls, encounters with their snapshots, and what is expected of them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, bindparam, exists, insert, select, update
from sqlalchemy.exc import IntegrityError

from adapter.clock import VIETNAM
from adapter.errors import LeaseLost
from adapter.source import Cursor, SourceEncounter
from adapter.store.encounters.expected import MA_LK, expect, withdraw_unmet
from adapter.store.records import Counts, Expected, Position, Read
from adapter.store.tables.database import Database
from adapter.store.tables.direct import each
from adapter.store.tables.schema import cursors, dossiers, encounters, expectations, pulls, source_bodies
from adapter.store.tables.statements import add, add_with_ids, change
from adapter.store.tables.types import Id
from adapter.vault import Vault

SOURCE_KEY, SOURCE_BODY = "source-key", "source-body"


@dataclass(frozen=True, slots=True)
class _Batch:
    """One read of a source on its way into the store. ``known``: what the store knows of the keys, by blind key."""

    connection: Connection
    facility: str
    source: str
    plan_hash: str
    now: datetime
    known: dict[bytes, dict[str, Any]]


@dataclass(frozen=True, slots=True)
class _Content:
    """An encounter as it was read, as it is kept."""

    read: Read
    blind: bytes
    body: bytes
    hash: str


class Intake:
    """The store's face towards pull."""

    def __init__(self, database: Database, vault: Vault, *, keep_source: timedelta) -> None:
        self._db = database
        self._vault = vault
        self._keep = keep_source

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
                batch = _Batch(connection, facility, source, plan_hash, now, known)
                counts = self._save_all(batch, reads)
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
            )
            .where(
                encounters.c.facility == facility,
                encounters.c.source == source,
                encounters.c.key_blind.in_(blinds),
            )
            # Locked in the order of their ids, as translate does, so that the two never wait for each other.
            .order_by(encounters.c.id)
            .with_for_update(of=encounters)
        )
        return {bytes(row.key_blind): dict(row._mapping) for row in rows}

    def _save_all(self, batch: _Batch, reads: Sequence[Read]) -> Counts:
        """Unchanged encounters cost nothing, new ones are written together, changed ones one by one."""
        counts = Counts()
        fresh: list[_Content] = []
        waiting: set[bytes] = set()
        for read in reads:
            blind = self._vault.blind(read.encounter.key, SOURCE_KEY)
            if blind in waiting:  # the source gave one key twice: the second is compared with the first
                self._save_new(batch, fresh)
                fresh, waiting = [], set()
            one = _Content(read, blind, *read.encounter.canonical())
            before = batch.known.get(blind)
            if before is None:
                fresh.append(one)
                waiting.add(blind)
                counts += Counts(new=1) if read.expected else Counts(skipped=1)
            elif before["content_hash"] == one.hash:
                counts += Counts(unchanged=1)
            else:
                counts += self._save_changed(batch, one, before)
        self._save_new(batch, fresh)
        return counts

    def _values(self, batch: _Batch, one: _Content, *, has_dossiers: bool) -> dict[str, Any]:
        expected = one.read.expected
        return {
            "content_hash": one.hash,
            "changed_at": batch.now,
            "due": len(expected),
            "not_due_reason": one.read.not_due_reason or None,
            "plan_hash": batch.plan_hash,
            # An encounter that was due and no longer is goes to translate too: its dossiers must wait.
            "pending": bool(expected) or has_dossiers,
            "lease_owner": None,
            "lease_until": None,
            "ma_lk_blind": self._vault.blind(expected[0].ma_lk, MA_LK) if expected else None,
        }

    def _save_new(self, batch: _Batch, fresh: Sequence[_Content]) -> None:
        if not fresh:
            return
        day = batch.now.astimezone(VIETNAM).date()
        rows = [
            {
                "facility": batch.facility,
                "source": batch.source,
                "key_blind": one.blind,
                "key_sealed": self._vault.seal_text(one.read.encounter.key, SOURCE_KEY),
                "first_day": day,
                "first_read_at": batch.now,
                "fence": 0,
                **self._values(batch, one, has_dossiers=False),
            }
            for one in fresh
        ]
        ids = add_with_ids(batch.connection, encounters, rows)
        bodies = [self._snapshot_row(batch, i, o) for i, o in zip(ids, fresh, strict=True)]
        each(batch.connection, _ADD_BODIES, bodies)
        self._expect_new(batch, list(zip(ids, fresh, strict=True)), day)
        for encounter_id, one in zip(ids, fresh, strict=True):
            batch.known[one.blind] = {
                "id": encounter_id,
                "content_hash": one.hash,
                "due": len(one.read.expected),
                "first_day": day,
                "has_dossiers": False,
            }

    def _expect_new(self, batch: _Batch, fresh: Sequence[tuple[int, _Content]], day: date) -> None:
        """Expectations of new encounters; whoever wants what another one owns is looked at alone."""
        wanted = {
            (self._vault.blind(one.ma_lk, MA_LK), one.purpose, one.occasion): None
            for _, content in fresh
            for one in content.read.expected
        }
        asked = {"of": batch.facility, "blinds": list({key[0] for key in wanted})}
        taken = {(bytes(r.ma_lk_blind), r.purpose, r.occasion) for r in batch.connection.execute(_TAKEN, asked)}
        rows: list[dict[str, Any]] = []
        clashing: list[tuple[int, _Content, Expected]] = []
        for encounter_id, content in fresh:
            for one in content.read.expected:
                key = (self._vault.blind(one.ma_lk, MA_LK), one.purpose, one.occasion)
                if key in taken:
                    clashing.append((encounter_id, content, one))
                    continue
                taken.add(key)
                rows.append(
                    {
                        "facility": batch.facility,
                        "encounter_id": encounter_id,
                        "ma_lk_blind": key[0],
                        "purpose": one.purpose,
                        "occasion": one.occasion,
                        "first_day": day,
                    }
                )
        each(batch.connection, _ADD_EXPECTATIONS, rows)
        for encounter_id, content, one in clashing:
            self._expect(batch, encounter_id, content, day, [one])

    def _expect(self, batch: _Batch, encounter_id: int, one: _Content, day: date, expected: Iterable[Expected]) -> None:
        expect(
            batch.connection,
            self._vault,
            facility=batch.facility,
            encounter_id=encounter_id,
            source_key=one.read.encounter.key,
            day=day,
            expected=expected,
        )

    def _save_changed(self, batch: _Batch, one: _Content, before: dict[str, Any]) -> Counts:
        connection, due = batch.connection, len(one.read.expected)
        encounter_id, day = before["id"], before["first_day"]
        values = self._values(batch, one, has_dossiers=before["has_dossiers"])
        connection.execute(_CHANGE, {"of": encounter_id, **{f"to_{name}": value for name, value in values.items()}})
        key = {"encounter_id": encounter_id, "content_hash": one.hash}
        if not change(connection, source_bodies, key, {"keep_until": batch.now + self._keep}):
            add(connection, source_bodies, self._snapshot_row(batch, encounter_id, one))
        withdraw_unmet(connection, encounter_id)
        self._expect(batch, encounter_id, one, day, one.read.expected)
        batch.known[one.blind] = {**before, "content_hash": one.hash, "due": max(due, before["due"])}
        if due == 0:
            return Counts(skipped=1)
        return Counts(new=1) if before["due"] == 0 else Counts(changed=1)

    def _snapshot_row(self, batch: _Batch, encounter_id: int, one: _Content) -> dict[str, Any]:
        return {
            "encounter_id": encounter_id,
            "content_hash": one.hash,
            "body": self._vault.seal(one.body, SOURCE_BODY),
            "saved_at": batch.now,
            "keep_until": batch.now + self._keep,
        }


_CHANGED = (
    "content_hash",
    "changed_at",
    "due",
    "not_due_reason",
    "plan_hash",
    "pending",
    "lease_owner",
    "lease_until",
    "ma_lk_blind",
)
_CHANGE = (
    update(encounters)
    .where(encounters.c.id == bindparam("of", type_=Id))
    .values(
        fence=encounters.c.fence + 1,
        **{name: bindparam(f"to_{name}", type_=encounters.c[name].type) for name in _CHANGED},
    )
)
_ADD_BODIES, _ADD_EXPECTATIONS = insert(source_bodies), insert(expectations)
_TAKEN = select(expectations.c.ma_lk_blind, expectations.c.purpose, expectations.c.occasion).where(
    expectations.c.facility == bindparam("of"), expectations.c.ma_lk_blind.in_(bindparam("blinds", expanding=True))
)


def _other_pull() -> LeaseLost:
    return LeaseLost(
        "Một lượt đọc khác của cùng nguồn vừa ghi; lượt này bỏ, không mất gì",
        "Another pull of the same source has just written; this one is void, nothing is lost",
    )
