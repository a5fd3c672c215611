"""Schedules: intervals and cron lines, one facility's own, what was missed; and the watchdog."""

from __future__ import annotations

import socket
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from pydantic import ValidationError

from adapter.clock import VIETNAM
from adapter.engine.schedules import due, every_of, missed, period
from adapter.engine.watchdog import HUNG, Watchdog, notify
from adapter.settings import Facility, ScheduleSettings, Settings, SourceSettings

MONDAY = datetime(2026, 9, 7, 8, 0, tzinfo=VIETNAM)


def count(every: float | str, span: timedelta, step: timedelta = timedelta(seconds=5)) -> int:
    starts, at = 0, MONDAY
    while at < MONDAY + span:
        starts += due(every, at, at + step)
        at += step
    return starts


@pytest.mark.parametrize(
    ("every", "span", "starts"),
    [
        (5.0, timedelta(minutes=1), 12),
        (60.0, timedelta(minutes=10), 10),
        (3600.0, timedelta(hours=3), 3),
        ("*/10 * * * *", timedelta(hours=1), 6),
        ("0 22 * * *", timedelta(hours=15), 1),
        ("0 9 * * sat", timedelta(days=5), 0),
    ],
)
def test_ticks_of_any_machine_start_a_stage_as_often_as_its_schedule_says(
    every: float | str, span: timedelta, starts: int
) -> None:
    step = timedelta(seconds=5) if span < timedelta(hours=4) else timedelta(minutes=1)
    assert count(every, span, step) == starts


def test_cron_lines_are_vietnams_time() -> None:
    assert due("30 7 * * *", MONDAY.replace(hour=7, minute=29), MONDAY.replace(hour=7, minute=30))
    assert not due("30 7 * * *", MONDAY.replace(hour=14, minute=29), MONDAY.replace(hour=14, minute=30))


def test_what_was_missed_while_nobody_ran_is_caught_up_once() -> None:
    nightly = "0 2 * * *"
    assert missed(nightly, MONDAY - timedelta(days=1), MONDAY)
    assert not missed(nightly, MONDAY - timedelta(hours=2), MONDAY)
    assert missed(60.0, MONDAY - timedelta(seconds=1), MONDAY)
    assert missed(nightly, None, MONDAY)


def test_a_facilitys_own_schedule_wins() -> None:
    own = Facility(
        code="01999", account="01999_BV", password_file=Path("x"), mapping="x", source=SourceSettings(url="x://"),
        schedule={"pull": "*/15 6-20 * * mon-sat"},  # type: ignore[arg-type]
    )  # fmt: skip
    settings = Settings(facilities=(own,))
    assert every_of(settings, own, "pull") == "*/15 6-20 * * mon-sat"
    assert every_of(settings, own, "send") == 5
    assert period("*/15 * * * *") == 900


def test_the_environment_may_set_seconds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BHYT_SCHEDULE__PULL", "30")
    assert Settings().schedule.pull == 30
    monkeypatch.setenv("BHYT_SCHEDULE__PULL", "*/5 * * * *")
    assert Settings().schedule.pull == "*/5 * * * *"


@pytest.mark.parametrize("line", ["* * * *", "61 * * * *", "0 0 * * 1", "often", "", "0 0 * * 1-5"])
def test_a_line_that_two_programs_could_read_differently_is_refused(line: str) -> None:
    with pytest.raises(ValidationError):
        ScheduleSettings(pull=line)


def test_a_stage_that_hangs_is_told_and_ends_the_process() -> None:
    told: list[tuple[str, str, float]] = []
    ended: list[int] = []
    seconds = [0.0]
    dog = Watchdog(60, lambda *what: told.append(what), end=ended.append, now=lambda: seconds[0])
    with dog.watching("01999", "pull"):
        seconds[0] = 59
        dog.look()
        assert not ended
        seconds[0] = 61
        dog.look()
    assert (told, ended) == ([("01999", "pull", 61.0)], [HUNG])
    dog.look()
    assert ended == [HUNG]


def test_systemd_hears_that_we_live(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert not notify("READY=1")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
        listener.bind(str(tmp_path / "notify"))
        monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))
        assert notify("WATCHDOG=1")
        assert listener.recv(100) == b"WATCHDOG=1"
    assert not notify("WATCHDOG=1")
