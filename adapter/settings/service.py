"""The service itself: where it keeps things, who may sign in, whom it tells."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import Field

from adapter.settings.part import Part


class StoreSettings(Part):
    """Where dossiers, states and events live: SQLite by default, PostgreSQL by URL."""

    url: str = "sqlite:///state.db"


class VaultSettings(Part):
    """The file holding the key that bodies are encrypted with; made at first start."""

    key_file: Path = Path("vault.key")
    master_key_file: Path | None = Field(
        default=None, description="a master key that wraps those of key_file; else BHYT_MASTER_KEY, else none"
    )


class OidcSettings(Part):
    """The hospital's own identity provider (OpenID Connect), beside or instead of passwords."""

    issuer: Annotated[str, Field(min_length=1, description="exactly as the provider calls itself")]
    client_id: Annotated[str, Field(min_length=1)]
    client_secret_file: Path | None = None
    redirect_uri: Annotated[
        str, Field(min_length=1, description="https://HOST/login/oidc/back, as registered at the provider")
    ]
    login_claim: str = Field(
        default="preferred_username", description="names the user at the first sign-in; then the subject counts"
    )


class AccessSettings(Part):
    """Sign-in of people: how long a session lasts, how many wrong passwords are heard."""

    session_idle_minutes: Annotated[int, Field(ge=1, le=1440)] = 30
    session_hours: Annotated[int, Field(ge=1, le=72, description="a session ends then, used or not")] = 12
    password_least: Annotated[int, Field(ge=8, le=64, description="characters a password needs")] = 12
    link_minutes: Annotated[int, Field(ge=1, le=1440, description="how long a one-time link waits")] = 60
    failures_free: Annotated[int, Field(ge=1, description="wrong passwords of one name before it waits")] = 5
    failures_free_address: Annotated[int, Field(ge=1, description="the same for one address")] = 30
    wait_first: Annotated[float, Field(gt=0, description="seconds; doubles with each further failure")] = 30
    wait_longest: Annotated[float, Field(gt=0, description="seconds")] = 900
    oidc: OidcSettings | None = None


class EngineSettings(Part):
    """The engine's processes for mapping, rules and signing; started when there is much to do, let go when not."""

    processes: Annotated[
        int | None, Field(ge=1, le=256, description="empty: as many as processor cores may be used; 1: none besides")
    ] = None


class WatchSettings(Part):
    """When the watch speaks. Hours, minutes, shares and counts as named."""

    every: Annotated[float, Field(gt=0, description="seconds between two looks")] = 300
    digest_at: Annotated[str | None, Field(pattern=r"^([01]\d|2[0-3]):[0-5]\d$")] = "07:00"
    deadline_hours: Annotated[float, Field(gt=0)] = 24
    queue_hours: Annotated[float, Field(gt=0)] = 4
    silent_hours: Annotated[float, Field(gt=0, description="without a receipt, a working day among them")] = 36
    failing_minutes: Annotated[float, Field(ge=0, description="a stage fails so long before it is told")] = 10
    breaker_minutes: Annotated[float, Field(ge=0)] = 15
    stop_hours: Annotated[float, Field(ge=0)] = 4
    settle_minutes: Annotated[float, Field(ge=0, description="an end must last so long before it is told")] = 10
    refusal_share: Annotated[float, Field(gt=0, le=1)] = 0.1
    refusal_least: Annotated[int, Field(ge=1, description="dossiers handed over, before a share means anything")] = 20
    disk_free_gb: Annotated[float, Field(ge=0)] = 2
    book_overdue: Annotated[int, Field(ge=0, description="visits not seen in VNeID after 24 h; 0: not told")] = 1
    purge_at: Annotated[str, Field(pattern=r"^([01]\d|2[0-3]):[0-5]\d$")] = "02:30"


class ApiSettings(Part):
    """The web role: loopback only unless changed on purpose."""

    host: str = "127.0.0.1"
    port: Annotated[int, Field(ge=0, le=65535)] = 8131
    key_file: Path = Path("api.key")


class TelemetrySettings(Part):
    """Spans of the stages for an OpenTelemetry collector; the extra ``otel`` brings what it needs."""

    endpoint: str | None = Field(
        default=None, description="OTLP over HTTP, such as http://127.0.0.1:4318/v1/traces; empty: none"
    )
    service: Annotated[str, Field(min_length=1, description="how the collector calls this installation")] = "bhyt"
