"""``facilities[].source.options`` and ``facilities[].feeds[].options`` for connector ``tabular``."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, ConfigDict, Field, field_validator

from adapter.settings import SourceSettings
from connectors.checked import checked_options

_Overdue = Annotated[
    float,
    Field(gt=0, description="hours without a change after which a delivery that waits for its marker is told"),
]


class Reports(BaseModel):
    """Where reports are written."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    folder: Path


class SourceOptions(BaseModel):
    """A folder that is read and never touched."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    folder: Path = Field(description="one folder per delivery in it (a day), or with `group` the files themselves")
    group: str | None = Field(
        default=None, description="pattern with one group; files whose group is equal are one delivery"
    )
    marker: str | None = Field(default=None, description="a delivery is complete when a file of this name stands in it")
    steady: Annotated[float, Field(ge=0, description="seconds without a change before a delivery is read")] = 60
    overdue_hours: _Overdue = 6
    reports: Reports | None = Field(default=None, description="folder for <delivery>.report.json")

    @field_validator("group")
    @classmethod
    def _one_group(cls, value: str | None) -> str | None:
        if value is not None:
            try:
                groups = re.compile(value).groups
            except re.error as error:
                raise ValueError(f"no regular expression: {error}") from None
            if groups != 1:
                raise ValueError("exactly one group in parentheses is wanted")
        return value


class FeedOptions(BaseModel):
    """A folder whose deliveries are moved from in/ to done/ or refused/."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    folder: Path = Field(description="in/ is watched; work/, done/, refused/ are made beside it")
    marker: str | None = None
    every: Annotated[float, Field(gt=0, description="seconds between two looks")] = 5
    steady: Annotated[float, Field(ge=0, description="seconds without a change before a delivery is taken")] = 60
    overdue_hours: _Overdue = 6


_Model = TypeVar("_Model", bound=BaseModel)


def read_source_options(settings: SourceSettings) -> SourceOptions:
    """ConfigError names a wrong key."""
    return checked_options(SourceOptions, settings.options, "facilities[].source.options", guide="tabular")


def read_feed_options(options: Mapping[str, Any]) -> FeedOptions:
    """ConfigError names a wrong key."""
    return checked_options(FeedOptions, options, "facilities[].feeds[].options", guide="tabular")
