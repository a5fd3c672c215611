"""Values as the decree writes them: numbers to text, and which text XML can hold at all."""

from __future__ import annotations

import re
from collections.abc import Callable
from decimal import ROUND_HALF_UP, Context, Decimal, InvalidOperation
from functools import lru_cache

from adapter.standard.model import FieldSpec

Formatter = Callable[[Decimal | int], str]

# Decimal's ROUND_HALF_UP rounds halves away from zero, which is what the money rules ask.
_ROUND = Context(prec=60, rounding=ROUND_HALF_UP)
_UNITS = {places: Decimal(1).scaleb(-places) for places in range(4)}

_TWO_DIGITS = frozenset({"THANG_QT"})
"""Written with a leading zero in the files the gateway takes, although the annex types it as a number."""

_ILLEGAL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")


def number(value: Decimal | int, field: FieldSpec) -> str:
    """The text of ``value`` in ``field``, rounded once, half away from zero.

    decimal3 (quantities, prices) has always three decimals; decimal2 (amounts) two, and zero
    is ``0``; integer none; MUC_HUONG up to one where the field is wide enough; other fields
    take the number as it is. Trailing zeros give way where the text would not fit otherwise.

    Raises TypeError for anything but Decimal and int (bool too), ValueError when the number
    is not finite, does not fit ``max_len``, or would lose a fraction the field may not hold.
    """
    return formatter(field)(value)


def formatter(field: FieldSpec) -> Formatter:
    """:func:`number` for one field, to be kept by callers that write it many times."""
    return _formatter(field.xml_type, field.max_len, field.name in _TWO_DIGITS)


@lru_cache(maxsize=256)
def _formatter(xml_type: str, max_len: int | None, two_digits: bool) -> Formatter:
    limit = max_len if max_len is not None else 1_000_000
    if xml_type == "integer":
        return _integer(limit, two_digits)
    if xml_type == "decimal2":
        return _fixed(2, limit, zero="0")
    if xml_type == "decimal3":
        return _fixed(3, limit, zero="0.000")
    if xml_type == "decimal2_text":
        return _shortest(2, limit)
    if xml_type == "integer_or_decimal":
        # Three characters hold whole percentages only; 47.5 needs the fourth of QĐ 1931/2026.
        return _shortest(1, limit) if limit >= 4 else _whole(limit)
    return _plain(limit)


def _integer(limit: int, two_digits: bool) -> Formatter:
    def write(value: Decimal | int) -> str:
        text = str(value) if type(value) is int else str(int(_rounded(value, 0)))
        if two_digits and len(text) == 1:
            text = "0" + text
        return text if len(text) <= limit else _too_long(text, limit)

    return write


def _fixed(places: int, limit: int, zero: str) -> Formatter:
    quantize, unit = _ROUND.quantize, _UNITS[places]

    def write(value: Decimal | int) -> str:
        try:
            rounded = quantize(value, unit) if type(value) is Decimal else _rounded(value, places)
        except InvalidOperation as error:
            raise ValueError("the number is not finite or far too large") from error
        if not rounded:
            return zero
        if rounded.is_nan():
            raise ValueError("the number is not finite or far too large")
        text = str(rounded)  # never an exponent: the scale is two or three
        if len(text) > limit:
            text = text.rstrip("0").rstrip(".")
        return text if len(text) <= limit else _too_long(text, limit)

    return write


def _shortest(places: int, limit: int) -> Formatter:
    def write(value: Decimal | int) -> str:
        rounded = _rounded(value, places)
        text = f"{rounded:f}".rstrip("0").rstrip(".") if rounded else "0"
        return text if len(text) <= limit else _too_long(text, limit)

    return write


def _whole(limit: int) -> Formatter:
    def write(value: Decimal | int) -> str:
        rounded = _rounded(value, 0)
        if rounded != value:
            raise ValueError("the field holds whole numbers only on this day")
        text = str(int(rounded))
        return text if len(text) <= limit else _too_long(text, limit)

    return write


def _plain(limit: int) -> Formatter:
    def write(value: Decimal | int) -> str:
        if type(value) is int:
            text = str(value)
        else:
            exact = _decimal(value)
            text = f"{exact:f}" if exact else "0"
            if "." in text:
                text = text.rstrip("0").rstrip(".")
        return text if len(text) <= limit else _too_long(text, limit)

    return write


def _decimal(value: Decimal | int) -> Decimal:
    if isinstance(value, bool) or not isinstance(value, Decimal | int):
        raise TypeError(f"a number must be Decimal or int, not {type(value).__name__}")
    exact = Decimal(value)
    # The second test keeps 1E+999999 from becoming a million digits.
    if not exact.is_finite() or exact.adjusted() > 40:
        raise ValueError("the number is not finite or far too large")
    return exact


def _rounded(value: Decimal | int, places: int) -> Decimal:
    if type(value) is not Decimal:
        value = _decimal(value)
    try:
        rounded = value.quantize(_UNITS[places], context=_ROUND)
    except InvalidOperation as error:
        raise ValueError("the number is not finite or far too large") from error
    if rounded.is_nan():
        raise ValueError("the number is not finite or far too large")
    return rounded


def _too_long(text: str, limit: int) -> str:
    raise ValueError(f"the number needs {len(text)} characters, the field holds {limit}")


def text_ok(value: str) -> bool:
    """True when XML 1.0 can carry every character of ``value``."""
    return value.isprintable() or _ILLEGAL.search(value) is None
