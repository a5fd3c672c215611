"""The traps a real HIS sets, each sprung on demo HIS C with its monthly schemas; numbers as in docs/demo.md."""

from __future__ import annotations

import shutil
import sqlite3
import unicodedata
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from adapter.clock import VIETNAM
from adapter.demo.his_b import traps
from adapter.demo.his_c.months import month_names
from adapter.demo.seed import seed_his_c
from adapter.dossier.model import Dossier, Purpose
from adapter.errors import MappingError, SourceSchemaError, SourceUnreachable
from adapter.mapping import load_mapping
from adapter.mapping.plan import Plan
from adapter.resources import shipped
from adapter.settings import SourceSettings
from adapter.source import SourceEncounter
from connectors.base import PullSource, open_source
from tests.support.demo_world import FACILITY, check_encounter, read_all

NOW = datetime(2026, 12, 3, 9, 0, tzinfo=VIETNAM)
MONTHS = ("hisc1126", "hisc1226")
COUNT = 40


class Monthly:
    """A sown demo HIS C that a test may spoil with SQL; ``{m}`` in a statement stands for the encounter's month."""

    def __init__(self, path: Path, plan: Plan) -> None:
        self.path, self.plan = path, plan

    def sql(self, statement: str, values: tuple[object, ...] = ()) -> list[Any]:
        connection = sqlite3.connect(self.path)
        try:
            with connection:
                return connection.execute(statement, values).fetchall()
        finally:
            connection.close()

    def everywhere(self, statement: str, values: tuple[object, ...] = ()) -> None:
        for month in MONTHS:
            self.sql(statement.replace("{m}", month), values)

    def one(self, kind: str) -> int:
        return int(self.sql("SELECT MIN(EPISODE_CODE) FROM DEMO_KIND WHERE KIND = ?", (kind,))[0][0])

    def register(self, number: int, column: str, value: object) -> None:
        self.everywhere(f"UPDATE {{m}}_dangky SET {column} = ? WHERE maql = ?", (value, number))

    def person(self, number: int, column: str, value: object) -> None:
        found = [r for m in MONTHS for r in self.sql(f"SELECT mabn FROM {m}_dangky WHERE maql = ?", (number,))]
        self.sql(f"UPDATE hisc_nguoibenh SET {column} = ? WHERE mabn = ?", (value, found[0][0]))

    def open(self, **settings: Any) -> PullSource:
        return open_source(self.plan.source, SourceSettings(url=f"sqlite:///{self.path}", **settings))

    def all(self, **settings: Any) -> list[SourceEncounter]:
        source = self.open(**settings)
        try:
            return list(read_all(source, now=NOW))
        finally:
            source.close()

    def read(self, number: int) -> SourceEncounter:
        return next(e for e in self.all() if e.key == str(number))

    def dossier(self, number: int, purpose: Purpose = Purpose.CLAIM) -> Dossier:
        encounter = self.read(number)
        due = next(d for d in self.plan.readiness(encounter).due if d.purpose is purpose)
        return self.plan.translate(encounter, due, facility=FACILITY, now=NOW)

    def purposes(self, number: int) -> set[Purpose]:
        return {due.purpose for due in self.plan.readiness(self.read(number)).due}

    def rules(self, number: int) -> set[str]:
        return {rule for c in check_encounter(self.plan, self.read(number), now=NOW) for rule in c.rules()}


@pytest.fixture(scope="module")
def plan() -> Plan:
    return load_mapping(shipped("mappings") / "demo-his-c" / "mapping.yaml")


@pytest.fixture(scope="module")
def sown(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("traps-c") / "his.db"
    patch = pytest.MonkeyPatch()
    patch.setattr(traps, "TRAPS", ())  # the tests set the traps themselves
    seed_his_c(path, encounters=COUNT, seed=21, now=NOW, defect_share=0)
    patch.undo()
    return path


@pytest.fixture
def his(sown: Path, tmp_path: Path, plan: Plan) -> Monthly:
    path = tmp_path / "his.db"
    shutil.copyfile(sown, path)
    return Monthly(path, plan)


def test_trap_02_a_second_card_in_mid_stay_is_joined_in_four_fields_in_the_same_order(his: Monthly) -> None:
    header = his.dossier(his.one("inpatient_two_cards")).header
    assert [card[:3] for card in header["MA_THE_BHYT"].split(";")] == ["GD4", "HT3"]
    starts, ends = header["GT_THE_TU"].split(";"), header["GT_THE_DEN"].split(";")
    assert len(header["MA_DKBD"].split(";")) == len(starts) == len(ends) == 2
    assert ends[0] < starts[1]


@pytest.mark.parametrize(
    ("day", "sent"), [("", "195100000000"), (None, "195100000000"), ("17/05/1951", "195105170000")]
)
def test_trap_03_a_birth_year_alone_has_zeros_and_a_typed_day_is_read_day_first(
    his: Monthly, day: str | None, sent: str
) -> None:
    number = his.one("exam")
    his.person(number, "ngaysinh", day)
    his.person(number, "namsinh", 1951)
    assert his.dossier(number).header["NGAY_SINH"] == sent


@pytest.mark.parametrize(
    ("stored", "sent", "rule"),
    [
        ("   ", "", None),
        ("000000000", "000000000", None),
        ("B0000001", "B0000001", None),
        ("12AB", "12AB", "X1-FMT-005"),
    ],
)
def test_trap_05_a_junk_identity_is_kept_emptied_or_named_but_never_invented(
    his: Monthly, stored: str, sent: str, rule: str | None
) -> None:
    number = his.one("exam")
    his.person(number, "cmnd", stored)
    assert his.dossier(number).header["SO_CCCD"] == sent
    assert (rule in his.rules(number)) is (rule is not None)


@pytest.mark.parametrize(("here", "decree"), [(0, "1"), (1, "2"), (9, "3"), (None, "3")])
def test_trap_06_sex_codes_that_begin_at_zero_become_the_decrees(his: Monthly, here: int | None, decree: str) -> None:
    number = his.one("exam")
    his.person(number, "phai", here)
    assert his.dossier(number).header["GIOI_TINH"] == decree


@pytest.mark.parametrize("spoil", ["huy = 1", "done = 0", "haophi = 1"])
def test_trap_09_a_cancelled_not_done_or_used_up_order_is_no_cost(his: Monthly, spoil: str) -> None:
    number = his.one("open_exam")
    assert his.purposes(number) == {Purpose.CHECKIN}
    his.everywhere(f"UPDATE {{m}}_chidinh SET {spoil} WHERE maql = ?", (number,))
    assert his.purposes(number) == set()


def test_trap_10_a_flag_of_zero_means_the_same_as_null(his: Monthly) -> None:
    number = his.one("inpatient")
    before = his.dossier(number)
    for table, flag in (("dangky", "huy"), ("chidinh", "huy"), ("chidinh", "haophi"), ("thanhtoan", "huy")):
        his.everywhere(f"UPDATE {{m}}_{table} SET {flag} = 0 WHERE {flag} IS NULL")
    assert his.dossier(number).tables == before.tables


@pytest.mark.parametrize(("returned", "left"), [("3.000", "7.000"), ("10.000", None)])
def test_trap_11_a_refund_in_a_later_month_counts_net_and_a_zero_line_is_dropped(
    his: Monthly, returned: str, left: str | None
) -> None:
    number = his.one("exam_extra_cost")
    rows = [row for row in his.dossier(number).rows("XML2") if row["TYLE_TT_BH"] != "0"]
    assert [row["SO_LUONG"] for row in rows] == ["10.000"]
    line = next(
        r
        for m in MONTHS
        for r in his.sql(
            f"SELECT c.idchidinh, c.bhyttra FROM {m}_thanhtoanct c JOIN hisc_duoc d ON d.mavp = c.mavp "
            "WHERE c.maql = ? AND d.loai = 1 AND c.tyle <> '0'",
            (number,),
        )
    )
    his.sql(
        "INSERT INTO hisc1226_hoantra (maql, sobienlai, idchidinh, soluong, bhyttra, cungchitra, ngay) "
        "VALUES (?, 'X', ?, ?, '100.00', '0.00', '2026-12-02 08:00:00')",
        (number, line[0], returned),
    )
    after = [row for row in his.dossier(number).rows("XML2") if row["TYLE_TT_BH"] != "0"]
    assert [row["SO_LUONG"] for row in after] == ([left] if left else [])
    if left:
        assert Decimal(after[0]["T_BHTT"]) == Decimal(line[1]) - 100


def test_trap_12_a_cancelled_receipt_is_no_claim_and_a_new_one_is_the_same_claim(his: Monthly) -> None:
    number = his.one("exam")
    first = his.dossier(number)
    his.everywhere("UPDATE {m}_thanhtoan SET huy = 1 WHERE maql = ?", (number,))
    assert Purpose.CLAIM not in his.purposes(number)
    old = next(r for m in MONTHS for r in his.sql(f"SELECT '{m}', id FROM {m}_thanhtoan WHERE maql = ?", (number,)))
    his.sql("INSERT INTO hisc1226_thanhtoan VALUES (900000, ?, 'MOI', '2026-12-03 08:00:00', NULL)", (number,))
    columns = "maql, idchidinh, mavp, ngay, soluong, dongia, dongiabh, tyle, muchuong, bhyttra, cungchitra, madoituong"
    his.sql(
        f"INSERT INTO hisc1226_thanhtoanct (idthanhtoan, {columns}) SELECT 900000, {columns} FROM {old[0]}_thanhtoanct "
        "WHERE idthanhtoan = ?",
        (old[1],),
    )
    second = his.dossier(number)
    assert second.ma_lk == first.ma_lk == str(number)
    assert second.header["T_TONGCHI_BV"] == first.header["T_TONGCHI_BV"]
    assert second.header["NGAY_TTOAN"] == "202612030800"


def test_trap_13_a_change_after_payment_is_noticed_by_the_registrations_stamp(his: Monthly) -> None:
    number = his.one("exam")
    source = his.open()
    known = {e.key: e.content_hash() for e in read_all(source, now=NOW)}
    cursor = source.pull(None, now=NOW).cursor
    his.everywhere("UPDATE {m}_thanhtoanct SET cungchitra = '1.00' WHERE maql = ?", (number,))
    his.register(number, "ngayud", "2026-12-03 09:03:00")
    again = source.pull(cursor, now=NOW + timedelta(minutes=4)).encounters
    source.close()
    assert [e.key for e in again if e.content_hash() != known[e.key]] == [str(number)]


@pytest.mark.parametrize("batch", [1, 7, 39, 40])
def test_trap_14_equal_time_stamps_at_a_batch_border_and_over_months_lose_and_double_nothing(
    his: Monthly, batch: int
) -> None:
    his.everywhere("UPDATE {m}_dangky SET ngayud = '2026-12-03 08:00:00'")
    his.sql("UPDATE hisc_nguoibenh SET ngayud = '2026-12-03 08:00:00'")
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
    assert len(keys) == len(set(keys)) == COUNT


def test_trap_15_a_row_committed_late_with_an_early_time_stamp_is_found_by_looking_back(his: Monthly) -> None:
    number = his.one("exam")
    his.register(number, "huy", 1)
    source = his.open(look_back_minutes=10)
    newest = max(e.stamp for e in read_all(source, now=NOW))
    cursor = source.pull(None, now=NOW).cursor
    early = his.sql("SELECT datetime(?, '-5 minutes')", (newest,))[0][0]
    his.register(number, "huy", None)
    his.register(number, "ngayud", early)
    his.person(number, "ngayud", early)
    found = [e.key for e in source.pull(cursor, now=NOW).encounters]
    source.close()
    assert str(number) in found


@pytest.mark.parametrize("typed", [";I10;E11.9;J45", "I10, E11.9,J45", ";I10 ; E11.9;;J45;"])
def test_trap_17_secondary_codes_as_typed_become_a_clean_list(his: Monthly, typed: str) -> None:
    number = his.one("exam_sick_leave")
    his.register(number, "maicdkem", typed)
    assert his.dossier(number).header["MA_BENH_KT"] == "I10;E11.9;J45"


def test_trap_20_a_thousand_lines_are_rounded_half_away_from_zero_each_and_then_added(his: Monthly) -> None:
    number = his.one("exam")
    before = his.dossier(number)
    _more_lines(his, number, 1000, price="10.010", amount="0.500")  # 5.005 each; binary floats give 5.00
    after = his.dossier(number)
    assert len(after.rows("XML2")) == len(before.rows("XML2")) + 1000
    assert Decimal(after.header["T_THUOC"]) == Decimal(before.header["T_THUOC"]) + 1000 * Decimal("5.01")


def _more_lines(his: Monthly, number: int, count: int, price: str, amount: str) -> None:
    """More bill lines like the first drug of the encounter."""
    month = next(m for m in MONTHS if his.sql(f"SELECT 1 FROM {m}_thanhtoan WHERE maql = ?", (number,)))
    his.sql(
        "WITH RECURSIVE n(k) AS (SELECT 1 UNION ALL SELECT k + 1 FROM n WHERE k < ?) "
        f"INSERT INTO {month}_thanhtoanct (idthanhtoan, maql, idchidinh, mavp, ngay, soluong, dongia, dongiabh, tyle, "
        "muchuong, bhyttra, cungchitra, madoituong) "
        "SELECT c.idthanhtoan, c.maql, c.idchidinh, c.mavp, c.ngay, ?, ?, ?, '100', '100', '0.00', '0.00', 1 "
        f"FROM n, (SELECT c.* FROM {month}_thanhtoanct c "
        "JOIN hisc_duoc d ON d.mavp = c.mavp WHERE c.maql = ? AND d.loai = 1 ORDER BY c.id LIMIT 1) c",
        (count, amount, price, price, number),
    )


def test_trap_21_vni_and_decomposed_names_are_composed_and_lost_letters_are_reported(his: Monthly) -> None:
    number = his.one("exam")
    his.person(number, "hoten", "Nguyeãn Vaên An")
    assert his.dossier(number).header["HO_TEN"] == "Nguyễn Văn An"
    his.person(number, "hoten", unicodedata.normalize("NFD", "Nguyễn Thị Ước"))
    assert his.dossier(number).header["HO_TEN"] == "Nguyễn Thị Ước"
    his.person(number, "hoten", "Nguy?n Thị Ước")
    encounter = his.read(number)
    due = next(d for d in his.plan.readiness(encounter).due if d.purpose is Purpose.CLAIM)
    notes = his.plan.translate_noted(encounter, due, facility=FACILITY, now=NOW).notes
    assert ("MAP-LETTERS-LOST", "HO_TEN") in {(note.code, note.field) for note in notes}


@pytest.mark.parametrize(
    ("stored", "sent"),
    [
        ("{\\rtf1\\ansi\\deff0\\f0 Gan kh\\u244?ng to\\par M\\u7853?t\\par}", "Gan không to\nMật"),
        ("<div><b>Gan</b> &lt; 15 cm<br>Mật ]]&gt; ổn</div>", "Gan < 15 cm\nMật ]]> ổn"),
        ("Gan\x0bkhông to\x00", "Gankhông to"),
    ],
    ids=["rtf", "html", "control characters"],
)
def test_trap_22_reports_become_plain_text_that_xml_can_hold(his: Monthly, stored: str, sent: str) -> None:
    number = his.one("exam_sick_leave")
    his.everywhere("UPDATE {m}_baocao SET mota = ? WHERE maql = ?", (stored, number))
    assert [row["MO_TA"] for row in his.dossier(number).rows("XML4") if row["KET_LUAN"]] == [sent]


@pytest.mark.parametrize("value", ["<0,5", "Âm tính", "1.234,5"])
def test_trap_23_a_laboratory_value_is_kept_as_it_stands(his: Monthly, value: str) -> None:
    number = his.one("exam_sick_leave")
    his.everywhere("UPDATE {m}_ketqua SET giatri = ? WHERE maql = ?", (value, number))
    assert {row["GIA_TRI"] for row in his.dossier(number).rows("XML4") if row["MA_CHI_SO"]} == {value}


def test_trap_24_midnight_and_the_months_border_shift_no_day_and_a_result_before_its_order_is_named(
    his: Monthly,
) -> None:
    number = his.one("surgery")
    where = "maql = ? AND tuongtrinh IS NOT NULL"
    his.everywhere(
        f"UPDATE {{m}}_chidinh SET ngayth = '2026-11-30 23:30:00', ngaykq = '2026-12-01 01:15:00' WHERE {where}",
        (number,),
    )
    his.register(number, "ngayra", "2026-12-02 23:59:00")
    dossier = his.dossier(number)
    row = next(row for row in dossier.rows("XML3") if row["MA_NHOM"] == "8")
    assert (row["NGAY_TH_YL"], row["NGAY_KQ"]) == ("202611302330", "202612010115")
    assert dossier.header["NGAY_RA"] == "202612022359"
    his.everywhere(f"UPDATE {{m}}_chidinh SET ngaykq = '2026-11-30 23:00:00' WHERE {where}", (number,))
    assert "X3-TIME-003" in his.rules(number)


def test_trap_25_a_doctor_without_a_licence_is_named_by_a_rule(his: Monthly) -> None:
    number = his.one("exam")
    his.sql("UPDATE hisc_bacsi SET chungchi = NULL")
    assert {row["MA_BAC_SI"] for row in his.dossier(number).rows("XML3")} == {""}
    assert "X3-REQ-003" in his.rules(number)


@pytest.mark.parametrize(("arrived", "district"), [("2026-11-20 08:00:00", ""), ("2025-06-30 08:00:00", "001")])
def test_trap_26_the_district_is_sent_only_while_there_were_districts(
    his: Monthly, arrived: str, district: str
) -> None:
    number = his.one("uninsured_exam")
    his.person(number, "maquan", "001")
    his.register(number, "ngay", arrived)
    assert his.dossier(number, Purpose.BOOK).header["MAHUYEN_CU_TRU"] == district


def test_trap_28_an_uninsured_visit_goes_to_the_book_and_a_self_paid_line_stays_out_of_the_claim(his: Monthly) -> None:
    number = his.one("uninsured_exam")
    assert his.purposes(number) == {Purpose.BOOK}
    assert his.dossier(number, Purpose.BOOK).header["MA_DOITUONG_KCB"] == "9"
    insured = his.one("exam")
    before = his.dossier(insured)
    his.everywhere(
        "UPDATE {m}_thanhtoanct SET madoituong = 2 WHERE id = (SELECT MAX(id) FROM {m}_thanhtoanct WHERE maql = ?)",
        (insured,),
    )
    after = his.dossier(insured)
    assert Decimal(after.header["T_TONGCHI_BV"]) < Decimal(before.header["T_TONGCHI_BV"])


def test_trap_29_supplies_belong_to_their_operation_and_used_up_ones_are_not_billed(his: Monthly) -> None:
    dossier = his.dossier(his.one("hernia_mesh"))
    supplies = [row for row in dossier.rows("XML3") if row["MA_VAT_TU"]]
    operation = next(row for row in dossier.rows("XML3") if row["MA_NHOM"] == "8")
    assert {(row["GOI_VTYT"], row["MA_DICH_VU"]) for row in supplies} == {("G1", operation["MA_DICH_VU"])}
    assert "N02.03.030" not in {row["MA_VAT_TU"] for row in supplies}


def test_trap_30_a_missing_month_is_passed_over_a_missing_column_and_a_missing_code_are_named(his: Monthly) -> None:
    assert "hisc1026" not in month_names(NOW.replace(tzinfo=None))
    assert len(his.all()) == COUNT
    number, other = his.one("exam"), his.one("child_exam")
    his.register(number, "ttlucrv", 77)
    with pytest.raises(MappingError, match=r"mapping\.yaml:\d+:\d+.*MA_LOAI_RV"):
        his.dossier(number)
    assert his.dossier(other).header["MA_LOAI_RV"] == "1"
    his.everywhere("ALTER TABLE {m}_baocao DROP COLUMN ketluan")
    source = his.open()
    with pytest.raises(SourceSchemaError, match=r"(?i)baocao.*ketluan"):
        source.preflight()
    source.close()


def test_trap_31_an_encounter_of_three_thousand_lines_is_read_and_mapped_whole(his: Monthly) -> None:
    number = his.one("inpatient")
    before = len(his.dossier(number).rows("XML2"))
    _more_lines(his, number, 3000, price="230.000", amount="1.000")
    assert len(his.dossier(number).rows("XML2")) == before + 3000


def test_trap_32_a_source_that_is_gone_says_so_and_reading_goes_on_where_it_stood(his: Monthly) -> None:
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
    keys = {e.key for e in first.encounters}
    cursor = first.cursor
    while True:
        batch = again.pull(cursor, now=NOW)
        keys |= {e.key for e in batch.encounters}
        cursor = batch.cursor
        if batch.done:
            break
    again.close()
    assert len(keys) == COUNT


def test_an_18_digit_number_beyond_2_to_the_53_arrives_digit_by_digit(his: Monthly) -> None:
    numbers = {row[0] for m in MONTHS for row in his.sql(f"SELECT maql FROM {m}_dangky")}
    assert all(number > 2**53 and len(str(number)) == 18 for number in numbers)
    assert {e.key for e in his.all()} == {str(number) for number in numbers}
    some = his.one("exam")
    assert his.dossier(some).ma_lk == str(some)


def test_seeded_refunds_lie_in_the_month_after_their_payment(tmp_path: Path) -> None:
    seed_his_c(tmp_path / "his.db", encounters=60, seed=4, now=NOW, defect_share=0)
    his = Monthly(tmp_path / "his.db", load_mapping(shipped("mappings") / "demo-his-c" / "mapping.yaml"))
    later = his.sql(
        "SELECT r.maql FROM hisc1226_hoantra r JOIN hisc1126_thanhtoan b ON b.maql = r.maql AND COALESCE(b.huy, 0) = 0"
    )
    assert later
