"""Reading wire text the way the rules need it: numbers, instants, days, lists, ages.

Every reader answers "nothing" (``None`` or ``""``) for text that does not parse: emptiness and
broken text belong to the required and structure rules, one fault gives one finding. Results are
remembered, since a dossier repeats the same days and amounts many times.
"""

from __future__ import annotations

import re
from datetime import date, datetime
from decimal import ROUND_HALF_UP, Decimal
from functools import lru_cache

_NUMBER = re.compile(r"-?[0-9]+(\.[0-9]+)?\Z")
_CENT = Decimal("0.01")
ZERO = Decimal(0)
LONGEST_NUMBER = 40
"""Fields hold at most 15 characters; longer text is a length fault and is not reckoned with."""


@lru_cache(maxsize=16384)
def number(text: str) -> Decimal | None:
    """The number, or None when empty, not of the form ``-?digits[.digits]``, or absurdly long."""
    return Decimal(text) if len(text) <= LONGEST_NUMBER and _NUMBER.match(text) else None


def numeric(text: str) -> bool:
    """Whether the text is of a number's form, however long."""
    return _NUMBER.match(text) is not None


def integer(text: str) -> int | None:
    """The whole number, or None; ``2.00`` is not one."""
    return int(text) if len(text) <= LONGEST_NUMBER and text.isascii() and text.isdigit() else None


def round2(value: Decimal) -> Decimal:
    """To 2 decimals, half away from zero, once per amount."""
    return value.quantize(_CENT, ROUND_HALF_UP)


def decimals(text: str) -> int:
    """How many digits follow the dot."""
    return len(text.partition(".")[2])


@lru_cache(maxsize=8192)
def instant(text: str) -> str:
    """The text itself when it is a real ``yyyymmddHHMM``, else ``""``. Such texts sort in time."""
    if len(text) != 12 or not (text.isascii() and text.isdigit()):
        return ""
    return text if real_day(text[:8]) and text[8:10] < "24" and text[10:] < "60" else ""


@lru_cache(maxsize=8192)
def real_day(text: str) -> bool:
    """Whether the text is a real ``yyyymmdd`` since 1800; 9999 occurs as "without end"."""
    if len(text) != 8 or not (text.isascii() and text.isdigit()) or text < "1800":
        return False
    try:
        date(int(text[:4]), int(text[4:6]), int(text[6:]))
    except ValueError:
        return False
    return True


def day(text: str) -> str:
    """``yyyymmdd`` of a real date or date-time, else ``""``."""
    head = text[:8]
    if len(text) == 8:
        return head if real_day(head) else ""
    return head if instant(text) else ""


@lru_cache(maxsize=4096)
def moment(text: str) -> datetime:
    """A real 12-digit text as a naive local time, only for differences."""
    return datetime(int(text[:4]), int(text[4:6]), int(text[6:8]), int(text[8:10]), int(text[10:12]))  # noqa: DTZ001


@lru_cache(maxsize=4096)
def as_date(text: str) -> date:
    """A real ``yyyymmdd…`` as a date."""
    return date(int(text[:4]), int(text[4:6]), int(text[6:8]))


def minutes(start: str, end: str) -> float:
    """Minutes between two real 12-digit texts."""
    return (moment(end) - moment(start)).total_seconds() / 60


def hours(start: str, end: str) -> float:
    """Hours between two real 12-digit texts."""
    return minutes(start, end) / 60


def days_between(start: str, end: str) -> int:
    """Calendar days from one real day to the other."""
    return (as_date(end) - as_date(start)).days


def parts(text: str) -> list[str]:
    """The ``;``-separated parts; empty text has none."""
    return text.split(";") if text else []


def birth_day(text: str) -> str:
    """NGAY_SINH as ``yyyymmdd``; an unknown month and day counts as 1 January; ``""`` when broken."""
    if len(text) not in {8, 12} or not (text.isascii() and text.isdigit()):
        return ""
    head = text[:8]
    if head[4:] == "0000":
        head = head[:4] + "0101"
    return head if real_day(head) else ""


def age_years(birth: str, on: str) -> int:
    """Completed years between two real days."""
    return int(on[:4]) - int(birth[:4]) - (on[4:8] < birth[4:8])


_SPACES = re.compile(r"\s+")


@lru_cache(maxsize=4096)
def norm(text: str) -> str:
    """Free text for comparison: trimmed, blanks joined, case folded."""
    return _SPACES.sub(" ", text).strip().casefold()
