"""Tables from files: every digit and letter as the file holds it, and nothing unfolded without bound."""

from __future__ import annotations

import zipfile
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openpyxl import Workbook

from adapter.errors import ConfigError
from adapter.text import charset
from adapter.text.grids import read_grids
from adapter.text.grids.workbook import _Book, _number

BOOK = _Book([], [], datetime(1899, 12, 30))  # noqa: DTZ001 -- cells have no zone


def workbook(path: Path, cells: dict[str, Any], merged: str = "", formats: dict[str, str] | None = None) -> Path:
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    for place, value in cells.items():
        sheet[place] = value
    for place, form in (formats or {}).items():
        sheet[place].number_format = form
    if merged:
        sheet.merge_cells(merged)
    book.save(path)
    return path


def stored(path: Path, old: str, new: str) -> Path:
    """The same workbook with another text stored in its sheet."""
    with zipfile.ZipFile(path) as source:
        parts = {name: source.read(name) for name in source.namelist()}
    sheet = "xl/worksheets/sheet1.xml"
    assert old.encode() in parts[sheet]
    parts[sheet] = parts[sheet].replace(old.encode(), new.encode())
    with zipfile.ZipFile(path, "w") as target:
        for name, data in parts.items():
            target.writestr(name, data)
    return path


@given(st.decimals(min_value=-(10**11), max_value=10**11, places=3, allow_nan=False, allow_infinity=False))
def test_a_number_is_the_number_that_was_typed_however_the_program_stored_it(typed: Decimal) -> None:
    for text in (f"{typed}", f"{float(typed):.17g}", repr(float(typed))):
        cell = _number(text, "General", BOOK)
        assert cell.value == typed
        assert isinstance(cell.value, Decimal)
        assert not cell.fault


def test_seventeen_stored_digits_are_the_fifteen_that_were_shown(tmp_path: Path) -> None:
    path = workbook(tmp_path / "a.xlsx", {"A1": 12345.5})
    stored(path, "12345.5", "0.30000000000000004")
    assert read_grids(path)[0].rows[0][1][0].value == Decimal("0.3")


def test_a_whole_number_longer_than_a_spreadsheet_can_hold_is_marked(tmp_path: Path) -> None:
    path = workbook(tmp_path / "a.xlsx", {"A1": 1234567890123456, "A2": 123456789012345})
    (_, (long,)), (_, (short,)) = read_grids(path)[0].rows
    assert (long.fault, short.fault) == ("digits", "")
    assert short.text == "123456789012345"


def test_dates_hours_and_formats_of_cells_are_kept(tmp_path: Path) -> None:
    at = datetime(2026, 11, 2, 8, 30)  # noqa: DTZ001 -- cells have no zone
    path = workbook(
        tmp_path / "a.xlsx",
        {"A1": at, "B1": date(2026, 11, 2), "C1": 7, "D1": 12.5},
        formats={"C1": "00", "D1": "0.00"},
    )
    moment, day, code, amount = read_grids(path)[0].rows[0][1]
    assert (moment.value, day.value) == (at, date(2026, 11, 2))
    assert (code.text, amount.text) == ("07", "12.50")


def test_errors_and_formulas_never_computed_are_marked(tmp_path: Path) -> None:
    path = workbook(tmp_path / "a.xlsx", {"A1": "=1+1", "B1": "#REF!"})
    first, second = read_grids(path)[0].rows[0][1]
    assert (first.fault, second.fault) == ("formula", "error")


def test_merged_cells_are_told_in_workbooks_and_pages(tmp_path: Path) -> None:
    path = workbook(tmp_path / "a.xlsx", {"A1": "x", "B1": "1", "B2": "2"}, merged="A1:A2")
    assert read_grids(path)[0].merged == [(1, 0, 2, 0)]
    page = tmp_path / "b.xls"
    page.write_text("<table><tr><td rowspan=2>x<td>1</tr><tr><td>2</tr></table>", encoding="utf-8")
    grid = read_grids(page)[0]
    assert grid.merged == [(1, 0, 2, 0)]
    assert [[c.text for c in cells] for _, cells in grid.rows] == [["x", "1"], ["", "2"]]


@pytest.mark.parametrize("name", ["tcvn3", "cp1258", "unicode"])
def test_the_charset_of_a_delimited_file_is_found_or_taken_as_told(tmp_path: Path, name: str) -> None:
    text = "MA_LK;HO_TEN\r\n" + "X1;Nguyễn Thị Hồng Vân ở phường Trường Thọ\r\n" * 20
    data, lost = charset.encode(text, name)
    assert not lost
    path = tmp_path / "a.csv"
    path.write_bytes(data)
    for given_name in (None, name):
        rows = read_grids(path, charset=given_name)[0].rows
        assert rows[1][1][1].text == "Nguyễn Thị Hồng Vân ở phường Trường Thọ"


def test_entities_bombs_and_garbage_are_refused(tmp_path: Path) -> None:
    good = workbook(tmp_path / "good.xlsx", {"A1": 1})
    evil = stored(good, "<worksheet", '<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/hostname">]><worksheet')
    with pytest.raises(ConfigError):
        read_grids(stored(evil, "<v>1</v>", "<v>&e;</v>"))
    for data in (b"PK\x03\x04garbage", b"\xd0\xcf\x11\xe0old", b"<a><b>"):
        path = tmp_path / "g.xls"
        path.write_bytes(data)
        with pytest.raises(ConfigError):
            read_grids(path)
