"""The functions of the expression language: one table, checked on load, printed in the reference.

Unless its line says otherwise a function of None gives None, so that an absent value stays
absent; tests (``starts_with`` …) answer False and ``len`` 0.
"""

from __future__ import annotations

import calendar
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from typing import Any

from adapter.clock import date8, datetime12
from adapter.expr.values import (
    LARGEST,
    MAX_TEXT,
    ValueProblem,
    family,
    round_half_away,
    to_date,
    to_datetime,
    to_decimal,
)

MANY = 60


@dataclass(frozen=True, slots=True)
class Function:
    """A function by name: how many arguments, of what families, what comes back, and its one-line account.

    ``takes`` gives a family per argument (the last repeats); ``any`` accepts all, ``moment`` a
    date or anything a date is read from. ``gives`` is a family or ``any``.
    """

    name: str
    least: int
    most: int
    takes: tuple[str, ...]
    gives: str
    call: Callable[..., Any]
    usage: str
    vi: str
    en: str


FUNCTIONS: dict[str, Function] = {}


def _function(
    usage: str, takes: str, gives: str, vi: str, en: str, *, least: int | None = None, most: int | None = None
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    families = tuple(takes.split())

    def register(call: Callable[..., Any]) -> Callable[..., Any]:
        name = usage.partition("(")[0]
        count = len(families)
        FUNCTIONS[name] = Function(name, least or count, most or count, families, gives, call, usage, vi, en)
        return call

    return register


# ---- numbers --------------------------------------------------------------------------------


@_function("round(x, places=0)", "number number", "number", "làm tròn nửa ra xa số 0", "half away from zero", least=1)
def _round(x: Any, places: Any = 0) -> Any:
    if x is None:
        return None
    if places is None or places != int(places) or not -20 <= places <= 20:
        raise ValueProblem("số chữ số thập phân phải từ -20 đến 20", "places must be between -20 and 20")
    return round_half_away(x, int(places))


@_function("floor(x)", "number", "number", "số nguyên không lớn hơn", "the whole number not above")
def _floor(x: Any) -> Any:
    return None if x is None else int(Decimal(x).to_integral_value(rounding=ROUND_FLOOR))


@_function("ceil(x)", "number", "number", "số nguyên không nhỏ hơn", "the whole number not below")
def _ceil(x: Any) -> Any:
    return None if x is None else int(Decimal(x).to_integral_value(rounding=ROUND_CEILING))


@_function("abs(x)", "number", "number", "giá trị tuyệt đối", "absolute value")
def _abs(x: Any) -> Any:
    return None if x is None else abs(x)


@_function("min(a, b, …)", "any any", "any", "nhỏ nhất, bỏ qua trống", "the smallest, None left out", most=MANY)
def _min(*values: Any) -> Any:
    return lowest(values)


@_function("max(a, b, …)", "any any", "any", "lớn nhất, bỏ qua trống", "the largest, None left out", most=MANY)
def _max(*values: Any) -> Any:
    return highest(values)


def lowest(values: Any) -> Any:
    """The smallest of the values that are there, None when none is."""
    return min(_comparable(values), default=None)


def highest(values: Any) -> Any:
    """The largest of the values that are there, None when none is."""
    return max(_comparable(values), default=None)


def _comparable(values: Any) -> list[Any]:
    there = [v for v in values if v is not None]
    if len({family(v) for v in there}) > 1:
        raise ValueProblem("các giá trị khác kiểu, không so sánh được", "values of different kinds cannot be compared")
    return there


@_function(
    "int(x)", "any", "number", "số nguyên từ số hoặc chữ; phần lẻ là lỗi", "whole number; a fraction is an error"
)
def _int(x: Any) -> Any:
    number = to_decimal(int(x) if isinstance(x, bool) else x)
    if number is None:
        return None
    if number != number.to_integral_value():
        raise ValueProblem("số có phần lẻ, dùng round() trước", "the number has a fraction; use round() first")
    return int(number)


@_function("decimal(x)", "any", "number", "số chính xác từ số hoặc chữ", "exact number from a number or text")
def _decimal(x: Any) -> Any:
    return to_decimal(x)


# ---- text -----------------------------------------------------------------------------------


def text_of(value: Any) -> str:  # noqa: PLR0911 -- one line for each type
    """A value as plain text: numbers without exponent, dates as digits, None as empty."""
    match value:
        case None:
            return ""
        case str():
            return value
        case bool():
            return "1" if value else "0"
        case int():
            if abs(value) >= LARGEST:
                raise ValueProblem("số quá lớn", "the number is too large")
            return str(value)
        case Decimal():
            return format(value, "f")
        case datetime():
            return datetime12(value)
        case date():
            return value.strftime("%Y%m%d")
    raise ValueProblem("giá trị không viết thành chữ được", "the value cannot be written as text")


def cap(text: str) -> str:
    """The text itself when it is within the language's limit."""
    if len(text) > MAX_TEXT:
        raise ValueProblem(f"chuỗi dài quá {MAX_TEXT} ký tự", f"the text is longer than {MAX_TEXT} characters")
    return text


@_function("str(x)", "any", "text", "thành chữ; trống nếu không có", "as text; empty for None")
def _str(x: Any) -> Any:
    return text_of(x)


@_function("len(x)", "any", "number", "số ký tự", "number of characters")
def _len(x: Any) -> Any:
    return len(text_of(x))


@_function("upper(x)", "text", "text", "chữ hoa", "upper case")
def _upper(x: Any) -> Any:
    return None if x is None else cap(x.upper())


@_function("lower(x)", "text", "text", "chữ thường", "lower case")
def _lower(x: Any) -> Any:
    return None if x is None else cap(x.lower())


@_function("strip(x)", "text", "text", "bỏ khoảng trắng hai đầu", "without blanks at both ends")
def _strip(x: Any) -> Any:
    return None if x is None else x.strip()


@_function(
    "substr(x, start, count)",
    "any number number",
    "text",
    "đoạn chữ, đếm từ 0",
    "a piece, start counts from 0",
    least=2,
)
def _substr(x: Any, start: Any, count: Any = None) -> Any:
    if x is None:
        return None
    begin = _whole(start)
    return text_of(x)[begin:] if count is None else text_of(x)[begin : begin + _whole(count)]


@_function("left(x, n)", "any number", "text", "n ký tự đầu", "the first n characters")
def _left(x: Any, n: Any) -> Any:
    return None if x is None else text_of(x)[: _whole(n)]


@_function("right(x, n)", "any number", "text", "n ký tự cuối", "the last n characters")
def _right(x: Any, n: Any) -> Any:
    if x is None:
        return None
    text = text_of(x)
    return text[max(0, len(text) - _whole(n)) :]


def _whole(n: Any) -> int:
    if n is None or n != int(n) or n < 0:
        raise ValueProblem(
            "vị trí và độ dài phải là số nguyên không âm", "positions and counts must be whole, not negative"
        )
    return min(int(n), MAX_TEXT)


@_function("starts_with(x, y)", "text text", "bool", "có bắt đầu bằng y", "whether x begins with y")
def _starts_with(x: Any, y: Any) -> Any:
    return x is not None and y is not None and x.startswith(y)


@_function("ends_with(x, y)", "text text", "bool", "có kết thúc bằng y", "whether x ends with y")
def _ends_with(x: Any, y: Any) -> Any:
    return x is not None and y is not None and x.endswith(y)


@_function("contains(x, y)", "text text", "bool", "có chứa y", "whether y stands in x")
def _contains(x: Any, y: Any) -> Any:
    return x is not None and y is not None and y in x


@_function("replace(x, old, new)", "text text text", "text", "thay mọi chỗ", "every old becomes new")
def _replace(x: Any, old: Any, new: Any) -> Any:
    if x is None:
        return None
    if not old:
        raise ValueProblem("chuỗi cần thay không được trống", "the text to replace must not be empty")
    new = new or ""
    if len(x) + x.count(old) * (len(new) - len(old)) > MAX_TEXT:
        raise ValueProblem(f"chuỗi dài quá {MAX_TEXT} ký tự", f"the text is longer than {MAX_TEXT} characters")
    return x.replace(old, new)


@_function(
    "concat(a, …)", "any", "text", "nối các phần, phần trống biến mất", "parts together, empty ones vanish", most=MANY
)
def _concat(*parts: Any) -> Any:
    return cap("".join(text_of(p) for p in parts))


@_function(
    "pad_left(x, width, fill)", "any number text", "text", "thêm bên trái cho đủ độ dài", "filled up at the left"
)
def _pad_left(x: Any, width: Any, fill: Any) -> Any:
    if x is None:
        return None
    if fill is None or len(fill) != 1 or _whole(width) > 255:
        raise ValueProblem(
            "cần đúng một ký tự và độ dài tối đa 255", "needs exactly one character and a width up to 255"
        )
    return text_of(x).rjust(_whole(width), fill)


@_function("digits(x)", "any", "text", "chỉ giữ chữ số", "only the digits 0-9")
def _digits(x: Any) -> Any:
    return None if x is None else "".join(c for c in text_of(x) if c.isascii() and c.isdigit())


# ---- choice ---------------------------------------------------------------------------------


@_function(
    "coalesce(a, b, …)", "any any", "any", "giá trị đầu tiên không trống", "the first that is not empty", most=MANY
)
def _coalesce(*values: Any) -> Any:
    return next((v for v in values if v is not None and not (type(v) is str and not v.strip())), None)


@_function("is_empty(x)", "any", "bool", "trống hoặc chỉ khoảng trắng", "None, empty, or only blanks")
def _is_empty(x: Any) -> Any:
    return x is None or (isinstance(x, str) and not x.strip())


# ---- dates ----------------------------------------------------------------------------------


@_function("date(x)", "moment", "date", "ngày từ 8/12/14 chữ số, ISO", "a day from 8/12/14 digits or ISO")
def _date(x: Any) -> Any:
    return to_date(x)


@_function(
    "datetime(x)", "moment", "datetime", "ngày giờ từ 8/12/14 chữ số, ISO", "an instant from 8/12/14 digits or ISO"
)
def _datetime(x: Any) -> Any:
    return to_datetime(x)


@_function("days_between(a, b)", "moment moment", "number", "số ngày lịch từ a đến b", "calendar days from a to b")
def _days_between(a: Any, b: Any) -> Any:
    first, second = to_date(a), to_date(b)
    return None if first is None or second is None else (second - first).days


@_function("minutes_between(a, b)", "moment moment", "number", "số phút trọn từ a đến b", "whole minutes from a to b")
def _minutes_between(a: Any, b: Any) -> Any:
    first, second = to_datetime(a), to_datetime(b)
    return None if first is None or second is None else int((second - first) // timedelta(minutes=1))


def _shifted(value: Any, change: Callable[[date], date]) -> Any:
    at: date | None = value if type(value) is date else to_datetime(value)
    if at is None:
        return None
    try:
        return change(at)
    except (OverflowError, ValueError) as error:
        raise ValueProblem("ngày ra ngoài lịch", "the date leaves the calendar") from error


@_function("add_days(x, n)", "moment number", "any", "cộng n ngày", "n days later")
def _add_days(x: Any, n: Any) -> Any:
    return _shifted(x, lambda at: at + timedelta(days=_count(n)))


@_function("add_minutes(x, n)", "moment number", "any", "cộng n phút", "n minutes later")
def _add_minutes(x: Any, n: Any) -> Any:
    return _shifted(to_datetime(x), lambda at: at + timedelta(minutes=_count(n)))


@_function("add_months(x, n)", "moment number", "any", "cộng n tháng, cuối tháng giữ cuối tháng", "n months later")
def _add_months(x: Any, n: Any) -> Any:
    return _shifted(x, lambda at: _months_later(at, _count(n)))


@_function("add_years(x, n)", "moment number", "any", "cộng n năm", "n years later")
def _add_years(x: Any, n: Any) -> Any:
    return _shifted(x, lambda at: _months_later(at, 12 * _count(n)))


def _months_later(at: date, months: int) -> date:
    year, month = divmod(at.year * 12 + at.month - 1 + months, 12)
    if not 1 <= year <= 9999:
        raise ValueError
    return at.replace(year=year, month=month + 1, day=min(at.day, calendar.monthrange(year, month + 1)[1]))


def _count(n: Any) -> int:
    if n is None or n != int(n) or abs(n) > 100_000_000:
        raise ValueProblem("số lượng cộng phải là số nguyên", "what is added must be a whole number")
    return int(n)


def _part(name: str, vi: str, en: str) -> None:
    def part(x: Any) -> Any:
        at = to_datetime(x)
        return None if at is None else getattr(at, name)

    _function(f"{name}(x)", "moment", "number", vi, en)(part)


for _name, _vi in (("year", "năm"), ("month", "tháng"), ("day", "ngày"), ("hour", "giờ"), ("minute", "phút")):
    _part(_name, f"phần {_vi}", f"the {_name}")


@_function("age_years(birth, at)", "moment moment", "number", "tuổi tròn năm", "full years of age")
def _age_years(birth: Any, at: Any) -> Any:
    born, day = to_date(birth), to_date(at)
    if born is None or day is None:
        return None
    return day.year - born.year - ((day.month, day.day) < (born.month, born.day))


@_function("age_days(birth, at)", "moment moment", "number", "số ngày tuổi", "days of age")
def _age_days(birth: Any, at: Any) -> Any:
    return _days_between(birth, at)


@_function('format_date(x, "date8")', "moment text", "text", "thành 8 hoặc 12 chữ số", "as 8 or 12 digits")
def _format_date(x: Any, form: Any) -> Any:
    at = to_datetime(x)
    if form not in ("date8", "datetime12"):
        raise ValueProblem("dạng phải là date8 hoặc datetime12", "the form must be date8 or datetime12")
    if at is None:
        return None
    return date8(at) if form == "date8" else datetime12(at)
