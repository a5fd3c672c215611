"""``bhyt reconcile``: compare the source's encounters of a day with what was read here."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from adapter.cli.common import ConfigOption, JsonOption, WorkdirOption, notes, print_json, settings_of
from adapter.cli.gateway.golive_cmd import FacilityOption
from adapter.engine.installation import open_installation
from adapter.errors import ConfigError
from adapter.pipeline.context import StageResult
from adapter.store import Store


def reconcile_command(
    workdir: WorkdirOption = None,
    config: ConfigOption = None,
    facility: FacilityOption = None,
    day: Annotated[
        list[str] | None, typer.Option("--day", help="YYYYMMDD, lặp lại được; mặc định 7 ngày gần đây / repeatable")
    ] = None,
    json_: JsonOption = False,
) -> None:
    """Đối soát với HIS theo ngày: đọc lại lượt sót, giữ lượt HIS đã xóa / compare with the HIS day by day.

    Dịch vụ tự đối soát theo schedule.reconcile; lệnh này làm ngay. Mã thoát 1: còn lượt chưa đọc được.
    """
    settings = settings_of(workdir, config)
    wanted = [settings.facility(facility)] if facility else list(settings.facilities)
    days = [_day(text) for text in day or ()]
    with open_installation(settings) as installation:
        results = {
            line.facility.code: line.run("reconcile", days=days)
            for line in installation.lines
            if line.facility in wanted
        }
        shown = {code: _shown(installation.store, code, result) for code, result in results.items()}
    for code, result in results.items():
        for error in result.failures:
            notes.print(f"[red]{code}: {error}[/red]")
    if json_:
        print_json({"facilities": shown})
    else:
        for code, result in results.items():
            _show(code, result, shown[code])
    missing = any(one["missing"] for one in shown.values())
    raise typer.Exit(1 if missing or not all(result.ok for result in results.values()) else 0)


def _day(text: str) -> date:
    try:
        return datetime.strptime(text, "%Y%m%d").date()  # noqa: DTZ007 -- a day, not an instant
    except ValueError:
        raise ConfigError(
            f"--day phải có dạng YYYYMMDD, không phải '{text}'", f"--day is written YYYYMMDD, not '{text}'"
        ) from None


def _shown(store: Store, code: str, result: StageResult) -> dict[str, object]:
    gone, sent = store.reconciliation.gone(code)
    days = [
        {"day": f"{d.day:%Y%m%d}", "at_source": d.at_source, "known": d.known, "reread": d.reread, "missing": d.missing}
        for d in store.reconciliation.days(code)
    ]
    return {
        "days": days,
        "missing": sum(int(str(d["missing"])) for d in days),
        "gone": gone,
        "gone_accepted": sent,
        "this_run": dict(result.counts),
        "failures": [error.to_dict() for error in result.failures],
    }


def _show(code: str, result: StageResult, shown: dict[str, object]) -> None:
    console = Console(highlight=False)
    table = Table(title=f"{code}: đối soát với HIS / compared with the HIS")
    for heading in ("Ngày / day", "HIS có / at source", "đã đọc / known", "đọc lại / reread", "còn sót / missing"):
        table.add_column(heading, justify="right")
    days = shown["days"]
    assert isinstance(days, list)  # noqa: S101 -- made above
    for one in days:
        table.add_row(*(str(one[name]) for name in ("day", "at_source", "known", "reread", "missing")))
    console.print(table)
    console.print(
        f"HIS không còn / gone from the source: {shown['gone']}; trong đó đã gửi / of them accepted: "
        f"{shown['gone_accepted']}"
    )
    if result.counts.get("no_day"):
        console.print(
            "Ánh xạ chưa có source.encounters.day nên chưa đối soát theo ngày được / "
            "the mapping names no source.encounters.day, so days cannot be compared"
        )
    if result.counts.get("cannot"):
        console.print("Đầu nối này không đối soát được / this connector cannot be asked what it holds")
