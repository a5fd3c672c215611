"""``bhyt status``: the counts, the verdicts and both equations of an installation."""

from __future__ import annotations

from rich.console import Console

from adapter.cli.common import ConfigOption, JsonOption, WorkdirOption, print_json, settings_of
from adapter.cli.service.status_view import show_status
from adapter.engine.opening import open_store
from adapter.engine.status import status_of


def status_command(workdir: WorkdirOption = None, config: ConfigOption = None, json_: JsonOption = False) -> None:
    """Bao nhiêu hồ sơ đã nhận, bị chặn, còn chờ; mọi thứ có khớp không / how everything stands."""
    settings = settings_of(workdir, config)
    with open_store(settings) as store:
        document = status_of(store, settings)
    if json_:
        print_json(document)
    else:
        show_status(document, Console(highlight=False))
