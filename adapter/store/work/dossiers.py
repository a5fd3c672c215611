"""From one translated encounter to revisions: new content only, the old one superseded or waiting."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Integer,
    Row,
    Text,
    and_,
    bindparam,
    delete,
    insert,
    select,
    update,
)
from sqlalchemy.exc import IntegrityError

from adapter.dossier.model import Dossier
from adapter.errors import LeaseLost
from adapter.rules.finding import Finding
from adapter.store.book.entries import keep_entry
from adapter.store.encounters.expected import MA_LK, expect, expectation_owner, withdraw_unmet
from adapter.store.history.history import History
from adapter.store.portal.marks import skip_listed
from adapter.store.records import Saved, Translated, Unit
from adapter.store.states import AT_THE_GATEWAY, NOT_HANDED_OVER, State
from adapter.store.tables.database import Database
from adapter.store.tables.direct import each
from adapter.store.tables.schema import dossier_bodies, dossiers, encounters, expectations, revisions, search_words
from adapter.store.tables.statements import add_with_id, change
from adapter.store.tables.types import Id
from adapter.store.words import stand_in
from adapter.store.work.changes import changed_fields, told
from adapter.store.work.first import (
    DOSSIER_BODY,
    Saving,
    dossier_row,
    keep_contents,
    plain_ones,
    revision_row,
    save_first,
    word_rows,
)
from adapter.store.work.moves import lock_dossier, move, record
from adapter.vault import Vault

PRIVACY = "privacy"
"""The hold of a privacy rule. Which rule is sealed: its name would tell what nobody may know."""
_NEW_CONTENT_LIFTS = ("budget", "reopened")
"""Holds that were about the old content; a new one goes on by itself."""


class Dossiers:
    """The store's face towards the end of translate."""

    def __init__(self, database: Database, vault: Vault, history: History, *, keep_dossier: timedelta) -> None:
        self._db = database
        self._vault = vault
        self._history = history
        self._keep = keep_dossier

    def save(self, made: Translated, *, plan_hash: str, now: datetime, actor: str, hold_after_receipt: bool) -> Saved:
        """:meth:`save_many` for one encounter. Raises LeaseLost."""
        (saved,) = self.save_many(
            [made], plan_hash=plan_hash, now=now, actor=actor, hold_after_receipt=hold_after_receipt
        )
        if saved is None:
            raise _stale()
        return saved

    def save_many(
        self, made: Sequence[Translated], *, plan_hash: str, now: datetime, actor: str, hold_after_receipt: bool
    ) -> list[Saved | None]:
        """Everything a batch of encounters of one facility gave, in one transaction with the end of their leases.

        A unit whose content equals its dossier's newest revision makes none. None in the place of an encounter that
        was read again or leased by another worker meanwhile: nothing is written for it. Raises LeaseLost, with
        nothing written at all, when another worker wrote the same dossiers at the same moment.
        """
        if not made:
            return []
        try:
            with self._db.write() as connection:
                save = Saving(
                    connection,
                    self._vault,
                    self._history,
                    plan_hash=plan_hash,
                    now=now,
                    actor=actor,
                    keep_until=now + self._keep,
                    hold_after_receipt=hold_after_receipt,
                )
                mine = self._end_leases(save, made)
                plain = plain_ones(save, mine) if mine else set()
                saved, waiting = save_first(save, [one for one in mine if one.claimed.id in plain])
                for dossier_id in waiting:
                    self._hold(save, dossier_id, PRIVACY, "waits for a privacy decision")
                for one in mine:
                    if one.claimed.id not in plain:
                        saved[one.claimed.id] = self._save_one(save, one)
                ours = {one.claimed.id for one in mine}
                return [saved.get(one.claimed.id, Saved()) if one.claimed.id in ours else None for one in made]
        except IntegrityError as error:
            raise _stale() from error

    def _end_leases(self, save: Saving, made: Sequence[Translated]) -> list[Translated]:
        """Those whose lease still is ours; they are no longer pending."""
        rows = save.connection.execute(_LEASED, {"ids": [one.claimed.id for one in made]})
        stands = {row.id: (row.fence, row.content_hash) for row in rows}
        mine = [one for one in made if stands.get(one.claimed.id) == (one.claimed.fence, one.claimed.content_hash)]
        if mine:
            ended = [
                {
                    "of": one.claimed.id,
                    "plan": save.plan_hash,
                    "dossiers": len(one.expected),
                    "reason": one.not_due_reason or None,
                }
                for one in mine
            ]
            each(save.connection, _END_LEASE, ended)
        return mine

    def _save_one(self, save: Saving, made: Translated) -> Saved:
        """An encounter of which something is known already."""
        own = replace(made, units=tuple(self._own_keys(save, made)))
        units = skip_listed(save.connection, self._vault, made.claimed.facility, own.units)
        result = Saved()
        for unit in units:
            result = self._save_unit(save, own, unit, result)
            result = self._keep_book(save, own, unit, result)
        self._hold_reopened(save, own, units)
        return result

    def _own_keys(self, save: Saving, made: Translated) -> list[Unit]:
        """Units under keys this encounter owns; an MA_LK another encounter took becomes a blocked stand-in."""
        claimed, connection, units = made.claimed, save.connection, made.units
        withdraw_unmet(connection, claimed.id)
        for unit in units:
            if self._owner(save, made, unit) is None:
                self._adopt_stand_in(save, made, unit)
        key = claimed.key
        expect(
            connection,
            self._vault,
            facility=claimed.facility,
            encounter_id=claimed.id,
            source_key=key,
            day=claimed.first_day,
            expected=made.expected,
        )
        return [u if self._owner(save, made, u) in (None, claimed.id) else _taken(u, stand_in(key)) for u in units]

    def _owner(self, save: Saving, made: Translated, unit: Unit) -> int | None:
        return expectation_owner(
            save.connection, made.claimed.facility, self._vault.blind(unit.ma_lk, MA_LK), unit.purpose, unit.occasion
        )

    def _expectation(self, made: Translated, ma_lk: str, unit: Unit) -> ColumnElement[bool]:
        return and_(
            expectations.c.facility == made.claimed.facility,
            expectations.c.ma_lk_blind == self._vault.blind(ma_lk, MA_LK),
            expectations.c.purpose == unit.purpose,
            expectations.c.occasion == unit.occasion,
        )

    def _adopt_stand_in(self, save: Saving, made: Translated, unit: Unit) -> None:
        """A dossier blocked under a stand-in gets its true key as soon as one can be read."""
        stood_for = stand_in(made.claimed.key)
        row = self._find(save, made, stood_for, unit)
        if row is None or unit.ma_lk == stood_for:
            return
        blind = self._vault.blind(unit.ma_lk, MA_LK)
        save.connection.execute(
            update(dossiers)
            .where(dossiers.c.id == row.id)
            .values(ma_lk_blind=blind, ma_lk_sealed=self._vault.seal_text(unit.ma_lk, MA_LK))
        )
        save.connection.execute(
            update(expectations).where(self._expectation(made, stood_for, unit)).values(ma_lk_blind=blind)
        )

    def _find(self, save: Saving, made: Translated, ma_lk: str, unit: Unit) -> Row[Any] | None:
        asked = {
            "of_facility": made.claimed.facility,
            "blind": self._vault.blind(ma_lk, MA_LK),
            "of_purpose": unit.purpose,
            "of_occasion": unit.occasion,
        }
        return save.connection.execute(_FIND, asked).one_or_none()

    # ---- one unit ----------------------------------------------------------------------------

    def _save_unit(self, save: Saving, made: Translated, unit: Unit, result: Saved) -> Saved:
        connection = save.connection
        row = self._find(save, made, unit.ma_lk, unit)
        if row is None:
            dossier_id = add_with_id(connection, dossiers, dossier_row(save, made, unit))
            self._revise(save, made, unit, dossier_id=dossier_id, number=1, reason="first")
            return replace(result, revised=result.revised + 1)
        if row.held and row.held_code == "reopened":
            self._release(save, row.id, "the source is ready again")
        past = connection.execute(_PAST, {"of": row.id}).all()
        current = next(r for r in past if r.id == row.revision_id)
        if current.content_hash == unit.content_hash:
            return replace(result, unchanged=result.unchanged + 1)
        handed = next((r for r in past if State(r.state) in AT_THE_GATEWAY), None)
        for old in past:
            if State(old.state) in NOT_HANDED_OVER:
                move(
                    connection,
                    revision_id=old.id,
                    dossier_id=row.id,
                    source=State(old.state),
                    target=State.SUPERSEDED,
                    at=save.now,
                    actor=save.actor,
                    detail="a newer content came before this one was handed over",
                )
        if handed is not None and handed.content_hash == unit.content_hash:
            self._take_back(save, row.id, handed)
            return replace(result, unchanged=result.unchanged + 1)
        reason = self._reason(connection, made, unit, current)
        self._revise(save, made, unit, dossier_id=row.id, number=past[0].number + 1, reason=reason)
        receipted = any(State(r.state) is State.ACCEPTED for r in past)
        if receipted and not unit.skip_reason and (save.hold_after_receipt or row.payment_requested):
            why = "payment was requested" if row.payment_requested else "resend.after_receipt is hold"
            self._hold(save, row.id, "after-receipt", f"changed after a receipt; {why}")
            return replace(result, revised=result.revised + 1, held=result.held + 1)
        if row.held and row.held_code in _NEW_CONTENT_LIFTS:
            self._release(save, row.id, "a new content came")
        return replace(result, revised=result.revised + 1)

    def _keep_book(self, save: Saving, made: Translated, unit: Unit, result: Saved) -> Saved:
        """The visit's line, and the hold of a privacy rule that waits for a person: up, or down when it is settled."""
        row = self._find(save, made, unit.ma_lk, unit) if unit.book is not None else None
        if unit.book is None or row is None:
            return result
        keep_entry(
            save.connection,
            self._vault,
            unit.book,
            dossier_id=row.id,
            facility=made.claimed.facility,
            now=save.now,
            keep_until=save.keep_until,
        )
        if unit.book.hold and State(row.state) in NOT_HANDED_OVER - {State.SKIPPED} and not row.held:
            self._hold(save, row.id, PRIVACY, "waits for a privacy decision")
            return replace(result, held=result.held + 1)
        if row.held and row.held_code == PRIVACY and not unit.book.hold:
            self._release(save, row.id, "a privacy decision was recorded")
        return result

    def _revise(self, save: Saving, made: Translated, unit: Unit, *, dossier_id: int, number: int, reason: str) -> None:
        connection = save.connection
        row = revision_row(save, made, unit, dossier_id=dossier_id, number=number, reason=reason)
        revision_id = add_with_id(connection, revisions, row)
        newest = {
            "revision_id": revision_id,
            "state": row["state"],
            "deadline": unit.deadline,
            "updated_at": save.now,
        }
        change(connection, dossiers, {"id": dossier_id}, newest)
        keep_contents(save, [(unit, revision_id, dossier_id, reason)])
        words = word_rows(self._vault, unit, dossier_id)
        if words and number > 1:
            connection.execute(_FORGET_WORDS, {"of": dossier_id})
        if words:
            connection.execute(_ADD_WORDS, words)

    def _reason(self, connection: Connection, made: Translated, unit: Unit, current: Row[Any]) -> str:
        who = "mapping changed" if current.source_hash == made.claimed.content_hash else "HIS changed"
        if unit.body is None:
            return f"{who}: skipped" if unit.skip_reason else f"{who}: the mapping failed"
        body = connection.execute(
            select(dossier_bodies.c.body).where(dossier_bodies.c.revision_id == current.id)
        ).scalar_one_or_none()
        if body is None:
            return f"{who}: the earlier content is not kept"
        old = Dossier.from_bytes(self._vault.open_(body, DOSSIER_BODY))
        return f"{who}: {told(changed_fields(old, Dossier.from_bytes(unit.body)))}"

    def _take_back(self, save: Saving, dossier_id: int, handed: Row[Any]) -> None:
        save.connection.execute(
            update(dossiers)
            .where(dossiers.c.id == dossier_id)
            .values(revision_id=handed.id, state=handed.state, updated_at=save.now)
        )
        record(
            save.connection,
            dossier_id=dossier_id,
            revision_id=handed.id,
            kind="note",
            at=save.now,
            actor=save.actor,
            detail="the change was taken back before it was sent",
        )

    # ---- holds this room makes ----------------------------------------------------------------

    def _hold_reopened(self, save: Saving, made: Translated, units: Sequence[Unit]) -> None:
        """A dossier whose encounter is no longer ready must not leave with yesterday's content."""
        due = {(self._vault.blind(u.ma_lk, MA_LK), u.purpose, u.occasion) for u in units}
        rows = save.connection.execute(_OF_ENCOUNTER, {"of": made.claimed.id}).all()
        for row in sorted(rows, key=lambda r: int(r.id)):
            if (bytes(row.ma_lk_blind), row.purpose, row.occasion) in due or row.held:
                continue
            lock_dossier(save.connection, row.id)
            if State(row.state) in NOT_HANDED_OVER - {State.SKIPPED}:
                self._hold(save, row.id, "reopened", "the source is no longer ready for it")

    def _hold(self, save: Saving, dossier_id: int, code: str, reason: str) -> None:
        set_hold(save.connection, dossier_id, code=code, reason=reason, actor=save.actor, now=save.now)

    def _release(self, save: Saving, dossier_id: int, reason: str) -> None:
        clear_hold(save.connection, dossier_id, reason=reason, actor=save.actor, now=save.now)


_FIND = (
    select(dossiers)
    .where(
        dossiers.c.facility == bindparam("of_facility"),
        dossiers.c.ma_lk_blind == bindparam("blind"),
        dossiers.c.purpose == bindparam("of_purpose"),
        dossiers.c.occasion == bindparam("of_occasion"),
    )
    .with_for_update()
)
_LEASED = (
    select(encounters.c.id, encounters.c.fence, encounters.c.content_hash)
    .where(encounters.c.id.in_(bindparam("ids", expanding=True)))
    .order_by(encounters.c.id)
    .with_for_update()
)
_END_LEASE = (
    update(encounters)
    .where(encounters.c.id == bindparam("of", type_=Id))
    .values(
        pending=False,
        lease_owner=None,
        lease_until=None,
        plan_hash=bindparam("plan"),
        due=bindparam("dossiers", type_=Integer()),
        not_due_reason=bindparam("reason", type_=Text()),
    )
)
_OF_ENCOUNTER = select(dossiers).where(dossiers.c.encounter_id == bindparam("of"))
_PAST = select(revisions).where(revisions.c.dossier_id == bindparam("of")).order_by(revisions.c.number.desc())
_FORGET_WORDS = delete(search_words).where(search_words.c.dossier_id == bindparam("of"))
_ADD_WORDS = insert(search_words)


def set_hold(connection: Connection, dossier_id: int, *, code: str, reason: str, actor: str, now: datetime) -> bool:
    """Raise the flag with its reason; False when it is already up."""
    done = connection.execute(
        update(dossiers)
        .where(dossiers.c.id == dossier_id, ~dossiers.c.held)
        .values(held=True, held_code=code, held_reason=reason, held_by=actor, updated_at=now)
    )
    if done.rowcount:
        record(
            connection,
            dossier_id=dossier_id,
            revision_id=None,
            kind="hold",
            at=now,
            actor=actor,
            detail=f"{code}: {reason}",
        )
    return bool(done.rowcount)


def clear_hold(connection: Connection, dossier_id: int, *, reason: str, actor: str, now: datetime) -> bool:
    """Lower the flag; the dossier goes on from the state it is in. False when it was not held."""
    done = connection.execute(
        update(dossiers)
        .where(dossiers.c.id == dossier_id, dossiers.c.held)
        .values(held=False, held_code=None, held_reason=None, held_by=None, updated_at=now)
    )
    if done.rowcount:
        record(connection, dossier_id=dossier_id, revision_id=None, kind="release", at=now, actor=actor, detail=reason)
    return bool(done.rowcount)


def _taken(unit: Unit, ma_lk: str) -> Unit:
    finding = Finding(
        rule="MA-LK-TWICE",
        severity="error",
        table="XML0" if unit.purpose == "checkin" else "XML1",
        row=1,
        field="MA_LK",
        value="",
        message_vi="Hai đợt điều trị của HIS cho cùng một MA_LK; đợt sau bị giữ lại, sửa trong HIS hoặc bản ánh xạ",
        message_en="Two encounters of the HIS give one MA_LK; the later is kept back, correct the HIS or the mapping",
    )
    return replace(
        unit,
        ma_lk=ma_lk,
        body=None,
        facts=None,
        findings=(finding,),
        skip_reason="",
        content_hash=f"twice:{unit.content_hash}"[:64],
        words={},
    )


def _stale() -> LeaseLost:
    return LeaseLost(
        "Đợt điều trị vừa được đọc lại hoặc do tiến trình khác xử lý; kết quả này bỏ",
        "The encounter was read again or is handled by another worker; this result is void",
    )
