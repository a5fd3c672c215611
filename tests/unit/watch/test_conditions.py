"""Each condition begins and ends where its setting says, and says nothing of a patient."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from adapter.settings import WatchSettings
from adapter.store.records import Gate
from adapter.store.watch.figures import Figures
from adapter.store.watch.health import CertificateSeen, StageHealth
from adapter.watch.conditions import Facts, conditions

NOW = datetime(2026, 9, 9, 3, 0, tzinfo=UTC)  # a Wednesday, ten in the morning in Vietnam
GB = 1024**3


def figures(**changes: Any) -> Figures:
    values: dict[str, Any] = {
        "facility": "01999", "near": 0, "late": 0, "oldest_moving": None, "waiting": 0, "blocked": 0, "refused": 0,
        "unknown": 0, "held": 0, "accepted_since": 50, "refused_since": 0, "last_receipt": NOW, "faults_due": 0,
    }  # fmt: skip
    return Figures(**{**values, **changes})


def stage(minutes: float, name: str = "pull", code: str = "SOURCE-DOWN") -> StageHealth:
    return StageHealth("01999", name, NOW, None, NOW - timedelta(minutes=minutes), code, "hỏng", "broken", 0)


def gate(kind: str, minutes: float, failures: int = 1, until: datetime | None = None) -> Gate:
    since = NOW - timedelta(minutes=minutes)
    return Gate(
        "01999",
        "*",
        kind,
        closed=True,
        reason="HTTP 403",
        until=until,
        failures=failures,
        changed_at=since,
        changed_by="w",
    )


def certificate(days: float) -> CertificateSeen:
    return CertificateSeen("01999", "54AB", NOW + timedelta(days=days), NOW)


def holding(**changes: Any) -> set[str]:
    values: dict[str, Any] = {
        "now": NOW, "disk_free": 100 * GB, "broken": 0, "unbalanced_pulls": False, "figures": [figures()],
        "live": frozenset({"01999"}),
    }  # fmt: skip
    return {one.condition for one in conditions(Facts(**{**values, **changes}), WatchSettings())}


def test_a_quiet_hospital_raises_nothing() -> None:
    assert holding() == set()


@pytest.mark.parametrize(
    ("changes", "condition"),
    [
        ({"broken": 1}, "equation"),
        ({"unbalanced_pulls": True}, "equation"),
        ({"disk_free": int(1.9 * GB)}, "disk"),
        ({"figures": [figures(near=1)]}, "deadline-near"),
        ({"figures": [figures(late=1)]}, "deadline-passed"),
        ({"figures": [figures(faults_due=1)]}, "fault-due"),
        ({"figures": [figures(accepted_since=45, refused_since=5)]}, "refusals"),
        ({"figures": [figures(waiting=1, oldest_moving=NOW - timedelta(hours=4))]}, "queue-age"),
        ({"figures": [figures(last_receipt=NOW - timedelta(hours=40))]}, "silence"),
        ({"stages": [stage(11)]}, "stage-pull"),
        ({"gates": [gate("auth", 0)]}, "login"),
        ({"gates": [gate("breaker", 16)]}, "breaker"),
        ({"stages": [stage(11, "send", "GATEWAY-DOWN")]}, "breaker"),
        ({"stages": [stage(11, s, "STORE-BUSY") for s in ("pull", "sign", "send")]}, "store"),
        ({"gates": [gate("stop", 300)]}, "stopped"),
        ({"certificates": [certificate(59)]}, "certificate"),
        ({"overdue_books": {"01999": 3}}, "book-overdue"),
        ({"missing_at_source": {"01999": 2}}, "source-missing"),
    ],
)
def test_each_condition_is_raised(changes: dict[str, Any], condition: str) -> None:
    assert holding(**changes) == {condition}


@pytest.mark.parametrize(
    "changes",
    [
        {"disk_free": 2 * GB},
        {"figures": [figures(accepted_since=46, refused_since=4)]},
        {"figures": [figures(accepted_since=10, refused_since=9)]},
        {"figures": [figures(waiting=1, oldest_moving=NOW - timedelta(hours=3))]},
        {"figures": [figures(last_receipt=None)]},
        {"stages": [stage(9)]},
        {"gates": [gate("breaker", 14, failures=9)]},
        {"gates": [gate("stop", 60)]},
        {"certificates": [certificate(61)]},
        {"overdue_books": {"01999": 0}},
    ],
)
def test_below_its_threshold_nobody_is_called(changes: dict[str, Any]) -> None:
    assert holding(**changes) == set()


def test_a_weekend_without_receipts_is_no_silence() -> None:
    monday = datetime(2026, 9, 7, 1, 0, tzinfo=UTC)
    friday_afternoon = figures(last_receipt=monday - timedelta(hours=63))
    for hours in range(-40, 9):
        assert "silence" not in holding(now=monday + timedelta(hours=hours), figures=[friday_afternoon])
    assert "silence" in holding(now=monday + timedelta(hours=9), figures=[friday_afternoon]), "a Monday without receipt"


@pytest.mark.parametrize(("kind", "condition"), [("auth", "login"), ("breaker", "breaker")])
def test_a_pause_that_is_over_ends_no_alert_before_the_gateway_has_answered(kind: str, condition: str) -> None:
    assert holding(gates=[gate(kind, 60, until=NOW - timedelta(minutes=30))]) == {condition}


def test_one_trouble_is_one_alert_though_stage_and_gate_see_it() -> None:
    down, refused = (stage(30, "send", code) for code in ("GATEWAY-DOWN", "GATEWAY-LOGIN"))
    assert holding(stages=[down], gates=[gate("breaker", 20)]) == {"breaker"}
    assert holding(stages=[down], gates=[gate("breaker", 5)]) == {"breaker"}, "it goes on while the breaker is young"
    assert holding(stages=[refused], gates=[gate("auth", 5)]) == {"login"}


def test_a_facility_that_does_not_send_is_not_called_silent() -> None:
    assert holding(figures=[figures(last_receipt=NOW - timedelta(days=9))], live=frozenset()) == set()


def test_the_certificate_is_told_anew_at_each_step() -> None:
    steps = []
    for days in (60, 31, 30, 14, 8, 7, 1, 0, -3):
        facts = Facts(NOW, 100 * GB, 0, unbalanced_pulls=False, certificates=[certificate(days)])
        steps += [one.step for one in conditions(facts, WatchSettings())]
    assert steps == ["60", "60", "30", "14", "14", "7", "1", "1", "1"]
