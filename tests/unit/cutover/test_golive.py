"""Taking over from other software: what it sent is not sent again, what it did not send is."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from adapter.clock import VIETNAM
from adapter.cutover import guards
from adapter.cutover.golive import GoliveReport, import_sent
from adapter.cutover.sheet import read_sheet
from adapter.errors import ConfigError
from adapter.store.portal.confirmations import PRODUCTION
from tests.support.pipeline_world import FACILITY, World
from tests.support.portal_lists import DOSSIERS, ERRORS, dossier_line, workbook


def take_over(world: World, folder: Path, *lines: list[Any], leave_faulty: bool = False) -> GoliveReport:
    sheet = read_sheet(workbook(folder / "da-gui.xlsx", DOSSIERS, lines))
    return import_sent(world.store, FACILITY, sheet, leave_faulty=leave_faulty, now=world.time(), actor="test")


def sent(world: World) -> list[str]:
    return [ma_lk for _, ma_lk, _ in world.gateway.received]


def test_what_the_former_software_sent_is_skipped_known_or_read_later(world: World, tmp_path: Path) -> None:
    world.source.put("1", due="checkin:first_cost claim")
    world.source.put("2")
    world.run("pull", "translate", "check", "sign")
    report = take_over(world, tmp_path, dossier_line("LK1", "Thành công"), dossier_line("LK3", "Chờ xử lý"))
    assert report.done is not None
    assert (report.done.marked, report.done.skipped, report.done.later) == (2, 2, 1)
    world.source.put("3")
    world.run()
    assert sent(world) == ["LK2"]
    for ma_lk in ("LK1", "LK3"):
        shown = world.dossier(ma_lk)
        assert (shown["state"], shown["state_reason"]) == ("skipped", "sent by other software")
    summary = world.summary()
    assert (summary["dossiers"]["skipped"], summary["conserved"]) == (2, True)


@pytest.mark.parametrize("until", ["translate", "check", "sign"])
def test_a_dossier_is_skipped_from_wherever_it_waits(world: World, tmp_path: Path, until: str) -> None:
    world.source.put("1")
    world.source.put("2", rule="XML1-999")
    stages = ("pull", "translate", "check", "sign")
    world.run(*stages[: stages.index(until) + 1])
    take_over(world, tmp_path, dossier_line("LK1", "Thành công"), dossier_line("LK2", "Lỗi"))
    world.run()
    assert sent(world) == []
    assert {world.dossier(one)["state"] for one in ("LK1", "LK2")} == {"skipped"}


def test_a_change_in_the_his_does_not_lift_the_mark(world: World, tmp_path: Path) -> None:
    world.source.put("1")
    take_over(world, tmp_path, dossier_line("LK1", "Thành công"))
    world.run()
    world.source.put("1", amount="200.00")
    world.run()
    assert sent(world) == []
    assert world.dossier("LK1")["state"] == "skipped"


def test_a_revoked_mark_lets_the_dossier_go_on_by_itself(world: World, tmp_path: Path) -> None:
    world.source.put("1")
    world.source.put("2", broken=True)
    report = take_over(world, tmp_path, dossier_line("LK1", "Thành công"), dossier_line("LK2", "Thành công"))
    world.run()
    assert report.done is not None
    again = {"reason": "nhầm danh sách", "now": world.time(), "actor": "test"}
    assert world.store.elsewhere.revoke(FACILITY, import_id=report.done.import_id, **again) == (2, 2)
    assert world.store.elsewhere.revoke(FACILITY, ma_lk="LK1", **again) == (0, 0)
    world.run()
    assert sent(world) == ["LK1"]
    assert world.dossier("LK2")["state"] == "blocked"
    assert world.summary()["conserved"] is True


def test_what_this_program_sent_itself_is_left_alone_and_told(world: World, tmp_path: Path) -> None:
    world.source.put("1")
    world.run()
    report = take_over(world, tmp_path, dossier_line("LK1", "Thành công"))
    assert report.done is not None
    assert (report.done.marked, report.done.ours) == (0, (("LK1", "accepted"),))
    world.source.put("1", amount="200.00")
    world.run()
    assert sent(world) == ["LK1", "LK1"]


def test_one_unusable_line_and_nothing_is_marked(world: World, tmp_path: Path) -> None:
    world.source.put("1")
    report = take_over(world, tmp_path, dossier_line("LK1", "Thành công"), dossier_line("", "Thành công"))
    assert report.done is None
    assert [(problem.line, problem.column) for problem in report.problems] == [(3, "MA_LK")]
    world.run()
    assert sent(world) == ["LK1"]


def test_a_list_of_errors_is_not_taken_for_a_list_of_sent_dossiers(world: World, tmp_path: Path) -> None:
    sheet = read_sheet(workbook(tmp_path / "loi.xlsx", ERRORS, [["LK1", "E1", "sai"]]))
    report = import_sent(world.store, FACILITY, sheet, leave_faulty=False, now=world.time(), actor="test")
    assert report.done is None
    assert report.problems


def test_refused_is_not_sent_and_faulty_may_be_left_to_this_program(world: World, tmp_path: Path) -> None:
    for key in "123":
        world.source.put(key)
    take_over(
        world,
        tmp_path,
        dossier_line("LK1", "Từ chối"),
        dossier_line("LK2", "Lỗi"),
        dossier_line("LK3", "Thành công"),
        leave_faulty=True,
    )
    world.run()
    assert sorted(sent(world)) == ["LK1", "LK2"]


def test_the_same_list_again_changes_nothing(world: World, tmp_path: Path) -> None:
    world.source.put("1")
    take_over(world, tmp_path, dossier_line("LK1", "Thành công"))
    again = take_over(world, tmp_path, dossier_line("LK1", "Thành công"))
    assert again.done is not None
    assert (again.done.marked, again.done.already, again.done.skipped) == (0, 1, 0)


def test_shadow_does_everything_but_send_and_going_live_sends(world: World) -> None:
    world.facility["mode"] = "shadow"
    world.source.put("1")
    results = world.run()
    assert results["send"].counts == {"shadow": 1}
    assert (world.gateway.calls, world.dossier("LK1")["state"]) == (0, "signed")
    modes = guards.modes(world.context().settings, world.store)
    assert [(row["mode"], row["signed_waiting"]) for row in modes] == [("shadow", 1)]
    world.facility["mode"] = "live"
    world.run()
    assert sent(world) == ["LK1"]


def test_start_at_holds_for_dossiers_that_were_signed_in_shadow(world: World) -> None:
    world.facility["mode"] = "shadow"
    world.source.put("1", ended="202609011000")
    world.source.put("2", ended="202609021000")
    world.run()
    world.facility |= {"mode": "live", "start_at": datetime(2026, 9, 2, 0, 0)}  # noqa: DTZ001 -- as YAML gives it
    kept = guards.keep_starts(world.context().settings, world.store, actor="test", clock=world.time)
    assert kept == {FACILITY: (1, 0)}
    world.run()
    assert sent(world) == ["LK2"]
    world.facility["start_at"] = datetime(2026, 9, 1, tzinfo=VIETNAM)
    kept = guards.keep_starts(world.context().settings, world.store, actor="test", clock=world.time)
    assert kept == {FACILITY: (0, 1)}
    world.run()
    assert sent(world) == ["LK2", "LK1"]


@pytest.mark.parametrize("listed_first", [True, False])
def test_moving_start_at_never_sends_what_other_software_sent(world: World, tmp_path: Path, listed_first: bool) -> None:
    world.source.put("1", ended="202609011000")
    world.facility["start_at"] = datetime(2026, 9, 2, tzinfo=VIETNAM)
    if not listed_first:
        world.run()
    take_over(world, tmp_path, dossier_line("LK1", "Thành công"))
    world.run()
    world.facility["start_at"] = datetime(2026, 8, 1, tzinfo=VIETNAM)
    guards.keep_starts(world.context().settings, world.store, actor="test", clock=world.time)
    world.run()
    assert sent(world) == []
    assert world.dossier("LK1")["state_reason"] == "sent by other software"
    again = {"ma_lk": "LK1", "reason": "thử", "now": world.time(), "actor": "test"}
    early = datetime(2026, 9, 2, tzinfo=VIETNAM)
    assert world.store.elsewhere.revoke(FACILITY, start_at=early, **again) == (1, 0)
    world.run()
    assert sent(world) == []
    guards.keep_starts(world.context().settings, world.store, actor="test", clock=world.time)
    world.run()
    assert sent(world) == ["LK1"]


@pytest.mark.parametrize("environment", ["training", "production"])
def test_outside_the_simulator_start_at_must_be_said(world: World, environment: str) -> None:
    world.settings["gateway"] = {"environment": environment}
    with pytest.raises(ConfigError, match=r"facilities\[0\]\.start_at of facility 01999"):
        guards.require_ready(world.context().settings, world.store)


def test_production_starts_only_after_a_typed_word_that_is_kept(world: World) -> None:
    world.settings["gateway"] = {"environment": "production", "base_url": "https://gateway.example"}
    world.facility["start_at"] = datetime(2026, 9, 1, tzinfo=VIETNAM)
    settings = world.context().settings
    facility = settings.facilities[0]
    with pytest.raises(ConfigError, match="bhyt golive confirm"):
        guards.require_ready(settings, world.store)
    for wrong in ("", "yes", "01998"):
        with pytest.raises(ConfigError):
            guards.confirm(settings, world.store, facility, wrong, actor="test", clock=world.time)
    assert world.store.confirmations.last(PRODUCTION, FACILITY) is None
    guards.confirm(settings, world.store, facility, f" {FACILITY}\n", actor="Bà Trưởng phòng", clock=world.time)
    guards.require_ready(settings, world.store)
    kept = world.store.confirmations.last(PRODUCTION, FACILITY)
    assert kept is not None
    assert (kept["actor"], datetime.fromisoformat(kept["at"])) == ("Bà Trưởng phòng", world.time())
    assert "https://gateway.example" in kept["detail"]


def test_shadow_in_production_needs_no_word(world: World) -> None:
    world.settings["gateway"] = {"environment": "production"}
    world.facility |= {"start_at": datetime(2026, 9, 1, tzinfo=VIETNAM), "mode": "shadow"}
    guards.require_ready(world.context().settings, world.store)


@pytest.mark.parametrize(
    "gateway",
    [
        {"environment": "production"},
        {"environment": "training"},
        {"base_url": "https://egw.example"},
        {"base_url": "http://127.0.0.1.example:8130"},
        {"base_url": "http://10.0.0.7:8130"},
    ],
)
def test_a_demo_workdir_reaches_nothing_but_this_machine(world: World, gateway: dict[str, str]) -> None:
    world.settings |= {"demo": True, "gateway": gateway}
    with pytest.raises(ConfigError, match="Demo data never leaves"):
        world.context()


@pytest.mark.parametrize("url", ["http://127.0.0.1:8130", "http://localhost:1", "http://[::1]:8130"])
def test_a_demo_workdir_may_use_this_machine(world: World, url: str) -> None:
    world.settings |= {"demo": True, "gateway": {"base_url": url}}
    assert world.context().settings.demo
