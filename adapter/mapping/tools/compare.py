"""Diff and coverage: what a mapping does over a sample of real encounters, without showing any."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal
from typing import Any

from adapter.dossier.model import Dossier, Purpose, decimal_of
from adapter.errors import BhytError
from adapter.mapping.language.blocks import Block
from adapter.mapping.plan import UNINSURED_TABLES, Plan
from adapter.mapping.readiness import Due
from adapter.source import SourceEncounter
from adapter.standard.spec import written_as
from adapter.text import mask


def _translated(
    plan: Plan,
    encounter: SourceEncounter,
    *,
    facility: str,
    now: datetime,
    standard: str | None,
    uninsured: Iterable[str] = UNINSURED_TABLES,
) -> tuple[dict[str, Dossier], dict[str, str]]:
    """Dossiers and error codes by "purpose occasion"."""
    found: dict[str, Dossier] = {}
    failed: dict[str, str] = {}
    try:
        due = plan.readiness(encounter).due
    except BhytError as error:
        return {}, {"readiness": error.code}
    for one in due:
        key = f"{one.purpose.value} {one.occasion}".strip()
        try:
            found[key] = plan.translate(
                encounter, one, facility=facility, now=now, uninsured_tables=uninsured, standard=standard
            )
        except BhytError as error:
            failed[key] = error.code
    return found, failed


def diff(
    old: Plan,
    new: Plan,
    encounters: Iterable[SourceEncounter],
    *,
    facility: str,
    now: datetime,
    unmask: bool = False,
    standard: str | None = None,
) -> dict[str, Any]:
    """Which fields change in how many dossiers, and the money before and after.

    ``{"encounters","dossiers","changed","only_old","only_new","failed_old","failed_new","fields":[{"table",
    "field","dossiers","before","after"}],"sums":[{"table","field","before","after"}]}``; ``before`` and ``after`` of a
    field are the first example, masked unless ``unmask``. ``standard``: the layout the facility is pinned to.
    """
    counts: Counter[tuple[str, str]] = Counter()
    examples: dict[tuple[str, str], tuple[str, str]] = {}
    sums: dict[tuple[str, str], list[Decimal]] = {}
    total = {
        "encounters": 0,
        "dossiers": 0,
        "changed": 0,
        "only_old": 0,
        "only_new": 0,
        "failed_old": 0,
        "failed_new": 0,
    }
    for encounter in encounters:
        total["encounters"] += 1
        before, failed_before = _translated(old, encounter, facility=facility, now=now, standard=standard)
        after, failed_after = _translated(new, encounter, facility=facility, now=now, standard=standard)
        total["failed_old"] += len(failed_before)
        total["failed_new"] += len(failed_after)
        for key in dict.fromkeys([*before, *after]):
            one, other = before.get(key), after.get(key)
            total["dossiers"] += 1
            if one is None or other is None:
                total["only_old" if other is None else "only_new"] += 1
                continue
            _add_sums(sums, one, 0)
            _add_sums(sums, other, 1)
            changed = _changed(one, other)
            total["changed"] += bool(changed)
            for place, pair in changed.items():
                counts[place] += 1
                examples.setdefault(place, pair)
    show = str if unmask else mask
    return {
        **total,
        "fields": [
            {"table": t, "field": f, "dossiers": n, "before": show(examples[t, f][0]), "after": show(examples[t, f][1])}
            for (t, f), n in sorted(counts.items(), key=lambda item: (_order(item[0][0]), -item[1], item[0][1]))
        ],
        "sums": [
            {"table": t, "field": f, "before": str(values[0]), "after": str(values[1])}
            for (t, f), values in sorted(sums.items(), key=lambda item: (_order(item[0][0]), item[0][1]))
            if values[0] != values[1]
        ],
    }


def _order(table: str) -> int:
    return int(table[3:])


def _changed(one: Dossier, other: Dossier) -> dict[tuple[str, str], tuple[str, str]]:
    """Differing fields with the first differing pair; a differing number of rows is the field ``(rows)``."""
    found: dict[tuple[str, str], tuple[str, str]] = {}
    for table in sorted({*one.tables, *other.tables}, key=_order):
        left, right = one.rows(table), other.rows(table)
        if len(left) != len(right):
            found[table, "(rows)"] = (str(len(left)), str(len(right)))
        for a, b in zip(left, right, strict=False):
            for name in dict.fromkeys([*a, *b]):
                if a.get(name, "") != b.get(name, ""):
                    found.setdefault((table, name), (a.get(name, ""), b.get(name, "")))
    return found


def _add_sums(sums: dict[tuple[str, str], list[Decimal]], dossier: Dossier, side: int) -> None:
    tables = written_as(dossier.standard).tables
    for table, rows in dossier.tables.items():
        names = [f.name for f in tables[table].fields if f.xml_type == "decimal2" and f.kind == "N"]
        for row in rows:
            for name in names:
                value = decimal_of(row.get(name, ""))
                if value is not None:
                    sums.setdefault((table, name), [Decimal(0), Decimal(0)])[side] += value


def coverage(
    plan: Plan,
    encounters: Iterable[SourceEncounter],
    *,
    facility: str,
    now: datetime,
    standard: str | None = None,
) -> dict[str, Any]:
    """How often each field of the layout is filled, tables that travel in a file of their own included.

    ``{"encounters","dossiers","failed":{code: n},"tables":[{"table","rows","fields":[{"field","required","mapped",
    "filled","rows"}]}]}``. ``mapped``: yes, automatic, empty (written as null) or no. ``standard``: the layout the
    facility is pinned to.
    """
    pin = standard or plan.standard
    layout = written_as(pin) if pin else plan.layout(now.date()).standard
    uninsured = (*UNINSURED_TABLES, *(t.name for t in layout.tables.values() if t.carrier == "file"))
    filled: Counter[tuple[str, str]] = Counter()
    rows: Counter[str] = Counter()
    failed: Counter[str] = Counter()
    encounters_read = dossiers = 0
    for encounter in encounters:
        encounters_read += 1
        found, errors = _translated(plan, encounter, facility=facility, now=now, standard=standard, uninsured=uninsured)
        failed.update(errors.values())
        dossiers += len(found)
        for dossier in found.values():
            for table, lines in dossier.tables.items():
                rows[table] += len(lines)
                for line in lines:
                    filled.update((table, name) for name, text in line.items() if text)
    return {
        "encounters": encounters_read,
        "dossiers": dossiers,
        "failed": dict(failed),
        "tables": [
            {
                "table": table.name,
                "rows": rows[table.name],
                "fields": [
                    {
                        "field": spec.name,
                        "required": spec.required,
                        "mapped": _mapped(plan, table.name, spec.name),
                        "filled": filled[table.name, spec.name],
                        "rows": rows[table.name],
                    }
                    for spec in table.fields
                ],
            }
            for table in layout.tables.values()
        ],
    }


def _mapped(plan: Plan, table: str, field: str) -> str:
    steps = [s for b in plan.tables.get(table, ()) for s in _steps(b) if s.name == field]
    if not steps:
        automatic = table in plan.tables and field in ("MA_LK", "STT", "MA_CSKCB")
        return "automatic" if automatic else "no"
    return "empty" if all(s.value.const == "" for s in steps) else "yes"


def _steps(block: Block) -> list[Any]:
    return [*block.fields, *(_steps(block.inner) if block.inner is not None else ())]


__all__ = ["Due", "Purpose", "coverage", "diff"]
