"""The tutorial works as it is printed: each file is written, each command run, each output compared."""

from __future__ import annotations

import os
import re
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
import yaml
from typer.testing import CliRunner

from adapter.cli.authoring.map_cmd import app

DOCS = Path(__file__).resolve().parents[3] / "docs"
TUTORIAL = DOCS / "mapping" / "tutorial.md"
MAPPING = Path("phong-kham/mapping.yaml")
PROGRAM = [sys.executable, "-m", "adapter.cli.main"]


def blocks(tutorial: Path) -> list[tuple[str, str]]:
    return re.findall(r"^```(\w+(?: [\w=.]+)?)\n(.*?)^```", tutorial.read_text(encoding="utf-8"), flags=re.M | re.S)


def edit(how: str, text: str) -> None:
    """The reader's edits, written as sed's substitutions."""
    options = dict(o.split("=") for o in how.split()[1:])
    source = Path(options.get("file", MAPPING))
    content = source.read_text(encoding="utf-8")
    for old, new in re.findall(r"s/(.*?)/(.*?)/(?:; |$)", text.strip()):
        assert old in content, f"the tutorial edits what is not there: {old}"
        content = content.replace(old, new)
    Path(options.get("to", source)).write_text(content, encoding="utf-8")


def run(command: str, *, fails: bool) -> str:
    words = shlex.split(command)
    assert words[0] == "bhyt"
    if words[1] == "map":
        result = CliRunner().invoke(app, words[2:])
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        code, output, told = result.exit_code, result.stdout, result.output
    else:
        done = subprocess.run([*PROGRAM, *words[1:]], capture_output=True, text=True, timeout=120, check=False)
        code, output, told = done.returncode, done.stdout, done.stdout + done.stderr
    assert (code != 0) is fails, told
    return output


@contextmanager
def background(command: str) -> Iterator[None]:
    """The command in a second window, until the tutorial ends."""
    address = yaml.safe_load(Path("config.yaml").read_text(encoding="utf-8"))["gateway"]["base_url"]
    with Path("second-window.log").open("wb") as log:
        process = subprocess.Popen(
            [*PROGRAM, *shlex.split(command)[1:]], stdout=log, stderr=log, start_new_session=True, env={**os.environ}
        )
    try:
        for _ in range(600):
            try:
                httpx.get(f"{address}/_sim/ready", timeout=2)
                break
            except httpx.HTTPError:
                assert process.poll() is None, Path("second-window.log").read_text(encoding="utf-8")
                time.sleep(0.1)
        yield
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait(20)


def alike(line: str) -> str:
    """A line without what depends on the day it is run: digits and widths."""
    return re.sub(r"\d+", "9", " ".join(line.split()))


def compare(how: str, expected: str, output: str) -> None:
    match how.partition(" ")[2]:
        case "starts":
            assert output.startswith(expected.rstrip("\n")), output
        case "ends":
            assert output.endswith(expected), output
        case "contains":
            for line in expected.splitlines():
                assert line in output.splitlines(), output
        case "like":
            for line in expected.splitlines():
                assert alike(line) in {alike(found) for found in output.splitlines()}, output
        case _:
            assert output == expected


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    for name in ("BHYT_WORKDIR", "BHYT_CONFIG"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("COLUMNS", "160")
    return tmp_path


def walk(parts: list[tuple[str, str]]) -> int:
    """Do what the blocks say, one after the other; how many commands ran."""
    output, commands = "", 0
    for number, (how, text) in enumerate(parts):
        kind = how.partition(" ")[0]
        if how == "sh background":
            with background(text.strip()):
                return commands + 1 + walk(parts[number + 1 :])
        if kind == "yaml":
            Path(text.partition("\n")[0].removeprefix("# ")).write_text(text, encoding="utf-8")
        elif kind == "sed":
            edit(how, text)
        elif kind == "sh":
            output = run(text.strip(), fails=how.endswith("fails"))
            commands += 1
        elif kind == "text":
            compare(how, text, output)
    return commands


def test_the_tutorial_from_an_empty_folder_to_accepted_dossiers(folder: Path) -> None:
    assert walk(blocks(TUTORIAL)) == 15
    listed = run("bhyt status --json", fails=False)
    accepted = yaml.safe_load(listed)["dossiers"]["accepted"]
    assert accepted >= 10


def test_the_vietnamese_tutorial_has_the_same_commands_files_and_outputs() -> None:
    assert blocks(DOCS / "vi" / "mapping" / "tutorial.md") == blocks(TUTORIAL)
