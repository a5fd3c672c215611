"""What other dossiers have in common with some revisions: the queries behind the history.

Counted is what is at the gateway or on its way there, and of what waits to be checked itself what came before. The
cost does not depend on how long the hospital has been here: keys are found by value, times besides by their day.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, ScalarSelect, Select, and_, bindparam, func, or_, select

from adapter.dossier.model import Purpose
from adapter.store.history.schema import history_keys, history_visits
from adapter.store.states import AT_THE_GATEWAY, State
from adapter.store.tables.schema import dossiers, revisions

BUSY, LONG = "busy", "long"
"""Times within one day, and those over midnight (beds, night shifts)."""

_GOING = frozenset({State.READY, State.SIGNING, State.SIGNED})
_COUNTED = [s.value for s in AT_THE_GATEWAY | _GOING]


def busy_kind(start: str, end: str) -> str:
    """The kind of a time from ``start`` to ``end``, 12 digits each."""
    return BUSY if start[:8] == end[:8] else LONG


def receipted(connection: Connection, dossier_ids: Sequence[int]) -> set[int]:
    """Those of the dossiers whose MA_LK has a receipt, whatever dossier of the facility it came for."""
    return set(connection.execute(_RECEIPTED, {"ids": dossier_ids}).scalars())


def in_common(connection: Connection, revision_ids: Sequence[int]) -> Iterator[tuple[int, Any]]:
    """(Revision, row of another dossier: key_id, value, since, until, id, state, body).

    Every visit of the same person, same claim, and use of the same paper; of each time that somebody was busy, one
    other dossier that overlaps it: the rules ask whether, not how often.
    """
    for row in connection.execute(_SAME, {"ids": revision_ids}):
        yield row.mine, row
    met = [(row.mine, row.other) for row in connection.execute(_BUSY_TOO, {"ids": revision_ids}) if row.other]
    if met:
        others: Mapping[int, Any] = {
            row.key_id: row for row in connection.execute(_KEYS, {"ids": list({other for _, other in met})})
        }
        yield from ((mine, others[other]) for mine, other in met)


_MINE, _THEIRS = history_keys.alias("mine"), history_keys.alias("theirs")
_OWN_REVISION, _OWN = revisions.alias("own_revision"), dossiers.alias("own")
_VISIT = (history_visits.c.body, revisions.c.state, revisions.c.id)
_FOUND = (_THEIRS.c.id.label("key_id"), _THEIRS.c.value, _THEIRS.c.since, _THEIRS.c.until, *_VISIT)


def _counts(mine: ColumnElement[int]) -> ColumnElement[bool]:
    """Whether their revision counts for ``mine``."""
    earlier = and_(revisions.c.state == State.TRANSLATED.value, revisions.c.id < mine)
    # A content that never left is not the dossier's any more once another came; one at the gateway is.
    standing = or_(
        dossiers.c.revision_id == revisions.c.id,
        and_(revisions.c.state.in_([s.value for s in AT_THE_GATEWAY]), revisions.c.replaced_by.is_(None)),
    )
    return and_(dossiers.c.ma_lk_blind != _OWN.c.ma_lk_blind, or_(revisions.c.state.in_(_COUNTED), earlier), standing)


def _same() -> Select[Any]:
    # Keys meet first, and nothing else is looked at before: PostgreSQL takes what follows for so few rows that it
    # would begin there, with every revision there is and each of their keys.
    met = (
        select(
            _MINE.c.revision_id.label("mine"),
            _THEIRS.c.revision_id.label("theirs"),
            *(_THEIRS.c[name] for name in ("id", "value", "since", "until")),
        )
        .join(_THEIRS, and_(_THEIRS.c.value == _MINE.c.value, _THEIRS.c.kind == _MINE.c.kind))
        .where(
            _MINE.c.revision_id.in_(bindparam("ids", expanding=True)),
            _MINE.c.since.is_(None),
            _THEIRS.c.revision_id != _MINE.c.revision_id,
        )
        .cte("met")
        .prefix_with("MATERIALIZED", dialect="postgresql")
    )
    found = (met.c.id.label("key_id"), met.c.value, met.c.since, met.c.until, *_VISIT)
    return (
        select(met.c.mine, *found)
        .join(_OWN_REVISION, _OWN_REVISION.c.id == met.c.mine)
        .join(_OWN, _OWN.c.id == _OWN_REVISION.c.dossier_id)
        .join(revisions, revisions.c.id == met.c.theirs)
        .join(dossiers, dossiers.c.id == revisions.c.dossier_id)
        .join(history_visits, history_visits.c.revision_id == revisions.c.id)
        .where(_counts(met.c.mine))
    )


def _one(kind: str, *since: ColumnElement[bool]) -> ScalarSelect[Any]:
    return (
        select(_THEIRS.c.id)
        .join(revisions, revisions.c.id == _THEIRS.c.revision_id)
        .join(dossiers, dossiers.c.id == revisions.c.dossier_id)
        .join(history_visits, history_visits.c.revision_id == revisions.c.id)
        .where(
            _THEIRS.c.value == _MINE.c.value,
            _THEIRS.c.kind == kind,
            *since,
            _THEIRS.c.since < _MINE.c.until,
            _THEIRS.c.until > _MINE.c.since,
            _counts(_MINE.c.revision_id),
        )
        .correlate(_MINE, _OWN)
        .limit(1)
        .scalar_subquery()
    )


def _busy_too() -> Select[Any]:
    # A time within a day can only meet one that begins on the same day or later; those over midnight are few.
    same_day = _one(BUSY, _THEIRS.c.since >= func.substr(_MINE.c.since, 1, 8))
    return (
        select(_MINE.c.revision_id.label("mine"), func.coalesce(same_day, _one(LONG)).label("other"))
        .join(_OWN_REVISION, _OWN_REVISION.c.id == _MINE.c.revision_id)
        .join(_OWN, _OWN.c.id == _OWN_REVISION.c.dossier_id)
        .where(_MINE.c.revision_id.in_(bindparam("ids", expanding=True)), _MINE.c.since.is_not(None))
    )


def _keys() -> Select[Any]:
    return (
        select(*_FOUND)
        .join(revisions, revisions.c.id == _THEIRS.c.revision_id)
        .join(history_visits, history_visits.c.revision_id == revisions.c.id)
        .where(_THEIRS.c.id.in_(bindparam("ids", expanding=True)))
    )


def _receipted() -> Select[Any]:
    same = and_(dossiers.c.facility == _OWN.c.facility, dossiers.c.ma_lk_blind == _OWN.c.ma_lk_blind)
    return (
        select(_OWN.c.id)
        .join(dossiers, same)
        .join(revisions, revisions.c.dossier_id == dossiers.c.id)
        .where(
            _OWN.c.id.in_(bindparam("ids", expanding=True)),
            dossiers.c.purpose != Purpose.CHECKIN.value,
            revisions.c.state == State.ACCEPTED.value,
        )
        .distinct()
    )


_SAME, _BUSY_TOO, _KEYS, _RECEIPTED = _same(), _busy_too(), _keys(), _receipted()
