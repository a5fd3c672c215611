"""What messages mean: rules of the mapping's ``source:`` block for connector ``hl7v2``."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, field_validator

from connectors.checked import checked_spec

_SELECTOR = re.compile(r"^[A-Z][A-Z0-9]{2}-\d{1,3}(\.\d{1,2}){0,2}$")

USED = (
    *(f"ADT^A{n:02}" for n in (1, 2, 3, 4, 5, 6, 7, 8, 11, 12, 13, 16, 25, 27, 31, 38, 40, 42)),
    "ORM^*",
    "OML^*",
    "OMG^*",
    "OMP^*",
    "ORU^*",
    "RDE^*",
    "RDS^*",
    "RAS^*",
    "DFT^*",
    "BAR^*",
    "PPR^*",
    "VXU^*",
)


class Spec(BaseModel):
    """Rules of one mapping. Selectors are ``SEG-field[.component[.sub]]``, events ``TYPE^TRIGGER`` or ``TYPE^*``."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    visit: tuple[str, ...] = Field(
        default=("PV1-19.1",), description="the first of these that is filled names the visit"
    )
    patient: tuple[str, ...] = Field(default=("PID-3.1",), description="names the patient, for merges")
    merged_patient: tuple[str, ...] = ("MRG-1.1",)
    merged_visit: tuple[str, ...] = ("MRG-5.1",)
    use: tuple[str, ...] = Field(default=USED, description="events that are collected; others are set aside")
    processing_ids: tuple[str, ...] = Field(
        default=("P",), description="MSH-11 of messages that are used; others are set aside"
    )
    facilities: tuple[str, ...] = Field(
        default=(), description="MSH-4.1 of messages that are used; empty: of every sending facility"
    )
    settled_by: tuple[str, ...] = Field(
        default=("BAR^P06",), description="events that settle the visit's bill; a later discharge cancel undoes it"
    )
    reopened_by: tuple[str, ...] = Field(default=("BAR^P01",), description="events that undo the settlement")
    discharge_settles: bool = Field(
        default=False, description="a discharged visit with charges counts as settled without a settling event"
    )

    @field_validator("visit", "patient", "merged_patient", "merged_visit")
    @classmethod
    def _selectors(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for one in value:
            if not _SELECTOR.match(one):
                raise ValueError(f"'{one}' is not a selector such as PV1-19.1")
        return value

    def uses(self, event: str) -> bool:
        """Whether messages of this event are collected."""
        return matches(event, self.use)


def matches(event: str, patterns: tuple[str, ...]) -> bool:
    """``ADT^A01`` against ``ADT^A01`` or ``ADT^*``."""
    return event in patterns or f"{event.partition('^')[0]}^*" in patterns


def read_spec(block: Mapping[str, Any]) -> Spec:
    """The rules, checked. Raises MappingError naming the key."""
    known = {key: value for key, value in block.items() if key in Spec.model_fields}
    return checked_spec(Spec, known, guide="hl7v2")
