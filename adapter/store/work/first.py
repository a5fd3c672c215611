"""The first revisions of many encounters at once: what nearly every translation comes to.

An encounter is plain when nothing is known under its keys yet but that they are expected of it: no dossier, no mark,
no other encounter with the same MA_LK. Plain ones are written set by set, a statement for each table; the others go
one by one (:mod:`adapter.store.work.dossiers`), in the same transaction.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, bindparam, insert, select, update

from adapter.store.book.entries import entry_row
from adapter.store.book.schema import book_entries
from adapter.store.encounters.expected import MA_LK
from adapter.store.history.history import History
from adapter.store.portal.marks import active
from adapter.store.records import Saved, Translated, Unit
from adapter.store.states import State
from adapter.store.tables.direct import each
from adapter.store.tables.schema import dossier_bodies, dossiers, expectations, revisions, search_words
from adapter.store.tables.statements import add_with_ids
from adapter.store.tables.types import Id
from adapter.store.work.findings import add_findings
from adapter.store.work.moves import first_state, record_many
from adapter.vault import Vault

DOSSIER_BODY = "dossier-body"

_Key = tuple[bytes, str, str]
"""Blind MA_LK, purpose, occasion."""


@dataclass(frozen=True, slots=True)
class Saving:
    """What one transaction of translate's end knows: the plan that translated, the moment, who."""

    connection: Connection
    vault: Vault
    history: History
    plan_hash: str
    now: datetime
    actor: str
    keep_until: datetime
    hold_after_receipt: bool


def state_of(unit: Unit) -> State:
    """Where a unit's revision begins."""
    return State.SKIPPED if unit.skip_reason else State.BLOCKED if unit.blocked else State.TRANSLATED


def dossier_row(save: Saving, made: Translated, unit: Unit) -> dict[str, Any]:
    """A new dossier."""
    return {
        "facility": made.claimed.facility,
        "encounter_id": made.claimed.id,
        "ma_lk_blind": save.vault.blind(unit.ma_lk, MA_LK),
        "ma_lk_sealed": save.vault.seal_text(unit.ma_lk, MA_LK),
        "purpose": unit.purpose,
        "occasion": unit.occasion,
        "first_day": made.claimed.first_day,
        "state": state_of(unit).value,
        "held": False,
        "deadline": unit.deadline,
        "payment_requested": False,
        "created_at": save.now,
        "updated_at": save.now,
    }


def revision_row(
    save: Saving, made: Translated, unit: Unit, *, dossier_id: int, number: int, reason: str
) -> dict[str, Any]:
    """A new revision."""
    return {
        "dossier_id": dossier_id,
        "number": number,
        "facility": made.claimed.facility,
        "purpose": unit.purpose,
        "state": state_of(unit).value,
        "content_hash": unit.content_hash,
        "source_hash": made.claimed.content_hash,
        "mapping_hash": save.plan_hash,
        "standard": unit.standard,
        "reason": reason,
        "state_reason": unit.skip_reason or None,
        "amount_total": unit.amount_total,
        "amount_insurance": unit.amount_insurance,
        "ended_at": unit.ended_at,
        "created_at": save.now,
        "rank": unit.rank,
        "deadline": unit.deadline,
        "attempts": 0,
        "unknowns": 0,
        "fence": 0,
        "remark": False,
    }


def keep_contents(save: Saving, found: Sequence[tuple[Unit, int, int, str]]) -> None:
    """Bodies, keys, findings and first events of new revisions: (unit, revision id, dossier id, reason)."""
    bodies = [
        {
            "revision_id": revision_id,
            "body": save.vault.seal(unit.body, DOSSIER_BODY),
            "saved_at": save.now,
            "keep_until": save.keep_until,
        }
        for unit, revision_id, _, _ in found
        if unit.body is not None
    ]
    each(save.connection, _ADD_BODIES, bodies)
    save.history.keep(save.connection, ((u.facts, r, d) for u, r, d, _ in found if u.facts is not None))
    add_findings(save.connection, save.vault, {r: u.findings for u, r, _, _ in found if u.findings})
    begun = [
        first_state(d, r, state_of(u), at=save.now, actor=save.actor, detail=u.skip_reason or reason)
        for u, r, d, reason in found
    ]
    record_many(save.connection, begun)


def word_rows(vault: Vault, unit: Unit, dossier_id: int) -> list[dict[str, Any]]:
    """What a dossier is searched by."""
    values = {(kind, vault.blind(word, kind)) for kind, words in unit.words.items() for word in words if word}
    return [{"dossier_id": dossier_id, "kind": kind, "value": value} for kind, value in sorted(values)]


# ---- which are plain --------------------------------------------------------------------------


def plain_ones(save: Saving, made: Sequence[Translated]) -> set[int]:
    """Ids of the encounters that can be written together. What is expected of them besides is noted here."""
    facility = made[0].claimed.facility
    wanted = {one.claimed.id: _wanted(save.vault, one) for one in made}
    blinds = list({blind for keys in wanted.values() for blind, _, _ in keys})
    owners, of_encounter = _expectations(save.connection, facility, list(wanted), blinds)
    known, met = _dossiers(save.connection, facility, list(wanted), blinds)
    stopped = met | active(save.connection, facility, blinds)
    plain: set[int] = set()
    further: list[dict[str, Any]] = []
    for one in made:
        mine, keys = one.claimed.id, wanted[one.claimed.id]
        if (
            mine in known
            or not of_encounter[mine] <= keys
            or len({_key(save.vault, unit) for unit in one.units}) < len(one.units)
            or any(owners.get(key, mine) != mine or key[0] in stopped for key in keys)
        ):
            continue
        plain.add(mine)
        for key in sorted(keys - of_encounter[mine]):
            owners[key] = mine
            further.append(_expectation(one, key))
    each(save.connection, _ADD_EXPECTATIONS, further)
    return plain


def _key(vault: Vault, one: Any) -> _Key:
    return vault.blind(one.ma_lk, MA_LK), one.purpose, one.occasion


def _wanted(vault: Vault, made: Translated) -> set[_Key]:
    return {_key(vault, one) for one in (*made.expected, *made.units)}


def _expectation(made: Translated, key: _Key) -> dict[str, Any]:
    return {
        "facility": made.claimed.facility,
        "encounter_id": made.claimed.id,
        "ma_lk_blind": key[0],
        "purpose": key[1],
        "occasion": key[2],
        "first_day": made.claimed.first_day,
    }


def _expectations(
    connection: Connection, facility: str, ids: Sequence[int], blinds: Sequence[bytes]
) -> tuple[dict[_Key, int], Mapping[int, set[_Key]]]:
    """Who is expected to give the keys, and every key expected of the encounters."""
    owners: dict[_Key, int] = {}
    of_encounter: dict[int, set[_Key]] = defaultdict(set)
    rows = [*connection.execute(_BY_ENCOUNTER, {"ids": ids}), *connection.execute(_BY_KEY, _asked(facility, blinds))]
    for row in rows:
        key = (bytes(row.ma_lk_blind), row.purpose, row.occasion)
        owners[key] = row.encounter_id
        of_encounter[row.encounter_id].add(key)
    return owners, of_encounter


def _dossiers(
    connection: Connection, facility: str, ids: Sequence[int], blinds: Sequence[bytes]
) -> tuple[set[int], set[bytes]]:
    """Encounters that have dossiers, and keys under which there is one."""
    known = set(connection.execute(_WITH_DOSSIERS, {"ids": ids}).scalars())
    met = {bytes(blind) for blind in connection.execute(_MET, _asked(facility, blinds)).scalars()}
    return known, met


def _asked(facility: str, blinds: Sequence[bytes]) -> dict[str, Any]:
    return {"of": facility, "blinds": list(blinds)}


# ---- writing them -----------------------------------------------------------------------------


def save_first(save: Saving, made: Iterable[Translated]) -> tuple[dict[int, Saved], list[int]]:
    """Write plain encounters; what came of each, and the dossiers that wait for a privacy decision."""
    units = [(one, unit) for one in made for unit in one.units]
    saved: dict[int, Saved] = {}
    for one, _ in units:
        before = saved.get(one.claimed.id, Saved())
        saved[one.claimed.id] = Saved(before.revised + 1)
    if not units:
        return saved, []
    connection = save.connection
    ids = add_with_ids(connection, dossiers, [dossier_row(save, one, unit) for one, unit in units])
    first = [
        revision_row(save, one, unit, dossier_id=dossier_id, number=1, reason="first")
        for (one, unit), dossier_id in zip(units, ids, strict=True)
    ]
    revision_ids = add_with_ids(connection, revisions, first)
    each(connection, _NEWEST, [{"of": d, "newest": r} for d, r in zip(ids, revision_ids, strict=True)])
    found = [(unit, r, d, "first") for (_, unit), r, d in zip(units, revision_ids, ids, strict=True)]
    keep_contents(save, found)
    words = [row for unit, _, dossier_id, _ in found for row in word_rows(save.vault, unit, dossier_id)]
    each(connection, _ADD_WORDS, words)
    waiting = _keep_books(save, made=units, ids=ids, saved=saved)
    return saved, waiting


def _keep_books(
    save: Saving, *, made: Sequence[tuple[Translated, Unit]], ids: Sequence[int], saved: dict[int, Saved]
) -> list[int]:
    entries: list[dict[str, Any]] = []
    waiting: list[int] = []
    for (one, unit), dossier_id in zip(made, ids, strict=True):
        if unit.book is None:
            continue
        row = entry_row(save.vault, unit.book, facility=one.claimed.facility, now=save.now, keep_until=save.keep_until)
        entries.append({"dossier_id": dossier_id, **row})
        if unit.book.hold and state_of(unit) is not State.SKIPPED:
            waiting.append(dossier_id)
            before = saved[one.claimed.id]
            saved[one.claimed.id] = Saved(before.revised, before.unchanged, before.held + 1)
    each(save.connection, _ADD_BOOK, entries)
    return waiting


_ADD_BODIES, _ADD_WORDS, _ADD_BOOK = insert(dossier_bodies), insert(search_words), insert(book_entries)
_ADD_EXPECTATIONS = insert(expectations)
_NEWEST = (
    update(dossiers).where(dossiers.c.id == bindparam("of", type_=Id)).values(revision_id=bindparam("newest", type_=Id))
)
_EXPECTED = select(
    expectations.c.encounter_id, expectations.c.ma_lk_blind, expectations.c.purpose, expectations.c.occasion
)
_BY_ENCOUNTER = _EXPECTED.where(expectations.c.encounter_id.in_(bindparam("ids", expanding=True)))
_BY_KEY = _EXPECTED.where(
    expectations.c.facility == bindparam("of"), expectations.c.ma_lk_blind.in_(bindparam("blinds", expanding=True))
)
_WITH_DOSSIERS = select(dossiers.c.encounter_id).where(dossiers.c.encounter_id.in_(bindparam("ids", expanding=True)))
_MET = select(dossiers.c.ma_lk_blind).where(
    dossiers.c.facility == bindparam("of"), dossiers.c.ma_lk_blind.in_(bindparam("blinds", expanding=True))
)
