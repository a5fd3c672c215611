"""Check: the rules on every translated revision; findings stored, blocked or ready."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import partial

from adapter.dossier.model import Dossier, Purpose
from adapter.errors import BhytError
from adapter.pipeline.batches import apart, give_back, in_batches
from adapter.pipeline.context import Context, StageResult
from adapter.pipeline.owners import end_leases_of_the_dead
from adapter.pipeline.stages.cards import card_answers
from adapter.pipeline.workbench import Bench, CheckJob, InlineBench, WorkerLost
from adapter.rules.context import CardLookup
from adapter.rules.finding import Finding, Report
from adapter.rules.setup import setup_of
from adapter.store import Stage
from adapter.store.records import Checked, Claimed


def check(ctx: Context) -> StageResult:
    """Check everything translated. A dossier whose check itself fails is blocked with that message."""
    result = StageResult("check")
    facility, store = ctx.facility.code, ctx.store

    def claim() -> Sequence[Claimed]:
        return store.outbox.claim(
            Stage.CHECK, facility, owner=ctx.owner, limit=ctx.batch, now=ctx.clock(), lease=ctx.lease
        )

    try:
        bench = ctx.bench or _own_bench(ctx)
        store.history.fill()
        end_leases_of_the_dead(store, facility, ctx.clock())
        for claimed, reports in in_batches(
            claim, partial(_begin, ctx, bench), ahead=lambda: bench.ahead, stopping=ctx.stopping, result=result
        ):
            _save(ctx, claimed, reports, result)
    except BhytError as error:
        result.failures.append(error)
    return result


def _own_bench(ctx: Context) -> Bench:
    index, rules = ctx.store.catalogues.index(ctx.facility.code), setup_of(ctx.settings, ctx.facility)
    return InlineBench(ctx.settings, ctx.facility, rules=rules, catalogues=index)


def _begin(ctx: Context, bench: Bench, claimed: Sequence[Claimed]) -> Iterable[Report | BhytError]:
    return bench.check_many(_jobs(ctx, claimed))


def _save(ctx: Context, claimed: Sequence[Claimed], reports: Iterable[Report | BhytError], result: StageResult) -> None:
    checked: list[Checked] = []
    for one, report in zip(claimed, reports, strict=True):
        if isinstance(report, WorkerLost):
            give_back(ctx, one, report, result)
        else:
            checked.append(_checked(one, report))
    for state in apart(partial(ctx.store.outbox.checked_many, now=ctx.clock(), actor=ctx.owner), checked, result):
        if state is None:
            result.count("gave_way")
            continue
        result.done += 1
        result.count(state.value)


def _checked(one: Claimed, report: Report | BhytError) -> Checked:
    if isinstance(report, Report):
        return Checked(one, tuple(report.findings), tuple(report.switched_off))
    return Checked(one, (failed(report, "CHECK-ERROR"),))


def _jobs(ctx: Context, claimed: Sequence[Claimed]) -> list[CheckJob]:
    """The dossiers with what the store knows about others; worker processes never open the store."""
    at, store = ctx.clock(), ctx.store
    opened: dict[int, Dossier] = {}

    def dossier_of(one: Claimed) -> Dossier:
        if one.revision_id not in opened:
            opened[one.revision_id] = Dossier.from_bytes(one.body)
        return opened[one.revision_id]

    visits = [one for one in claimed if one.purpose != Purpose.CHECKIN.value]
    pasts = store.history.pasts(visits, dossier_of)
    cards: dict[int, CardLookup | None] = {}
    if visits and store.lookups.any(facility=ctx.facility.code, service="card"):
        answers = card_answers(store, ctx.facility.code, [dossier_of(one) for one in visits])
        cards = {one.revision_id: answer for one, answer in zip(visits, answers, strict=True)}
    return [
        CheckJob(one.body, one.number, at, pasts.get(one.revision_id), cards.get(one.revision_id)) for one in claimed
    ]


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
