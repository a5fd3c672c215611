"""The gateway's services, read from ``data/services.yaml``: what differs between siblings is data."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from types import MappingProxyType
from typing import Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field

from adapter.errors import ConfigError


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class TokenService(_Part):
    """Where and how a token is taken."""

    path: str
    encoding: Literal["form", "json"]
    fields: dict[str, str]
    certainty: str


class Family(_Part):
    """Services that share field names, encoding, place of credentials and answer codes."""

    encoding: Literal["form", "json"]
    credentials: Literal["headers", "body", "query"]
    fields: dict[str, str]
    answers: str


class Service(_Part):
    """One operation of the gateway."""

    name: str
    path: str
    kind: str
    certainty: str
    family: Family


class _Raw(_Part):
    token: TokenService
    families: dict[str, Family]
    services: dict[str, dict[str, str]] = Field(min_length=1)


@cache
def _raw() -> _Raw:
    text = files("adapter.gateway").joinpath("data/services.yaml").read_text(encoding="utf-8")
    return _Raw.model_validate(yaml.safe_load(text))


def token_service() -> TokenService:
    """The login."""
    return _raw().token


@cache
def services() -> Mapping[str, Service]:
    """Every service by name."""
    raw = _raw()
    return MappingProxyType(
        {
            name: Service(name=name, **{**fields, "family": raw.families[fields["family"]]})
            for name, fields in raw.services.items()
        }
    )


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
