"""Two programs' files side by side: what differs is named, what is only written otherwise is not."""

from __future__ import annotations

import json
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import pytest

from adapter.cutover.compare import Comparison, compare
from adapter.cutover.files import load
from adapter.errors import ConfigError
from tests.support.cli import bhyt
from tests.support.gateway_files import default_tables, dossier_xml, drug, first_cost, service, stay

Tables = dict[str, list[dict[str, str]]]


def file(folder: Path, ma_lk: str = "SYN-1", tables: Tables | None = None, name: str = "") -> Path:
    folder.mkdir(exist_ok=True)
    path = folder / (name or f"{ma_lk}.xml")
    path.write_bytes(dossier_xml(tables or default_tables(ma_lk)))
    return path


def compared(tmp_path: Path, ours: Tables, theirs: Tables, **options: bool) -> Comparison:
    left, right = file(tmp_path / "ours", tables=ours), file(tmp_path / "theirs", tables=theirs)
    return compare(load(left), load(right), **options)


def test_equal_files_are_the_same(tmp_path: Path) -> None:
    assert compared(tmp_path, default_tables(), default_tables()).same


@pytest.mark.parametrize(
    ("change", "place"),
    [
        (lambda t: t["XML1"][0].update(MA_BENH_CHINH="J00"), ("XML1", "MA_BENH_CHINH")),
        (lambda t: t["XML2"][0].update(SO_LUONG="21.000"), ("XML2", "SO_LUONG")),
        (lambda t: t["XML3"][0].update(MA_BAC_SI=""), ("XML3", "MA_BAC_SI")),
    ],
)
def test_a_differing_field_is_named_with_both_values(
    tmp_path: Path, change: Callable[[Tables], None], place: tuple[str, str]
) -> None:
    theirs = default_tables()
    change(theirs)
    result = compared(tmp_path, default_tables(), theirs)
    assert [(f.table, f.field) for one in result.different for f in one.fields] == [place]
    found = result.different[0].fields[0]
    assert (found.ours, found.theirs) == (default_tables()[place[0]][0][place[1]], theirs[place[0]][0][place[1]])
    assert result.by_field() == {".".join(place): 1}


def test_numbers_of_equal_worth_differ_only_when_strict(tmp_path: Path) -> None:
    theirs = default_tables()
    theirs["XML1"][0]["T_BHTT"] = "49100.00"
    assert compared(tmp_path, default_tables(), theirs).same
    strict = compared(tmp_path, default_tables(), theirs, strict=True)
    assert [f.field for f in strict.different[0].fields] == ["T_BHTT"]


def test_codes_are_text_and_keep_their_zeros(tmp_path: Path) -> None:
    theirs = default_tables()
    theirs["XML1"][0]["MA_LOAI_KCB"] = "1"
    assert [f.field for f in compared(tmp_path, default_tables(), theirs).different[0].fields] == ["MA_LOAI_KCB"]


def test_rows_in_another_order_are_the_same_rows(tmp_path: Path) -> None:
    one, two = drug(STT="1"), drug(STT="2", MA_THUOC="40.50", TEN_THUOC="Thuốc Khác")
    ours, theirs = default_tables(), default_tables()
    ours["XML2"] = [one, two]
    theirs["XML2"] = [{**two, "STT": "1"}, {**one, "STT": "2"}]
    assert compared(tmp_path, ours, theirs).same


def test_a_changed_row_meets_its_partner_and_not_its_neighbour(tmp_path: Path) -> None:
    one, two = drug(STT="1"), drug(STT="2", MA_THUOC="40.50", TEN_THUOC="Thuốc Khác")
    ours, theirs = default_tables(), default_tables()
    ours["XML2"] = [one, two]
    theirs["XML2"] = [{**two, "STT": "1", "THANH_TIEN_BH": "6500.00", "NGAY_YL": "202609010905"}, {**one, "STT": "2"}]
    result = compared(tmp_path, ours, theirs)
    assert sorted((f.field, f.row_ours, f.row_theirs) for f in result.different[0].fields) == [
        ("NGAY_YL", 2, 1),
        ("THANH_TIEN_BH", 2, 1),
    ]


def test_a_row_only_one_side_has_is_told_once_and_shows_in_the_sums(tmp_path: Path) -> None:
    ours, theirs = default_tables(), default_tables()
    theirs["XML3"] = [service(), service(STT="2", MA_DICH_VU="03.0001", THANH_TIEN_BH="1000.10")]
    result = compared(tmp_path, ours, theirs)
    found = result.different[0]
    assert [(f.table, f.field, f.row_ours, f.row_theirs, f.theirs) for f in found.fields] == [
        ("XML3", "", None, 2, "03.0001")
    ]
    sums = {s.field: (s.ours, s.theirs) for s in found.sums}
    assert sums["THANH_TIEN_BH"] == (Decimal("42100.00"), Decimal("43100.10"))
    assert result.totals["XML3", "THANH_TIEN_BH"] == (Decimal("42100.00"), Decimal("43100.10"))


def test_what_is_missing_on_either_side_is_listed(tmp_path: Path) -> None:
    for side, keys in (("ours", ("A", "B")), ("theirs", ("B", "C"))):
        for key in keys:
            file(tmp_path / side, key)
    result = compare(load(tmp_path / "ours"), load(tmp_path / "theirs"))
    assert (result.only_ours, result.only_theirs, result.compared, result.same) == (("A",), ("C",), 1, False)


def test_folders_zips_and_single_files_are_read_alike(tmp_path: Path) -> None:
    file(tmp_path / "ours", "A")
    file(tmp_path / "ours" / "thang09", "B", name="b.XML")
    with ZipFile(tmp_path / "theirs.zip", "w") as archive:
        for key in ("A", "B"):
            archive.writestr(f"goi/{key}.xml", dossier_xml(default_tables(key)))
        archive.writestr("doc.txt", "không phải hồ sơ")
    assert compare(load(tmp_path / "ours"), load(tmp_path / "theirs.zip")).same


def test_an_export_of_ours_counts_only_the_newest_dossiers(tmp_path: Path) -> None:
    for folder in ("", "old", "checkin"):
        (tmp_path / "sent" / folder).mkdir(parents=True, exist_ok=True)
    file(tmp_path / "sent", "A")
    old = default_tables("A")
    old["XML1"][0]["CAN_NANG"] = "99"
    file(tmp_path / "sent" / "old", "A", old, "A.1.xml")
    (tmp_path / "sent" / "index.json").write_text("{}", encoding="utf-8")
    side = load(tmp_path / "sent")
    assert (side.files, side.keys, side.problems) == (1, {"A"}, [])


def test_one_key_with_two_contents_and_a_broken_file_are_problems(tmp_path: Path) -> None:
    file(tmp_path / "ours", "A", name="1.xml")
    file(tmp_path / "ours", "A", {**default_tables("A"), "XML1": [stay("A", CAN_NANG="99")]}, "2.xml")
    (tmp_path / "ours" / "3.xml").write_text("<GIAMDINHHS>", encoding="utf-8")
    (tmp_path / "ours" / "4.zip").write_bytes(b"PK\x03\x04")
    side = load(tmp_path / "ours")
    assert [name for name, _, _ in side.problems] == ["2.xml", "3.xml", "4.zip"]
    file(tmp_path / "theirs", "A")
    assert not compare(side, load(tmp_path / "theirs")).same


@pytest.mark.parametrize("make", [lambda p: None, lambda p: p.mkdir()])
def test_nothing_to_read_is_wrong_use(tmp_path: Path, make: Callable[[Path], None]) -> None:
    make(tmp_path / "x")
    with pytest.raises(ConfigError):
        load(tmp_path / "x")


def test_the_command_says_same_or_different_by_its_exit_code(tmp_path: Path) -> None:
    ours, theirs = file(tmp_path / "ours"), file(tmp_path / "theirs")
    assert bhyt("compare", ours, theirs).returncode == 0
    changed: dict[str, Any] = default_tables()
    changed["XML1"][0]["HO_TEN"] = "NGƯỜI KHÁC"
    other = file(tmp_path / "other", tables=changed)
    done = bhyt("compare", ours, other, "--json", "--mask")
    assert done.returncode == 1
    document = json.loads(done.stdout)
    assert document["different"][0]["fields"][0]["field"] == "HO_TEN"
    assert "KHÁC" not in done.stdout
    assert bhyt("compare", ours, tmp_path / "absent").returncode == 2


def test_check_ins_are_left_out_and_counted(tmp_path: Path) -> None:
    from tests.support.gateway_files import checkin_xml

    file(tmp_path / "ours", "A")
    (tmp_path / "ours" / "c.xml").write_bytes(checkin_xml([first_cost("A")]))
    side = load(tmp_path / "ours")
    assert (side.keys, side.checkins) == ({"A"}, 1)
