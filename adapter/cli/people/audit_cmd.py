"""``bhyt audit``: who did what, and the proof that nobody rewrote it."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated, TextIO

import typer
from rich.console import Console
from rich.table import Table

from adapter import __version__
from adapter.cli.common import ConfigOption, JsonOption, WorkdirOption, notes, print_json, say, settings_of
from adapter.cli.people.user_cmd import by
from adapter.clock import VIETNAM
from adapter.engine.opening import open_store
from adapter.errors import ConfigError
from adapter.store.people.audit import Entry

app = typer.Typer(no_args_is_help=True, help="Nhật ký kiểm tra / the audit log")

_PROBLEMS = {
    "gap": ("thiếu một dòng", "a line is missing"),
    "link": ("một dòng không nối với dòng trước", "a line does not follow the one before"),
    "changed": ("một dòng đã bị sửa", "a line was changed"),
    "end": ("các dòng cuối đã bị cắt hoặc thay", "lines at the end were cut off or replaced"),
    "other-chain": ("không phải chuỗi đã ghi nhận trước đây", "this is not the chain noted earlier"),
}


@app.command("verify")
def verify(
    head: Annotated[
        list[str] | None,
        typer.Option("--head", metavar="SEQ:DIGEST", help="đã ghi lại lần trước / noted at an earlier time"),
    ] = None,
    workdir: WorkdirOption = None,
    config: ConfigOption = None,
    json_: JsonOption = False,
) -> None:
    """Kiểm tra chuỗi nhật ký; mã thoát 1 khi có chỗ hỏng / walk the chain; exit 1 when it does not hold."""
    known = dict(_head(text) for text in head or ())
    with open_store(settings_of(workdir, config)) as store:
        found = store.audit.verify(known)
    document = {
        "rows": found.rows,
        "head": f"{found.rows}:{found.head}",
        "valid": not found.problem,
        "problem": found.problem or None,
        "seq": found.seq,
    }
    if json_:
        print_json(document)
    elif found.problem:
        vi, en = _PROBLEMS[found.problem]
        say(f"HỎNG ở dòng {found.seq}: {vi}\n  (broken at line {found.seq}: {en})")
    else:
        say(f"{found.rows} dòng, chuỗi nguyên vẹn / lines, the chain holds\n{document['head']}")
    raise typer.Exit(1 if found.problem else 0)


@app.command("list")
def list_(
    actor: Annotated[str | None, typer.Option(help="user:lan, cli:root, key:…")] = None,
    action: Annotated[str | None, typer.Option(help="dossier., user.add, personal.reveal …")] = None,
    about: Annotated[str | None, typer.Option(help="MA_LK hoặc số thẻ / MA_LK or card")] = None,
    limit: Annotated[int, typer.Option(min=1, max=10000)] = 50,
    workdir: WorkdirOption = None,
    config: ConfigOption = None,
    json_: JsonOption = False,
) -> None:
    """Xem nhật ký, mới nhất trước / look at the log, newest first."""
    with open_store(settings_of(workdir, config)) as store:
        rows = store.audit.list(actor=actor, action=action, about=about, limit=limit)
    if json_:
        print_json({"lines": rows})
        return
    table = Table(show_edge=False, pad_edge=False)
    for heading in ("#", "lúc\nat", "ai\nwho", "việc\nwhat", "đối tượng\nobject", "kết quả\noutcome", "lý do\nwhy"):
        table.add_column(heading, overflow="fold")
    for row in rows:
        at = datetime.fromisoformat(row["at"]).astimezone(VIETNAM).strftime("%d/%m/%Y %H:%M:%S")
        thing = " ".join(part for part in (row["facility"], row["kind"], row["object"]) if part)
        table.add_row(str(row["seq"]), at, row["actor"], row["action"], thing, row["outcome"], row["reason"])
    Console().print(table)


@app.command("export")
def export(
    fhir: Annotated[bool, typer.Option("--fhir", help="FHIR R4 AuditEvent")] = False,
    out: Annotated[Path | None, typer.Option("--out", help="Tệp đích / target; default: stdout")] = None,
    first: Annotated[str | None, typer.Option("--from", help="YYYYMMDD")] = None,
    last: Annotated[str | None, typer.Option("--to", help="YYYYMMDD, kể cả / included")] = None,
    workdir: WorkdirOption = None,
    config: ConfigOption = None,
) -> None:
    """Xuất nhật ký, mỗi dòng một tài liệu JSON / export the log, one JSON document a line."""
    from adapter.access.fhir_audit import audit_event

    begin, end = _day(first), _day(last)
    observer, count = f"bhyt-adapter {__version__}", 0
    with open_store(settings_of(workdir, config)) as store, _target(out) as target:
        detail = {"fhir": fhir, "from": first or "", "to": last or ""}
        store.audit.record(Entry("audit.export", by().actor, kind="audit", detail=detail))
        for line in store.audit.export():
            at = datetime.fromisoformat(line["at"])
            if (begin and at < begin) or (end and at >= end + timedelta(days=1)):
                continue
            document = audit_event(line, observer=observer) if fhir else line
            target.write(json.dumps(document, ensure_ascii=False) + "\n")
            count += 1
    notes.print(f"{count} dòng / lines" + (f" → {out}" if out else ""))


@contextmanager
def _target(out: Path | None) -> Iterator[TextIO]:
    if out is None:
        yield sys.stdout
        return
    with out.open("w", encoding="utf-8") as file:
        yield file


def _day(text: str | None) -> datetime | None:
    if text is None:
        return None
    try:
        return datetime.strptime(text, "%Y%m%d").replace(tzinfo=VIETNAM)
    except ValueError as error:
        raise ConfigError("--from và --to cần dạng YYYYMMDD", "--from and --to need the form YYYYMMDD") from error


def _head(text: str) -> tuple[int, str]:
    number, _, digest = text.partition(":")
    if not number.isdigit() or len(digest) != 64:
        raise ConfigError(
            f"--head không đọc được: {text}",
            f"--head cannot be read: {text}",
            hint_vi="chép dòng SEQ:DIGEST mà `bhyt audit verify` đã in",
            hint_en="copy the line SEQ:DIGEST that `bhyt audit verify` printed",
        )
    return int(number), digest
