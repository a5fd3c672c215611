"""``bhyt compare OURS THEIRS``: two programs' dossiers side by side, before one replaces the other."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from adapter.cli.common import JsonOption, print_json
from adapter.cutover.compare import Comparison, compare
from adapter.cutover.files import load

_SHOWN = 20


def compare_command(
    ours: Annotated[Path, typer.Argument(metavar="OURS", help="Tệp, thư mục hoặc zip / file, folder or zip")],
    theirs: Annotated[Path, typer.Argument(metavar="THEIRS", help="Của phần mềm kia / the other program's")],
    strict: Annotated[
        bool, typer.Option("--strict", help="Số bằng nhau viết khác cũng là khác / 7000 and 7000.00 differ")
    ] = False,
    mask: Annotated[bool, typer.Option("--mask", help="Che giá trị / hide values")] = False,
    json_: JsonOption = False,
) -> None:
    """So từng MA_LK: trường khác, tiền khác, thiếu bên nào / compare per MA_LK: fields, sums, what is missing."""
    result = compare(load(ours), load(theirs), strict=strict)
    document = result.to_dict(masked=mask)
    if json_:
        print_json(document)
    else:
        _print(result, document)
    raise typer.Exit(0 if result.same else 1)


def _print(result: Comparison, document: dict[str, Any]) -> None:
    console = Console(highlight=False)
    console.print(
        f"So / compared {document['compared']} MA_LK · giống / equal {document['equal']} · "
        f"khác / different {len(result.different)}"
    )
    for key, words in (("only_ours", "chỉ bên ta có / only ours"), ("only_theirs", "chỉ bên kia có / only theirs")):
        rows = document[key]
        if rows:
            more = f" … +{len(rows) - _SHOWN}" if len(rows) > _SHOWN else ""
            console.print(f"[yellow]{words}: {len(rows)}[/yellow] {' '.join(rows[:_SHOWN])}{more}", soft_wrap=True)
    for side in ("ours", "theirs"):
        for problem in document[side]["problems"]:
            console.print(f"[red]{problem['file']}[/red]: {problem['message_vi']}", soft_wrap=True)
            console.print(f"  [dim]{problem['message_en']}[/dim]", soft_wrap=True)
    for name, count in list(document["fields"].items())[:_SHOWN]:
        console.print(f"  {name}: {count} MA_LK")
    for one in document["different"][:_SHOWN]:
        console.print(f"[bold]{one['ma_lk']}[/bold]")
        for item in one["sums"]:
            console.print(
                f"  {item['table']}.{item['field']}: {item['ours']} ≠ {item['theirs']} ({item['difference']})"
            )
        for item in one["fields"][:_SHOWN]:
            place = f"{item['table']}[{item['row_ours'] or '–'}/{item['row_theirs'] or '–'}].{item['field'] or '(row)'}"
            console.print(f"  {place}: {item['ours']!r} ≠ {item['theirs']!r}", soft_wrap=True, markup=False)
        if len(one["fields"]) > _SHOWN:
            console.print(f"  … +{len(one['fields']) - _SHOWN}, --json")
    _totals(document["totals"], console)


def _totals(rows: list[dict[str, Any]], console: Console) -> None:
    if not rows:
        return
    table = Table(title="Tổng tiền / sums", title_justify="left", show_edge=False, pad_edge=False)
    for heading in ("", "ta\nours", "kia\ntheirs", "lệch\ndifference"):
        table.add_column(heading, justify="left" if not heading else "right")
    for row in rows:
        name = f"{row['table']}.{row['field']}"
        table.add_row(name, row["ours"], row["theirs"], "" if row["ours"] == row["theirs"] else row["difference"])
    console.print(table)
