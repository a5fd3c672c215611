"""Faults planted in a demo HIS, as data: what is changed and which rules have to say so.

The catalogue is ``his_b/data/defects.yaml``. The seed writes what it planted into the table
``DEMO_PLANTED`` beside the HIS's own tables; no mapping reads it.
"""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

from adapter.demo.his_b.catalogue import read_yaml

Rows = dict[str, list[dict[str, Any]]]


@dataclass(frozen=True, slots=True)
class Defect:
    """One kind of fault. ``kinds`` are the scenarios it fits."""

    id: str
    vi: str
    en: str
    kinds: tuple[str, ...]
    edits: tuple[Mapping[str, Any], ...]
    must: frozenset[str]
    may: frozenset[str]


@dataclass(frozen=True, slots=True)
class Planted:
    """A fault in one encounter: the rules that have to be found there, and those that may."""

    ma_lk: str
    defect: str
    must: frozenset[str]
    may: frozenset[str]


@cache
def catalogue() -> tuple[Defect, ...]:
    """All kinds of fault, in the order of the file."""
    return tuple(
        Defect(
            entry["id"],
            entry["vi"],
            entry["en"],
            tuple(entry["kinds"]),
            tuple(entry["edits"]),
            frozenset(entry["must"]),
            frozenset(entry.get("may", ())),
        )
        for entry in read_yaml("defects")
    )


def plant(kind: str, rows: Rows, used: Counter[str], *, without: frozenset[str] = frozenset()) -> Defect | None:
    """Put the least used fitting fault into an encounter, none of ``without``; None when none fits."""
    fitting = (d for d in catalogue() if kind in d.kinds and d.id not in without)
    for defect in sorted(fitting, key=lambda d: used[d.id]):
        targets = [_chosen(edit, rows) for edit in defect.edits]
        if all(targets):
            for edit, chosen in zip(defect.edits, targets, strict=True):
                _apply(edit, chosen, rows)
            used[defect.id] += 1
            return defect
    return None


def _chosen(edit: Mapping[str, Any], rows: Rows) -> Sequence[dict[str, Any]]:
    found = [
        row
        for row in rows.get(edit["table"], [])
        if all(row.get(column) == value for column, value in edit.get("where", {}).items())
        and all(row.get(column) is not None for column in edit.get("has", ()))
        and not row.get("IS_DELETE")
        and not row.get("IS_EXPEND")
        and not row.get("IS_NO_EXECUTE")
    ]
    return found[:1] if edit.get("pick") == "first" else found


def _apply(edit: Mapping[str, Any], chosen: Sequence[dict[str, Any]], rows: Rows) -> None:
    episode = rows["EPISODE"][0]
    for row in chosen:
        row.update(edit.get("set", {}))
        for column, shift in edit.get("time", {}).items():
            base = datetime.strptime(str(episode[shift["of"]]), "%Y%m%d%H%M%S")  # noqa: DTZ007 -- local time of the HIS
            row[column] = int((base + timedelta(minutes=shift["minutes"])).strftime("%Y%m%d%H%M%S"))
        for column, amount in edit.get("add", {}).items():
            row[column] = f"{Decimal(row[column]) + Decimal(amount):.4f}"
    if edit.get("remove"):
        rows[edit["table"]] = [row for row in rows[edit["table"]] if row not in chosen]


def planted(path: Path) -> tuple[Planted, ...]:
    """What was planted in a demo HIS file; empty for a database without such a record."""
    connection = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
    try:
        known = connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'DEMO_PLANTED'").fetchone()
        if known is None:
            return ()
        rows = connection.execute("SELECT EPISODE_CODE, DEFECT, MUST, MAY FROM DEMO_PLANTED ORDER BY EPISODE_CODE")
        return tuple(Planted(a, b, frozenset(c.split()), frozenset(d.split())) for a, b, c, d in rows)
    finally:
        connection.close()
