"""What a check may know beside the dossier: the sending time, choices, catalogues, history.

Every part may be absent. A rule that needs an absent part is reported as not checked, with the
name of what it waits for; it never passes silently.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Literal, Protocol

from adapter.rules.catalogue import holidays
from adapter.settings import RulesSettings

Level = Literal["error", "warning", "info", "off"]


class Catalogues(Protocol):
    """The facility's approved lists and the national ones, each with validity dates.

    Names used by rules, with the columns they read beside ``code``:
    ``icd10`` (name, not_main, use_specific, death_only: ``1`` when flagged), ``yhct``, ``icd9cm``, ``facilities``,
    ``card_prefixes``, ``provinces``, ``communes`` (province), ``occupations``, ``departments``,
    ``staff`` (may_sign, days as digits 1–7, hours as ``HHMM-HHMM;…``),
    ``drugs`` (name, strength, registration, tender, route, form, unit, price, needs_service, icd),
    ``services`` (name, price, min_minutes, sex, age_from, age_to, needs_machine), ``supplies`` (tender, price),
    ``equipment``, ``tt01_i`` (under_18), ``tt01_ii``, ``transport_cards``, ``exclusions`` (other).
    """

    def has(self, name: str, on: date) -> bool:
        """Whether a list of this name is loaded that holds on that day."""
        ...

    def find(self, name: str, code: str, on: date) -> Sequence[Mapping[str, str]]:
        """Rows with exactly this code in force on that day; empty when there is none."""
        ...


@dataclass(frozen=True, slots=True)
class SentVisit:
    """A dossier of this middleware that was sent before; values as XML1 holds them."""

    ma_lk: str
    ma_bn: str
    kind: str
    ngay_vao: str
    ngay_ra: str
    ma_khoa: str
    accepted: bool


class History(Protocol):
    """What was sent before, over all facilities this middleware knows. Never includes ``but_not``."""

    def accepted(self, ma_lk: str) -> bool:
        """Whether a dossier with this MA_LK has a receipt."""
        ...

    def visits(self, person: Collection[str], *, but_not: str) -> Sequence[SentVisit]:
        """Visits of the person with one of these identity or card numbers."""
        ...

    def same_claim(self, key: Mapping[str, str], *, but_not: str) -> Sequence[tuple[str, Decimal, Decimal]]:
        """(MA_LK, T_TONGCHI_BV, T_BHTT) of sent dossiers whose XML1 has exactly these values."""
        ...

    def used(self, table: str, values: Mapping[str, str], *, but_not: str) -> Sequence[str]:
        """MA_LK of sent dossiers with a row of this table that has exactly these values."""
        ...

    def busy(self, field: str, code: str, start: str, end: str, *, but_not: str) -> Sequence[str]:
        """MA_LK of sent dossiers whose XML3 rows hold ``code`` in ``field`` and overlap [start, end) (12 digits).

        For beds the code is ``MA_KHOA/MA_GIUONG``.
        """
        ...


@dataclass(frozen=True, slots=True)
class FacilityProfile:
    """What the facility's contract and licence say; None when not told."""

    contract_until: str | None = None
    inpatient_allowed: bool | None = None
    formerly_central: bool | None = None
    overnight_clinic: bool | None = None


@dataclass(frozen=True, slots=True)
class CardLookup:
    """Answer of the gateway's card look-up: whether the card is good, and the person it names.

    ``birth`` is ``yyyymmdd`` or a year, ``sex`` the decree's code; empty where the answer says nothing.
    """

    valid: bool
    name: str = ""
    birth: str = ""
    sex: str = ""


@dataclass(frozen=True, slots=True)
class Override:
    """A recorded choice of the facility about one rule, in force from ``since`` to ``until`` (inclusive)."""

    rule: str
    severity: Level
    since: date | None = None
    until: date | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Options:
    """Choices where the sources leave one; the defaults are stated here and in ``docs/rules/options.md``."""

    overrides: tuple[Override, ...] = ()
    silent_up_to: Decimal = Decimal("0.01")
    info_up_to: Decimal = Decimal("1.00")
    base_salary: tuple[tuple[str, Decimal], ...] = ()
    max_supply_day_salaries: int = 45
    prescription_days: int = 30
    minimum_minutes: int = 3
    large_quantity: Decimal = Decimal(1000)
    large_share: Decimal | None = None
    discharge_document_tables: frozenset[str] = frozenset({"03", "04", "09"})
    summary_kinds: frozenset[str] = frozenset({"03", "04", "06"})
    progress_kinds: frozenset[str] = frozenset({"02", "03", "04", "05", "06", "08", "09"})
    extra_bed_day_outcomes: frozenset[str] = frozenset({"3", "4", "5", "6"})
    extra_bed_day_discharges: frozenset[str] = frozenset({"2", "3", "4", "5"})
    second_discharge_letter: bool = True
    strict_result_times: bool = False
    signature_required: bool = True
    one_dossier_per_file: bool = True
    reopened_years: frozenset[int] = frozenset()
    deadline_working_days: int = 7
    deadline_day_of_month: int = 5
    non_working_days: frozenset[str] = field(default_factory=holidays)

    @classmethod
    def from_settings(cls, settings: RulesSettings) -> Options:
        """The options an installation's ``rules`` settings ask for."""
        return cls(
            overrides=tuple(Override(rule, level) for rule, level in settings.severity.items()),
            silent_up_to=Decimal(settings.money_silent_up_to),
            info_up_to=Decimal(settings.money_info_up_to),
        )


@dataclass(frozen=True, slots=True)
class Context:
    """Everything a check may use beside the dossier. ``at`` is the sending time, timezone-aware."""

    at: datetime | None = None
    options: Options = Options()
    catalogues: Catalogues | None = None
    history: History | None = None
    facility: FacilityProfile | None = None
    card: CardLookup | None = None
    signed: bool | None = None
    replacement: bool = False
