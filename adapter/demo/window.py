"""When the seeded visits take place, counted back from an injected ``now``.

Rules look at the send time: a visit should have ended within the last seven working days,
before the fifth of the month after, and in the financial year that still runs. A seed
that obeys them stays clean whenever it is sown.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import datetime, time, timedelta

DAYS_BACK = 9
"""Nine days in a row hold at most seven working days."""


@dataclass(frozen=True, slots=True)
class Window:
    """The time in which visits end: local time without zone, ``first`` ≤ end ≤ ``last``."""

    first: datetime
    last: datetime

    @property
    def year_end(self) -> datetime:
        """The last minute of the running financial year."""
        return datetime(self.last.year, 12, 31, 23, 59)  # noqa: DTZ001 -- local time of the HIS

    def end(self, rng: random.Random) -> datetime:
        """An end of visit, in daytime when the window leaves room for that."""
        days = (self.last.date() - self.first.date()).days
        for _ in range(8):
            day = self.first.date() + timedelta(days=rng.randint(0, days))
            at = datetime.combine(day, time(rng.randint(10, 16), rng.randint(0, 59)))
            if self.first <= at <= self.last:
                return at
        minutes = int((self.last - self.first).total_seconds() // 60)
        return self.first + timedelta(minutes=rng.randint(0, max(minutes, 0)))


def window(now: datetime) -> Window:
    """The window for a local ``now`` without zone, seconds cut off."""
    last = now.replace(second=0, microsecond=0) - timedelta(minutes=20)
    year_start = datetime(now.year, 1, 1)  # noqa: DTZ001 -- local time of the HIS
    first = max(last - timedelta(days=DAYS_BACK), year_start)
    if now.day > 5:
        first = max(first, datetime(now.year, now.month, 1))  # noqa: DTZ001 -- local time of the HIS
    last = max(last, year_start)
    return Window(first.replace(second=0, microsecond=0), max(last, first))


def stamp(at: datetime) -> int:
    """A time as demo HIS B stores it: yyyymmddhh24miss."""
    return int(at.strftime("%Y%m%d%H%M%S"))
