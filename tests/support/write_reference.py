"""``python -m tests.support.write_reference``: the reference pages, made from the program itself."""

from __future__ import annotations

import importlib
import re
from collections.abc import Iterator
from pathlib import Path
from types import UnionType
from typing import Any, Union, get_args, get_origin

import typer
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from adapter.cli.main import COMMANDS
from adapter.settings import Settings, WatchSettings

FOLDER = Path(__file__).parents[2] / "docs" / "reference"
WATCH = Path(__file__).parents[2] / "adapter" / "watch"
_MADE = "Made from the program by `python -m tests.support.write_reference`; a test fails when it is out of date.\n"


def settings_page() -> str:
    """Every key of ``config.yaml``."""
    lines = ["# Settings", "", _MADE]
    lines += ["`config.yaml` in the workdir, then the environment (`BHYT_` + key in upper case, `__` for each dot)."]
    lines += ["Secrets are only ever named by file.", "", "| key | type | default | meaning |", "|---|---|---|---|"]
    lines += [f"| `{key}` | {kind} | {default} | {about} |" for key, kind, default, about in _keys(Settings, "")]
    return "\n".join(lines) + "\n"


def _keys(model: type[BaseModel], prefix: str) -> Iterator[tuple[str, str, str, str]]:
    for name, field in model.model_fields.items():
        key = f"{prefix}{name}"
        inner, many = _model_in(field.annotation)
        about = (field.description or "").replace("|", "/")
        if inner is None:
            yield key, _kind(field), _default(field), about
            continue
        first = (inner.__doc__ or "").strip().splitlines()[0]
        yield key, "list" if many else "section", "", about or first
        yield from _keys(inner, f"{key}[]." if many else f"{key}.")


def _model_in(annotation: Any) -> tuple[type[BaseModel] | None, bool]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation, False
    origin = get_origin(annotation)
    for part in get_args(annotation):
        found, many = _model_in(part)
        if found is not None:
            return found, many or origin in {tuple, list}
    return None, False


def _kind(field: FieldInfo) -> str:
    annotation = field.annotation
    if get_origin(annotation) in {Union, UnionType}:
        return " or ".join(_name(part) for part in get_args(annotation) if part is not type(None))
    return _name(annotation)


def _name(annotation: Any) -> str:
    text = getattr(annotation, "__name__", str(annotation))
    origin = get_origin(annotation)
    if origin is not None and str(origin) == "typing.Literal":
        return ", ".join(f"`{part}`" for part in get_args(annotation))
    if origin is tuple:
        return "list"
    if text == "Annotated":
        return _name(get_args(annotation)[0])
    return {"str": "text", "float": "number", "int": "whole number", "bool": "true/false", "Path": "path"}.get(
        text, text
    )


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return "required"
    value = field.get_default(call_default_factory=True)
    return "" if value is None or value == () else f"`{value}`"


def commands_page() -> str:
    """Every command with its options."""
    lines = ["# Commands", "", _MADE, "Exit codes: 0 done, 1 the honest bad outcome, 2 wrong use or configuration.", ""]
    root = typer.Typer()
    for name, place in COMMANDS.items():
        module, attribute = place.split(":")
        target = getattr(importlib.import_module(module), attribute)
        if isinstance(target, typer.Typer):
            root.add_typer(target, name=name)
        else:
            root.command(name)(target)
    top = typer.main.get_command(root)
    for name in COMMANDS:
        lines += _command(top.commands[name], f"bhyt {name}", 2)  # type: ignore[attr-defined]
    return "\n".join(lines)


def _command(command: Any, path: str, level: int) -> list[str]:
    lines = [f"{'#' * level} `{path}`", "", re.sub(r"\s+", " ", command.help or "").strip(), ""]
    for one in command.params:
        if one.name == "help":
            continue
        option = one.param_type_name == "option"
        names = ", ".join([*one.opts, *one.secondary_opts]) if option else (one.metavar or str(one.name).upper())
        lines.append(f"- `{names}` {(getattr(one, 'help', '') or '').strip()}".rstrip())
    lines.append("")
    for name, child in sorted(getattr(command, "commands", {}).items()):
        lines += _command(child, f"{path} {name}", min(level + 1, 4))
    return lines


def metrics_page() -> str:
    """Every metric and its labels."""
    source = (WATCH / "metrics.py").read_text(encoding="utf-8")
    found = re.findall(r'_gauge\(\s*"(\w+)",\s*"([^"]+)"((?:,\s*"\w+")*)', source)
    rows = [(name, "gauge", text, re.findall(r'"(\w+)"', labels)) for name, text, labels in found]
    counters = re.findall(r'CounterMetricFamily\(\s*"(\w+)",\s*"([^"]+)",\s*labels=\[([^\]]*)\]', source)
    rows += [(f"{name}_total", "counter", text, re.findall(r'"(\w+)"', labels)) for name, text, labels in counters]
    lines = ["# Metrics", "", _MADE, "`GET /metrics`, permission `metrics.read` (an API key with that scope). No label "
             "names a patient.", "", "| metric | type | labels | meaning |", "|---|---|---|---|"]  # fmt: skip
    lines += [f"| `{n}` | {kind} | {', '.join(labels)} | {text} |" for n, kind, text, labels in sorted(rows)]
    return "\n".join(lines) + "\n"


def conditions_named() -> list[str]:
    """The names of all alert conditions, as the code writes them."""
    source = (WATCH / "conditions.py").read_text(encoding="utf-8")
    names = re.findall(r'Standing\(\s*f?"([a-z-]+)(?:\{[^}]*\})?"', source)
    return sorted({name.removesuffix("-") + ("-*" if name.endswith("-") else "") for name in names})


def watch_settings() -> list[str]:
    """The thresholds of the watch."""
    return [f"watch.{name}" for name in WatchSettings.model_fields]


PAGES = {"settings.md": settings_page, "commands.md": commands_page, "metrics.md": metrics_page}

if __name__ == "__main__":
    FOLDER.mkdir(parents=True, exist_ok=True)
    for file, make in PAGES.items():
        (FOLDER / file).write_text(make(), encoding="utf-8")
