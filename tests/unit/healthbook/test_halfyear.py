"""The half-yearly report counts every visit once."""

from __future__ import annotations

import io
from dataclasses import dataclass
from datetime import datetime

import pytest
from openpyxl import load_workbook

from adapter.clock import VIETNAM
from adapter.errors import ConfigError
from adapter.healthbook.halfyear import Period, half_year, table, workbook
from adapter.standard.spec import effective_on


@dataclass(frozen=True)
class Count:
    visit_type: str
    insured: bool
    visits: int
    sent: int


COUNTS = [
    Count("01", insured=True, visits=10, sent=9),
    Count("01", insured=False, visits=4, sent=4),
    Count("03", insured=True, visits=3, sent=3),
    Count("", insured=False, visits=2, sent=0),
]


def test_every_kind_of_visit_in_force_has_a_row_and_nothing_is_counted_twice() -> None:
    codes = effective_on(datetime(2026, 11, 1, tzinfo=VIETNAM).date()).codes("MA_LOAI_KCB")
    rows = table([Count(code, insured=True, visits=1, sent=1) for code in codes])
    assert rows[-1][1] == len(codes) == 16
    assert rows[-2][1] == 0, "no code in force falls under other"


def test_sums_and_shares_stand_in_the_sheet() -> None:
    sheet = load_workbook(io.BytesIO(workbook(Period(2026, 2), [("01999", "Minh Hoạ", COUNTS)])))["01999"]
    rows = {r[0]: r[1:5] for r in sheet.iter_rows(min_row=7, values_only=True) if r[0]}
    assert rows["Khám bệnh"] == (10, 9, 4, 4)
    assert rows["Khác hoặc chưa ghi hình thức"] == (0, 0, 2, 0)
    assert rows["Tổng cộng"] == (13, 12, 6, 4)
    assert sheet["F7"].value.startswith("=IF")


def test_a_half_year_begins_and_ends_at_midnight_in_vietnam() -> None:
    first, second = Period(2026, 1), Period(2026, 2)
    assert first.until == second.since == datetime(2026, 7, 1, tzinfo=VIETNAM)
    assert second.until == datetime(2027, 1, 1, tzinfo=VIETNAM)
    assert half_year(datetime(2026, 11, 22, tzinfo=VIETNAM)) == second
    assert half_year(datetime(2026, 11, 22, tzinfo=VIETNAM), year=2025, half=1) == Period(2025, 1)
    with pytest.raises(ConfigError):
        half_year(datetime(2026, 11, 22, tzinfo=VIETNAM), half=1)
