"""The values expressions work on, and the instants they read from a HIS's many forms.

A value is None, bool, int, Decimal, str, date, datetime (aware, Asia/Ho_Chi_Minh) or a tuple
of these. A float never enters: money that has been a float once is wrong for good.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date, datetime
from decimal import ROUND_HALF_UP, Context, Decimal, DivisionByZero, InvalidOperation, Overflow
from functools import lru_cache
from typing import Any

from adapter.clock import VIETNAM

MAX_DIGITS = 60
MAX_TEXT = 100_000

CONTEXT = Context(
    prec=MAX_DIGITS,
    rounding=ROUND_HALF_UP,
    Emax=MAX_DIGITS,
    Emin=-MAX_DIGITS,
    traps=[InvalidOperation, DivisionByZero, Overflow],
)
"""Decimal rules of the language; ROUND_HALF_UP is "half away from zero"."""

LARGEST = 10**MAX_DIGITS

PLAIN_TYPES = frozenset({type(None), bool, int, Decimal, str, date})
"""What may pass without a second look; datetimes are brought to Vietnam's time first."""

_ISO = re.compile(r"(\d{4})-(\d{2})-(\d{2})(?:[T ](\d{2}):(\d{2})(?::(\d{2}))?(?:\.\d+)?(Z|[+-]\d{2}:?\d{2})?)?$")


class ValueProblem(Exception):
    """A value cannot be used; texts in Vietnamese and English, the position is added by the caller."""

    def __init__(self, vi: str, en: str) -> None:
        self.vi, self.en = vi, en
        super().__init__(en)


def admit(value: Any) -> Any:
    """A value from outside as the language holds it; ValueProblem when it may not enter."""
    kind = type(value)
    if kind in PLAIN_TYPES:
        return value
    if isinstance(value, datetime):
        return _local(value)
    if isinstance(value, float):
        raise ValueProblem(
            "giá trị là số thực nhị phân (float), tiền và số lượng phải là Decimal hoặc chữ",
            "the value is a binary float; money and amounts must be Decimal or text",
        )
    if isinstance(value, list | tuple):
        return tuple(admit(v) for v in value)
    for base in (bool, int, Decimal, str, date):
        if isinstance(value, base):
            return value
    raise ValueProblem(
        f"kiểu {kind.__name__} không dùng được trong biểu thức", f"type {kind.__name__} cannot be used in an expression"
    )


def to_datetime(value: Any) -> datetime | None:
    """An instant from a datetime, a date, 8/12/14 digits (text or whole number), or ISO text.

    None and empty text give None. A value without a zone is Vietnam's time; a day alone is its
    midnight. Raises ValueProblem when it is not a real instant.
    """
    if value is None or value == "":
        return None
    if type(value) is str:
        return _instant_of_text(value.strip())
    if isinstance(value, datetime):
        return _local(value)
    if isinstance(value, date):
        return datetime(value.year, value.month, value.day, tzinfo=VIETNAM)
    return _instant_of_text(digits_of(value))


def _local(at: datetime) -> datetime:
    if at.tzinfo is VIETNAM:
        return at
    return at.replace(tzinfo=VIETNAM) if at.tzinfo is None else at.astimezone(VIETNAM)


@lru_cache(maxsize=16_384)
def _instant_of_text(text: str | None) -> datetime | None:
    # one visit's lines share their instants
    if text is None:
        raise _not_a_date()
    if not text:
        return None
    try:
        if text.isascii() and text.isdigit():
            return _instant_of_digits(text)
        if found := _ISO.match(text):
            year, month, day, hour, minute, second = (int(p or 0) for p in found.groups()[:6])
            if found[7]:
                return datetime.fromisoformat(text.replace("Z", "+00:00")).astimezone(VIETNAM)
            return datetime(year, month, day, hour, minute, second, tzinfo=VIETNAM)
    except ValueError:
        pass
    raise _not_a_date()


def _instant_of_digits(text: str) -> datetime:
    if len(text) not in (8, 12, 14):
        raise _not_a_date()
    hour, minute, second = (int(text[i : i + 2] or 0) for i in (8, 10, 12))
    return datetime(int(text[:4]), int(text[4:6]), int(text[6:8]), hour, minute, second, tzinfo=VIETNAM)


def to_date(value: Any) -> date | None:
    """The day of :func:`to_datetime` in Vietnam's time."""
    if type(value) is date:
        return value
    at = to_datetime(value)
    return None if at is None else at.date()


def digits_of(value: Any) -> str | None:
    """The text of a date kept as text or whole number; None when the type cannot hold one."""
    if isinstance(value, str):
        return value.strip()
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return str(value)
    if isinstance(value, Decimal) and value == value.to_integral_value():
        return str(int(value))
    return None


def to_decimal(value: Any) -> Decimal | None:
    """An exact number from int, Decimal or plain decimal text; None and empty text give None."""
    kind = type(value)
    if kind is str:
        return text_to_decimal(value)
    if kind is Decimal:
        return check_number(value)
    if value is None:
        return None
    if isinstance(value, int) and kind is not bool:
        return check_number(Decimal(value))
    if isinstance(value, bool | float):
        raise ValueProblem(
            f"kiểu {kind.__name__} không phải số chính xác", f"type {kind.__name__} is not an exact number"
        )
    raise _not_a_number()


_PLAIN_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)", re.ASCII)


@lru_cache(maxsize=16_384)
def text_to_decimal(text: str) -> Decimal | None:
    """:func:`to_decimal` of text."""
    # the same prices, quantities and rates come by the thousand
    text = text.strip()
    if not text:
        return None
    if len(text) <= MAX_DIGITS + 2 and _PLAIN_NUMBER.fullmatch(text):
        return Decimal(text)
    raise _not_a_number()


def _not_a_number() -> ValueProblem:
    return ValueProblem("giá trị không phải số thập phân", "the value is not a plain decimal number")


def check_number(value: Decimal) -> Decimal:
    """The value itself when it is finite and between 10⁻⁶⁰ and 10⁶⁰ in size."""
    if -MAX_DIGITS <= value.adjusted() <= MAX_DIGITS and value.is_finite():
        return value
    if value == 0:
        return Decimal(0)
    raise ValueProblem("số quá lớn, quá nhỏ hoặc không hữu hạn", "the number is too large, too small or not finite")


_UNITS = {places: Decimal(1).scaleb(-places) for places in range(7)}


def round_half_away(value: Decimal | int, places: int) -> Decimal:
    """To ``places`` decimals, exact halves away from zero; negative places round to tens, hundreds."""
    try:
        unit = _UNITS.get(places) or Decimal(1).scaleb(-places)
        rounded = CONTEXT.quantize(value, unit)
    except (InvalidOperation, Overflow) as error:
        raise ValueProblem("số quá lớn để làm tròn", "the number is too large to round") from error
    return rounded if places >= 0 else CONTEXT.quantize(rounded, Decimal(1))


def family(value: Any) -> str:
    """What a value may be compared with: number, text, date, datetime, none, list, row."""
    if value is None:
        return "none"
    if isinstance(value, int | Decimal):
        return "number"
    if isinstance(value, str):
        return "text"
    if isinstance(value, datetime):
        return "datetime"
    if isinstance(value, date):
        return "date"
    return "list" if isinstance(value, tuple) else "row"


_FAMILY_TYPES: Mapping[str, frozenset[type]] = {
    "number": frozenset({int, Decimal, type(None)}),
    "text": frozenset({str, type(None)}),
}


def checked_family(value: Any, takes: str) -> Any:
    """The value itself when a function that takes this family may have it, else ValueProblem."""
    if takes in ("any", "moment") or type(value) in _FAMILY_TYPES[takes]:
        return value
    kind = family(value)
    if kind != takes:
        raise ValueProblem(
            f"hàm cần {takes}, gặp {kind}; dùng str(…) hoặc decimal(…)",
            f"the function takes {takes}, found {kind}; use str(…) or decimal(…)",
        )
    return value


def _not_a_date() -> ValueProblem:
    return ValueProblem(
        "không phải ngày giờ có thật (8, 12, 14 chữ số hoặc dạng ISO)",
        "not a real date or time (8, 12 or 14 digits, or ISO form)",
    )
