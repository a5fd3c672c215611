"""When each stage starts."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, Field

from adapter.settings.part import Part


def _cron(value: str) -> str:
    """Five cron fields in Vietnam's time; a day of the week by name, for programs count them differently."""
    from apscheduler.triggers.cron import CronTrigger

    fields = value.split()
    if len(fields) != 5 or any(sign.isdigit() for sign in fields[4]):
        raise ValueError("five cron fields (minute hour day month weekday), the weekday as mon … sun or *")
    CronTrigger.from_crontab(value)  # ValueError when a field is out of range
    return value


Every = Annotated[float, Field(gt=0)] | Annotated[str, AfterValidator(_cron)]
"""Seconds between two starts, or a cron line such as ``*/10 6-22 * * mon-sat`` in Vietnam's time."""


class ScheduleSettings(Part):
    """When each stage starts: seconds between two starts, or a cron line."""

    pull: Every = 60
    translate: Every = 5
    check: Every = 5
    sign: Every = 5
    send: Every = 5
    follow: Every = 3600
    reconcile: Every = 86_400
    hang_minutes: Annotated[
        float, Field(gt=0, description="a stage that runs so long is told and the engine started anew")
    ] = 30
    frozen_seconds: Annotated[
        float, Field(ge=5, description="a role that lives but gives no sign so long is killed and started anew")
    ] = 60


class StageSchedule(Part):
    """One facility's own schedule, which is its connector's: what is not named is as for all."""

    pull: Every | None = None
    translate: Every | None = None
    check: Every | None = None
    sign: Every | None = None
    send: Every | None = None
    follow: Every | None = None
    reconcile: Every | None = None
