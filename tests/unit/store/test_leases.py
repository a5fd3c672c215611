"""Leases and fences: one winner, and no true answer thrown away. On both stores."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from adapter.errors import LeaseLost
from adapter.store import Answer, Claimed, Settlement, Stage, State, Store
from tests.support.pipeline_world import FACILITY, Time, World, vault

LEASE = timedelta(minutes=1)


@pytest.fixture
def world(store_url: str) -> Iterator[World]:
    time = Time()
    with Store.open(store_url, vault(), time) as store:
        yield World(store, time)


def claim(world: World, owner: str, stage: Stage = Stage.SEND, limit: int = 5) -> list[Claimed]:
    return world.store.outbox.claim(stage, FACILITY, owner=owner, limit=limit, now=world.time(), lease=LEASE)


def settle(world: World, claimed: Claimed, target: State, receipt: str | None = None) -> bool:
    """True when it was written under the lease, False when it was late."""
    one = Settlement(claimed, Answer(target.value, ma_giao_dich=receipt), target)
    return not world.store.outbox.settle([one], now=world.time(), actor="w")


def stalled(world: World) -> tuple[Claimed, Claimed]:
    """A worker that stalls beyond its lease, and the one that took over and is sending now."""
    world.source.put("1")
    world.run("pull", "translate", "check", "sign")
    (first,) = claim(world, "slow")
    world.time.pass_(minutes=2)
    (lost,) = world.store.outbox.expired(FACILITY, world.time())
    assert settle(world, lost, State.UNKNOWN)
    (second,) = claim(world, "quick")
    assert second.fence > first.fence
    return first, second


def test_an_answer_under_an_old_fence_never_moves_what_another_worker_is_sending(world: World) -> None:
    first, second = stalled(world)
    assert not settle(world, first, State.REFUSED)
    assert world.dossier("LK1")["state"] == "sending"
    assert settle(world, second, State.ACCEPTED, "GD-2")
    assert world.dossier("LK1")["state"] == "accepted"


def test_a_late_receipt_is_kept_and_ends_an_unknown(world: World) -> None:
    first, second = stalled(world)
    assert settle(world, second, State.UNKNOWN)
    assert not settle(world, first, State.ACCEPTED, "GD-1")
    shown = world.dossier("LK1")
    assert shown["state"] == "accepted"
    assert [(r["maGiaoDich"], r["how"]) for r in shown["revisions"][0]["receipts"]] == [("GD-1", "late")]


def test_a_late_receipt_while_another_sends_is_kept_beside_the_second_one(world: World) -> None:
    first, second = stalled(world)
    assert not settle(world, first, State.ACCEPTED, "GD-1")
    assert world.dossier("LK1")["state"] == "sending"
    assert settle(world, second, State.ACCEPTED, "GD-2")
    given = world.dossier("LK1")["revisions"][0]["receipts"]
    assert [(r["maGiaoDich"], r["how"]) for r in given] == [("GD-1", "late"), ("GD-2", "answer")]


@pytest.mark.parametrize("stage", [Stage.CHECK, Stage.SIGN])
def test_a_result_after_its_lease_was_taken_over_is_lost(world: World, stage: Stage) -> None:
    world.source.put("1")
    world.run("pull", "translate", *(["check"] if stage is Stage.SIGN else []))
    (first,) = claim(world, "slow", stage)
    world.time.pass_(minutes=2)
    (second,) = claim(world, "quick", stage)

    def finish(claimed: Claimed) -> None:
        if stage is Stage.CHECK:
            world.store.outbox.checked(claimed, (), now=world.time(), actor="w")
        else:
            world.store.outbox.signed(claimed, b"bytes", "0" * 64, "01", now=world.time(), actor="w")

    with pytest.raises(LeaseLost):
        finish(first)
    finish(second)
    with pytest.raises(LeaseLost):
        finish(second)


def test_workers_that_claim_at_once_never_share_a_dossier(world: World) -> None:
    for n in range(40):
        world.source.put(str(n))
    world.run("pull", "translate", "check", "sign")

    def worker(name: str) -> list[int]:
        mine: list[int] = []
        while taken := claim(world, name, limit=3):
            mine += [c.revision_id for c in taken]
        return mine

    with ThreadPoolExecutor(6) as pool:
        claimed = [r for mine in pool.map(worker, "abcdef") for r in mine]
    assert len(claimed) == 40
    assert len(set(claimed)) == 40


def test_two_pulls_at_once_save_each_row_once(world: World) -> None:
    from adapter.pipeline.stages.pull import pull

    for n in range(20):
        world.source.put(str(n))
    with ThreadPoolExecutor(2) as pool:
        results = list(pool.map(lambda name: pull(world.context(owner=name)), ["a", "b"]))
    assert all(r.ok for r in results)
    world.run()
    assert world.summary()["encounters_read"] == 20
    assert world.summary()["conserved"]
    assert len(world.gateway.received) == 20
