"""``facilities[].feeds[].options`` for connector ``claimxml``."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from adapter.errors import ConfigError
from connectors.checked import checked_options


class ClaimXmlOptions(BaseModel):
    """Where the files are, and what is done with a signature that is already there."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    folder: Path | None = Field(
        default=None, description="in/ is watched; work/, waiting/, done/, refused/ are made beside it"
    )
    push: bool = Field(default=False, description="POST /v1/xml/dossiers is open for this facility")
    keep_signature: bool = Field(
        default=False, description="a file signed with the facility's own certificate leaves as it came"
    )
    uninsured_categories: tuple[str, ...] = ("9",)
    max_bytes: Annotated[int, Field(gt=0)] = 200 * 1024 * 1024
    every: Annotated[float, Field(gt=0, description="seconds between two looks")] = 2
    steady: Annotated[float, Field(ge=0, description="seconds without a change before a file is taken")] = 5


def read_options(options: Mapping[str, Any]) -> ClaimXmlOptions:
    """ConfigError names a wrong key, or that there is nothing to do."""
    read = checked_options(ClaimXmlOptions, options, "facilities[].feeds[].options", guide="claimxml")
    if read.folder is None and not read.push:
        raise ConfigError(
            "Feed claimxml cần folder hoặc push: true",
            "A claimxml feed needs folder or push: true",
            hint_vi="xem docs/vi/connectors/claimxml.md",
            hint_en="see docs/connectors/claimxml.md",
        )
    return read
