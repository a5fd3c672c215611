"""The cookbook's recipes work as they are printed."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import pytest

from adapter.mapping.extending import Resolved
from adapter.mapping.loading import compile_mapping
from adapter.mapping.tools.testing import read_cases, run_case
from adapter.mapping.yamltree import parse_tree

COOKBOOK = Path(__file__).resolve().parents[3] / "docs" / "mapping" / "cookbook.md"
HEAD = """\
mapping: recipe
standard: "3176"
source:
  connector: sql
  encounters: {query: SELECT *, key: ID, changed_at: ID}
  collections:
    items: {query: SELECT *, parent: ID}
    payers: {query: SELECT *, parent: ID}
    results: {query: SELECT *, parent: ID}
"""


@dataclass(frozen=True)
class Recipe:
    title: str
    mapping: str
    cases: tuple[str, ...]


def recipes() -> list[Recipe]:
    found = []
    for part in re.split(r"^## ", COOKBOOK.read_text(encoding="utf-8"), flags=re.M)[1:]:
        title = part.partition("\n")[0]
        blocks = re.findall(r"^```yaml( case)?\n(.*?)^```", part, flags=re.M | re.S)
        if blocks:
            found.append(Recipe(title, blocks[0][1], tuple(text for _, text in blocks[1:])))
    return found


@pytest.mark.parametrize("recipe", recipes(), ids=lambda r: r.title.partition(".")[0])
def test_a_recipe_gives_what_it_promises(recipe: Recipe, tmp_path: Path) -> None:
    plan = compile_mapping(Resolved(parse_tree(HEAD + recipe.mapping, "recipe.yaml")), tmp_path / "mapping.yaml")
    assert recipe.cases, "a recipe without a case proves nothing"
    for text in recipe.cases:
        file = tmp_path / "tests.yaml"
        lines = [
            f"  {'- ' if not n else '  '}{line}"
            for n, line in enumerate([f"name: {recipe.title!r}", *text.splitlines()])
        ]
        file.write_text("tests:\n" + "\n".join(lines) + "\n", encoding="utf-8")
        for case in read_cases(plan, file):
            assert run_case(plan, case).problems == ()


def test_every_trap_has_its_place() -> None:
    titles = " ".join(re.findall(r"^## (.*)$", COOKBOOK.read_text(encoding="utf-8"), flags=re.M))
    told = {int(n) for n in re.findall(r"(?<![\w.])(\d{1,2})\.(?!\d)", titles)}
    for first, last in re.findall(r"(\d+)\. to (\d+)\.", titles):
        told |= set(range(int(first), int(last) + 1))
    assert told == set(range(1, 33))
