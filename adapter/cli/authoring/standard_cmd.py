"""``bhyt standard``: which decisions, tables and codes are in force on a day, and what a day changes."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from adapter.cli.common import ConfigOption, JsonOption, WorkdirOption, print_json, say, settings_of
from adapter.clock import system_clock
from adapter.errors import ConfigError
from adapter.standard import report

app = typer.Typer(no_args_is_help=True, help="Chuẩn dữ liệu theo ngày / the standard on a day")

OnOption = Annotated[
    str | None,
    typer.Option("--on", help="Ngày, 2026-07-01 hoặc 20260701; mặc định hôm nay / day, default today"),
]
PinOption = Annotated[
    str | None, typer.Option("--standard", help="Ép bố cục 130, 4750, 3176 / force a layout", show_default=False)
]

_SELECTED = {
    "end_of_visit": "ngày kết thúc / end of visit",
    "admission": "ngày vào / admission",
    "order": "ngày y lệnh / order",
    "sending": "ngày gửi / sending",
}


@app.command("show")
def show(
    on: OnOption = None,
    pin: PinOption = None,
    table: Annotated[str | None, typer.Option("--table", help="Một bảng, ví dụ XML3 / one table")] = None,
    codes: Annotated[str | None, typer.Option("--codes", help="Một danh mục / one code set")] = None,
    workdir: WorkdirOption = None,
    config: ConfigOption = None,
    json_: JsonOption = False,
) -> None:
    """Quyết định, bảng, danh mục mã có hiệu lực trong ngày / what is in force on the day."""
    _further_decisions(workdir, config)
    day = _day(on)
    if table is not None:
        document = _found(report.show_table(day, table.upper(), pin), table)
    elif codes is not None:
        document = _found(report.show_codes(day, codes.upper(), pin), codes)
    else:
        document = report.show(day, pin)
    if json_:
        print_json(document)
    elif table is not None:
        _print_table(document)
    elif codes is not None:
        _print_codes(document)
    else:
        _print_overview(document)


@app.command("diff")
def diff(
    on: OnOption = None,
    against: Annotated[
        str | None,
        typer.Option(
            "--against", help="So với ngày này; mặc định ngày liền trước / compare with, default the day before"
        ),
    ] = None,
    pin: PinOption = None,
    against_pin: Annotated[
        str | None, typer.Option("--against-standard", help="Bố cục để so / layout to compare with", show_default=False)
    ] = None,
    workdir: WorkdirOption = None,
    config: ConfigOption = None,
    json_: JsonOption = False,
) -> None:
    """Điều gì thay đổi trong ngày đó, hoặc giữa hai ngày, hai bố cục / what changes on the day, or between two."""
    _further_decisions(workdir, config)
    after = _day(on)
    comparing_layouts = pin is not None or against_pin is not None
    before = _day(against) if against is not None else after if comparing_layouts else after - timedelta(days=1)
    document = report.diff(before, after, against_pin, pin)
    if json_:
        print_json(document)
    else:
        _print_diff(document)


def _further_decisions(workdir: Path | None, config: Path | None) -> None:
    """An installation may know decisions of its own; without one the shipped ones are shown."""
    if config is not None or ((workdir or Path.cwd()) / "config.yaml").is_file():
        settings_of(workdir, config)


def _day(text: str | None) -> date:
    if text is None:
        return system_clock().date()
    for form in ("%Y-%m-%d", "%Y%m%d", "%d/%m/%Y"):
        try:
            return datetime.strptime(text, form).date()  # noqa: DTZ007 -- a day has no zone
        except ValueError:
            continue
    raise ConfigError(
        f"Không hiểu ngày '{text}'",
        f"Cannot read the day '{text}'",
        hint_vi="viết 2026-07-01 hoặc 20260701",
        hint_en="write 2026-07-01 or 20260701",
    )


def _found(document: dict[str, Any] | None, name: str) -> dict[str, Any]:
    if document is None:
        raise ConfigError(
            f"Ngày này không có bảng hay danh mục '{name}'",
            f"There is no table or code set '{name}' on this day",
            hint_vi="xem `bhyt standard show`",
            hint_en="see `bhyt standard show`",
        )
    return document


def _print_overview(document: dict[str, Any]) -> None:
    say(f"Ngày / on {document['on']}: bố cục / layout {document['layout']}, {document['fields']} trường / fields")
    _rows(
        "Quyết định đang áp dụng / decisions in force",
        ("từ / from", "xét theo / by", "số / decision", "nội dung / what", "chắc / sure"),
        [
            (x["effective"], _SELECTED[x["selected_by"]], x["decision"], x["title_vi"], x["certainty"])
            for x in document["layers"]
        ],
    )
    if document["to_come"]:
        _rows(
            "Sắp áp dụng / to come",
            ("từ / from", "số / decision", "nội dung / what"),
            [(x["effective"], x["decision"], x["title_vi"]) for x in document["to_come"]],
        )
    _rows(
        "Bảng / tables",
        ("bảng", "nội dung / what", "trường / fields"),
        [(x["table"], x["title_vi"], str(x["fields"])) for x in document["tables"]],
    )
    for name, value in document["parameters"].items():
        say(f"{name} = {value}")


def _print_table(document: dict[str, Any]) -> None:
    _rows(
        f"{document['table']} · {document['title_vi']} / {document['title_en']} · {document['on']}",
        ("stt", "trường / field", "kiểu / type", "cần", "danh mục / codes", "ý nghĩa / meaning", "ghi chú / notes"),
        [
            (
                str(f["pos"]),
                f["name"],
                f"{f['kind']}{f['max_len'] if f['max_len'] is not None else 'n'} {f['xml_type']}",
                f["required"],
                f["code_list"],
                f["meaning_vi"],
                f["notes"],
            )
            for f in document["fields"]
        ],
    )


def _print_codes(document: dict[str, Any]) -> None:
    kind = "kín / closed" if document["closed"] else "mở, chỉ để tra nhãn / open, labels only"
    say(f"{document['set']} · {document['on']} · {kind}")
    for code, label in document["codes"].items():
        say(f"  {code}  {label}")
    for code, label in document["tolerated"].items():
        say(f"  {code}  {label} (chấp nhận trong chuyển tiếp / tolerated)")


def _print_diff(document: dict[str, Any]) -> None:
    before, after = document["before"], document["after"]
    say(f"{before['on']} ({before['layout']}) → {after['on']} ({after['layout']})")
    lines = [f"+ {name}" for name in document["layers"]["added"]]
    lines += [f"- {name}" for name in document["layers"]["removed"]]
    lines += [f"+ bảng / table {name}" for name in document["tables"]["added"]]
    lines += [f"- bảng / table {name}" for name in document["tables"]["removed"]]
    for x in document["fields"]:
        what = "; ".join(
            f"{name}: {_shown(old, name)} → {_shown(new, name)}" for name, (old, new) in x["attributes"].items()
        )
        lines.append(f"{_SIGN[x['change']]} {x['table']}.{x['field']}  {what}")
    for x in document["code_sets"]:
        lines.append(f"~ {x['set']}: +{len(x['added'])} −{len(x['removed'])} ~{len(x['relabelled'])}")
        lines += [f"    + {code}  {label}" for code, label in x["added"].items()]
        lines += [f"    - {code}  {label}" for code, label in x["removed"].items()]
    lines += [f"~ {name}: {_shown(old)} → {_shown(new)}" for name, (old, new) in document["parameters"].items()]
    for line in lines or ["Không có gì thay đổi / nothing changes"]:
        say(line)


_SIGN = {"added": "+", "removed": "-", "renamed": "~", "changed": "~"}


def _shown(value: Any, name: str = "") -> str:
    if name == "max_len" and value is None:
        return "n"  # the annexes' own sign for "no limit"
    return "∅" if value is None or value == "" else str(value)


def _rows(title: str, columns: tuple[str, ...], rows: list[tuple[str, ...]]) -> None:
    table = Table(title=title, title_justify="left", box=None, pad_edge=False)
    for column in columns:
        table.add_column(column, overflow="fold")
    for row in rows:
        table.add_row(*row)
    Console(highlight=False, markup=False).print(table)
