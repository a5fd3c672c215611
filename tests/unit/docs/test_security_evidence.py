"""The ASVS table of docs/security.md names evidence that exists: files, tests, commands, names in the code."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

import pytest

from adapter.cli.main import COMMANDS

ROOT = Path(__file__).parents[3]
TEXT = (ROOT / "docs" / "security.md").read_text(encoding="utf-8")
_LINE = re.compile(r"^\| (\d+\.\d+\.\d+)(?:–(\d+\.\d+\.\d+))? \| ([^|]+) \| ([✓◐✗–]) \| (.+) \|$")
_FOREIGN = {"Clear-Site-Data", "acr", "sslmode=verify-full"}
"""What the table says is not used, or is another program's."""


def rows() -> list[tuple[str, str, str]]:
    """(number, mark, evidence) of every line of the table."""
    table = TEXT[TEXT.index("OWASP ASVS 5.0") :]
    return [(found[1], found[4], found[5]) for line in table.splitlines() if (found := _LINE.match(line))]


def named() -> list[tuple[str, str]]:
    return [(number, token) for number, _, told in rows() for token in re.findall(r"`([^`]+)`", told)]


@cache
def files() -> dict[str, Path]:
    """Files of the product, its tests and configuration, by name."""
    found = {}
    for folder in ("adapter", "connectors", "config", "tests/unit", "tests/acceptance", "tests/chaos"):
        for path in (ROOT / folder).rglob("*"):
            if path.is_file() and "node_modules" not in path.parts and "__pycache__" not in path.parts:
                found[path.name] = path
    return found


@cache
def code() -> str:
    """All text of the program itself."""
    kinds = {".py", ".js", ".html", ".yaml", ".css"}
    places = (path for name in ("adapter", "connectors") for path in (ROOT / name).rglob("*"))
    texts = [path.read_text(encoding="utf-8") for path in places if path.suffix in kinds and path.is_file()]
    return "\n".join([*texts, (ROOT / "Makefile").read_text(encoding="utf-8")])


def test_the_table_has_its_lines_and_every_failure_is_named_below_it() -> None:
    found = rows()
    assert len(found) > 150
    failures = {number for number, mark, _ in found if mark == "✗"}
    below = TEXT[TEXT.index("**Failures named:**") :]
    assert {number for number in failures if number not in below} == set()
    assert {number for number in re.findall(r"\d+\.\d+\.\d+", below) if number not in failures} <= {"6.3.2"}


def test_no_number_stands_twice() -> None:
    numbers = [number for number, _, _ in rows()]
    assert sorted({one for one in numbers if numbers.count(one) > 1}) == []


@pytest.mark.parametrize("token", sorted({token for _, token in named()} - _FOREIGN))
def test_named_evidence_exists(token: str) -> None:
    words = token.replace("\\|", "|")
    if words.startswith("bhyt "):
        assert words.split()[1] in COMMANDS
    elif re.fullmatch(r"[\w/.-]+\.(py|yaml|txt|service)", words):
        assert words in files() or (ROOT / words).is_file()
    elif re.fullmatch(r"(adapter|connectors|tests|config)/[\w/]+", words):
        assert (ROOT / words).is_dir()
    elif words.startswith("make "):
        assert f"\n{words.removeprefix('make ')}:" in code()
    elif re.fullmatch(r"(GET|POST|PUT|DELETE) /v1/.+", words):
        assert words.partition(" ")[2] in (ROOT / "docs" / "security" / "matrix.md").read_text(encoding="utf-8")
    elif words == "|safe":
        templates = [path for path in (ROOT / "adapter").rglob("*.html") if re.search(r"\|\s*safe\b", path.read_text())]
        assert templates == [], "the table says that no template passes text as it is"
    else:
        place = words.rpartition(".")[2] if re.fullmatch(r"\w+\.\w+", words) else words
        assert place.casefold() in code().casefold(), f"nothing in the program is called {words}"
