"""The tutorial works as it is printed: each file is written, each command run, each output compared."""

from __future__ import annotations

import re
import shlex
import sqlite3
from pathlib import Path

import pytest
from typer.testing import CliRunner

from adapter.cli.map_cmd import app

TUTORIAL = Path(__file__).resolve().parents[3] / "docs" / "mapping" / "tutorial.md"
MAPPING = Path("phong-kham/mapping.yaml")


def blocks() -> list[tuple[str, str]]:
    return re.findall(r"^```(\w+(?: [\w=.]+)?)\n(.*?)^```", TUTORIAL.read_text(encoding="utf-8"), flags=re.M | re.S)


def edit(how: str, text: str) -> None:
    """The reader's edits, written as sed's substitutions."""
    source = MAPPING.read_text(encoding="utf-8")
    for old, new in re.findall(r"s/(.*?)/(.*?)/(?:; |$)", text.strip()):
        assert old in source, f"the tutorial edits what is not there: {old}"
        source = source.replace(old, new)
    target = Path(how.partition("to=")[2]) if "to=" in how else MAPPING
    target.write_text(source, encoding="utf-8")


def run(command: str, *, fails: bool) -> str:
    words = shlex.split(command)
    assert words[:2] == ["bhyt", "map"]
    result = CliRunner().invoke(app, words[2:])
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    assert (result.exit_code != 0) is fails, result.output
    return result.stdout


def compare(how: str, expected: str, output: str) -> None:
    match how.partition(" ")[2]:
        case "starts":
            assert output.startswith(expected.rstrip("\n")), output
        case "ends":
            assert output.endswith(expected), output
        case "contains":
            for line in expected.splitlines():
                assert line in output.splitlines(), output
        case _:
            assert output == expected


def test_the_tutorial_from_an_empty_folder_to_its_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("BHYT_WORKDIR", raising=False)
    output = ""
    commands = 0
    for how, text in blocks():
        kind = how.partition(" ")[0]
        if kind == "sql":
            with sqlite3.connect("his.db") as his:
                his.executescript(text)
            his.close()
        elif kind == "yaml":
            file = Path(text.partition("\n")[0].removeprefix("# "))
            file.write_text(text, encoding="utf-8")
        elif kind == "sed":
            edit(how, text)
        elif kind == "sh":
            output = run(text.strip(), fails=how.endswith("fails"))
            commands += 1
        elif kind == "text":
            compare(how, text, output)
    assert commands == 8
