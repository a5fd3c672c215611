"""Every shipped mapping brings tests of its own, and they pass."""

from __future__ import annotations

from pathlib import Path

import pytest

from adapter.mapping import load_mapping
from adapter.mapping.tools import testing
from adapter.mapping.tools.lint import lint
from adapter.resources import shipped

OURS = ("demo-his-a", "demo-his-b", "demo-his-c", "demo-his-d", "omop", "staging", "template")
FEWEST = {"template": 3, "omop": 5}


def _mapping(name: str) -> Path:
    return shipped("mappings") / name / "mapping.yaml"


@pytest.mark.parametrize("name", OURS)
def test_the_tests_beside_a_shipped_mapping_pass(name: str) -> None:
    path = _mapping(name)
    results = testing.run_tests(load_mapping(path), testing.tests_file(path))
    assert [(r.name, r.problems) for r in results if not r.passed] == []
    assert len(results) >= FEWEST.get(name, 8)


@pytest.mark.parametrize("name", OURS)
def test_a_shipped_mapping_has_no_error_and_misses_no_required_field(name: str) -> None:
    findings = lint(_mapping(name))
    assert [f.to_dict() for f in findings if f.severity == "error" or f.code == "MAP-REQUIRED"] == []
