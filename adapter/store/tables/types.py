"""Column types that mean the same on SQLite and PostgreSQL."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import BigInteger, DateTime, Dialect, Integer
from sqlalchemy.types import TypeDecorator

Id = BigInteger().with_variant(Integer(), "sqlite")
"""Surrogate keys; SQLite only numbers rows by itself in an INTEGER primary key."""


class Instant(TypeDecorator[datetime]):
    """A timezone-aware instant, kept in UTC; SQLite gets UTC text that sorts by time."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Refuses a naive time: nobody could say which instant it is."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("the store takes timezone-aware instants only")
        utc = value.astimezone(UTC)
        return utc.replace(tzinfo=None) if dialect.name == "sqlite" else utc

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Always aware, always UTC."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if dialect.name == "sqlite" else value.astimezone(UTC)


class Money(TypeDecorator[Decimal]):
    """An exact amount in đồng with up to three decimals, kept as a whole number of thousandths.

    SQLite would keep a NUMERIC as a float; a whole number can be compared and summed on both.
    """

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Dialect) -> int | None:  # noqa: ARG002 -- the library's hook
        """Raises ValueError for a float or for more than three decimals."""
        if value is None:
            return None
        if not isinstance(value, Decimal | int):
            raise TypeError("money is a Decimal")
        thousandths = Decimal(value) * 1000
        if thousandths != thousandths.to_integral_value():
            raise ValueError("the store keeps at most three decimals of an amount")
        return int(thousandths)

    def process_result_value(self, value: int | None, dialect: Dialect) -> Decimal | None:  # noqa: ARG002
        """Thousandths back to đồng."""
        return None if value is None else Decimal(value) / 1000
