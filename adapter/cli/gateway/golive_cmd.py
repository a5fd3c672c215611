"""``bhyt golive``: confirm the first production start, take over from the former software."""

from __future__ import annotations

import getpass
import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from adapter.cli.common import ConfigOption, JsonOption, WorkdirOption, notes, print_json, say, settings_of
from adapter.clock import system_clock
from adapter.cutover import guards
from adapter.cutover.golive import import_sent
from adapter.cutover.sheet import Problem, read_sheet
from adapter.engine.opening import open_store
from adapter.errors import ConfigError
from adapter.settings import Facility, Settings
from adapter.store.store import Store

app = typer.Typer(no_args_is_help=True, help="Chuyển sang dùng thật / going live")

FacilityOption = Annotated[
    str | None, typer.Option("--facility", help="Mã cơ sở; cần khi có nhiều / facility code, when there are several")
]


@app.command("confirm")
def confirm(
    workdir: WorkdirOption = None,
    config: ConfigOption = None,
    facility: FacilityOption = None,
    typed: Annotated[
        str | None, typer.Option("--typed", help="Mã cơ sở, thay cho gõ tay / the facility code, instead of typing it")
    ] = None,
    json_: JsonOption = False,
) -> None:
    """Xác nhận lần đầu gửi thật lên cổng production / confirm the first start in production."""
    settings = settings_of(workdir, config)
    guards.check_start(settings)
    if settings.gateway.environment != "production":
        raise ConfigError(
            f"gateway.environment là {settings.gateway.environment}, không cần xác nhận",
            f"gateway.environment is {settings.gateway.environment}; there is nothing to confirm",
        )
    with open_store(settings) as store:
        wanted = [settings.facility(facility)] if facility else guards.unconfirmed(settings, store)
        if typed is not None and len(wanted) > 1:
            raise facility_needed(settings)
        for one in wanted:
            word = typed if typed is not None else _ask(settings, store, one)
            guards.confirm(settings, store, one, word, actor=actor(), clock=system_clock)
        rows = guards.modes(settings, store)
    if json_:
        print_json({"confirmed": [one.code for one in wanted], "facilities": rows})
        return
    for one in wanted:
        say(f"{one.code}: đã xác nhận, lần chạy tới sẽ gửi thật / confirmed, the next run sends")
    if not wanted:
        say("Không còn gì cần xác nhận / nothing is left to confirm")


@app.command("status")
def status(workdir: WorkdirOption = None, config: ConfigOption = None, json_: JsonOption = False) -> None:
    """Từng cơ sở đang chạy thế nào, các danh sách đã nhập / how each facility runs, lists taken in."""
    settings = settings_of(workdir, config)
    with open_store(settings) as store:
        document = {"facilities": guards.modes(settings, store), "imports": store.elsewhere.imports()}
    if json_:
        print_json(document)
        return
    for row in document["facilities"]:
        confirmed = row["confirmed"]["at"][:16] if row["confirmed"] else "–"
        say(
            f"{row['code']}: {row['mode']} · {row['environment']} · start_at {row['start_at'] or '–'} · "
            f"xác nhận / confirmed {confirmed} · đã ký, chờ / signed, waiting {row['signed_waiting']}"
        )
    for row in document["imports"]:
        say(f"  #{row['import_id']} {row['facility']} {row['at'][:16]}: {row['standing']}/{row['marked']} MA_LK")


@app.command("import")
def import_(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Danh sách hồ sơ xuất từ cổng (.xlsx)")],
    workdir: WorkdirOption = None,
    config: ConfigOption = None,
    facility: FacilityOption = None,
    leave_faulty: Annotated[
        bool,
        typer.Option(
            "--leave-faulty", help="Hồ sơ cổng báo lỗi: để phần mềm này gửi bản sửa / this program corrects the faulty"
        ),
    ] = False,
    json_: JsonOption = False,
) -> None:
    """Hồ sơ phần mềm cũ đã gửi thì không gửi lại; tất cả hoặc không gì / what was sent before is not sent again."""
    settings = settings_of(workdir, config)
    code = only_facility(settings, facility).code
    sheet = read_sheet(file)
    with open_store(settings) as store:
        report = import_sent(store, code, sheet, leave_faulty=leave_faulty, now=system_clock(), actor=actor())
    document = {"facility": code, "file": str(file), **report.to_dict()}
    if json_:
        print_json(document)
    else:
        _print_import(document)
        show_problems(report.problems)
    raise typer.Exit(1 if report.problems else 0)


@app.command("revoke")
def revoke(
    reason: Annotated[str, typer.Option("--reason", help="Lý do, được ghi lại / why; it is recorded")],
    ma_lk: Annotated[str | None, typer.Option("--ma-lk", help="Chỉ một MA_LK / one MA_LK")] = None,
    import_id: Annotated[int | None, typer.Option("--import", help="Cả một lần nhập / a whole import")] = None,
    workdir: WorkdirOption = None,
    config: ConfigOption = None,
    facility: FacilityOption = None,
    json_: JsonOption = False,
) -> None:
    """Bỏ đánh dấu: phần mềm này lại gửi các hồ sơ đó / take marks back: this program sends them after all."""
    if (ma_lk is None) == (import_id is None):
        raise ConfigError("Cần đúng một trong --ma-lk và --import", "Exactly one of --ma-lk and --import is needed")
    if not reason.strip():
        raise ConfigError("Cần nêu lý do", "A reason is needed")
    settings = settings_of(workdir, config)
    one = only_facility(settings, facility)
    code = one.code
    with open_store(settings) as store:
        marks, on = store.elsewhere.revoke(
            code,
            ma_lk=ma_lk,
            import_id=import_id,
            start_at=guards.start_of(one),
            reason=reason,
            now=system_clock(),
            actor=actor(),
        )
    if json_:
        print_json({"facility": code, "revoked": marks, "going_on": on})
    else:
        say(f"{marks} dấu đã bỏ / marks taken back · {on} hồ sơ đi tiếp / dossiers go on")
    raise typer.Exit(0 if marks else 1)


def ready_to_start(settings: Settings) -> None:
    """Before an engine starts: everything said, and in production confirmed; asks when a person is at a terminal."""
    guards.check_start(settings)
    if settings.gateway.environment != "production":
        return
    with open_store(settings) as store:
        if sys.stdin.isatty() and sys.stderr.isatty():
            for one in guards.unconfirmed(settings, store):
                guards.confirm(settings, store, one, _ask(settings, store, one), actor=actor(), clock=system_clock)
        guards.require_ready(settings, store)


def only_facility(settings: Settings, code: str | None) -> Facility:
    """The facility a list belongs to; ConfigError when it must be named."""
    if code is not None:
        return settings.facility(code)
    if len(settings.facilities) != 1:
        raise facility_needed(settings)
    return settings.facilities[0]


def facility_needed(settings: Settings) -> ConfigError:
    """Several facilities, and none was named."""
    codes = ", ".join(facility.code for facility in settings.facilities)
    return ConfigError(
        "Cần nêu cơ sở bằng --facility",
        "Name the facility with --facility",
        hint_vi=f"một trong: {codes}",
        hint_en=f"one of: {codes}",
    )


def show_problems(problems: tuple[Problem, ...]) -> None:
    """Lines that cannot be used, on stderr."""
    for problem in problems:
        notes.print(f"[red]dòng / line {problem.line}[/red] {problem.column}: {problem.message_vi}")
        notes.print(f"  [dim]{problem.message_en}[/dim]")


def actor() -> str:
    """Who does this, for the record."""
    return f"cli:{getpass.getuser()}"


def _ask(settings: Settings, store: Store, facility: Facility) -> str:
    waiting = store.queries.count(facility=facility.code, state="signed")
    start = guards.start_of(facility)
    notes.print(
        f"[bold]{facility.code} {facility.name}[/bold]\n"
        f"  Sẽ gửi THẬT lên / this sends FOR REAL to: {settings.gateway.base_url}\n"
        f"  start_at: {start.isoformat() if start else '–'}\n"
        f"  Đã ký, sẽ gửi ngay / signed, leaving at once: {waiting}\n"
        f"  Gõ mã cơ sở để xác nhận / type the facility code to confirm:"
    )
    return sys.stdin.readline()


def _print_import(document: dict[str, object]) -> None:
    console = Console(highlight=False)
    if not document["imported"]:
        console.print("[red]Không đánh dấu gì / nothing was marked[/red]")
        return
    console.print(f"Lần nhập / import #{document['import_id']}: {document['marked']} MA_LK")
    console.print(f"  đã có sẵn dấu / marked before: {document['already_marked']}")
    console.print(f"  hồ sơ đang chờ, nay bỏ qua / waiting dossiers, skipped now: {document['skipped_now']}")
    console.print(f"  chưa đọc từ HIS, sẽ bỏ qua khi đọc / not read yet, skipped when read: {document['not_read_yet']}")
    ours = document["ours"]
    if isinstance(ours, list) and ours:
        console.print(
            f"  [yellow]do phần mềm này gửi, để nguyên / sent by this program, left alone: {len(ours)}[/yellow]"
        )
