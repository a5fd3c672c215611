"""The ``source:`` block of a mapping for connector ``tabular``: which file and sheet is which table."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator

from adapter.text.charset import CHARSETS
from connectors.checked import checked_spec

Text = Annotated[str, Field(min_length=1)]
Name = Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Table(_Part):
    """Where the lines of one table stand.

    ``file`` and ``sheet``: patterns (``*``, ``?``), without regard to case. ``columns``: column → heading, or several
    headings it may have; only these are then read. Without it every heading is a column of that name.
    """

    file: tuple[Text, ...]
    sheet: Text = "*"
    columns: dict[Name, tuple[Text, ...]] = Field(default_factory=dict)
    charset: str | None = Field(default=None, description="of delimited files and HTML; default: found out")
    delimiter: Annotated[str, Field(min_length=1, max_length=1)] | None = None
    merged: Literal["refuse", "repeat"] = Field(
        default="refuse", description="cells merged in lines of data: refuse the encounter, or repeat the text"
    )
    without_key: Literal["refuse", "skip"] = Field(
        default="refuse", description="a line without key: refuse the delivery, or pass over it (lines of totals)"
    )

    @field_validator("file", mode="before")
    @classmethod
    def _one_or_many(cls, value: Any) -> Any:
        return (value,) if isinstance(value, str) else value

    @field_validator("columns", mode="before")
    @classmethod
    def _headings(cls, value: Any) -> Any:
        if not isinstance(value, Mapping):
            return value
        return {name: (told,) if isinstance(told, str) else told for name, told in value.items()}

    @field_validator("charset")
    @classmethod
    def _known(cls, value: str | None) -> str | None:
        if value is not None and value not in CHARSETS:
            raise ValueError(f"one of {', '.join(CHARSETS)}")
        return value


class Encounters(Table):
    """One line per encounter."""

    key: Name


class Collection(Table):
    """Lines that belong to encounters. ``optional``: a delivery without its file has none."""

    parent: Name
    optional: bool = False
    orphans: Literal["refuse", "report"] = Field(
        default="refuse",
        description="lines whose encounter is not in the delivery: an encounter that is blocked, or told",
    )


class TabularSpec(_Part):
    """The whole block."""

    connector: str = "tabular"
    encounters: Encounters
    collections: dict[Name, Collection] = Field(default_factory=dict)

    def digest(self) -> str:
        """Changes when deliveries must be read anew."""
        return hashlib.sha256(self.model_dump_json().encode("utf-8")).hexdigest()[:16]


def read_spec(spec: Mapping[str, Any]) -> TabularSpec:
    """Check the block; MappingError names the key that is wrong."""
    return checked_spec(TabularSpec, spec, guide="tabular")
