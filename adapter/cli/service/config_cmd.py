"""``bhyt config``: is the configuration usable, and what may stand in it."""

from __future__ import annotations

import typer

from adapter.cli.common import ConfigOption, JsonOption, WorkdirOption, print_json, say, settings_of
from adapter.cutover.guards import check_start
from adapter.resources import mapping_file
from adapter.rules.setup import setup_of
from adapter.settings import Settings, read_secret

app = typer.Typer(no_args_is_help=True, help="Cấu hình / configuration")


@app.command("check")
def check(workdir: WorkdirOption = None, config: ConfigOption = None, json_: JsonOption = False) -> None:
    """Đọc cấu hình, tìm mọi tệp nó nêu tên / read the configuration and find every file it names."""
    settings = settings_of(workdir, config)
    check_start(settings)
    facilities = []
    for facility in settings.facilities:
        read_secret(settings.path(facility.password_file), f"gateway account of {facility.code}")
        path = mapping_file(facility.mapping, settings.workdir)
        setup_of(settings, facility)
        facilities.append({"code": facility.code, "mapping": str(path)})
    if json_:
        print_json({"ok": True, "workdir": str(settings.workdir), "facilities": facilities})
        return
    for row in facilities:
        say(f"{row['code']}: {row['mapping']}")
    say("Cấu hình dùng được / the configuration is usable")


@app.command("schema")
def schema() -> None:
    """In JSON Schema của config.yaml / print the JSON Schema of config.yaml."""
    print_json(Settings.model_json_schema())
