"""What a check may know beside the dossier: the sending time, choices, catalogues, history.

Every part may be absent. A rule that needs an absent part is reported as not checked, with the
name of what it waits for; it never passes silently.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from typing import Any, Literal, Protocol

from adapter.errors import ConfigError
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

    def told(self) -> str:
        """The choice as it is recorded beside a finding."""
        return _told(self.since, self.until, self.reason)


@dataclass(frozen=True, slots=True)
class Choice:
    """A doubtful point decided by the facility: an option's value, in force from ``since`` to ``until`` (inclusive)."""

    option: str
    value: Any
    since: date | None = None
    until: date | None = None
    reason: str = ""

    def told(self) -> str:
        """The choice in words."""
        return _told(self.since, self.until, self.reason)


def _told(since: date | None, until: date | None, reason: str) -> str:
    days = [f"từ / since {since}"] if since else []
    days += [f"đến / until {until}"] if until else []
    return " ".join([*days, reason]).strip()


@dataclass(frozen=True, slots=True)
class Options:
    """Choices where the sources leave one; the defaults are stated here and in ``docs/rules/options.md``."""

    overrides: tuple[Override, ...] = ()
    choices: tuple[Choice, ...] = ()
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

    def on(self, day: str) -> Options:
        """The options in force on a day (``yyyymmdd…``). Without one, choices with dates do not count."""
        if not self.choices:
            return self
        return _on(self, tuple(c for c in self.choices if _holds(c, day)))

    @classmethod
    def from_settings(cls, settings: RulesSettings, facility: str = "") -> Options:
        """The options the ``rules`` settings ask for at this facility.

        Raises ConfigError for an option that does not exist or a value that is none.
        """
        always = tuple(
            Override(rule, level, reason="rules.severity trong config.yaml")
            for rule, level in settings.severity.items()
        )
        dated = tuple(
            Override(o.rule, o.severity, o.since, o.until, o.reason)
            for o in settings.overrides
            if o.facility in {None, facility}
        )
        choices = tuple(
            Choice(c.option, option_value(c.option, c.value), c.since, c.until, c.reason)
            for c in settings.choices
            if c.facility in {None, facility}
        )
        return cls(
            overrides=(*always, *dated),
            choices=choices,
            silent_up_to=Decimal(settings.money_silent_up_to),
            info_up_to=Decimal(settings.money_info_up_to),
        )


def _holds(choice: Choice, day: str) -> bool:
    since = f"{choice.since:%Y%m%d}" if choice.since else ""
    until = f"{choice.until:%Y%m%d}" if choice.until else "99999999"
    if not day:
        return not choice.since and not choice.until
    return since <= day[:8] <= until


@lru_cache(maxsize=256)
def _chosen(options: Options, active: tuple[int, ...]) -> Options:
    return replace(options, **{options.choices[n].option: options.choices[n].value for n in active})


def _on(options: Options, active: tuple[Choice, ...]) -> Options:
    if not active:
        return options
    return _chosen(options, tuple(n for n, c in enumerate(options.choices) if c in active))


def option_value(name: str, value: Any) -> Any:
    """A value of ``config.yaml`` as the option's own kind. Raises ConfigError."""
    kinds = {f.name: str(f.type) for f in fields(Options) if f.name not in {"overrides", "choices"}}
    kind = kinds.get(name)
    if kind is None:
        known = ", ".join(kinds)
        raise _unfit(name, f"không có lựa chọn này; có: {known}", f"there is no such option; there are: {known}")
    try:
        read = _READ[kind](value)
    except (ValueError, TypeError, InvalidOperation, KeyError) as error:
        raise _unfit(name, f"giá trị không hợp lệ, cần {kind}", f"not a value of it, wanted {kind}") from error
    return read


def _unfit(name: str, vi: str, en: str) -> ConfigError:
    return ConfigError(
        f"rules.choices, {name}: {vi}",
        f"rules.choices, {name}: {en}",
        hint_vi="xem docs/rules/options.md",
        hint_en="see docs/rules/options.md",
    )


def _true_or_false(value: Any) -> bool:
    if not isinstance(value, bool):
        raise TypeError
    return value


def _whole(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise TypeError
    return value


def _exact(value: Any) -> Decimal:
    if isinstance(value, bool | float):
        raise TypeError  # amounts are written as text, "0.50": YAML would make a binary fraction of them
    return Decimal(str(value))


def _several(value: Any) -> list[Any]:
    if not isinstance(value, list | tuple):
        raise TypeError
    return list(value)


_READ: Mapping[str, Callable[[Any], Any]] = {
    "bool": _true_or_false,
    "int": _whole,
    "Decimal": _exact,
    "Decimal | None": lambda v: None if v is None else _exact(v),
    "frozenset[str]": lambda v: frozenset(str(one) for one in _several(v)),
    "frozenset[int]": lambda v: frozenset(_whole(one) for one in _several(v)),
    "tuple[tuple[str, Decimal], ...]": lambda v: tuple(sorted((str(s), _exact(a)) for s, a in _several(v))),
}


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
