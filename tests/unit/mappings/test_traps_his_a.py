"""More traps of a real HIS, sprung on demo HIS A; the rest stands in test_demo_his_a.py. Numbers as in docs/demo.md."""

from __future__ import annotations

import shutil
import unicodedata
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from adapter.demo.his_b import traps
from adapter.demo.seed import seed_his_a
from adapter.dossier.model import Purpose
from adapter.errors import MappingError, SourceUnreachable
from adapter.mapping import load_mapping
from adapter.mapping.plan import Plan
from adapter.mapping.readiness import Due
from adapter.resources import shipped
from adapter.text.charset import encode
from tests.support.demo_hospital import NOW, Hospital
from tests.support.demo_world import FACILITY, read_all

LINE = (
    "INSERT INTO QuyetToanCT (QuyetToan_Id, LoaiNguon, Nguon_Id, NoiDung_Id, SoLuong, DonGiaBV, DonGiaBH, BHYTTra, "
    "NguoiBenhCCT, TyLeTT, MucHuong, MaKhoa, MaBacSi, NgayYL, NgayCapNhat) "
)


@pytest.fixture(scope="module")
def plan() -> Plan:
    return load_mapping(shipped("mappings") / "demo-his-a" / "mapping.yaml")


@pytest.fixture(scope="module")
def sown(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("traps-a") / "his.db"
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


def test_trap_04_a_newborn_keeps_the_minute_of_birth_its_temporary_card_and_its_mothers_address(his: Hospital) -> None:
    code = his.one("newborn")
    header = his.dossier(code).header
    assert len(header["NGAY_SINH"]) == 12
    assert not header["NGAY_SINH"].endswith("0000")
    assert (header["MA_THE_BHYT"][:5], header["MA_DKBD"]) == ("TE101", "01000")
    assert (
        header["DIA_CHI"]
        == his.sql(
            "SELECT p.SoNha FROM BenhNhan p JOIN LuotDen l ON l.BenhNhan_Id = p.BenhNhan_Id WHERE l.SoLuotDen = ?",
            [code],
        )[0][0]
    )
    his.set(code, "LuotDen", "SoTheBHYT", None)
    assert Purpose.CLAIM not in his.purposes(code)  # no card at all: to the health book, nothing is invented


@pytest.mark.parametrize(
    ("stored", "sent", "rule"),
    [
        ("   ", "", None),
        ("000000000", "000000000", None),
        ("012345678", "012345678", None),
        ("B0000001", "B0000001", None),
        ("12AB", "12AB", "X1-FMT-005"),
    ],
    ids=["blanks", "zeros", "nine digits", "passport", "junk"],
)
def test_trap_05_a_junk_identity_is_kept_emptied_or_named_but_never_invented(
    his: Hospital, stored: str, sent: str, rule: str | None
) -> None:
    code = his.one("exam")
    his.set(code, "BenhNhan", "SoGiayTo", stored)
    assert his.dossier(code).header["SO_CCCD"] == sent
    assert (rule in his.rules(code)) is (rule is not None)


@pytest.mark.parametrize(("days", "suffix"), [(-1, ""), (1, ".CU")], ids=["changed before", "changed after"])
def test_trap_08_a_stay_across_a_code_change_takes_the_code_in_force_at_settlement(
    his: Hospital, days: int, suffix: str
) -> None:
    code = his.one("surgery")
    settled = his.sql("SELECT ThoiGianXacNhan FROM QuyetToan WHERE LuotDen_Id = ?", [his.key(code)])[0][0]
    changed = his.sql("SELECT datetime(?, ?)", [settled, f"{days} minutes"])[0][0]
    his.sql("UPDATE dm_DichVu SET NgayDoiMa = ?", [changed])
    services = [row["MA_DICH_VU"] for row in his.dossier(code).rows("XML3") if not row["MA_VAT_TU"]]
    assert {service.endswith(".CU") for service in services} == {bool(suffix)}


def test_trap_09_a_cancelled_order_and_its_results_leave_no_trace_in_rows_and_totals(his: Hospital) -> None:
    code = his.one("exam_sick_leave")
    before = his.dossier(code)
    his.sql(
        "INSERT INTO ChiDinh (LuotDen_Id, ThoiGianYeuCau, BacSi_Id, NoiYeuCau_Id, NoiThucHien_Id, Huy) "
        "SELECT LuotDen_Id, ThoiGianYeuCau, BacSi_Id, NoiYeuCau_Id, NoiThucHien_Id, 1 "
        "FROM ChiDinh WHERE LuotDen_Id = ?",
        [his.key(code)],
    )
    his.sql(
        "INSERT INTO ChiDinhCT (ChiDinh_Id, DichVu_Id, SoLuong, Huy) "
        "SELECT MAX(ChiDinh_Id), 9, '1.000', NULL FROM ChiDinh"
    )
    his.sql(
        "INSERT INTO KetQua (ChiDinh_Id, ChiDinhCT_Id, MoTa, DaDuyet) "
        "SELECT MAX(c.ChiDinh_Id), MAX(t.ChiDinhCT_Id), 'x', 1 FROM ChiDinh c, ChiDinhCT t"
    )
    assert his.dossier(code).tables == before.tables


@pytest.mark.parametrize("batch", [1, 5, 8, 39, 40])
def test_trap_14_equal_time_stamps_at_a_batch_border_lose_and_double_nothing(his: Hospital, batch: int) -> None:
    for table in ("LuotDen", "QuyetToan", "HoSoNoiTru", "QuyetToanCT", "BenhNhan"):
        his.sql(f"UPDATE {table} SET NgayCapNhat = '2026-11-22 20:00:00'")
    source = his.open(batch_size=batch, look_back_minutes=0)
    keys: list[str] = []
    cursor = None
    while True:
        read = source.pull(cursor, now=NOW)
        keys.extend(e.key for e in read.encounters)
        cursor = read.cursor
        if read.done:
            break
    source.close()
    assert len(keys) == 40
    assert set(keys) == {str(row[0]) for row in his.sql("SELECT LuotDen_Id FROM LuotDen")}


def test_trap_15_a_row_committed_late_with_an_early_time_stamp_is_found_by_looking_back(his: Hospital) -> None:
    code = his.one("exam")
    key = his.key(code)
    his.sql("UPDATE LuotDen SET Huy = 1 WHERE LuotDen_Id = ?", [key])
    source = his.open(look_back_minutes=10)
    newest = max(e.stamp for e in read_all(source, now=NOW))
    cursor = source.pull(None, now=NOW).cursor
    early = his.sql("SELECT datetime(?, '-5 minutes')", [newest])[0][0]
    his.sql("UPDATE LuotDen SET Huy = NULL, NgayCapNhat = ? WHERE LuotDen_Id = ?", [early, key])
    his.sql("UPDATE QuyetToan SET NgayCapNhat = ? WHERE LuotDen_Id = ?", [early, key])
    his.sql(
        "UPDATE BenhNhan SET NgayCapNhat = ? "
        "WHERE BenhNhan_Id = (SELECT BenhNhan_Id FROM LuotDen WHERE LuotDen_Id = ?)",
        [early, key],
    )
    found = [e.row["SoLuotDen"] for e in source.pull(cursor, now=NOW).encounters]
    source.close()
    assert code in found


def _more_lines(his: Hospital, code: str, count: int, price: str, amount: str) -> None:
    """More dispensed drugs and bill lines like the first one of the encounter."""
    visit = his.key(code)
    first = (
        "SELECT t.* FROM QuyetToanCT t JOIN QuyetToan q ON q.QuyetToan_Id = t.QuyetToan_Id WHERE q.LuotDen_Id = ? "
        "AND t.LoaiNguon = 'X' ORDER BY t.QuyetToanCT_Id LIMIT 1"
    )
    numbers = "WITH RECURSIVE n(k) AS (SELECT 1 UNION ALL SELECT k + 1 FROM n WHERE k < ?) "
    his.sql(
        f"{numbers} INSERT INTO XuatKho (XuatKho_Id, Duoc_Id, SoLuong, TT_Thau, ThoiGianXuat) "
        f"SELECT 2000000 + k, x.Duoc_Id, ?, x.TT_Thau, x.ThoiGianXuat FROM n, ({first}) t "
        "JOIN XuatKho x ON x.XuatKho_Id = t.Nguon_Id",
        [count, amount, visit],
    )
    his.sql(
        f"{numbers} {LINE} SELECT t.QuyetToan_Id, 'X', 2000000 + k, t.NoiDung_Id, ?, ?, ?, '1.00', '0.00', '100', "
        f"'100', t.MaKhoa, t.MaBacSi, datetime(t.NgayYL, k || ' seconds'), t.NgayCapNhat FROM n, ({first}) t",
        [count, amount, price, price, visit],
    )


def test_trap_20_a_thousand_lines_are_rounded_half_away_from_zero_each_and_then_added(his: Hospital) -> None:
    code = his.one("exam")
    before = his.dossier(code)
    _more_lines(his, code, 1000, price="10.010", amount="0.500")  # 5.005 each; binary floats give 5.00
    after = his.dossier(code)
    added = len(after.rows("XML2")) - len(before.rows("XML2"))
    assert added == 1000
    assert sorted(row["THANH_TIEN_BV"] for row in after.rows("XML2")).count("5.01") == 1000
    assert Decimal(after.header["T_THUOC"]) == Decimal(before.header["T_THUOC"]) + 1000 * Decimal("5.01")


def test_trap_21_vni_and_decomposed_names_are_composed_and_lost_letters_are_reported(his: Hospital) -> None:
    code = his.one("exam")
    person = "BenhNhan_Id = (SELECT BenhNhan_Id FROM LuotDen WHERE SoLuotDen = ?)"
    name = "Nguyễn Thị Ước Nguyện"
    his.set(code, "BenhNhan", "HoTen", unicodedata.normalize("NFD", name))
    assert his.dossier(code).header["HO_TEN"] == name
    his.set(code, "BenhNhan", "HoTen", "Nguyeãn Vaên An")
    assert his.dossier(code).header["HO_TEN"] == "Nguyễn Văn An"
    his.sql(f"UPDATE BenhNhan SET HoTen = ? WHERE {person}", ["Nguy?n Thị Ước", code])
    encounter = his.read(code)
    found = his.plan.translate_noted(encounter, Due(Purpose.CLAIM), facility=FACILITY, now=NOW)
    assert found.dossier.header["HO_TEN"] == "Nguy?n Thị Ước"
    assert {(note.code, note.field) for note in found.notes} >= {("MAP-LETTERS-LOST", "HO_TEN")}
    data, lost = encode("Trần Thị Hường", "tcvn3")
    assert not lost
    his.sql(f"UPDATE BenhNhan SET HoTen = '', HoTenCu = ? WHERE {person}", [data, code])
    assert his.dossier(code).header["HO_TEN"] == "Trần Thị Hường"


@pytest.mark.parametrize(
    ("stored", "sent"),
    [
        ("{\\rtf1\\ansi\\deff0\\f0 Gan kh\\u244?ng to\\par M\\u7853?t\\par}", "Gan không to\nMật"),
        ("<div><b>Gan</b> &lt; 15 cm<br>Mật ]]&gt; ổn</div>", "Gan < 15 cm\nMật ]]> ổn"),
        ("Gan\x0bkhông to\x00", "Gankhông to"),
    ],
    ids=["rtf", "html", "control characters"],
)
def test_trap_22_reports_become_plain_text_that_xml_can_hold(his: Hospital, stored: str, sent: str) -> None:
    code = his.one("exam_sick_leave")
    his.sql(
        "UPDATE KetQua SET MoTa = ? WHERE MoTa IS NOT NULL AND ChiDinh_Id IN "
        "(SELECT ChiDinh_Id FROM ChiDinh WHERE LuotDen_Id = ?)",
        [stored, his.key(code)],
    )
    assert [row["MO_TA"] for row in his.dossier(code).rows("XML4") if row["KET_LUAN"]] == [sent]


def test_trap_24_late_times_shift_no_day_and_a_result_before_its_order_is_named(his: Hospital) -> None:
    code = his.one("surgery")
    operation = (
        "ChiDinhCT_Id IN (SELECT t.ChiDinhCT_Id FROM ChiDinhCT t JOIN ChiDinh c ON c.ChiDinh_Id = t.ChiDinh_Id "
        "JOIN PhauThuat o ON o.ChiDinhCT_Id = t.ChiDinhCT_Id WHERE c.LuotDen_Id = ?)"
    )
    his.sql(
        f"UPDATE KetQua SET ThoiGianThucHien = '2026-11-18 23:30:00', ThoiGianKetQua = '2026-11-19 01:15:00' "
        f"WHERE {operation}",
        [his.key(code)],
    )
    his.set(code, "HoSoNoiTru", "ThoiGianRa", "2026-11-22 23:59:00")
    dossier = his.dossier(code)
    row = next(row for row in dossier.rows("XML3") if row["MA_NHOM"] == "8")
    assert (row["NGAY_TH_YL"], row["NGAY_KQ"]) == ("202611182330", "202611190115")
    assert dossier.header["NGAY_RA"] == "202611222359"
    his.sql(f"UPDATE KetQua SET ThoiGianKetQua = '2026-11-18 23:00:00' WHERE {operation}", [his.key(code)])
    assert "X3-TIME-003" in his.rules(code)


@pytest.mark.parametrize(("arrived", "district"), [("2026-11-20 08:00:00", ""), ("2025-06-30 08:00:00", "001")])
def test_trap_26_the_district_is_sent_only_while_there_were_districts(
    his: Hospital, arrived: str, district: str
) -> None:
    code = his.one("exam")
    his.sql("INSERT INTO dm_DonViHanhChinh (Dvhc_Id, MaDonVi, Ten, Cap, Cha_Id) VALUES (900, '001', 'Quận cũ', 2, 1)")
    his.set(code, "BenhNhan", "Huyen_Id", 900)
    his.set(code, "LuotDen", "ThoiGianDen", arrived)
    assert his.dossier(code).header["MAHUYEN_CU_TRU"] == district
    his.set(code, "BenhNhan", "Huyen_Id", None)
    assert his.dossier(code).header["MAHUYEN_CU_TRU"] == ""


def test_trap_28_a_line_the_fund_does_not_pay_stays_out_of_the_claim(his: Hospital) -> None:
    code = his.one("exam")
    before = his.dossier(code)
    his.sql(
        "UPDATE QuyetToanCT SET BHYTTra = NULL, NguoiBenhCCT = NULL "
        "WHERE QuyetToanCT_Id = (SELECT MAX(t.QuyetToanCT_Id) FROM QuyetToanCT t "
        "JOIN QuyetToan q ON q.QuyetToan_Id = t.QuyetToan_Id WHERE q.LuotDen_Id = ? "
        "AND t.LoaiNguon = 'X')",
        [his.key(code)],
    )
    after = his.dossier(code)
    assert len(after.rows("XML2")) == len(before.rows("XML2")) - 1
    assert Decimal(after.header["T_THUOC"]) < Decimal(before.header["T_THUOC"])


def test_trap_30_a_dictionary_row_that_is_gone_stops_its_encounter_at_most_and_no_other(his: Hospital) -> None:
    code, other = his.one("exam"), his.one("surgery")
    his.sql("UPDATE dm_DichVu SET NhomBaoCao = 'MOI' WHERE NhomBaoCao = 'PT'")
    with pytest.raises(MappingError, match=r"mapping\.yaml:\d+:\d+.*MA_NHOM"):
        his.dossier(other)
    assert his.dossier(code).rows("XML3")


def test_trap_31_an_encounter_of_three_thousand_lines_is_read_and_mapped_whole(his: Hospital) -> None:
    code = his.one("inpatient")
    before = len(his.dossier(code).rows("XML2"))
    _more_lines(his, code, 3000, price="230.000", amount="1.000")
    dossier = his.dossier(code)
    assert [row["STT"] for row in dossier.rows("XML2")] == [str(n + 1) for n in range(before + 3000)]


def test_trap_32_a_source_that_is_gone_says_so_and_reading_goes_on_where_it_stood(his: Hospital) -> None:
    source = his.open(batch_size=10)
    first = source.pull(None, now=NOW)
    source.close()
    away = his.path.rename(his.path.with_suffix(".away"))
    broken = his.open(batch_size=10)
    with pytest.raises(SourceUnreachable):
        broken.pull(first.cursor, now=NOW)
    broken.close()
    away.rename(his.path)
    again = his.open(batch_size=10, look_back_minutes=0)
    keys = [e.key for e in first.encounters]
    cursor = first.cursor
    while True:
        batch = again.pull(cursor, now=NOW + timedelta(minutes=1))
        keys += [e.key for e in batch.encounters]
        cursor = batch.cursor
        if batch.done:
            break
    again.close()
    assert len(set(keys)) == 40
