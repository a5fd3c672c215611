"""When a stage is due: every so many seconds, or by a cron line. Pure, so that engines of both kinds agree."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from adapter.clock import VIETNAM
from adapter.settings import Every, Facility, Settings

if TYPE_CHECKING:
    from apscheduler.triggers.base import BaseTrigger


def every_of(settings: Settings, facility: Facility, stage: str) -> Every:
    """The facility's own schedule of a stage, else the one for all."""
    own: Every | None = getattr(facility.schedule, stage)
    general: Every = getattr(settings.schedule, stage)
    return general if own is None else own


def trigger(every: Every) -> BaseTrigger:
    """What APScheduler starts by."""
    from apscheduler.triggers.cron import CronTrigger
    from apscheduler.triggers.interval import IntervalTrigger

    if isinstance(every, str):
        return CronTrigger.from_crontab(every, timezone=VIETNAM)
    return IntervalTrigger(seconds=every, timezone=VIETNAM)


def due(every: Every, after: datetime, until: datetime) -> bool:
    """Whether a start falls into ``after < t <= until``. Needs no memory: every machine comes to the same answer."""
    if isinstance(every, str):
        found = trigger(every).get_next_fire_time(None, after + timedelta(microseconds=1))
        return found is not None and found <= until
    return until.timestamp() // every > after.timestamp() // every


def missed(every: Every, last: datetime | None, now: datetime) -> bool:
    """Whether a start was missed while nobody ran: an interval's always, a cron line's when its time went by."""
    if last is None or not isinstance(every, str):
        return True
    return due(every, last, now)


def period(every: Every) -> float:
    """Seconds between two starts; of a cron line, between its next two."""
    if not isinstance(every, str):
        return every
    line = trigger(every)
    first = line.get_next_fire_time(None, datetime.now(VIETNAM))
    second = line.get_next_fire_time(first, first + timedelta(microseconds=1)) if first else None
    return (second - first).total_seconds() if first and second else 86400.0
