"""The time, as something handed in, so that a test can stand anywhere in the year.

Inside the product every instant is timezone-aware. Decrees write local time of
Asia/Ho_Chi_Minh (UTC+7, no daylight saving) as ``yyyymmddHHMM``; that form exists
only at the edges.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from zoneinfo import ZoneInfo

VIETNAM = ZoneInfo("Asia/Ho_Chi_Minh")

Clock = Callable[[], datetime]
"""Returns the current instant, timezone-aware, in Asia/Ho_Chi_Minh."""


def system_clock() -> datetime:
    """The machine's clock in Vietnam's time."""
    return datetime.now(VIETNAM)


def fixed_clock(at: datetime) -> Clock:
    """A clock that stands still, for tests and seeded data."""
    if at.tzinfo is None:
        raise ValueError("a clock needs a timezone-aware instant")
    return lambda: at.astimezone(VIETNAM)


def datetime12(at: datetime) -> str:
    """``yyyymmddHHMM`` in Vietnam's time, the decrees' form of an instant."""
    return at.astimezone(VIETNAM).strftime("%Y%m%d%H%M")


def date8(at: datetime) -> str:
    """``yyyymmdd`` in Vietnam's time, the decrees' form of a day."""
    return at.astimezone(VIETNAM).strftime("%Y%m%d")


def from_datetime12(text: str) -> datetime:
    """Read ``yyyymmddHHMM`` (or ``yyyymmddHHMMSS``, ``yyyymmdd``) as Vietnam's time.

    Raises ValueError when the digits are not a real instant.
    """
    if len(text) not in {8, 12, 14} or not text.isdecimal():
        raise ValueError(f"not a date of 8, 12 or 14 digits: {len(text)} characters")
    # By its digits: ``strptime`` takes ten times as long, and every stage reads dates.
    rest = [int(text[at : at + 2]) for at in range(4, len(text), 2)]
    return datetime(int(text[:4]), *rest, tzinfo=VIETNAM)  # type: ignore[arg-type, misc]  # at most seconds
