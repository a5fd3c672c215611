"""Reading the portal's lists: tolerant of form, strict about content."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from pathlib import Path

import pytest

from adapter.clock import VIETNAM
from adapter.cutover.sheet import read_sheet
from adapter.errors import ConfigError
from tests.support.portal_lists import DOSSIERS, ERRORS, dossier_line, workbook


@pytest.mark.parametrize(
    "headings",
    [
        ("MA_LK", "TRANG_THAI_HS", "NGAY_GUI"),
        ("Mã liên kết", "Trạng thái hồ sơ", "Ngày gửi"),
        ("mã lk", "TRẠNG THÁI  HỒ SƠ", "thời gian gửi"),
    ],
)
def test_headings_of_any_case_and_accents_are_one(tmp_path: Path, headings: tuple[str, ...]) -> None:
    file = workbook(tmp_path / "l.xlsx", headings, [["LK1", "Thành công", "01/09/2026 08:30:00"]])
    sheet = read_sheet(file)
    assert (sheet.kind, sheet.problems) == ("dossiers", ())
    line = sheet.lines[0]
    assert (line.ma_lk, line.state, line.sent_at) == (
        "LK1",
        "good",
        (datetime(2026, 9, 1, 8, 30, tzinfo=VIETNAM), True),
    )


def test_order_of_columns_titles_above_and_empty_lines_do_not_matter(tmp_path: Path) -> None:
    file = workbook(
        tmp_path / "l.xlsx",
        ("TRANG_THAI_HS", "", "MA_LK"),
        [["Lỗi", "", "LK1"], [None, None, None], ["Đã thay thế", "", "LK2"]],
        above=[["CỔNG TIẾP NHẬN"], [], ["Từ ngày 01/09/2026"]],
    )
    assert [(line.line, line.ma_lk, line.state) for line in read_sheet(file).lines] == [
        (5, "LK1", "faulty"),
        (7, "LK2", "replaced"),
    ]


def test_a_list_of_errors_is_told_from_a_list_of_dossiers(tmp_path: Path) -> None:
    sheet = read_sheet(workbook(tmp_path / "e.xlsx", ERRORS, [["LK1", "CTN-0113", "Sai ngày ra viện"]]))
    assert sheet.kind == "errors"
    assert (sheet.lines[0].code, sheet.lines[0].text) == ("CTN-0113", "Sai ngày ra viện")


def test_amounts_are_exact_and_dates_may_be_cells_or_text(tmp_path: Path) -> None:
    file = workbook(
        tmp_path / "l.xlsx",
        ("MA_LK", "TRANG_THAI_HS", "T_BHTT", "NGAY_GUI"),
        [
            ["LK1", "Thành công", "49100.10", "20260901083000"],
            ["LK2", "Thành công", 49100.1, datetime(2026, 9, 1, 8, 30)],  # noqa: DTZ001 -- cells have no zone
            ["LK3", "Thành công", None, "01/09/2026"],
        ],
    )
    lines = read_sheet(file).lines
    assert [line.insurance for line in lines] == [Decimal("49100.10"), Decimal("49100.1"), None]
    at = datetime(2026, 9, 1, 8, 30, tzinfo=VIETNAM)
    assert [line.sent_at for line in lines] == [(at, True), (at, True), (datetime(2026, 9, 1, tzinfo=VIETNAM), False)]


@pytest.mark.parametrize(
    ("line", "column"),
    [
        (dossier_line("", "Thành công"), "MA_LK"),
        (dossier_line("LK1", "Sắp xong"), "TRANG_THAI_HS"),
        (dossier_line("LK1", ""), "TRANG_THAI_HS"),
        (dossier_line("LK1", "Lỗi", sent="hôm qua"), "NGAY_GUI"),
        (dossier_line("LK1", "Lỗi", total="một triệu"), "T_TONGCHI_BV"),
        (["1", 1234567890123456789, "", "", "", "", "", "Lỗi"], "MA_LK"),
    ],
)
def test_a_line_that_cannot_be_read_is_named_and_the_others_stay(tmp_path: Path, line: list, column: str) -> None:
    sheet = read_sheet(workbook(tmp_path / "l.xlsx", DOSSIERS, [line, dossier_line("LK2", "Thành công")]))
    assert [one.ma_lk for one in sheet.lines] == ["LK2"]
    assert [(problem.line, problem.column) for problem in sheet.problems] == [(2, column)]


def test_what_is_no_list_of_the_portal_is_refused_with_its_name(tmp_path: Path) -> None:
    text = tmp_path / "danh-sach.xls"
    text.write_text("<table><tr><td>MA_LK</td></tr></table>", encoding="utf-8")
    broken = tmp_path / "hong.xlsx"
    broken.write_bytes(b"PK\x03\x04nothing")
    other = workbook(tmp_path / "khac.xlsx", ("Họ tên", "MA_LK"), [["Ai Đó", "LK1"]])
    for file in (text, broken, other, tmp_path / "absent.xlsx"):
        with pytest.raises(ConfigError) as caught:
            read_sheet(file)
        assert file.name in str(caught.value)
