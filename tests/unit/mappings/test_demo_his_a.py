"""Demo HIS A: its mapping against that of demo HIS B as an oracle, its faults, and the traps its schema carries."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path

import pytest

from adapter.demo.defects import planted
from adapter.demo.his_b import traps
from adapter.demo.seed import seed_his_a, seed_his_b
from adapter.dossier.model import Dossier, Purpose
from adapter.errors import SourceSchemaError
from adapter.mapping import load_mapping
from adapter.mapping.plan import Plan
from adapter.resources import shipped
from adapter.text.charset import encode
from tests.support.demo_hospital import NOW, Hospital
from tests.support.demo_world import FACILITY, Checked, check_encounter, open_demo, read_all

SAID_OTHERWISE = {
    # what the two systems record differently, not what the mappings make of it
    ("XML1", "CHAN_DOAN_VAO"),
    ("XML1", "MA_HSBA"),
    ("XML1", "PP_DIEU_TRI"),
    ("XML2", "MA_PP_CHEBIEN"),
    ("XML3", "GOI_VTYT"),
    ("XML7", "MA_DINH_CHI_THAI"),
    ("XML7", "NGUYENNHAN_DINHCHI"),
    ("XML7", "THOIGIAN_DINHCHI"),
    ("XML7", "TUOI_THAI"),
    ("XML8", "CHAN_DOAN_VAO"),
    ("XML8", "PP_DIEUTRI"),
    ("XML8", "QT_BENHLY"),
    ("XML8", "TOMTAT_KQ"),
    ("XML11", "PP_DIEUTRI"),
    ("XML11", "SO_KCB"),
}
_ORDER = ("NGAY_YL", "THOI_DIEM_DBLS", "NGAY_KQ", "MA_DICH_VU", "MA_VAT_TU", "MA_THUOC", "MA_CHI_SO", "TEN_CHI_SO")


@pytest.fixture(scope="module")
def plan() -> Plan:
    return load_mapping(shipped("mappings") / "demo-his-a" / "mapping.yaml")


@pytest.fixture(scope="module")
def sown(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("his-a") / "his.db"
    patch = pytest.MonkeyPatch()
    patch.setattr(traps, "TRAPS", ())  # the tests set the traps themselves
    seed_his_a(path, encounters=40, seed=21, now=NOW, defect_share=0)
    patch.undo()
    return path


@pytest.fixture
def his(sown: Path, tmp_path: Path, plan: Plan) -> Hospital:
    path = tmp_path / "his.db"
    shutil.copyfile(sown, path)
    return Hospital(path, plan, "SELECT LuotDen_Id FROM LuotDen WHERE SoLuotDen = ?")


def _dossiers(mapping: str, path: Path, code: str) -> dict[tuple[str, str, str], Dossier]:
    plan, source = open_demo(mapping, f"sqlite:///{path}")
    found = {}
    for encounter in read_all(source, now=NOW):
        for due in plan.readiness(encounter).due:
            dossier = plan.translate(encounter, due, facility=FACILITY, now=NOW)
            found[str(encounter.row[code]), due.purpose.value, due.occasion] = dossier
    source.close()
    return found


def _in_order(table: str, rows: list[Mapping[str, str]]) -> list[Mapping[str, str]]:
    if table in ("XML2", "XML3", "XML4", "XML5"):
        rows = sorted(rows, key=lambda row: [row.get(field, "") for field in _ORDER])
    return [{k: v for k, v in row.items() if k != "STT"} for row in rows]


def test_two_mappings_of_two_schemas_make_the_same_dossiers_of_the_same_events(tmp_path: Path) -> None:
    seed_his_a(tmp_path / "a.db", encounters=120, seed=4, now=NOW, defect_share=0)
    seed_his_b(tmp_path / "b.db", encounters=120, seed=4, now=NOW, defect_share=0)
    left = _dossiers("demo-his-a", tmp_path / "a.db", "SoLuotDen")
    right = _dossiers("demo-his-b", tmp_path / "b.db", "EPISODE_CODE")
    assert left.keys() == right.keys()
    different: dict[tuple[str, str], tuple[object, str, str]] = {}
    compared = 0
    for key, a in left.items():
        b = right[key]
        if key[1] == "checkin" and key[2] == "treating_department":
            continue  # A knows a bed's cost only from the bill, B from the order
        if len(a.rows("XML2")) != len(b.rows("XML2")):
            continue  # A takes a line for insured only when the fund pays something; B keeps drugs outside the list
        assert a.tables.keys() == b.tables.keys(), key
        for table in a.tables:
            for x, y in zip(_in_order(table, list(a.rows(table))), _in_order(table, list(b.rows(table))), strict=True):
                for field in x:
                    compared += 1
                    if x[field] != y[field] and (table, field) not in SAID_OTHERWISE:
                        different[table, field] = (key, x[field], y[field])
    assert different == {}
    assert compared > 40_000


def test_clean_encounters_are_clean_and_planted_faults_are_named(tmp_path: Path, plan: Plan) -> None:
    path = tmp_path / "his.db"
    seed_his_a(path, encounters=160, seed=11, now=NOW, defect_share=0.2)
    faults = {p.ma_lk: p for p in planted(path)}
    _, source = open_demo("demo-his-a", f"sqlite:///{path}")
    checked: dict[str, list[Checked]] = {
        str(e.row["SoLuotDen"]): list(check_encounter(plan, e, now=NOW)) for e in read_all(source, now=NOW)
    }
    source.close()
    assert len(faults) > 15
    for ma_lk, found in checked.items():
        errors = {rule for c in found for rule in c.rules()}
        if ma_lk in faults:
            assert faults[ma_lk].must <= errors <= faults[ma_lk].must | faults[ma_lk].may, faults[ma_lk].defect
        else:
            assert errors == set()


def test_trap_01_a_card_of_twenty_characters_is_card_and_registration_facility(his: Hospital) -> None:
    header = his.dossier(his.one("child_exam")).header
    stored = his.sql("SELECT SoTheBHYT FROM LuotDen WHERE SoLuotDen = ?", [his.one("child_exam")])[0][0]
    assert (header["MA_THE_BHYT"], header["MA_DKBD"]) == (stored[:15], stored[15:])
    assert len(stored) == 20


def test_trap_02_a_second_card_is_joined_in_four_fields_in_the_same_order(his: Hospital) -> None:
    header = his.dossier(his.one("inpatient_two_cards")).header
    assert [card[:3] for card in header["MA_THE_BHYT"].split(";")] == ["GD4", "HT3"]
    assert {len(header[f].split(";")) for f in ("MA_DKBD", "GT_THE_TU", "GT_THE_DEN")} == {2}


def test_trap_03_a_birth_year_alone_has_zeros_for_month_and_day(his: Hospital) -> None:
    code = his.one("exam")
    his.set(code, "BenhNhan", "NgaySinh", None)
    his.set(code, "BenhNhan", "NamSinh", 1951)
    assert his.dossier(code).header["NGAY_SINH"] == "195100000000"


@pytest.mark.parametrize(("here", "decree"), [("G", "2"), ("T", "1"), ("?", "3"), (None, "3")])
def test_trap_06_the_letters_of_this_his_become_the_decrees_sex_codes(
    his: Hospital, here: str | None, decree: str
) -> None:
    code = his.one("exam")
    his.set(code, "BenhNhan", "GioiTinh", here)
    assert his.dossier(code).header["GIOI_TINH"] == decree


@pytest.mark.parametrize(("changed", "suffix"), [("2026-01-01", ""), ("2099-01-01", ".CU")])
def test_traps_07_and_08_the_service_code_in_force_is_sent(his: Hospital, changed: str, suffix: str) -> None:
    code = his.one("child_exam")
    his.sql("UPDATE dm_DichVu SET NgayDoiMa = ?", [changed])
    examination = his.dossier(code).rows("XML3")[0]
    assert examination["MA_DICH_VU"] == "03.1897" + suffix


def test_traps_09_and_10_a_cancelled_order_is_absent_and_zero_means_null(his: Hospital) -> None:
    code = his.one("exam_sick_leave")
    before = his.dossier(code)
    for table in ("ChiDinh", "ChiDinhCT", "DonThuoc", "DonThuocCT", "LuotDen"):
        his.sql(f"UPDATE {table} SET Huy = 0 WHERE Huy IS NULL")
    assert his.dossier(code).tables == before.tables
    his.sql("UPDATE LuotDen SET Huy = 1 WHERE SoLuotDen = ?", [code])
    source = his.open()
    assert not source.fetch([str(his.key(code))])
    source.close()


@pytest.mark.parametrize(("returned", "left"), [("-3.000", "7.000"), ("-10.000", None)])
def test_trap_11_a_drug_returned_to_the_store_counts_net_and_a_zero_line_is_dropped(
    his: Hospital, returned: str, left: str | None
) -> None:
    code = his.one("exam_extra_cost")
    before = his.dossier(code).rows("XML2")
    assert [row["SO_LUONG"] for row in before] == ["10.000"]
    his.sql(
        "INSERT INTO XuatKho (DonThuocCT_Id, Duoc_Id, SoLuong, TT_Thau, ThoiGianXuat) "
        "SELECT x.DonThuocCT_Id, x.Duoc_Id, ?, x.TT_Thau, x.ThoiGianXuat FROM XuatKho x "
        "JOIN QuyetToanCT t ON t.LoaiNguon = 'X' AND t.Nguon_Id = x.XuatKho_Id "
        "JOIN QuyetToan q ON q.QuyetToan_Id = t.QuyetToan_Id WHERE q.LuotDen_Id = ? AND t.BHYTTra > '0.00'",
        [returned, his.key(code)],
    )
    his.sql(
        "INSERT INTO QuyetToanCT (QuyetToan_Id, LoaiNguon, Nguon_Id, NoiDung_Id, SoLuong, DonGiaBV, DonGiaBH, BHYTTra, "
        "NguoiBenhCCT, TyLeTT, MucHuong, MaKhoa, MaBacSi, NgayYL) SELECT t.QuyetToan_Id, 'X', "
        "(SELECT MAX(XuatKho_Id) FROM XuatKho), t.NoiDung_Id, ?, t.DonGiaBV, t.DonGiaBH, '-1.00', '0.00', t.TyLeTT, "
        "t.MucHuong, t.MaKhoa, t.MaBacSi, t.NgayYL FROM QuyetToanCT t "
        "JOIN QuyetToan q ON q.QuyetToan_Id = t.QuyetToan_Id "
        "WHERE q.LuotDen_Id = ? AND t.LoaiNguon = 'X' AND t.BHYTTra > '0.00'",
        [returned, his.key(code)],
    )
    assert [row["SO_LUONG"] for row in his.dossier(code).rows("XML2")] == ([left] if left else [])


def test_trap_12_an_undone_settlement_is_no_claim_and_the_one_that_replaces_it_is_the_same_claim(his: Hospital) -> None:
    code = his.one("exam")
    first = his.dossier(code)
    his.sql("UPDATE QuyetToan SET ThoiGianHuy = '2026-11-22 10:00:00' WHERE LuotDen_Id = ?", [his.key(code)])
    assert Purpose.CLAIM not in his.purposes(code)
    his.sql(
        "INSERT INTO QuyetToan (SoXacNhan, LuotDen_Id, Loai, SoTheBHYT, ThoiGianXacNhan, NgayCapNhat) "
        "SELECT SoXacNhan || '2', LuotDen_Id, Loai, SoTheBHYT, '2026-11-22 11:00:00', '2026-11-22 11:00:00' "
        "FROM QuyetToan WHERE LuotDen_Id = ?",
        [his.key(code)],
    )
    his.sql(
        "UPDATE QuyetToan SET HuyBoi_Id = (SELECT MAX(QuyetToan_Id) FROM QuyetToan) "
        "WHERE LuotDen_Id = ? AND ThoiGianHuy IS NOT NULL",
        [his.key(code)],
    )
    his.sql(
        "UPDATE QuyetToanCT SET QuyetToan_Id = (SELECT MAX(QuyetToan_Id) FROM QuyetToan) WHERE QuyetToan_Id IN "
        "(SELECT QuyetToan_Id FROM QuyetToan WHERE LuotDen_Id = ?)",
        [his.key(code)],
    )
    second = his.dossier(code)
    assert second.ma_lk == first.ma_lk
    assert second.header["T_TONGCHI_BV"] == first.header["T_TONGCHI_BV"]
    assert second.header["NGAY_TTOAN"] == "202611221100"


def test_trap_13_a_line_changed_after_settlement_is_noticed_by_its_own_time_stamp(his: Hospital) -> None:
    code = his.one("exam")
    source = his.open()
    known = {e.key: e.content_hash() for e in read_all(source, now=NOW)}
    cursor = source.pull(None, now=NOW).cursor
    his.sql(
        "UPDATE QuyetToanCT SET NguoiBenhCCT = '1.00', NgayCapNhat = '2026-11-22 20:33:00' WHERE QuyetToan_Id = "
        "(SELECT QuyetToan_Id FROM QuyetToan WHERE LuotDen_Id = ?)",
        [his.key(code)],
    )
    again = source.pull(cursor, now=NOW + timedelta(minutes=4)).encounters
    source.close()
    assert [e.row["SoLuotDen"] for e in again if e.content_hash() != known[e.key]] == [code]


@pytest.mark.parametrize("typed", ["80", "80,00", "80%", " 80 "])
def test_trap_16_rates_are_text_here_and_whole_percents_there(his: Hospital, typed: str) -> None:
    code = his.one("inpatient")
    his.sql("UPDATE QuyetToanCT SET MucHuong = ?", [typed])
    rows = his.dossier(code).rows("XML3")
    assert {row["MUC_HUONG"] for row in rows} == {"80"}
    assert {row["TYLE_TT_DV"] for row in rows} == {"100"}


@pytest.mark.parametrize("typed", ["I10, E11.9,J45", ";I10;E11.9;J45", "I10;E11.9 J45"])
def test_trap_17_secondary_codes_as_typed_become_a_clean_list(his: Hospital, typed: str) -> None:
    code = his.one("inpatient")
    his.set(code, "HoSoNoiTru", "BenhKem", typed)
    assert his.dossier(code).header["MA_BENH_KT"] == "I10;E11.9;J45"


def test_trap_18_the_slash_of_a_file_number_never_leaves_and_ma_lk_stands_before_admission(his: Hospital) -> None:
    code = his.one("inpatient")
    header = his.dossier(code).header
    assert header["MA_HSBA"] == f"26.{code[-6:]}-NT"
    assert header["MA_LK"] == code
    assert "/" not in header["MA_HSBA"] + header["MA_LK"]


def test_trap_19_a_drug_and_a_service_of_the_same_number_are_never_mixed(his: Hospital) -> None:
    code = his.one("exam_sick_leave")
    dossier = his.dossier(code)
    names = dict(his.sql("SELECT MaBhyt, Ten FROM dm_DuocPham")) | dict(his.sql("SELECT MaQuyDinh, Ten FROM dm_DichVu"))
    services = {row[0] for row in his.sql("SELECT DichVu_Id FROM dm_DichVu")}
    assert services & {row[0] for row in his.sql("SELECT Duoc_Id FROM dm_DuocPham")}
    assert all(names[row["MA_THUOC"]] == row["TEN_THUOC"] for row in dossier.rows("XML2"))
    assert all(row["MA_DICH_VU"] in names and not row["MA_VAT_TU"] for row in dossier.rows("XML3"))


def test_trap_21_a_name_in_tcvn3_from_the_previous_system_is_converted(his: Hospital) -> None:
    code = his.one("exam")
    data, lost = encode("Nguyễn Thị Hường", "tcvn3")
    assert not lost
    his.sql(
        "UPDATE BenhNhan SET HoTen = '', HoTenCu = ? WHERE BenhNhan_Id = "
        "(SELECT BenhNhan_Id FROM LuotDen WHERE SoLuotDen = ?)",
        [data, code],
    )
    assert his.dossier(code).header["HO_TEN"] == "Nguyễn Thị Hường"


@pytest.mark.parametrize("value", ["<0,5", "Âm tính", "1.234,5"])
def test_trap_23_a_laboratory_value_is_kept_as_it_stands(his: Hospital, value: str) -> None:
    code = his.one("exam_sick_leave")
    his.set(code, "KetQuaCT", "GiaTri", value)
    assert {row["GIA_TRI"] for row in his.dossier(code).rows("XML4") if row["MA_CHI_SO"]} == {value}


def test_trap_25_a_doctor_without_a_licence_is_named_by_a_rule(his: Hospital) -> None:
    code = his.one("exam")
    his.set(code, "QuyetToanCT", "MaBacSi", None)
    assert "X3-REQ-003" in his.rules(code)


def test_trap_27_a_patient_merged_into_another_goes_by_the_code_that_was_kept(his: Hospital) -> None:
    gone, kept = his.one("exam"), his.one("chronic_drugs")
    other = his.sql("SELECT BenhNhan_Id FROM LuotDen WHERE SoLuotDen = ?", [kept])[0][0]
    his.set(gone, "BenhNhan", "DaGop_Id", other)
    assert his.dossier(gone).header["MA_BN"] == his.dossier(kept).header["MA_BN"]


def test_trap_28_an_uninsured_visit_goes_to_the_book_only(his: Hospital) -> None:
    code = his.one("uninsured_exam")
    assert his.purposes(code) == {Purpose.BOOK}
    assert his.dossier(code, Purpose.BOOK).header["MA_DOITUONG_KCB"] == "9"


def test_trap_30_a_renamed_table_is_named_before_anything_is_read(his: Hospital) -> None:
    his.sql("ALTER TABLE GiayHen RENAME TO GiayHenKham")
    source = his.open()
    with pytest.raises(SourceSchemaError, match=r"(?i)GiayHen"):
        source.preflight()
    source.close()
