"""The province's hub is asked what became of what it received; its word becomes the verdict."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from adapter.errors import GatewayUnreachable
from adapter.gateway.hub import HubStatus
from adapter.settings import HubSettings
from tests.support.pipeline_world import FakeGateway, World


class Hub(FakeGateway):
    """Says of each receipt what the test wants; None: it does not answer."""

    def __init__(self) -> None:
        super().__init__()
        self.words: dict[str, HubStatus | None] = {}
        self.asked: list[str] = []

    def status(self, ma_giao_dich: str) -> HubStatus:
        self.asked.append(ma_giao_dich)
        word = self.words.get(ma_giao_dich, HubStatus("pending"))
        if word is None:
            raise GatewayUnreachable("trục tỉnh không trả lời", "the hub does not answer")
        return word


@pytest.fixture
def hub(world: World) -> Hub:
    """Three dossiers accepted through a hub."""
    made = Hub()
    world.gateway = made
    world.facility["hub"] = HubSettings(base_url="https://hub.invalid", account="a", password_file=Path("none"))
    for key in "123":
        world.source.put(key)
    world.run("pull", "translate", "check", "sign", "send")
    assert made.calls == 3
    return made


def follow(world: World) -> Any:
    return world.run("follow")["follow"]


def receipt(world: World, ma_lk: str) -> str:
    return str(world.dossier(ma_lk)["revisions"][0]["receipts"][0]["maGiaoDich"])


def test_what_the_hub_says_becomes_the_verdict_and_a_fault_becomes_work(world: World, hub: Hub) -> None:
    hub.words = {
        receipt(world, "LK1"): HubStatus("good"),
        receipt(world, "LK2"): HubStatus("faulty", faults=(("E17", "sai mã khoa"),)),
    }
    assert follow(world).counts == {"good": 1, "faulty": 1, "pending": 1}
    assert world.summary()["verdicts"] == {"pending": 1, "good": 1, "faulty": 1, "replaced": 0}
    (task,) = world.store.verdicts.tasks()
    assert task["ma_lk"] == "LK2"
    assert task["faults"] == [{"code": "E17", "text": "sai mã khoa"}]


def test_only_what_has_no_verdict_is_asked_again(world: World, hub: Hub) -> None:
    hub.words = {receipt(world, "LK1"): HubStatus("good")}
    follow(world)
    hub.asked.clear()
    follow(world)
    assert sorted(hub.asked) == sorted([receipt(world, "LK2"), receipt(world, "LK3")])
    world.time.pass_(days=15)
    hub.asked.clear()
    follow(world)
    assert hub.asked == [], "after two weeks the portal's lists have to say it"


def test_a_hub_that_falls_silent_keeps_what_it_said_before(world: World, hub: Hub) -> None:
    hub.words = {receipt(world, "LK1"): HubStatus("good"), receipt(world, "LK2"): None}
    result = follow(world)
    assert isinstance(result.failures[0], GatewayUnreachable)
    assert world.summary()["verdicts"]["good"] == 1
