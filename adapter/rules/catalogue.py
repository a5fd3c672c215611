"""The catalogue: what every rule is called, says, rests on and needs. Data, not code.

``data/rules.csv`` holds the 461 rules of the reviewed catalogue, ``data/checkin.csv`` those for
XML0 (from the gateway's field sheet). Ids are stable: a rule is retired, never renumbered.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Literal, cast

from adapter.dossier.model import Purpose
from adapter.rules.finding import Severity

Certainty = Literal["high", "medium", "low"]


@dataclass(frozen=True, slots=True)
class RuleInfo:
    """One catalogue row. ``tables`` use the short names X0…X15 and PKG, ALL; ``condition`` is the violation."""

    id: str
    tables: tuple[str, ...]
    fields: tuple[str, ...]
    kind: str
    severity: Severity
    certainty: Certainty
    needs: tuple[str, ...]
    purposes: frozenset[Purpose]
    condition: str
    message_vi: str
    message_en: str
    source: str

    @property
    def overridable(self) -> bool:
        """Whether a person may let one dossier pass in spite of this rule's error; see :func:`overridable`."""
        structural = self.id.startswith("PKG-") or self.kind in _NEVER
        return not structural and not _IDENTITY.intersection(self.fields)

    @property
    def family(self) -> str:
        """``REQ``, ``MONEY``, … : the middle of the id."""
        parts = self.id.split("-")
        return parts[1] if len(parts) == 3 else parts[0]


def _read(name: str) -> Mapping[str, RuleInfo]:
    text = files("adapter.rules").joinpath("data", name).read_text(encoding="utf-8")
    rules: dict[str, RuleInfo] = {}
    for row in csv.DictReader(text.splitlines()):
        needs = () if row["needs"] == "none" else tuple(n.strip() for n in row["needs"].split(","))
        rules[row["id"]] = RuleInfo(
            id=row["id"],
            tables=tuple(row["tables"].split()),
            fields=tuple(f.strip() for f in row["fields"].split(",")),
            kind=row["kind"],
            severity=cast(Severity, row["severity"]),
            certainty=cast(Certainty, row["certainty"]),
            needs=needs,
            purposes=frozenset(Purpose(p) for p in row["purposes"].split()),
            condition=row["condition"],
            message_vi=row["message_vi"],
            message_en=row["message_en"],
            source=row["source"],
        )
    return rules


@cache
def reviewed() -> Mapping[str, RuleInfo]:
    """The 461 rules of the catalogue, by id, in its order."""
    return _read("rules.csv")


@cache
def checkin() -> Mapping[str, RuleInfo]:
    """The additional rules for XML0, by id."""
    return _read("checkin.csv")


@cache
def catalogue() -> Mapping[str, RuleInfo]:
    """All of them, by id."""
    return {**reviewed(), **checkin()}


_NEVER = frozenset({"format", "required", "length"})
_IDENTITY = frozenset({"MA_CSKCB", "MACSKCB"})


def overridable(rule: str) -> bool:
    """Whether a person may let a dossier pass in spite of this rule's error.

    Never where the file itself is broken (PKG-…, a required field, a format, a length), unsigned, or another
    facility's: the gateway refuses those whatever the hospital thinks, or books them under a wrong sender. It is
    never true of an id this catalogue does not know, such as REQ-… and our own failures.
    """
    info = catalogue().get(rule)
    return info is not None and info.overridable


@cache
def not_implemented() -> Mapping[str, str]:
    """Ids the catalogue lists and this product does not check, with the reason."""
    text = files("adapter.rules").joinpath("data", "not_implemented.csv").read_text(encoding="utf-8")
    return {row["id"]: row["reason"] for row in csv.DictReader(text.splitlines())}


@cache
def holidays() -> frozenset[str]:
    """Public holidays as ``yyyymmdd``: the days no service is expected to work on."""
    text = files("adapter.rules").joinpath("data", "holidays.csv").read_text(encoding="utf-8")
    return frozenset(row["day"] for row in csv.DictReader(text.splitlines()))
