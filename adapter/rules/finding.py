"""A finding: one rule's complaint about one place in a dossier."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

Severity = Literal["error", "warning", "info"]


@dataclass(frozen=True, slots=True)
class Finding:
    """What a rule found. ``row`` counts from 1; ``value`` is the offending text as it stands."""

    rule: str
    severity: Severity
    table: str
    row: int | None
    field: str
    value: str
    message_vi: str
    message_en: str
    override: str = ""
    """Why and since when the facility weighs this rule differently; empty when it does not."""

    def to_dict(self, *, mask: bool = False) -> dict[str, Any]:
        """The shape F of the command contract; ``mask`` hides the value."""
        told: dict[str, Any] = {
            "rule": self.rule,
            "severity": self.severity,
            "table": self.table,
            "row": self.row,
            "field": self.field,
            "value": "***" if mask and self.value else self.value,
            "message_vi": self.message_vi,
            "message_en": self.message_en,
        }
        return {**told, "override": self.override} if self.override else told


@dataclass(frozen=True, slots=True)
class NotChecked:
    """A rule that could not run, and the input it waits for."""

    rule: str
    needs: str


@dataclass(frozen=True, slots=True)
class Report:
    """All findings on one dossier, and what stayed unchecked."""

    findings: tuple[Finding, ...]
    not_checked: tuple[NotChecked, ...] = ()
    switched_off: tuple[str, ...] = ()
    """Rules the facility's settings took out of this check, with their reasons."""

    @property
    def blocked(self) -> bool:
        """True when at least one finding is an error: the gateway would refuse."""
        return any(f.severity == "error" for f in self.findings)
