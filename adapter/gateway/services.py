"""The gateway's services, read from ``data/services.yaml``: what differs between siblings is data."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from types import MappingProxyType
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from adapter import resources
from adapter.errors import ConfigError


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class TokenService(_Part):
    """Where and how a token is taken."""

    path: str
    encoding: Literal["form", "json"]
    fields: dict[str, str]
    answers: str
    certainty: str


class Family(_Part):
    """Services that share field names, encoding, place of credentials and answer codes."""

    encoding: Literal["form", "json"]
    fields: dict[str, str]
    headers: dict[str, str] = Field(default_factory=dict)
    query: dict[str, str] = Field(default_factory=dict)
    answers: str
    rows: str | None = None
    profile: int | None = None


class Service(_Part):
    """One operation of the gateway. ``profile``: the signature its files carry; None for questions."""

    name: str
    path: str
    kind: str = ""
    certainty: str
    family: Family

    @property
    def profile(self) -> int | None:
        return self.family.profile

    @property
    def question(self) -> bool:
        """True for look-ups: they take a person's data and change nothing at the gateway."""
        return "file" not in self.family.fields


class HubService(_Part):
    """The doors of a provincial hub."""

    token: TokenService
    dossier: str
    status: str
    kind: str
    states: dict[str, str]
    certainty: str


class _Raw(_Part):
    token: TokenService
    families: dict[str, Family]
    services: dict[str, dict[str, str]] = Field(min_length=1)
    hub: HubService


@cache
def _raw() -> _Raw:
    return _Raw.model_validate(resources.document("adapter.gateway", "data", "services.yaml"))


def token_service() -> TokenService:
    """The login at the BHXH gateway."""
    return _raw().token


def hub_service() -> HubService:
    """A provincial hub in the shape of the Hanoi axis."""
    return _raw().hub


@cache
def services() -> Mapping[str, Service]:
    """Every service by name."""
    raw = _raw()

    def build(name: str, fields: dict[str, Any]) -> Service:
        return Service(**{**fields, "name": name, "family": raw.families[fields["family"]]})

    return MappingProxyType({name: build(name, fields) for name, fields in raw.services.items()})


def service(name: str) -> Service:
    """One service; ConfigError lists the known ones."""
    try:
        return services()[name]
    except KeyError:
        known = ", ".join(services())
        raise ConfigError(
            f"Cổng không có dịch vụ '{name}'",
            f"The gateway has no service '{name}'",
            hint_vi=f"các dịch vụ: {known}",
            hint_en=f"services: {known}",
        ) from None


def service_for(purpose: str, layout: str) -> Service:
    """Where a dossier goes: purpose ``claim``, ``book`` or ``checkin``; layout ``130``, ``4750`` or ``3176``."""
    operation = "checkin" if purpose == "checkin" else "dossier"
    return service(f"{operation}-{layout}")
