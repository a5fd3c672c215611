"""What must stand before anything may leave: a start, and in production a person's typed word."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from adapter.clock import VIETNAM, Clock
from adapter.errors import ConfigError
from adapter.pipeline import flow
from adapter.settings import Facility, Settings
from adapter.store.portal.confirmations import PRODUCTION
from adapter.store.store import Store


def check_start(settings: Settings) -> None:
    """ConfigError naming the key when a facility that may reach a real gateway has no ``start_at``."""
    if settings.gateway.environment == "simulator":
        return
    for number, facility in enumerate(settings.facilities):
        if facility.start_at is None:
            raise ConfigError(
                f"Thiếu facilities[{number}].start_at của cơ sở {facility.code}: phải nói rõ từ lúc nào hồ sơ do phần"
                " mềm này gửi",
                f"facilities[{number}].start_at of facility {facility.code} is missing: say from when on this"
                " program sends the dossiers",
                hint_vi="ví dụ start_at: 2026-12-01T00:00:00+07:00; đợt điều trị kết thúc trước lúc này không gửi",
                hint_en="such as start_at: 2026-12-01T00:00:00+07:00; encounters that ended earlier are not sent",
            )


def unconfirmed(settings: Settings, store: Store) -> list[Facility]:
    """Live facilities whose first production start nobody has confirmed yet."""
    if settings.gateway.environment != "production":
        return []
    return [
        facility
        for facility in settings.facilities
        if facility.mode == "live"
        and not facility.paused
        and store.confirmations.last(PRODUCTION, facility.code) is None
    ]


def require_ready(settings: Settings, store: Store) -> None:
    """The gate before every engine: ConfigError with the way out when something must be said or typed first."""
    check_start(settings)
    missing = unconfirmed(settings, store)
    if missing:
        codes = ", ".join(facility.code for facility in missing)
        raise ConfigError(
            f"Lần đầu gửi thật lên cổng production cho {codes}: chưa có người xác nhận",
            f"First start in production for {codes}: nobody has confirmed it",
            hint_vi="chạy `bhyt golive confirm` và gõ mã cơ sở; hoặc đặt mode: shadow để chạy mà không gửi",
            hint_en="run `bhyt golive confirm` and type the facility code; or set mode: shadow to run without sending",
            code="GOLIVE-CONFIRM",
        )


def confirm(settings: Settings, store: Store, facility: Facility, typed: str, *, actor: str, clock: Clock) -> None:
    """Record the confirmation. ``typed`` must be the facility's code; ConfigError otherwise, nothing is kept."""
    if typed.strip() != facility.code:
        raise ConfigError(
            f"Chữ đã gõ không phải mã cơ sở {facility.code}; chưa xác nhận gì",
            f"What was typed is not the facility code {facility.code}; nothing is confirmed",
            code="GOLIVE-CONFIRM",
        )
    start = start_of(facility)
    detail = f"{settings.gateway.base_url} start_at {start.isoformat() if start else '-'}"
    store.confirmations.add(PRODUCTION, facility.code, actor=actor, detail=detail, now=clock())


def keep_starts(settings: Settings, store: Store, *, actor: str, clock: Clock) -> dict[str, tuple[int, int]]:
    """Make waiting dossiers of every facility obey its ``start_at``: facility → (skipped, gone on)."""
    done: dict[str, tuple[int, int]] = {}
    for facility in settings.facilities:
        start = start_of(facility)
        if start is not None:
            done[facility.code] = store.elsewhere.keep_start(facility.code, start, now=clock(), actor=actor)
    return done


def start_of(facility: Facility) -> datetime | None:
    """``start_at`` as an instant; without a zone it is Vietnam's time."""
    start = facility.start_at
    return start if start is None or start.tzinfo is not None else start.replace(tzinfo=VIETNAM)


def modes(settings: Settings, store: Store) -> list[dict[str, Any]]:
    """How each facility runs, for status: live, shadow or paused; who confirmed production and when."""
    return [_mode(settings, store, facility) for facility in settings.facilities]


def _mode(settings: Settings, store: Store, facility: Facility) -> dict[str, Any]:
    start = start_of(facility)
    return {
        "code": facility.code,
        "name": facility.name,
        "mode": "paused" if facility.paused or flow.paused(store, facility.code) else facility.mode,
        "environment": settings.gateway.environment,
        "start_at": start.isoformat() if start else None,
        "signed_waiting": store.queries.count(facility=facility.code, state="signed"),
        "confirmed": store.confirmations.last(PRODUCTION, facility.code),
    }


def shadows(rows: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """Those of :func:`modes` that do everything but send."""
    return [row for row in rows if row["mode"] == "shadow"]
