"""``bhyt doctor``: is everything there that the service needs, and if not, what to do."""

from __future__ import annotations

import typer
from rich.console import Console

from adapter.cli.common import ConfigOption, JsonOption, WorkdirOption, print_json, settings_of
from adapter.engine.doctor import examine

_MARKS = {
    "ok": "[green]✓[/green]",
    "info": "[blue]i[/blue]",
    "warning": "[yellow]![/yellow]",
    "error": "[red]✗[/red]",
}


def doctor_command(workdir: WorkdirOption = None, config: ConfigOption = None, json_: JsonOption = False) -> None:
    """Khám cả bộ: đĩa, kho lưu, ánh xạ, HIS, chứng thư, cổng / look at every part the service needs."""
    checks = list(examine(settings_of(workdir, config)))
    if json_:
        print_json({"findings": [check.to_dict() for check in checks]})
    else:
        console = Console(highlight=False)
        for check in checks:
            where = f"{check.facility} " if check.facility else ""
            console.print(f"{_MARKS[check.level]} {where}{check.part}: {check.message_vi} / {check.message_en}")
            if check.hint_vi:
                console.print(f"    → {check.hint_vi} / {check.hint_en}")
    raise typer.Exit(1 if any(check.level == "error" for check in checks) else 0)
