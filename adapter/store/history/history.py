"""Keeping a dossier's keys, and gathering what the rules ask about others: four queries for a batch of dossiers."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from functools import lru_cache
from json.encoder import encode_basestring
from typing import Any

import orjson
from sqlalchemy import Connection, Row, and_, delete, exists, insert, or_, select

from adapter.clock import datetime12
from adapter.dossier.model import Dossier, Purpose
from adapter.rules.context import SentVisit
from adapter.rules.facts import Facts, Past, amounts, facts_of, sent_visit
from adapter.store.history.schema import history_keys, history_visits
from adapter.store.history.shared import BUSY, LONG, busy_kind, in_common, receipted
from adapter.store.records import Claimed
from adapter.store.states import State
from adapter.store.tables.database import Database
from adapter.store.tables.direct import each
from adapter.store.tables.schema import dossier_bodies, meta, revisions
from adapter.vault import Vault

_PURPOSE = "history"
_VISIT = "history-visit"
_DOSSIER_BODY = "dossier-body"
_FILLED = "history-filled"
_KEEP_TIMES = timedelta(days=120)
"""Who was busy when matters to visits of the same weeks only."""


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
        # The same doctors, machines and beds come in every dossier of a hospital.
        self._at_work = lru_cache(maxsize=8192)(lambda what, code: self._value("busy", (what, code)))

    # ---- keeping -----------------------------------------------------------------------------

    def keep(self, connection: Connection, found: Iterable[tuple[Facts, int, int]]) -> None:
        """Write the keys of new revisions (facts, revision id, dossier id) in the transaction that saves them."""
        visits: list[dict[str, Any]] = []
        keys: list[dict[str, Any]] = []
        for facts, revision_id, dossier_id in found:
            body = self._vault.seal(orjson.dumps({"MA_LK": facts.ma_lk, **facts.visit}), _VISIT)
            visits.append({"revision_id": revision_id, "dossier_id": dossier_id, "body": body})
            keys += [
                {"revision_id": revision_id, "kind": k.kind, "value": k.value, "since": k.since, "until": k.until}
                for k in self._keys(facts).values()
            ]
        each(connection, _ADD_VISITS, visits)
        each(connection, _ADD_KEYS, keys)

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
            value = self._at_work(what, code)
            found["busy", what, code, start, end] = _Key(busy_kind(start, end), value, start, end)
        return found

    def _value(self, kind: str, what: Texts) -> bytes:
        # Exact, unlike the blind index of the search, which forgives case and accents.
        return self._vault.mac(json_text((kind, what)).encode(), _PURPOSE)[:16]

    def fill(self) -> int:
        """Keep the keys of revisions saved before there were any; gives how many. One look once all are kept."""
        with self._db.read() as connection:
            if connection.execute(select(meta.c.value).where(meta.c.key == _FILLED)).first():
                return 0
        filled = 0
        while True:
            with self._db.exclusive() as connection:
                rows = connection.execute(_unkept()).all()
                self.keep(
                    connection,
                    (
                        (facts_of(Dossier.from_bytes(self._vault.open_(r.body, _DOSSIER_BODY))), r.id, r.dossier_id)
                        for r in rows
                    ),
                )
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
                        and_(history_keys.c.kind.in_([BUSY, LONG]), history_keys.c.until < old),
                        history_keys.c.revision_id.in_(never),
                    )
                )
            )
        return done.rowcount

    # ---- gathering ---------------------------------------------------------------------------

    def pasts(self, claimed: Sequence[Claimed], dossier_of: Callable[[Claimed], Dossier]) -> dict[int, Past]:
        """The answers to every question the rules may ask about these revisions, by revision id; four queries in all.

        A dossier's own MA_LK is never among them. Counted is what is at the gateway or on its way there, and of what
        waits to be checked itself what came before: of two that clash, the later one is told. The keys are those kept
        with the revisions, so a dossier nobody else has anything in common with, nearly every one, is not even
        opened: ``dossier_of`` is asked only for the others. Check-ins have no past.
        """
        asked = [one for one in claimed if one.purpose != Purpose.CHECKIN.value]
        if not asked:
            return {}
        opened: dict[int, Mapping[str, str]] = {}
        shared: dict[int, dict[bytes, dict[int, _Found]]] = defaultdict(lambda: defaultdict(dict))
        with self._db.read() as connection:
            received = receipted(connection, [one.dossier_id for one in asked])
            for mine, row in in_common(connection, [one.revision_id for one in asked]):
                if row.id not in opened:
                    opened[row.id] = json.loads(self._vault.open_text(row.body, _VISIT))
                # One row of theirs may meet several of ours.
                shared[mine][bytes(row.value)][row.key_id] = _found(row, opened[row.id])
        pasts: dict[int, Past] = {}
        for one in asked:
            theirs = shared.get(one.revision_id)
            if theirs is None and one.dossier_id not in received:
                pasts[one.revision_id] = Past()
                continue
            facts = facts_of(dossier_of(one))
            by_value = {value: list(found.values()) for value, found in (theirs or {}).items()}
            known = frozenset({facts.ma_lk}) if one.dossier_id in received else frozenset()
            pasts[one.revision_id] = _past(self._keys(facts), by_value, known)
        return pasts


def _found(row: Row[Any], visit: Mapping[str, str]) -> _Found:
    accepted = row.state == State.ACCEPTED.value
    return _Found(bytes(row.value), visit["MA_LK"], visit, accepted, row.since or "", row.until or "")


Texts = str | tuple["Texts", ...]


def json_text(what: Texts) -> str:
    """Texts, alone or in nested tuples, as ``json.dumps(what, ensure_ascii=False)`` writes them.

    Stored keys are made of these very characters; the encoder itself takes four times as long for a small tuple.
    """
    if isinstance(what, tuple):
        return f"[{', '.join(map(json_text, what))}]"
    return encode_basestring(what)


_ADD_VISITS, _ADD_KEYS = insert(history_visits), insert(history_keys)


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
