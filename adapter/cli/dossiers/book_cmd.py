"""``bhyt book``: what a citizen will see, what is missing, what was received and not yet seen, and the report."""

from __future__ import annotations

import getpass
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from adapter.cli.common import ConfigOption, JsonOption, WorkdirOption, notes, print_json, say, settings_of
from adapter.clock import VIETNAM, system_clock
from adapter.engine.opening import open_store
from adapter.engine.plans import plan_path
from adapter.errors import ConfigError
from adapter.healthbook.pages import book_page, timeline_page, to_pdf, watch_page
from adapter.healthbook.visit_json import shown_json
from adapter.mapping import load_mapping
from adapter.pipeline.books.desk import BookDesk
from adapter.settings import Settings

app = typer.Typer(no_args_is_help=True, help="Sổ sức khỏe điện tử / the electronic health book")

MaLk = Annotated[str, typer.Argument(metavar="MA_LK")]
FacilityOption = Annotated[
    str | None, typer.Option("--facility", help="Mã cơ sở, khi có nhiều / facility code, when there are several")
]
OutOption = Annotated[
    Path | None, typer.Option("--out", help="Ghi ra tệp thay vì màn hình / a file instead of the screen")
]
WithheldOption = Annotated[
    bool,
    typer.Option(
        "--withheld",
        help="Cả phần bị giữ lại; cần quyền book.withheld / also what is withheld; needs book.withheld",
    ),
]


@app.command("show")
def show(
    ma_lk: MaLk,
    workdir: WorkdirOption = None,
    config: ConfigOption = None,
    json_: JsonOption = False,
    html: Annotated[bool, typer.Option("--html", help="Trang A4 và điện thoại / page for A4 and phone")] = False,
    pdf: Annotated[bool, typer.Option("--pdf")] = False,
    fhir: Annotated[bool, typer.Option("--fhir", help="FHIR R4 document Bundle")] = False,
    withheld: WithheldOption = False,
    facility: FacilityOption = None,
    out: OutOption = None,
) -> None:
    """Sổ của một lượt khám như người dân sẽ đọc / one visit as the citizen will read it."""
    if sum((html, pdf, fhir, json_)) > 1:
        raise ConfigError("Chọn một trong --html, --pdf, --fhir, --json", "Choose one of --html, --pdf, --fhir, --json")
    settings = settings_of(workdir, config)
    with _desk(settings) as desk:
        found = desk.show(ma_lk, may_see_withheld=withheld, actor=_actor(), facilities=facility)
    if fhir:
        from adapter.healthbook.fhir import bundle_json  # its models take a second to load

        _put(bundle_json(found.book, base=settings.book.fhir_base, now=system_clock()), out)
    elif json_:
        print_json(
            shown_json(found.view, found.completeness, line=found.line, privacy=found.privacy, checks=found.checks)
        )
    elif pdf:
        _put(to_pdf(book_page(found.view)), out)
    elif html:
        _put(book_page(found.view), out)
    else:
        _print(found.book, found.completeness.empty)


@app.command("timeline")
def timeline(
    personal_id: Annotated[str, typer.Argument(metavar="SO_CCCD", help="số định danh / personal number")],
    workdir: WorkdirOption = None,
    config: ConfigOption = None,
    json_: JsonOption = False,
    html: Annotated[bool, typer.Option("--html")] = False,
    facility: FacilityOption = None,
    out: OutOption = None,
) -> None:
    """Các lượt khám của một người, mới nhất trước / a person's visits, newest first."""
    with _desk(settings_of(workdir, config)) as desk:
        books = [
            s.book for s in desk.timeline(personal_id, may_see_withheld=False, actor=_actor(), facilities=facility)
        ]
    if json_:
        print_json({"visits": [book.to_json() for book in books]})
    elif html:
        _put(timeline_page(books), out)
    else:
        for book in books:
            e = book.encounter
            diagnosis = e.discharge_diagnosis_text or e.main_disease
            say(" · ".join(f.shown for f in (e.admitted_at, e.episode_key, e.visit_type, diagnosis) if f))
    if not books:
        raise typer.Exit(1)


@app.command("gaps")
def gaps(
    workdir: WorkdirOption = None,
    config: ConfigOption = None,
    json_: JsonOption = False,
    facility: FacilityOption = None,
    since: Annotated[str | None, typer.Option(help="yyyy-mm-dd: lượt khám kết thúc từ ngày này / ended since")] = None,
) -> None:
    """Trường nào còn trống, vì sao, phải làm gì / which fields are empty, why, and what to do."""
    settings = settings_of(workdir, config)
    start = datetime.fromisoformat(since).replace(tzinfo=VIETNAM) if since else None
    documents = []
    with _desk(settings) as desk:
        for one in settings.facilities:
            if facility in (None, one.code):
                plan = load_mapping(plan_path(settings, one, desk.store))
                found = desk.gaps(plan, one.code, since=start)
                documents.append(
                    {"facility": one.code, **found.to_dict(), "cut_off": desk.store.books.unreachable(one.code)}
                )
    if json_:
        print_json({"facilities": documents})
        return
    for document in documents:
        _print_gaps(document)


@app.command("watch")
def watch(
    workdir: WorkdirOption = None,
    config: ConfigOption = None,
    json_: JsonOption = False,
    html: Annotated[bool, typer.Option("--html")] = False,
    facility: FacilityOption = None,
    out: OutOption = None,
) -> None:
    """Lượt khám cổng nhận quá 24 giờ, chưa rõ đã hiển thị (suy luận) / received 24 h ago, not known to be shown."""
    settings = settings_of(workdir, config)
    hours = settings.book.watch_hours
    with _desk(settings) as desk:
        late = desk.store.books.overdue(system_clock(), facility, hours=hours)
    rows = [
        {
            "ma_lk": w.ma_lk,
            "facility": w.facility,
            "purpose": w.purpose,
            "received": w.accepted_at.astimezone(VIETNAM).strftime("%H:%M %d/%m/%Y"),
            "hours": w.hours,
        }
        for w in late
    ]
    if json_:
        print_json({"inference": True, "hours": hours, "overdue": rows})
    elif html:
        _put(watch_page(rows, hours=hours), out)
    else:
        notes.print(f"Suy luận, không phải trạng thái của VNeID / an inference, not VNeID's state: {len(rows)}")
        for row in rows:
            say(f"{row['ma_lk']} · {row['received']} · {row['hours']} h")


@app.command("seen")
def seen(
    ma_lk: MaLk,
    workdir: WorkdirOption = None,
    config: ConfigOption = None,
    outcome: Annotated[
        str, typer.Option("--outcome", help="shown: có và đúng · absent: không có · wrong: có nhưng sai")
    ] = "shown",
    note: Annotated[str, typer.Option("--note", help="Ghi chú, được mã hoá / a note; it is sealed")] = "",
    facility: FacilityOption = None,
) -> None:
    """Ghi nhận đã xem trên VNeID của người bệnh / record a look at the patient's VNeID."""
    with _desk(settings_of(workdir, config)) as desk:
        desk.seen(ma_lk, outcome, note=note, actor=_actor(), facilities=facility)
    say(f"{ma_lk}: {outcome}")


@app.command("decide")
def decide(
    ma_lk: MaLk,
    rule: Annotated[str, typer.Option("--rule")],
    decision: Annotated[str, typer.Option("--decision", help="send, withhold, show, accept, keep")],
    ground: Annotated[str, typer.Option("--ground", help="Căn cứ, được ghi lại / the ground; it is recorded")],
    workdir: WorkdirOption = None,
    config: ConfigOption = None,
    text: Annotated[str, typer.Option("--text", help="khóa đoạn văn bản, với accept và keep / the text's key")] = "",
    facility: FacilityOption = None,
) -> None:
    """Quyết định của người có quyền riêng tư (book.withheld) / a decision of a holder of book.withheld."""
    with _desk(settings_of(workdir, config)) as desk:
        desk.decide(ma_lk, rule, decision, ground=ground, actor=_actor(), text_key=text, facilities=facility)
    say(f"{ma_lk}: đã ghi, lượt xử lý sau áp dụng / recorded, applied by the next pass")


@app.command("report")
def report(
    out: Annotated[Path, typer.Option("--out", help="tệp .xlsx / an .xlsx file")],
    workdir: WorkdirOption = None,
    config: ConfigOption = None,
    year: Annotated[int | None, typer.Option("--year")] = None,
    half: Annotated[int | None, typer.Option("--half", min=1, max=2)] = None,
    facility: FacilityOption = None,
    json_: JsonOption = False,
) -> None:
    """Báo cáo 6 tháng (QĐ 2733) / the half-yearly report of QĐ 2733."""
    from adapter.healthbook.halfyear import half_year, workbook

    settings = settings_of(workdir, config)
    period = half_year(system_clock(), year=year, half=half)
    with _desk(settings) as desk:
        tables = [
            (one.code, one.name, desk.store.books.counts(one.code, period.since, period.until))
            for one in settings.facilities
            if facility in (None, one.code)
        ]
    out.write_bytes(workbook(period, tables))
    if json_:
        rows = [
            {"facility": code, "visit_type": c.visit_type, "insured": c.insured, "visits": c.visits, "sent": c.sent}
            for code, _, counts in tables
            for c in counts
        ]
        print_json({"year": period.year, "half": period.half, "counts": rows, "file": str(out)})
    else:
        say(str(out))


@contextmanager
def _desk(settings: Settings) -> Iterator[BookDesk]:
    with open_store(settings) as store:
        yield BookDesk(settings, store, system_clock)


def _actor() -> str:
    return f"cli:{getpass.getuser()}"


def _put(content: str | bytes, out: Path | None) -> None:
    data = content.encode("utf-8") if isinstance(content, str) else content
    if out is not None:
        out.write_bytes(data)
        say(str(out))
    else:
        sys.stdout.buffer.write(data)
        sys.stdout.flush()


def _print(book: Any, empty: frozenset[str]) -> None:
    from adapter.healthbook.catalogue import fields

    console = Console(highlight=False)
    section = ""
    labels = {"administrative": "I. Hành chính", "history": "II. Tiền sử", "encounter": "III. Đợt khám, chữa bệnh",
              "linked_papers": "Giấy tờ kèm theo"}  # fmt: skip
    for fact in book.facts():
        about = fields()[fact.field]
        if about.section != section:
            section = about.section
            console.print(f"[bold]{labels[section]}[/bold]")
        console.print(f"  {about.label_vi}: ", end="")
        console.print(fact.shown, markup=False, end="")
        console.print(f"  [dim]{fact.source}[/dim]")
    if empty:
        names = ", ".join(fields()[name].label_vi for name in fields() if name in empty)
        console.print(f"[yellow]Còn trống / empty:[/yellow] {names}")


def _print_gaps(document: dict[str, Any]) -> None:
    console = Console(highlight=False)
    console.print(f"[bold]{document['facility']}[/bold]: {document['visits']} lượt khám / visits")
    causes = {
        "mapping": "bản ánh xạ thiếu\nnot mapped",
        "his": "HIS trống\nnot in the HIS",
        "declared": "HIS không có\nno place in the HIS",
    }
    table = Table(show_edge=False, pad_edge=False)
    for heading in ("trường / field", "vì sao / why", "trống / empty", "việc cần làm / what to do"):
        table.add_column(heading, overflow="fold")
    for gap in document["gaps"]:
        share = f"{gap['empty']}/{gap['expected']}" if gap["empty"] else ""
        table.add_row(gap["label_vi"], causes[gap["cause"]], share, f"{gap['todo_vi']}\n{gap['todo_en']}")
    console.print(table)
    for row in document["cut_off"]:
        why = (
            "thiếu số định danh / no personal number"
            if row["reason"] == "missing"
            else "số định danh sai dạng / malformed"
        )
        console.print(f"  {row['ma_lk']} ({row['purpose']}): {why}")
