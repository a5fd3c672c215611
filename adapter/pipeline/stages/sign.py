"""Sign: write the XML, sign it, prove it with our own verifier; bytes and state commit together."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from functools import partial

from adapter.errors import BhytError, LeaseLost, Terminal
from adapter.gateway.services import service_for
from adapter.pipeline.batches import apart, give_back, in_batches
from adapter.pipeline.context import Context, StageResult
from adapter.pipeline.owners import end_leases_of_the_dead
from adapter.pipeline.stages.check import failed
from adapter.pipeline.stages.sign_remote import sign_remotely
from adapter.pipeline.workbench import InlineBench, Signed, SignJob, WorkerLost, as_it_came
from adapter.signing.keys import AsynchronousKey
from adapter.store import Claimed, Stage
from adapter.store.records import SignedBytes


def sign(ctx: Context) -> StageResult:
    """Sign everything ready. A key that cannot be used is one failure; every row goes back to ready."""
    result = StageResult("sign")
    key: object = ctx.key
    bench = ctx.bench or InlineBench(ctx.settings, ctx.facility, key=ctx.need("key"), trust=ctx.trust)
    remote = isinstance(key, AsynchronousKey)
    left: dict[int, Claimed] = {}

    def claim() -> Sequence[Claimed]:
        claimed = ctx.store.outbox.claim(
            Stage.SIGN, ctx.facility.code, owner=ctx.owner, limit=ctx.batch, now=ctx.clock(), lease=ctx.lease
        )
        left.update({one.revision_id: one for one in claimed})
        return claimed

    def begin(claimed: Sequence[Claimed]) -> Iterable[Signed | BhytError]:
        at = ctx.clock()
        return () if remote else bench.sign_many([_job(one, at) for one in claimed])

    try:
        end_leases_of_the_dead(ctx.store, ctx.facility.code, ctx.clock())
        for claimed, came in in_batches(
            claim, begin, ahead=lambda: bench.ahead and not remote, stopping=ctx.stopping, result=result
        ):
            if isinstance(key, AsynchronousKey):
                _sign_elsewhere(ctx, key, claimed, left, result)
            else:
                _save(ctx, claimed, came, left, result)
    except BhytError as error:
        result.failures.append(error)
        _give_back(ctx, list(left.values()), error, result)
    return result


def _sign_elsewhere(
    ctx: Context, key: AsynchronousKey, claimed: Sequence[Claimed], left: dict[int, Claimed], result: StageResult
) -> None:
    """One by one: each waits for its holder's confirmation."""
    for one in claimed:
        came = as_it_came(_job(one, ctx.clock()), key.certificate, ctx.trust)
        if came is None:
            sign_remotely(ctx, key, one, _finish, result)
        else:
            _finish(ctx, one, came, result)
        del left[one.revision_id]


def _save(
    ctx: Context,
    claimed: Sequence[Claimed],
    came: Iterable[Signed | BhytError],
    left: dict[int, Claimed],
    result: StageResult,
) -> None:
    """Store a batch; what goes wrong with the key itself is raised after what was signed before it is kept."""
    good: list[SignedBytes] = []
    trouble: BhytError | None = None
    rest = iter(came)
    for one in claimed:
        try:
            signed = next(rest)
        except BhytError as error:
            trouble = error
            break
        if isinstance(signed, Signed):
            good.append(SignedBytes(one, signed.document, signed.sha256, signed.serial))
            continue
        if isinstance(signed, WorkerLost):
            give_back(ctx, one, signed, result)
        elif isinstance(signed, Terminal):
            _finish(ctx, one, signed, result)
        else:
            trouble = signed
            break
        del left[one.revision_id]
    for state in apart(partial(ctx.store.outbox.signed_many, now=ctx.clock(), actor=ctx.owner), good, result):
        if state is None:
            result.count("gave_way")
            continue
        result.done += 1
        result.count("signed")
    for kept in good:
        del left[kept.claimed.revision_id]
    if trouble is not None:
        raise trouble


def _job(one: Claimed, at: datetime) -> SignJob:
    return SignJob(one.body, at, service_for(one.purpose, one.standard).profile or 1)


def _finish(ctx: Context, one: Claimed, signed: Signed | BhytError, result: StageResult) -> None:
    now = ctx.clock()
    try:
        if isinstance(signed, Signed):
            ctx.store.outbox.signed(one, signed.document, signed.sha256, signed.serial, now=now, actor=ctx.owner)
            result.count("signed")
        elif isinstance(signed, Terminal):
            ctx.store.outbox.unsignable(one, failed(signed, signed.code), now=now, actor=ctx.owner)
            result.count("blocked")
        else:
            raise signed
        result.done += 1
    except LeaseLost:
        result.count("gave_way")


def _give_back(ctx: Context, rows: list[Claimed], error: BhytError, result: StageResult) -> None:
    for one in rows:
        try:
            ctx.store.outbox.put_back(one, error.code, now=ctx.clock(), actor=ctx.owner)
        except LeaseLost:
            result.count("gave_way")
        except BhytError as other:
            result.failures.append(other)
            return  # the store itself is away: the leases run out by themselves
