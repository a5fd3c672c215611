"""Check: the rules on every translated revision; findings stored, blocked or ready."""

from __future__ import annotations

from adapter.errors import BhytError, LeaseLost
from adapter.pipeline.context import Context, StageResult
from adapter.pipeline.owners import end_leases_of_the_dead
from adapter.pipeline.workbench import CheckJob, InlineBench
from adapter.rules.finding import Finding, Report
from adapter.store import Stage


def check(ctx: Context) -> StageResult:
    """Check everything translated. A dossier whose check itself fails is blocked with that message."""
    result = StageResult("check")
    bench = ctx.bench or InlineBench(ctx.settings, ctx.facility)
    try:
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
            jobs = [CheckJob(c.body, c.number, at) for c in claimed]
            for one, report in zip(claimed, bench.check_many(jobs), strict=True):
                findings = report.findings if isinstance(report, Report) else (failed(report, "CHECK-ERROR"),)
                try:
                    state = ctx.store.outbox.checked(one, findings, now=ctx.clock(), actor=ctx.owner)
                except LeaseLost:
                    result.count("gave_way")
                    continue
                result.done += 1
                result.count(state.value)
        result.more = True
    except BhytError as error:
        result.failures.append(error)
    return result


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
