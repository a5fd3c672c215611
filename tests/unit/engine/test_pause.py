"""A paused facility rests on every machine within a round, also in the middle of a long stage; nothing is lost."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from adapter.clock import system_clock
from adapter.demo.workdir import prepare
from adapter.engine.installation import FacilityLine
from adapter.engine.opening import open_store
from adapter.pipeline.flow import SOURCE, pause, resume
from adapter.settings import WatchSettings, load_settings
from adapter.source import Batch
from adapter.store import Store
from adapter.watch.look import look
from adapter.watch.tell import Message
from tests.support.cli import bhyt
from tests.support.pipeline_world import FACILITY, FakeGateway, FakeSource, Time, World, vault
from tests.support.postgres import postgres_server, postgres_url

__all__ = ["postgres_server", "postgres_url"]


class Line(FacilityLine):
    """A line over the small world: the parts its tests need."""

    world: World

    def _open_plan(self) -> Any:
        return self.world.plan

    def _open_source(self) -> FakeSource:
        return self.world.source

    def _open_gateway(self) -> FakeGateway:
        return self.world.gateway


@pytest.fixture
def world(tmp_path: Path) -> Any:
    time_ = Time()
    with Store.open(f"sqlite:///{tmp_path / 'state.db'}", vault(), time_) as store:
        yield World(store, time_)


def line_of(world: World) -> Line:
    settings = world.context().settings
    line = Line(settings, settings.facilities[0], world.store, world.time)
    line.world = world
    return line


def test_no_stage_runs_while_the_facility_is_paused_and_all_goes_on_after(world: World) -> None:
    world.source.put("1")
    line = line_of(world)
    pause(world.store, FACILITY, reason="chuyển máy chủ", actor="cli:it", clock=world.time)
    for stage in ("pull", "translate", "check", "send", "reconcile"):
        assert line.run(stage).counts == {"paused": 1}
    assert world.summary()["encounters_read"] == 0
    assert world.store.health.stages() == []
    resume(world.store, FACILITY, reason="xong", actor="cli:it", clock=world.time)
    assert line.run("pull").done == 1
    acts = [entry["action"] for entry in world.store.audit.list(limit=10)]
    assert sorted(acts) == ["gate.close", "gate.open"]


def test_a_paused_source_is_not_read_while_what_was_read_goes_on(world: World) -> None:
    world.source.put("1")
    line = line_of(world)
    line.run("pull")
    world.source.put("2")
    pause(world.store, FACILITY, what=SOURCE, reason="HIS bảo trì", actor="cli:it", clock=world.time)
    assert line.run("pull").counts == {"paused": 1}
    assert line.run("translate").done == 1
    assert world.summary()["encounters_read"] == 1


def test_a_long_stage_ends_early_when_people_pause(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("adapter.engine.installation._ASK_EVERY", 0.0)
    for number in range(20):
        world.source.put(str(number))
    pages: list[Batch] = []
    read = world.source.pull

    def pull(cursor: Any, *, now: Any) -> Batch:
        pages.append(read(cursor, now=now))
        if len(pages) == 3:
            pause(world.store, FACILITY, reason="nghỉ", actor="cli:it", clock=world.time)
        return pages[-1]

    monkeypatch.setattr(world.source, "pull", pull)
    line = line_of(world)
    assert line.run("pull").more
    assert len(pages) == 3
    resume(world.store, FACILITY, reason="xong", actor="cli:it", clock=world.time)
    line.run("pull")
    assert world.summary()["encounters_read"] == 20


def test_a_forgotten_pause_is_told_and_its_stages_are_not(world: World) -> None:
    heard: list[Message] = []
    settings = world.context().settings.model_copy(update={"watch": WatchSettings(book_overdue=0)})

    def tell(what: Message) -> bool:
        heard.append(what)
        return True

    world.store.health.ran(FACILITY, "pull", now=world.time(), failure=("SOURCE-DOWN", "hỏng", "down"))
    pause(world.store, FACILITY, reason="nghỉ", actor="cli:it", clock=world.time)
    world.time.pass_(hours=1)
    assert look(world.store, settings, tell, free_bytes=10**12) == 0
    world.time.pass_(hours=4)
    assert look(world.store, settings, tell, free_bytes=10**12) == 1
    assert "bhyt resume" in heard[0].text


@pytest.mark.needs("postgres")
def test_two_workers_both_rest_within_a_round_and_both_go_on(tmp_path: Path, postgres_url: str) -> None:
    work = tmp_path / "work"
    prepare(
        work, source="his-b", encounters=6, seed=3, now=system_clock(), gateway_url="http://127.0.0.1:9",
        store_url=postgres_url,
    )  # fmt: skip
    settings = load_settings(workdir=work)
    (facility,) = settings.facilities
    every = json.dumps(dict.fromkeys(("pull", "translate", "check", "sign", "send"), 1))
    with open_store(settings) as store:
        pause(store, facility.code, reason="trước giờ chạy", actor="cli:it", clock=system_clock)
        logs = [tmp_path / f"worker-{number}.log" for number in (1, 2)]
        workers = []
        for log in logs:
            with log.open("wb") as out:
                workers.append(
                    subprocess.Popen(
                        [sys.executable, "-m", "adapter.cli.main", "worker", "--workdir", str(work)],
                        env={**os.environ, "BHYT_SCHEDULE": every}, stdout=out, stderr=out,
                    )
                )  # fmt: skip
        try:
            until(lambda: all("paused by people" in log.read_text() for log in logs))
            assert store.balance.summary()["encounters_read"] == 0
            assert store.health.stages() == [], "nothing ran on either machine"
            done = bhyt("resume", "--reason", "chạy", "--workdir", work, "--json")
            assert json.loads(done.stdout)["facilities"][0]["state"] == "running"
            until(lambda: store.balance.summary()["encounters_read"] > 0)
            done = bhyt("pause", "--reason", "nghỉ", "--workdir", work, "--json")
            assert json.loads(done.stdout)["facilities"][0]["state"] == "paused"
            at = system_clock()
            time.sleep(4)  # several rounds
            last = max(one.last_run_at for one in store.health.stages())
            assert last < at + timedelta(seconds=3), "what was under way ended, nothing began"
        finally:
            for worker in workers:
                worker.terminate()
            assert [worker.wait(40) for worker in workers] == [0, 0]


def until(condition: Callable[[], bool], seconds: float = 120) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited too long"
        time.sleep(0.3)
