"""Key holders: whoever can sign with the facility's key, wherever the key lives.

An opener registers in the entry point group ``bhyt.signers`` under the name that
``certificate.kind`` uses; a third party's opener is found the same way as ours.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from importlib.metadata import entry_points
from pathlib import Path
from typing import Protocol, cast, runtime_checkable

from cryptography import x509

from adapter.errors import ConfigError
from adapter.settings import CertificateSettings

GROUP = "bhyt.signers"


@runtime_checkable
class KeyHolder(Protocol):
    """A certificate and the ability to sign with its RSA key."""

    @property
    def certificate(self) -> x509.Certificate:
        """The facility's own certificate."""
        ...

    def sign(self, data: bytes) -> bytes:
        """RSASSA-PKCS1-v1_5 with SHA-256 over ``data``. Raises CertificateError, or a Transient error."""
        ...

    def close(self) -> None:
        """Let go of sessions and processes; a second call does nothing."""
        ...


@dataclass(frozen=True, slots=True)
class Started:
    """What the provider said to a request: its transaction id, or the value at once."""

    transaction: str | None
    value: bytes | None


@runtime_checkable
class AsynchronousKey(Protocol):
    """A key holder whose signatures may come later."""

    @property
    def certificate(self) -> x509.Certificate:
        """The facility's own certificate."""
        ...

    @property
    def poll(self) -> timedelta:
        """How long to wait between two questions for one outcome."""
        ...

    @property
    def patience(self) -> timedelta:
        """How long a request may wait for its confirmation before it is asked anew."""
        ...

    def start(self, data: bytes) -> Started:
        """Ask for a signature over ``data``."""
        ...

    def result(self, transaction: str, data: bytes) -> bytes | None:
        """The value asked for earlier over the same ``data``; None while nobody has confirmed it."""
        ...


class Opener(Protocol):
    """Opens a key holder from the settings of one facility."""

    def __call__(self, settings: CertificateSettings, workdir: Path) -> KeyHolder: ...


def open_signer(settings: CertificateSettings, workdir: Path) -> KeyHolder:
    """Open the key holder that ``settings.kind`` names.

    Raises ConfigError for an unknown kind, CertificateError when the key cannot be used.
    """
    registered = {point.name: point for point in entry_points(group=GROUP)}
    if settings.kind not in registered:
        known = ", ".join(sorted(registered)) or "-"
        raise ConfigError(
            f"certificate.kind không nhận biết: {settings.kind}",
            f"Unknown certificate.kind: {settings.kind}",
            hint_vi=f"dùng một trong: {known}",
            hint_en=f"use one of: {known}",
        )
    return cast(Opener, registered[settings.kind].load())(settings, workdir)
