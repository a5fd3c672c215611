"""Mapping: one 60-line dossier against RSA-2048 signatures, and how long the largest shipped mapping takes to load."""

from __future__ import annotations

from itertools import cycle
from pathlib import Path
from statistics import median

from adapter.dossier.model import Purpose
from adapter.mapping import Due, Plan
from adapter.mapping.tools.lint import lint
from adapter.resources import shipped
from adapter.source import SourceEncounter
from benchmarks.bar import Bar
from benchmarks.encounters import FACILITY, NOW
from benchmarks.signatures import in_signatures, seconds, stays

_STAYS = 200
CLAIM = Due(Purpose.CLAIM)


def mapping_bars() -> list[Bar]:
    """All bars of the mapping."""
    plan, encounters = stays(_STAYS)
    turn = cycle(encounters)

    def work() -> object:
        return plan.translate(next(turn), CLAIM, facility=FACILITY, now=NOW)

    cost = in_signatures(work, warm=_STAYS)  # the first of them compiles the layout
    slowest, load = max(
        ((path.parent.name, _lint(path)) for path in shipped("mappings").glob("*/mapping.yaml")),
        key=lambda item: item[1],
    )
    assignments = assignments_of(plan, encounters[0])
    lines = f"RSA-2048 signatures ({assignments} assignments, {_STAYS} different stays)"
    return [
        Bar("mapping.sixty_line_dossier", cost, 3.7, lines, "at most"),
        Bar("mapping.load_and_lint", load, 1, f"s for the slowest, {slowest}", "at most"),
    ]


def _lint(path: Path) -> float:
    return median(seconds(lambda: lint(path), 1) for _ in range(3))


def assignments_of(plan: Plan, encounter: SourceEncounter) -> int:
    """Fields the mapping writes, counted over the rows of the dossier."""
    dossier = plan.translate(encounter, CLAIM, facility=FACILITY, now=NOW)
    return sum(len(rows) * _mapped(plan, table) for table, rows in dossier.tables.items())


def _mapped(plan: Plan, table: str) -> int:
    fields = {step.name for block in plan.tables[table] for step in block.all_fields()}
    return len(fields | {"MA_LK", "STT"})
