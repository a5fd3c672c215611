"""``bhyt alerts``: what stands, and a try of the channels before the night needs them."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from adapter.cli.common import ConfigOption, JsonOption, WorkdirOption, print_json, say, settings_of
from adapter.clock import VIETNAM
from adapter.engine.opening import open_store
from adapter.errors import ConfigError
from adapter.watch.conditions import conditions
from adapter.watch.digest import digest as digest_of
from adapter.watch.look import facts
from adapter.watch.tell import Message, channels

app = typer.Typer(no_args_is_help=True, help="Cảnh báo / alerts")


@app.command("list")
def list_(
    workdir: WorkdirOption = None,
    config: ConfigOption = None,
    every: Annotated[bool, typer.Option("--all", help="Cả những cảnh báo đã hết / those that are over, too")] = False,
    json_: JsonOption = False,
) -> None:
    """Cảnh báo đang còn; mã thoát 1 khi có cảnh báo mức lỗi / what stands; exit code 1 when one is an error."""
    settings = settings_of(workdir, config)
    with open_store(settings) as store:
        alerts = store.alerts.list(standing=not every)
    if json_:
        print_json({"alerts": [asdict(one) for one in alerts]})
    else:
        table = Table(show_edge=False, pad_edge=False)
        for heading in (
            "từ\nsince",
            "đến\nuntil",
            "cơ sở\nfacility",
            "mức\nlevel",
            "điều kiện\ncondition",
            "nội dung\ntext",
        ):
            table.add_column(heading, overflow="fold")
        for one in alerts:
            until = f"{one.closed_at.astimezone(VIETNAM):%d/%m %H:%M}" if one.closed_at else ""
            since = f"{one.opened_at.astimezone(VIETNAM):%d/%m %H:%M}"
            text = one.text_vi if settings.language == "vi" else one.text_en
            table.add_row(since, until, one.facility, one.severity, one.condition, text)
        Console().print(table)
    raise typer.Exit(1 if any(one.severity == "error" and one.closed_at is None for one in alerts) else 0)


@app.command("now")
def now_(workdir: WorkdirOption = None, config: ConfigOption = None, json_: JsonOption = False) -> None:
    """Nhìn ngay, không báo cho ai / look now, tell nobody; exit code 1 when an error holds."""
    settings = settings_of(workdir, config)
    with open_store(settings) as store:
        holding = conditions(facts(store, settings), settings.watch)
    if json_:
        print_json({"conditions": [asdict(one) for one in holding]})
    else:
        for one in holding:
            say(f"{one.severity:8} {one.facility:6} {one.text_vi}")
            say(f"{'':16}{one.text_en}")
    raise typer.Exit(1 if any(one.severity == "error" for one in holding) else 0)


@app.command("test")
def try_(workdir: WorkdirOption = None, config: ConfigOption = None) -> None:
    """Gửi một tin thử tới mọi kênh / send a message to every channel; exit code 1 when none took it."""
    settings = settings_of(workdir, config)
    if not settings.alerts:
        raise ConfigError(
            "Chưa có kênh cảnh báo nào",
            "There is no alert channel",
            hint_vi="thêm vào alerts trong config.yaml, ví dụ file:canh-bao.url",
            hint_en="add one under alerts in config.yaml, such as file:alert.url",
        )
    what = Message(
        "BHYT adapter: tin thử / a test",
        "Nếu đọc được tin này thì kênh cảnh báo chạy. / If you can read this, the alert channel works.",
        "info",
    )
    taken = channels(settings)(what)
    say("đã gửi / sent" if taken else "không kênh nào nhận / no channel took it")
    raise typer.Exit(0 if taken else 1)


@app.command("digest")
def digest(
    workdir: WorkdirOption = None,
    config: ConfigOption = None,
    send: Annotated[bool, typer.Option("--send", help="Gửi luôn tới các kênh / send it to the channels")] = False,
) -> None:
    """Bản tin ngày như sẽ được gửi / the daily digest as it would be sent."""
    settings = settings_of(workdir, config)
    with open_store(settings) as store:
        what = digest_of(store, settings)
    say(what.title)
    say(what.text)
    if send and not (settings.alerts and channels(settings)(what)):
        raise typer.Exit(1)
