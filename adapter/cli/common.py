"""What every command shares: where the installation is, and how answers are printed.

Results go to stdout (one JSON document with ``--json``), everything else to stderr.
"""

from __future__ import annotations

import json
import sys
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from adapter.settings import Settings, load_settings
from adapter.standard.spec import use_layers

WorkdirOption = Annotated[
    Path | None,
    typer.Option("--workdir", envvar="BHYT_WORKDIR", help="Thư mục làm việc / working directory", show_default=False),
]
ConfigOption = Annotated[
    Path | None,
    typer.Option("--config", envvar="BHYT_CONFIG", help="Tệp cấu hình / configuration file", show_default=False),
]
JsonOption = Annotated[bool, typer.Option("--json", help="In một tài liệu JSON / print one JSON document")]

notes = Console(stderr=True, highlight=False)
"""For people: progress, warnings, errors."""


def settings_of(workdir: Path | None, config: Path | None) -> Settings:
    """The installation a command was pointed at; its further decisions count from here on."""
    settings = load_settings(workdir=workdir, config=config)
    if settings.standard.extra_layers:
        use_layers([settings.path(folder) for folder in settings.standard.extra_layers])
    return settings


def print_json(document: Any) -> None:
    """One JSON document on one line of stdout."""
    sys.stdout.write(json.dumps(document, ensure_ascii=False, default=_plain) + "\n")
    sys.stdout.flush()


def say(text: str) -> None:
    """One line of result for a person, on stdout."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def _plain(value: Any) -> Any:
    if isinstance(value, Decimal | Path):
        return str(value)
    if hasattr(value, "isoformat"):
        return value.isoformat()
    if hasattr(value, "to_dict"):
        return value.to_dict()
    raise TypeError(f"not JSON: {type(value).__name__}")
