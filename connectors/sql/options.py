"""What an installation can set about its own source: ``facilities[].source.options`` for connector ``sql``."""

from __future__ import annotations

from datetime import datetime, time
from time import monotonic, sleep
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator

from adapter.clock import VIETNAM
from adapter.settings import SourceSettings
from connectors.checked import checked_options


class QuietHours(BaseModel):
    """A daily span, local time, in which the source is not read; it may pass midnight."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    start: time
    end: time

    def holds(self, now: datetime) -> bool:
        """Whether ``now`` lies inside (start included, end not)."""
        clock = now.astimezone(VIETNAM).time().replace(tzinfo=None)
        if self.start <= self.end:
            return self.start <= clock < self.end
        return clock >= self.start or clock < self.end


class SqlOptions(BaseModel):
    """Care for the hospital's server: one connection, bounded statements, pauses."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    statement_timeout: Annotated[float, Field(gt=0)] = 60
    isolation: Literal["default", "snapshot", "read_uncommitted"] = "default"
    quiet_hours: tuple[QuietHours, ...] = ()
    max_rows_per_second: Annotated[int, Field(gt=0)] | None = None
    keys_per_statement: Annotated[int, Field(gt=0, le=1000)] = 500
    oracle_thick: bool = False

    @field_validator("quiet_hours", mode="before")
    @classmethod
    def _from_text(cls, value: object) -> object:
        """``["07:30-08:30", …]`` reads better in a configuration than two keys per span."""
        if isinstance(value, list | tuple):
            return tuple(
                dict(zip(("start", "end"), item.split("-", 1), strict=True)) if isinstance(item, str) else item
                for item in value
            )
        return value


def read_options(settings: SourceSettings) -> SqlOptions:
    """The options of a facility's source; ConfigError names a wrong key."""
    return checked_options(SqlOptions, settings.options, "facilities[].source.options", guide="sql")


class Pace:
    """At most so many rows per second over time; a batch is read whole, the wait comes before the next one."""

    def __init__(self, rows_per_second: int | None) -> None:
        self._limit = rows_per_second
        self._free_at = 0.0

    def wait(self) -> None:
        """Until the rows read so far are paid for."""
        if (seconds := self._free_at - monotonic()) > 0:
            sleep(seconds)

    def read(self, rows: int) -> None:
        """So many rows have been read."""
        if self._limit is not None:
            self._free_at = max(self._free_at, monotonic()) + rows / self._limit
