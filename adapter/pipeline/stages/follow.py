"""Follow: ask the province's hub what became of the dossiers it received, and keep its verdicts.

The BHXH gateway has no such question; its verdicts come with the portal's lists (`bhyt verdict import`).
"""

from __future__ import annotations

import hashlib
from datetime import timedelta

from adapter.errors import BhytError
from adapter.gateway.hub import HubStatus
from adapter.pipeline.context import Context, StageResult
from adapter.pipeline.deadlines import correction_deadline
from adapter.store.portal.imports import Source
from adapter.store.portal.verdicts import Judged, Sent
from adapter.store.states import Verdict

_VERDICTS = {"good": Verdict.GOOD, "faulty": Verdict.FAULTY, "replaced": Verdict.REPLACED}
_PORTION = 50


def follow(ctx: Context) -> StageResult:
    """Ask about every receipt of the last ``hub.ask_days`` days that has no verdict yet.

    A hub that does not answer is one failure; what it had said by then is kept.
    """
    result = StageResult("follow")
    hub = ctx.facility.hub
    if hub is None:
        return result
    gateway = ctx.need("gateway")
    now = ctx.clock()
    since, until = now - timedelta(days=hub.ask_days), now + timedelta(seconds=1)
    asked = [
        one
        for one in ctx.store.verdicts.accepted_between(ctx.facility.code, since, until)
        if one.verdict in (None, Verdict.PENDING.value) and one.received
    ]
    heard: list[Judged] = []
    try:
        for one in asked:
            if ctx.stopping():
                result.more = True
                break
            judged = _judged(one, gateway.status(one.received[-1][0]), result)
            if judged is not None:
                heard.append(judged)
            if len(heard) >= _PORTION:
                _keep(ctx, heard, result)
                heard = []
    except BhytError as error:
        result.failures.append(error)
    _keep(ctx, heard, result)
    return result


def _judged(one: Sent, status: HubStatus, result: StageResult) -> Judged | None:
    result.count(status.state)
    verdict = _VERDICTS.get(status.state)
    return None if verdict is None else Judged(one, verdict, status.faults if verdict is Verdict.FAULTY else ())


def _keep(ctx: Context, heard: list[Judged], result: StageResult) -> None:
    if not heard:
        return
    now = ctx.clock()
    told = "|".join(f"{one.sent.revision_id}={one.verdict}" for one in heard)
    source = Source("hub", "hub", hashlib.sha256(told.encode()).hexdigest(), len(heard), now)
    ctx.store.verdicts.record(
        ctx.facility.code, heard, source, due_at=correction_deadline(now), now=now, actor=ctx.owner
    )
    result.done += len(heard)
