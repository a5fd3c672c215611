"""Numbers become text once, exactly, as the decree writes them."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import ROUND_HALF_UP, Decimal, localcontext
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapter.standard.model import FieldSpec
from adapter.standard.spec import effective_on
from adapter.standard.wire import formatter, number, text_ok

NOW = effective_on(date(2026, 11, 22))
BEFORE = effective_on(date(2026, 6, 30))


def _field(place: str) -> FieldSpec:
    table, name = place.split(".")
    return NOW.tables[table].by_name[name]


@pytest.mark.parametrize(
    ("place", "value", "text"),
    [
        ("XML2.SO_LUONG", Decimal(20), "20.000"),
        ("XML2.SO_LUONG", 0, "0.000"),
        ("XML2.SO_LUONG", Decimal("0.0005"), "0.001"),
        ("XML2.SO_LUONG", Decimal("-0.0004"), "0.000"),
        ("XML2.SO_LUONG", 1_000_000, "1000000"),  # ten characters do not hold the decimals
        ("XML2.DON_GIA", Decimal("125333.3333"), "125333.333"),
        ("XML2.THANH_TIEN_BV", Decimal("5.005"), "5.01"),
        ("XML2.THANH_TIEN_BV", Decimal("-5.005"), "-5.01"),
        ("XML2.THANH_TIEN_BV", Decimal("2.675"), "2.68"),
        ("XML2.THANH_TIEN_BV", Decimal("7E+3"), "7000.00"),
        ("XML2.THANH_TIEN_BV", 0, "0"),
        ("XML2.THANH_TIEN_BV", Decimal("-0.001"), "0"),
        ("XML2.MUC_HUONG", Decimal("47.5"), "47.5"),
        ("XML2.MUC_HUONG", Decimal("80.00"), "80"),
        ("XML2.MUC_HUONG", 100, "100"),
        ("XML1.THANG_QT", 9, "09"),
        ("XML1.THANG_QT", Decimal(11), "11"),
        ("XML1.CAN_NANG", Decimal("52.50"), "52.5"),
        ("XML1.CAN_NANG", Decimal("3.456"), "3.46"),
        ("XML3.TYLE_TT_DV", Decimal("100.0"), "100"),
        ("XML1.GIOI_TINH", Decimal("2.5"), "3"),
        ("XML1.GIOI_TINH", Decimal("-0.2"), "0"),
        ("XML1.MA_BN", Decimal("1E+5"), "100000"),
        ("XML1.MA_BN", Decimal("12.500"), "12.5"),
    ],
)
def test_a_number_is_written_as_its_field_asks(place: str, value: Decimal | int, text: str) -> None:
    assert number(value, _field(place)) == text


@pytest.mark.parametrize("value", [1.5, True, "1", None, float("nan")])
@pytest.mark.parametrize(
    "place", ["XML2.THANH_TIEN_BV", "XML2.SO_LUONG", "XML1.GIOI_TINH", "XML1.CAN_NANG", "XML1.MA_BN"]
)
def test_only_decimal_and_int_are_numbers(place: str, value: Any) -> None:
    with pytest.raises(TypeError):
        number(value, _field(place))


@pytest.mark.parametrize(
    ("place", "value"),
    [
        ("XML2.SO_LUONG", Decimal("1234567.125")),
        ("XML2.THANH_TIEN_BV", Decimal("10000000000000000")),
        ("XML1.GIOI_TINH", 10),
        ("XML2.MUC_HUONG", Decimal("100.5")),
        ("XML1.CAN_NANG", 1_000_000_0),
        ("XML2.THANH_TIEN_BV", Decimal("NaN")),
        ("XML2.THANH_TIEN_BV", Decimal("sNaN")),
        ("XML2.SO_LUONG", Decimal("Infinity")),
        ("XML2.THANH_TIEN_BV", Decimal("1E+999999")),
        ("XML1.MA_BN", Decimal("1E+999999")),
    ],
)
def test_a_number_that_does_not_fit_is_refused_never_cut(place: str, value: Decimal | int) -> None:
    with pytest.raises(ValueError, match="number"):
        number(value, _field(place))


def test_half_a_percent_is_refused_until_the_day_the_field_can_hold_it() -> None:
    before = BEFORE.tables["XML2"].by_name["MUC_HUONG"]
    with pytest.raises(ValueError, match="whole numbers"):
        number(Decimal("47.5"), before)
    assert number(Decimal("95.0"), before) == "95"
    assert number(Decimal("47.5"), NOW.tables["XML2"].by_name["MUC_HUONG"]) == "47.5"


@given(st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**11), max_value=10**11, places=6))
def test_amounts_and_quantities_read_back_as_the_value_rounded_half_away_from_zero(value: Decimal) -> None:
    for place, unit in (("XML2.THANH_TIEN_BV", "0.01"), ("XML2.DON_GIA", "0.001"), ("XML3.DON_GIA_BH", "0.001")):
        text = number(value, replace(_field(place), max_len=30))
        with localcontext(prec=60):
            assert Decimal(text) == value.quantize(Decimal(unit), ROUND_HALF_UP)
        assert "e" not in text.lower()
        assert not text.startswith("-0.00") or Decimal(text) != 0
        assert text == "0" or len(text.rpartition(".")[2]) == len(unit) - 2


@given(st.integers(min_value=-999, max_value=9999))
def test_a_kept_formatter_gives_what_number_gives(value: int) -> None:
    field = replace(_field("XML3.TYLE_TT_DV"), max_len=6)
    assert formatter(field)(value) == number(value, field) == str(value)


@pytest.mark.parametrize("value", ["", "Nguyễn", "a\tb\nc\r", "\x85\xa0", "\U0001f600", "\ufffd", "\ue000", "\ud7ff"])
def test_text_xml_can_carry_is_ok(value: str) -> None:
    assert text_ok(value)


@pytest.mark.parametrize("value", ["\x00", "a\x0b", "\x1f", "\ud800", "\ufffe", "x\uffff"])
def test_text_xml_cannot_carry_is_not_ok(value: str) -> None:
    assert not text_ok(value)
