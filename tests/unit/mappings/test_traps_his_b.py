"""The traps a real HIS sets, each sprung on demo HIS B; numbers as in docs/demo.md."""

from __future__ import annotations

import shutil
import unicodedata
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from adapter.demo.change import change
from adapter.demo.his_b import traps
from adapter.demo.seed import seed_his_b
from adapter.dossier.model import Purpose
from adapter.errors import MappingError, SourceSchemaError, SourceUnreachable
from adapter.mapping import load_mapping
from adapter.mapping.plan import Plan
from adapter.resources import shipped
from tests.support.demo_hospital import NOW, Hospital
from tests.support.demo_world import check_encounter, read_all


@pytest.fixture(scope="module")
def plan() -> Plan:
    return load_mapping(shipped("mappings") / "demo-his-b" / "mapping.yaml")


@pytest.fixture(scope="module")
def sown(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("traps") / "his.db"
    patch = pytest.MonkeyPatch()
    patch.setattr(traps, "TRAPS", ())  # the tests set the traps themselves
    seed_his_b(path, encounters=40, seed=21, now=NOW, defect_share=0)
    patch.undo()
    return path


@pytest.fixture
def his(sown: Path, tmp_path: Path, plan: Plan) -> Hospital:
    path = tmp_path / "his.db"
    shutil.copyfile(sown, path)
    return Hospital(path, plan, "SELECT ID FROM EPISODE WHERE EPISODE_CODE = ?")


def test_trap_02_a_second_card_in_mid_stay_is_joined_in_four_fields_in_the_same_order(his: Hospital) -> None:
    header = his.dossier(his.one("inpatient_two_cards")).header
    cards = header["MA_THE_BHYT"].split(";")
    assert [card[:3] for card in cards] == ["GD4", "HT3"]
    ends, starts = header["GT_THE_DEN"].split(";"), header["GT_THE_TU"].split(";")
    assert len(header["MA_DKBD"].split(";")) == len(starts) == len(ends) == 2
    assert ends[0] < starts[1]


def test_trap_03_a_birth_year_alone_has_zeros_for_month_and_day_not_1_january(his: Hospital) -> None:
    code = his.one("exam")
    his.set(code, "PATIENT", "DOB", 19510101000000)
    his.set(code, "PATIENT", "HAS_NOT_DAY_DOB", 1)
    assert his.dossier(code).header["NGAY_SINH"] == "195100000000"


def test_trap_04_a_newborn_keeps_the_minute_of_birth_and_its_temporary_card(his: Hospital) -> None:
    header = his.dossier(his.one("newborn")).header
    assert len(header["NGAY_SINH"]) == 12
    assert not header["NGAY_SINH"].endswith("0000")
    assert header["MA_THE_BHYT"].startswith("TE101")
    assert header["MA_DKBD"] == "01000"


@pytest.mark.parametrize(
    ("columns", "sent", "rule"),
    [
        ({"CCCD_NUMBER": "   "}, "", None),
        ({"CCCD_NUMBER": None, "CMND_NUMBER": "000000000"}, "000000000", None),
        ({"CCCD_NUMBER": None, "CMND_NUMBER": "012345678"}, "012345678", None),
        ({"CCCD_NUMBER": None, "PASSPORT_NUMBER": "B0000001"}, "B0000001", None),
        ({"CCCD_NUMBER": "12AB"}, "12AB", "X1-FMT-005"),
    ],
    ids=["blanks", "zeros", "nine digits", "passport", "junk"],
)
def test_trap_05_a_junk_identity_is_kept_emptied_or_named_but_never_invented(
    his: Hospital, columns: dict[str, object], sent: str, rule: str | None
) -> None:
    code = his.one("exam")
    for column, value in columns.items():
        his.set(code, "PATIENT", column, value)
    assert his.dossier(code).header["SO_CCCD"] == sent
    assert (rule in his.rules(code)) is (rule is not None)


@pytest.mark.parametrize(("here", "decree"), [(1, "2"), (2, "1"), (3, "3"), (None, "3")])
def test_trap_06_the_sex_code_of_this_his_is_turned_round(his: Hospital, here: int | None, decree: str) -> None:
    code = his.one("exam")
    his.set(code, "PATIENT", "GENDER_ID", here)
    assert his.dossier(code).header["GIOI_TINH"] == decree


@pytest.mark.parametrize(("shift", "group"), [(-1, "10"), (1, "11")], ids=["admitted after", "admitted before"])
def test_traps_07_and_08_the_code_in_force_at_admission_counts_even_when_it_changes_in_mid_stay(
    his: Hospital, shift: int, group: str
) -> None:
    code = his.one("hernia_mesh")
    admitted = his.sql("SELECT IN_TIME FROM EPISODE WHERE EPISODE_CODE = ?", [code])[0][0]
    his.sql("UPDATE BENEFIT_GROUP SET REG_CODE_FROM = ? WHERE GROUP_CODE = 'VTYT'", [admitted + shift])
    groups = {row["MA_NHOM"] for row in his.dossier(code).rows("XML3") if row["MA_VAT_TU"]}
    assert groups == {group}


@pytest.mark.parametrize("flag", ["IS_DELETE", "IS_NO_EXECUTE", "IS_EXPEND"])
def test_trap_09_a_cancelled_deleted_or_used_up_line_leaves_no_trace_in_rows_and_totals(
    his: Hospital, flag: str
) -> None:
    code = his.one("surgery")
    before = his.dossier(code)
    his.sql(
        f"INSERT INTO SERVED_ITEM (ID, ORDER_ID, TDL_EPISODE_ID, SERVICE_ID, TDL_REG_CODE, TDL_REG_NAME, AMOUNT, "
        f"ORIGINAL_PRICE, PRICE, PAYER_TYPE_ID, {flag}) SELECT ID + 500000, ORDER_ID, TDL_EPISODE_ID, SERVICE_ID, "
        f"TDL_REG_CODE, TDL_REG_NAME, AMOUNT, ORIGINAL_PRICE, PRICE, 1, 1 FROM SERVED_ITEM WHERE TDL_EPISODE_ID = "
        f"(SELECT ID FROM EPISODE WHERE EPISODE_CODE = ?) AND SERVICE_ID IS NOT NULL",
        [code],
    )
    assert his.dossier(code).tables == before.tables


def test_trap_10_a_flag_of_zero_means_the_same_as_null(his: Hospital) -> None:
    code = his.one("inpatient")
    before = his.dossier(code)
    his.sql("UPDATE SERVED_ITEM SET IS_DELETE = 0, IS_NO_EXECUTE = 0, IS_EXPEND = 0 WHERE IS_EXPEND IS NULL")
    his.sql("UPDATE EPISODE SET IS_DELETE = 0")
    his.sql("UPDATE WARD_NOTE SET IS_DELETE = 0")
    assert his.dossier(code).tables == before.tables


def test_trap_11_a_drug_returned_to_the_store_counts_net_and_a_zero_line_is_dropped(his: Hospital) -> None:
    code = his.one("chronic_drugs")
    lines = his.sql(
        "SELECT i.ID FROM SERVED_ITEM i JOIN EPISODE e ON e.ID = i.TDL_EPISODE_ID "
        "WHERE e.EPISODE_CODE = ? AND i.PRODUCT_LOT_ID IS NOT NULL ORDER BY i.ID",
        [code],
    )
    his.sql("UPDATE SERVED_ITEM SET AMOUNT = '0.0000' WHERE ID = ?", lines[0])
    his.sql("UPDATE SERVED_ITEM SET AMOUNT = '7.5000' WHERE ID = ?", lines[1])
    rows = his.dossier(code).rows("XML2")
    assert [row["SO_LUONG"] for row in rows] == ["7.500", "28.000"]


def test_trap_12_a_settlement_undone_and_redone_is_the_same_claim_with_new_content(his: Hospital) -> None:
    code = his.one("exam")
    first = his.dossier(code)
    his.set(code, "EPISODE", "FEE_LOCK_TIME", None)
    assert Purpose.CLAIM not in {d.purpose for d in his.plan.readiness(his.read(code)).due}
    his.set(code, "EPISODE", "ADVISE", "Tái khám sau 5 ngày")
    his.set(code, "EPISODE", "FEE_LOCK_TIME", 20261122202500)
    second = his.dossier(code)
    assert second.ma_lk == first.ma_lk
    assert second.content_hash() != first.content_hash()


def test_trap_13_a_line_changed_after_settlement_is_noticed_by_its_own_time_stamp(his: Hospital) -> None:
    code = his.one("exam")
    source = his.open()
    known = {e.key: e.content_hash() for e in read_all(source, now=NOW)}
    cursor = source.pull(None, now=NOW).cursor
    change(his.path, code, "SERVED_ITEM", "TOTAL_COPAY", "1.0000", now=NOW + timedelta(minutes=3))
    again = source.pull(cursor, now=NOW + timedelta(minutes=4)).encounters
    source.close()
    assert [e.row["EPISODE_CODE"] for e in again if e.content_hash() != known[e.key]] == [code]


@pytest.mark.parametrize("batch", [1, 5, 8, 39, 40])
def test_trap_14_equal_time_stamps_at_a_batch_border_lose_and_double_nothing(his: Hospital, batch: int) -> None:
    his.sql("UPDATE EPISODE SET MODIFY_TIME = 20261122200000, FEE_LOCK_TIME = 20261122200000")
    his.sql("UPDATE SERVED_ITEM SET MODIFY_TIME = 20261122190000")
    his.sql("UPDATE PATIENT SET MODIFY_TIME = 20261122190000")
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
    assert sorted(set(keys)) == sorted(str(row[0]) for row in his.sql("SELECT ID FROM EPISODE"))


def test_trap_15_a_row_committed_late_with_an_early_time_stamp_is_found_by_looking_back(his: Hospital) -> None:
    code = his.one("exam")
    identity = his.sql("SELECT ID, PATIENT_ID FROM EPISODE WHERE EPISODE_CODE = ?", [code])[0]
    his.sql("UPDATE EPISODE SET IS_DELETE = 1 WHERE ID = ?", identity[:1])
    source = his.open(look_back_minutes=10)
    newest = max(e.stamp for e in read_all(source, now=NOW))
    cursor = source.pull(None, now=NOW).cursor
    assert cursor is not None
    early = int(newest) - 500  # five minutes before the newest one read
    his.sql(
        "UPDATE EPISODE SET IS_DELETE = NULL, MODIFY_TIME = ?, FEE_LOCK_TIME = ? WHERE ID = ?",
        [early, early, identity[0]],
    )
    found = [e.row["EPISODE_CODE"] for e in source.pull(cursor, now=NOW).encounters]
    source.close()
    assert code in found


def test_trap_16_a_rate_of_0_8_is_written_as_80(his: Hospital) -> None:
    code = his.one("inpatient")
    his.sql("UPDATE SERVED_ITEM SET HEIN_RATIO = '0.8000'")
    assert {row["MUC_HUONG"] for row in his.dossier(code).rows("XML3")} == {"80"}


@pytest.mark.parametrize("typed", [";I10;E11.9;J45", "I10, E11.9,J45", ";I10 ; E11.9;;J45;", "I10;E11.9;J45;I10"])
def test_trap_17_secondary_codes_as_typed_become_a_clean_list(his: Hospital, typed: str) -> None:
    code = his.one("exam_sick_leave")
    his.set(code, "EPISODE", "ICD_SUB_CODE", typed)
    assert his.dossier(code).header["MA_BENH_KT"] == "I10;E11.9;J45"


def _many_lines(his: Hospital, code: str, count: int, price: str, amount: str) -> None:
    """More lines like the first drug of the encounter."""
    his.sql(
        "WITH RECURSIVE n(k) AS (SELECT 1 UNION ALL SELECT k + 1 FROM n WHERE k < ?) "
        "INSERT INTO SERVED_ITEM (ID, ORDER_ID, TDL_EPISODE_ID, PRODUCT_LOT_ID, BENEFIT_GROUP_ID, TDL_REG_CODE, "
        "TDL_REG_NAME, AMOUNT, ORIGINAL_PRICE, PRICE, PAYER_TYPE_ID, HEIN_RATIO, TOTAL_HEIN_PRICE, TOTAL_COPAY) "
        "SELECT 2000000000 + k, i.ORDER_ID, i.TDL_EPISODE_ID, i.PRODUCT_LOT_ID, i.BENEFIT_GROUP_ID, i.TDL_REG_CODE, "
        "i.TDL_REG_NAME, ?, ?, ?, 1, '1.0000', '0.0000', '0.0000' "
        "FROM n, (SELECT i.* FROM SERVED_ITEM i JOIN EPISODE e ON e.ID = i.TDL_EPISODE_ID "
        "WHERE e.EPISODE_CODE = ? AND i.PRODUCT_LOT_ID IS NOT NULL ORDER BY i.ID LIMIT 1) i",
        [count, amount, price, price, code],
    )


def test_trap_20_a_thousand_lines_are_rounded_half_away_from_zero_each_and_then_added(his: Hospital) -> None:
    code = his.one("exam")
    before = Decimal(his.dossier(code).header["T_THUOC"])
    _many_lines(his, code, 1000, price="10.0100", amount="0.5000")  # 5.005 each; binary floats give 5.00
    after = his.dossier(code)
    assert {row["THANH_TIEN_BV"] for row in after.rows("XML2")[-900:]} <= {"5.01"} | {
        row["THANH_TIEN_BV"] for row in after.rows("XML2")[:10]
    }
    assert Decimal(after.header["T_THUOC"]) == before + 1000 * Decimal("5.01")


def test_trap_21_a_decomposed_name_is_composed(his: Hospital) -> None:
    code = his.one("exam")
    his.set(code, "PATIENT", "VIR_PATIENT_NAME", unicodedata.normalize("NFD", "Nguyễn Thị Ước Nguyện"))
    assert his.dossier(code).header["HO_TEN"] == "Nguyễn Thị Ước Nguyện"


@pytest.mark.parametrize(
    ("stored", "sent"),
    [
        (
            "{\\rtf1\\ansi\\deff0{\\fonttbl{\\f0 Arial;}}\\f0 "
            "Gan kh\\u244?ng to\\par M\\u7853?t b\\u236?nh th\\u432?\\u7901?ng\\par}",
            "Gan không to\nMật bình thường",
        ),
        ("<div><b>Gan</b> &lt; 15 cm<br>Mật ]]&gt; bình thường</div>", "Gan < 15 cm\nMật ]]> bình thường"),
        ("Gan\x0bkhông to\x00", "Gankhông to"),
    ],
    ids=["rtf", "html", "control characters"],
)
def test_trap_22_reports_become_plain_text_that_xml_can_hold(his: Hospital, stored: str, sent: str) -> None:
    code = his.one("exam_sick_leave")
    his.set(code, "ITEM_REPORT", "DESCRIPTION", stored)
    described = [row["MO_TA"] for row in his.dossier(code).rows("XML4") if row["KET_LUAN"]]
    assert described == [sent]


@pytest.mark.parametrize("value", ["<0,5", "Âm tính", "1.234,5", "> 1000", "+++"])
def test_trap_23_a_laboratory_value_is_kept_as_it_stands(his: Hospital, value: str) -> None:
    code = his.one("exam_sick_leave")
    his.set(code, "ITEM_TEST", "RESULT_VALUE", value)
    assert {row["GIA_TRI"] for row in his.dossier(code).rows("XML4") if row["MA_CHI_SO"]} == {value}


def test_trap_24_late_times_shift_no_day_and_a_result_before_its_order_is_named(his: Hospital) -> None:
    code = his.one("surgery")
    his.sql(
        "UPDATE SERVICE_ORDER SET START_TIME = 20261118233000, FINISH_TIME = 20261119011500 WHERE ORDER_TYPE_ID = 4 "
        "AND EPISODE_ID = (SELECT ID FROM EPISODE WHERE EPISODE_CODE = ?)",
        [code],
    )
    his.set(code, "EPISODE", "OUT_TIME", 20261122235900)
    dossier = his.dossier(code)
    operation = next(row for row in dossier.rows("XML3") if row["MA_NHOM"] == "8")
    assert (operation["NGAY_TH_YL"], operation["NGAY_KQ"]) == ("202611182330", "202611190115")
    assert dossier.header["NGAY_RA"] == "202611222359"
    his.sql("UPDATE SERVICE_ORDER SET FINISH_TIME = 20261118230000 WHERE ORDER_TYPE_ID = 4")
    assert "X3-TIME-003" in his.rules(code)


def test_trap_25_a_doctor_without_a_licence_is_named_by_a_rule_and_not_replaced(his: Hospital) -> None:
    code = his.one("exam")
    his.sql(
        "UPDATE STAFF SET DIPLOMA = NULL WHERE LOGINNAME IN (SELECT o.REQUEST_LOGINNAME FROM SERVICE_ORDER o "
        "JOIN EPISODE e ON e.ID = o.EPISODE_ID WHERE e.EPISODE_CODE = ?)",
        [code],
    )
    assert {row["MA_BAC_SI"] for row in his.dossier(code).rows("XML3")} == {""}
    assert "X3-REQ-003" in his.rules(code)


@pytest.mark.parametrize(("arrived", "district"), [(20261120080000, ""), (20250630080000, "001")])
def test_trap_26_the_district_is_sent_only_while_there_were_districts(
    his: Hospital, arrived: int, district: str
) -> None:
    code = his.one("exam")
    his.set(code, "PATIENT", "DISTRICT_CODE", "001")
    his.set(code, "EPISODE", "IN_TIME", arrived)
    assert his.dossier(code).header["MAHUYEN_CU_TRU"] == district


def test_trap_27_a_patient_merged_into_another_goes_by_the_code_that_was_kept(his: Hospital) -> None:
    gone, kept = his.one("exam"), his.one("chronic_drugs")
    patient = his.sql(
        "SELECT p.PATIENT_CODE, p.CCCD_NUMBER FROM PATIENT p JOIN EPISODE e ON e.PATIENT_ID = p.ID "
        "WHERE EPISODE_CODE = ?",
        [kept],
    )[0]
    his.set(gone, "PATIENT", "CCCD_NUMBER", patient[1])
    his.set(gone, "PATIENT", "IS_DELETE", 1)
    assert his.dossier(gone).header["MA_BN"] == his.dossier(kept).header["MA_BN"] == patient[0]


def test_trap_28_an_uninsured_visit_goes_to_the_book_and_a_self_paid_line_stays_out_of_the_claim(his: Hospital) -> None:
    book = his.dossier(his.one("uninsured_exam"), Purpose.BOOK)
    assert set(book.tables) == {"XML1", "XML8"}
    assert book.header["MA_DOITUONG_KCB"] == "9"
    code = his.one("exam")
    before = his.dossier(code)
    his.sql(
        "UPDATE SERVED_ITEM SET PAYER_TYPE_ID = 42 WHERE ID = (SELECT MAX(i.ID) FROM SERVED_ITEM i "
        "JOIN EPISODE e ON e.ID = i.TDL_EPISODE_ID WHERE e.EPISODE_CODE = ? AND i.PRODUCT_LOT_ID IS NOT NULL)",
        [code],
    )
    after = his.dossier(code)
    left = len(before.rows("XML2")) - 1
    assert len(after.rows("XML2")) == left
    assert Decimal(after.header["T_THUOC"]) == Decimal(before.header["T_THUOC"]) - Decimal(
        before.rows("XML2")[-1]["THANH_TIEN_BV"]
    )


def test_trap_29_packages_shared_beds_and_used_up_supplies_follow_their_rules(his: Hospital) -> None:
    surgery = his.dossier(his.one("hernia_mesh"))
    supplies = [row for row in surgery.rows("XML3") if row["MA_VAT_TU"]]
    operation = next(row for row in surgery.rows("XML3") if row["MA_NHOM"] == "8")
    assert {row["GOI_VTYT"] for row in supplies} == {"G1"}
    assert {row["MA_DICH_VU"] for row in supplies} == {operation["MA_DICH_VU"]}
    assert "N02.03.030" not in {row["MA_VAT_TU"] for row in supplies}  # gauze, used up by the operation
    mesh = next(row for row in supplies if row["T_TRANTT"])
    assert Decimal(mesh["DON_GIA_BH"]) == Decimal(mesh["T_TRANTT"]) < Decimal(mesh["DON_GIA_BV"])
    his.sql("UPDATE SERVED_ITEM SET PRICE = '142650.0000', SHARE_COUNT = 2 WHERE BED_CODE IS NOT NULL")
    his.sql("UPDATE SERVED_ITEM SET ORIGINAL_PRICE = '285300.0000' WHERE BED_CODE IS NOT NULL")
    beds = [row for row in his.dossier(his.one("inpatient")).rows("XML3") if row["MA_GIUONG"]]
    assert {(row["TYLE_TT_DV"], row["THANH_TIEN_BV"]) for row in beds} == {("50", "142650.00")}


def test_trap_29_the_second_stent_has_its_own_row_and_its_own_level_and_is_pointed_at(his: Hospital) -> None:
    code = his.one("coronary_stent")
    dossier = his.dossier(code)
    stents = [row for row in dossier.rows("XML3") if row["MA_VAT_TU"] == "N06.02.020"]
    orders = his.sql(
        "SELECT i.STENT_ORDER FROM SERVED_ITEM i JOIN EPISODE e ON e.ID = i.TDL_EPISODE_ID WHERE e.EPISODE_CODE = ? "
        "AND i.STENT_ORDER IS NOT NULL ORDER BY i.ID",
        [code],
    )
    assert orders == [(1,), (2,)]
    assert [row["T_TRANTT"] for row in stents] == ["36000000.00", "18000000.00"]
    assert [row["DON_GIA_BH"] for row in stents] == ["36000000.000", "18000000.000"]
    assert {(row["GOI_VTYT"], row["SO_LUONG"]) for row in stents} == {("G1", "1.000")}
    assert all(Decimal(row["T_BHTT"]) <= Decimal(row["T_TRANTT"]) for row in stents)
    report = next(c.report for c in check_encounter(his.plan, his.read(code), now=NOW) if c.dossier == dossier)
    assert "X3-CLIN-003" in {finding.rule for finding in report.findings}


def test_trap_30_a_missing_column_is_named_before_anything_is_read(his: Hospital) -> None:
    his.sql("ALTER TABLE VITAL DROP COLUMN WEIGHT")
    source = his.open()
    with pytest.raises(SourceSchemaError, match=r"(?i)vitals.*weight"):
        source.preflight()
    source.close()


def test_trap_30_a_code_missing_in_a_lookup_stops_its_encounter_and_no_other(his: Hospital) -> None:
    code = his.one("exam")
    his.set(code, "EPISODE", "END_TYPE_ID", 77)
    with pytest.raises(MappingError, match=r"mapping\.yaml:\d+:\d+.*MA_LOAI_RV"):
        his.dossier(code)
    assert his.dossier(his.one("child_exam")).header["MA_LOAI_RV"] == "1"


def test_trap_31_an_encounter_of_three_thousand_lines_is_read_and_mapped_whole(his: Hospital) -> None:
    code = his.one("inpatient")
    before = len(his.dossier(code).rows("XML2"))
    _many_lines(his, code, 3000, price="230.0000", amount="1.0000")
    dossier = his.dossier(code)
    assert len(dossier.rows("XML2")) == before + 3000
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
    rest = {e.key for e in first.encounters}
    cursor = first.cursor
    while True:
        batch = again.pull(cursor, now=NOW)
        rest |= {e.key for e in batch.encounters}
        cursor = batch.cursor
        if batch.done:
            break
    again.close()
    assert len(rest) == 40
