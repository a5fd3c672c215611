"""Verdicts: matched to the revision they mean or handed back, and the work that follows."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from adapter.clock import VIETNAM
from adapter.cutover.sheet import read_sheet
from adapter.cutover.verdicts import VerdictReport, difference, import_verdicts
from tests.support.pipeline_world import FACILITY, World, accepted, unknown
from tests.support.portal_lists import DOSSIERS, ERRORS, dossier_line, workbook


@pytest.fixture(autouse=True)
def gateway_tells_the_time(world: World) -> None:
    """Receipts carry the gateway's time, as real ones do."""
    world.gateway.answer = lambda *_: replace(accepted(), received_at=world.time())


def told(world: World, folder: Path, *lines: list[Any], headings: tuple[str, ...] = DOSSIERS) -> VerdictReport:
    file = workbook(folder / "list.xlsx", headings, lines, written=world.time())
    return import_verdicts(world.store, FACILITY, read_sheet(file), at=None, now=world.time(), actor="test")


def at(world: World, **earlier: float) -> str:
    return (world.time() - timedelta(**earlier)).astimezone(VIETNAM).strftime("%d/%m/%Y %H:%M:%S")


def receipt(world: World, ma_lk: str, number: int = 1) -> str:
    revisions = world.dossier(ma_lk)["revisions"]
    return str(next(r for r in revisions if r["number"] == number)["receipts"][0]["maGiaoDich"])


def verdict(world: World, ma_lk: str, number: int = 1) -> str | None:
    return next(r for r in world.dossier(ma_lk)["revisions"] if r["number"] == number)["verdict"]


def test_a_faulty_dossier_opens_a_task_of_two_working_days_that_a_new_revision_closes(
    world: World, tmp_path: Path
) -> None:
    world.source.put("1")
    world.run()
    world.time.pass_(days=10)  # Friday, 11 September 2026
    report = told(world, tmp_path, ["LK1", "E07", "Sai mã bệnh"], ["LK1", "E09", "Thiếu ngày"], headings=ERRORS)
    assert (report.counts, report.unmatched) == ({"faulty": 1}, ())
    task = world.store.verdicts.tasks()[0]
    assert (task["ma_lk"], [fault["code"] for fault in task["faults"]]) == ("LK1", ["E07", "E09"])
    assert task["due_at"].startswith("2026-09-15T16:59:59")  # Tuesday, the end of the day in Vietnam
    assert world.summary()["verdicts"] == {"pending": 0, "good": 0, "faulty": 1, "replaced": 0}
    world.time.pass_(days=5)
    assert world.store.verdicts.open_tasks(world.time()) == {"open": 1, "overdue": 1}
    world.source.put("1", name="Nguyễn Thị Đã Sửa")
    world.run()
    assert world.store.verdicts.open_tasks(world.time()) == {"open": 0, "overdue": 0}
    assert verdict(world, "LK1", 2) == "pending"


def test_receipts_decide_which_revision_is_meant(world: World, tmp_path: Path) -> None:
    world.source.put("1")
    world.run()
    world.source.put("1", name="Nguyễn Thị Đã Sửa")
    world.run()
    first, second = receipt(world, "LK1", 1), receipt(world, "LK1", 2)
    told(
        world,
        tmp_path,
        dossier_line("LK1", "Thành công", receipt=second),
        dossier_line("LK1", "Đã thay thế", receipt=first),
    )
    assert (verdict(world, "LK1", 1), verdict(world, "LK1", 2)) == ("replaced", "good")


def test_without_receipts_the_time_of_sending_decides(world: World, tmp_path: Path) -> None:
    world.source.put("1")
    world.run()
    world.time.pass_(hours=5)
    world.source.put("1", name="Nguyễn Thị Đã Sửa")
    world.run()
    world.time.pass_(hours=1)
    report = told(world, tmp_path, dossier_line("LK1", "Lỗi", sent=at(world, hours=1)))
    assert report.unmatched == ()
    assert verdict(world, "LK1", 2) == "faulty"
    strange = told(world, tmp_path, dossier_line("LK1", "Thành công", sent=at(world, hours=3)))
    assert [one.why for one in strange.unmatched] == ["other_time"]
    assert verdict(world, "LK1", 2) == "faulty"


def test_a_list_older_than_the_newest_revision_speaks_about_the_one_before(world: World, tmp_path: Path) -> None:
    world.source.put("1")
    world.run()
    world.time.pass_(hours=2)
    exported = world.time()
    world.time.pass_(hours=2)
    world.source.put("1", name="Nguyễn Thị Đã Sửa")
    world.run()
    file = workbook(tmp_path / "e.xlsx", ERRORS, [["LK1", "E1", "sai"]], written=world.time())
    report = import_verdicts(world.store, FACILITY, read_sheet(file), at=exported, now=world.time(), actor="test")
    assert report.counts == {"replaced_already": 1}
    assert verdict(world, "LK1", 2) == "pending"
    assert world.store.verdicts.tasks() == []


@pytest.mark.parametrize(
    ("line", "why"),
    [
        (dossier_line("LK404", "Thành công"), "unknown"),
        (dossier_line("LK1", "Thành công", receipt="khác"), "other_receipt"),
        (dossier_line("LK1", "Thành công", sent="01/01/2026 08:00:00"), "other_time"),
        (dossier_line("LK1", "Thành công", sent="01/01/2026"), "other_time"),
        (dossier_line("LK2", "Thành công"), "never_accepted"),
        (dossier_line("LK1", "Từ chối"), "refused_there"),
    ],
)
def test_what_fits_nothing_is_handed_back_and_changes_nothing(
    world: World, tmp_path: Path, line: list[Any], why: str
) -> None:
    world.source.put("1")
    world.source.put("2", rule="XML1-999")
    world.run()
    report = told(world, tmp_path, line)
    assert [one.why for one in report.unmatched] == [why]
    assert report.counts == {}
    assert verdict(world, "LK1") == "pending"


def test_two_revisions_of_one_day_are_not_guessed_between(world: World, tmp_path: Path) -> None:
    world.source.put("1")
    world.run()
    world.time.pass_(minutes=30)
    world.source.put("1", name="Nguyễn Thị Đã Sửa")
    world.run()
    report = told(world, tmp_path, dossier_line("LK1", "Thành công", sent=at(world)[:10]))
    assert [one.why for one in report.unmatched] == ["ambiguous"]


def test_an_older_list_never_overrules_a_newer_one(world: World, tmp_path: Path) -> None:
    world.source.put("1")
    world.run()
    earlier = world.time() + timedelta(hours=1)
    world.time.pass_(hours=2)
    told(world, tmp_path, dossier_line("LK1", "Lỗi"))
    late = workbook(tmp_path / "old.xlsx", DOSSIERS, [dossier_line("LK1", "Thành công")], written=earlier)
    report = import_verdicts(world.store, FACILITY, read_sheet(late), at=None, now=world.time(), actor="test")
    assert report.counts == {"older_than_known": 1}
    assert told(world, tmp_path, dossier_line("LK1", "Chờ xử lý")).counts == {"older_than_known": 1}
    assert verdict(world, "LK1") == "faulty"
    assert told(world, tmp_path, dossier_line("LK1", "Thành công")).counts == {"good": 1}
    assert world.store.verdicts.open_tasks(world.time())["open"] == 0


def test_the_lists_of_dossiers_and_of_errors_add_up_in_one_task(world: World, tmp_path: Path) -> None:
    world.source.put("1")
    world.run()
    told(world, tmp_path, dossier_line("LK1", "Lỗi"))
    report = told(world, tmp_path, ["LK1", "E1", "một"], ["LK1", "E2", "hai"], headings=ERRORS)
    assert report.counts == {"faulty_known": 1}
    tasks = world.store.verdicts.tasks()
    assert [[fault["code"] for fault in task["faults"]] for task in tasks] == [["E1", "E2"]]


def test_a_payment_request_in_the_list_holds_later_changes(world: World, tmp_path: Path) -> None:
    world.source.put("1")
    world.run()
    report = told(world, tmp_path, dossier_line("LK1", "Thành công", asked="05/09/2026"))
    assert report.counts == {"good": 1, "payment_requested": 1}
    world.source.put("1", name="Nguyễn Thị Đã Sửa")
    world.run()
    assert world.gateway.calls == 1
    assert world.dossier("LK1")["held"] is True


def test_events_carry_codes_and_never_the_portals_words(world: World, tmp_path: Path) -> None:
    world.source.put("1")
    world.run()
    told(world, tmp_path, ["LK1", "E1", "Nguyễn Thị Ví Dụ sai thẻ"], ["LK1", "chữ lạ", "x"], headings=ERRORS)
    details = [event["detail"] for event in world.dossier("LK1")["events"] if event["kind"] == "verdict"]
    assert details == ["faulty: E1"]


def test_the_difference_names_both_sides_and_the_sums(world: World, tmp_path: Path) -> None:
    for key in "1234":
        world.source.put(key)
    world.run()
    lines = [
        dossier_line("LK1", "Thành công", receipt=receipt(world, "LK1"), sent=at(world), insurance="100.00"),
        dossier_line("LK2", "Lỗi", receipt=receipt(world, "LK2"), sent=at(world), insurance="100.5"),
        dossier_line("LK3", "Thành công", receipt="của phần mềm cũ", sent=at(world)),
        dossier_line("LK9", "Chờ xử lý", receipt="GD9", sent=at(world)),
        dossier_line("LK4", "Từ chối", sent=at(world)),
    ]
    found = difference(world.store, FACILITY, read_sheet(workbook(tmp_path / "d.xlsx", DOSSIERS, lines)))
    assert (found.both, found.same) == (2, False)
    assert [(one.ma_lk, one.why) for one in found.portal_only] == [
        ("LK3", "other_receipt"),
        ("LK9", "unknown"),
        ("LK4", "refused_there"),
    ]
    assert sorted(one.ma_lk for one in found.ours_only) == ["LK3", "LK4"]
    assert found.amounts == ({"ma_lk": "LK2", "field": "T_BHTT", "ours": Decimal(100), "portal": Decimal("100.5")},)
    assert sorted((one.ma_lk, told) for one, told in found.verdicts) == [("LK1", "good"), ("LK2", "faulty")]
    assert verdict(world, "LK2") == "pending"


def test_equal_sides_are_the_same(world: World, tmp_path: Path) -> None:
    world.source.put("1")
    world.run()
    line = dossier_line("LK1", "Thành công", receipt=receipt(world, "LK1"), sent=at(world), insurance="100")
    found = difference(world.store, FACILITY, read_sheet(workbook(tmp_path / "d.xlsx", DOSSIERS, [line])))
    assert found.same


def test_a_lost_answer_the_portal_knows_is_handed_to_a_person_with_its_receipt(world: World, tmp_path: Path) -> None:
    world.gateway.answer = lambda *_: unknown(stored=True)
    world.source.put("1")
    world.run()
    report = told(world, tmp_path, dossier_line("LK1", "Thành công", receipt="GD-CỔNG"))
    assert [(one.why, one.receipt, one.state) for one in report.unmatched] == [("answer_lost", "GD-CỔNG", "unknown")]
    assert world.dossier("LK1")["state"] == "unknown"
    dossier_id = world.dossier("LK1")["id"]
    world.store.queue.found(dossier_id, ma_giao_dich="GD-CỔNG", reason="có trong danh sách", actor="test")
    again = told(world, tmp_path, dossier_line("LK1", "Thành công", receipt="GD-CỔNG"))
    assert (again.unmatched, verdict(world, "LK1")) == ((), "good")
