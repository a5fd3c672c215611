"""What the daily comparison with the source found: encounters never read, and encounters the source gives no more."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import (
    Column,
    Connection,
    Date,
    Integer,
    String,
    Table,
    and_,
    case,
    delete,
    exists,
    func,
    insert,
    or_,
    select,
    update,
)

from adapter.clock import VIETNAM
from adapter.store.encounters.intake import SOURCE_KEY
from adapter.store.states import NOT_HANDED_OVER, State
from adapter.store.tables.database import Database
from adapter.store.tables.schema import dossiers, encounters, metadata
from adapter.store.tables.types import Instant
from adapter.store.work.dossiers import clear_hold, set_hold
from adapter.store.work.moves import lock_dossier
from adapter.vault import Vault

GONE = "gone"
"""The hold of a dossier whose encounter the source no longer gives."""

_OPEN = tuple(s.value for s in NOT_HANDED_OVER - {State.SKIPPED})
_PORTION = 500
_REMEMBERED = timedelta(days=31)

reconciliations = Table(
    "reconciliations",
    metadata,
    Column("facility", String(5), primary_key=True),
    Column("source", String(80), primary_key=True),
    Column("day", Date, primary_key=True, comment="of the source"),
    Column("checked_at", Instant, nullable=False),
    Column("at_source", Integer, nullable=False, comment="encounters the source holds for the day"),
    Column("known", Integer, nullable=False, comment="of them, read before the comparison"),
    Column("reread", Integer, nullable=False, comment="of the others, read by the comparison"),
    Column("missing", Integer, nullable=False, comment="still not read"),
    comment="the newest comparison of each source day",
)


@dataclass(frozen=True, slots=True)
class Compared:
    """One source day: ``at_source = known + reread + missing``."""

    day: date
    at_source: int
    known: int
    reread: int
    missing: int


@dataclass(frozen=True, slots=True)
class Kept:
    """An encounter that was read. ``gone``: the source was last found without it."""

    id: int
    key: str
    gone: bool


@dataclass(frozen=True, slots=True)
class Marked:
    """``gone``, ``back``: encounters; ``held``, ``released``: their dossiers; ``sent``: gone, and accepted before."""

    gone: int = 0
    back: int = 0
    held: int = 0
    released: int = 0
    sent: int = 0


class Reconciliation:
    """The store's face towards the stage ``reconcile``; each method is one transaction."""

    def __init__(self, database: Database, vault: Vault) -> None:
        self._db = database
        self._vault = vault

    def known(self, facility: str, source: str, keys: Iterable[str]) -> frozenset[str]:
        """Those of ``keys`` that were ever read."""
        by_blind = {self._vault.blind(key, SOURCE_KEY): key for key in keys}
        blinds, found = list(by_blind), set()
        with self._db.read() as connection:
            for at in range(0, len(blinds), _PORTION):
                rows = connection.execute(
                    select(encounters.c.key_blind).where(
                        encounters.c.facility == facility,
                        encounters.c.source == source,
                        encounters.c.key_blind.in_(blinds[at : at + _PORTION]),
                    )
                )
                found |= {by_blind[bytes(row.key_blind)] for row in rows}
        return frozenset(found)

    def to_ask(self, facility: str, source: str, *, since: datetime, after: int = 0) -> list[Kept]:
        """Encounters whose presence matters, a portion behind id ``after``.

        Those read or changed since, those with a dossier that was not handed over yet, and those found gone.
        """
        unsent = exists().where(dossiers.c.encounter_id == encounters.c.id, dossiers.c.state.in_(_OPEN))
        with self._db.read() as connection:
            rows = connection.execute(
                select(encounters.c.id, encounters.c.key_sealed, encounters.c.gone_at)
                .where(
                    encounters.c.facility == facility,
                    encounters.c.source == source,
                    encounters.c.id > after,
                    or_(encounters.c.changed_at >= since, encounters.c.gone_at.is_not(None), unsent),
                )
                .order_by(encounters.c.id)
                .limit(_PORTION)
            ).all()
        return [Kept(r.id, self._vault.open_text(r.key_sealed, SOURCE_KEY), r.gone_at is not None) for r in rows]

    def mark(self, gone: Sequence[int], back: Sequence[int], *, now: datetime, actor: str) -> Marked:
        """Hold what must not leave for encounters that are gone, and let go what is there again."""
        held = released = 0
        with self._db.write() as connection:
            for encounter_id in sorted(gone):
                self._set(connection, encounter_id, now)
                for dossier_id in _dossiers(connection, encounter_id, dossiers.c.state.in_(_OPEN), ~dossiers.c.held):
                    reason = "the source no longer gives this encounter"
                    held += set_hold(connection, dossier_id, code=GONE, reason=reason, actor=actor, now=now)
            for encounter_id in sorted(back):
                self._set(connection, encounter_id, None)
                for dossier_id in _dossiers(connection, encounter_id, dossiers.c.held_code == GONE):
                    clear_hold(connection, dossier_id, reason="the source gives it again", actor=actor, now=now)
                    released += 1
            sent = connection.execute(
                select(func.count(func.distinct(dossiers.c.encounter_id))).where(
                    dossiers.c.encounter_id.in_(list(gone)), dossiers.c.state == State.ACCEPTED.value
                )
            ).scalar_one()
        return Marked(len(gone), len(back), held, released, int(sent))

    def save(self, facility: str, source: str, days: Sequence[Compared], now: datetime) -> None:
        """Keep the newest comparison of each day; those older than a month are forgotten."""
        here = (reconciliations.c.facility == facility, reconciliations.c.source == source)
        oldest = now.astimezone(VIETNAM).date() - _REMEMBERED
        with self._db.write() as connection:
            stale = or_(reconciliations.c.day < oldest, reconciliations.c.day.in_([d.day for d in days]))
            connection.execute(delete(reconciliations).where(*here, stale))
            for one in days:
                row = {"facility": facility, "source": source, "checked_at": now, **asdict(one)}
                connection.execute(insert(reconciliations).values(row))

    def days(self, facility: str) -> list[Compared]:
        """What is kept, newest day first."""
        with self._db.read() as connection:
            rows = connection.execute(
                select(reconciliations)
                .where(reconciliations.c.facility == facility)
                .order_by(reconciliations.c.day.desc())
            ).all()
        return [Compared(r.day, r.at_source, r.known, r.reread, r.missing) for r in rows]

    def missing(self, facilities: Sequence[str], *, now: datetime) -> dict[str, int]:
        """Facility → encounters that stand in the source and were not read, over the days kept."""
        oldest = now.astimezone(VIETNAM).date() - _REMEMBERED
        with self._db.read() as connection:
            rows = connection.execute(
                select(reconciliations.c.facility, func.sum(reconciliations.c.missing).label("missing"))
                .where(reconciliations.c.facility.in_(facilities), reconciliations.c.day >= oldest)
                .group_by(reconciliations.c.facility)
            ).all()
        return {row.facility: int(row.missing) for row in rows if row.missing}

    def gone(self, facility: str) -> tuple[int, int]:
        """Encounters the source gives no more, and how many of them were accepted before."""
        accepted = exists().where(dossiers.c.encounter_id == encounters.c.id, dossiers.c.state == State.ACCEPTED.value)
        with self._db.read() as connection:
            row = connection.execute(
                select(func.count().label("n"), func.coalesce(func.sum(case((accepted, 1), else_=0)), 0).label("sent"))
                .select_from(encounters)
                .where(and_(encounters.c.facility == facility, encounters.c.gone_at.is_not(None)))
            ).one()
        return int(row.n), int(row.sent)

    def _set(self, connection: Connection, encounter_id: int, at: datetime | None) -> None:
        connection.execute(update(encounters).where(encounters.c.id == encounter_id).values(gone_at=at))


def _dossiers(connection: Connection, encounter_id: int, *conditions: object) -> list[int]:
    """Locked, and seen after the lock."""
    mine = dossiers.c.encounter_id == encounter_id
    ids = [int(i) for i in connection.execute(select(dossiers.c.id).where(mine).order_by(dossiers.c.id)).scalars()]
    for dossier_id in ids:
        lock_dossier(connection, dossier_id)
    chosen = select(dossiers.c.id).where(mine, *conditions).order_by(dossiers.c.id)  # type: ignore[arg-type]
    return [int(i) for i in connection.execute(chosen).scalars()]
