"""Dossiers another program has sent, or that ended before ``start_at``: skipped, and the way back."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Table, delete, exists, func, insert, or_, select, text, update

from adapter.store.encounters.expected import MA_LK
from adapter.store.people.audit import Audit, Entry
from adapter.store.portal.imports import Source, import_entry, note_import, portions
from adapter.store.portal.marks import active
from adapter.store.portal.schema import portal_imports, sent_elsewhere
from adapter.store.states import NOT_HANDED_OVER, State
from adapter.store.tables.database import Database
from adapter.store.tables.schema import attempts, dossier_bodies, dossiers, revisions, signed_bodies
from adapter.store.words import BEFORE_START, SENT_ELSEWHERE
from adapter.store.work.dossiers import clear_hold
from adapter.store.work.moves import move, record
from adapter.vault import Vault

_WAITING = tuple(sorted(NOT_HANDED_OVER - {State.SKIPPED}))


@dataclass(frozen=True, slots=True)
class Marked:
    """What a list did. ``skipped`` dossiers were known and waiting; ``later``: MA_LK nobody has read yet.

    ``ours``: MA_LK whose claim or book this installation handed over itself, by state; left alone.
    """

    import_id: int
    marked: int
    already: int
    skipped: int
    later: int
    ours: tuple[tuple[str, str], ...]


class Elsewhere:
    """Mark and revoke what other software sent; keep ``start_at`` for dossiers that already wait."""

    def __init__(self, database: Database, vault: Vault, audit: Audit) -> None:
        self._db = database
        self._vault = vault
        self._audit = audit

    def mark(self, facility: str, listed: Iterable[str], source: Source, *, now: datetime, actor: str) -> Marked:
        """Note every MA_LK as sent by other software and skip its dossiers that wait, all in one transaction."""
        wanted = {self._vault.blind(ma_lk, MA_LK): ma_lk for ma_lk in listed}
        with self._db.write() as connection:
            _wait_for_translations(connection)
            known = active(connection, facility, list(wanted))
            ours = self._handed_over(connection, facility, list(wanted))
            new = [blind for blind in wanted if blind not in known and blind not in ours]
            import_id = note_import(connection, self._vault, facility, source, matched=len(new), now=now, actor=actor)
            if new:
                connection.execute(
                    insert(sent_elsewhere),
                    [
                        {
                            "facility": facility,
                            "ma_lk_blind": blind,
                            "ma_lk_sealed": self._vault.seal_text(wanted[blind], MA_LK),
                            "import_id": import_id,
                        }
                        for blind in new
                    ],
                )
            waiting = [row for part in portions(new) for row in _current(connection, facility, part)]
            skipped = sum(_skip(connection, row, SENT_ELSEWHERE, now=now, actor=actor) for row in waiting)
            read = {bytes(row.ma_lk_blind) for row in waiting}
            counts = {"marked": len(new), "skipped": skipped}
            self._audit.append(
                connection, import_entry("golive.import", facility, import_id, source, actor=actor, counts=counts)
            )
            return Marked(
                import_id=import_id,
                marked=len(new),
                already=len(known),
                skipped=skipped,
                later=len(set(new) - read),
                ours=tuple(sorted((wanted[blind], state) for blind, state in ours.items())),
            )

    def revoke(
        self,
        facility: str,
        *,
        ma_lk: str | None = None,
        import_id: int | None = None,
        start_at: datetime | None = None,
        reason: str,
        now: datetime,
        actor: str,
    ) -> tuple[int, int]:
        """Take back the mark of one MA_LK or of a whole import; (marks, dossiers that go on).

        A dossier that ended before ``start_at`` stays skipped, for that reason now.
        """
        with self._db.write() as connection:
            _wait_for_translations(connection)
            of_these = [sent_elsewhere.c.facility == facility, sent_elsewhere.c.revoked_at.is_(None)]
            if ma_lk is not None:
                of_these.append(sent_elsewhere.c.ma_lk_blind == self._vault.blind(ma_lk, MA_LK))
            if import_id is not None:
                of_these.append(sent_elsewhere.c.import_id == import_id)
            blinds = list(connection.execute(select(sent_elsewhere.c.ma_lk_blind).where(*of_these)).scalars())
            connection.execute(
                update(sent_elsewhere).where(*of_these).values(revoked_at=now, revoked_by=actor, revoke_reason=reason)
            )
            on = 0
            for part in portions(blinds):
                for row in _current(connection, facility, part):
                    if row.state != State.SKIPPED.value or row.state_reason != SENT_ELSEWHERE:
                        continue
                    if start_at is not None and row.ended_at is not None and row.ended_at < start_at:
                        _other_reason(connection, row, BEFORE_START, now=now, actor=actor)
                    else:
                        on += _go_on(connection, row, f"revoked: {reason}", now=now, actor=actor)
            entry = Entry(
                "golive.revoke",
                actor,
                facility=facility,
                kind="import",
                object="" if import_id is None else str(import_id),
                about=ma_lk or "",
                reason=reason,
                detail={"marks": len(blinds), "go_on": on},
            )
            self._audit.append(connection, entry)
            return len(blinds), on

    def keep_start(self, facility: str, start_at: datetime, *, now: datetime, actor: str) -> tuple[int, int]:
        """Make dossiers that wait obey ``start_at`` as it stands now; (skipped, gone on).

        Translation obeys it for new ones; this is for those that were signed in shadow, or before it was moved.
        """
        current = (
            select(dossiers.c.id, dossiers.c.ma_lk_blind, revisions.c.id.label("revision_id"))
            .join(revisions, revisions.c.id == dossiers.c.revision_id)
            .where(dossiers.c.facility == facility)
        )
        early = current.where(revisions.c.state.in_([s.value for s in _WAITING]), revisions.c.ended_at < start_at)
        late = current.where(
            revisions.c.state == State.SKIPPED.value,
            revisions.c.state_reason == BEFORE_START,
            or_(revisions.c.ended_at >= start_at, revisions.c.ended_at.is_(None)),
        )
        with self._db.read() as connection:
            if connection.execute(select(or_(early.exists(), late.exists()))).scalar_one() in (False, 0):
                return 0, 0
        with self._db.write() as connection:
            outside, inside = connection.execute(early).all(), connection.execute(late).all()
            skipped = sum(_skip(connection, row, BEFORE_START, now=now, actor=actor) for row in outside)
            marked = active(connection, facility, [bytes(row.ma_lk_blind) for row in inside])
            on = 0
            for row in inside:
                # What other software sent stays sent, whatever start_at says.
                if bytes(row.ma_lk_blind) in marked:
                    _other_reason(connection, row, SENT_ELSEWHERE, now=now, actor=actor)
                else:
                    on += _go_on(connection, row, "start_at was moved", now=now, actor=actor)
            entry = Entry(
                "golive.start",
                actor,
                facility=facility,
                kind="setting",
                object="start_at",
                detail={"start_at": start_at.isoformat(), "skipped": skipped, "go_on": on},
            )
            self._audit.append(connection, entry)
            return skipped, on

    def imports(self, facility: str | None = None) -> list[dict[str, Any]]:
        """Every list taken in as sent, with how many of its marks still stand."""
        standing = (
            select(func.count())
            .where(sent_elsewhere.c.import_id == portal_imports.c.id, sent_elsewhere.c.revoked_at.is_(None))
            .scalar_subquery()
        )
        statement = select(portal_imports, standing.label("standing")).where(portal_imports.c.kind == "sent")
        if facility is not None:
            statement = statement.where(portal_imports.c.facility == facility)
        with self._db.read() as connection:
            rows = connection.execute(statement.order_by(portal_imports.c.id)).all()
        return [
            {
                "import_id": row.id,
                "facility": row.facility,
                "at": row.at.isoformat(),
                "actor": row.actor,
                "rows": row.rows,
                "marked": row.matched,
                "standing": row.standing,
                "sha256": row.sha256,
            }
            for row in rows
        ]

    def listed(self, facility: str) -> set[bytes]:
        """Blind values of every MA_LK that is marked now."""
        with self._db.read() as connection:
            return {
                bytes(blind)
                for blind in connection.execute(
                    select(sent_elsewhere.c.ma_lk_blind).where(
                        sent_elsewhere.c.facility == facility, sent_elsewhere.c.revoked_at.is_(None)
                    )
                ).scalars()
            }

    def _handed_over(self, connection: Connection, facility: str, blinds: list[bytes]) -> dict[bytes, str]:
        """MA_LK whose claim or book may be, or is, at the gateway by our own doing → the state to tell."""
        found: dict[bytes, str] = {}
        for part in portions(blinds):
            for blind, state in connection.execute(
                select(dossiers.c.ma_lk_blind, revisions.c.state)
                .join(revisions, revisions.c.dossier_id == dossiers.c.id)
                .where(
                    dossiers.c.facility == facility,
                    dossiers.c.ma_lk_blind.in_(part),
                    dossiers.c.purpose != "checkin",
                    revisions.c.state.in_(["sending", "unknown", "accepted", "refused"]),
                )
                .order_by(revisions.c.number)
            ):
                found[bytes(blind)] = state
        return found


def _wait_for_translations(connection: Connection) -> None:
    """A translation under way has not seen the marks: let it end first, the next one sees them (PostgreSQL).

    Its first statement writes to ``encounters``, so this lock orders the two. SQLite has one writer anyway.
    """
    if connection.dialect.name == "postgresql":
        connection.execute(text("LOCK TABLE encounters IN SHARE ROW EXCLUSIVE MODE"))


def _current(connection: Connection, facility: str, blinds: Sequence[bytes]) -> Sequence[Any]:
    return connection.execute(
        select(
            dossiers.c.id,
            dossiers.c.ma_lk_blind,
            revisions.c.id.label("revision_id"),
            revisions.c.state,
            revisions.c.state_reason,
            revisions.c.ended_at,
        )
        .join(revisions, revisions.c.id == dossiers.c.revision_id)
        .where(dossiers.c.facility == facility, dossiers.c.ma_lk_blind.in_(blinds))
        .order_by(dossiers.c.id)
    ).all()


def _skip(connection: Connection, row: Any, reason: str, *, now: datetime, actor: str) -> bool:
    """Skip a dossier that waits; False when its bytes were handed over meanwhile, or it is skipped already."""
    moved = move(
        connection,
        revision_id=row.revision_id,
        dossier_id=row.id,
        source=_WAITING,
        target=State.SKIPPED,
        at=now,
        actor=actor,
        detail=reason,
        state_reason=reason,
        next_attempt_at=None,
    )
    if moved is not None:
        clear_hold(connection, row.id, reason=reason, actor=actor, now=now)
    return moved is not None


def _other_reason(connection: Connection, row: Any, reason: str, *, now: datetime, actor: str) -> None:
    """A skipped dossier stays skipped, for another reason."""
    connection.execute(update(revisions).where(revisions.c.id == row.revision_id).values(state_reason=reason))
    record(
        connection,
        dossier_id=row.id,
        revision_id=row.revision_id,
        kind="note",
        at=now,
        actor=actor,
        detail=f"still skipped: {reason}",
    )


def _go_on(connection: Connection, row: Any, detail: str, *, now: datetime, actor: str) -> bool:
    """The way back of a skipped dossier.

    Bytes that once left go again as they are. Bytes that never left are forgotten and the dossier is
    checked anew; one the mapping could not make is blocked as before.
    """
    revision = row.revision_id
    if _has(connection, attempts, revision):
        target = State.SIGNED
    else:
        connection.execute(delete(signed_bodies).where(signed_bodies.c.revision_id == revision))
        target = State.TRANSLATED if _has(connection, dossier_bodies, revision) else State.BLOCKED
    moved = move(
        connection,
        revision_id=revision,
        dossier_id=row.id,
        source=State.SKIPPED,
        target=target,
        at=now,
        actor=actor,
        detail=detail,
        state_reason=None,
    )
    return moved is not None


def _has(connection: Connection, table: Table, revision: int) -> bool:
    return bool(connection.execute(select(exists().where(table.c.revision_id == revision))).scalar_one())
