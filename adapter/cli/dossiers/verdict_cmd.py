"""``bhyt verdict``: what the portal said about dossiers it received, and what is to be done."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from adapter.cli.common import ConfigOption, JsonOption, WorkdirOption, notes, print_json, settings_of
from adapter.cli.gateway.golive_cmd import FacilityOption, actor, only_facility, show_problems
from adapter.clock import VIETNAM, system_clock
from adapter.cutover.sheet import read_sheet
from adapter.cutover.verdicts import VerdictReport, difference, import_verdicts, summed
from adapter.engine.installation import open_installation
from adapter.engine.opening import open_store
from adapter.errors import ConfigError

app = typer.Typer(no_args_is_help=True, help="Kết quả của cổng / the portal's verdicts")

_SHOWN = 20


@app.command("import")
def import_(
    files: Annotated[list[Path], typer.Argument(metavar="FILE…", help="Tệp .xlsx hoặc thư mục / files or folders")],
    workdir: WorkdirOption = None,
    config: ConfigOption = None,
    facility: FacilityOption = None,
    at: Annotated[
        str | None,
        typer.Option("--at", help="Lúc xuất danh sách, YYYYMMDDHHMM; mặc định giờ của tệp / when it was exported"),
    ] = None,
    json_: JsonOption = False,
) -> None:
    """Nhập danh sách hồ sơ và danh sách lỗi xuất từ cổng / take in the portal's exported lists."""
    settings = settings_of(workdir, config)
    code = only_facility(settings, facility).code
    exported = _instant(at)
    # Every file is read before anything is written; older lists go first.
    sheets = sorted((read_sheet(path) for path in _expand(files)), key=lambda sheet: sheet.written_at)
    with open_store(settings) as store:
        reports = [
            import_verdicts(store, code, sheet, at=exported, now=system_clock(), actor=actor()) for sheet in sheets
        ]
        tasks = store.verdicts.open_tasks(system_clock())
    document = {
        "facility": code,
        "files": [{"file": str(sheet.path), **report.to_dict()} for sheet, report in zip(sheets, reports, strict=True)],
        "counts": summed(reports),
        "tasks": tasks,
    }
    if json_:
        print_json(document)
    else:
        for sheet, report in zip(sheets, reports, strict=True):
            _print_report(sheet.path, report)
        Console(highlight=False).print(f"Cần sửa / to correct: {tasks['open']} · quá hạn / overdue: {tasks['overdue']}")
    raise typer.Exit(1 if any(report.problems for report in reports) else 0)


@app.command("ask")
def ask(
    workdir: WorkdirOption = None,
    config: ConfigOption = None,
    facility: FacilityOption = None,
    json_: JsonOption = False,
) -> None:
    """Hỏi trục tỉnh kết quả các hồ sơ đã gửi / ask the province's hub what became of what it received.

    Dịch vụ tự hỏi theo schedule.follow; lệnh này hỏi ngay. Cổng BHXH không có dịch vụ tra cứu này.
    """
    settings = settings_of(workdir, config)
    wanted = [settings.facility(facility)] if facility else [one for one in settings.facilities if one.hub is not None]
    if not wanted or any(one.hub is None for one in wanted):
        raise ConfigError(
            "Không có cơ sở nào gửi qua trục tỉnh",
            "No facility sends through a provincial hub",
            hint_vi="kết quả của cổng BHXH: xuất danh sách trên cổng, rồi `bhyt verdict import`",
            hint_en="for the BHXH gateway's verdicts export its lists, then `bhyt verdict import`",
        )
    with open_installation(settings) as installation:
        results = {line.facility.code: line.run("follow") for line in installation.lines if line.facility in wanted}
    if json_:
        print_json({"facilities": {code: result.counts for code, result in results.items()}})
    for code, result in results.items():
        for error in result.failures:
            notes.print(f"[red]{code}: {error}[/red]")
        if not json_:
            told = ", ".join(f"{word} {count}" for word, count in result.counts.items()) or "-"
            Console(highlight=False).print(f"{code}: {told}")
    raise typer.Exit(0 if all(result.ok for result in results.values()) else 1)


@app.command("difference")
def difference_(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Danh sách hồ sơ xuất từ cổng (.xlsx)")],
    workdir: WorkdirOption = None,
    config: ConfigOption = None,
    facility: FacilityOption = None,
    first: Annotated[str | None, typer.Option("--from", help="YYYYMMDD")] = None,
    last: Annotated[str | None, typer.Option("--to", help="YYYYMMDD")] = None,
    json_: JsonOption = False,
) -> None:
    """Cổng có gì mà ở đây không có, và ngược lại / what the portal has that we do not, and the reverse."""
    settings = settings_of(workdir, config)
    code = only_facility(settings, facility).code
    sheet = read_sheet(file)
    with open_store(settings) as store:
        found = difference(store, code, sheet, first=_day(first), last=_day(last))
    document = {"facility": code, "file": str(file), **found.to_dict()}
    if json_:
        print_json(document)
    else:
        _print_difference(document)
        show_problems(found.problems)
    raise typer.Exit(0 if found.same else 1)


@app.command("tasks")
def tasks_(
    workdir: WorkdirOption = None,
    config: ConfigOption = None,
    facility: FacilityOption = None,
    every: Annotated[bool, typer.Option("--all", help="Cả việc đã xong / done ones too")] = False,
    json_: JsonOption = False,
) -> None:
    """Hồ sơ cổng báo lỗi, hạn sửa 2 ngày làm việc / faults to correct within 2 working days."""
    with open_store(settings_of(workdir, config)) as store:
        rows = store.verdicts.tasks(facility=facility, every=every)
    if json_:
        print_json({"tasks": rows})
        return
    table = Table(show_edge=False, pad_edge=False)
    for heading in ("MA_LK", "hạn\ndue", "lỗi\nfaults"):
        table.add_column(heading, overflow="fold")
    for row in rows:
        faults = "\n".join(f"{fault['code']} {fault['text']}".strip() for fault in row["faults"])
        due = row["due_at"] if row["closed_at"] is None else f"xong / done: {row['closed_by']}"
        table.add_row(row["ma_lk"], due[:40], faults)
    Console().print(table)


def _expand(paths: list[Path]) -> list[Path]:
    found: list[Path] = []
    for path in paths:
        # Excel leaves a ~$ file beside every workbook that is open.
        found += sorted(p for p in path.rglob("*.xlsx") if not p.name.startswith("~$")) if path.is_dir() else [path]
    if not found:
        raise ConfigError("Không có tệp .xlsx nào", "There is no .xlsx file", tried=[str(p) for p in paths])
    return found


def _instant(text: str | None) -> datetime | None:
    if text is None:
        return None
    try:
        return datetime.strptime(text, "%Y%m%d%H%M").replace(tzinfo=VIETNAM)
    except ValueError as error:
        raise ConfigError("--at cần dạng YYYYMMDDHHMM", "--at needs the form YYYYMMDDHHMM") from error


def _day(text: str | None) -> date | None:
    if text is None:
        return None
    try:
        return datetime.strptime(text, "%Y%m%d").replace(tzinfo=VIETNAM).date()
    except ValueError as error:
        raise ConfigError("--from và --to cần dạng YYYYMMDD", "--from and --to need the form YYYYMMDD") from error


def _print_report(path: Path, report: VerdictReport) -> None:
    console = Console(highlight=False)
    console.print(f"[bold]{path.name}[/bold]: {report.lines} dòng / lines, {report.matched} bản / revisions")
    for name, count in sorted(report.counts.items()):
        console.print(f"  {name}: {count}")
    for one in report.unmatched[:_SHOWN]:
        row = one.to_dict()
        console.print(f"  [yellow]dòng / line {row['line']}[/yellow] {row['ma_lk']}: {row['message_vi']}")
        console.print(f"    [dim]{row['message_en']}[/dim]")
    if len(report.unmatched) > _SHOWN:
        console.print(f"  … {len(report.unmatched) - _SHOWN} dòng nữa / more, --json")
    show_problems(report.problems)


def _print_difference(document: dict[str, Any]) -> None:
    console = Console(highlight=False)
    console.print(f"{document['from']} – {document['to']}: hai bên đều có / on both sides {document['both']}")
    for key, words in (
        ("portal_only", "chỉ cổng có / only at the portal"),
        ("ours_only", "chỉ ở đây có / only here"),
        ("amounts", "tiền khác nhau / amounts differ"),
        ("verdicts", "kết quả chưa nhập / verdicts not taken in"),
    ):
        rows = document[key]
        console.print(f"{words}: {len(rows)}")
        for row in rows[:_SHOWN]:
            rest = {k: v for k, v in row.items() if k not in ("ma_lk", "message_vi", "line", "why") and v != ""}
            console.print(f"  {row['ma_lk']} {rest}")
    if not document["same"]:
        notes.print("[yellow]Hai bên khác nhau / the two sides differ[/yellow]")
