"""What an installation sets about its FHIR server: ``facilities[].source.options`` for connector ``fhir``."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, model_validator

from adapter.errors import ConfigError
from adapter.settings import SourceSettings
from connectors.checked import checked_options


class Login(BaseModel):
    """Who we are at the server. The secret is ``source.password_file``."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    kind: Literal["none", "basic", "client_credentials"] = "none"
    user: str = Field(default="", description="user name, or the client id")
    token_url: str = ""
    scope: str = ""

    @model_validator(mode="after")
    def _complete(self) -> Login:
        if self.kind != "none" and not self.user:
            raise ValueError("user is missing")
        if self.kind == "client_credentials" and not self.token_url:
            raise ValueError("token_url is missing")
        return self


class FhirOptions(BaseModel):
    """Care for the server: bounded answers, pauses, verified TLS."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    login: Login = Login()
    systems: dict[str, str] = Field(default_factory=dict)
    ca_file: Path | None = None
    proxy: str | None = None
    allow_http: bool = Field(default=False, description="plain http to another machine; loopback is always allowed")
    read_timeout: Annotated[float, Field(gt=0)] = 60
    requests_per_second: Annotated[float | None, Field(gt=0)] = None
    longest_wait: Annotated[float, Field(gt=0, description="seconds of Retry-After that are waited out at once")] = 60
    tries: Annotated[int, Field(ge=1, le=10)] = 3
    max_answer_bytes: Annotated[int, Field(gt=0)] = 50_000_000
    since: datetime | None = Field(default=None, description="the first scan begins here; default: everything")
    window_hours: Annotated[int, Field(gt=0)] = 24
    ids_per_request: Annotated[int, Field(gt=0, le=200)] = 40
    patient_days: Annotated[
        int, Field(ge=0, description="a changed patient or card brings encounters that ended so many days ago or less")
    ] = 31
    everything: bool = Field(default=False, description="Encounter/[id]/$everything instead of one search per type")


def read_options(settings: SourceSettings) -> FhirOptions:
    """The options of a facility's source; ConfigError names a wrong key."""
    options = checked_options(FhirOptions, settings.options, "facilities[].source.options", guide="fhir")
    for url in (settings.url, options.login.token_url):
        _refuse_plain(url, options)
    return options


def _refuse_plain(url: str, options: FhirOptions) -> None:
    if not url:
        return
    parts = urlsplit(url)
    local = parts.hostname in ("localhost", "127.0.0.1", "::1")
    if parts.scheme == "https" or (parts.scheme == "http" and (local or options.allow_http)):
        return
    raise ConfigError(
        "Địa chỉ máy chủ FHIR phải là https (dữ liệu người bệnh và mật khẩu đi qua đây)",
        "The FHIR server's address must be https (patient data and the secret pass here)",
        hint_vi="dùng https, hoặc đặt source.options.allow_http: true trong mạng tin cậy",
        hint_en="use https, or set source.options.allow_http: true on a trusted network",
    )
