"""The charts of a month: axes that can be read, and nothing in them that could run."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import pairwise

import pytest

from adapter.console.core.charts import flow_chart, ticks, time_chart
from adapter.console.core.words import Words
from adapter.store.views.trends import Day


def _month(hours: float | None, accepted: int = 131) -> list[Day]:
    first = date(2026, 10, 25)
    return [
        Day(first + timedelta(days=n), accepted=accepted, refused=2, blocked=9, hours_p50=hours,
            hours_p90=None if hours is None else hours * 2)
        for n in range(30)
    ]  # fmt: skip


@pytest.mark.parametrize("most", [0, 0.3, 1, 4, 6, 9, 51, 131, 999, 1001, 12_345, 1_000_000])
def test_an_axis_has_few_round_marks_and_reaches_the_highest_value(most: float) -> None:
    marks = ticks(most)
    assert marks[0] == 0
    assert marks[-1] >= most
    assert 2 <= len(marks) <= 6
    assert len({after - before for before, after in pairwise(marks)}) == 1


@pytest.mark.parametrize(("hours", "unit"), [(3.0, "6 giờ"), (110.0, "10 ngày")])
def test_times_are_in_hours_and_in_days_where_it_takes_long(hours: float, unit: str) -> None:
    assert unit in time_chart(_month(hours), Words("vi")).decode()


def test_a_chart_of_nothing_and_one_of_a_million_are_drawn() -> None:
    words = Words("vi")
    assert "Chưa có số liệu" in time_chart([], words).decode()
    assert "1.000.000" in flow_chart(_month(1.0, accepted=999_989), words).decode()


def test_no_chart_carries_a_script_or_reaches_out() -> None:
    for picture in (flow_chart(_month(3.0), Words("en")), time_chart(_month(None), Words("en"))):
        text = picture.decode()
        assert "<script" not in text
        assert "href" not in text.replace("http://www.w3.org/1999/xlink", "").replace("xmlns:xlink", "")
