"""From one translated encounter to revisions: new content only, the old one superseded or waiting."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, and_, bindparam, delete, insert, select, update
from sqlalchemy.exc import IntegrityError

from adapter.dossier.model import Dossier
from adapter.errors import LeaseLost
from adapter.rules.finding import Finding
from adapter.store.book.entries import keep_entry
from adapter.store.history.history import History
from adapter.store.portal.marks import skip_listed
from adapter.store.records import ClaimedEncounter, Expected, Saved, Unit
from adapter.store.states import AT_THE_GATEWAY, NOT_HANDED_OVER, State
from adapter.store.tables.database import Database
from adapter.store.tables.schema import dossier_bodies, dossiers, encounters, expectations, revisions, search_words
from adapter.store.tables.statements import add, add_with_id, change
from adapter.store.work.changes import changed_fields, told
from adapter.store.work.findings import add_findings
from adapter.store.work.intake import MA_LK, expect, expectation_owner, stand_in, withdraw_unmet
from adapter.store.work.moves import lock_dossier, move, record
from adapter.vault import Vault

DOSSIER_BODY = "dossier-body"
PRIVACY = "privacy"
"""The hold of a privacy rule. Which rule is sealed: its name would tell what nobody may know."""
_NEW_CONTENT_LIFTS = ("budget", "reopened")
"""Holds that were about the old content; a new one goes on by itself."""


@dataclass(frozen=True, slots=True)
class _Save:
    connection: Connection
    claimed: ClaimedEncounter
    plan_hash: str
    now: datetime
    actor: str
    hold_after_receipt: bool


class Dossiers:
    """The store's face towards the end of translate."""

    def __init__(self, database: Database, vault: Vault, history: History, *, keep_dossier: timedelta) -> None:
        self._db = database
        self._vault = vault
        self._history = history
        self._keep = keep_dossier

    def save(
        self,
        claimed: ClaimedEncounter,
        units: Sequence[Unit],
        *,
        expected: Sequence[Expected],
        not_due_reason: str,
        plan_hash: str,
        now: datetime,
        actor: str,
        hold_after_receipt: bool,
    ) -> Saved:
        """Everything one encounter gave, in one transaction with the end of its lease.

        ``expected`` is what readiness said, judged apart from ``units``: a unit lost between the two
        shows in the equation. A unit whose content equals its dossier's newest revision makes none. Raises LeaseLost
        when the encounter was read again or leased by another worker meanwhile.
        """
        try:
            with self._db.write() as connection:
                save = _Save(connection, claimed, plan_hash, now, actor, hold_after_receipt)
                self._end_lease(save, len(expected), not_due_reason)
                own = skip_listed(connection, self._vault, claimed.facility, self._own_keys(save, units, expected))
                result = Saved()
                for unit in own:
                    result = self._save_unit(save, unit, result)
                    result = self._keep_book(save, unit, result)
                self._hold_reopened(save, own)
                return result
        except IntegrityError as error:
            raise _stale() from error

    def _end_lease(self, save: _Save, due: int, reason: str) -> None:
        mine = {"id": save.claimed.id, "fence": save.claimed.fence, "content_hash": save.claimed.content_hash}
        values = {
            "pending": False,
            "lease_owner": None,
            "lease_until": None,
            "plan_hash": save.plan_hash,
            "due": due,
            "not_due_reason": reason or None,
        }
        if not change(save.connection, encounters, mine, values):
            raise _stale()

    def _own_keys(self, save: _Save, units: Sequence[Unit], expected: Sequence[Expected]) -> list[Unit]:
        """Units under keys this encounter owns; an MA_LK another encounter took becomes a blocked stand-in."""
        claimed, connection = save.claimed, save.connection
        withdraw_unmet(connection, claimed.id)
        for unit in units:
            if self._owner(save, unit) is None:
                self._adopt_stand_in(save, unit)
        key = claimed.encounter.key
        expect(
            connection,
            self._vault,
            facility=claimed.facility,
            encounter_id=claimed.id,
            source_key=key,
            day=claimed.first_day,
            expected=expected,
        )
        return [u if self._owner(save, u) in (None, claimed.id) else _taken(u, stand_in(key)) for u in units]

    def _owner(self, save: _Save, unit: Unit) -> int | None:
        return expectation_owner(
            save.connection, save.claimed.facility, self._vault.blind(unit.ma_lk, MA_LK), unit.purpose, unit.occasion
        )

    def _expectation(self, save: _Save, ma_lk: str, unit: Unit) -> ColumnElement[bool]:
        return and_(
            expectations.c.facility == save.claimed.facility,
            expectations.c.ma_lk_blind == self._vault.blind(ma_lk, MA_LK),
            expectations.c.purpose == unit.purpose,
            expectations.c.occasion == unit.occasion,
        )

    def _adopt_stand_in(self, save: _Save, unit: Unit) -> None:
        """A dossier blocked under a stand-in gets its true key as soon as one can be read."""
        stood_for = stand_in(save.claimed.encounter.key)
        row = self._find(save, stood_for, unit.purpose, unit.occasion)
        if row is None or unit.ma_lk == stood_for:
            return
        blind = self._vault.blind(unit.ma_lk, MA_LK)
        save.connection.execute(
            update(dossiers)
            .where(dossiers.c.id == row.id)
            .values(ma_lk_blind=blind, ma_lk_sealed=self._vault.seal_text(unit.ma_lk, MA_LK))
        )
        save.connection.execute(
            update(expectations).where(self._expectation(save, stood_for, unit)).values(ma_lk_blind=blind)
        )

    def _find(self, save: _Save, ma_lk: str, purpose: str, occasion: str) -> Row[Any] | None:
        asked = {
            "of_facility": save.claimed.facility,
            "blind": self._vault.blind(ma_lk, MA_LK),
            "of_purpose": purpose,
            "of_occasion": occasion,
        }
        return save.connection.execute(_FIND, asked).one_or_none()

    # ---- one unit ----------------------------------------------------------------------------

    def _save_unit(self, save: _Save, unit: Unit, result: Saved) -> Saved:
        connection = save.connection
        row = self._find(save, unit.ma_lk, unit.purpose, unit.occasion)
        if row is None:
            dossier_id = self._insert_dossier(save, unit)
            self._revise(save, unit, dossier_id, number=1, reason="first")
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
        reason = self._reason(connection, save, unit, current)
        self._revise(save, unit, row.id, number=past[0].number + 1, reason=reason)
        receipted = any(State(r.state) is State.ACCEPTED for r in past)
        if receipted and not unit.skip_reason and (save.hold_after_receipt or row.payment_requested):
            why = "payment was requested" if row.payment_requested else "resend.after_receipt is hold"
            self._hold(save, row.id, "after-receipt", f"changed after a receipt; {why}")
            return replace(result, revised=result.revised + 1, held=result.held + 1)
        if row.held and row.held_code in _NEW_CONTENT_LIFTS:
            self._release(save, row.id, "a new content came")
        return replace(result, revised=result.revised + 1)

    def _keep_book(self, save: _Save, unit: Unit, result: Saved) -> Saved:
        """The visit's line, and the hold of a privacy rule that waits for a person: up, or down when it is settled."""
        row = self._find(save, unit.ma_lk, unit.purpose, unit.occasion) if unit.book is not None else None
        if unit.book is None or row is None:
            return result
        keep_entry(
            save.connection,
            self._vault,
            unit.book,
            dossier_id=row.id,
            facility=save.claimed.facility,
            now=save.now,
            keep_until=save.now + self._keep,
        )
        if unit.book.hold and State(row.state) in NOT_HANDED_OVER - {State.SKIPPED} and not row.held:
            self._hold(save, row.id, PRIVACY, "waits for a privacy decision")
            return replace(result, held=result.held + 1)
        if row.held and row.held_code == PRIVACY and not unit.book.hold:
            self._release(save, row.id, "a privacy decision was recorded")
        return result

    def _insert_dossier(self, save: _Save, unit: Unit) -> int:
        first = State.SKIPPED if unit.skip_reason else State.BLOCKED if unit.blocked else State.TRANSLATED
        row = {
            "facility": save.claimed.facility,
            "encounter_id": save.claimed.id,
            "ma_lk_blind": self._vault.blind(unit.ma_lk, MA_LK),
            "ma_lk_sealed": self._vault.seal_text(unit.ma_lk, MA_LK),
            "purpose": unit.purpose,
            "occasion": unit.occasion,
            "first_day": save.claimed.first_day,
            "state": first.value,
            "held": False,
            "deadline": unit.deadline,
            "payment_requested": False,
            "created_at": save.now,
            "updated_at": save.now,
        }
        return add_with_id(save.connection, dossiers, row)

    def _revise(self, save: _Save, unit: Unit, dossier_id: int, *, number: int, reason: str) -> None:
        connection = save.connection
        state = State.SKIPPED if unit.skip_reason else State.BLOCKED if unit.blocked else State.TRANSLATED
        row = {
            "dossier_id": dossier_id,
            "number": number,
            "facility": save.claimed.facility,
            "purpose": unit.purpose,
            "state": state.value,
            "content_hash": unit.content_hash,
            "source_hash": save.claimed.content_hash,
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
        revision_id = add_with_id(connection, revisions, row)
        newest = {
            "revision_id": revision_id,
            "state": state.value,
            "deadline": unit.deadline,
            "updated_at": save.now,
        }
        change(connection, dossiers, {"id": dossier_id}, newest)
        if unit.dossier is not None:
            body = {
                "revision_id": revision_id,
                "body": self._vault.seal(unit.dossier.to_bytes(), DOSSIER_BODY),
                "saved_at": save.now,
                "keep_until": save.now + self._keep,
            }
            add(connection, dossier_bodies, body)
            self._history.keep(connection, unit.dossier, revision_id=revision_id, dossier_id=dossier_id)
        if unit.findings:  # a new revision has none yet
            add_findings(connection, self._vault, {revision_id: unit.findings})
        self._index(connection, dossier_id, unit, first=number == 1)
        record(
            connection,
            dossier_id=dossier_id,
            revision_id=revision_id,
            kind="state",
            target=state,
            at=save.now,
            actor=save.actor,
            detail=unit.skip_reason or reason,
        )

    def _index(self, connection: Connection, dossier_id: int, unit: Unit, *, first: bool) -> None:
        values = {(kind, self._vault.blind(word, kind)) for kind, words in unit.words.items() for word in words if word}
        if not values:
            return
        if not first:
            connection.execute(_FORGET_WORDS, {"of": dossier_id})
        connection.execute(_ADD_WORDS, [{"dossier_id": dossier_id, "kind": k, "value": v} for k, v in sorted(values)])

    def _reason(self, connection: Connection, save: _Save, unit: Unit, current: Row[Any]) -> str:
        who = "mapping changed" if current.source_hash == save.claimed.content_hash else "HIS changed"
        if unit.dossier is None:
            return f"{who}: skipped" if unit.skip_reason else f"{who}: the mapping failed"
        body = connection.execute(
            select(dossier_bodies.c.body).where(dossier_bodies.c.revision_id == current.id)
        ).scalar_one_or_none()
        if body is None:
            return f"{who}: the earlier content is not kept"
        old = Dossier.from_bytes(self._vault.open_(body, DOSSIER_BODY))
        return f"{who}: {told(changed_fields(old, unit.dossier))}"

    def _take_back(self, save: _Save, dossier_id: int, handed: Row[Any]) -> None:
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

    def _hold_reopened(self, save: _Save, units: Sequence[Unit]) -> None:
        """A dossier whose encounter is no longer ready must not leave with yesterday's content."""
        due = {(self._vault.blind(u.ma_lk, MA_LK), u.purpose, u.occasion) for u in units}
        rows = save.connection.execute(_OF_ENCOUNTER, {"of": save.claimed.id}).all()
        for row in sorted(rows, key=lambda r: int(r.id)):
            if (bytes(row.ma_lk_blind), row.purpose, row.occasion) in due or row.held:
                continue
            lock_dossier(save.connection, row.id)
            if State(row.state) in NOT_HANDED_OVER - {State.SKIPPED}:
                self._hold(save, row.id, "reopened", "the source is no longer ready for it")

    def _hold(self, save: _Save, dossier_id: int, code: str, reason: str) -> None:
        set_hold(save.connection, dossier_id, code=code, reason=reason, actor=save.actor, now=save.now)

    def _release(self, save: _Save, dossier_id: int, reason: str) -> None:
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
        dossier=None,
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
