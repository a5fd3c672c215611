"""A value becomes the text of its element: exactly once, by the field's own type."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal
from functools import lru_cache
from typing import Any

from adapter.expr import ValueProblem, to_date, to_datetime, to_decimal
from adapter.expr.functions import text_of
from adapter.mapping.language.converting import partial_digits
from adapter.standard.model import FieldSpec
from adapter.standard.wire import Formatter, formatter
from adapter.text import clean

Writer = Callable[[Any], str]
_NUMERIC_TEXT = frozenset({"decimal2_text", "integer_or_decimal"})


def writer_for(spec: FieldSpec) -> Writer:
    """The writer of one field. It raises ValueProblem when the value does not fit the field's type."""
    if spec.kind == "N":
        return _numbers(spec)
    if spec.xml_type == "flag":
        return _flag
    if spec.xml_type == "date8_partial":
        return _partial(_dates(spec))
    if spec.xml_type.startswith("date"):
        return _dates(spec)
    if spec.xml_type in _NUMERIC_TEXT:
        return _numeric_text(spec)
    return _text


def element_writer(spec: FieldSpec | None) -> Writer:
    """How one part of a joined list is written: dates of a date list become its digits."""
    if spec is not None and spec.xml_type.startswith("date"):
        return _dates(spec)
    return _text


def _numbers(spec: FieldSpec) -> Writer:
    write = formatter(spec)
    from_text = number_texts(write)

    def number(value: Any) -> str:
        kind = type(value)
        if value is None:
            return ""
        if kind is str:
            try:
                return from_text(value)
            except ValueError as error:
                raise _does_not_fit(spec, error) from None
        if kind is not Decimal and kind is not int:
            raise _not_exact(value)
        try:
            return write(value)
        except ValueError as error:
            raise _does_not_fit(spec, error) from None

    return number


@lru_cache(maxsize=64)
def number_texts(write: Formatter) -> Callable[[str], str]:
    """Text to wire text, kept for all fields of one form: rates, zeros and prices of one list come again and again."""

    @lru_cache(maxsize=2_048)
    def from_text(text: str) -> str:
        value = to_decimal(text)
        return "" if value is None else write(value)

    return from_text


def _does_not_fit(spec: FieldSpec, error: ValueError) -> ValueProblem:
    return ValueProblem(f"số không vừa trường {spec.name}: {error}", f"the number does not fit {spec.name}: {error}")


def _numeric_text(spec: FieldSpec) -> Writer:
    write = formatter(spec)

    def number_or_text(value: Any) -> str:
        if type(value) is Decimal or type(value) is int:
            try:
                return write(value)
            except ValueError as error:
                raise _does_not_fit(spec, error) from None
        return _text(value)

    return number_or_text


def _dates(spec: FieldSpec) -> Writer:
    day_only = spec.xml_type.startswith("date8") and spec.xml_type != "date8_or_datetime12"
    either = spec.xml_type == "date8_or_datetime12"
    is_list = spec.xml_type.endswith("_list")

    def moment(value: Any) -> str:  # noqa: PLR0911 -- one line for each form
        if value is None:
            return ""
        if type(value) is str:
            text = value.strip()
            if len(text) in (8, 12) and text.isascii() and text.isdigit():
                if day_only and len(text) == 12:
                    return text[:8]
                return text + "0000" if len(text) == 8 and not day_only and not either else text
            if not text or (is_list and ";" in text):
                return text
            value = text
        if either and type(value) is date:
            return value.strftime("%Y%m%d")
        if day_only:
            day = to_date(value)
            return "" if day is None else f"{day.year:04}{day.month:02}{day.day:02}"
        at = to_datetime(value)
        return "" if at is None else f"{at.year:04}{at.month:02}{at.day:02}{at.hour:02}{at.minute:02}"

    return moment


def _partial(whole: Writer) -> Writer:
    def day(value: Any) -> str:
        digits = partial_digits(value)
        return whole(value) if digits is None else digits.ljust(8, "0")

    return day


_FLAGS = {"1": "1", "0": "0", "true": "1", "false": "0", "": ""}


def _flag(value: Any) -> str:
    text = "" if value is None else str(value).strip().lower()
    if text not in _FLAGS:
        raise ValueProblem("cần 1 hoặc 0 (đúng, sai)", "1 or 0 (true, false) is needed")
    return _FLAGS[text]


def _text(value: Any) -> str:
    if value is None:
        return ""
    if type(value) is str:
        if value.isascii() and value.isprintable():
            return value.strip()
        return clean(value)[0]
    if isinstance(value, bool | float | bytes | bytearray | memoryview):
        raise _not_exact(value)
    if isinstance(value, Decimal | int | date | datetime):
        return text_of(value)
    raise _not_exact(value)


def _not_exact(value: Any) -> ValueProblem:
    name = type(value).__name__
    if isinstance(value, float):
        return ValueProblem(
            "nguồn đưa số thực nhị phân (float); cột này phải là DECIMAL hoặc chữ",
            "the source handed over a binary float; the column must be DECIMAL or text",
        )
    if isinstance(value, bool):
        return ValueProblem(
            "giá trị đúng/sai không phải mã; dùng lookup hoặc expr", "a boolean is no code; use a lookup or an expr"
        )
    return ValueProblem(f"kiểu {name} không ghi vào trường được", f"type {name} cannot be written into a field")
