"""Sign: write the XML, sign it, prove it with our own verifier; bytes and state commit together."""

from __future__ import annotations

from datetime import datetime

from adapter.errors import BhytError, LeaseLost, Terminal
from adapter.gateway.services import service_for
from adapter.pipeline.check import failed
from adapter.pipeline.context import Context, StageResult
from adapter.pipeline.owners import end_leases_of_the_dead
from adapter.pipeline.sign_remote import sign_remotely
from adapter.pipeline.workbench import InlineBench, Signed, SignJob, as_it_came
from adapter.signing.keys import AsynchronousKey
from adapter.store import Claimed, Stage


def sign(ctx: Context) -> StageResult:
    """Sign everything ready. A key that cannot be used is one failure; every row goes back to ready."""
    result = StageResult("sign")
    bench = ctx.bench or InlineBench(ctx.settings, ctx.facility, key=ctx.need("key"), trust=ctx.trust)
    key: object = ctx.key
    claimed: list[Claimed] = []
    done = 0
    try:
        end_leases_of_the_dead(ctx.store, ctx.facility.code, ctx.clock())
        while not ctx.stopping():
            done = 0
            claimed = ctx.store.outbox.claim(
                Stage.SIGN, ctx.facility.code, owner=ctx.owner, limit=ctx.batch, now=ctx.clock(), lease=ctx.lease
            )
            if not claimed:
                return result
            if isinstance(key, AsynchronousKey):
                for one in claimed:
                    came = as_it_came(_job(one, ctx.clock()), key.certificate, ctx.trust)
                    if came is None:
                        sign_remotely(ctx, key, one, _finish, result)
                    else:
                        _finish(ctx, one, came, result)
                    done += 1
                continue
            at = ctx.clock()
            jobs = [_job(one, at) for one in claimed]
            for one, signed in zip(claimed, bench.sign_many(jobs), strict=True):
                _finish(ctx, one, signed, result)
                done += 1
        result.more = True
    except BhytError as error:
        result.failures.append(error)
        _give_back(ctx, claimed[done:], error, result)
    return result


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
