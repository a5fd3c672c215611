"""When a dossier is due: check-ins at once, visits 7 working days after their end and before the 5th.

QĐ 4750 art. 2.2 (check-in); TT 48/2017 art. 7.1 (checked, signed and payment asked for within 7
working days, visits of a month's end before the 5th of the next). Holidays are data.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import date, datetime, time, timedelta
from functools import lru_cache

from adapter.clock import VIETNAM, date8
from adapter.rules.catalogue import holidays

CLAIM_WORKING_DAYS = 7
MONTH_END_DAY = 4  # "before the 5th"
CORRECTION_WORKING_DAYS = 2  # TT 12/2026 art. 9.3


def is_working_day(day: date, off: Collection[str]) -> bool:
    """Monday to Friday and no public holiday (``off``: days as ``yyyymmdd``)."""
    return day.weekday() < 5 and day.strftime("%Y%m%d") not in off


def add_working_days(start: date, days: int, off: Collection[str] | None = None) -> date:
    """The day ``days`` working days after ``start``; the day of the event itself does not count."""
    free = holidays() if off is None else off
    day, left = start, days
    while left > 0:
        day += timedelta(days=1)
        if is_working_day(day, free):
            left -= 1
    return day


def claim_deadline(ended_at: datetime, off: Collection[str] | None = None) -> datetime:
    """The last instant for a visit that ended then: 7 working days, and never after the 4th of the next month."""
    ended = ended_at.astimezone(VIETNAM).date()
    return _claim_deadline(ended) if off is None else _by(ended, off)


@lru_cache(maxsize=512)
def _claim_deadline(ended: date) -> datetime:
    return _by(ended, None)


def _by(ended: date, off: Collection[str] | None) -> datetime:
    by_days = add_working_days(ended, CLAIM_WORKING_DAYS, off)
    next_month = (ended.replace(day=1) + timedelta(days=32)).replace(day=MONTH_END_DAY)
    return end_of(min(by_days, next_month))


def correction_deadline(told_at: datetime, off: Collection[str] | None = None) -> datetime:
    """A faulty dossier is corrected within 2 working days of the gateway's answer."""
    told = told_at.astimezone(VIETNAM).date()
    return end_of(add_working_days(told, CORRECTION_WORKING_DAYS, off))


def end_of(day: date) -> datetime:
    """The last second of a day in Vietnam."""
    return datetime.combine(day, time(23, 59, 59), VIETNAM)


__all__ = ["add_working_days", "claim_deadline", "correction_deadline", "date8", "end_of", "is_working_day"]
