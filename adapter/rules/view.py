"""A dossier prepared for checking: rows as text, the visit's own facts worked out once."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from decimal import Decimal
from functools import cached_property, lru_cache
from typing import TypeVar, cast

from adapter.clock import datetime12
from adapter.dossier.model import Dossier, Purpose
from adapter.rules.context import Context
from adapter.rules.rows import Row, Rows, row_of
from adapter.rules.values import ZERO, age_years, birth_day, days_between, instant, parts
from adapter.standard.spec import Standard

T = TypeVar("T")
INPATIENT = frozenset({"03", "04", "09"})
BEDS = frozenset({"14", "15", "16"})
_NO_END_PREFIXES = frozenset({"QN", "HC", "LS", "XK", "CY", "CA"})


class View:
    """What rules look at. Header facts are ``""`` when empty or broken, so comparisons stay silent."""

    def __init__(
        self, dossier: Dossier, standard: Standard, context: Context, unreadable: Collection[str] = ()
    ) -> None:
        self.dossier = dossier
        self.unreadable = unreadable
        self.standard = standard
        self.context = context
        self.purpose: Purpose = dossier.purpose
        self.layout = standard.layout
        self.tables: Mapping[str, Rows] = {t: Rows(t, rows) for t, rows in dossier.tables.items() if rows}
        header = self.tables.get("XML0" if self.purpose is Purpose.CHECKIN else "XML1")
        self.x1 = header[0] if header else row_of("XML1", 1, {})
        self.kind = self.x1["MA_LOAI_KCB"]
        self.category = self.x1["MA_DOITUONG_KCB"]
        self.uninsured = self.category == "9"
        self.vao = instant(self.x1["NGAY_VAO"])
        self.ra = instant(self.x1["NGAY_RA"])
        self.options = context.options.on(self.ra or self.vao)
        self.admitted = instant(self.x1["NGAY_VAO_NOI_TRU"]) or self.vao
        self.inpatient = self.kind in INPATIENT
        self.cards = [c for c in parts(self.x1["MA_THE_BHYT"]) if c.strip()]
        self._fired: set[tuple[str, str, int | None]] = set()
        self._absent: dict[str, Rows] = {}
        self._known: dict[Callable[[View], object], object] = {}
        self._totals: dict[tuple[str, str], Decimal | None] = {}

    def rows(self, table: str) -> Rows:
        """The rows of a table, none when it is absent."""
        found = self.tables.get(table, self._absent.get(table))
        if found is None:
            found = self._absent[table] = Rows(table)
        return found

    def absent(self, table: str) -> bool:
        """Whether the dossier has no such table. A part that could not be read is not absent."""
        return table not in self.tables and table not in self.unreadable

    def field_names(self, table: str) -> Collection[str]:
        """The fields this layout gives a table."""
        found = self.standard.tables.get(table)
        return found.by_name if found else ()

    @cached_property
    def now(self) -> str:
        """The sending time as 12 digits; ``""`` when it is not known."""
        return _digits(self.context.at) if self.context.at else ""

    @cached_property
    def birth(self) -> str:
        """Birth day as ``yyyymmdd``, unknown month and day as 1 January; ``""`` when broken."""
        return birth_day(self.x1["NGAY_SINH"])

    @cached_property
    def age_days(self) -> int | None:
        """Age in days on arrival, None when unknown or when only the year is."""
        if not self.birth or not self.vao or self.x1["NGAY_SINH"][4:8] == "0000":
            return None
        return days_between(self.birth, self.vao[:8])

    @cached_property
    def age(self) -> int | None:
        """Completed years on arrival."""
        return age_years(self.birth, self.vao[:8]) if self.birth and self.vao else None

    @cached_property
    def icd(self) -> list[str]:
        """All ICD-10 codes of the visit, main first."""
        codes = [self.x1["MA_BENH_CHINH"], *parts(self.x1["MA_BENH_KT"])]
        return [c.strip() for c in codes if c.strip()]

    @cached_property
    def detail(self) -> list[Row]:
        """Cost rows: XML2 then XML3."""
        return [*self.rows("XML2"), *self.rows("XML3")]

    @cached_property
    def beds(self) -> list[Row]:
        """XML3 rows of groups 14, 15, 16."""
        return self.rows("XML3").of_groups(BEDS)

    def total(self, table: str, field: str) -> Decimal | None:
        """Sum of a field over a table; 0 when absent, None when the part or a row's value cannot be read."""
        if table in self.unreadable:
            return None
        key = (table, field)
        if key not in self._totals:
            self._totals[key] = self.rows(table).total(field)
        return self._totals[key]

    def once(self, work: Callable[[View], T]) -> T:
        """What several conditions need, worked out for the first of them."""
        if work not in self._known:
            self._known[work] = work(self)
        return cast("T", self._known[work])

    def prefix_in(self, prefixes: Iterable[str]) -> bool:
        """Whether some card starts with one of the two-letter groups."""
        return any(c[:2] in prefixes for c in self.cards)

    @cached_property
    def card_without_end(self) -> bool:
        """Whether a card belongs to a group whose cards carry no end date."""
        return self.prefix_in(_NO_END_PREFIXES)

    def mark(self, rule: str, table: str, row: int | None) -> None:
        """Remember that a rule fired here, for the cascade of money rules."""
        self._fired.add((rule, table, row))

    def fired(self, row: Row, *rules: str) -> bool:
        """Whether one of these rules fired for the row."""
        return not self._fired.isdisjoint([(rule, row.table, row.number) for rule in rules])

    def fired_anywhere(self, *rules: str) -> bool:
        """Whether one of these rules fired in the dossier."""
        return any(rule in rules for rule, _, _ in self._fired)


_digits = lru_cache(maxsize=64)(datetime12)
"""One sending time serves a whole batch."""


def add(values: Iterable[Decimal | None]) -> Decimal | None:
    """Sum; None as soon as one value is missing."""
    total = ZERO
    for value in values:
        if value is None:
            return None
        total += value
    return total


__all__ = ["BEDS", "INPATIENT", "Row", "Rows", "View", "add"]
