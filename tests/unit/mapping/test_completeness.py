"""Each word of the language that the decree's tables need, in one place; the finer points stand in the other files."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapter.clock import VIETNAM
from adapter.errors import MappingError
from adapter.text.charset import encode
from tests.support.mapping import field, plan, translate

ROWS = [
    {"ID": 2, "AT": 20260102, "CODE": "B", "N": Decimal("1.005"), "G": "x"},
    {"ID": 1, "AT": 20260101, "CODE": "A", "N": Decimal("2.005"), "G": "x"},
    {"ID": 3, "AT": 20260103, "CODE": "A", "N": None, "G": "y"},
]


@pytest.mark.parametrize(
    ("value", "row", "wanted"),
    [
        ("{date: X}", {"X": "20260102"}, "202601020000"),
        ("{date: X}", {"X": 202601020304}, "202601020304"),
        ("{date: X}", {"X": "20260102030459"}, "202601020304"),
        ("{date: X}", {"X": date(2026, 1, 2)}, "202601020000"),
        ("{date: X}", {"X": datetime(2026, 1, 2, 3, 4, tzinfo=VIETNAM)}, "202601020304"),
        ("{date: X, birth: true}", {"X": "1985"}, "198500000000"),
        ("{date: X, birth: true}", {"X": "198507"}, "198507000000"),
        ("{date: X, precision: {year_only_when: Y == 1}}", {"X": 19850704000000, "Y": 1}, "198500000000"),
        ("{decimal: X, places: 2}", {"X": "1.005"}, "1.01"),
        ("{decimal: X, places: 2}", {"X": "-1.005"}, "-1.01"),
        ("{join: [X, Y], separator: ', ', distinct: true}", {"X": "a", "Y": "a"}, "a"),
        ("{split: X, by: ';', take: -1}", {"X": "a;b"}, "b"),
        ("{first: items, value: CODE, order_by: AT}", {}, "A"),
        ("{last: items, value: CODE, order_by: AT, where: G == 'x'}", {}, "B"),
        ("{join: items, value: CODE, order_by: -ID, distinct: true}", {}, "A;B"),
        ("{rtf: X}", {"X": r"{\rtf1 Kh\u7887?m}"}, "Khỏm"),
        ("{html: X}", {"X": "<p>Kh&aacute;m <b>lại</b></p>"}, "Khám lại"),
        ("{from: X, too_long: cut}", {"X": "x" * 3000}, None),
    ],
)
def test_every_step_the_tables_need_is_there(value: str, row: dict[str, Any], wanted: str | None) -> None:
    birth = "birth" in value or "precision" in value
    target = "XML1.NGAY_SINH" if birth else "XML1.NGAY_VAO" if "date:" in value else "XML1.GHI_CHU"
    found = field(value, row, target, items=ROWS)
    assert found == (wanted if wanted is not None else "x" * len(found))


def test_a_key_value_collection_becomes_a_row_and_groups_sum() -> None:
    pairs = [{"K": "kg", "V": "3.2"}, {"K": "cm", "V": "50"}]
    extra = "with: {facts: {pivot: uses, key: K, value: V}}\n"
    assert field("facts.kg", {}, extra=extra, uses=pairs) == "3.2"
    mapped = plan(
        "tables:\n  XML1: {MA_LK: ID}\n  XML2:\n    each: items\n    group_by: G\n"
        "    rows: {MA_THUOC: G, SO_LUONG: {sum: group, value: N}}\n"
    )
    rows = translate(mapped, {"ID": "K"}, items=ROWS).dossier.rows("XML2")
    assert [(r["MA_THUOC"], r["SO_LUONG"]) for r in rows] == [("x", "3.010"), ("y", "0.000")]


@pytest.mark.parametrize(("on", "code"), [("20260630", "5"), ("20260701", "19")])
def test_a_lookup_takes_the_value_of_the_day(on: str, code: str) -> None:
    extra = "lookups: {g: {rows: [{key: 5, value: 5, to: 20260630}, {key: 5, value: 19, from: 20260701}]}}\n"
    assert field("{lookup: g, from: X, at: DAY}", {"X": 5, "DAY": on}, extra=extra) == code


@pytest.mark.parametrize(("policy", "wanted", "notes"), [("keep", "7", 0), ("empty", "", 0), ("report", "7", 1)])
def test_what_a_lookup_does_not_know_follows_the_policy(policy: str, wanted: str, notes: int) -> None:
    mapped = plan(
        "lookups: {g: {1: a}}\ntables:\n  XML1:\n    MA_LK: ID\n"
        f"    GHI_CHU: {{lookup: g, from: X, on_missing: {policy}}}\n"
    )
    found = translate(mapped, {"ID": "K", "X": 7})
    assert found.dossier.header["GHI_CHU"] == wanted
    assert [n.code for n in found.notes] == ["MAP-LOOKUP-MISSING"] * notes


def test_a_lookup_without_a_policy_stops_the_dossier() -> None:
    with pytest.raises(MappingError) as caught:
        field("{lookup: g, from: X}", {"X": 7}, extra="lookups: {g: {1: a}}\n")
    assert caught.value.code == "MAP-LOOKUP-MISSING"


def test_a_column_that_is_not_there_at_run_time_names_the_nearest_one() -> None:
    with pytest.raises(MappingError) as caught:
        field("VISIT_REASN", {"VISIT_REASON": "ho"})
    assert caught.value.code == "MAP-COLUMN"
    assert "'VISIT_REASON'" in caught.value.hint_en
    assert caught.value.where is not None
    assert caught.value.where.line is not None


@pytest.mark.parametrize("name", ["PID-5.1", "Patient.name", "item@code", "Số thẻ"])
def test_a_connector_s_selector_is_a_column_like_any_other(name: str) -> None:
    assert field(f"{{from: {name}}}", {name: "A"}) == "A"


@settings(max_examples=200, deadline=None)
@given(st.dates(date(1912, 1, 1), date(2100, 12, 31)), st.integers(0, 1439))
def test_dates_never_shift_a_day(day: date, minute: int) -> None:
    at = datetime(day.year, day.month, day.day, tzinfo=VIETNAM) + timedelta(minutes=minute)
    for form in (f"{at:%Y%m%d%H%M}", int(f"{at:%Y%m%d%H%M}"), f"{at:%Y%m%d%H%M}59", at, at.isoformat()):
        if isinstance(form, int) and len(str(form)) != 12:
            continue
        assert _DATES.dossier_of(form) == (f"{at.year:04}{at:%m%d%H%M}", f"{at.year:04}{at:%m%d}")


class _Dates:
    def __init__(self) -> None:
        self.plan = plan(
            "tables:\n  XML1:\n    MA_LK: ID\n    NGAY_VAO: {date: X}\n    NGAY_TAI_KHAM: {date: X, as: date8}\n"
        )

    def dossier_of(self, value: object) -> tuple[str, str]:
        header = translate(self.plan, {"ID": "K", "X": value}).dossier.header
        return header["NGAY_VAO"], header["NGAY_TAI_KHAM"]


_DATES = _Dates()


@settings(max_examples=200, deadline=None)
@given(st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**11), max_value=10**11, places=6))
def test_numbers_are_those_of_exact_arithmetic(number: Decimal) -> None:
    half = Decimal("0.005") if number >= 0 else Decimal("-0.005")
    wanted = (number + half) // Decimal("0.01") * Decimal("0.01")
    found = field("{decimal: X, places: 2}", {"X": f"{number:f}"}, "XML1.T_THUOC")
    assert Decimal(found) == wanted


@settings(max_examples=150, deadline=None)
@given(
    st.text(
        alphabet="aăâbcdđeêghiklmnoôơpqrstuưvxyáàảãạắằẳẵặấầẩẫậéèẻẽẹếềểễệíìỉĩịóòỏõọốồổỗộớờởỡợúùủũụứừửữựýỳỷỹỵ ẮẾỘƯ",
        min_size=1,
    )
)
def test_tcvn3_gives_back_every_letter_it_can_hold_and_names_the_others(text: str) -> None:
    coded, lost = encode(text, "tcvn3")
    held = "".join(c for c in text if c not in lost)
    assert set(lost) <= set(text)
    if not lost:
        assert field("{from: X, charset: tcvn3}", {"X": coded.decode("latin-1")}) == held.strip()
