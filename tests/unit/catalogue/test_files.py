"""Lists as hospitals keep them: any table, any heading, every fault told with its place."""

from __future__ import annotations

import contextlib
from datetime import date, datetime
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from openpyxl import Workbook

from adapter.catalogue.lists import spec_of, specs
from adapter.catalogue.reader import ReadList, read_file
from adapter.catalogue.values import Unfit, value_of
from adapter.errors import ConfigError
from adapter.text.charset import encode
from adapter.text.grids import Cell


def _book(path: Path, *sheets: list[list[object]]) -> Path:
    book = Workbook()
    for n, rows in enumerate(sheets):
        sheet = book.active if n == 0 else book.create_sheet()
        for row in rows:
            sheet.append(row)
    book.save(path)
    return path


_DRUGS = ["STT", "Mã hoạt chất", "Tên thuốc", "Hàm lượng", "Số đăng ký", "TT_THAU", "Đơn giá", "TU_NGAY", "DEN_NGAY"]


def _codes(read: ReadList) -> list[str]:
    return [e.code for e in read.entries]


def test_a_workbook_with_titles_numbering_groups_and_signatures_gives_its_rows(tmp_path: Path) -> None:
    rows = [
        ["DANH MỤC THUỐC ĐÃ PHÊ DUYỆT"],
        [],
        _DRUGS,
        [f"({n})" for n in range(1, 10)],
        [None, "Thuốc giảm đau", None, None, None, None, None, None, None],
        [1, "40.48", "Paracetamol", "500mg", "VD-1", "01/QD;G1;N1;2026", 350.5, "01/01/2026", None],
        [2, "40.30.1", "Thuốc B", "10mg", "VD-2", "01/QD;G1;N1;2026", "1.250,75", datetime(2026, 1, 1), "20261231"],  # noqa: DTZ001 -- spreadsheets know no zone
        [None, "Người lập biểu", None, "Giám đốc"],
    ]
    read = read_file(_book(tmp_path / "thuoc.xlsx", rows))
    assert read.problems == ()
    assert read.spec.name == "drugs"
    first, second = read.entries
    assert (first.code, first.values["price"], first.since, first.until) == ("40.48", "350.5", date(2026, 1, 1), None)
    assert (second.values["price"], second.until) == ("1250.75", date(2026, 12, 31))


def test_every_sheet_of_the_list_is_read_and_others_left_alone(tmp_path: Path) -> None:
    one = [["Mã khoa", "Tên khoa"], ["K01", "Khám bệnh"]]
    two = [["MA_KHOA", "TEN_KHOA"], ["K02", "Cấp cứu"]]
    read = read_file(_book(tmp_path / "khoa.xlsx", one, [["ghi chú"]], two), spec_of("departments"))
    assert _codes(read) == ["K01", "K02"]


@pytest.mark.parametrize("charset", ["unicode", "cp1258", "tcvn3", "vni", "viscii"])
@pytest.mark.parametrize("delimiter", [";", ",", "\t"])
def test_csv_of_any_charset_and_delimiter(tmp_path: Path, charset: str, delimiter: str) -> None:
    lines = [["Mã khoa", "Tên khoa"], ["K01", "Khoa Khám bệnh"], ["K02", "Khoa Cấp cứu"], ["K03", "Nội tổng hợp"]]
    data, lost = encode("\r\n".join(delimiter.join(line) for line in lines), charset)
    assert not lost
    path = tmp_path / "khoa.csv"
    path.write_bytes(data)
    read = read_file(path)
    assert read.spec.name == "departments"
    assert [e.values["name"] for e in read.entries] == ["Khoa Khám bệnh", "Khoa Cấp cứu", "Nội tổng hợp"]


def test_an_html_table_named_xls_is_read(tmp_path: Path) -> None:
    path = tmp_path / "may.xls"
    path.write_text(
        "<html><body><table><tr><th>Tên thiết bị</th><th>Mã máy</th></tr>"
        "<tr><td>Máy&nbsp;X quang</td><td>XQ.1.00012</td></tr></table></body></html>",
        encoding="utf-8",
    )
    read = read_file(path)
    assert (read.spec.name, _codes(read)) == ("equipment", ["XQ.1.00012"])


def test_a_form_sent_as_xml_is_read_and_its_row_tag_names_the_list(tmp_path: Path) -> None:
    cells = "<MA_DICH_VU>18.0001.0001</MA_DICH_VU><TEN_DICH_VU>Siêu âm</TEN_DICH_VU><DON_GIA>58600</DON_GIA>"
    row = f"<DMDICHVUKBCB>{cells}</DMDICHVUKBCB>"
    path = tmp_path / "05.xml"
    path.write_text(f"<HSDANHMUC><DANHSACH_DMDICHVUKBCB Id='a'>{row}</DANHSACH_DMDICHVUKBCB></HSDANHMUC>", "utf-8")
    read = read_file(path)
    assert read.spec.name == "services"
    assert read.entries[0].values == {"name": "Siêu âm", "price": "58600"}


def test_faults_are_told_with_sheet_row_and_column_and_never_with_the_value(tmp_path: Path) -> None:
    rows: list[list[object]] = [
        ["Số CCHN", "Mã BHXH", "Ngày làm việc", "Giờ làm việc", "TU_NGAY"],
        ["0001/BV-CCHN", "0123456789", "2;3;4", "0700-1130;13h00-16h30", "01/01/2026"],
        ["0002/BV-CCHN", "0123456780", "hằng ngày", "sáng", "31/02/2026"],
        ["", "0123456781", "2", "0700-1100", ""],
    ]
    read = read_file(_book(tmp_path / "nhan-luc.xlsx", rows), spec_of("staff"))
    assert {(p.line, p.column) for p in read.problems} == {(3, "days"), (3, "hours"), (3, "since"), (4, "code")}
    assert all("0123456780" not in str(p.to_dict()) and "hằng ngày" not in str(p.to_dict()) for p in read.problems)
    assert read.entries[0].values["hours"] == "0700-1130;1300-1630"
    assert read.entries[0].values["days"] == "123"


def test_two_rows_that_contradict_each_other_at_one_time_are_a_fault(tmp_path: Path) -> None:
    heading = ["Mã dịch vụ", "Tên dịch vụ", "Đơn giá", "TU_NGAY", "DEN_NGAY"]
    rows: list[list[object]] = [
        heading,
        ["18.1", "Siêu âm", 100, "01/01/2026", "30/06/2026"],
        ["18.1", "Siêu âm", 120, "01/07/2026", ""],
        ["18.1", "Siêu âm", 130, "01/08/2026", ""],
    ]
    read = read_file(_book(tmp_path / "dv.xlsx", rows))
    assert [(p.line, p.column) for p in read.problems] == [(4, "code")]


def test_zeros_a_spreadsheet_dropped_are_put_back_where_the_length_is_known_and_told_where_not(tmp_path: Path) -> None:
    communes = [["Mã xã", "Tên xã", "Mã tỉnh"], [4, "Phường Ví Dụ", 1]]
    read = read_file(_book(tmp_path / "xa.xlsx", communes))
    assert (read.entries[0].code, read.entries[0].values["province"]) == ("00004", "01")
    drugs: list[list[object]] = [_DRUGS, [1, 40.1, "Thuốc", "", "", "", 1, "", ""]]
    assert [p.column for p in read_file(_book(tmp_path / "thuoc.xlsx", drugs)).problems] == ["code"]


@pytest.mark.parametrize(
    ("content", "name"),
    [
        (b"\xd0\xcf\x11\xe0old", "cu.xls"),
        (b"PK\x03\x04nothing", "hong.xlsx"),
        (b"<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>", "thuc-the.xml"),
        (b"<a><b>", "cut.xml"),
        (b"MA_LK;HO_TEN\n1;2\n", "khac.csv"),
        (b"", "trong.csv"),
    ],
)
def test_what_is_no_list_is_refused_with_words_never_with_a_crash(tmp_path: Path, content: bytes, name: str) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(ConfigError) as refused:
        read_file(path)
    assert refused.value.hint_vi
    assert refused.value.hint_en


def test_a_list_rules_ask_for_can_be_taken_in() -> None:
    from adapter.rules.needs import CATALOGUES

    asked = {name for names in CATALOGUES.values() for name in names}
    assert asked <= specs().keys()


def test_the_columns_rules_read_are_columns_of_the_lists() -> None:
    wanted = {
        "icd10": {"name", "not_main", "use_specific", "death_only"},
        "communes": {"province"},
        "staff": {"may_sign", "days", "hours"},
        "drugs": {
            "name",
            "strength",
            "registration",
            "tender",
            "route",
            "form",
            "unit",
            "price",
            "needs_service",
            "icd",
        },
        "services": {"name", "price", "min_minutes", "sex", "age_from", "age_to", "needs_machine"},
        "supplies": {"tender", "price"},
        "tt01_i": {"under_18"},
        "exclusions": {"other"},
    }
    lacking = {name: columns - specs()[name].columns.keys() for name, columns in wanted.items()}
    assert not any(lacking.values()), lacking


@settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(data=st.binary(max_size=400) | st.text(max_size=300).map(lambda t: t.encode("utf-8")))
def test_no_bytes_make_the_reader_crash(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "any"
    path.write_bytes(b"Ma khoa;Ten khoa\n" + data)
    with contextlib.suppress(ConfigError):
        assert read_file(path).spec.name in specs()


@settings(max_examples=300, deadline=None)
@given(name=st.sampled_from(sorted(specs())), text=st.text(max_size=30), number=st.booleans())
def test_no_cell_makes_a_column_crash(name: str, text: str, number: bool) -> None:
    for column in specs()[name].columns.values():
        with contextlib.suppress(Unfit):
            assert isinstance(value_of(column, Cell(text, number)), str)
