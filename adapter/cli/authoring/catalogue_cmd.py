"""``bhyt catalogue``: take in the lists the rules ask, and look at them."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from adapter.catalogue.lists import spec_of, specs
from adapter.cli.common import ConfigOption, JsonOption, WorkdirOption, notes, print_json, say, settings_of
from adapter.cli.gateway.golive_cmd import actor
from adapter.clock import VIETNAM, system_clock
from adapter.engine.opening import open_store
from adapter.errors import ConfigError
from adapter.store.catalogues.importing import ImportResult, compare, import_file, owner_of, row_of

app = typer.Typer(no_args_is_help=True, help="Danh mục / lists of drugs, services, staff, ICD, …")

FacilityOption = Annotated[
    str | None, typer.Option("--facility", help="Mã cơ sở; cần khi có nhiều / facility code, when there are several")
]
_SHOWN = 40


@app.command("import")
def import_command(
    file: Annotated[Path, typer.Argument(metavar="FILE", help=".xlsx, .csv, bảng HTML .xls, XML biểu 01–06/DM")],
    list_: Annotated[
        str | None, typer.Option("--list", metavar="NAME", help="Danh mục nào; mặc định theo tiêu đề / which list")
    ] = None,
    facility: FacilityOption = None,
    since: Annotated[
        str | None,
        typer.Option("--from", metavar="YYYY-MM-DD", help="Ngày hiệu lực của dòng không ghi, mặc định hôm nay"),
    ] = None,
    whole: Annotated[
        bool, typer.Option("--whole", help="Tệp là toàn bộ danh mục: dòng không có thì đóng / close what it lacks")
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Chỉ xem sẽ đổi gì / only say what would change")] = False,
    headings: Annotated[
        Path | None, typer.Option("--headings", metavar="F.yaml", help="Tên cột riêng / headings of one's own")
    ] = None,
    json_: JsonOption = False,
    workdir: WorkdirOption = None,
    config: ConfigOption = None,
) -> None:
    """Nạp một tệp danh mục, được cả hoặc không / take in a list, all or nothing. Mã thoát 1: có dòng sai."""
    settings = settings_of(workdir, config)
    with open_store(settings) as store:
        done = import_file(
            store.catalogues,
            file,
            name=list_,
            facility=facility,
            known=[one.code for one in settings.facilities],
            since=day_of("--from", since),
            whole=whole,
            now=system_clock(),
            actor=actor(),
            trial=dry_run,
            headings=headings,
        )
    if json_:
        print_json(done.to_dict(file=str(file)))
    else:
        _tell(done, file)
    raise typer.Exit(1 if done.changes is None else 0)


def _tell(done: ImportResult, file: Path) -> None:
    read = done.read
    owner = done.facility or "toàn quốc / national"
    say(f"{file.name}: {read.spec.name} ({read.spec.title_vi}) · {owner} · {len(read.entries)} dòng / rows")
    say("  " + ", ".join(f"{heading} → {name}" for name, heading in read.headings.items()))
    if done.changes is None:
        table = Table(box=None, pad_edge=False)
        for column in ("trang / sheet", "dòng / row", "cột / column", "sai gì, làm gì / what and what to do"):
            table.add_column(column, overflow="fold")
        for p in read.problems[:_SHOWN]:
            table.add_row(p.sheet, str(p.line), p.column, f"{p.message_vi} / {p.message_en}")
        Console(highlight=False, markup=False).print(table)
        if len(read.problems) > _SHOWN:
            say(f"… và {len(read.problems) - _SHOWN} dòng sai nữa / more: --json")
        say(f"Không nạp: {len(read.problems)} chỗ sai; sửa tệp rồi nạp lại / nothing taken in, correct the file")
        return
    counts = done.changes.counts()
    word = "Đã nạp / taken in" if done.kept else "Sẽ đổi / would change"
    say(
        f"{word}: mở / opened {counts['opened']}, đóng / closed {counts['closed']}, "
        f"thay / replaced {counts['retired']}, giữ nguyên / unchanged {counts['unchanged']}"
    )


@app.command("list")
def list_command(json_: JsonOption = False, workdir: WorkdirOption = None, config: ConfigOption = None) -> None:
    """Danh mục nào đã nạp, của ai, từ tệp nào / which lists are loaded, whose, from which file."""
    settings = settings_of(workdir, config)
    with open_store(settings) as store:
        loaded = store.catalogues.lists(_today())
        history = store.catalogues.imports()
    there = {row["list"] for row in loaded}
    absent = [
        {"list": s.name, "title_vi": s.title_vi, "title_en": s.title_en, "scope": s.scope, "form": s.form}
        for s in specs().values()
        if s.name not in there
    ]
    if json_:
        print_json({"lists": loaded, "not_loaded": absent, "imports": history})
        return
    table = Table(box=None, pad_edge=False)
    for column in ("danh mục / list", "cơ sở", "dòng hiệu lực / in force", "tệp / file", "nạp lúc / taken in"):
        table.add_column(column, overflow="fold")
    for row in loaded:
        where = row["facility"] or "–"
        count = str(row["rows_in_force"])
        table.add_row(f"{row['list']} ({row['title_vi']})", where, count, row["file"], row["imported_at"][:16])
    if loaded:
        Console(highlight=False, markup=False).print(table)
    if absent:
        names = ", ".join(one["list"] for one in absent)
        notes.print(f"Chưa nạp, luật cần chúng báo 'chưa kiểm tra' / not loaded, their rules say so: {names}")


@app.command("show")
def show(
    list_: Annotated[str, typer.Argument(metavar="LIST")],
    code: Annotated[str | None, typer.Argument(metavar="CODE", help="Chỉ mã này / this code only")] = None,
    on: Annotated[str | None, typer.Option("--on", metavar="YYYY-MM-DD", help="Ngày, mặc định hôm nay / day")] = None,
    all_: Annotated[bool, typer.Option("--all", help="Mọi thời kỳ / every period")] = False,
    facility: FacilityOption = None,
    json_: JsonOption = False,
    workdir: WorkdirOption = None,
    config: ConfigOption = None,
) -> None:
    """Nội dung một danh mục / what stands in a list. Mã thoát 1: mã không có / the code is not there."""
    settings = settings_of(workdir, config)
    spec = spec_of(list_)
    owner = owner_of(spec, facility, [one.code for one in settings.facilities])
    day = None if all_ else day_of("--on", on)
    with open_store(settings) as store:
        rows = [
            row_of(e)
            for e in store.catalogues.rows(list_, owner, day)
            if code is None or code in {e.code, *(e.values.get(n) for n in spec.found_by)}
        ]
    if json_:
        print_json({"list": list_, "facility": owner or None, "on": day, "rows": rows})
    else:
        _print_rows(rows, list(spec.columns))
    raise typer.Exit(1 if code is not None and not rows else 0)


def _print_rows(rows: list[Any], names: list[str]) -> None:
    used = [n for n in names if any(row.get(n) for row in rows)]
    table = Table(box=None, pad_edge=False)
    for name in used:
        table.add_column(name, overflow="fold")
    for row in rows[:_SHOWN]:
        table.add_row(*(str(row.get(n) or "") for n in used))
    if rows:
        Console(highlight=False, markup=False).print(table)
    say(f"{len(rows)} dòng / rows")


@app.command("diff")
def diff(
    list_: Annotated[str, typer.Argument(metavar="LIST")],
    before: Annotated[str, typer.Option("--before", metavar="YYYY-MM-DD", help="Ngày trước / the earlier day")],
    after: Annotated[str | None, typer.Option("--after", metavar="YYYY-MM-DD", help="Ngày sau, mặc định nay")] = None,
    facility: FacilityOption = None,
    json_: JsonOption = False,
    workdir: WorkdirOption = None,
    config: ConfigOption = None,
) -> None:
    """Danh mục khác gì giữa hai ngày / what changed in a list between two days."""
    settings = settings_of(workdir, config)
    owner = owner_of(spec_of(list_), facility, [one.code for one in settings.facilities])
    first, second = day_of("--before", before), day_of("--after", after)
    with open_store(settings) as store:
        found = compare(store.catalogues, list_, owner, first, second)
    if json_:
        print_json({"list": list_, "facility": owner or None, "before": first, "after": second, **found})
        return
    for kind, mark in (("added", "+"), ("removed", "-"), ("changed", "~")):
        for row in found[kind][:_SHOWN]:
            columns = "; ".join(f"{n}: {a or '∅'} → {b or '∅'}" for n, (a, b) in row.get("columns", {}).items())
            say(f"{mark} {row['code']} {row['name']} {columns}".rstrip())
    say(", ".join(f"{len(found[k])} {word}" for k, word in _WORDS.items()))


_WORDS = {"added": "thêm / added", "removed": "bỏ / removed", "changed": "đổi / changed"}


@app.command("headings")
def headings_command(
    list_: Annotated[str | None, typer.Argument(metavar="LIST")] = None, json_: JsonOption = False
) -> None:
    """Các cột mỗi danh mục nhận / the columns each list takes."""
    chosen = [spec_of(list_)] if list_ else list(specs().values())
    document = [
        {
            "list": s.name,
            "scope": s.scope,
            "form": s.form,
            "title_vi": s.title_vi,
            "title_en": s.title_en,
            "columns": [
                {"name": c.name, "kind": c.kind, "required": c.required, "headings": list(c.names)}
                for c in s.columns.values()
            ],
        }
        for s in chosen
    ]
    if json_:
        print_json({"lists": document})
        return
    for one in document:
        say(f"{one['list']} · {one['form'] or one['scope']} · {one['title_vi']} / {one['title_en']}")
        for c in one["columns"] if isinstance(one["columns"], list) else []:
            say(f"  {'*' if c['required'] else ' '} {c['name']} ({c['kind']}): {', '.join(c['headings'])}")


def day_of(option: str, text: str | None) -> date:
    """A day of the command line, today when it is not given."""
    if text is None:
        return _today()
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise ConfigError(
            f"{option} '{text}' không phải ngày YYYY-MM-DD", f"{option} '{text}' is no day YYYY-MM-DD"
        ) from error


def _today() -> date:
    return system_clock().astimezone(VIETNAM).date()
