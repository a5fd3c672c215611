"""``bhyt queue``: dossiers that wait for someone, and what a person may do about one."""

from __future__ import annotations

import getpass
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from adapter.cli.common import ConfigOption, JsonOption, WorkdirOption, notes, print_json, say, settings_of
from adapter.clock import VIETNAM
from adapter.engine.opening import open_store
from adapter.errors import ConfigError
from adapter.rules.catalogue import overridable
from adapter.store.people.audit import Entry
from adapter.store.queue import Queue
from adapter.store.store import Store

app = typer.Typer(no_args_is_help=True, help="Hàng đợi hồ sơ / the queue of dossiers")

Reason = Annotated[str, typer.Option("--reason", help="Lý do, được ghi lại / why; it is recorded")]
PurposeOption = Annotated[
    str | None,
    typer.Option("--purpose", help="claim, book, checkin; khi một MA_LK có nhiều / when one MA_LK has several"),
]
MaLk = Annotated[str, typer.Argument(metavar="MA_LK")]


@app.command("list")
def list_(
    workdir: WorkdirOption = None,
    config: ConfigOption = None,
    json_: JsonOption = False,
    state: Annotated[str | None, typer.Option(help="blocked, refused, unknown, accepted …")] = None,
    held: Annotated[bool | None, typer.Option("--held/--not-held")] = None,
    purpose: PurposeOption = None,
    rule: Annotated[
        str | None, typer.Option(help="chỉ hồ sơ vướng quy tắc này / only with a finding of this rule")
    ] = None,
    find: Annotated[
        str | None, typer.Option(help="tên, số thẻ hoặc số định danh / name, card or personal number")
    ] = None,
    limit: Annotated[int, typer.Option(min=1)] = 50,
) -> None:
    """Liệt kê hồ sơ, gấp nhất trước / list dossiers, the most urgent first."""
    with open_store(settings_of(workdir, config)) as store:
        if find:
            store.audit.record(Entry("personal.search", _actor(), kind="dossier", about=find))
        rows = store.queries.list(state=state, held=held, purpose=purpose, rule=rule, text=find, limit=limit)
        for row in rows:
            row["rules"] = _rules(store, row)
    if json_:
        print_json({"dossiers": rows})
        return
    table = Table(show_edge=False, pad_edge=False)
    for heading in ("MA_LK", "mục đích\npurpose", "trạng thái\nstate", "hạn\ndeadline", "vì sao\nwhy"):
        table.add_column(heading, overflow="fold")
    for row in rows:
        purpose_text = f"{row['purpose']} {row['occasion']}".strip()
        state_text = f"{row['state']} (giữ/held)" if row["held"] else row["state"]
        why = row["held_reason"] or " ".join(row["rules"]) or row["state_reason"] or ""
        table.add_row(row["ma_lk"], purpose_text, state_text, _local(row["deadline"]), why)
    Console().print(table)


@app.command("show")
def show(
    ma_lk: MaLk,
    workdir: WorkdirOption = None,
    config: ConfigOption = None,
    json_: JsonOption = False,
    mask: Annotated[bool, typer.Option("--mask", help="Che giá trị / hide values")] = False,
) -> None:
    """Mọi điều về một MA_LK: bản, lỗi và cách sửa, lần gửi, biên nhận / everything about one MA_LK."""
    with open_store(settings_of(workdir, config)) as store:
        if not mask:
            store.audit.record(Entry("personal.reveal", _actor(), kind="dossier", about=ma_lk))
        found = [store.queries.show(row["id"]) for row in store.queries.list(ma_lk=ma_lk)]
        documents = [_with_findings(store, document, mask) for document in found if document is not None]
    if not documents:
        raise _absent(ma_lk)
    if json_:
        print_json({"ma_lk": ma_lk, "dossiers": documents})
        return
    for document in documents:
        _print_one(document)


@app.command("retry")
def retry(
    ma_lk: MaLk,
    reason: Reason,
    workdir: WorkdirOption = None,
    config: ConfigOption = None,
    purpose: PurposeOption = None,
) -> None:
    """Thử lại ngay / try again now."""
    with _dossier(ma_lk, purpose, workdir, config) as (queue, found):
        state = queue.retry(found, reason=reason, actor=_actor())
    say(f"{ma_lk}: {state}")


@app.command("hold")
def hold(
    ma_lk: MaLk,
    reason: Reason,
    workdir: WorkdirOption = None,
    config: ConfigOption = None,
    purpose: PurposeOption = None,
) -> None:
    """Giữ lại, không gửi / stop it where it stands."""
    with _dossier(ma_lk, purpose, workdir, config) as (queue, found):
        queue.hold(found, reason=reason, actor=_actor())
    say(f"{ma_lk}: giữ / held")


@app.command("release")
def release(
    ma_lk: MaLk,
    reason: Reason,
    workdir: WorkdirOption = None,
    config: ConfigOption = None,
    purpose: PurposeOption = None,
) -> None:
    """Thôi giữ, đi tiếp từ chỗ cũ / let it go on from where it stood."""
    with _dossier(ma_lk, purpose, workdir, config) as (queue, found):
        queue.release(found, reason=reason, actor=_actor())
    say(f"{ma_lk}: đi tiếp / released")


@app.command("override")
def override(
    ma_lk: MaLk,
    reason: Reason,
    rule: Annotated[list[str], typer.Option("--rule", help="quy tắc được bỏ qua / the rules passed over")],
    workdir: WorkdirOption = None,
    config: ConfigOption = None,
    purpose: PurposeOption = None,
) -> None:
    """Gửi dù vướng các quy tắc nêu tên / send in spite of the named rules."""
    fixed = sorted(one for one in rule if not overridable(one))
    if fixed:
        raise ConfigError(
            f"Không ai được bỏ qua {', '.join(fixed)}",
            f"Nobody may override {', '.join(fixed)}",
            hint_vi="cổng từ chối hồ sơ vướng quy tắc này; sửa trong HIS hoặc bản ánh xạ",
            hint_en="the gateway refuses such a dossier; correct it in the HIS or in the mapping",
        )
    with _dossier(ma_lk, purpose, workdir, config) as (queue, found):
        queue.override(found, reason=reason, actor=_actor(), allowed=set(rule))
    say(f"{ma_lk}: bỏ qua / overridden: {', '.join(rule)}")


def _rules(store: Store, row: dict[str, Any]) -> list[str]:
    """The rules that keep a blocked dossier back."""
    if row["state"] != "blocked":
        return []
    return sorted({f.rule for f in store.queries.findings(row["revision_id"]) if f.severity == "error"})


def _local(instant: str | None) -> str:
    """An instant as a person in Vietnam reads it."""
    return datetime.fromisoformat(instant).astimezone(VIETNAM).strftime("%d/%m/%Y %H:%M") if instant else ""


@app.command("found")
def found(
    ma_lk: MaLk,
    receipt: Annotated[str, typer.Option("--receipt", help="maGiaoDich đọc trên cổng / as read on the portal")],
    reason: Reason,
    workdir: WorkdirOption = None,
    config: ConfigOption = None,
    purpose: PurposeOption = None,
) -> None:
    """Cổng đã có hồ sơ mất câu trả lời này / the portal has the dossier whose answer was lost."""
    with _dossier(ma_lk, purpose, workdir, config) as (queue, found):
        queue.found(found, ma_giao_dich=receipt, reason=reason, actor=_actor())
    say(f"{ma_lk}: accepted · {receipt}")


@contextmanager
def _dossier(ma_lk: str, purpose: str | None, workdir: Path | None, config: Path | None) -> Iterator[tuple[Queue, int]]:
    """The queue and the one dossier a command is about."""
    with open_store(settings_of(workdir, config)) as store:
        yield store.queue, _one(store, ma_lk, purpose)


def _actor() -> str:
    return f"cli:{getpass.getuser()}"


def _one(store: Store, ma_lk: str, purpose: str | None) -> int:
    rows = store.queries.list(ma_lk=ma_lk, purpose=purpose)
    if not rows:
        raise _absent(ma_lk)
    if len(rows) > 1:
        kinds = ", ".join(f"{row['purpose']} {row['occasion']}".strip() for row in rows)
        notes.print(f"[yellow]{ma_lk}: {kinds}[/yellow]")
        main = [row for row in rows if row["purpose"] != "checkin"]
        if len(main) == 1 and purpose is None:
            return int(main[0]["id"])
        raise ConfigError(
            f"MA_LK này có {len(rows)} hồ sơ",
            f"This MA_LK has {len(rows)} dossiers",
            hint_vi=f"chọn bằng --purpose: {kinds}",
            hint_en=f"choose with --purpose: {kinds}",
        )
    return int(rows[0]["id"])


def _absent(ma_lk: str) -> ConfigError:
    return ConfigError(
        f"Không có hồ sơ nào mang MA_LK {ma_lk}",
        f"No dossier has the MA_LK {ma_lk}",
        hint_vi="xem `bhyt queue list`",
        hint_en="see `bhyt queue list`",
    )


def _with_findings(store: Store, document: dict[str, Any], mask: bool) -> dict[str, Any]:
    findings = [finding.to_dict(mask=mask) for finding in store.queries.findings(document["revision_id"])]
    return {**document, "findings": findings}


def _print_one(document: dict[str, Any]) -> None:
    console = Console(highlight=False)
    kind = f"{document['purpose']} {document['occasion']}".strip()
    held = f" · giữ/held: {document['held_reason']}" if document["held"] else ""
    head = f"[bold]{document['ma_lk']}[/bold] · {kind} · {document['state']}{held}"
    console.print(head + f" · hạn/deadline {_local(document['deadline'])}")
    for finding in document["findings"]:
        place = f"{finding['table']}.{finding['field']}" + (f" dòng/row {finding['row']}" if finding["row"] else "")
        style = "red" if finding["severity"] == "error" else "yellow"
        console.print(f"  [{style}]{finding['rule']}[/{style}] {place}: {finding['message_vi']}")
        console.print(f"    [dim]{finding['message_en']}[/dim]")
    for event in document["events"]:
        step = f"{event['from'] or '·'} → {event['to']}" if event["to"] else event["kind"]
        console.print(f"  [dim]{_local(event['at'])}[/dim] bản/rev {event['revision']} {step} {event['detail']}")
    for revision in document["revisions"]:
        for receipt in revision.get("receipts", ()):
            replaced = revision.get("replaced_by")
            later = f" (thay bằng bản / replaced by revision {replaced})" if replaced else ""
            console.print(f"  bản/rev {revision['number']}: biên nhận/receipt {receipt['maGiaoDich']}{later}")
