"""Queries over one schema per month, as one HIS family keeps its events (root name plus MMYY).

A query that names ``{month}`` is repeated for every month that exists and put together with UNION ALL. Months whose
schema is missing are left out, as the vendor's own readers do; when all are missing, that is an error.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import date, datetime

from pydantic import BaseModel, ConfigDict, Field, field_validator
from sqlglot import exp

from adapter.clock import VIETNAM
from adapter.errors import MappingError, SourceSchemaError

PLACE = "{month}"
_FIRST = re.compile(r"^\d{4}-(0[1-9]|1[0-2])$")


class MonthlySchemas(BaseModel):
    """``source.months``: how a month's name is made, and which months are read.

    ``name`` is the text put for ``{month}``, with ``{MM}``, ``{YY}``, ``{YYYY}``. Read are the months from ``first``
    on, at most ``back`` before the current one, and ``ahead`` after it.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    first: str
    back: int = Field(default=6, ge=0, le=60)
    ahead: int = Field(default=1, ge=0, le=2)

    @field_validator("name")
    @classmethod
    def _a_plain_name(cls, value: str) -> str:
        made = render(value, date(2026, 1, 1))
        if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_$#]*", made) or "{MM}" not in value:
            raise ValueError("a name made of letters, digits, {MM} and {YY} or {YYYY}")
        return value

    @field_validator("first")
    @classmethod
    def _a_month(cls, value: str) -> str:
        if not _FIRST.match(value):
            raise ValueError("a month as yyyy-mm")
        return value

    def candidates(self, now: datetime) -> Iterator[str]:
        """Names of the months to look for, oldest first."""
        today = now.astimezone(VIETNAM)
        first = int(self.first[:4]) * 12 + int(self.first[5:]) - 1
        current = today.year * 12 + today.month - 1
        for number in range(max(first, current - self.back), current + self.ahead + 1):
            yield render(self.name, date(number // 12, number % 12 + 1, 1))


def render(name: str, month: date) -> str:
    """The schema's name for a month."""
    return name.replace("{MM}", f"{month:%m}").replace("{YYYY}", f"{month:%Y}").replace("{YY}", f"{month:%y}")


def sample(sql: str, months: MonthlySchemas | None, place: str) -> str:
    """The query for one month, to be checked; MappingError when it names a month without ``source.months``."""
    if PLACE not in sql:
        return sql
    if months is None:
        raise MappingError(
            f"{place}: dùng {PLACE} nhưng thiếu khóa source.months",
            f"{place}: uses {PLACE}, but the key source.months is missing",
            hint_vi="xem docs/connectors/sql.md, phần một schema mỗi tháng",
            hint_en="see docs/connectors/sql.md, one schema per month",
        )
    return sql.replace(PLACE, render(months.name, date(2000, 1, 1)))


def refuse_order(tree: exp.Query, place: str) -> None:
    """A query that is repeated and joined may have neither a WITH nor an order of its own."""
    if tree.args.get("order") or tree.args.get("with_") or tree.args.get("with") or tree.args.get("limit"):
        raise MappingError(
            f"{place}: câu lệnh dùng {PLACE} không được có WITH, ORDER BY hay LIMIT",
            f"{place}: a query with {PLACE} may not have WITH, ORDER BY or LIMIT",
            hint_vi="dùng order_by của collection",
            hint_en="use the collection's order_by",
        )


def union(sql: str, names: list[str]) -> str:
    """The query over all these months."""
    if PLACE not in sql:
        return sql
    return "\nUNION ALL\n".join(sql.replace(PLACE, name) for name in names)


def existing(months: MonthlySchemas, now: datetime, readable: Callable[[str], bool]) -> list[str]:
    """The months that are there. SourceSchemaError names those looked for when none is."""
    looked_for = list(months.candidates(now))
    found = [name for name in looked_for if readable(name)]
    if not found:
        names = ", ".join(looked_for) or months.first
        raise SourceSchemaError(
            f"Nguồn không có schema tháng nào trong: {names}",
            f"The source has none of the monthly schemas: {names}",
            hint_vi="kiểm tra source.months.name và quyền đọc",
            hint_en="check source.months.name and the right to read",
        )
    return found
