"""From a field of the dossier back to the column of the HIS it came from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from adapter.console.core.context import Console
from adapter.console.reads.plans import plan_of
from adapter.dossier.model import Purpose
from adapter.errors import BhytError


@dataclass(frozen=True, slots=True)
class Trace:
    """``rows``: (table, row) → field → {from, source, value, step, file, line}. ``why``: key of the reason for none.

    ``same``: the mapping is still the one this revision was made with.
    """

    rows: Mapping[tuple[str, int], Mapping[str, Mapping[str, Any]]]
    why: str = ""
    same: bool = True

    def of(self, table: str, row: int | None, field: str) -> Mapping[str, Any]:
        """Where a field came from; empty when nobody knows."""
        return self.rows.get((table, row or 1), {}).get(field, {})


def trace_of(console: Console, line: dict[str, Any]) -> Trace:
    """The trace of a dossier's newest revision, by translating the kept snapshot once more. Values are clear."""
    revision = line["revisions"][-1]
    snapshot = console.store.pending.snapshot(line["encounter_id"], revision["source_hash"])
    if snapshot is None:
        return Trace({}, "gone")
    facility = console.settings.facility(line["facility"])
    try:
        plan = plan_of(console, facility)
        from adapter.mapping.tools.preview import preview

        shown = preview(
            plan,
            snapshot,
            facility=facility.code,
            now=console.clock(),
            purpose=Purpose(line["purpose"]),
            unmask=True,
            standard=facility.standard,
        )
    except BhytError:
        return Trace({}, "mapping")
    wanted = [d for d in shown["dossiers"] if d["occasion"] == line["occasion"]] or shown["dossiers"]
    rows = {
        (row["table"], row["row"]): {field["field"]: _short(field) for field in row["fields"]}
        for one in wanted[:1]
        for row in one["rows"]
    }
    return Trace(rows, "" if rows else "mapping", plan.hash == revision["mapping_hash"])


def _short(field: dict[str, Any]) -> dict[str, Any]:
    """File names without the folders of this machine."""
    return {**field, "file": "/".join(Path(field["file"]).parts[-2:]) if field["file"] else ""}
