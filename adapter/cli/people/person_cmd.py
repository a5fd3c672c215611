"""``bhyt person``: hand over what is kept about somebody, and erase what the law lets go."""

from __future__ import annotations

import json
import os
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from adapter.cli.common import ConfigOption, JsonOption, WorkdirOption, print_json, say, settings_of
from adapter.cli.people.user_cmd import by
from adapter.engine.opening import open_store
from adapter.errors import ConfigError
from adapter.settings import read_secret

app = typer.Typer(no_args_is_help=True, help="Dữ liệu của một người / one person's data")

NumberFile = Annotated[
    Path, typer.Option("--number-file", help="Tệp có số thẻ hoặc số định danh / file with the card or personal number")
]
Reason = Annotated[str, typer.Option("--reason", help="Lý do, được ghi lại / why; it is recorded")]


@app.command("export")
def export(
    number_file: NumberFile,
    reason: Reason,
    out: Annotated[Path, typer.Option("--out", help="Tệp đích, chỉ chủ đọc được / target, readable by its owner only")],
    workdir: WorkdirOption = None,
    config: ConfigOption = None,
    json_: JsonOption = False,
) -> None:
    """Xuất mọi dữ liệu còn giữ về một người / everything that is kept about a person."""
    number = read_secret(number_file, "person")
    _need(reason)
    try:
        handle = os.open(out, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError as error:
        raise ConfigError(f"Đã có tệp {out}", f"The file {out} exists already") from error
    with os.fdopen(handle, "w", encoding="utf-8") as file, open_store(settings_of(workdir, config)) as store:
        found = store.people.persons.export(number, reason=reason, actor=by().actor)
        json.dump({"dossiers": found}, file, ensure_ascii=False, indent=1)
    if json_:
        print_json({"dossiers": len(found), "file": str(out)})
    else:
        say(f"{len(found)} hồ sơ / dossiers → {out}")


@app.command("erase")
def erase(
    number_file: NumberFile,
    reason: Reason,
    workdir: WorkdirOption = None,
    config: ConfigOption = None,
    json_: JsonOption = False,
) -> None:
    """Xóa những gì luật cho xóa; mã thoát 1 khi còn hồ sơ phải giữ / erase what may go; exit 1 when some must stay."""
    number = read_secret(number_file, "person")
    _need(reason)
    with open_store(settings_of(workdir, config)) as store:
        found = store.people.persons.erase(number, reason=reason, actor=by().actor)
    if json_:
        print_json({"dossiers": [asdict(one) for one in found]})
    else:
        for one in found:
            what = f"giữ lại / kept: {one.kept}" if one.kept else "đã xóa / erased"
            until = f" · tệp đã ký giữ đến / signed file kept until {one.signed_until[:10]}" if one.signed_until else ""
            say(f"{one.dossier_id} ({one.facility}): {what}{until}")
        say(f"{len(found)} hồ sơ / dossiers")
    raise typer.Exit(1 if any(one.kept for one in found) else 0)


def _need(reason: str) -> None:
    if not reason.strip():
        raise ConfigError("Cần nêu lý do", "A reason is needed")
