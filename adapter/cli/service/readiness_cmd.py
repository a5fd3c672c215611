"""``bhyt readiness``: the 14 steps of the pilot process, a person's word for a step, and the documents."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from adapter.cli.common import ConfigOption, JsonOption, WorkdirOption, print_json, say, settings_of
from adapter.cli.gateway.golive_cmd import actor
from adapter.engine.opening import open_store
from adapter.errors import ConfigError
from adapter.readiness import attest, readiness_of, withdraw
from adapter.readiness.documents import write_documents
from adapter.settings import Facility, Settings

app = typer.Typer(invoke_without_command=True, help="Sẵn sàng theo 14 bước / readiness in 14 steps")

FacilityOption = Annotated[
    str | None, typer.Option("--facility", help="Mã cơ sở; mặc định: cơ sở đầu tiên / code; default: the first")
]
Number = Annotated[int, typer.Argument(metavar="N", help="Số bước 1–14 / step number")]
_MARKS = {
    "proven": "[green]✓[/green]",
    "attested": "[blue]✎[/blue]",
    "missing": "[yellow]·[/yellow]",
    "not_applicable": "[dim]–[/dim]",
}


@app.callback(invoke_without_command=True)
def readiness(
    context: typer.Context,
    facility: FacilityOption = None,
    workdir: WorkdirOption = None,
    config: ConfigOption = None,
    json_: JsonOption = False,
) -> None:
    """Mỗi bước đã chứng minh, đã xác nhận hay còn thiếu gì / what is proven, attested or missing."""
    if context.invoked_subcommand is not None:
        return
    settings = settings_of(workdir, config)
    wanted = [_facility(settings, facility)] if facility else list(settings.facilities)
    if not wanted:
        _facility(settings, None)
    with open_store(settings) as store:
        found = [(one, readiness_of(store, settings, one)) for one in wanted]
    if json_:
        documents = [{"facility": one.code, "steps": [step.to_dict() for step in steps]} for one, steps in found]
        print_json({**documents[0], "facilities": documents})
        return
    console = Console(highlight=False)
    for one, steps in found:
        console.print(f"[bold]{one.code} {one.name}[/bold]")
        for step in steps:
            console.print(f"{_MARKS[step.state]} {step.n:2} {step.title_vi} / {step.title_en}")
            for line in step.evidence:
                console.print(f"      + {line}", markup=False)
            for line in step.missing:
                console.print(f"      thiếu / missing: {line}", markup=False)


@app.command("attest")
def attest_(
    n: Number,
    note: Annotated[str, typer.Option("--note", help="Căn cứ: số, ngày văn bản… / the ground")],
    person: Annotated[
        str | None, typer.Option("--person", help="Họ tên người chịu trách nhiệm / who answers for it")
    ] = None,
    not_applicable: Annotated[
        bool, typer.Option("--not-applicable", help="Bước không áp dụng ở cơ sở này / the step does not apply here")
    ] = False,
    facility: FacilityOption = None,
    workdir: WorkdirOption = None,
    config: ConfigOption = None,
    json_: JsonOption = False,
) -> None:
    """Xác nhận một bước; ghi tên, ngày giờ và nhật ký / vouch for a step; recorded with name, time and audit line."""
    settings = settings_of(workdir, config)
    of = _facility(settings, facility)
    who = person or actor().removeprefix("cli:")
    with open_store(settings) as store:
        attest(store, of, n, person=who, note=note, actor=actor(), kind="not_applicable" if not_applicable else "done")
        steps = readiness_of(store, settings, of)
    if json_:
        print_json({"facility": of.code, "steps": [step.to_dict() for step in steps]})
    else:
        say(f"{of.code} · {n} · {steps[n - 1].title_vi}: {steps[n - 1].state}")


@app.command("withdraw")
def withdraw_(
    n: Number,
    reason: Annotated[str, typer.Option("--reason", help="Lý do / why")],
    facility: FacilityOption = None,
    workdir: WorkdirOption = None,
    config: ConfigOption = None,
) -> None:
    """Rút lại xác nhận của một bước; mã thoát 1 khi không có gì để rút / take an attestation back."""
    settings = settings_of(workdir, config)
    of = _facility(settings, facility)
    with open_store(settings) as store:
        count = withdraw(store, of, n, actor=actor(), reason=reason)
    say(f"{of.code} · {n}: đã rút / withdrawn {count}")
    raise typer.Exit(0 if count else 1)


@app.command("documents")
def documents(
    folder: Annotated[Path, typer.Argument(metavar="OUTDIR", help="Thư mục nhận tệp / folder to write to")],
    facility: FacilityOption = None,
    workdir: WorkdirOption = None,
    config: ConfigOption = None,
) -> None:
    """Văn bản mẫu docx: quy chế liên thông, kế hoạch triển khai / docx templates filled from the configuration."""
    settings = settings_of(workdir, config)
    of = _facility(settings, facility)
    with open_store(settings) as store:
        steps = readiness_of(store, settings, of)
        today = store.clock().date()
    for path in write_documents(settings, of, steps, folder, today=today):
        say(str(path))


def _facility(settings: Settings, code: str | None) -> Facility:
    for one in settings.facilities:
        if code in {None, one.code}:
            return one
    raise ConfigError(
        f"Không có cơ sở {code or ''} trong cấu hình",
        f"The configuration has no facility {code or ''}",
        tried=[one.code for one in settings.facilities],
    )
