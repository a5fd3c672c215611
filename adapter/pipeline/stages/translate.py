"""Translate: each due dossier of a pending encounter; new content becomes a revision, equal content nothing."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import partial

from adapter.errors import BhytError
from adapter.pipeline.batches import apart, in_batches
from adapter.pipeline.context import Context, StageResult
from adapter.pipeline.owners import end_leases_of_the_dead
from adapter.pipeline.stages.pull import source_name
from adapter.pipeline.translation import Made, TranslateJob
from adapter.pipeline.workbench import Bench, InlineBench
from adapter.store import ClaimedEncounter
from adapter.store.records import Saved, Translated


def translate(ctx: Context) -> StageResult:
    """Translate everything pending. A mapping's error on one encounter blocks that one and no other."""
    result = StageResult("translate")
    plan = ctx.need("plan")
    name, facility, store = source_name(plan), ctx.facility.code, ctx.store
    bench = ctx.bench or InlineBench(ctx.settings, ctx.facility, decisions=ctx.decisions)

    def claim() -> Sequence[ClaimedEncounter]:
        return store.pending.claim(facility, name, owner=ctx.owner, limit=ctx.batch, now=ctx.clock(), lease=ctx.lease)

    try:
        end_leases_of_the_dead(store, facility, ctx.clock())
        store.pending.adopt_plan(facility, name, plan.hash)
        for claimed, made in in_batches(
            claim, partial(_begin, ctx, bench), ahead=lambda: bench.ahead, stopping=ctx.stopping, result=result
        ):
            _save(ctx, claimed, made, result)
    except BhytError as error:
        result.failures.append(error)
    return result


def _begin(ctx: Context, bench: Bench, claimed: Sequence[ClaimedEncounter]) -> Iterable[Made | BhytError]:
    at = ctx.clock()
    jobs = [TranslateJob(one.body, one.key, one.content_hash, at) for one in claimed]
    return bench.translate_many(jobs, ctx.need("plan"))


def _save(
    ctx: Context, claimed: Sequence[ClaimedEncounter], made: Iterable[Made | BhytError], result: StageResult
) -> None:
    good: list[Translated] = []
    for one, came in zip(claimed, made, strict=True):
        if isinstance(came, BhytError):
            result.failures.append(came)  # a process died over it; it is free again when its lease is over
        else:
            good.append(Translated(one, came.units, came.expected, came.not_due_reason))
    for saved in apart(partial(_save_many, ctx), good, result):
        if saved is None:
            result.count("gave_way")
            continue
        result.done += 1
        result.count("revised", saved.revised)
        result.count("unchanged", saved.unchanged)
        result.count("held", saved.held)


def _save_many(ctx: Context, made: Sequence[Translated]) -> Sequence[Saved | None]:
    return ctx.store.dossiers.save_many(
        made,
        plan_hash=ctx.need("plan").hash,
        now=ctx.clock(),
        actor=ctx.owner,
        hold_after_receipt=ctx.settings.resend.after_receipt == "hold",
    )
