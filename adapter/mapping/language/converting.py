"""Reading numbers and instants in the forms a HIS keeps them."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal
from functools import lru_cache
from typing import Any

from adapter.clock import VIETNAM
from adapter.expr import ValueProblem, round_half_away, to_date, to_datetime, to_decimal
from adapter.expr.operators import multiply
from adapter.expr.values import digits_of
from adapter.mapping.problems import broken
from adapter.mapping.yamltree import Map, Scalar, as_flag, as_text

Reader = Callable[[Any], Any]


def decimal_reader(places: int | None, options: Map | None) -> Reader:
    """Exact numbers; ``options`` may hold scale, comma, percent. The reader raises ValueProblem."""
    prepare = _preparer(options)
    if prepare is None:
        return to_decimal if places is None else _rounded_to(places)

    def read(found: Any) -> Decimal | None:
        value = to_decimal(prepare(found))
        return value if value is None or places is None else round_half_away(value, places)

    return read


def _rounded_to(places: int) -> Reader:
    def read(found: Any) -> Decimal | None:
        value = to_decimal(found)
        return None if value is None else round_half_away(value, places)

    return read


def reading_options(options: Map) -> tuple[str | None, ...]:
    """What of scale, comma and percent is written, as texts: part of a change's name."""
    found = (options.get(name) for name in ("scale", "comma", "percent"))
    return tuple(node.text if isinstance(node, Scalar) else None for node in found)


def integer_reader(options: Map | None, *, rounding: bool) -> Reader:
    """Whole numbers; a fraction is refused unless ``rounding``."""
    prepare = _preparer(options)

    def read(found: Any) -> int | None:
        value = to_decimal(found if prepare is None else prepare(found))
        if value is None:
            return None
        if rounding:
            return int(round_half_away(value, 0))
        if value != value.to_integral_value():
            raise ValueProblem(
                "số có phần lẻ; thêm round: true nếu muốn làm tròn", "a fraction; add round: true to round"
            )
        return int(value)

    return read


def _preparer(options: Map | None) -> Reader | None:
    if options is None:
        return None
    comma = _comma(options)
    percent = as_flag(options.items["percent"], "percent") if "percent" in options.items else False
    scale = _scale(options)
    if comma is None and not percent and scale is None:
        return None

    def prepare(found: Any) -> Any:
        if isinstance(found, str):
            text = found.strip()
            if percent:
                text = text.removesuffix("%").rstrip()
            if comma == "decimal":
                text = text.replace(".", "").replace(",", ".") if _grouped(text) else text.replace(",", ".")
            elif comma == "thousands":
                text = text.replace(",", "")
            found = text
        value = to_decimal(found)
        return multiply(value, scale) if scale is not None and value is not None else value

    return prepare


def _grouped(text: str) -> bool:
    """``1.234,5`` has points between thousands; ``1234.5`` has none to remove."""
    return re.fullmatch(r"[+-]?\d{1,3}(\.\d{3})+(,\d*)?", text) is not None


def _comma(options: Map) -> str | None:
    node = options.get("comma")
    if node is None:
        return None
    text = as_text(node, "comma", options.where).text
    if text not in ("decimal", "thousands"):
        raise broken(
            "MAP-OPTION", node.where, "comma phải là decimal hoặc thousands", "comma must be decimal or thousands"
        )
    return text


def _scale(options: Map) -> Decimal | None:
    node = options.get("scale")
    if node is None:
        return None
    try:
        return to_decimal(as_text(node, "scale", options.where).text)
    except ValueProblem:
        raise broken("MAP-OPTION", node.where, "scale phải là số", "scale must be a number") from None


def moment_reader(formats: tuple[str, ...], *, day_only: bool, partial: bool) -> Callable[[Any, int], Any]:
    """Instants and days.

    The reader takes the value and how many digits of it are known (0: all); it gives a date, a
    datetime, or for a partial date the digits with zeros for what is not known. With ``partial``
    the source itself may hold ``1985``, ``198507`` or zeros for month and day.
    """

    def read(found: Any, known: int) -> Any:
        if found is None or found == "":
            return None
        if formats and isinstance(found, str):
            found = _by_format(found.strip(), formats)
            if found is None:
                return None
        if partial and (digits := partial_digits(found)) is not None:
            return _cut(digits, day_only=day_only)
        if known:
            at = to_datetime(found)
            return None if at is None else _cut(f"{at.year:04}{at.month:02}{at.day:02}"[:known], day_only=day_only)
        return to_date(found) if day_only else to_datetime(found)

    return read


def _day_digits(text: str) -> str | None:
    if _is_instant(text):
        return text[:8]
    at = to_datetime(text)
    return None if at is None else f"{at.year:04}{at.month:02}{at.day:02}"


def _minute_digits(text: str) -> str | None:
    if _is_instant(text):
        return text[:12]
    at = to_datetime(text)
    return None if at is None else f"{at.year:04}{at.month:02}{at.day:02}{at.hour:02}{at.minute:02}"


def _is_instant(text: str) -> bool:
    """Whether the text is a real instant in 14 digits, the form most systems keep; days come again, minutes do not."""
    return (
        len(text) == 14
        and text.isdigit()
        and text.isascii()
        and text[8:10] < "24"
        and text[10:12] < "60"
        and text[12:] < "60"
        and _day_exists(text[:8])
    )


@lru_cache(maxsize=4_096)
def _day_exists(digits: str) -> bool:
    try:
        return to_datetime(digits) is not None
    except ValueProblem:
        return False


def digits_reader(*, day_only: bool) -> Reader:
    """Instants kept as 14 digits straight to the digits of the field."""

    digits = _day_digits if day_only else _minute_digits

    def read(found: Any) -> Any:
        kind = type(found)
        if kind is int:
            return digits(str(found))
        if kind is str:
            return digits(found)
        return to_date(found) if day_only else to_datetime(found)

    return read


def _cut(digits: str, *, day_only: bool) -> str:
    return digits.ljust(8 if day_only else 12, "0")[: 8 if day_only else 12]


def partial_digits(found: Any) -> str | None:
    """The known digits of a year, or year and month; None when the value is a whole date."""
    if isinstance(found, date):
        return None
    text = digits_of(found)
    if text is None or not (text.isascii() and text.isdigit()):
        return None
    if len(text) == 4 or (len(text) in (8, 12, 14) and text[4:8] == "0000"):
        _real_day(text[:4], "01")
        return text[:4]
    if len(text) == 6 or (len(text) in (8, 12, 14) and text[6:8] == "00"):
        _real_day(text[:4], text[4:6])
        return text[:6]
    return None


def _real_day(year: str, month: str) -> None:
    try:
        date(int(year), int(month), 1)
    except ValueError:
        raise ValueProblem("năm hoặc tháng không có thật", "not a real year or month") from None


def _by_format(text: str, formats: tuple[str, ...]) -> datetime | None:
    if not text:
        return None
    for form in formats:
        try:
            at = datetime.strptime(text, form)  # noqa: DTZ007 -- made aware in the next line
        except ValueError:
            continue
        return at.replace(tzinfo=VIETNAM) if at.tzinfo is None else at.astimezone(VIETNAM)
    raise ValueProblem(
        f"ngày không theo dạng {' hoặc '.join(formats)}", f"the date is not of form {' or '.join(formats)}"
    )
