"""Which source columns fill a field: read from the compiled mapping, without any encounter."""

from __future__ import annotations

from collections.abc import Iterator

from adapter.mapping.language.blocks import Block, FieldStep
from adapter.mapping.plan import Plan


def origins(plan: Plan, table: str, field: str) -> tuple[str, ...]:
    """Labels of the columns a field is taken from, in the mapping's order; composed values give their own label."""
    labels = [step.value.label for block in plan.tables.get(table, ()) for step in _steps(block) if step.name == field]
    return tuple(dict.fromkeys(label for label in labels if label))


def _steps(block: Block) -> Iterator[FieldStep]:
    yield from block.fields
    if block.inner is not None:
        yield from _steps(block.inner)
