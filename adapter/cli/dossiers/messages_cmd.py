"""``bhyt messages``: what sources sent that is not used, and why; taking it up again under corrected rules."""

from __future__ import annotations

import getpass
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from adapter.cli.common import ConfigOption, JsonOption, WorkdirOption, print_json, say, settings_of
from adapter.clock import VIETNAM
from adapter.engine.opening import open_store
from adapter.engine.reading_anew import read_anew
from adapter.errors import ConfigError
from adapter.store.messages.messages import ASIDE, COLLECTED, REFUSED, WAITING, Stored
from adapter.store.people.audit import Entry

app = typer.Typer(no_args_is_help=True, help="Bản tin nhận được / messages received")

_STATES = (WAITING, COLLECTED, ASIDE, REFUSED)


@app.command("list")
def list_(
    workdir: WorkdirOption = None,
    config: ConfigOption = None,
    json_: JsonOption = False,
    state: Annotated[
        list[str] | None, typer.Option(help="aside, refused, waiting, collected; mặc định / default: aside, refused")
    ] = None,
    limit: Annotated[int, typer.Option(min=1)] = 100,
) -> None:
    """Bản tin để riêng hoặc bị từ chối, mới nhất trước / messages set aside or refused, newest first."""
    wanted = tuple(state or (ASIDE, REFUSED))
    if unknown := set(wanted) - set(_STATES):
        raise ConfigError(
            f"Không có trạng thái '{min(unknown)}'",
            f"There is no state '{min(unknown)}'",
            hint_vi=", ".join(_STATES),
            hint_en=", ".join(_STATES),
        )
    with open_store(settings_of(workdir, config)) as store:
        rows = [_row(message) for message in store.messages.listing(wanted, limit=limit)]
        counts = store.messages.counts()
    if json_:
        print_json({"messages": rows, "counts": counts})
        return
    table = Table("id", "nhận / received", "cơ sở / facility", "loại / kind", "trạng thái / state", "lý do / reason")
    for row in rows:
        table.add_row(*(str(row[name]) for name in ("id", "received_at", "facility", "kind", "state", "reason")))
    Console(highlight=False).print(table)
    say(" · ".join(f"{name} {number}" for name, number in counts.items()))


@app.command("show")
def show(
    id_: Annotated[int, typer.Argument(metavar="ID")],
    workdir: WorkdirOption = None,
    config: ConfigOption = None,
    json_: JsonOption = False,
) -> None:
    """Một bản tin nguyên văn; việc xem được ghi lại / one message as it came; looking is recorded."""
    with open_store(settings_of(workdir, config)) as store:
        message = store.messages.show(id_)
        if message is None:
            raise _unknown(id_)
        store.audit.record(
            Entry(
                "personal.reveal",
                f"cli:{getpass.getuser()}",
                facility=message.facility,
                kind="message",
                object=str(id_),
            )
        )
    if json_:
        print_json({**_row(message), "text": message.text})
        return
    say(message.text.replace("\r", "\n"))


@app.command("retry")
def retry(
    id_: Annotated[int, typer.Argument(metavar="ID")],
    workdir: WorkdirOption = None,
    config: ConfigOption = None,
    json_: JsonOption = False,
) -> None:
    """Đọc lại một bản tin để riêng theo quy tắc hiện nay / read a message that was set aside by today's rules."""
    settings = settings_of(workdir, config)
    with open_store(settings) as store:
        message = store.messages.show(id_)
        if message is None or message.state != ASIDE:
            raise _unknown(id_)
        reason = read_anew(settings, store, message, actor=f"cli:{getpass.getuser()}")
    if json_:
        print_json({"id": id_, "used": not reason, "reason": reason})
    else:
        say(f"vẫn để riêng / still set aside: {reason}" if reason else "sẽ được dùng / will be used")
    raise typer.Exit(1 if reason else 0)


def _row(message: Stored) -> dict[str, Any]:
    return {
        "id": message.id,
        "facility": message.facility,
        "feed": message.feed,
        "received_at": message.received_at.astimezone(VIETNAM).isoformat(timespec="seconds"),
        "kind": message.kind,
        "state": message.state,
        "reason": message.reason,
    }


def _unknown(id_: int) -> ConfigError:
    return ConfigError(
        f"Không có bản tin {id_} như vậy",
        f"There is no such message {id_}",
        hint_vi="xem `bhyt messages list`",
        hint_en="see `bhyt messages list`",
    )
