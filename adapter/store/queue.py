"""What a person may do with a dossier. Each act needs a reason and an actor, and is recorded."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, select, update

from adapter.clock import Clock
from adapter.errors import ConfigError, LeaseLost, Terminal
from adapter.store.encounters.expected import MA_LK
from adapter.store.people.audit import Audit, Entry
from adapter.store.states import State, Verdict
from adapter.store.tables.database import Database
from adapter.store.tables.schema import dossiers, receipts, revisions
from adapter.store.tables.statements import add
from adapter.store.work.dossiers import clear_hold, set_hold
from adapter.store.work.findings import load_findings
from adapter.store.work.moves import move, record
from adapter.store.work.outbox import lease_lost
from adapter.store.work.settle import after_acceptance
from adapter.vault import Vault


class QueueRefused(Terminal):
    """The dossier is not in a state in which this act means anything."""

    code = "QUEUE"


class Queue:
    """Hold, release, retry, override."""

    def __init__(self, database: Database, vault: Vault, clock: Clock, audit: Audit) -> None:
        self._db = database
        self._vault = vault
        self._clock = clock
        self._audit = audit

    def hold(self, dossier_id: int, *, reason: str, actor: str) -> None:
        """Stop a dossier where it stands. Refused when it is held, or its way is over."""
        _need(reason)
        with self._db.write() as connection:
            row = _locked(connection, dossier_id)
            if State(row.state) in {State.ACCEPTED, State.SKIPPED}:
                raise _refused("đã xong, không còn gì để giữ", "its way is over, there is nothing to hold")
            if not set_hold(connection, dossier_id, code="person", reason=reason, actor=actor, now=self._clock()):
                raise _refused("đang được giữ rồi", "it is held already")
            self._write_down(connection, "hold", row, reason, actor)

    def release(self, dossier_id: int, *, reason: str, actor: str) -> None:
        """Let a held dossier go on from the state it is in; an unknown one is due at once."""
        _need(reason)
        now = self._clock()
        with self._db.write() as connection:
            row = _locked(connection, dossier_id)
            if not row.held:
                raise _refused("không bị giữ", "it is not held")
            clear_hold(connection, dossier_id, reason=reason, actor=actor, now=now)
            if row.held_code in {"budget", "ask-portal"}:
                _fresh_budget(connection, dossier_id)
            self._write_down(connection, "release", row, reason, actor)

    def retry(self, dossier_id: int, *, reason: str, actor: str) -> State:
        """Try again now: refused → the same bytes once more; blocked → checked again; waiting → due at once.

        Returns the state it goes on from. Held dossiers are released first, on purpose, by :meth:`release`.
        """
        _need(reason)
        now = self._clock()
        with self._db.write() as connection:
            row = _locked(connection, dossier_id)
            if row.held:
                raise _refused("đang bị giữ; thả ra trước", "it is held; release it first")
            target = {State.REFUSED: State.SIGNED, State.BLOCKED: State.TRANSLATED}.get(State(row.state))
            _fresh_budget(connection, dossier_id)
            if target is not None:
                if target is State.TRANSLATED and _without_body(connection, row):
                    raise _refused(
                        "bản ánh xạ chưa dịch được; sửa bản ánh xạ, lượt sau sẽ tự dịch lại",
                        "the mapping failed; correct it, the next pass translates by itself",
                    )
                moved = move(
                    connection,
                    revision_id=row.revision_id,
                    dossier_id=dossier_id,
                    source=State(row.state),
                    target=target,
                    at=now,
                    actor=actor,
                    detail=reason,
                )
                if moved is None:
                    raise lease_lost()
                self._write_down(connection, "retry", row, reason, actor)
                return target
            if State(row.state) in {State.ACCEPTED, State.SKIPPED}:
                raise _refused("đã xong, không gửi lại", "its way is over; it is not sent again")
            _note(connection, row, actor, f"retry: {reason}", now)
            self._write_down(connection, "retry", row, reason, actor)
            return State(row.state)

    def override(self, dossier_id: int, *, reason: str, actor: str, allowed: frozenset[str] | set[str]) -> None:
        """Let a blocked dossier pass although rules complain.

        ``allowed``: ids of rules whose errors a person may override; one error of another rule refuses.
        """
        _need(reason)
        now = self._clock()
        with self._db.write() as connection:
            row = _locked(connection, dossier_id)
            if State(row.state) is not State.BLOCKED or row.held:
                raise _refused("không ở trạng thái bị chặn", "it is not blocked")
            errors = {f.rule for f in load_findings(connection, self._vault, row.revision_id) if f.severity == "error"}
            fixed = sorted(errors - set(allowed))
            if fixed or not errors:
                raise _refused(f"không được bỏ qua {', '.join(fixed)}", f"{', '.join(fixed)} may not be overridden")
            moved = move(
                connection,
                revision_id=row.revision_id,
                dossier_id=dossier_id,
                source=State.BLOCKED,
                target=State.READY,
                at=now,
                actor=actor,
                detail=f"override {', '.join(sorted(errors))}: {reason}",
            )
            if moved is None:
                raise lease_lost()
            self._write_down(connection, "override", row, reason, actor, rules=" ".join(sorted(errors)))

    def found(self, dossier_id: int, *, ma_giao_dich: str, reason: str, actor: str) -> None:
        """The portal has the revision whose answer was lost: it is accepted, with the receipt a person read there.

        When the portal does not have it, :meth:`release` or :meth:`retry` sends the same bytes again.
        """
        _need(reason)
        _need(ma_giao_dich)
        now = self._clock()
        with self._db.write() as connection:
            row = _locked(connection, dossier_id)
            lost = connection.execute(
                select(revisions).where(revisions.c.dossier_id == dossier_id, revisions.c.state == State.UNKNOWN.value)
            ).one_or_none()
            if lost is None:
                raise _refused("không có câu trả lời nào bị mất", "no answer of it was lost")
            moved = move(
                connection,
                revision_id=lost.id,
                dossier_id=dossier_id,
                source=State.UNKNOWN,
                target=State.ACCEPTED,
                at=now,
                actor=actor,
                detail=f"found on the portal: {reason}",
                accepted_at=now,
                verdict=Verdict.PENDING.value,
                verdict_at=now,
                next_attempt_at=None,
            )
            if moved is None:
                raise lease_lost()
            receipt = {"ma_giao_dich": ma_giao_dich, "at": now, "sha256": lost.sent_sha256}
            add(connection, receipts, {"revision_id": lost.id, "remark": False, "how": "portal", **receipt})
            after_acceptance(connection, dossier_id, lost.id, lost.number, now=now)
            if row.held and row.held_code == "ask-portal":
                clear_hold(connection, dossier_id, reason=reason, actor=actor, now=now)
            self._write_down(connection, "found", row, reason, actor, ma_giao_dich=ma_giao_dich)

    def payment_requested(self, dossier_id: int, *, actor: str) -> None:
        """Payment was requested: from now on a change needs form 09/BH and is held."""
        with self._db.write() as connection:
            row = _locked(connection, dossier_id)
            connection.execute(update(dossiers).where(dossiers.c.id == dossier_id).values(payment_requested=True))
            _note(connection, row, actor, "payment was requested", self._clock())
            self._write_down(connection, "payment", row, "", actor)

    def _write_down(
        self, connection: Connection, what: str, row: Row[Any], reason: str, actor: str, **detail: str
    ) -> None:
        """The audit log's line, in the act's own transaction and as its last statement."""
        self._audit.append(
            connection,
            Entry(
                f"dossier.{what}",
                actor,
                facility=row.facility,
                kind="dossier",
                object=str(row.id),
                about=self._vault.open_text(row.ma_lk_sealed, MA_LK),
                reason=reason,
                detail={"purpose": row.purpose, "was": row.state, **detail},
            ),
        )


def _locked(connection: Connection, dossier_id: int) -> Row[Any]:
    row = connection.execute(select(dossiers).where(dossiers.c.id == dossier_id).with_for_update()).one_or_none()
    if row is None:
        raise ConfigError(f"Không có hồ sơ số {dossier_id}", f"There is no dossier number {dossier_id}")
    return row


def _fresh_budget(connection: Connection, dossier_id: int) -> None:
    connection.execute(
        update(revisions)
        .where(
            revisions.c.dossier_id == dossier_id,
            revisions.c.state.in_(
                [s.value for s in (State.READY, State.TRANSLATED, State.SIGNED, State.UNKNOWN, State.REFUSED)]
            ),
        )
        .values(next_attempt_at=None, attempts=0, unknowns=0)
    )


def _without_body(connection: Connection, row: Row[Any]) -> bool:
    from adapter.store.tables.schema import dossier_bodies

    found = connection.execute(
        select(dossier_bodies.c.revision_id).where(dossier_bodies.c.revision_id == row.revision_id)
    )
    return found.scalar_one_or_none() is None


def _note(connection: Connection, row: Row[Any], actor: str, detail: str, now: datetime) -> None:
    record(connection, dossier_id=row.id, revision_id=row.revision_id, kind="note", at=now, actor=actor, detail=detail)


def _need(reason: str) -> None:
    if not reason.strip():
        raise _refused("cần nêu lý do", "a reason is needed")


def _refused(why_vi: str, why_en: str) -> QueueRefused:
    return QueueRefused(f"Không làm được với hồ sơ này: {why_vi}", f"Not possible with this dossier: {why_en}")


__all__ = ["LeaseLost", "Queue", "QueueRefused"]
