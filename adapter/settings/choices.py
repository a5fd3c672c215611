"""What a facility may decide about layouts, rules and the health book."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field

from adapter.settings.part import Part


class StandardSettings(Part):
    """Choices where the decrees leave one."""

    book_tables: tuple[str, ...] = ("XML1", "XML8")
    uninsured_categories: tuple[str, ...] = ("9",)
    extra_layers: tuple[Path, ...] = Field(
        default=(), description="folders of further decisions, see adapter/standard/decisions/README.md"
    )


class _Dated(Part):
    """A choice with its reason, its first and last day (compared with the end of the visit) and its facility."""

    since: date | None = None
    until: date | None = None
    reason: Annotated[str, Field(min_length=3)]
    facility: str | None = Field(default=None, description="code; empty: all of this installation")


class OverrideSettings(_Dated):
    """One rule weighed differently, or switched off."""

    rule: Annotated[str, Field(min_length=1)]
    severity: Literal["error", "warning", "info", "off"]


class ChoiceSettings(_Dated):
    """One doubtful point decided differently; the options are those of docs/rules/options.md."""

    option: Annotated[str, Field(min_length=1)]
    value: Any


class RulesSettings(Part):
    """Facility choices about rules: severities, tolerance, doubtful points, rules of one's own."""

    severity: dict[str, Literal["error", "warning", "info", "off"]] = Field(
        default_factory=dict, description="rule → weight, always and everywhere; `overrides` says since when and why"
    )
    overrides: tuple[OverrideSettings, ...] = ()
    choices: tuple[ChoiceSettings, ...] = ()
    local_file: Path | None = Field(default=None, description="YAML file of local rules, see docs/rules/local.md")
    money_silent_up_to: str = "0.01"
    money_info_up_to: str = "1.00"


class BookSettings(Part):
    """The health book of QĐ 1332: names of codes, privacy rules of the facility, addresses in FHIR documents."""

    names_folder: Path | None = Field(
        default=None, description="CSV lists code,name,from,until that name codes: icd10.csv, commune.csv, facility.csv"
    )
    privacy_rules: Path | None = Field(default=None, description="further privacy rules, or ours changed, as YAML")
    watch_hours: Annotated[
        int, Field(ge=1, description="BHXH shows a visit on VNeID within 24 hours of the receipt")
    ] = 24
    fhir_base: str = Field(
        default="https://fhir.example.org/bhyt", description="where the FHIR names of this facility's lists begin"
    )
