"""The bytes that leave are the standard's, the same every time, and never illegal."""

from __future__ import annotations

import base64
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any, cast

import pytest
from lxml import etree

from adapter.dossier.model import Dossier, Purpose
from adapter.dossier.writer import SIGNATURE_SLOT, write, write_xml12
from adapter.errors import DocumentError
from adapter.standard.spec import written_as
from tests.support import made_up

TODAY = date(2026, 9, 1)


def _part(data: bytes, name: str) -> bytes:
    root = etree.fromstring(data)
    texts = root.xpath("//FILEHOSO[LOAIHOSO=$name]/NOIDUNGFILE/text()", name=name)
    assert isinstance(texts, list)
    return base64.b64decode(str(texts[0]), validate=True)


def test_the_envelope_is_compact_utf8_with_a_declaration_and_an_empty_signature_at_the_end() -> None:
    data = write(made_up.dossier(), created_on=TODAY)
    assert data.startswith(
        b'<?xml version="1.0" encoding="utf-8"?><GIAMDINHHS><THONGTINDONVI><MACSKCB>01999</MACSKCB></THONGTINDONVI>'
        b"<THONGTINHOSO><NGAYLAP>20260901</NGAYLAP><SOLUONGHOSO>1</SOLUONGHOSO><DANHSACHHOSO><HOSO><FILEHOSO>"
        b"<LOAIHOSO>XML1</LOAIHOSO>"
    )
    assert data.endswith(b"</DANHSACHHOSO></THONGTINHOSO><CHUKYDONVI></CHUKYDONVI></GIAMDINHHS>")
    assert data.count(SIGNATURE_SLOT) == 1


@pytest.mark.parametrize("layout", ["130", "4750", "3176"])
def test_every_element_stands_in_order_and_inner_parts_have_no_declaration(layout: str) -> None:
    inner = _part(write(made_up.dossier(layout), created_on=TODAY), "XML3")
    assert inner.startswith(b"<CHITIEU_CHITIET_DVKT_VTYT><DSACH_CHI_TIET_DVKT><CHI_TIET_DVKT><MA_LK>")
    record = etree.fromstring(inner)[0][0]
    assert tuple(child.tag for child in record) == written_as(layout).tables["XML3"].names


def test_parts_come_as_xml1_then_rising_numbers_and_empty_tables_are_left_out() -> None:
    tables = {n: [made_up.row(n)] for n in ("XML15", "XML2", "XML11", "XML7")} | {"XML4": []}
    names = etree.fromstring(write(made_up.dossier(**tables), created_on=TODAY)).xpath("//LOAIHOSO/text()")
    assert names == ["XML1", "XML2", "XML7", "XML11", "XML15"]


def test_equal_dossiers_give_equal_bytes_whatever_the_order_of_their_parts() -> None:
    one = made_up.dossier(XML2=[made_up.row("XML2")], XML3=[made_up.row("XML3")])
    other = replace(one, tables={name: one.tables[name] for name in ("XML3", "XML2", "XML1")})
    assert write(one, created_on=TODAY) == write(other, created_on=TODAY)


def test_markup_and_carriage_returns_survive_a_strict_parser() -> None:
    text = 'CSST<M80_T37> & "x" ]]> \r\n\t]'
    inner = _part(write(made_up.dossier(XML5=[made_up.row("XML5", DIEN_BIEN_LS=text)]), created_on=TODAY), "XML5")
    assert etree.fromstring(inner).findtext(".//DIEN_BIEN_LS") == text


def test_a_checkin_is_its_own_plain_file_with_the_signature_last() -> None:
    data = write(made_up.checkin(), created_on=TODAY)
    root = etree.fromstring(data)
    assert root.tag == "CHI_TIEU_TRANG_THAI_KCB"
    assert [child.tag for child in root] == ["DSACH_TRANG_THAI_KCB", "CHUKYDONVI"]
    assert data.endswith(b"<CHUKYDONVI></CHUKYDONVI></CHI_TIEU_TRANG_THAI_KCB>")
    assert data.count(SIGNATURE_SLOT) == 1


def test_xml12_never_stands_inside_giamdinhhs_and_has_a_file_of_its_own() -> None:
    both = made_up.dossier(XML12=[made_up.row("XML12", HO_TEN="Người Ví Dụ")])
    assert b"XML12" not in write(both, created_on=TODAY)
    root = etree.fromstring(write_xml12(both))
    assert [child.tag for child in root] == ["DSACH_GIAM_DINH_YKHOA", "CHUKYDONVI"]
    assert root.findtext(".//GIAM_DINH_YKHOA/HO_TEN") == "Người Ví Dụ"
    with pytest.raises(DocumentError, match="no XML12 row"):
        write_xml12(made_up.dossier())


@pytest.mark.parametrize("bad", ["\x00", "\x0b", "\x1f", "\ufffe", "\uffff", "\ud800"])
def test_a_character_xml_cannot_hold_is_refused_with_its_place_but_not_its_text(bad: str) -> None:
    rows = [made_up.row("XML3"), made_up.row("XML3", TEN_DICH_VU=f"bí mật{bad}")]
    with pytest.raises(DocumentError) as caught:
        write(made_up.dossier(XML3=rows), created_on=TODAY)
    where = caught.value.where
    assert where is not None
    assert (where.table, where.row, where.field) == ("XML3", 2, "TEN_DICH_VU")
    assert f"U+{ord(bad):04X}" in str(caught.value)
    assert "bí mật" not in caught.value.text("vi") + caught.value.text("en")


@pytest.mark.parametrize("value", [None, 5, Decimal("1.00"), b"x"])
def test_a_value_that_is_not_text_is_refused_with_its_place(value: Any) -> None:
    row = dict(made_up.row("XML2")) | {"SO_LUONG": value}
    with pytest.raises(DocumentError, match=r"XML2\.SO_LUONG\[1\]"):
        write(made_up.dossier(XML2=[cast("dict[str, str]", row)]), created_on=TODAY)


def test_a_field_the_layout_does_not_have_is_refused_never_dropped() -> None:
    row = {**made_up.row("XML1", "130"), "NHOM_MAU": "A+"}
    with pytest.raises(DocumentError, match=r"XML1\.NHOM_MAU\[1\]"):
        write(made_up.dossier("130", XML1=[row]), created_on=TODAY)
    swapped = {**made_up.row("XML1"), "LA": "x"}
    del swapped["DU_PHONG"]
    with pytest.raises(DocumentError, match=r"XML1\.LA\[1\]"):
        write(made_up.dossier(XML1=[swapped]), created_on=TODAY)


@pytest.mark.parametrize("table", ["XML0", "XML13", "XML99"])
def test_a_table_with_no_place_in_the_layout_is_refused(table: str) -> None:
    with pytest.raises(DocumentError, match=table):
        write(made_up.dossier("130", **{table: [{"MA_LK": made_up.MA_LK}]}), created_on=TODAY)


@pytest.mark.parametrize("count", [0, 2])
def test_a_dossier_without_exactly_one_xml1_row_is_refused(count: int) -> None:
    with pytest.raises(DocumentError, match="exactly one"):
        write(made_up.dossier(XML1=[made_up.row("XML1")] * count), created_on=TODAY)


@pytest.mark.parametrize("field", ["MA_CSKCB", "MA_LK"])
def test_a_dossier_never_leaves_under_another_identity(field: str) -> None:
    with pytest.raises(DocumentError, match=rf"XML1\.{field}\[1\]"):
        write(made_up.dossier(XML1=[made_up.row("XML1", **{field: "01888"})]), created_on=TODAY)
    checkin = made_up.checkin()
    other = replace(checkin, tables={"XML0": [made_up.row("XML0", **{field: "01888"})]})
    with pytest.raises(DocumentError, match=rf"XML0\.{field}\[1\]"):
        write(other, created_on=TODAY)


@pytest.mark.parametrize("facility", ["", "01 99", "<x>", "01999\n"])
def test_a_facility_code_that_is_not_a_code_is_refused(facility: str) -> None:
    row = made_up.row("XML1", MA_CSKCB="")
    dossier = Dossier(facility, made_up.MA_LK, Purpose.CLAIM, "3176", {"XML1": (row | {"MA_CSKCB": ""},)})
    with pytest.raises(DocumentError):
        write(dossier, created_on=TODAY)


def test_a_checkin_holds_table_zero_only_and_at_least_one_row() -> None:
    checkin = made_up.checkin()
    with pytest.raises(DocumentError, match="XML0 only"):
        write(replace(checkin, tables={**checkin.tables, "XML1": [made_up.row("XML1")]}), created_on=TODAY)
    with pytest.raises(DocumentError, match="no row"):
        write(replace(checkin, tables={}), created_on=TODAY)
