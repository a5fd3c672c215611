"""Which test springs which trap on which demo schema: the table of the cookbooks, read from the tests' own names."""

from __future__ import annotations

import re
from pathlib import Path

HERE = Path(__file__).resolve().parents[1] / "unit" / "mappings"
FILES = {
    "A": ("test_demo_his_a.py", "test_traps_his_a.py"),
    "B": ("test_traps_his_b.py",),
    "C": ("test_traps_his_c.py",),
}
NOT_CARRIED = {"A": {29}, "B": {1, 18, 19}, "C": {1, 4, 7, 8, 16, 18, 19, 27}}
"""What a schema has no place for: A keeps no packages, B's card has columns of its own …; docs/demo.md tells."""
START, END = "<!-- generated: traps -->", "<!-- end -->"


def named_by_trap() -> dict[str, dict[int, list[str]]]:
    """Schema → trap → names of its tests."""
    found: dict[str, dict[int, list[str]]] = {schema: {} for schema in FILES}
    for schema, files in FILES.items():
        for file in files:
            text = (HERE / file).read_text(encoding="utf-8")
            for name, first, second in re.findall(r"^def (test_traps?_(\d+)(?:_and_(\d+))?_\w+)\(", text, flags=re.M):
                for number in filter(None, (first, second)):
                    found[schema].setdefault(int(number), []).append(name)
    return found


def table(absent: str) -> str:
    """The rows, one a trap; ``absent`` stands where a schema does not carry it."""
    found = named_by_trap()
    lines = ["| # | A | B | C |", "|---|---|---|---|"]
    for number in range(1, 33):
        cells = ["<br>".join(f"`{name}`" for name in found[s].get(number, [])) or absent for s in FILES]
        lines.append(f"| {number} | {' | '.join(cells)} |")
    return "\n".join(lines)
