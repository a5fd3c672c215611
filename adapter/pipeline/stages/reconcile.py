"""Reconcile: once a day, ask the source what it holds and compare it with what was read.

A cursor sees what changed. A row that was never stamped, came in behind the look-back, or was deleted changes no
more: here the keys themselves are compared. What is missing is read now; what the source no longer gives is marked,
and its dossiers that have not left wait until it is there again or a person decides.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta

from adapter.clock import VIETNAM
from adapter.errors import BhytError, LeaseLost, SourceSchemaError, SourceValueError
from adapter.pipeline.context import Context, StageResult
from adapter.pipeline.stages.pull import save, source_name
from adapter.store.encounters.reconciliation import Compared
from connectors.base import Reconcilable

_PORTION = 100
_SURELY_NOT_ALL = 20
"""So many encounters are not deleted on one day; something else is wrong then, and nothing is marked."""


def reconcile(ctx: Context, days: Sequence[date] = ()) -> StageResult:
    """Compare ``days`` (default: today and the ``reconcile_days`` before it), then look for deleted encounters.

    Counts: ``days``, ``at_source``, ``missing`` (after reading again), ``reread``, ``gone``, ``gone_sent``, ``back``;
    ``no_day`` when the source cannot tell its keys of a day, ``cannot`` when it cannot be asked at all.
    """
    result = StageResult("reconcile")
    source = ctx.need("source")
    if not isinstance(source, Reconcilable):
        result.count("cannot")
        return result
    try:
        _missing(ctx, source, days or _usual(ctx), result)
        _gone(ctx, source, result)
    except LeaseLost:
        result.count("gave_way")  # a pull reads at the same moment; tomorrow's comparison sees what it left
    except BhytError as error:
        result.failures.append(error)
    return result


def _usual(ctx: Context) -> list[date]:
    today = ctx.clock().astimezone(VIETNAM).date()
    span = ctx.facility.source.reconcile_days if ctx.facility.source is not None else 0
    return [today - timedelta(days=n) for n in range(span + 1)]


def _missing(ctx: Context, source: Reconcilable, days: Sequence[date], result: StageResult) -> None:
    facility, name, store = ctx.facility.code, source_name(ctx.need("plan")), ctx.store
    for day in days:
        if ctx.stopping():
            result.more = True
            return
        try:
            keys = source.keys_on(day)
        except SourceSchemaError:
            result.count("no_day")
            return
        known = store.reconciliation.known(facility, name, keys)
        absent = sorted(keys - known)
        _read_again(ctx, absent)
        now_known = store.reconciliation.known(facility, name, absent)
        compared = Compared(day, len(keys), len(known), len(now_known), len(absent) - len(now_known))
        store.reconciliation.save(facility, name, [compared], ctx.clock())
        result.done += 1
        result.count("days")
        for what in ("at_source", "reread", "missing"):
            result.count(what, getattr(compared, what))


def _read_again(ctx: Context, keys: Sequence[str]) -> None:
    facility, plan, store = ctx.facility.code, ctx.need("plan"), ctx.store
    if not keys:
        return
    pull_id = store.intake.start_pull(facility, source_name(plan), ctx.clock())
    told = None
    try:
        for at in range(0, len(keys), _PORTION):
            found = ctx.need("source").fetch(keys[at : at + _PORTION])
            position = store.intake.position(facility, source_name(plan))
            save(store, facility, plan, found, position=position, cursor=None, pull_id=pull_id, now=ctx.clock())
    except BhytError as error:
        told = f"{error.code}: {error.message_en}"
        raise
    finally:
        store.intake.finish_pull(pull_id, ctx.clock(), told)


def _gone(ctx: Context, source: Reconcilable, result: StageResult) -> None:
    facility, name, store = ctx.facility.code, source_name(ctx.need("plan")), ctx.store
    span = ctx.facility.source.reconcile_days if ctx.facility.source is not None else 0
    since, after = ctx.clock() - timedelta(days=span), 0
    while kept := store.reconciliation.to_ask(facility, name, since=since, after=after):
        if ctx.stopping():
            result.more = True
            return
        after = kept[-1].id
        there = source.present([one.key for one in kept])
        if not there and len(kept) > _SURELY_NOT_ALL:
            raise SourceValueError(
                f"Nguồn không còn đưa ra lượt nào trong {len(kept)} lượt đã đọc: sai cơ sở dữ liệu hay mất quyền?",
                f"The source gives none of {len(kept)} encounters read before: another database, or lost rights?",
            )
        gone = [one.id for one in kept if one.key not in there and not one.gone]
        back = [one.id for one in kept if one.key in there and one.gone]
        if not gone and not back:
            continue
        marked = store.reconciliation.mark(gone, back, now=ctx.clock(), actor=ctx.owner)
        result.done += 1
        for what, number in (("gone", marked.gone), ("gone_sent", marked.sent), ("back", marked.back),
                             ("held", marked.held), ("released", marked.released)):  # fmt: skip
            result.count(what, number)
