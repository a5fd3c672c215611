"""Pull: what changed at the source, saved with its snapshots in the transaction that moves the cursor."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from adapter.errors import BhytError, LeaseLost
from adapter.pipeline.context import Context, Plan, StageResult
from adapter.source import Cursor, SourceEncounter
from adapter.store import Counts, Expected, Position, Read, Store
from adapter.store.words import stand_in


def pull(ctx: Context) -> StageResult:
    """Read batch after batch until the source holds nothing more. Repeats of equal content change nothing."""
    result = StageResult("pull")
    plan, source = ctx.need("plan"), ctx.need("source")
    name = source_name(plan)
    facility, store = ctx.facility.code, ctx.store
    pull_id: int | None = None
    total = Counts()
    try:
        position = store.intake.position(facility, name)
        pull_id = store.intake.start_pull(facility, name, ctx.clock())
        while True:
            batch = source.pull(position.cursor, now=ctx.clock())
            if batch.encounters or batch.cursor != position.cursor:
                position, counts = save(
                    store,
                    facility,
                    plan,
                    batch.encounters,
                    position=position,
                    cursor=batch.cursor,
                    pull_id=pull_id,
                    now=ctx.clock(),
                )
                total += counts
            if batch.done:
                break
            if ctx.stopping():
                result.more = True
                break
    except LeaseLost:
        # Another pull of this source is at work and saves the same rows; that is no failure.
        result.count("gave_way")
    except BhytError as error:
        result.failures.append(error)
    return ended(ctx, result, pull_id, total)


def ended(ctx: Context, result: StageResult, pull_id: int | None, total: Counts) -> StageResult:
    """Close the line of a pull that was begun, with what went wrong, and count what came of it."""
    if pull_id is not None:
        told = "; ".join(f"{e.code}: {e.message_en}" for e in result.failures) or None
        try:
            ctx.store.intake.finish_pull(pull_id, ctx.clock(), told)
        except BhytError as error:
            result.failures.append(error)
    result.done = total.read
    for what in ("unchanged", "new", "changed", "skipped"):
        result.count(what, getattr(total, what))
    return result


def save(
    store: Store,
    facility: str,
    plan: Plan,
    encounters: Sequence[SourceEncounter],
    *,
    position: Position,
    cursor: Cursor | None,
    pull_id: int,
    now: datetime,
) -> tuple[Position, Counts]:
    """Keep encounters, what readiness expects of them, and the cursor, in one transaction. Raises LeaseLost."""
    reads = [_read(plan, encounter) for encounter in encounters]
    return store.intake.save_batch(
        facility, source_name(plan), position, reads, cursor, pull_id=pull_id, plan_hash=plan.hash, now=now
    )


def source_name(plan: Plan) -> str:
    """The name encounters and cursor are kept under: the connector's, so that renaming a mapping re-sends nothing."""
    return str(plan.source.get("connector", "source"))


def expected_of(plan: Plan, encounter: SourceEncounter) -> tuple[tuple[Expected, ...], str]:
    """What readiness says must come out of an encounter, and why nothing when it is nothing.

    An encounter whose readiness cannot be judged is expected as one claim under a stand-in:
    translate will block it with the mapping's own message.
    """
    try:
        ready = plan.readiness(encounter)
    except BhytError:
        return (Expected(stand_in(encounter.key), "claim"),), ""
    return tuple(Expected(ready.ma_lk, str(d.purpose), d.occasion) for d in ready.due), ready.reason or "not ready"


def _read(plan: Plan, encounter: SourceEncounter) -> Read:
    expected, reason = expected_of(plan, encounter)
    return Read(encounter, expected, "" if expected else reason)
