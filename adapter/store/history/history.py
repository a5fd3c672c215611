"""Keeping a dossier's keys, and gathering what the rules ask about others: a handful of queries per dossier."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, delete, exists, insert, or_, select

from adapter.clock import datetime12
from adapter.dossier.model import Dossier, Purpose
from adapter.rules.context import SentVisit
from adapter.rules.facts import Facts, Past, amounts, facts_of, sent_visit
from adapter.store.history.schema import history_keys, history_visits
from adapter.store.states import AT_THE_GATEWAY, State
from adapter.store.tables.database import Database
from adapter.store.tables.schema import dossier_bodies, dossiers, meta, revisions
from adapter.store.work.intake import MA_LK
from adapter.vault import Vault

_PURPOSE = "history"
_VISIT = "history-visit"
_DOSSIER_BODY = "dossier-body"
_FILLED = "history-filled"
_KEEP_TIMES = timedelta(days=120)
"""Who was busy when matters to visits of the same weeks only."""
_AT_A_TIME = 500

_GOING = frozenset({State.READY, State.SIGNING, State.SIGNED})
_COUNTED = [s.value for s in AT_THE_GATEWAY | _GOING]


@dataclass(frozen=True, slots=True)
class _Key:
    kind: str
    value: bytes
    since: str | None = None
    until: str | None = None


@dataclass(frozen=True, slots=True)
class _Found:
    value: bytes
    ma_lk: str
    visit: Mapping[str, str]
    accepted: bool
    since: str
    until: str


class History:
    """Dossiers of every facility of this installation, as the rules ask about them."""

    def __init__(self, database: Database, vault: Vault) -> None:
        self._db = database
        self._vault = vault

    # ---- keeping -----------------------------------------------------------------------------

    def keep(self, connection: Connection, dossier: Dossier, *, revision_id: int, dossier_id: int) -> None:
        """Write a new revision's keys in the transaction that saves it. Check-ins have none."""
        if dossier.purpose is Purpose.CHECKIN:
            return
        facts = facts_of(dossier)
        line = json.dumps({"MA_LK": facts.ma_lk, **facts.visit}, ensure_ascii=False)
        connection.execute(
            insert(history_visits).values(
                revision_id=revision_id, dossier_id=dossier_id, body=self._vault.seal_text(line, _VISIT)
            )
        )
        keys = list(self._keys(facts).values())
        if keys:
            connection.execute(
                insert(history_keys),
                [
                    {"revision_id": revision_id, "kind": k.kind, "value": k.value, "since": k.since, "until": k.until}
                    for k in keys
                ],
            )

    def _keys(self, facts: Facts) -> dict[tuple[Any, ...], _Key]:
        """Every key of a dossier, by what it stands for."""
        found: dict[tuple[Any, ...], _Key] = {}
        for person in facts.persons:
            found["person", person] = _Key("person", self._value("person", person))
        if facts.claim:
            found["claim", facts.claim] = _Key("claim", self._value("claim", facts.claim))
        for use in facts.used:
            found["use", use] = _Key("use", self._value("use", use))
        for what, code, start, end in facts.busy:
            value = self._value("busy", (what, code))
            found["busy", what, code, start, end] = _Key("busy", value, start, end)
        return found

    def _value(self, kind: str, what: object) -> bytes:
        # Exact, unlike the blind index of the search, which forgives case and accents.
        return self._vault.mac(json.dumps([kind, what], ensure_ascii=False).encode("utf-8"), _PURPOSE)[:16]

    def fill(self) -> int:
        """Keep the keys of revisions saved before there were any; gives how many. One look once all are kept."""
        with self._db.read() as connection:
            if connection.execute(select(meta.c.value).where(meta.c.key == _FILLED)).first():
                return 0
        filled = 0
        while True:
            with self._db.exclusive() as connection:
                rows = connection.execute(_unkept()).all()
                for row in rows:
                    dossier = Dossier.from_bytes(self._vault.open_(row.body, _DOSSIER_BODY))
                    self.keep(connection, dossier, revision_id=row.id, dossier_id=row.dossier_id)
                if not rows:
                    if not connection.execute(select(meta.c.value).where(meta.c.key == _FILLED)).first():
                        connection.execute(insert(meta).values(key=_FILLED, value=b"1"))
                    return filled
                filled += len(rows)

    def forget(self, now: datetime) -> int:
        """Delete times long past and keys of contents that never left; gives how many."""
        old = datetime12(now - _KEEP_TIMES)
        never = select(revisions.c.id).where(revisions.c.state == State.SUPERSEDED.value)
        with self._db.write() as connection:
            done = connection.execute(
                delete(history_keys).where(
                    or_(
                        and_(history_keys.c.kind == "busy", history_keys.c.until < old),
                        history_keys.c.revision_id.in_(never),
                    )
                )
            )
        return done.rowcount

    # ---- gathering ---------------------------------------------------------------------------

    def past(self, dossier: Dossier, *, revision_id: int = 0) -> Past:
        """The answers to every question the rules may ask about this dossier; its own MA_LK never among them.

        Counted is what is at the gateway or on its way there, and of what waits to be checked itself
        (``revision_id`` given) what came before: of two that clash, the later one is told.
        """
        facts = facts_of(dossier)
        keys = self._keys(facts)
        with self._db.read() as connection:
            received = self._received(connection, facts.ma_lk, dossier.facility)
            found = self._matches(connection, keys.values(), facts.ma_lk, revision_id)
        by_value: dict[bytes, list[_Found]] = defaultdict(list)
        for one in found:
            by_value[one.value].append(one)
        return _past(keys, by_value, frozenset({facts.ma_lk}) if received else frozenset())

    def _received(self, connection: Connection, ma_lk: str, facility: str) -> bool:
        statement = (
            select(revisions.c.id)
            .join(dossiers, dossiers.c.id == revisions.c.dossier_id)
            .where(
                dossiers.c.facility == facility,
                dossiers.c.ma_lk_blind == self._vault.blind(ma_lk, MA_LK),
                dossiers.c.purpose != Purpose.CHECKIN.value,
                revisions.c.state == State.ACCEPTED.value,
            )
            .limit(1)
        )
        return connection.execute(statement).first() is not None

    def _matches(self, connection: Connection, keys: Iterable[_Key], ma_lk: str, revision_id: int) -> list[_Found]:
        wanted = list(keys)
        if not wanted:
            return []
        times = [k.since for k in wanted if k.since] + [k.until for k in wanted if k.until]
        span = (min(times), max(times)) if times else ("", "")
        own = self._vault.blind(ma_lk, MA_LK)
        counted: ColumnElement[bool] = revisions.c.state.in_(_COUNTED)
        if revision_id:
            earlier = and_(revisions.c.state == State.TRANSLATED.value, revisions.c.id < revision_id)
            counted = or_(counted, earlier)
        # A content that never left is not the dossier's any more once another came; one at the gateway is.
        standing = or_(
            dossiers.c.revision_id == revisions.c.id,
            and_(revisions.c.state.in_([s.value for s in AT_THE_GATEWAY]), revisions.c.replaced_by.is_(None)),
        )
        statement = (
            select(
                history_keys.c.value,
                history_keys.c.since,
                history_keys.c.until,
                history_visits.c.body,
                revisions.c.state,
                revisions.c.id,
            )
            .join(revisions, revisions.c.id == history_keys.c.revision_id)
            .join(dossiers, dossiers.c.id == revisions.c.dossier_id)
            .join(history_visits, history_visits.c.revision_id == revisions.c.id)
            .where(dossiers.c.ma_lk_blind != own, counted, standing)
            .where(
                or_(
                    history_keys.c.since.is_(None),
                    and_(history_keys.c.since < span[1], history_keys.c.until > span[0]),
                )
            )
        )
        values = list({k.value for k in wanted})
        found: list[_Found] = []
        opened: dict[int, Mapping[str, str]] = {}
        for at in range(0, len(values), _AT_A_TIME):
            for row in connection.execute(statement.where(history_keys.c.value.in_(values[at : at + _AT_A_TIME]))):
                if row.id not in opened:
                    opened[row.id] = json.loads(self._vault.open_text(row.body, _VISIT))
                visit = opened[row.id]
                accepted = row.state == State.ACCEPTED.value
                found.append(
                    _Found(bytes(row.value), visit["MA_LK"], visit, accepted, row.since or "", row.until or "")
                )
        return found


def _unkept() -> Any:
    kept = exists().where(history_visits.c.revision_id == revisions.c.id)
    return (
        select(revisions.c.id, revisions.c.dossier_id, dossier_bodies.c.body)
        .join(dossier_bodies, dossier_bodies.c.revision_id == revisions.c.id)
        .where(revisions.c.purpose != Purpose.CHECKIN.value, revisions.c.state != State.SUPERSEDED.value, ~kept)
        .order_by(revisions.c.id)
        .limit(200)
    )


def _past(
    keys: Mapping[tuple[Any, ...], _Key], by_value: Mapping[bytes, Sequence[_Found]], received: frozenset[str]
) -> Past:
    by_person: dict[str, tuple[SentVisit, ...]] = {}
    by_claim: dict[tuple[str, ...], tuple[tuple[str, Decimal, Decimal], ...]] = {}
    by_use: dict[Any, tuple[str, ...]] = {}
    by_time: dict[tuple[str, str], tuple[tuple[str, str, str], ...]] = {}
    for what, key in keys.items():
        found = by_value.get(key.value, ())
        if not found:
            continue
        if what[0] == "person":
            by_person[what[1]] = tuple(sent_visit(f.ma_lk, f.visit, accepted=f.accepted) for f in found)
        elif what[0] == "claim":
            sums = [(f.ma_lk, amounts(f.visit)) for f in found]
            by_claim[what[1]] = tuple((ma_lk, *pair) for ma_lk, pair in sums if pair is not None)
        elif what[0] == "use":
            by_use[what[1]] = tuple(f.ma_lk for f in found)
        else:
            by_time[what[1], what[2]] = tuple((f.since, f.until, f.ma_lk) for f in found)
    return Past(received, by_person, by_claim, by_use, by_time)
