"""How messages reach us: ports and folders. Options of the feed ``hl7v2`` in ``facilities[].feeds[].options``."""

from __future__ import annotations

from collections.abc import Mapping
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from connectors.checked import checked_options
from connectors.hl7v2.charset import CHARSETS


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Tls(_Part):
    """TLS on one port. With ``client_ca_file`` only senders with a certificate of that authority are let in."""

    certificate_file: Path
    key_file: Path
    client_ca_file: Path | None = None


class _Reading(_Part):
    charset: str | None = Field(default=None, description="what this sender really writes, whatever MSH-18 says")
    default_charset: str = Field(default="utf-8", description="when MSH-18 is empty")
    max_bytes: Annotated[int, Field(ge=1_000, le=1_000_000_000)] = 10_000_000

    @field_validator("charset", "default_charset")
    @classmethod
    def _known(cls, value: str | None) -> str | None:
        if value is not None and value.lower() not in CHARSETS:
            raise ValueError(f"unknown charset; known: {', '.join(sorted(CHARSETS))}")
        return value.lower() if value is not None else None


class Port(_Reading):
    """One MLLP listener."""

    name: str = ""
    host: str = "127.0.0.1"
    port: Annotated[int, Field(ge=0, le=65535)]
    peers: tuple[str, ...] = Field(
        default=("127.0.0.1/32", "::1/128"), description="addresses or networks that may connect"
    )
    tls: Tls | None = None
    idle_seconds: Annotated[float, Field(gt=0, description="a silent connection is closed")] = 3600
    frame_seconds: Annotated[float, Field(gt=0, description="a begun message must be complete by then")] = 60
    connections: Annotated[int, Field(ge=1, le=1000)] = 64

    @field_validator("peers")
    @classmethod
    def _networks(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for one in value:
            ip_network(one, strict=False)
        return value

    def lets_in(self, address: str) -> bool:
        """Whether a peer of this address may connect."""
        peer = ip_address(address.partition("%")[0])
        mapped = getattr(peer, "ipv4_mapped", None)
        return any((mapped or peer) in ip_network(one, strict=False) for one in self.peers)


class Folder(_Reading):
    """One watched folder: files are taken in and moved to ``done`` or ``failed`` inside it."""

    name: str = ""
    folder: Path
    patterns: tuple[str, ...] = ("*.hl7", "*.HL7")
    every: Annotated[float, Field(gt=0, description="seconds between two looks")] = 2
    settle_seconds: Annotated[float, Field(ge=0, description="a file that changed since is still being written")] = 2
    max_bytes: Annotated[int, Field(ge=1_000, le=1_000_000_000)] = 200_000_000


class FeedOptions(_Part):
    """Everything one facility's feed ``hl7v2`` listens to and watches."""

    listen: tuple[Port, ...] = ()
    folders: tuple[Folder, ...] = ()
    group: Annotated[int, Field(ge=1, le=1000, description="messages kept in one transaction")] = 200
    in_flight_bytes: Annotated[int, Field(ge=1_000_000, description="bytes of unfinished messages of all senders")] = (
        32_000_000
    )

    @model_validator(mode="after")
    def _something(self) -> FeedOptions:
        if not self.listen and not self.folders:
            raise ValueError("name at least one port (listen) or folder (folders)")
        return self


def read_options(options: Mapping[str, Any]) -> FeedOptions:
    """The feed's options, checked. Raises ConfigError naming the key."""
    return checked_options(FeedOptions, options, "facilities[].feeds[].options", guide="hl7v2")
