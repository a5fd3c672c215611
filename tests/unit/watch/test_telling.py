"""One message when something begins, one when it is over; a flicker is one alert; a dead channel loses nothing."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from adapter.errors import ConfigError, StoreBusy
from adapter.settings import Settings, WatchSettings
from adapter.store.watch.alerts import Alert, Standing
from adapter.watch.digest import digest
from adapter.watch.look import Watch, facts, look
from adapter.watch.tell import Message, channels
from tests.support.pipeline_world import FACILITY, World

DOWN = Standing("stage-pull", FACILITY, "error", "HIS không trả lời", "no HIS", step="SOURCE-DOWN")


class Listener:
    def __init__(self) -> None:
        self.heard: list[Message] = []
        self.deaf = False

    def __call__(self, what: Message) -> bool:
        if not self.deaf:
            self.heard.append(what)
        return not self.deaf


@pytest.fixture
def listener() -> Listener:
    return Listener()


def settings_of(world: World) -> Settings:
    return world.context().settings.model_copy(update={"watch": WatchSettings(book_overdue=0)})


def round_(world: World, listener: Listener, *standing: Standing) -> None:
    from adapter.watch.tell import message

    now = world.time()
    world.store.alerts.observe(standing, now=now)
    starts, ends = world.store.alerts.to_tell(ended_before=now - timedelta(minutes=10))
    if (starts or ends) and listener(message(starts, ends, "vi")):
        world.store.alerts.told(starts, ends, now=now)
    world.time.pass_(minutes=5)


def test_a_start_and_an_end_are_told_once_each(world: World, listener: Listener) -> None:
    for standing in ([DOWN],) * 3 + ([],) * 6:
        round_(world, listener, *standing)
    assert [message.severity for message in listener.heard] == ["error", "info"]
    assert "HIS không trả lời" in listener.heard[0].text
    assert listener.heard[1].text.startswith("✔")


def test_what_flickers_is_one_alert(world: World, listener: Listener) -> None:
    for standing in ([DOWN], [], [DOWN], [], [DOWN], [], [], [], []):
        round_(world, listener, *standing)
    assert len(listener.heard) == 2


def test_what_is_over_before_anyone_was_told_says_nothing(world: World, listener: Listener) -> None:
    listener.deaf = True
    round_(world, listener, DOWN)
    listener.deaf = False
    for _ in range(5):
        round_(world, listener)
    assert listener.heard == []


def test_a_dead_channel_is_told_later(world: World, listener: Listener) -> None:
    listener.deaf = True
    round_(world, listener, DOWN)
    listener.deaf = False
    round_(world, listener, DOWN)
    assert len(listener.heard) == 1


def test_a_further_step_is_told_anew(world: World, listener: Listener) -> None:
    ends = Standing("certificate", FACILITY, "warning", "còn 60 ngày", "60 days", step="60")
    for one in (ends, ends, replace(ends, step="30"), replace(ends, step="30")):
        round_(world, listener, one)
    assert len(listener.heard) == 2


def test_a_look_at_a_working_day_finds_nothing_to_tell(world: World, listener: Listener) -> None:
    world.source.put("1")
    world.run("pull", "translate", "check", "sign", "send")
    assert look(world.store, settings_of(world), listener, free_bytes=10**12) == 0
    assert listener.heard == []


def test_a_look_finds_the_dossier_that_is_late_and_the_day_it_is_sent(world: World, listener: Listener) -> None:
    world.source.put("1", ended="202608201000")
    world.run("pull", "translate", "check", "sign")
    settings = settings_of(world)
    seen = facts(world.store, settings, free_bytes=10**12).figures[0]
    assert (seen.waiting, seen.late) == (1, 1)
    assert look(world.store, settings, listener, free_bytes=10**12) == 1
    world.run("send")
    for _ in range(4):
        look(world.store, settings, listener, free_bytes=10**12)
        world.time.pass_(minutes=6)
    assert [message.severity for message in listener.heard] == ["error", "info"]


class FullDisk:
    """A store of which nothing can be written; the clock goes on."""

    def __init__(self, world: World) -> None:
        self.clock, self.alerts, self._world = world.time, self, world
        self.full = True

    def __getattr__(self, name: str) -> object:
        return getattr(self._world.store, name)

    def observe(self, standing: object, *, now: datetime) -> None:
        if self.full:
            raise StoreBusy("đĩa đầy", "database or disk is full")
        self._world.store.alerts.observe(standing, now=now)  # type: ignore[arg-type]

    def to_tell(self, *, ended_before: datetime) -> tuple[list[Alert], list[Alert]]:
        return self._world.store.alerts.to_tell(ended_before=ended_before)


def test_a_full_disk_is_told_though_no_alert_can_be_kept(world: World, listener: Listener) -> None:
    store = FullDisk(world)
    watch = Watch(store, settings_of(world), listener)  # type: ignore[arg-type]
    for _ in range(8):
        with pytest.raises(StoreBusy):
            watch.look(free_bytes=10**12)
        world.time.pass_(minutes=5)
    assert [message.severity for message in listener.heard] == ["error"]
    assert "đĩa đầy" in listener.heard[0].text
    store.full = False
    for _ in range(3):
        watch.look(free_bytes=10**12)
    assert [message.severity for message in listener.heard] == ["error", "info"]


def test_no_message_holds_a_name_or_a_number_of_a_patient(world: World, listener: Listener) -> None:
    world.source.put("1", name="NGUYEN VAN BI MAT", rule="X1-REQ-001", ended="202608201000")
    world.run("pull", "translate", "check")
    settings = settings_of(world)
    look(world.store, settings, listener, free_bytes=0)
    told = " ".join(message.title + message.text for message in (*listener.heard, digest(world.store, settings)))
    assert "01999" in told
    assert "BI MAT" not in told
    assert "LK1" not in told


@pytest.mark.filterwarnings("ignore:'imghdr' is deprecated:DeprecationWarning")  # a plugin of the library imports it
def test_an_alert_address_that_cannot_be_used_is_refused_at_the_start(tmp_path: Path) -> None:
    (tmp_path / "mail.url").write_text("json://127.0.0.1:9/alert\n", encoding="utf-8")
    channels(Settings(workdir=tmp_path, alerts=("file:mail.url",)))
    with pytest.raises(ConfigError, match=r"alerts\[0\]") as refused:
        channels(Settings(workdir=tmp_path, alerts=("nonsense://secret@host",)))
    assert "secret" not in str(refused.value)
