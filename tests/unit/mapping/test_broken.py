"""Broken mappings: each names its mistake by code, line and column, and the hint names the fix.

A case's first lines say what is expected: ``# expect: CODE line:column part-of-the-hint``.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from adapter.errors import MappingError
from adapter.mapping import load_mapping
from adapter.mapping.tools.lint import lint

FOLDER = Path(__file__).parent / "broken"
CASES = sorted(FOLDER.glob("*.yaml"))


def expected(path: Path) -> list[tuple[str, int, int, str]]:
    found = re.findall(r"^# expect: (\S+) (\d+):(\d+) (.+)$", path.read_text(encoding="utf-8"), re.M)
    return [(code, int(line), int(column), hint) for code, line, column, hint in found]


@pytest.mark.parametrize("path", CASES, ids=lambda p: p.stem)
def test_a_broken_mapping_says_what_where_and_how_to_repair_it(path: Path) -> None:
    findings = lint(path)
    for code, line, column, hint in expected(path):
        same = [f for f in findings if f.code == code]
        assert same, [f.to_dict() for f in findings]
        found = next((f for f in same if (f.where.line, f.where.column) == (line, column)), same[0])
        assert (found.where.line, found.where.column) == (line, column)
        assert found.where.file == str(path)
        assert any(hint in f.hint for f in same if f.where == found.where), [f.hint for f in same]
        assert found.message_vi
        assert found.message_en
        assert set(found.to_dict()) == {
            "code",
            "severity",
            "file",
            "line",
            "column",
            "message_vi",
            "message_en",
            "hint",
        }


def test_there_are_enough_cases_and_each_expects_something() -> None:
    assert len(CASES) >= 20
    assert all(expected(path) for path in CASES)


@pytest.mark.parametrize("path", CASES, ids=lambda p: p.stem)
def test_what_lint_calls_an_error_in_the_file_does_not_load(path: Path) -> None:
    errors = [f for f in lint(path) if f.severity == "error" and f.code not in ("MAP-COLUMN", "MAP-FLOAT")]
    if not errors:
        load_mapping(path)  # warnings and what only the query shows do not stop it
        return
    with pytest.raises(MappingError) as caught:
        load_mapping(path)
    assert caught.value.code in {f.code for f in errors}
