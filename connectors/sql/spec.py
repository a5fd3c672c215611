"""The ``source:`` block of a mapping, as the SQL connector reads it.

Documented for integrators in ``docs/connectors/sql.md``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator

from connectors.checked import checked_spec
from connectors.sql.months import MonthlySchemas
from connectors.sql.stamps import FORMS

# Names go into SQL unquoted, so that each engine folds them as it folds the query's own names.
_NAME = r"^[A-Za-z_][A-Za-z0-9_$#]*$"
Column = Annotated[str, Field(pattern=_NAME)]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Encounters(_Part):
    """The query that gives one row per encounter, and the columns its cursor is made of."""

    query: Annotated[str, Field(min_length=1)]
    key: Column
    changed_at: tuple[Column, ...]
    stamp: str | None = None
    day: Column | None = Field(default=None, description="column of the source day, for reconciliation")
    look_back: int | None = Field(default=None, ge=0, description="for stamp: counter, in the counter's own units")

    @field_validator("changed_at", mode="before")
    @classmethod
    def _one_or_many(cls, value: Any) -> Any:
        return (value,) if isinstance(value, str) else value

    @field_validator("changed_at")
    @classmethod
    def _at_least_one(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        if not value:
            raise ValueError("name at least one column")
        return value

    @field_validator("stamp")
    @classmethod
    def _known_form(cls, value: str | None) -> str | None:
        if value is not None and value not in FORMS:
            raise ValueError(f"one of {', '.join(sorted(FORMS))}")
        return value


class Collection(_Part):
    """A query that gives the rows belonging to a batch of encounters."""

    query: Annotated[str, Field(min_length=1)]
    parent: Column
    by: Column | None = None
    order_by: tuple[Column, ...] = ()

    @field_validator("order_by", mode="before")
    @classmethod
    def _one_or_many(cls, value: Any) -> Any:
        return (value,) if isinstance(value, str) else value


class SqlSpec(_Part):
    """The whole block."""

    connector: str = "sql"
    columns: Literal["upper", "lower", "source"] = "source"
    months: MonthlySchemas | None = None
    encounters: Encounters
    collections: dict[str, Collection] = Field(default_factory=dict)


def read_spec(spec: Mapping[str, Any]) -> SqlSpec:
    """Check the block; MappingError names the key that is wrong."""
    return checked_spec(SqlSpec, spec, guide="sql")
