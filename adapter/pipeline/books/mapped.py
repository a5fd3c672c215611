"""The health book on the way: what a mapping fills, and what translate keeps of each visit."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from adapter.healthbook.catalogue import HIS


def mapped_of(plan: Any) -> Mapping[str, frozenset[str]]:
    """Table, or ``his:section``, → elements a compiled mapping fills; what is written as null does not count."""
    found = {
        table: frozenset(step.name for block in blocks for step in block.all_fields() if step.value.const != "")
        for table, blocks in plan.tables.items()
    }
    # MA_LK and MA_CSKCB stand in every table without being mapped.
    everywhere = frozenset({"MA_LK", "MA_CSKCB"})
    tables = {table: names | everywhere for table, names in found.items()}
    return {**tables, **{f"{HIS}:{section}": names for section, names in plan.book_fields.items()}}
