"""How the parts stand: gateway, certificate, source, engine. Read from the store and from files; nobody is called."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Literal

from cryptography.hazmat.primitives.serialization import pkcs12

from adapter.console.core import shown
from adapter.console.core.context import Console
from adapter.engine.schedules import every_of, period
from adapter.errors import BhytError
from adapter.pipeline import flow
from adapter.settings import Facility, read_secret
from adapter.signing.checks import days_left, serial_hex

Level = Literal["good", "warn", "bad", "none"]
_QUIET = timedelta(minutes=15)


def health(console: Console, mine: Sequence[str]) -> list[dict[str, Any]]:
    """One row a facility: source, certificate, gateway, each with a level and what to say."""
    now = console.clock()
    pulse = console.store.trends.pulse(mine)
    return [
        {
            "code": one.code,
            "name": one.name,
            "mode": "paused" if one.paused or flow.paused(console.store, one.code) else one.mode,
            "source": _source(one, pulse[one.code], now, period(every_of(console.settings, one, "pull"))),
            "certificate": certificate(console, one),
            "gateway": _gateway(console, one, pulse[one.code], now),
        }
        for one in console.settings.facilities
        if one.code in mine
    ]


def _source(one: Facility, beat: dict[str, Any], now: datetime, every: float) -> dict[str, Any]:
    at = shown.instant(beat["pulled_at"])
    if at is None:
        return {"level": "none" if one.source is None else "warn", "key": "never", "at": None, "detail": ""}
    if beat["pull_error"]:
        return {"level": "bad", "key": "failed", "at": at, "detail": beat["pull_error"]}
    late = now - at > max(_QUIET, timedelta(seconds=every * 5))
    return {"level": "warn" if late else "good", "key": "quiet" if late else "fine", "at": at, "detail": ""}


def certificate(console: Console, one: Facility) -> dict[str, Any]:
    """The signing certificate's end, where its file is here; keys on tokens are told by ``bhyt doctor``."""
    settings = one.certificate
    if settings.kind != "pkcs12":
        return {"level": "none", "key": "device", "days": None, "serial": "", "subject": "", "ends": None, "detail": ""}
    try:
        password = (
            read_secret(console.settings.path(settings.password_file), "certificate")
            if settings.password_file is not None
            else ""
        )
        data = console.settings.path(settings.path).read_bytes()
        _, found, _ = pkcs12.load_key_and_certificates(data, password.encode() or None)
    except (BhytError, OSError, ValueError) as error:
        detail = type(error).__name__
        return {"level": "bad", "key": "unreadable", "days": None, "serial": "", "subject": "", "ends": None,
                "detail": detail}  # fmt: skip
    if found is None:
        return {"level": "bad", "key": "unreadable", "days": None, "serial": "", "subject": "", "ends": None,
                "detail": ""}  # fmt: skip
    left = days_left(found, console.clock())
    level: Level = "bad" if left <= 7 else "warn" if left <= 30 else "good"
    return {
        "level": level,
        "key": "ends",
        "days": left,
        "serial": serial_hex(found),
        "subject": found.subject.rfc4514_string(),
        "ends": found.not_valid_after_utc,
        "detail": "",
    }


def _gateway(console: Console, one: Facility, beat: dict[str, Any], now: datetime) -> dict[str, Any]:
    closed = [
        gate
        for gate in console.store.gates.all(one.code)
        if gate.closed and gate.kind != flow.PAUSE and (gate.until is None or gate.until > now)
    ]
    at = shown.instant(beat["received_at"])
    if closed:
        gate = closed[0]
        return {"level": "bad", "key": gate.kind, "at": at, "detail": gate.reason, "until": gate.until}
    return {"level": "good" if at else "none", "key": "fine" if at else "never", "at": at, "detail": "", "until": None}
