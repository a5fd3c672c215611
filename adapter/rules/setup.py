"""An installation's own choices about rules: options, local rules, what is known about the facility."""

from __future__ import annotations

from dataclasses import dataclass, field

from adapter.errors import ConfigError
from adapter.rules.catalogue import catalogue
from adapter.rules.context import FacilityProfile, Options
from adapter.rules.local import LocalRule, load
from adapter.settings import Facility, Settings


@dataclass(frozen=True, slots=True)
class RuleSetup:
    """What checking at one facility starts from."""

    options: Options = field(default_factory=Options)
    local: tuple[LocalRule, ...] = ()
    profile: FacilityProfile | None = None


def setup_of(settings: Settings, facility: Facility | None = None) -> RuleSetup:
    """The choices of an installation at one of its facilities (the only one when there is just one).

    Raises ConfigError for a faulty file of local rules, an unknown option, or a rule that does not exist: a
    misspelt id would otherwise silently change nothing.
    """
    if facility is None and len(settings.facilities) == 1:
        facility = settings.facilities[0]
    file = settings.rules.local_file
    local = load(settings.path(file)) if file is not None else ()
    options = Options.from_settings(settings.rules, facility.code if facility else "")
    known = catalogue().keys() | {rule.id for rule in local}
    for one in options.overrides:
        if one.rule not in known and not one.rule.startswith("REQ-"):
            raise ConfigError(
                f"rules: không có luật '{one.rule}'",
                f"rules: there is no rule '{one.rule}'",
                hint_vi="xem `bhyt rules list`",
                hint_en="see `bhyt rules list`",
            )
    return RuleSetup(options, local, _profile(facility) if facility else None)


def _profile(facility: Facility) -> FacilityProfile | None:
    contract = facility.contract
    if contract is None:
        return None
    return FacilityProfile(
        contract_until=f"{contract.until:%Y%m%d}" if contract.until else None,
        inpatient_allowed=contract.inpatient_allowed,
        formerly_central=contract.formerly_central,
        overnight_clinic=contract.overnight_clinic,
    )
