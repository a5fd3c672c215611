"""Each decision starts on its day, by the date it names; a further one is a folder of files."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest

from adapter.dossier.reader import read
from adapter.dossier.writer import write
from adapter.errors import ConfigError
from adapter.standard import spec
from adapter.standard.spec import effective_on, use_layers, written_as
from tests.support import made_up

LONG_AGO, FAR_AHEAD = date(2023, 3, 1), date(2030, 1, 1)

# layer → the day that selects it and the first day it counts
SELECTED = {
    "QD824/2023": ("end_of_visit", date(2023, 2, 1)),
    "QD4750": ("end_of_visit", date(2024, 7, 1)),
    "SALARY/2024": ("admission", date(2024, 7, 1)),
    "QD3176": ("end_of_visit", date(2025, 1, 1)),
    "QD3276/2025": ("end_of_visit", date(2025, 7, 1)),
    "TWO-LEVEL/2025": ("end_of_visit", date(2025, 7, 1)),
    "QD1804/2026": ("end_of_visit", date(2026, 6, 19)),
    "QD1931/2026": ("end_of_visit", date(2026, 7, 1)),
    "SALARY/2026": ("admission", date(2026, 7, 1)),
    "TT06/2026": ("end_of_visit", date(2026, 7, 1)),
}


def test_no_shipped_layer_is_left_out_of_these_tests() -> None:
    assert {layer.head.id for layer in spec.layers()} == {"QD130", *SELECTED}


@pytest.mark.parametrize("name", SELECTED)
def test_a_layer_counts_from_its_day_on_and_only_by_the_date_that_selects_it(name: str) -> None:
    selector, first = SELECTED[name]
    day_before = first - timedelta(days=1)
    if selector == "end_of_visit":
        assert name in effective_on(first, admitted=LONG_AGO, ordered=LONG_AGO, sent=LONG_AGO).layers
        assert name not in effective_on(day_before, admitted=FAR_AHEAD, ordered=FAR_AHEAD, sent=FAR_AHEAD).layers
    else:
        assert name in effective_on(LONG_AGO, admitted=first).layers
        assert name not in effective_on(FAR_AHEAD, admitted=day_before).layers


def test_visit_categories_change_with_qd_3276_and_the_old_ones_are_tolerated_until_the_end_of_2025() -> None:
    before = effective_on(date(2025, 6, 30)).code_set("MA_DOITUONG_KCB")
    during = effective_on(date(2025, 12, 31)).code_set("MA_DOITUONG_KCB")
    after = effective_on(date(2026, 1, 1)).code_set("MA_DOITUONG_KCB")
    assert before is not None
    assert during is not None
    assert after is not None
    assert [len(found.codes) for found in (before, during, after)] == [24, 27, 27]
    assert [found.accepts("3.5") for found in (before, during, after)] == ["valid", "tolerated", None]
    assert [found.accepts("7.1") for found in (before, during, after)] == ["valid", "tolerated", None]
    assert [found.accepts("1.18") for found in (before, during, after)] == [None, "valid", "valid"]
    assert after.tolerated == {}


def test_fuel_codes_bind_from_the_signing_day_of_qd_3276() -> None:
    assert effective_on(date(2025, 10, 16)).codes("MA_XANG_DAU") == {}
    codes = effective_on(date(2025, 10, 17)).codes("MA_XANG_DAU")
    assert len(codes) == 15
    assert "R954V1" in codes
    assert "R954" not in codes
    assert "XEDIEN" in codes


def test_care_settings_11_to_16_are_tolerated_from_signing_and_binding_from_august_2026() -> None:
    days = (date(2026, 6, 18), date(2026, 6, 19), date(2026, 7, 31), date(2026, 8, 1))
    found = [effective_on(day).code_set("MA_LOAI_KCB") for day in days]
    assert [len(f.codes) if f else None for f in found] == [10, 10, 10, 16]
    assert [f.accepts("16") if f else None for f in found] == [None, "tolerated", "tolerated", "valid"]
    assert [f.accepts("01") if f else None for f in found] == ["valid"] * 4
    assert effective_on(date(2026, 8, 1)).codes("MA_LOAI_KCB")["06"].startswith("Lưu tại phòng khám đa khoa")


def test_the_district_is_mandatory_until_districts_end_whatever_the_layout() -> None:
    for pin in (None, "130", "4750", "3176"):
        for table in ("XML1", "XML9", "XML12"):
            before = effective_on(date(2025, 6, 30), pin).tables[table].by_name["MAHUYEN_CU_TRU"]
            after = effective_on(date(2025, 7, 1), pin).tables[table].by_name["MAHUYEN_CU_TRU"]
            assert (before.required, after.required) == ("Y", "N")
    assert effective_on(date(2025, 6, 30)).parameter("administrative_levels") == "3"
    assert effective_on(date(2025, 7, 1)).parameter("administrative_levels") == "2"


def test_the_base_salary_is_the_one_of_the_day_of_admission() -> None:
    left = date(2026, 7, 20)
    assert effective_on(left, admitted=date(2026, 6, 30)).parameter("base_salary") == "2340000"
    assert effective_on(left, admitted=date(2026, 7, 1)).parameter("base_salary") == "2530000"
    assert effective_on(date(2024, 6, 1)).parameter("base_salary") is None


def test_the_disease_list_is_the_one_of_the_end_of_the_visit() -> None:
    assert effective_on(date(2026, 6, 30), admitted=FAR_AHEAD).parameter("icd10_list") == "QD4469/2020"
    assert effective_on(date(2026, 7, 1), admitted=LONG_AGO).parameter("icd10_list") == "TT06/2026"


@pytest.mark.parametrize(
    ("day", "name", "code", "label"),
    [
        (date(2024, 6, 30), "KET_QUA_DTRI", "8", None),
        (date(2024, 7, 1), "KET_QUA_DTRI", "8", "Tử vong ngoài bệnh viện"),
        (date(2024, 12, 31), "KET_QUA_DTRI", "5", "Tử vong"),
        (date(2025, 1, 1), "KET_QUA_DTRI", "5", "Tử vong tại cơ sở KCB"),
        (date(2024, 6, 30), "MA_NHOM", "19", None),
        (date(2024, 6, 30), "PHACDO_DTRI_LAO", "6", "Tiềm ẩn: INH"),
        (date(2024, 7, 1), "PHACDO_DTRI_LAO", "6", "Nhạy cảm: B2 2HRZE/10RH"),
        (date(2024, 6, 30), "MA_XU_TRI", "7", "Khác"),
        (date(2024, 7, 1), "MA_XU_TRI", "7", "Điều trị viêm gan C"),
        (date(2024, 12, 31), "NHOM_DOI_TUONG", "0", "Người dùng ma tuý"),
        (date(2025, 1, 1), "NHOM_DOI_TUONG", "0", None),
    ],
)
def test_a_code_set_is_the_one_of_its_layout(day: date, name: str, code: str, label: str | None) -> None:
    assert effective_on(day).codes(name).get(code) == label


# ---- a decision nobody has made, as files only --------------------------------------------------

_HEAD = """
id: QD9999/2031
decision: QĐ 9999/QĐ-BYT năm 2031
title_vi: Quyết định bịa cho thử nghiệm
title_en: A decision invented for a test
effective: 2031-03-01
selected_by: end_of_visit
layout: "9999"
certainty: low
codes: {replaces: {MA_PTTT: null}}
"""
_FIELDS = """op,table,field,was,after,xml_type,kind,max_len,required,separator,code_list,meaning_vi,meaning_en,notes
add,XML2,MA_QR,,MA_THUOC,string,S,40,C,,,Mã QR của hộp thuốc,QR code of the box,
rename,XML7,SO_HOSO_LUU,SO_LUU_TRU,,,,,,,,,,
remove,XML1,NAM_NAM_LIEN_TUC,,,,,,,,,,,
change,XML1,SO_CCCD,,,,,12,Y,,,,,
change,XML1,MA_KHOA,,,,,,,-,-,,,
add,XML16,MA_LK,,,string,S,100,Y,,,Mã liên kết,Link,
add,XML16,GHI_CHU,,,string,S,n,N,,,Ghi chú,Note,
"""
_TABLES = """table,carrier,root,list_element,record_element,title_vi,title_en
XML16,part,CHI_TIEU_BIA,DSACH_BIA,BIA,Bảng bịa,Invented table
"""
_CODES = """set,code,label_vi,status,from,until,certainty
MA_PTTT,1,Theo giá dịch vụ,,,,low
MA_PTTT,9,Theo cách bịa,,2031-04-01,,low
"""
_FEE = """
id: FEE/2031
decision: Thông tư bịa
title_vi: Phí gửi bịa
title_en: Invented sending fee
effective: 2031-05-01
until: 2031-05-31
selected_by: {selector}
parameters: {{sending_fee: "100"}}
"""


@pytest.fixture
def extra(tmp_path: Path) -> Iterator[Path]:
    yield tmp_path
    use_layers(())


def _decision(root: Path, name: str = "qd9999", **files: str) -> Path:
    folder = root / name
    folder.mkdir(parents=True)
    for file, text in files.items():
        suffix = ".yaml" if file == "layer" else ".csv"
        (folder / f"{file}{suffix}").write_text(text, encoding="utf-8")
    return folder


def test_an_invented_decision_is_in_force_by_its_files_alone(extra: Path) -> None:
    assert effective_on(date(2031, 3, 1)).layout == "3176"
    _decision(extra, layer=_HEAD, fields=_FIELDS, tables=_TABLES, codes=_CODES)
    use_layers([extra])
    eve, day = effective_on(date(2031, 2, 28)), effective_on(date(2031, 3, 1))
    assert (eve.layout, day.layout) == ("3176", "9999")
    assert spec.layouts() == ("130", "4750", "3176", "9999")
    assert day.tables["XML2"].names[2:4] == ("MA_THUOC", "MA_QR")
    assert [f.pos for f in day.tables["XML2"].fields] == list(range(1, 41))
    assert "NAM_NAM_LIEN_TUC" not in day.tables["XML1"].by_name
    assert day.tables["XML7"].by_name["SO_HOSO_LUU"].changed_by == "QD9999/2031: renamed from SO_LUU_TRU"
    identity = day.tables["XML1"].by_name["SO_CCCD"]
    assert (identity.max_len, identity.required) == (12, "Y")
    assert identity.changed_by.endswith("QD9999/2031: Sn>S12")
    department = day.tables["XML1"].by_name["MA_KHOA"]
    assert (department.separator, department.code_list) == ("", "")
    assert day.parts[-1] == "XML16"
    assert day.codes("MA_PTTT") == {"1": "Theo giá dịch vụ"}
    assert set(effective_on(date(2031, 4, 1)).codes("MA_PTTT")) == {"1", "9"}
    assert effective_on(date(2031, 4, 1), "3176").layout == "3176"


def test_a_dossier_of_the_invented_layout_is_written_and_read_without_any_code(extra: Path) -> None:
    _decision(extra, layer=_HEAD, fields=_FIELDS, tables=_TABLES, codes=_CODES)
    use_layers([extra])
    end = {"NGAY_RA": "203103020900"}
    dossier = made_up.dossier(
        "9999",
        XML1=[made_up.row("XML1", "9999", **end)],
        XML2=[made_up.row("XML2", "9999", MA_QR="QR-1")],
        XML16=[{"MA_LK": made_up.MA_LK, "GHI_CHU": "bịa"}],
    )
    package = read(write(dossier, created_on=date(2031, 3, 3)))
    assert package.problems == ()
    assert package.dossiers == (dossier,)
    assert written_as("3176").tables["XML2"].names[3] == "MA_PP_CHEBIEN"
    old = replace(dossier, standard="3176", tables={"XML1": (made_up.row("XML1", NGAY_RA="203102280900"),)})
    assert read(write(old, created_on=date(2031, 3, 3))).dossiers == (old,)


@pytest.mark.parametrize(
    ("selector", "argument"), [("order", "ordered"), ("sending", "sent"), ("admission", "admitted")]
)
def test_a_layer_may_be_selected_by_another_day_and_may_end(extra: Path, selector: str, argument: str) -> None:
    _decision(extra, "fee", layer=_FEE.format(selector=selector))
    use_layers([extra])
    first, last = date(2031, 5, 1), date(2031, 5, 31)
    days = (first - timedelta(days=1), first, last, last + timedelta(days=1))
    found = [effective_on(LONG_AGO, **{argument: day}).parameter("sending_fee") for day in days]  # type: ignore[arg-type]
    assert found == [None, "100", "100", None]
    others = {"ordered", "sent", "admitted"} - {argument}
    asked = dict.fromkeys(others, first) | {argument: LONG_AGO}
    assert effective_on(first, **asked).parameter("sending_fee") is None  # type: ignore[arg-type]


_BAD = {
    "no such table": ({"fields": _FIELDS.replace("XML7", "XML77")}, "no table XML77"),
    "no such field": ({"fields": _FIELDS.replace(",SO_LUU_TRU,", ",SO_LUU,")}, "no field SO_LUU"),
    "field twice": ({"fields": _FIELDS.replace("MA_QR,,MA_THUOC", "STT,,MA_THUOC")}, "STT is already there"),
    "odd operation": ({"fields": _FIELDS.replace("remove,", "drop,")}, "no operation 'drop'"),
    "odd length": ({"fields": _FIELDS.replace("S,40,C", "S,long,C")}, "max_len 'long'"),
    "odd type": ({"fields": _FIELDS.replace("string,S,40", "text,S,40")}, "unknown value 'text'"),
    "odd carrier": ({"tables": _TABLES.replace(",part,", ",pigeon,")}, "XML16 is declared wrongly"),
    "columns": ({"fields": "op,table\nadd,XML1\n"}, "the first row must be"),
    "short row": ({"fields": _FIELDS + "add,XML1\n"}, "wrong number of columns"),
    "code status": ({"codes": _CODES.replace("vụ,,", "vụ,maybe,")}, "unknown status: maybe"),
    "code date": ({"codes": _CODES.replace("2031-04-01", "01/04/2031")}, "bad date at code 9"),
    "head key": ({"layer": _HEAD + "colour: red\n"}, "colour"),
    "head date": ({"layer": _HEAD.replace("2031-03-01", "soon")}, "effective"),
    "selector": ({"layer": _HEAD.replace("end_of_visit", "full_moon")}, "selected_by"),
    "not yaml": ({"layer": "id: [1"}, "not YAML"),
    "layout missing": ({"layer": _HEAD.replace('layout: "9999"\n', "")}, "must name a new layout"),
    "id taken": ({"layer": _HEAD.replace("QD9999/2031", "QD3176")}, "is used twice"),
}


@pytest.mark.parametrize("name", _BAD)
def test_bad_decision_data_is_one_error_with_its_place_and_the_old_data_stays(extra: Path, name: str) -> None:
    changed, message = _BAD[name]
    files = {"layer": _HEAD, "fields": _FIELDS, "tables": _TABLES, "codes": _CODES} | changed
    _decision(extra, **files)
    with pytest.raises(ConfigError, match=message) as caught:
        use_layers([extra])
    assert caught.value.where is not None
    assert caught.value.where.file is not None
    assert "qd9999" in caught.value.where.file
    assert effective_on(date(2031, 6, 1)).layout == "3176"


def test_a_folder_of_decisions_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="No such folder"):
        use_layers([tmp_path / "absent"])
