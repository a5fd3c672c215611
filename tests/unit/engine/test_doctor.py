"""The doctor: each part is tried, and what is wrong comes with what to do."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from adapter.clock import fixed_clock, system_clock
from adapter.demo.workdir import prepare
from adapter.engine.doctor import Check, examine
from adapter.settings import load_settings
from adapter.simulator import SimulatorConfig, running
from tests.support.cli import bhyt


@pytest.fixture(scope="module")
def work(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("doctor") / "work"
    prepare(folder, source="his-b", encounters=40, seed=1, now=system_clock(), gateway_url="http://127.0.0.1:9")
    return folder


def _look(work: Path, *, days: int = 0, **changes: object) -> dict[str, Check]:
    settings = load_settings(workdir=work).model_copy(update=changes)
    return {check.part: check for check in examine(settings, fixed_clock(system_clock() + timedelta(days=days)))}


def test_every_part_is_looked_at_and_a_gateway_that_is_away_is_named_with_a_way_out(work: Path) -> None:
    seen = _look(work)
    assert set(seen) == {
        "disk",
        "vault",
        "alerts",
        "store",
        "mapping",
        "source",
        "certificate",
        "catalogues",
        "gateway",
    }
    assert {part for part, check in seen.items() if check.level == "error"} == {"gateway"}
    assert seen["gateway"].hint_vi
    assert seen["gateway"].facility == "01999"


@pytest.mark.parametrize(("left", "level"), [(61, "ok"), (59, "warning"), (10, "warning"), (6, "error"), (-2, "error")])
def test_a_certificate_is_announced_sixty_days_ahead_and_refused_when_over(work: Path, left: int, level: str) -> None:
    whole = int(_look(work)["certificate"].message_en.rsplit(" ", 3)[1])
    assert _look(work, days=whole - left)["certificate"].level == level


def test_the_outgoing_address_is_shown_beside_the_registered_one(work: Path) -> None:
    from adapter.cli.gateway.gateway_cmd import registered

    settings = load_settings(workdir=work)
    own = SimulatorConfig(
        database=work / "practice.db", port=0, facilities=tuple(registered(f, settings) for f in settings.facilities)
    )
    with running(own) as url:
        gateway = settings.gateway.model_copy(update={"base_url": url, "registered_address": "203.0.113.7"})
        check = _look(work, gateway=gateway)["gateway"]
        assert check.level == "warning"
        assert "203.0.113.7" in check.message_vi
        assert "127.0.0.1" in check.message_vi
        assert _look(work, gateway=gateway)["clock"].level == "ok"
        assert _look(work, gateway=gateway)["token"].level == "ok"
        assert _look(work, gateway=gateway, days=2)["clock"].level == "error"
        same = gateway.model_copy(update={"registered_address": "127.0.0.1"})
        assert _look(work, gateway=same)["gateway"].level == "ok"


def test_the_command_ends_with_one_when_something_is_wrong(work: Path) -> None:
    done = bhyt("doctor", "--workdir", work)
    assert done.returncode == 1
    assert "gateway" in done.stdout
