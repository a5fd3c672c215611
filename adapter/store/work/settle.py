"""What one answer of the gateway changes: attempt, receipt, state, predecessors, hold."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, bindparam, select, update

from adapter.store.records import Settlement
from adapter.store.states import State, Verdict
from adapter.store.tables.schema import attempts, dossiers, receipts, revisions, tasks
from adapter.store.tables.statements import add, change
from adapter.store.work.dossiers import set_hold
from adapter.store.work.moves import lock_dossier, move, record
from adapter.vault import Vault

MESSAGE = "gateway-message"


def settle(connection: Connection, vault: Vault, one: Settlement, *, now: datetime, actor: str) -> bool:
    """Write one settlement; False, with nothing written, when its lease was lost."""
    claimed, answer = one.claimed, one.answer
    values: dict[str, Any] = {"next_attempt_at": one.next_attempt_at}
    if not one.count:
        values["attempts"] = claimed.attempts - 1
    if one.target is State.UNKNOWN:
        values["unknowns"] = claimed.unknowns + 1
    if one.target is State.ACCEPTED:
        values |= {"accepted_at": now, "remark": one.remark, "verdict": Verdict.PENDING.value, "verdict_at": now}
    moved = move(
        connection,
        revision_id=claimed.revision_id,
        dossier_id=claimed.dossier_id,
        source=State.SENDING,
        target=one.target,
        at=now,
        actor=actor,
        detail=one.detail,
        held_fence=claimed.fence,
        **values,
    )
    if moved is None:
        return False
    _finish_attempt(connection, vault, one, now)
    if answer.ma_giao_dich or one.target is State.ACCEPTED:
        add_receipt(connection, vault, one, how="answer", now=now)
    if one.target is State.ACCEPTED:
        after_acceptance(connection, claimed.dossier_id, claimed.revision_id, claimed.number, now=now)
    if one.hold is not None:
        set_hold(connection, claimed.dossier_id, code=one.hold[0], reason=one.hold[1], actor=actor, now=now)
    return True


def late(connection: Connection, vault: Vault, one: Settlement, *, now: datetime, actor: str) -> None:
    """An answer after its lease: the receipt is kept, and an ``unknown`` revision is known again."""
    claimed, answer = one.claimed, one.answer
    _finish_attempt(connection, vault, one, now)
    if not answer.ma_giao_dich:
        return
    lock_dossier(connection, claimed.dossier_id)
    add_receipt(connection, vault, one, how="late", now=now)
    if one.target is State.ACCEPTED:
        moved = move(
            connection,
            revision_id=claimed.revision_id,
            dossier_id=claimed.dossier_id,
            source=State.UNKNOWN,
            target=State.ACCEPTED,
            at=now,
            actor=actor,
            detail="the answer came late",
            accepted_at=now,
            remark=one.remark,
            verdict=Verdict.PENDING.value,
            verdict_at=now,
            next_attempt_at=None,
        )
        if moved is not None:
            after_acceptance(connection, claimed.dossier_id, claimed.revision_id, claimed.number, now=now)
            return
    record(
        connection,
        dossier_id=claimed.dossier_id,
        revision_id=claimed.revision_id,
        kind="note",
        at=now,
        actor=actor,
        detail="a receipt came after the lease had ended; it is kept",
    )


def after_acceptance(connection: Connection, dossier_id: int, revision_id: int, number: int, *, now: datetime) -> None:
    """Tell the predecessors who replaced them, close the dossier's fault tasks, open the verdict.

    An older revision accepted after a newer one was (a late answer) is itself the replaced one.
    """
    others = connection.execute(_OTHERS, {"dossier": dossier_id, "revision": revision_id}).all()
    accepted = [r for r in others if r.state == State.ACCEPTED.value]
    newer = next((r for r in accepted if r.number > number), None)
    if newer is not None:
        _replace(connection, revision_id, Verdict.PENDING.value, newer.id, now)
        return
    for old in accepted:
        if old.replaced_by is None:
            _replace(connection, old.id, old.verdict, revision_id, now)
    change(connection, dossiers, {"id": dossier_id}, {"verdict": Verdict.PENDING.value, "updated_at": now})
    if others:
        connection.execute(
            update(tasks)
            .where(tasks.c.dossier_id == dossier_id, tasks.c.closed_at.is_(None), tasks.c.revision_id != revision_id)
            .values(closed_at=now, closed_by=f"revision {number}")
        )


_OTHERS = (
    select(revisions.c.id, revisions.c.number, revisions.c.state, revisions.c.verdict, revisions.c.replaced_by)
    .where(revisions.c.dossier_id == bindparam("dossier"), revisions.c.id != bindparam("revision"))
    .order_by(revisions.c.number)
)


def _replace(connection: Connection, revision_id: int, verdict: str | None, by: int, now: datetime) -> None:
    # A verdict the gateway has spoken stays; only one still awaited can no longer come.
    told = {"verdict": Verdict.REPLACED.value, "verdict_at": now} if verdict == Verdict.PENDING.value else {}
    change(connection, revisions, {"id": revision_id}, {"replaced_by": by, **told})


def add_receipt(connection: Connection, vault: Vault, one: Settlement, *, how: str, now: datetime) -> None:
    """Keep what the gateway said, verbatim. Receipts are only ever added."""
    answer = one.answer
    add(
        connection,
        receipts,
        {
            "revision_id": one.claimed.revision_id,
            "at": now,
            "sha256": one.claimed.sha256,
            "ma_giao_dich": answer.ma_giao_dich or "",
            "thoi_gian_tiep_nhan": answer.received_at,
            "thong_diep_sealed": vault.seal_text(answer.message, MESSAGE) if answer.message else None,
            "remark": one.remark,
            "how": how,
        },
    )


def _finish_attempt(connection: Connection, vault: Vault, one: Settlement, now: datetime) -> None:
    answer = one.answer
    change(
        connection,
        attempts,
        {"revision_id": one.claimed.revision_id, "fence": one.claimed.fence},
        {
            "finished_at": now,
            "outcome": answer.outcome,
            "http_status": answer.http_status,
            "ma_ket_qua": answer.ma_ket_qua,
            "milliseconds": answer.milliseconds,
            "message_sealed": vault.seal_text(answer.message, MESSAGE) if answer.message else None,
        },
    )
