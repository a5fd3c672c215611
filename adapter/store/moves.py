"""The one way a state changes: compare-and-set plus an event, in the caller's transaction."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, insert, select, update

from adapter.store.schema import dossiers, events, revisions
from adapter.store.states import MOVES, State


def lock_dossier(connection: Connection, dossier_id: int) -> None:
    """Take the dossier's row first: every writer of its revisions meets here (PostgreSQL; SQLite has one writer)."""
    connection.execute(select(dossiers.c.id).where(dossiers.c.id == dossier_id).with_for_update())


def move(
    connection: Connection,
    *,
    revision_id: int,
    dossier_id: int,
    source: State | Iterable[State],
    target: State,
    at: datetime,
    actor: str,
    detail: str = "",
    held_fence: int | None = None,
    **values: Any,
) -> State | None:
    """Move a revision from one of ``source`` to ``target``; the state it came from, or None when it stood elsewhere.

    ``held_fence``: only for the holder of that lease; the lease ends with the move unless ``values``
    say otherwise. ``values`` are further columns set in the same statement. ValueError when the
    table of moves does not know the step: that is a defect, never a race.
    """
    sources = (source,) if isinstance(source, State) else tuple(source)
    for state in sources:
        if target not in MOVES[state]:
            raise ValueError(f"no move from {state} to {target}")
    lock_dossier(connection, dossier_id)
    conditions: list[ColumnElement[bool]] = [revisions.c.id == revision_id]
    if held_fence is not None:
        conditions.append(revisions.c.fence == held_fence)
    # One compare-and-set per possible origin, so that the event names the true one.
    for state in sources:
        changed = connection.execute(
            update(revisions)
            .where(and_(*conditions, revisions.c.state == state.value))
            .values({"lease_owner": None, "lease_until": None, **values, "state": target.value})
        )
        if changed.rowcount == 1:
            _mirror(connection, revision_id, dossier_id, target, at)
            record(
                connection,
                dossier_id=dossier_id,
                revision_id=revision_id,
                kind="state",
                source=state,
                target=target,
                at=at,
                actor=actor,
                detail=detail,
            )
            return state
    return None


def record(
    connection: Connection,
    *,
    dossier_id: int,
    revision_id: int | None,
    kind: str,
    at: datetime,
    actor: str,
    detail: str,
    source: State | None = None,
    target: State | None = None,
) -> None:
    """Add one event. ``detail`` must hold no patient data."""
    connection.execute(
        insert(events).values(
            at=at,
            dossier_id=dossier_id,
            revision_id=revision_id,
            kind=kind,
            from_state=source.value if source else None,
            to_state=target.value if target else None,
            actor=actor,
            detail=detail,
        )
    )


def _mirror(connection: Connection, revision_id: int, dossier_id: int, state: State, at: datetime) -> None:
    if state is State.SUPERSEDED:
        return  # its successor becomes the current revision in the same transaction
    connection.execute(
        update(dossiers)
        .where(dossiers.c.id == dossier_id, dossiers.c.revision_id == revision_id)
        .values(state=state.value, updated_at=at)
    )
