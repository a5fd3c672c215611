"""``bhyt export``: what was handed to the gateway, as files."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from adapter.cli.common import ConfigOption, JsonOption, WorkdirOption, print_json, say, settings_of
from adapter.cli.people.user_cmd import by
from adapter.engine.opening import open_store
from adapter.engine.sent import export_sent
from adapter.store.people.audit import Entry

app = typer.Typer(no_args_is_help=True, help="Xuất tệp / export")


@app.command("sent")
def sent(
    out: Annotated[Path, typer.Option("--out", help="Thư mục đích / target folder")] = Path("sent"),
    workdir: WorkdirOption = None,
    config: ConfigOption = None,
    json_: JsonOption = False,
) -> None:
    """Ghi mọi tệp đã gửi, đúng từng byte / write every document as it was sent, byte for byte."""
    with open_store(settings_of(workdir, config)) as store:
        store.audit.record(Entry("export.sent", by().actor, kind="document", detail={"folder": str(out)}))
        count = export_sent(store, out)
    if json_:
        print_json({"folder": str(out), "files": count})
    else:
        say(f"{count} tệp / files → {out}")
