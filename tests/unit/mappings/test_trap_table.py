"""Every trap is sprung on every demo schema that carries it, and the cookbooks say by which test."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.support.trap_table import END, FILES, NOT_CARRIED, START, named_by_trap, table

DOCS = Path(__file__).resolve().parents[3] / "docs"


@pytest.mark.parametrize("schema", FILES)
def test_each_trap_a_schema_carries_has_a_test_named_after_it(schema: str) -> None:
    assert set(named_by_trap()[schema]) == set(range(1, 33)) - NOT_CARRIED[schema]


@pytest.mark.parametrize(
    ("cookbook", "absent"), [("mapping/cookbook.md", "not carried"), ("vi/mapping/cookbook.md", "không có")]
)
def test_the_cookbook_shows_the_table_as_the_tests_are(cookbook: str, absent: str) -> None:
    text = (DOCS / cookbook).read_text(encoding="utf-8")
    assert text.partition(f"{START}\n")[2].partition(f"\n{END}")[0] == table(absent)


def test_both_cookbooks_hold_the_same_recipes() -> None:
    blocks = [
        re.findall(r"^```yaml( case)?\n(.*?)^```", (DOCS / path).read_text(encoding="utf-8"), flags=re.M | re.S)
        for path in ("mapping/cookbook.md", "vi/mapping/cookbook.md")
    ]
    assert blocks[0] == blocks[1]
    assert len(blocks[0]) > 50
