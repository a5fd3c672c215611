"""Collect: kept messages become encounters, one per visit, and go on like everything that is read.

A visit is always made anew from all its messages, so collecting twice, or again after a crash, changes
nothing. Only then are its messages marked.
"""

from __future__ import annotations

from adapter.errors import BhytError, LeaseLost
from adapter.pipeline.context import Context, StageResult
from adapter.pipeline.stages.pull import ended, save, source_name
from adapter.source import SourceEncounter
from adapter.store import Counts
from adapter.store.messages.messages import COLLECTED, Stored
from connectors.base import Collector, open_collector

_LATE = "the earlier messages of this visit are no longer kept"


def collect(ctx: Context) -> StageResult:
    """Collect every visit that has waiting messages. Nothing to do for sources without messages."""
    result = StageResult("pull")
    plan = ctx.need("plan")
    collector = open_collector(source_name(plan), plan.source)
    if collector is None:
        return result
    facility, name, store = ctx.facility.code, source_name(plan), ctx.store
    pull_id: int | None = None
    total = Counts()
    try:
        while True:
            position = store.intake.position(facility, name)
            visits, loose = store.messages.waiting(facility, ctx.batch)
            if not visits and not loose:
                break
            if pull_id is None:
                pull_id = store.intake.start_pull(facility, name, ctx.clock())
            encounters: list[SourceEncounter] = []
            used: list[int] = list(loose)
            for visit in visits:
                kept = _messages(ctx, collector, visit)
                if not _complete(ctx, visit, kept):
                    store.messages.set_aside([m.id for m in kept], _LATE)
                    continue
                used += [m.id for m in kept]
                encounters.append(_encounter(collector, visit, kept))
            _, counts = save(
                store, facility, plan, encounters, position=position, cursor=None, pull_id=pull_id, now=ctx.clock()
            )
            store.messages.collected(used, ctx.clock())
            total += counts
            if ctx.stopping():
                result.more = True
                break
    except LeaseLost:
        result.count("gave_way")  # another process collects the same visits
    except BhytError as error:
        result.failures.append(error)
    return ended(ctx, result, pull_id, total)


def _messages(ctx: Context, collector: Collector, visit: str) -> list[Stored]:
    """A visit's messages and those of visits merged into it."""
    facility, store = ctx.facility.code, ctx.store
    also: list[str] = []
    while True:
        kept = store.messages.of_visit(facility, visit, also)
        more = [v for v in collector.takes_in(visit, kept) if v != visit]
        if set(more) <= set(also):
            return kept
        also = sorted({*also, *more})


def _complete(ctx: Context, visit: str, kept: list[Stored]) -> bool:
    """False when this visit was collected before and those messages are gone: half a visit must not replace it."""
    if any(message.state == COLLECTED for message in kept):
        return True
    return not ctx.store.intake.knows(ctx.facility.code, source_name(ctx.need("plan")), visit)


def _encounter(collector: Collector, visit: str, kept: list[Stored]) -> SourceEncounter:
    try:
        return collector.collect(visit, kept)
    except BhytError as error:
        return SourceEncounter.unreadable(visit, "", error.message_vi, error.message_en)
