"""``bhyt map``: write, check, try and compare mappings."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from adapter.cli.authoring.map_source import mapping_path, one, opened, sample, site, snapshot
from adapter.cli.common import ConfigOption, JsonOption, WorkdirOption, notes, print_json, say
from adapter.clock import system_clock
from adapter.dossier.model import Purpose
from adapter.errors import BhytError, ConfigError
from adapter.mapping import Plan, load_mapping
from adapter.mapping.tools.compare import coverage, diff
from adapter.mapping.tools.generated.staging import DIALECTS, ddl, write_staging
from adapter.mapping.tools.generated.template import template_text
from adapter.mapping.tools.lint import lint
from adapter.mapping.tools.preview import preview
from adapter.mapping.tools.schema import schema
from adapter.mapping.tools.shown import resolved_lines
from adapter.mapping.tools.skeleton import skeleton
from adapter.mapping.tools.supply import explain, read_reasons
from adapter.mapping.tools.testing import run_tests, tests_file

app = typer.Typer(no_args_is_help=True, help="Ánh xạ HIS → XML / mappings")

MappingArgument = Annotated[
    str | None, typer.Argument(metavar="MAPPING", help="Đường dẫn hoặc tên ánh xạ / path or name", show_default=False)
]
FacilityOption = Annotated[str | None, typer.Option("--facility", help="Mã cơ sở / facility code")]
UrlOption = Annotated[str | None, typer.Option("--url", help="Nguồn dữ liệu (SQLAlchemy URL) / the source")]
SampleOption = Annotated[int, typer.Option("--sample", min=1, help="Số đợt khám / number of encounters")]
UnmaskOption = Annotated[bool, typer.Option("--unmask", help="Hiện giá trị thật / show real values")]

_STYLE = {"error": "red", "warning": "yellow", "info": "cyan"}


def _load(path: Path) -> Plan:
    """A mapping that must load: what is wrong with the file is unusable configuration, exit code 2."""
    try:
        return load_mapping(path)
    except BhytError as error:
        notes.print(error.text(), style="red", markup=False)
        raise typer.Exit(2) from error


@app.command("init")
def init(
    name: Annotated[str, typer.Argument(help="Tên ánh xạ mới / the new mapping's name")],
    url: Annotated[str, typer.Option("--url", help="HIS (SQLAlchemy URL)")],
    out: Annotated[Path | None, typer.Option("--out", help="Thư mục, mặc định NAME / folder, default NAME")] = None,
    schema_name: Annotated[str | None, typer.Option("--schema", help="Lược đồ CSDL / database schema")] = None,
) -> None:
    """Đọc cấu trúc HIS, viết bản ánh xạ nháp có chú thích / introspect a source, write a commented skeleton."""
    from adapter.cli.authoring.map_introspect import source_tables

    folder = out or Path(name)
    target = folder / "mapping.yaml"
    if target.exists():
        raise ConfigError(
            f"'{target}' đã có", f"'{target}' exists", hint_vi="chọn --out khác", hint_en="choose another --out"
        )
    text = skeleton(name, source_tables(url, schema_name))
    folder.mkdir(parents=True, exist_ok=True)
    target.write_text(text, encoding="utf-8")
    (folder / "mapping.schema.json").write_text(json.dumps(schema(), ensure_ascii=False, indent=1), encoding="utf-8")
    (folder / "tests.yaml").write_text("tests: []\n", encoding="utf-8")
    say(str(target))
    notes.print("Tiếp theo / next: bhyt map lint, bhyt map preview --key …")


@app.command("lint")
def lint_command(
    mappings: Annotated[list[str] | None, typer.Argument(metavar="MAPPING...", show_default=False)] = None,
    strict: Annotated[bool, typer.Option("--strict", help="Cảnh báo cũng là không đạt / warnings fail too")] = False,
    workdir: WorkdirOption = None,
    config: ConfigOption = None,
    json_: JsonOption = False,
) -> None:
    """Mọi điều đáng ngờ trong tệp ánh xạ, đúng dòng và cột / coded findings with file:line:column."""
    at = site(workdir, config, None)
    paths = [mapping_path(m, at) for m in mappings or [None]]  # type: ignore[list-item]
    findings = [f for path in paths for f in lint(path)]
    if json_:
        print_json({"findings": [f.to_dict() for f in findings]})
    else:
        console = Console(highlight=False, markup=False, soft_wrap=True)
        for f in findings:
            console.print(f"{f.where} {f.code}: {f.message_vi} / {f.message_en}", style=_STYLE[f.severity])
            if f.hint:
                console.print(f"    → {f.hint}")
        count = {s: sum(f.severity == s for f in findings) for s in ("error", "warning", "info")}
        say(f"{count['error']} lỗi / errors, {count['warning']} cảnh báo / warnings, {count['info']} ghi chú / infos")
    failing = ("error", "warning") if strict else ("error",)
    if any(f.severity in failing for f in findings):
        raise typer.Exit(1)


@app.command("preview")
def preview_command(
    mapping: MappingArgument = None,
    key: Annotated[str | None, typer.Option("--key", help="Khóa của đợt khám / the encounter's key")] = None,
    from_snapshot: Annotated[Path | None, typer.Option("--snapshot", help="Ảnh chụp JSON / JSON snapshot")] = None,
    purpose: Annotated[Purpose | None, typer.Option("--purpose", help="claim | book | checkin")] = None,
    unmask: UnmaskOption = False,
    facility: FacilityOption = None,
    url: UrlOption = None,
    workdir: WorkdirOption = None,
    config: ConfigOption = None,
    json_: JsonOption = False,
) -> None:
    """Giá trị nguồn → các bước → trường đích; che dữ liệu người bệnh / source value → steps → target, masked."""
    at = site(workdir, config, facility)
    plan = _load(mapping_path(mapping, at))
    if from_snapshot is not None:
        encounter = snapshot(from_snapshot)
    elif key is not None:
        with opened(plan, at, url) as source:
            encounter = one(source, key)
    else:
        raise ConfigError("Cần --key hoặc --snapshot", "--key or --snapshot is needed")
    found = preview(
        plan, encounter, facility=at.code, now=system_clock(), purpose=purpose, unmask=unmask, standard=at.standard
    )
    if json_:
        print_json(found)
    else:
        _print_preview(found)
    if found["errors"]:
        raise typer.Exit(1)


def _print_preview(found: dict[str, Any]) -> None:
    console = Console(highlight=False, markup=False, soft_wrap=True)
    due = ", ".join(f"{d['purpose']} {d['occasion']}".strip() for d in found["due"]) or found["reason"] or "-"
    say(f"MA_LK {found['ma_lk']}   đến hạn / due: {due}")
    for dossier in found["dossiers"]:
        title = f"{dossier['purpose']} {dossier['occasion']}".strip()
        say(f"\n== {title} ({dossier['standard']})")
        for row in dossier["rows"]:
            say(f"\n{row['table']} [{row['row']}]")
            for f in row["fields"]:
                before = f" [{f['source']}]" if f["source"] and f["source"] != f["value"] else ""
                parts = [
                    f"{f['from']}{before}",
                    "" if f["step"] == f["from"] else f["step"],
                    f"line {f['line']}" if f["line"] else "",
                ]
                console.print(f"  {f['field']:<20} {f['value'] or '∅'}  ←  {'   '.join(p for p in parts if p)}")
        for note in dossier["notes"]:
            console.print(f"{note['code']} {note['table']}.{note['field']}: {note['message_vi']}", style="yellow")
    for error in found["errors"]:
        place = f"{error['file']}:{error['line']}:{error['column']} {error['table'] or ''}.{error['field'] or ''}"
        console.print(f"{place}: {error['message_vi']} / {error['message_en']} → {error['hint_vi']}", style="red")


@app.command("diff")
def diff_command(
    old: Annotated[str, typer.Argument(metavar="OLD")],
    new: Annotated[str, typer.Argument(metavar="NEW")],
    count: SampleOption = 100,
    unmask: UnmaskOption = False,
    facility: FacilityOption = None,
    url: UrlOption = None,
    workdir: WorkdirOption = None,
    config: ConfigOption = None,
    json_: JsonOption = False,
) -> None:
    """Trường nào đổi trong bao nhiêu hồ sơ, tiền trước và sau / which fields change, money before and after.

    Each mapping reads its own columns; the encounters come from NEW's source block.
    """
    at = site(workdir, config, facility)
    before, after = _load(mapping_path(old, at)), _load(mapping_path(new, at))
    now = system_clock()
    with opened(after, at, url) as source:
        encounters = sample(source, count, now)
    found = diff(before, after, encounters, facility=at.code, now=now, unmask=unmask, standard=at.standard)
    if json_:
        print_json(found)
        return
    read = f"{found['encounters']} đợt / encounters, {found['dossiers']} hồ sơ / dossiers"
    say(f"{read}, {found['changed']} đổi / changed")
    say(f"lỗi / failed: {found['failed_old']} → {found['failed_new']}")
    for f in found["fields"]:
        say(f"  {f['table']}.{f['field']}: {f['dossiers']} hồ sơ / dossiers ({f['before']} → {f['after']})")
    for s in found["sums"]:
        say(f"  Σ {s['table']}.{s['field']}: {s['before']} → {s['after']}")


@app.command("test")
def run_tests_command(
    mapping: MappingArgument = None,
    file: Annotated[Path | None, typer.Option("--file", help="Mặc định tests.yaml / default tests.yaml")] = None,
    workdir: WorkdirOption = None,
    config: ConfigOption = None,
    json_: JsonOption = False,
) -> None:
    """Chạy tests.yaml của ánh xạ / run the mapping's tests."""
    path = mapping_path(mapping, site(workdir, config, None))
    plan = _load(path)
    source = file or tests_file(path)
    try:
        results = run_tests(plan, source)
    except BhytError as error:
        notes.print(error.text(), style="red", markup=False)
        raise typer.Exit(2) from error
    failed = [r for r in results if not r.passed]
    if json_:
        print_json(
            {"passed": len(results) - len(failed), "failed": len(failed), "cases": [r.to_dict() for r in results]}
        )
    else:
        for r in failed:
            say(f"{r.where} {r.name}")
            for problem in r.problems:
                say(f"    {problem}")
        say(f"{len(results) - len(failed)} đạt / passed, {len(failed)} không đạt / failed")
    if failed:
        raise typer.Exit(1)


@app.command("coverage")
def coverage_command(
    mapping: MappingArgument = None,
    count: SampleOption = 200,
    facility: FacilityOption = None,
    url: UrlOption = None,
    workdir: WorkdirOption = None,
    config: ConfigOption = None,
    json_: JsonOption = False,
) -> None:
    """Trường nào được điền bao nhiêu lần / how often each field is filled."""
    at = site(workdir, config, facility)
    plan = _load(mapping_path(mapping, at))
    now = system_clock()
    with opened(plan, at, url) as source:
        encounters = sample(source, count, now)
    found = explain(
        coverage(plan, encounters, facility=at.code, now=now, standard=at.standard), read_reasons(plan.path)
    )
    if json_:
        print_json(found)
        return
    say(
        f"{found['encounters']} đợt / encounters, {found['dossiers']} hồ sơ / dossiers, lỗi / failed: {found['failed']}"
    )
    for table in found["tables"]:
        fields = table["fields"]
        filled = sum(f["filled"] > 0 for f in fields)
        say(f"{table['table']}: {filled}/{len(fields)} trường / fields, {table['rows']} dòng / rows")
        empty = [f for f in fields if not f["filled"]] if table["rows"] else []
        never = [f["field"] + ("*" if f["required"] == "Y" else "") for f in empty if not f["reason"]]
        if never:
            say(f"    chưa bao giờ / never: {', '.join(never)}")
        for code in dict.fromkeys(f["reason"]["code"] for f in empty if f["reason"]):
            same = [f for f in empty if f["reason"] and f["reason"]["code"] == code]
            names = ", ".join(f["field"] for f in same)
            say(f"    {same[0]['reason']['vi']} / {same[0]['reason']['en']}: {names}")
    for place in found["contradictions"]:
        say(f"{place}: có trong not_supplied.yaml mà vẫn được điền / listed as not supplied, yet filled")


@app.command("show")
def show_command(
    mapping: MappingArgument = None,
    resolved: Annotated[
        bool, typer.Option("--resolved", help="Sau extends, kèm nguồn gốc / after extends, with origins")
    ] = False,
    workdir: WorkdirOption = None,
    config: ConfigOption = None,
    json_: JsonOption = False,
) -> None:
    """Tệp ánh xạ như nó chạy, và mã băm / the mapping as it runs, and its hash."""
    path = mapping_path(mapping, site(workdir, config, None))
    plan = _load(path)
    lines = resolved_lines(plan)
    if json_:
        document: dict[str, Any] = {"mapping": plan.name, "hash": plan.hash, "tables": list(plan.tables)}
        if resolved:
            document["lines"] = [{"text": text, "origin": origin} for text, origin in lines]
        print_json(document)
        return
    say(f"# {plan.name} {plan.hash}")
    if not resolved:
        say(path.read_text(encoding="utf-8-sig").rstrip("\n"))
        return
    width = min(100, max((len(text) for text, _ in lines), default=0))
    for text, origin in lines:
        say(f"{text.ljust(width)}  # {origin}")


@app.command("schema")
def schema_command(
    out: Annotated[Path | None, typer.Option("--out", help="Ghi ra tệp / write to a file")] = None,
) -> None:
    """JSON Schema draft-07 cho trình soạn thảo / for completion in an editor."""
    text = json.dumps(schema(), ensure_ascii=False, indent=1)
    if out is None:
        say(text)
        return
    try:
        out.write_text(text + "\n", encoding="utf-8")
    except OSError as error:
        raise ConfigError(f"Không ghi được '{out}'", f"Cannot write '{out}'") from error
    notes.print(str(out))


@app.command("template")
def template_command() -> None:
    """Bản ánh xạ trống, có chú thích / an empty, commented mapping."""
    say(template_text().rstrip("\n"))


@app.command("staging")
def staging_command(
    dialect: Annotated[str | None, typer.Option("--dialect", help=f"In DDL / print: {', '.join(DIALECTS)}")] = None,
    out: Annotated[Path | None, typer.Option("--out", help="Ghi ánh xạ và DDL / write mapping and DDL")] = None,
) -> None:
    """Bảng trung gian theo đúng danh sách trường / staging tables from the field list: DDL and mapping."""
    if out is not None and dialect is None:
        for path in write_staging(out):
            say(str(path))
    elif dialect is not None and dialect in DIALECTS and out is None:
        say(ddl(dialect).rstrip("\n"))
    else:
        raise ConfigError(
            "Cần --out FOLDER, hoặc --dialect với một phương ngữ có sẵn",
            "--out FOLDER is needed, or --dialect with a known dialect",
            hint_vi=f"--dialect là một trong: {', '.join(DIALECTS)}",
            hint_en=f"--dialect is one of: {', '.join(DIALECTS)}",
        )
