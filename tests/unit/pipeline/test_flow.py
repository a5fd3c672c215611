"""Deadlines, breaker, rate, stop switch and the leases of the dead."""

from __future__ import annotations

import multiprocessing
import os
from datetime import datetime

import pytest

from adapter.clock import VIETNAM
from adapter.gateway.outcome import Outcome, OutcomeKind
from adapter.pipeline.deadlines import add_working_days, claim_deadline, correction_deadline
from adapter.pipeline.flow import AUTH, BREAKER, Flow, Rate, go, probe, stop
from adapter.pipeline.owners import certainly_dead, owner_name
from adapter.store.work.gates import ALL
from tests.support.pipeline_world import FACILITY, World, accepted

TET = {"20260217", "20260218", "20260219", "20260220"}


@pytest.mark.parametrize(
    ("ended", "due"),
    [
        ("2026-09-03 10:00", "2026-09-14"),  # Thursday: 7 working days, one weekend and a half
        ("2026-09-01 23:59", "2026-09-11"),  # 2 September is a holiday
        ("2026-07-30 08:00", "2026-08-04"),  # month end: before the 5th, though 7 working days are longer
        ("2026-12-31 08:00", "2027-01-04"),  # the next month may lie in the next year
    ],
)
def test_a_visit_is_due_after_seven_working_days_and_before_the_fifth(ended: str, due: str) -> None:
    at = datetime.strptime(ended, "%Y-%m-%d %H:%M").replace(tzinfo=VIETNAM)
    deadline = claim_deadline(at)
    assert (str(deadline.date()), deadline.tzinfo) == (due, VIETNAM)
    assert deadline.time().isoformat() == "23:59:59"


def test_working_days_jump_weekends_and_holidays() -> None:
    friday = datetime(2026, 2, 13, tzinfo=VIETNAM).date()
    assert str(add_working_days(friday, 1, TET)) == "2026-02-16"
    assert str(add_working_days(friday, 2, TET)) == "2026-02-23"
    assert str(correction_deadline(datetime(2026, 2, 13, 9, tzinfo=VIETNAM), TET).date()) == "2026-02-23"


def test_troubles_in_a_row_open_the_breaker_and_one_sending_tries_again(world: World) -> None:
    for n in range(30):
        world.source.put(str(n))
    world.settings["gateway"] = {"max_in_flight": 1, "breaker_failures": 5}
    world.gateway.answer = lambda *_: Outcome(OutcomeKind.TRANSIENT, 503, case="http/503")
    world.run()
    assert world.gateway.calls == 5
    world.run()
    assert world.gateway.calls == 5
    world.time.pass_(seconds=31)
    world.run()
    assert world.gateway.calls == 6, "one tries; it fails, and the pause doubles"
    world.time.pass_(seconds=31)
    world.run()
    assert world.gateway.calls == 6
    world.gateway.answer = None
    world.time.pass_(minutes=20)
    world.run()
    assert world.summary()["dossiers"]["accepted"] == 30


def test_the_breaker_remembers_since_when_it_is_open(world: World) -> None:
    for n in range(6):
        world.source.put(str(n))
    world.settings["gateway"] = {"max_in_flight": 1, "breaker_failures": 5}
    world.gateway.answer = lambda *_: Outcome(OutcomeKind.TRANSIENT, 503, case="http/503")
    world.run()
    opened = world.time()
    for _ in range(3):
        world.time.pass_(minutes=11)
        probe(world.store, FACILITY, actor="cron", clock=world.time)
        world.run()
    gate = world.store.gates.get(FACILITY, "dossier", BREAKER)
    assert gate is not None
    assert (gate.closed, gate.changed_at, gate.failures) == (True, opened, 4)


def test_a_login_pause_ends_with_the_first_real_answer_after_it_and_no_sooner(world: World) -> None:
    world.source.put("1")
    world.gateway.answer = lambda *_: Outcome(OutcomeKind.AUTH, 401, case="auth")
    world.run()
    late = Flow(world.store, FACILITY, world.context().settings.gateway, world.time, "w")
    late.heard("dossier", accepted())  # an answer to a sending of before, with the old token
    gate = world.store.gates.get(FACILITY, ALL, AUTH)
    assert gate is not None
    assert gate.closed, "repeating a refused login locks accounts"
    world.gateway.answer = None
    world.time.pass_(minutes=16)
    world.run()
    gate = world.store.gates.get(FACILITY, ALL, AUTH)
    assert gate is not None
    assert not gate.closed
    assert world.summary()["dossiers"]["accepted"] == 1


def test_a_refusal_is_an_answer_and_never_opens_the_breaker(world: World) -> None:
    for n in range(12):
        world.source.put(str(n))
    world.gateway.answer = lambda *_: Outcome(OutcomeKind.REFUSED_FIXABLE, 200, "205")
    world.run()
    assert world.summary()["dossiers"]["refused"] == 12


def test_one_file_that_breaks_its_connection_does_not_block_the_others(world: World) -> None:
    world.source.put("0", ended="202601011000")
    for n in range(1, 4):
        world.source.put(str(n))
    world.settings["gateway"] = {"max_in_flight": 1, "breaker_failures": 3}

    def answer(_call: int, _service: str, document: bytes) -> Outcome:
        broken = b'"LK0"' in document
        return Outcome(OutcomeKind.TRANSIENT, case="wire/not-handed-over") if broken else accepted()

    world.gateway.answer = answer
    for _ in range(30):
        world.run()
        world.time.pass_(minutes=20)
    assert world.summary()["dossiers"]["accepted"] == 3
    assert world.dossier("LK0")["held_code"] == "budget"


def test_the_stop_switch_stops_every_worker_until_someone_opens_it(world: World) -> None:
    world.source.put("1")
    stop(world.store, FACILITY, reason="portal maintenance", actor="it1", clock=world.time)
    result = world.run()["send"]
    assert world.gateway.calls == 0
    assert result.counts["closed:dossier"] == 1
    go(world.store, FACILITY, reason="done", actor="it1", clock=world.time)
    world.run()
    assert world.summary()["dossiers"]["accepted"] == 1


def test_the_rate_limit_spaces_sendings_of_one_operation_only() -> None:
    now, slept = [0.0], []

    def sleep(seconds: float) -> None:
        slept.append(round(seconds, 6))
        now[0] += seconds

    rate = Rate(4.0, now=lambda: now[0], sleep=sleep)
    for operation in ("dossier", "dossier", "checkin", "dossier"):
        rate.wait(operation)
    assert slept == [0.25, 0.25]


def _name() -> str:
    return owner_name()


def test_only_a_process_that_is_gone_is_declared_dead() -> None:
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        other = pool.apply(_name)
        assert not certainly_dead(other)
    assert certainly_dead(other)
    assert not certainly_dead(owner_name())
    host, place, pid, start = owner_name().rsplit(":", 3)
    assert certainly_dead(f"{host}:{place}:{pid}:{int(start) + 1}"), "the number belongs to another process now"
    assert not certainly_dead(f"elsewhere:{place}:{pid}:1")
    assert not certainly_dead(f"{host}:00000000:{pid}:1")
    assert not certainly_dead(f"worker-{os.getpid()}")


def test_the_work_of_a_process_that_died_here_goes_on_at_once(world: World) -> None:
    from adapter.pipeline.stages.translate import translate

    with multiprocessing.get_context("spawn").Pool(1) as pool:
        gone = pool.apply(_name)
    world.source.put("1")
    world.run("pull")
    world.store.pending.claim(FACILITY, "list", owner=gone, limit=1, now=world.time(), lease=world.context().lease)
    assert translate(world.context()).done == 1
