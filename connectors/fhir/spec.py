"""The ``source:`` block of a mapping for connector ``fhir``: which resources become which rows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator

from connectors.checked import checked_spec

Path = Annotated[str, Field(min_length=1)]
Name = Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Rows(_Part):
    """What one row holds. ``with``: names for resources that references lead to, each usable as ``%name`` below it."""

    where: Path | None = None
    joined: dict[Name, Path] = Field(default_factory=dict, alias="with")
    columns: dict[Name, Path]


class Encounters(Rows):
    """The encounter's own row."""


class Collection(Rows):
    """Resources of one type that belong to an encounter, or to its patient.

    ``link``: FHIRPath of the reference to the encounter (patient); ``param``: the search parameter for it.
    ``each``: FHIRPath of elements that become a row each; the resource itself is then ``%resource``.
    """

    resource: Annotated[str, Field(pattern=r"^[A-Z][A-Za-z]+$")]
    of: Literal["encounter", "patient"] = "encounter"
    link: Path | None = None
    param: Annotated[str, Field(pattern=r"^[a-z][A-Za-z0-9-]*$")] | None = None
    each: Path | None = None
    order_by: tuple[Name, ...] = ()

    @field_validator("order_by", mode="before")
    @classmethod
    def _one_or_many(cls, value: Any) -> Any:
        return (value,) if isinstance(value, str) else value

    @property
    def link_path(self) -> str:
        """Where the reference stands: R4 is not consistent, so the usual places are the default."""
        return self.link or ("encounter | context" if self.of == "encounter" else "patient | subject | beneficiary")

    @property
    def search_param(self) -> str:
        """The search parameter of :attr:`link_path`."""
        if self.param is not None:
            return self.param
        if self.of == "encounter":
            return "context" if self.resource in _BY_CONTEXT else "encounter"
        return "beneficiary" if self.resource == "Coverage" else "patient"


_BY_CONTEXT = frozenset({"ChargeItem", "MedicationDispense", "MedicationAdministration"})


class FhirSpec(_Part):
    """The whole block. ``systems``: canonical URLs by name, usable as ``%name``; a facility may override each."""

    connector: str = "fhir"
    systems: dict[Name, str] = Field(default_factory=dict)
    encounters: Encounters
    collections: dict[Name, Collection] = Field(default_factory=dict)


def read_spec(spec: Mapping[str, Any]) -> FhirSpec:
    """Check the block; MappingError names the key that is wrong."""
    return checked_spec(FhirSpec, spec, guide="fhir")
