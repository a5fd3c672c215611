"""The sown hospital: repeatable, in ranges nobody has, inside the time the rules ask for."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from adapter.clock import VIETNAM, from_datetime12
from adapter.demo.defects import catalogue, planted
from adapter.demo.seed import seed_his_b
from adapter.demo.window import window

NOW = datetime(2026, 11, 22, 20, 30, tzinfo=VIETNAM)
MOMENTS = [
    datetime(2027, 1, 1, 0, 0, tzinfo=VIETNAM),
    datetime(2027, 1, 3, 9, 15, tzinfo=VIETNAM),
    datetime(2026, 12, 31, 23, 59, tzinfo=VIETNAM),
    datetime(2027, 2, 28, 23, 0, tzinfo=VIETNAM),
    datetime(2028, 2, 29, 6, 0, tzinfo=VIETNAM),
    datetime(2026, 12, 5, 12, 0, tzinfo=VIETNAM),
    datetime(2026, 12, 6, 12, 0, tzinfo=VIETNAM),
]


@pytest.fixture(scope="module")
def his(tmp_path_factory: pytest.TempPathFactory) -> Iterator[sqlite3.Connection]:
    path = tmp_path_factory.mktemp("his") / "his.db"
    seed_his_b(path, encounters=300, seed=7, now=NOW)
    connection = sqlite3.connect(path)
    connection.row_factory = sqlite3.Row
    yield connection
    connection.close()


def _dump(path: Path) -> list[str]:
    connection = sqlite3.connect(path)
    try:
        return list(connection.iterdump())
    finally:
        connection.close()


def test_same_seed_gives_the_same_hospital_and_another_seed_another(tmp_path: Path) -> None:
    for name, seed in (("a", 3), ("b", 3), ("c", 4)):
        seed_his_b(tmp_path / name, encounters=60, seed=seed, now=NOW)
    assert _dump(tmp_path / "a") == _dump(tmp_path / "b")
    assert _dump(tmp_path / "a") != _dump(tmp_path / "c")


def test_a_seed_plants_the_same_faults_in_the_same_mix_on_whatever_day(tmp_path: Path) -> None:
    days = [*MOMENTS, *(NOW + timedelta(days=7 * week, hours=week) for week in range(5))]
    sown = [seed_his_b(tmp_path / str(n), encounters=60, seed=1, now=now) for n, now in enumerate(days)]
    assert all(one == sown[0] for one in sown)


def test_a_hospital_is_never_sown_over(tmp_path: Path) -> None:
    seed_his_b(tmp_path / "his.db", encounters=1, seed=1, now=NOW)
    with pytest.raises(FileExistsError):
        seed_his_b(tmp_path / "his.db", encounters=1, seed=1, now=NOW)


def test_no_number_lies_where_a_real_person_could_have_it(his: sqlite3.Connection) -> None:
    patients = his.execute("SELECT * FROM PATIENT").fetchall()
    assert len(patients) == 300
    for row in patients:
        identity = (row["CCCD_NUMBER"] or "").strip()
        assert identity == "" or re.fullmatch(r"000[0-3]\d{8}", identity)
        assert re.fullmatch(r"00\d{8}", row["SOCIAL_INSURANCE_NUMBER"])
        assert row["MOBILE"].startswith("01")
        assert row["CMND_NUMBER"] is None or row["CMND_NUMBER"].startswith("00")
    faulty = {p.ma_lk for p in planted(Path(his.execute("PRAGMA database_list").fetchone()[2]))}
    cards = his.execute(
        "SELECT e.EPISODE_CODE, p.CARD_NUMBER FROM EPISODE_PAYER p JOIN EPISODE e ON e.ID = p.EPISODE_ID "
        "WHERE p.CARD_NUMBER IS NOT NULL"
    )
    for code, card in cards:
        assert code in faulty or re.fullmatch(r"[A-Z]{2}[1-5]0100\d{8}", card)
    licences = [row[0] for row in his.execute("SELECT DIPLOMA FROM STAFF WHERE LOGINNAME <> 'chuacogphn'")]
    assert all(re.fullmatch(r"\d{6}/DEMO-GPHN", licence) for licence in licences)


def test_decimals_stay_text_and_times_stay_whole_numbers(his: sqlite3.Connection) -> None:
    kinds = his.execute("SELECT DISTINCT typeof(AMOUNT), typeof(PRICE), typeof(TOTAL_HEIN_PRICE) FROM SERVED_ITEM")
    assert {kind for row in kinds for kind in row} <= {"text", "null"}
    assert {row[0] for row in his.execute("SELECT DISTINCT typeof(IN_TIME) FROM EPISODE")} == {"integer"}


def test_what_the_cashier_booked_adds_up_line_by_line(his: sqlite3.Connection) -> None:
    """Oracle of its own: the share of the fund and the co-payment make the insured amount."""
    rows: list[Any] = his.execute(
        "SELECT i.*, p.PRODUCT_KIND FROM SERVED_ITEM i "
        "LEFT JOIN PRODUCT_LOT l ON l.ID = i.PRODUCT_LOT_ID LEFT JOIN PRODUCT p ON p.ID = l.PRODUCT_ID "
        "JOIN EPISODE e ON e.ID = i.TDL_EPISODE_ID "
        "WHERE i.HEIN_RATIO IS NOT NULL AND e.EPISODE_CODE NOT IN (SELECT EPISODE_CODE FROM DEMO_PLANTED)"
    ).fetchall()
    assert len(rows) > 500
    for row in rows:
        if row["OTHER_SOURCE_PRICE"] is not None:
            continue
        insured = Decimal(row["TOTAL_HEIN_PRICE"]) + Decimal(row["TOTAL_COPAY"])
        gross = Decimal(row["VIR_TOTAL_PRICE"])
        assert 0 <= insured <= gross
        expected = (insured * Decimal(row["HEIN_RATIO"])).quantize(Decimal("0.01"), "ROUND_HALF_UP")
        assert Decimal(row["TOTAL_HEIN_PRICE"]) == expected


def test_small_bills_are_paid_in_full_and_large_ones_by_the_card(his: sqlite3.Connection) -> None:
    rows = his.execute(
        "SELECT i.TDL_EPISODE_ID, MIN(i.HEIN_RATIO) AS LOW, e.TDL_CARD_NUMBER, "
        "SUM(CAST(i.TOTAL_HEIN_PRICE AS REAL) + CAST(i.TOTAL_COPAY AS REAL)) AS INSURED FROM SERVED_ITEM i "
        "JOIN EPISODE e ON e.ID = i.TDL_EPISODE_ID JOIN DEMO_KIND k ON k.EPISODE_CODE = e.EPISODE_CODE "
        "WHERE e.TDL_CARD_NUMBER IS NOT NULL AND COALESCE(i.IS_DELETE, 0) = 0 AND COALESCE(i.IS_NO_EXECUTE, 0) = 0 "
        "AND COALESCE(i.IS_EXPEND, 0) = 0 AND i.PAYER_TYPE_ID = 1 "
        "AND k.KIND NOT IN ('exemption', 'inpatient_two_cards') "
        "AND e.EPISODE_CODE NOT IN (SELECT EPISODE_CODE FROM DEMO_PLANTED) GROUP BY i.TDL_EPISODE_ID"
    ).fetchall()
    seen = set()
    for row in rows:
        rate = {"1": "1.0000", "2": "1.0000", "3": "0.9500", "4": "0.8000"}[row["TDL_CARD_NUMBER"][2]]
        small = row["INSURED"] < 379_500
        assert row["LOW"] == ("1.0000" if small else rate)
        seen.add((small, rate))
    assert {(True, "0.8000"), (False, "0.8000"), (False, "1.0000")} <= seen


@pytest.mark.parametrize("now", MOMENTS, ids=lambda m: m.strftime("%Y-%m-%d %H:%M"))
def test_visits_end_before_now_within_seven_working_days_and_in_the_running_year(tmp_path: Path, now: datetime) -> None:
    path = tmp_path / "his.db"
    seed_his_b(path, encounters=80, seed=5, now=now, defect_share=0)
    connection = sqlite3.connect(path)
    local = int(now.strftime("%Y%m%d%H%M%S"))
    for kind, start, out, lock, modified in connection.execute(
        "SELECT k.KIND, e.IN_TIME, e.OUT_TIME, e.FEE_LOCK_TIME, e.MODIFY_TIME "
        "FROM EPISODE e JOIN DEMO_KIND k ON k.EPISODE_CODE = e.EPISODE_CODE"
    ):
        assert start <= local
        assert modified <= local
        if out is None:
            assert kind.startswith("open_")
            continue
        assert start < out
        assert str(out)[:4] == str(now.year)
        assert lock is None or lock <= local
        if kind not in ("chronic_drugs", "acupuncture_course"):
            assert out <= local
            assert _working_days(from_datetime12(str(out)[:8]), now) <= 7
            assert now.day <= 5 or str(out)[:6] == str(local)[:6]
    connection.close()


def _working_days(day: datetime, now: datetime) -> int:
    count, at = 0, day + timedelta(days=1)
    while at.date() <= now.date():
        count += at.weekday() < 5
        at += timedelta(days=1)
    return count


def test_the_window_never_crosses_into_the_last_year() -> None:
    for hour in range(24):
        found = window(datetime(2027, 1, 1, hour, 0))  # noqa: DTZ001 -- local time of the HIS
        assert found.first.year == found.last.year == 2027


def test_every_planted_fault_names_its_rules_and_every_kind_is_planted(tmp_path: Path) -> None:
    path = tmp_path / "his.db"
    report = seed_his_b(path, encounters=900, seed=2, now=NOW, defect_share=0.5)
    found = planted(path)
    assert len(found) == sum(report.planted.values())
    assert {p.defect for p in found} == {d.id for d in catalogue()}
    assert all(p.must for p in found)


def test_every_scenario_occurs_even_in_a_small_hospital(tmp_path: Path) -> None:
    report = seed_his_b(tmp_path / "his.db", encounters=40, seed=9, now=NOW)
    assert len(report.kinds) >= 34
    assert report.encounters == 40
