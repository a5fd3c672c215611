"""The few numbers alerts and metrics are made of. Counts and times only; each is answered by an index."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, func, select

from adapter.store.states import State
from adapter.store.tables.database import Database
from adapter.store.tables.schema import dossiers, receipts, revisions, tasks

_UNDONE = tuple(s.value for s in State if s not in (State.ACCEPTED, State.SKIPPED, State.SUPERSEDED))
_MOVING = tuple(s.value for s in (State.TRANSLATED, State.READY, State.SIGNING, State.SIGNED, State.SENDING))


@dataclass(frozen=True, slots=True)
class Figures:
    """One facility at one moment.

    ``oldest_moving``: since when the oldest dossier that no person keeps back has not moved.
    ``handed_over``: accepted and refused dossiers since ``since`` (refused as of now).
    """

    facility: str
    near: int
    late: int
    oldest_moving: datetime | None
    waiting: int
    blocked: int
    refused: int
    unknown: int
    held: int
    accepted_since: int
    refused_since: int
    last_receipt: datetime | None
    faults_due: int


class Watching:
    """Read what the conditions look at."""

    def __init__(self, database: Database) -> None:
        self._db = database

    def figures(self, facility: str, *, now: datetime, near_until: datetime, since: datetime) -> Figures:
        """``near_until``: a deadline before it is near; ``since``: the span of accepted and refused."""
        mine = dossiers.c.facility == facility
        undone = (mine, dossiers.c.state.in_(_UNDONE))
        with self._db.read() as connection:

            def count(*conditions: ColumnElement[bool]) -> int:
                return int(
                    connection.execute(select(func.count()).select_from(dossiers).where(*conditions)).scalar_one()
                )

            by_state = {
                row.state: int(row.n)
                for row in connection.execute(
                    select(dossiers.c.state, func.count().label("n"))
                    .where(*undone, ~dossiers.c.held)
                    .group_by(dossiers.c.state)
                )
            }
            oldest = connection.execute(
                select(func.min(dossiers.c.updated_at)).where(mine, dossiers.c.state.in_(_MOVING), ~dossiers.c.held)
            ).scalar_one_or_none()
            accepted = connection.execute(
                select(func.count())
                .select_from(revisions)
                .where(
                    revisions.c.facility == facility,
                    revisions.c.state == State.ACCEPTED.value,
                    revisions.c.accepted_at >= since,
                )
            ).scalar_one()
            last = connection.execute(
                select(func.max(receipts.c.at))
                .select_from(receipts.join(revisions, revisions.c.id == receipts.c.revision_id))
                .where(revisions.c.facility == facility)
            ).scalar_one_or_none()
            faults = connection.execute(
                select(func.count())
                .select_from(tasks)
                .where(tasks.c.facility == facility, tasks.c.closed_at.is_(None), tasks.c.due_at <= near_until)
            ).scalar_one()
            return Figures(
                facility=facility,
                near=count(*undone, dossiers.c.deadline > now, dossiers.c.deadline <= near_until),
                late=count(*undone, dossiers.c.deadline <= now),
                oldest_moving=oldest,
                waiting=sum(by_state.get(state, 0) for state in _MOVING),
                blocked=by_state.get(State.BLOCKED.value, 0),
                refused=by_state.get(State.REFUSED.value, 0),
                unknown=by_state.get(State.UNKNOWN.value, 0),
                held=count(*undone, dossiers.c.held),
                accepted_since=int(accepted),
                refused_since=count(mine, dossiers.c.state == State.REFUSED.value, dossiers.c.updated_at >= since),
                last_receipt=last,
                faults_due=int(faults),
            )
