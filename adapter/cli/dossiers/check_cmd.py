"""``bhyt check``: the rules on files, before anything is sent."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape
from rich.progress import Progress
from rich.table import Table

from adapter.catalogue.index import CatalogueIndex
from adapter.cli.authoring.catalogue_store import catalogues_of
from adapter.cli.common import ConfigOption, WorkdirOption, notes, settings_of
from adapter.clock import from_datetime12, system_clock
from adapter.dossier.model import Purpose
from adapter.errors import ConfigError
from adapter.rules.context import Context
from adapter.rules.local import load
from adapter.rules.report import groups, html, xlsx
from adapter.rules.scan import Item, Job, items, scan
from adapter.rules.setup import RuleSetup, setup_of
from adapter.standard.spec import layouts
from adapter.store.catalogues.catalogues import NATIONAL

_STYLE = {"error": "red", "warning": "yellow", "info": "cyan"}
_WEIGHT = {"error": "lỗi", "warning": "cảnh báo", "info": "lưu ý"}
_PER_DOSSIER = 40


def check_command(
    paths: Annotated[
        list[Path], typer.Argument(metavar="FILE|DIR|ZIP...", help="Tệp, thư mục hoặc zip / files, folders, zips")
    ],
    at: Annotated[
        str | None,
        typer.Option(
            "--at", metavar="YYYYMMDDHHMM", help="Thời điểm gửi, mặc định bây giờ / sending time, default now"
        ),
    ] = None,
    standard: Annotated[
        str | None, typer.Option("--standard", help="Ép bố cục 130, 4750, 3176 / force a layout")
    ] = None,
    purpose: Annotated[
        str | None, typer.Option("--purpose", help="claim | book | checkin; mặc định theo tệp / default by file")
    ] = None,
    unsigned: Annotated[
        bool, typer.Option("--unsigned", help="Tệp chưa ký là bình thường / do not ask for a signature")
    ] = False,
    strict: Annotated[
        bool, typer.Option("--strict", help="Cảnh báo cũng tính là không đạt / warnings fail too")
    ] = False,
    mask: Annotated[bool, typer.Option("--mask", help="Che giá trị của người bệnh / hide patients' values")] = False,
    report: Annotated[
        Path | None, typer.Option("--report", metavar="F.html|F.xlsx", help="Ghi báo cáo / write a report")
    ] = None,
    local: Annotated[Path | None, typer.Option("--local", metavar="F.yaml", help="Luật nội bộ / local rules")] = None,
    facility: Annotated[
        str | None, typer.Option("--facility", help="Danh mục và lựa chọn của cơ sở nào / whose lists and choices")
    ] = None,
    json_: Annotated[bool, typer.Option("--json", help="In một tài liệu JSON / print one JSON document")] = False,
    workdir: WorkdirOption = None,
    config: ConfigOption = None,
) -> None:
    """Kiểm tra hồ sơ trước khi gửi / check dossiers before sending.

    Mã thoát 0: không có lỗi; 1: có lỗi (hoặc cảnh báo với --strict); 2: dùng sai.
    """
    moment = _moment(at)
    setup, catalogues, layers = _installation(workdir, config, facility)
    options = setup.options
    if unsigned:
        options = replace(options, signature_required=False)
    job = Job(
        local=(*setup.local, *(load(local) if local is not None else ())),
        context=Context(at=moment, options=options, catalogues=catalogues, facility=setup.profile),
        pin=_layout(standard),
        purpose=_purpose(purpose),
        mask=mask,
        layers=layers,
    )
    if report is not None and report.suffix.lower() not in {".html", ".htm", ".xlsx"}:
        raise _wrong(f"Báo cáo phải là .html hoặc .xlsx, không phải '{report.name}'", "A report is .html or .xlsx")
    found = items(paths)
    tally = _Tally(kept=[] if report is not None else None)
    entries = tally.watch(_with_progress(found, job))
    if json_:
        _print_json(entries, tally)
    else:
        _print_table(entries, tally)
    if report is not None and tally.kept is not None:
        _write_report(report, tally.kept, moment, ", ".join(p.name for p in paths))
    raise typer.Exit(1 if tally.error or (strict and tally.warning) else 0)


class _Tally:
    """Counts what passes by, and keeps it only when a report wants it."""

    def __init__(self, kept: list[dict[str, Any]] | None) -> None:
        self.error = self.warning = self.info = self.files = self.dossiers = 0
        self.kept = kept

    def watch(self, entries: Iterable[dict[str, Any]]) -> Iterator[dict[str, Any]]:
        for entry in entries:
            self.files += 1
            for dossier in entry["dossiers"]:
                self.dossiers += dossier["standard"] is not None
                for finding in dossier["findings"]:
                    setattr(self, finding["severity"], getattr(self, finding["severity"]) + 1)
            if self.kept is not None:
                self.kept.append(entry)
            yield entry


def _with_progress(found: list[Item], job: Job) -> Iterator[dict[str, Any]]:
    entries = scan(found, job, workers=os.cpu_count() or 1)
    if len(found) < 50 or not notes.is_terminal:
        yield from entries
        return
    with Progress(console=notes, transient=True) as progress:
        yield from progress.track(entries, total=len(found), description="kiểm tra / checking")


def _print_json(entries: Iterable[dict[str, Any]], tally: _Tally) -> None:
    """One document, written as it comes, so that ten thousand files are never held."""
    out = sys.stdout
    out.write('{"files": [')
    for n, entry in enumerate(entries):
        out.write((", " if n else "") + json.dumps(entry, ensure_ascii=False))
    out.write(f'], "errors": {tally.error}, "warnings": {tally.warning}, "infos": {tally.info}}}\n')
    out.flush()


def _print_table(entries: Iterable[dict[str, Any]], tally: _Tally) -> None:
    console = Console(highlight=False)
    waiting: dict[str, str] = {}
    for entry in entries:
        for dossier in entry["dossiers"]:
            for note in dossier["not_checked"]:
                waiting[note["rule"]] = note["needs"]
            _print_dossier(console, entry["file"], dossier)
    console.print(
        f"{tally.files} tệp / files · {tally.dossiers} hồ sơ / dossiers · [red]{tally.error} lỗi / errors[/red] · "
        f"[yellow]{tally.warning} cảnh báo / warnings[/yellow] · [cyan]{tally.info} lưu ý / notes[/cyan]"
    )
    if waiting:
        needs = ", ".join(sorted(set(waiting.values())))
        console.print(
            f"[dim]{len(waiting)} luật chưa kiểm tra được, cần / rules not checked, they need: {escape(needs)}[/dim]"
        )


def _print_dossier(console: Console, file: str, dossier: dict[str, Any]) -> None:
    found = dossier["findings"]
    what = f"{dossier['purpose']} {dossier['standard']}" if dossier["standard"] else "?"
    mark = "[red]✗[/red]" if any(f["severity"] == "error" for f in found) else "[green]✓[/green]"
    console.print(f"{mark} [bold]{escape(dossier['ma_lk'])}[/bold] {escape(file)} [dim]({what})[/dim]")
    if not found:
        return
    table = Table(box=None, pad_edge=False, show_header=False, padding=(0, 1))
    for style in ("", "dim", "", "", ""):
        table.add_column(style=style, overflow="fold")
    for f in found[:_PER_DOSSIER]:
        place = f["table"] + (f"[{f['row']}]" if f["row"] else "") + (f".{f['field']}" if f["field"] else "")
        weight = f"[{_STYLE[f['severity']]}]{_WEIGHT[f['severity']]}[/{_STYLE[f['severity']]}]"
        value = f["value"] if len(f["value"]) <= 40 else f["value"][:39] + "…"
        table.add_row("  " + weight, f["rule"], escape(place), escape(value), escape(f["message_vi"]))
    console.print(table)
    if len(found) > _PER_DOSSIER:
        console.print(f"  [dim]… và {len(found) - _PER_DOSSIER} phát hiện nữa / more: --json, --report[/dim]")


def _write_report(path: Path, entries: list[dict[str, Any]], at: datetime, title: str) -> None:
    try:
        if path.suffix.lower() == ".xlsx":
            xlsx.write(groups.gather(entries, per_rule=1_000_000), path)
        else:
            path.write_text(html.page(groups.gather(entries), at=at, title=title), encoding="utf-8")
    except OSError as error:
        raise _wrong(f"Không ghi được báo cáo '{path}'", f"Cannot write the report '{path}'") from error
    notes.print(f"Báo cáo / report: {path}")


def _moment(text: str | None) -> datetime:
    if text is None:
        return system_clock()
    try:
        return from_datetime12(text)
    except ValueError as error:
        raise _wrong(
            f"--at '{text}' không phải thời điểm YYYYMMDDHHMM", f"--at '{text}' is not YYYYMMDDHHMM"
        ) from error


def _layout(text: str | None) -> str | None:
    if text is not None and text not in layouts():
        known = ", ".join(layouts())
        raise _wrong(f"--standard '{text}' không có; các bố cục: {known}", f"no layout '{text}'; there are: {known}")
    return text


def _purpose(text: str | None) -> Purpose | None:
    if text is None:
        return None
    try:
        return Purpose(text)
    except ValueError as error:
        raise _wrong(f"--purpose '{text}' không có: claim, book, checkin", f"no purpose '{text}'") from error


def _installation(
    workdir: Path | None, config: Path | None, facility: str | None
) -> tuple[RuleSetup, CatalogueIndex | None, tuple[str, ...]]:
    """Choices, local rules and lists when an installation is near; the stated defaults otherwise."""
    if config is None and workdir is None and not Path("config.yaml").is_file():
        return RuleSetup(), None, ()
    settings = settings_of(workdir, config)
    layers = tuple(str(settings.path(folder)) for folder in settings.standard.extra_layers)
    one = settings.facility(facility) if facility else None
    if one is None and len(settings.facilities) == 1:
        one = settings.facilities[0]
    return setup_of(settings, one), catalogues_of(settings, one.code if one else NATIONAL), layers


def _wrong(message_vi: str, message_en: str) -> ConfigError:
    return ConfigError(message_vi, message_en, hint_vi="xem bhyt check --help", hint_en="see bhyt check --help")
