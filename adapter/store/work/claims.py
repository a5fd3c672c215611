"""Taking revisions for a stage: rows due are leased together, in one transaction, with their bodies.

Rows due, check-ins first, then the earliest deadline; on PostgreSQL locked rows are passed over. A claim ends at a
number of rows or at a size, whichever comes first, so that what one batch holds in memory does not depend on how
long its dossiers are.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import cache
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Integer,
    Row,
    Select,
    Table,
    and_,
    bindparam,
    exists,
    func,
    insert,
    or_,
    select,
    update,
)

from adapter.store.records import Claimed
from adapter.store.states import State
from adapter.store.tables.direct import each
from adapter.store.tables.schema import attempts, dossier_bodies, dossiers, revisions, signed_bodies
from adapter.store.tables.types import Id, Instant
from adapter.store.work.first import DOSSIER_BODY
from adapter.store.work.moves import Step, move_many
from adapter.vault import Vault

SIGNED_BODY = "signed-body"


class Stage(StrEnum):
    """The stages that work on revisions."""

    CHECK = "check"
    SIGN = "sign"
    SEND = "send"


@dataclass(frozen=True, slots=True)
class _Queue:
    """Which revisions a stage takes, the state they wear while it works, where their bodies are.

    ``room``: sealed bytes one claim may take; opened they are four (signed files) to twelve times as long.
    """

    states: tuple[State, ...]
    leased: State | None  # None: the lease alone marks them
    bodies: Table
    purpose: str
    room: int


_QUEUES = {
    Stage.CHECK: _Queue((State.TRANSLATED,), None, dossier_bodies, DOSSIER_BODY, 1 << 20),
    Stage.SIGN: _Queue((State.SIGNING, State.READY), State.SIGNING, dossier_bodies, DOSSIER_BODY, 1 << 20),
    Stage.SEND: _Queue((State.UNKNOWN, State.SIGNED), State.SENDING, signed_bodies, SIGNED_BODY, 1 << 23),
}


@dataclass(frozen=True, slots=True)
class Lease:
    """Who takes rows, and until when they are theirs."""

    owner: str
    now: datetime
    until: datetime


def claim(
    connection: Connection,
    vault: Vault,
    stage: Stage,
    facility: str,
    purposes: Iterable[str],
    *,
    lease: Lease,
    limit: int,
) -> list[Claimed]:
    """Lease what is due, up to ``limit`` rows and the stage's size, but at least one."""
    queue = _QUEUES[stage]
    asked = {"of": facility, "purposes": list(purposes), "now": lease.now}
    claimed: list[Claimed] = []
    room = queue.room
    for state in queue.states:
        if len(claimed) >= limit or room <= 0:
            break
        rows = connection.execute(_due(stage, state), {**asked, "room": limit - len(claimed)}).all()
        sizes = _sizes(connection, queue.bodies, rows)
        some: list[Row[Any]] = []
        for row in rows:
            if (some or claimed) and sizes[row.id] > room:
                break
            room -= sizes[row.id]
            some.append(row)
        if len(some) < len(rows):
            room = 0
        if some:
            claimed += _take(connection, vault, stage, some, state=state, lease=lease)
    return claimed


def _sizes(connection: Connection, bodies: Table, rows: Sequence[Row[Any]]) -> Mapping[int, int]:
    if not rows:
        return {}
    return {row[0]: row[1] for row in connection.execute(_size(bodies), {"ids": [row.id for row in rows]})}


def _take(
    connection: Connection, vault: Vault, stage: Stage, rows: Sequence[Row[Any]], *, state: State, lease: Lease
) -> list[Claimed]:
    """Lease rows that this transaction has locked, and open their bodies."""
    queue = _QUEUES[stage]
    sending = stage is Stage.SEND
    if queue.leased is None or queue.leased is state:
        holds = [{"of": r.id, "owner": lease.owner, "until": lease.until, "with_fence": r.fence} for r in rows]
        leased = each(connection, _LEASE, holds)
        assert leased == len(rows), "a locked revision changed"  # noqa: S101 -- rolls everything back
    else:
        own = {"lease_owner": lease.owner, "lease_until": lease.until}
        steps = [
            Step(
                row.id,
                row.dossier_id,
                state,
                queue.leased,
                row.fence,
                values={
                    **own,
                    "fence": row.fence + 1,
                    **({"attempts": row.attempts + 1, "next_attempt_at": None} if sending else {}),
                },
            )
            for row in rows
        ]
        moved = move_many(connection, steps, at=lease.now, actor=lease.owner)
        rows = [row for row in rows if row.id in moved]
    ids = [row.id for row in rows]
    found = {r.revision_id: r for r in connection.execute(_bodies(queue.bodies), {"ids": ids})} if ids else {}
    if sending and rows:
        begun = [
            {
                "revision_id": row.id,
                "fence": row.fence + 1,
                "owner": lease.owner,
                "started_at": lease.now,
                "sha256": found[row.id].sha256,
            }
            for row in rows
        ]
        each(connection, _ADD_ATTEMPT, begun)
    return [
        opened(
            row,
            queue.leased or state,
            fence=row.fence + 1,
            attempts_now=row.attempts + (1 if sending else 0),
            body=vault.open_(found[row.id].body, queue.purpose),
            sha256=found[row.id].sha256 if sending else "",
        )
        for row in rows
    ]


def opened(row: Row[Any], state: State, *, fence: int, attempts_now: int, body: bytes, sha256: str) -> Claimed:
    """A leased row with its body."""
    return Claimed(
        revision_id=row.id,
        dossier_id=row.dossier_id,
        number=row.number,
        facility=row.facility,
        purpose=row.purpose,
        occasion=row.occasion,
        standard=row.standard,
        state=state,
        fence=fence,
        attempts=attempts_now,
        unknowns=row.unknowns,
        body=body,
        sha256=sha256,
        ticket=row.signing_ticket,
    )


_OF_REVISION = "id dossier_id number facility purpose standard fence attempts unknowns signing_ticket"
_WANTED = (*(revisions.c[name] for name in _OF_REVISION.split()), dossiers.c.occasion)
"""What :func:`opened` reads: times and amounts, which it does not, cost more to read than all of it."""


@cache
def _due(stage: Stage, state: State) -> Select[Any]:
    """What a stage may take in one state, most urgent first. Binds: of, purposes, now, room."""
    now = bindparam("now", type_=Instant())
    conditions: list[ColumnElement[bool]] = [
        revisions.c.facility == bindparam("of"),
        revisions.c.state == state.value,
        revisions.c.purpose.in_(bindparam("purposes", expanding=True)),
        ~dossiers.c.held,
        or_(revisions.c.next_attempt_at.is_(None), revisions.c.next_attempt_at <= now),
        or_(revisions.c.lease_until.is_(None), revisions.c.lease_until <= now),
    ]
    if state is not State.UNKNOWN:
        conditions.append(dossiers.c.revision_id == revisions.c.id)
    if stage is Stage.SEND:
        other = revisions.alias("other")
        conditions.append(
            ~exists().where(
                other.c.dossier_id == revisions.c.dossier_id,
                other.c.id != revisions.c.id,
                other.c.state.in_([State.SENDING.value, State.UNKNOWN.value]),
            )
        )
    return (
        select(*_WANTED)
        .join(dossiers, dossiers.c.id == revisions.c.dossier_id)
        .where(and_(*conditions))
        .order_by(revisions.c.rank, revisions.c.deadline, revisions.c.id)
        .limit(bindparam("room", type_=Integer()))
        .with_for_update(skip_locked=True, of=[dossiers, revisions])
    )


@cache
def _size(bodies: Table) -> Select[Any]:
    return select(bodies.c.revision_id, func.length(bodies.c.body)).where(
        bodies.c.revision_id.in_(bindparam("ids", expanding=True))
    )


@cache
def _bodies(bodies: Table) -> Select[Any]:
    return select(bodies).where(bodies.c.revision_id.in_(bindparam("ids", expanding=True)))


_LEASE = (
    update(revisions)
    .where(revisions.c.id == bindparam("of", type_=Id), revisions.c.fence == bindparam("with_fence", type_=Integer()))
    .values(
        lease_owner=bindparam("owner"),
        lease_until=bindparam("until", type_=Instant()),
        fence=revisions.c.fence + 1,
    )
)
_ADD_ATTEMPT = insert(attempts)
