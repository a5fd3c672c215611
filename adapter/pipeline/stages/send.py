"""Send: exactly once in effect.

``sending`` is committed before the first byte leaves; answers are settled in groups by the one
thread that talks to the store. Whoever dies here leaves ``sending`` rows whose lease runs out:
the next run makes them ``unknown``, and the decision table says when the same bytes go again.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field

from tenacity import retry, retry_if_exception_type, stop_after_delay, wait_random_exponential

from adapter.errors import BhytError, ConfigError, GatewayRefusedLogin, GatewayUnreachable, StoreBusy, Terminal
from adapter.gateway.outcome import Outcome, OutcomeKind
from adapter.gateway.services import service_for
from adapter.pipeline.context import Context, StageResult
from adapter.pipeline.decide import Decision, Policy, decide, lost
from adapter.pipeline.flow import CHECKIN, DOSSIER, OPERATIONS, PURPOSES, Flow, Rate
from adapter.pipeline.owners import end_leases_of_the_dead
from adapter.store import Answer, Claimed, Settlement, Stage
from adapter.store.work.outbox import LOST_ANSWER

_jitter: Callable[[], float] = random.SystemRandom().random


@dataclass(slots=True)
class _Run:
    ctx: Context
    policy: Policy
    flow: Flow
    rate: Rate
    result: StageResult
    under_way: dict[Future[Outcome], Claimed] = field(default_factory=dict)
    stopped: bool = False


def send(ctx: Context) -> StageResult:
    """Send everything signed and due, check-ins first, the earliest deadline next.

    A gateway that is away or refuses the login is one failure in the result; the dossiers wait.
    """
    result = StageResult("send")
    if ctx.facility.mode == "shadow":
        return _in_shadow(ctx, result)
    gateway = ctx.need("gateway")
    settings = ctx.settings.gateway
    flow = Flow(ctx.store, ctx.facility.code, settings, ctx.clock, ctx.owner)
    run = _Run(ctx, Policy.from_settings(settings), flow, Rate(settings.per_second), result)
    try:
        bury_the_dead(ctx, run.policy, result)
        with ThreadPoolExecutor(settings.max_in_flight, thread_name_prefix="send") as pool:
            try:
                while True:
                    _fill(run, pool, gateway.send)
                    if not run.under_way:
                        break
                    finished, _ = wait(run.under_way, return_when=FIRST_COMPLETED)
                    _settle(run, finished)
            finally:
                # The store failed under us: what still comes back is settled if it can be, else as late or unknown.
                if run.under_way:
                    _settle(run, wait(run.under_way).done)
    except BhytError as error:
        result.failures.append(error)
    if ctx.stopping():
        result.more = True
    return result


def _in_shadow(ctx: Context, result: StageResult) -> StageResult:
    """Nothing leaves; what an earlier, live worker left ``sending`` is still told as unknown."""
    result.counts["shadow"] = 1
    try:
        bury_the_dead(ctx, Policy.from_settings(ctx.settings.gateway), result)
    except BhytError as error:
        result.failures.append(error)
    return result


def bury_the_dead(ctx: Context, policy: Policy, result: StageResult) -> None:
    """Rows left ``sending`` by a worker that is gone become ``unknown``, under the decision table."""
    now = ctx.clock()
    end_leases_of_the_dead(ctx.store, ctx.facility.code, now)
    settlements = []
    for claimed in ctx.store.outbox.expired(ctx.facility.code, now):
        decision = lost(unknowns=claimed.unknowns, policy=policy)
        settlements.append(_settlement(ctx, claimed, LOST_ANSWER, decision))
        result.count("lost")
    if settlements:
        ctx.store.outbox.settle(settlements, now=now, actor=ctx.owner)


def _fill(run: _Run, pool: ThreadPoolExecutor, post: Callable[[str, bytes], Outcome]) -> None:
    """Claim as many as there are free places, and a few more that wait their turn in the pool.

    Without those a place would stay empty while the store writes what the last answer came to.
    """
    ctx = run.ctx
    places = ctx.settings.gateway.max_in_flight
    for operation in OPERATIONS:
        room = places + places // 4 - len(run.under_way)
        if room <= 0 or run.stopped or ctx.stopping():
            return
        gate = run.flow.closed(operation)
        if gate is not None:
            run.result.counts[f"closed:{operation}"] = 1
            continue
        if run.flow.probing(operation):
            if run.under_way:
                continue  # one sending tries; the others wait for its answer
            room = 1
        claimed = ctx.store.outbox.claim(
            Stage.SEND,
            ctx.facility.code,
            owner=ctx.owner,
            limit=room,
            now=ctx.clock(),
            lease=ctx.send_lease,
            purposes=PURPOSES[operation],
        )
        for one in claimed:
            run.rate.wait(operation)
            run.under_way[pool.submit(_post, post, one)] = one


def _post(post: Callable[[str, bytes], Outcome], claimed: Claimed) -> Outcome:
    return post(service_for(claimed.purpose, claimed.standard).name, claimed.body)


def _settle(run: _Run, finished: set[Future[Outcome]]) -> None:
    ctx, result = run.ctx, run.result
    settlements: list[Settlement] = []
    heard: list[tuple[str, Outcome]] = []
    for future in finished:
        claimed = run.under_way.pop(future)
        outcome = _outcome(future, result)
        decision = decide(
            outcome, attempts=claimed.attempts, unknowns=claimed.unknowns, policy=run.policy, jitter=_jitter()
        )
        settlements.append(_settlement(ctx, claimed, _answer(outcome), decision))
        heard.append((CHECKIN if claimed.purpose == "checkin" else DOSSIER, outcome))
        result.count(outcome.kind.value)
        if decision.target.value in {"accepted", "refused"}:
            result.done += 1
        _note_failure(run, outcome, decision)
    late = _write(ctx, settlements)
    if late:
        result.count("late", len(late))
    for operation, outcome in heard:
        run.flow.heard(operation, outcome)


@retry(
    retry=retry_if_exception_type(StoreBusy),
    stop=stop_after_delay(60),
    wait=wait_random_exponential(multiplier=0.05, max=2),
    reraise=True,
)
def _write(ctx: Context, settlements: list[Settlement]) -> list[Settlement]:
    """An answer we hold must not be lost to a store that is busy for a moment."""
    return ctx.store.outbox.settle(settlements, now=ctx.clock(), actor=ctx.owner)


def _outcome(future: Future[Outcome], result: StageResult) -> Outcome:
    """A client that breaks its promise not to raise: whether bytes left is not known."""
    error = future.exception()
    if error is None:
        return future.result()
    if isinstance(error, ConfigError):
        # No such service: nothing was sent, and nothing can be until a person acts.
        result.failures.append(error)
        return Outcome(OutcomeKind.TRANSIENT, case="local/config", message=error.message_en)
    if not isinstance(error, Exception):
        raise error
    _once(result, Terminal(
        f"Lỗi ngoài dự kiến khi gửi ({type(error).__name__}); chưa rõ cổng đã nhận chưa",
        f"An unforeseen error while sending ({type(error).__name__}); whether the gateway has it is not known",
        hint_vi="báo lỗi kèm phiên bản chương trình; hồ sơ được xử lý như mất câu trả lời",
        hint_en="report it with the program's version; the dossier is treated as one whose answer was lost",
        code="SEND-ERROR",
    ))  # fmt: skip
    return Outcome(OutcomeKind.UNKNOWN, case=f"local/{type(error).__name__}")


def _note_failure(run: _Run, outcome: Outcome, decision: Decision) -> None:
    """One clear error per cause, however many dossiers met it."""
    if decision.stop_facility:
        run.stopped = True
        _once(run.result, GatewayRefusedLogin(
            f"Cổng từ chối đăng nhập: {outcome.meaning_vi}",
            f"The gateway refused the login: {outcome.meaning_en}",
            hint_vi="kiểm tra tài khoản, tệp mật khẩu và địa chỉ IP đã đăng ký; gửi tạm dừng cho cơ sở này",
            hint_en="check the account, the password file and the registered IP; sending pauses for this facility",
        ))  # fmt: skip
    elif outcome.kind is OutcomeKind.TRANSIENT and outcome.http_status is None and outcome.case != "local/config":
        _once(run.result, GatewayUnreachable(
            f"Không gửi được tới cổng: {outcome.meaning_vi or outcome.case}",
            f"The gateway cannot be reached: {outcome.meaning_en or outcome.case}",
            hint_vi="kiểm tra mạng và gateway.base_url; hồ sơ vẫn nằm chờ và sẽ tự gửi lại",
            hint_en="check the network and gateway.base_url; the dossiers wait and are sent again by themselves",
        ))  # fmt: skip


def _once(result: StageResult, error: BhytError) -> None:
    if all(type(known) is not type(error) for known in result.failures):
        result.failures.append(error)


def _settlement(ctx: Context, claimed: Claimed, answer: Answer, decision: Decision) -> Settlement:
    return Settlement(
        claimed=claimed,
        answer=answer,
        target=decision.target,
        next_attempt_at=ctx.clock() + decision.wait if decision.wait is not None else None,
        remark=decision.remark,
        count=decision.count,
        hold=decision.hold,
        detail=decision.why,
    )


def _answer(outcome: Outcome) -> Answer:
    return Answer(
        outcome=outcome.kind.value,
        http_status=outcome.http_status,
        ma_ket_qua=outcome.ma_ket_qua,
        ma_giao_dich=outcome.ma_giao_dich,
        received_at=outcome.received_at,
        message=outcome.message,
        milliseconds=outcome.milliseconds,
    )
