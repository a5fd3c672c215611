"""The one way a state changes: compare-and-set plus an event, in the caller's transaction."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import Connection, Integer, String, Update, bindparam, insert, select, update

from adapter.store.states import MOVES, State
from adapter.store.tables.direct import each
from adapter.store.tables.schema import dossiers, events, revisions
from adapter.store.tables.types import Id, Instant


def lock_dossier(connection: Connection, dossier_id: int) -> None:
    """Take the dossier's row first: every writer of its revisions meets here (PostgreSQL; SQLite has one writer)."""
    if connection.dialect.name == "postgresql":
        connection.execute(_LOCK, {"of": dossier_id})


def lock_dossiers(connection: Connection, ids: Iterable[int]) -> None:
    """:func:`lock_dossier` for many, in the order of their ids, so that two batches never wait in a circle."""
    if connection.dialect.name == "postgresql":
        connection.execute(_LOCK_MANY, {"ids": sorted(set(ids))})


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
    values = {"lease_owner": None, "lease_until": None, **values, "state": target.value}
    statement = _compare_and_set(tuple(values), held_fence is not None)
    asked = {**{f"new_{name}": value for name, value in values.items()}, "of": revision_id, "with_fence": held_fence}
    # One compare-and-set per possible origin, so that the event names the true one.
    for state in sources:
        changed = connection.execute(statement, {**asked, "from_state": state.value})
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


@dataclass(frozen=True, slots=True)
class Step:
    """One step of one revision by the holder of its lease. ``values``: further columns, as in :func:`move`."""

    revision_id: int
    dossier_id: int
    source: State
    target: State
    held_fence: int
    detail: str = ""
    values: Mapping[str, Any] = field(default_factory=dict)


def move_many(connection: Connection, steps: Sequence[Step], *, at: datetime, actor: str) -> set[int]:
    """:func:`move` for many revisions at once; the ids of those that moved, the others stood elsewhere.

    Nothing is written for a revision that did not move. ValueError as :func:`move`.
    """
    for step in steps:
        if step.target not in MOVES[step.source]:
            raise ValueError(f"no move from {step.source} to {step.target}")
    lock_dossiers(connection, [step.dossier_id for step in steps])
    found = connection.execute(_STANDS, {"ids": [step.revision_id for step in steps]}).all()
    stands = {row.id: (row.state, row.fence) for row in found}
    mine = [s for s in steps if stands.get(s.revision_id) == (s.source.value, s.held_fence)]
    alike: dict[tuple[str, ...], list[dict[str, Any]]] = defaultdict(list)
    for step in mine:
        values = {"lease_owner": None, "lease_until": None, **step.values, "state": step.target.value}
        asked = {f"new_{name}": value for name, value in values.items()}
        asked |= {"of": step.revision_id, "with_fence": step.held_fence, "from_state": step.source.value}
        alike[tuple(values)].append(asked)
    for names, rows in alike.items():
        changed = each(connection, _compare_and_set(names, fenced=True), rows)
        assert changed == len(rows), "a locked revision changed"  # noqa: S101 -- rolls everything back
    if mine:
        mirrored = [
            {"of": s.dossier_id, "revision": s.revision_id, "new_state": s.target.value, "at": at}
            for s in mine
            if s.target is not State.SUPERSEDED
        ]
        each(connection, _MIRROR, mirrored)
        told = [
            _event(s.dossier_id, s.revision_id, at=at, actor=actor, detail=s.detail, source=s.source, target=s.target)
            for s in mine
        ]
        each(connection, _ADD_EVENT, told)
    return {step.revision_id for step in mine}


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
    event = _event(dossier_id, revision_id, kind=kind, at=at, actor=actor, detail=detail, source=source, target=target)
    connection.execute(_ADD_EVENT, event)


def record_many(connection: Connection, found: Sequence[dict[str, Any]]) -> None:
    """Add events made by :func:`first_state`."""
    each(connection, _ADD_EVENT, found)


def first_state(
    dossier_id: int, revision_id: int, target: State, *, at: datetime, actor: str, detail: str
) -> dict[str, Any]:
    """The event that a revision begins with."""
    return _event(dossier_id, revision_id, at=at, actor=actor, detail=detail, target=target)


def _event(
    dossier_id: int,
    revision_id: int | None,
    *,
    at: datetime,
    actor: str,
    detail: str,
    kind: str = "state",
    source: State | None = None,
    target: State | None = None,
) -> dict[str, Any]:
    return {
        "at": at,
        "dossier_id": dossier_id,
        "revision_id": revision_id,
        "kind": kind,
        "from_state": source.value if source else None,
        "to_state": target.value if target else None,
        "actor": actor,
        "detail": detail,
    }


def _mirror(connection: Connection, revision_id: int, dossier_id: int, state: State, at: datetime) -> None:
    if state is State.SUPERSEDED:
        return  # its successor becomes the current revision in the same transaction
    connection.execute(_MIRROR, {"of": dossier_id, "revision": revision_id, "new_state": state.value, "at": at})


# Statements are built once: on a busy sender building them anew cost more than running them.


@cache
def _compare_and_set(names: tuple[str, ...], fenced: bool) -> Update:
    statement = update(revisions).where(
        revisions.c.id == bindparam("of", type_=Id), revisions.c.state == bindparam("from_state", type_=String)
    )
    if fenced:
        statement = statement.where(revisions.c.fence == bindparam("with_fence", type_=Integer))
    return statement.values({name: bindparam(f"new_{name}", type_=revisions.c[name].type) for name in names})


_LOCK = select(dossiers.c.id).where(dossiers.c.id == bindparam("of", type_=Id)).with_for_update()
_LOCK_MANY = (
    select(dossiers.c.id)
    .where(dossiers.c.id.in_(bindparam("ids", expanding=True)))
    .order_by(dossiers.c.id)
    .with_for_update()
)
_STANDS = (
    select(revisions.c.id, revisions.c.state, revisions.c.fence)
    .where(revisions.c.id.in_(bindparam("ids", expanding=True)))
    .with_for_update()
)
_ADD_EVENT = insert(events)
_MIRROR = (
    update(dossiers)
    .where(dossiers.c.id == bindparam("of", type_=Id), dossiers.c.revision_id == bindparam("revision", type_=Id))
    .values(state=bindparam("new_state", type_=String), updated_at=bindparam("at", type_=Instant))
)
