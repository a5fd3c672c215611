"""Check: the rules on every translated revision; findings stored, blocked or ready."""

from __future__ import annotations

from datetime import datetime

from adapter.dossier.model import Dossier, Purpose
from adapter.errors import BhytError, LeaseLost
from adapter.pipeline.cards import card_answer
from adapter.pipeline.context import Context, StageResult
from adapter.pipeline.owners import end_leases_of_the_dead
from adapter.pipeline.workbench import CheckJob, InlineBench
from adapter.rules.finding import Finding, Report
from adapter.rules.setup import setup_of
from adapter.store import Stage
from adapter.store.records import Claimed


def check(ctx: Context) -> StageResult:
    """Check everything translated. A dossier whose check itself fails is blocked with that message."""
    result = StageResult("check")
    try:
        index = ctx.store.catalogues.index(ctx.facility.code)
        rules = setup_of(ctx.settings, ctx.facility)
        bench = ctx.bench or InlineBench(ctx.settings, ctx.facility, rules=rules, catalogues=index)
        ctx.store.history.fill()
        end_leases_of_the_dead(ctx.store, ctx.facility.code, ctx.clock())
        while not ctx.stopping():
            claimed = ctx.store.outbox.claim(
                Stage.CHECK,
                ctx.facility.code,
                owner=ctx.owner,
                limit=ctx.batch,
                now=ctx.clock(),
                lease=ctx.lease,
            )
            if not claimed:
                return result
            at = ctx.clock()
            jobs = [_job(ctx, c, at) for c in claimed]
            for one, report in zip(claimed, bench.check_many(jobs), strict=True):
                findings = report.findings if isinstance(report, Report) else (failed(report, "CHECK-ERROR"),)
                try:
                    off = report.switched_off if isinstance(report, Report) else ()
                    state = ctx.store.outbox.checked(one, findings, now=ctx.clock(), actor=ctx.owner, off=off)
                except LeaseLost:
                    result.count("gave_way")
                    continue
                result.done += 1
                result.count(state.value)
        result.more = True
    except BhytError as error:
        result.failures.append(error)
    return result


def _job(ctx: Context, claimed: Claimed, at: datetime) -> CheckJob:
    """The dossier with what the store knows about others; worker processes never open the store."""
    dossier = Dossier.from_bytes(claimed.body)
    if dossier.purpose is Purpose.CHECKIN:
        return CheckJob(claimed.body, claimed.number, at)
    past = ctx.store.history.past(dossier, revision_id=claimed.revision_id)
    return CheckJob(claimed.body, claimed.number, at, past, card_answer(ctx.store, dossier))


def failed(error: BhytError, rule: str) -> Finding:
    """An error of ours about one dossier, as a finding a person can act on."""
    where = error.where
    return Finding(
        rule=rule,
        severity="error",
        table=(where.table if where else None) or "",
        row=where.row if where else None,
        field=(where.field if where else None) or "",
        value="",
        message_vi=error.text("vi"),
        message_en=error.text("en"),
    )
