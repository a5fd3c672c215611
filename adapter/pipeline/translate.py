"""Translate: each due dossier of a pending encounter; new content becomes a revision, equal content nothing."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from typing import Any

from adapter.clock import VIETNAM, from_datetime12
from adapter.dossier.model import Dossier, decimal_of
from adapter.errors import BhytError, LeaseLost, Terminal, Where
from adapter.pipeline.books.keep import WITHHELD, book_unit, further_facts, judged
from adapter.pipeline.context import Context, Due, StageResult, Translation
from adapter.pipeline.deadlines import claim_deadline
from adapter.pipeline.notes import findings_of
from adapter.pipeline.owners import end_leases_of_the_dead
from adapter.pipeline.pull import expected_of, source_name
from adapter.rules.finding import Finding
from adapter.store import ClaimedEncounter, Expected, Unit
from adapter.store.book.entries import BookUnit
from adapter.store.portal.marks import BEFORE_START
from adapter.store.work.intake import stand_in
from adapter.vault import plain_words

XML12 = "xml12"
ON_PORTAL = "enter on the portal"


def translate(ctx: Context) -> StageResult:
    """Translate everything pending. A mapping's error on one encounter blocks that one and no other."""
    result = StageResult("translate")
    plan = ctx.need("plan")
    name, facility, store = source_name(plan), ctx.facility.code, ctx.store
    try:
        end_leases_of_the_dead(store, facility, ctx.clock())
        store.intake.adopt_plan(facility, name, plan.hash)
        while not ctx.stopping():
            claimed = store.intake.claim(
                facility, name, owner=ctx.owner, limit=ctx.batch, now=ctx.clock(), lease=ctx.lease
            )
            if not claimed:
                return result
            for one in claimed:
                _translate_one(ctx, one, result)
        result.more = True
    except BhytError as error:
        result.failures.append(error)
    return result


def _translate_one(ctx: Context, claimed: ClaimedEncounter, result: StageResult) -> None:
    plan = ctx.need("plan")
    expected, reason = expected_of(plan, claimed.encounter)
    units = list(_units(ctx, claimed))
    extra = tuple(Expected(u.ma_lk, u.purpose, u.occasion) for u in units if u.occasion == XML12)
    try:
        saved = ctx.store.dossiers.save(
            claimed,
            units,
            expected=(*expected, *extra),
            not_due_reason="" if expected else reason,
            plan_hash=plan.hash,
            now=ctx.clock(),
            actor=ctx.owner,
            hold_after_receipt=ctx.settings.resend.after_receipt == "hold",
        )
    except LeaseLost:
        result.count("gave_way")
        return
    result.done += 1
    result.count("revised", saved.revised)
    result.count("unchanged", saved.unchanged)
    result.count("held", saved.held)


def _units(ctx: Context, claimed: ClaimedEncounter) -> Iterator[Unit]:
    plan, now = ctx.need("plan"), ctx.clock()
    try:
        ready = plan.readiness(claimed.encounter)
    except BhytError as error:
        yield _failed(error, claimed, now, ma_lk=stand_in(claimed.encounter.key), purpose="claim", occasion="")
        return
    for due in ready.due:
        purpose = str(due.purpose)
        if due.exempt_reason:
            yield _skipped(ready.ma_lk, purpose, due.occasion, due.exempt_reason, now)
            continue
        try:
            made = _translation(ctx, claimed, due, ready.ma_lk, now)
            dossier, book = _with_book(ctx, claimed, made.dossier, now)
        except BhytError as error:
            yield _failed(error, claimed, now, ma_lk=ready.ma_lk, purpose=purpose, occasion=due.occasion)
            continue
        if dossier.rows("XML12"):
            # QĐ 3176's table 12 is typed into the portal by people; it never rides in GIAMDINHHS.
            apart = replace(dossier, tables={"XML12": dossier.rows("XML12")}, occasion=XML12)
            noted = findings_of(made.notes, ["XML12"])
            yield replace(unit_of(apart, now), skip_reason=ON_PORTAL, findings=noted)
            rest = {name: rows for name, rows in dossier.tables.items() if name != "XML12"}
            dossier = replace(dossier, tables=rest, document=None)
        if book is not None and book.judged["withheld"]:
            yield replace(_skipped(ready.ma_lk, purpose, due.occasion, WITHHELD, now), book=book)
            continue
        unit = replace(unit_of(dossier, now), book=book, findings=findings_of(made.notes, dossier.tables))
        yield replace(unit, skip_reason=BEFORE_START) if _before_start(ctx, unit) else unit


def _translation(ctx: Context, claimed: ClaimedEncounter, due: Due, ma_lk: str, now: datetime) -> Translation:
    plan = ctx.need("plan")
    try:
        made: Translation = plan.translate_noted(
            claimed.encounter,
            due,
            facility=ctx.facility.code,
            now=now,
            uninsured_tables=ctx.settings.standard.book_tables,
            standard=ctx.facility.standard,
        )
    except BhytError:
        raise
    except Exception as error:
        raise Terminal(
            f"Bản ánh xạ hỏng ngoài dự kiến ({type(error).__name__})",
            f"The mapping broke in an unforeseen way ({type(error).__name__})",
            where=Where(plan.name),
            code="MAP-ERROR",
        ) from error
    if made.dossier.ma_lk != ma_lk:
        raise Terminal(
            "MA_LK của hồ sơ khác MA_LK lúc xét sẵn sàng",
            "The dossier's MA_LK differs from the one readiness was judged for",
            where=Where(plan.name, table="XML1", field="MA_LK"),
            code="MAP-ERROR",
        )
    return made


def _with_book(
    ctx: Context, claimed: ClaimedEncounter, dossier: Dossier, now: datetime
) -> tuple[Dossier, BookUnit | None]:
    """The dossier as the privacy rules and decisions leave it, with its line for the health book."""
    if dossier.purpose == "checkin":
        return dossier, None
    plan, facility = ctx.need("plan"), ctx.facility.code
    extra, error = further_facts(plan, claimed.encounter, facility=facility, now=now)
    judgement = judged(ctx.settings, dossier, extra, lambda: ctx.store.books.decisions(facility, dossier.ma_lk))
    book = book_unit(dossier, extra, judgement, error=error, flags_mapped="privacy" in plan.book_fields)
    kept = judgement.dossier
    if kept.document is not None and kept.tables != dossier.tables:
        kept = replace(kept, document=None)  # what a privacy rule left out must not leave in the original file
    return kept, book


def unit_of(dossier: Dossier, now: datetime) -> Unit:
    """A dossier with what the store sorts, sums and searches by."""
    header = dossier.header
    checkin = dossier.purpose == "checkin"
    ended = _instant(header.get("NGAY_VAO" if checkin else "NGAY_RA", ""))
    return Unit(
        ma_lk=dossier.ma_lk,
        purpose=dossier.purpose.value,
        occasion=dossier.occasion,
        content_hash=dossier.content_hash(),
        standard=dossier.standard,
        deadline=now if checkin else claim_deadline(ended or now),
        rank=0 if checkin else 1,
        dossier=dossier,
        ended_at=ended,
        amount_total=_amount(header.get("T_TONGCHI_BV", "")),
        amount_insurance=_amount(header.get("T_BHTT", "")),
        words={
            "name": plain_words(header.get("HO_TEN", "")),
            "card": tuple(header.get("MA_THE_BHYT", "").split(";")),
            "person": (header.get("SO_CCCD", ""),),
        },
    )


def _failed(
    error: BhytError, claimed: ClaimedEncounter, now: datetime, *, ma_lk: str, purpose: str, occasion: str
) -> Unit:
    where = error.where or Where()
    finding = Finding(
        rule="MAP-ERROR",
        severity="error",
        table=where.table or "",
        row=where.row,
        field=where.field or "",
        value="",
        message_vi=error.text("vi"),
        message_en=error.text("en"),
    )
    seen = f"{claimed.content_hash}|{error.code}|{error.text('en')}"
    return _without_body(ma_lk, purpose, occasion, seen, now, findings=(finding,))


def _skipped(ma_lk: str, purpose: str, occasion: str, reason: str, now: datetime) -> Unit:
    return _without_body(ma_lk, purpose, occasion, f"skip|{ma_lk}|{reason}", now, skip_reason=reason)


def _without_body(ma_lk: str, purpose: str, occasion: str, identity: str, now: datetime, **values: Any) -> Unit:
    return Unit(
        ma_lk=ma_lk,
        purpose=purpose,
        occasion=occasion,
        content_hash=hashlib.sha256(identity.encode("utf-8")).hexdigest(),
        standard="",
        deadline=now if purpose == "checkin" else claim_deadline(now),
        rank=0 if purpose == "checkin" else 1,
        **values,
    )


def _before_start(ctx: Context, unit: Unit) -> bool:
    start = ctx.facility.start_at
    if start is None or unit.ended_at is None:
        return False
    return unit.ended_at < (start if start.tzinfo else start.replace(tzinfo=VIETNAM))


def _instant(text: str) -> datetime | None:
    try:
        return from_datetime12(text) if text else None
    except ValueError:
        return None  # a broken date is the rules' to name; here it only cannot order anything


def _amount(text: str) -> Decimal | None:
    value = decimal_of(text)
    if value is None or value != round(value, 3) or abs(value) >= Decimal(10) ** 15:
        return None  # no sum can be made of it; the rules complain about the field itself
    return value
