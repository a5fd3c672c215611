"""``bhyt rules``: what is checked, why, on which text it rests, how to fix it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from adapter.cli.common import ConfigOption, JsonOption, WorkdirOption, notes, print_json, say, settings_of
from adapter.errors import ConfigError
from adapter.rules.catalogue import catalogue
from adapter.rules.local import lint
from adapter.rules.report import reference
from adapter.rules.setup import RuleSetup, setup_of

FacilityOption = Annotated[
    str | None, typer.Option("--facility", help="Lựa chọn của cơ sở nào / whose choices are shown")
]

app = typer.Typer(no_args_is_help=True, help="Luật kiểm tra / the rules")


@app.command("list")
def list_(
    table: Annotated[
        str | None, typer.Option("--table", help="Chỉ luật của bảng này, ví dụ X3 / one table only")
    ] = None,
    severity: Annotated[str | None, typer.Option("--severity", help="error | warning | info")] = None,
    facility: FacilityOption = None,
    json_: JsonOption = False,
    workdir: WorkdirOption = None,
    config: ConfigOption = None,
) -> None:
    """Mọi luật: mã, mức, cần gì, đã cài đặt chưa / every rule with its state."""
    setup = _setup(workdir, config, facility)
    every = {**reference.listing(), "local_rules": [reference.describe_local(r) for r in setup.local]}
    for rules in every.values():
        for r in rules:
            r["overrides"] = reference.choices_about(r["id"], setup.options)
    found = {
        key: [
            r
            for r in rules
            if (table is None or table.upper().replace("XML", "X") in r["tables"])
            and (severity is None or r["severity"] == severity)
        ]
        for key, rules in every.items()
    }
    if json_:
        print_json(found)
        return
    shown = Table(box=None, pad_edge=False)
    for column in ("mã / id", "mức", "chắc / sure", "cần / needs", "nội dung"):
        shown.add_column(column, overflow="fold")
    rules = [r for part in found.values() for r in part]
    for r in rules:
        mark = "" if r["status"] == "implemented" else " (chưa / not yet)"
        weight = r["severity"] + "".join(f" → {o['severity']}" for o in r["overrides"])
        shown.add_row(r["id"] + mark, weight, r["certainty"], r["needs"], r["message_vi"])
    Console(highlight=False, markup=False).print(shown)
    done = sum(r["status"] == "implemented" for r in rules)
    say(f"{len(rules)} luật / rules, {done} đã cài đặt / implemented")


@app.command("show")
def show(
    rule: Annotated[str, typer.Argument(metavar="ID")],
    facility: FacilityOption = None,
    json_: JsonOption = False,
    workdir: WorkdirOption = None,
    config: ConfigOption = None,
) -> None:
    """Một luật: kiểm tra gì, vì sao, căn cứ, cách sửa, cơ sở chọn gì / one rule in full, with this site's choices."""
    setup = _setup(workdir, config, facility)
    info = catalogue().get(rule.upper())
    local = next((one for one in setup.local if one.id == rule), None)
    if info is None and local is None:
        raise ConfigError(
            f"Không có luật '{rule}'",
            f"There is no rule '{rule}'",
            hint_vi="xem `bhyt rules list`; REQ-<BẢNG>-<TRƯỜNG> là trường bắt buộc, xem `bhyt standard show --table`",
            hint_en="see `bhyt rules list`; REQ-<TABLE>-<FIELD> is a mandatory field, see `bhyt standard show --table`",
        )
    r = reference.describe(info) if info is not None else reference.describe_local(local) if local else {}
    r["overrides"] = reference.choices_about(r["id"], setup.options)
    if json_:
        print_json(r)
        return
    say(f"{r['id']}  [{r['severity']}, {r['certainty']}]  {', '.join(r['purposes'])}")
    say(f"\n{r['message_vi']}\n{r['message_en']}")
    say(f"\nNơi kiểm tra / where: {', '.join(r['tables'])} · {', '.join(r['fields'])}")
    say(f"Vi phạm khi / violated when: {r['condition']}")
    say(f"Cần / needs: {r['needs']}")
    say(f"\nVì sao / why: {r['why_vi']}\n  {r['why_en']}")
    say(f"Căn cứ / source: {r['source']}")
    say(f"\nCách sửa / how to fix: {r['fix_vi']}\n  {r['fix_en']}")
    may = "có, kèm lý do / yes, with a reason" if r["overridable"] else "không / no"
    say(f"\nBỏ qua cho một hồ sơ / may be overridden for one dossier: {may}")
    for o in r["overrides"]:
        days = f"{o['since'] or '…'} – {o['until'] or '…'}"
        say(f"Cơ sở đã chọn / this site chose: {o['severity']} ({days}): {o['reason']}")


def _setup(workdir: Path | None, config: Path | None, facility: str | None) -> RuleSetup:
    """This installation's choices, when there is one here."""
    if config is None and workdir is None and not Path("config.yaml").is_file():
        return RuleSetup()
    settings = settings_of(workdir, config)
    return setup_of(settings, settings.facility(facility) if facility else None)


@app.command("lint")
def lint_command(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Tệp luật nội bộ / file of local rules")],
    json_: JsonOption = False,
) -> None:
    """Kiểm tra tệp luật nội bộ, chỉ rõ dòng và cột / check local rules, with line and column. Exit 1: faults."""
    faults = lint(file)
    if json_:
        print_json({"findings": [f.to_dict(str(file)) for f in faults]})
    else:
        for f in faults:
            say(f"{file}:{f.line}:{f.column} {f.code} {f.message_vi} / {f.message_en}")
        if not faults:
            say("Không có lỗi / no faults")
    raise typer.Exit(1 if faults else 0)


@app.command("docs")
def docs(
    out: Annotated[Path | None, typer.Option("--out", help="Ghi ra tệp thay vì in / write to a file")] = None,
) -> None:
    """Trang tra cứu luật, Markdown / the reference page."""
    text = reference.markdown()
    if out is None:
        say(text.rstrip("\n"))
        return
    try:
        out.write_text(text, encoding="utf-8")
    except OSError as error:
        raise ConfigError(f"Không ghi được '{out}'", f"Cannot write '{out}'") from error
    notes.print(str(out))
