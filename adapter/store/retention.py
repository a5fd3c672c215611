"""Bodies end, facts stay: what was read after 90 days, signed bytes after 10 years (defaults).

Receipts, hashes, findings, events and amounts are never deleted here. A body something still
waits for is kept whatever its age.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import and_, delete, exists, or_

from adapter.store.messages.messages import WAITING
from adapter.store.messages.schema import messages
from adapter.store.states import State
from adapter.store.tables.database import Database
from adapter.store.tables.schema import (
    dossier_bodies,
    dossiers,
    encounters,
    revisions,
    signed_bodies,
    source_bodies,
)

_OVER = [State.ACCEPTED.value, State.SKIPPED.value]
_NEEDS_DOSSIER = [State.TRANSLATED.value, State.BLOCKED.value, State.READY.value, State.SIGNING.value]
_NEEDS_SIGNED = [State.SIGNED.value, State.SENDING.value, State.UNKNOWN.value, State.REFUSED.value]


@dataclass(frozen=True, slots=True)
class Purged:
    """How many bodies of each kind were deleted."""

    source: int
    dossier: int
    signed: int
    messages: int = 0


def purge(database: Database, now: datetime) -> Purged:
    """Delete bodies whose time is over and that nothing waits for."""
    unfinished = exists().where(dossiers.c.encounter_id == encounters.c.id, dossiers.c.state.not_in(_OVER))
    current = exists().where(
        encounters.c.id == source_bodies.c.encounter_id,
        encounters.c.content_hash == source_bodies.c.content_hash,
        or_(encounters.c.pending, encounters.c.due == 0, unfinished),
    )
    to_sign = exists().where(revisions.c.id == dossier_bodies.c.revision_id, revisions.c.state.in_(_NEEDS_DOSSIER))
    to_send = exists().where(revisions.c.id == signed_bodies.c.revision_id, revisions.c.state.in_(_NEEDS_SIGNED))
    with database.write() as connection:
        source = connection.execute(delete(source_bodies).where(and_(source_bodies.c.keep_until < now, ~current)))
        dossier = connection.execute(delete(dossier_bodies).where(and_(dossier_bodies.c.keep_until < now, ~to_sign)))
        signed = connection.execute(delete(signed_bodies).where(and_(signed_bodies.c.keep_until < now, ~to_send)))
        received = connection.execute(delete(messages).where(messages.c.keep_until < now, messages.c.state != WAITING))
        return Purged(source.rowcount, dossier.rowcount, signed.rowcount, received.rowcount)
