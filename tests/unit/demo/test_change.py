"""A clerk's correction: reaches one encounter, is seen by the cursor, and says clearly what it cannot do."""

from __future__ import annotations

import sqlite3
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from adapter.clock import VIETNAM
from adapter.demo.change import change
from adapter.demo.seed import seed_his_b, seed_his_c
from adapter.errors import ConfigError
from tests.support.demo_world import open_demo, read_all

NOW = datetime(2026, 11, 22, 20, 30, tzinfo=VIETNAM)
LATER = NOW + timedelta(minutes=5)


@pytest.fixture
def his(tmp_path: Path) -> Path:
    path = tmp_path / "his.db"
    seed_his_b(path, encounters=6, seed=1, now=NOW, defect_share=0)
    return path


@pytest.mark.parametrize(
    ("table", "column", "value"),
    [
        ("EPISODE", "ADVISE", "Nghỉ ngơi"),
        ("patient", "address", "Số 1, Phường Ba Đình, Hà Nội"),
        ("SERVED_ITEM", "AMOUNT", "2.0000"),
        ("EPISODE_PAYER", "LIVE_AREA_CODE", "K1"),
        ("ITEM_DRUG_USE", "TUTORIAL", "1 viên/lần * 1 lần/ngày * 10 ngày [1 viên/ngày]"),
    ],
)
def test_a_change_touches_exactly_one_encounter_and_the_cursor_sees_it(
    his: Path, table: str, column: str, value: str
) -> None:
    _, source = open_demo("demo-his-b", f"sqlite:///{his}")
    before = {e.key: e.content_hash() for e in read_all(source, now=NOW)}
    cursor = source.pull(None, now=NOW).cursor
    assert change(his, "000000000001", table, column, value, now=LATER).rows > 0
    again = [e for e in source.pull(cursor, now=LATER).encounters if before[e.key] != e.content_hash()]
    assert [e.row["EPISODE_CODE"] for e in again] == ["000000000001"]
    source.close()


def test_null_can_be_written_and_numbers_keep_their_kind(his: Path) -> None:
    change(his, "000000000001", "EPISODE", "RESULT_ID", None, now=LATER)
    change(his, "000000000001", "EPISODE", "END_TYPE_ID", "4", now=LATER)
    connection = sqlite3.connect(his)
    row = connection.execute("SELECT RESULT_ID, END_TYPE_ID, MODIFY_TIME FROM EPISODE WHERE ID = 1000000001").fetchone()
    connection.close()
    assert row == (None, 4, 20261122203500)


@pytest.mark.parametrize(
    ("ma_lk", "table", "column", "says"),
    [
        ("000000000001", "EPISODES", "ADVISE", "EPISODE, EPISODE_PAYER"),
        ("000000000001", "EPISODE", "ADVICE", "ADVISE"),
        ("999999999999", "EPISODE", "ADVISE", "999999999999"),
        ("000000000001", "SERVICE", "SERVICE_NAME", "SERVED_ITEM"),
        ("000000000001", "NEWBORN", "WEIGHT", "NEWBORN"),
    ],
)
def test_what_cannot_be_changed_is_named_and_nothing_is_written(
    his: Path, ma_lk: str, table: str, column: str, says: str
) -> None:
    before = his.read_bytes()
    with pytest.raises(ConfigError) as caught:
        change(his, ma_lk, table, column, "x", now=LATER)
    assert says in caught.value.text("vi") + caught.value.text("en")
    assert his.read_bytes() == before


def test_in_monthly_schemas_the_registration_is_found_and_stamped_in_its_own_month(tmp_path: Path) -> None:
    path = tmp_path / "his.db"
    seed_his_c(path, encounters=8, seed=1, now=NOW, defect_share=0)
    connection = sqlite3.connect(path)
    (ma_lk,) = connection.execute("SELECT MIN(EPISODE_CODE) FROM DEMO_KIND").fetchone()
    connection.close()
    _, source = open_demo("demo-his-c", f"sqlite:///{path}")
    before = {e.key: e.content_hash() for e in read_all(source, now=NOW)}
    cursor = source.pull(None, now=NOW).cursor
    assert change(path, ma_lk, "hisc1126_chidinh", "cachdung", "1 viên", now=LATER).rows > 0
    again = [e.key for e in source.pull(cursor, now=LATER).encounters if before[e.key] != e.content_hash()]
    source.close()
    assert again == [ma_lk]
    with pytest.raises(ConfigError, match=r"hisc1126_dangky"):
        change(path, ma_lk, "hisc_khoa", "tenkp", "x", now=LATER)
    with pytest.raises(ConfigError, match="999"):
        change(path, "999", "hisc1126_dangky", "loidan", "x", now=LATER)
