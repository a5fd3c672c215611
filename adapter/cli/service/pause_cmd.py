"""``bhyt pause`` and ``bhyt resume``: let a facility, or the reading of its HIS, rest on every machine at once."""

from __future__ import annotations

from typing import Annotated

import typer

from adapter.cli.common import ConfigOption, JsonOption, WorkdirOption, print_json, say, settings_of
from adapter.cli.gateway.golive_cmd import FacilityOption, actor
from adapter.clock import system_clock
from adapter.engine.opening import open_store
from adapter.errors import ConfigError
from adapter.pipeline import flow
from adapter.settings import Facility, Settings
from adapter.store.store import Store
from adapter.store.work.gates import ALL

Reason = Annotated[str, typer.Option("--reason", help="Lý do, được ghi lại / why; it is recorded")]


def pause_command(
    reason: Reason,
    only: Annotated[
        str, typer.Option("--only", help="pull: chỉ ngừng đọc HIS / stop reading the HIS only", show_default=False)
    ] = ALL,
    facility: FacilityOption = None,
    workdir: WorkdirOption = None,
    config: ConfigOption = None,
    json_: JsonOption = False,
) -> None:
    """Tạm dừng cơ sở trên mọi máy; nguồn tự gửi vẫn được nhận và giữ lại / let a facility rest on every machine."""
    if only not in (ALL, flow.SOURCE):
        raise ConfigError(
            f"--only không nhận {only}",
            f"--only does not take {only}",
            hint_vi="dùng pull, hoặc bỏ --only",
            hint_en="use pull, or leave --only out",
        )
    settings = settings_of(workdir, config)
    with open_store(settings) as store:
        for one in _wanted(settings, facility):
            flow.pause(store, one.code, reason=_said(reason), actor=actor(), clock=system_clock, what=only)
        _show(store, settings, facility, json_=json_)


def resume_command(
    reason: Reason,
    facility: FacilityOption = None,
    workdir: WorkdirOption = None,
    config: ConfigOption = None,
    json_: JsonOption = False,
) -> None:
    """Cho cơ sở chạy lại / end a pause."""
    settings = settings_of(workdir, config)
    with open_store(settings) as store:
        for one in _wanted(settings, facility):
            flow.resume(store, one.code, reason=_said(reason), actor=actor(), clock=system_clock)
        _show(store, settings, facility, json_=json_)


def _wanted(settings: Settings, code: str | None) -> list[Facility]:
    return [settings.facility(code)] if code else list(settings.facilities)


def _said(reason: str) -> str:
    if not reason.strip():
        raise ConfigError("--reason không được trống", "--reason must say something")
    return reason.strip()


def _show(store: Store, settings: Settings, code: str | None, *, json_: bool) -> None:
    rows = []
    for one in _wanted(settings, code):
        whole, source = flow.paused(store, one.code), flow.paused(store, one.code, "pull")
        gate = whole or source
        state = "paused" if whole else "source_paused" if source else "running"
        rows.append({"facility": one.code, "state": state, "reason": gate.reason if gate else None})
    if json_:
        print_json({"facilities": rows})
        return
    words = {
        "paused": "tạm dừng / paused",
        "source_paused": "ngừng đọc HIS / not reading the HIS",
        "running": "chạy / running",
    }
    for row in rows:
        say(f"{row['facility']}: {words[str(row['state'])]}" + (f" · {row['reason']}" if row["reason"] else ""))
