"""Preview: for one encounter, what each field becomes and from what; masked unless asked otherwise."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from adapter.dossier.model import Purpose
from adapter.errors import BhytError, MappingError
from adapter.mapping.language.blocks import Block
from adapter.mapping.language.scope import Run, Scope
from adapter.mapping.plan import Plan
from adapter.mapping.readiness import Due
from adapter.mapping.tools.shown import shown_node
from adapter.source import SourceEncounter
from adapter.text import mask


def preview(
    plan: Plan,
    encounter: SourceEncounter,
    *,
    facility: str,
    now: datetime,
    purpose: Purpose | None = None,
    unmask: bool = False,
    standard: str | None = None,
) -> dict[str, Any]:
    """Every field of every row: source column and value, step, place in the file, wire text.

    ``{"ma_lk","due":[…],"reason","dossiers":[{"purpose","occasion","standard","rows":[{"table","row",
    "fields":[{"field","from","source","value","step","file","line"}]}],"notes":[…]}],"errors":[…]}``. A
    purpose that is not due is shown when it is named. ``standard``: the layout the facility is pinned to. Errors are
    listed, never raised.
    """
    show: Callable[[Any], str] = _plain if unmask else mask
    try:
        readiness = plan.readiness(encounter)
    except BhytError as error:
        return {"ma_lk": None, "due": [], "reason": "", "dossiers": [], "errors": [error.to_dict()]}
    due = list(readiness.due)
    wanted = [d for d in due if purpose in (None, d.purpose)]
    if purpose is not None and not wanted:
        wanted = [Due(purpose, "first_cost" if purpose is Purpose.CHECKIN else "")]
    errors: list[dict[str, Any]] = []
    dossiers = []
    for one in wanted:
        with plan.run(encounter, facility=facility, occasion=one.occasion, now=now, standard=standard) as run:
            dossiers.append(_dossier(plan, run, one, show=show, errors=errors))
    return {
        "ma_lk": show(readiness.ma_lk),
        "due": [{"purpose": d.purpose.value, "occasion": d.occasion, "exempt": d.exempt_reason} for d in due],
        "reason": readiness.reason,
        "dossiers": dossiers,
        "errors": errors,
    }


def _dossier(
    plan: Plan, run: Run, due: Due, *, show: Callable[[Any], str], errors: list[dict[str, Any]]
) -> dict[str, Any]:
    layout = run.layout
    assert layout is not None  # noqa: S101 -- a run begins with it
    rows: list[dict[str, Any]] = []
    for table in plan.wanted(due.purpose, layout.standard):
        try:
            for number, (block, scope, row) in enumerate(layout.trace(run, table), 1):
                rows.append({"table": table, "row": number, "fields": _fields(block, scope, row, show)})
        except MappingError as error:
            errors.append(error.to_dict())
    return {
        "purpose": due.purpose.value,
        "occasion": due.occasion,
        "standard": layout.standard.layout,
        "rows": rows,
        "notes": [
            {
                "code": n.code,
                "table": n.table,
                "row": n.row,
                "field": n.field,
                "message_vi": n.message_vi,
                "message_en": n.message_en,
            }
            for n in run.notes
        ],
    }


def _fields(block: Block, scope: Scope, row: dict[str, str], show: Callable[[Any], str]) -> list[dict[str, Any]]:
    steps = {step.name: step for step in block.fields}
    found: list[dict[str, Any]] = []
    for name, text in row.items():
        step = steps.get(name)
        line: dict[str, Any] = {
            "field": name,
            "from": "",
            "source": "",
            "value": show(text) if text else "",
            "step": "",
            "file": None,
        }
        if step is None:
            if text:
                found.append({**line, "step": "(tự động / automatic)", "line": None})
            continue
        raw = _source_value(scope, step.value.label)
        line["from"] = step.value.label
        line["source"] = "" if raw is _UNKNOWN else show(raw)
        line["step"] = shown_node(step.node)
        found.append({**line, "file": step.value.where.file, "line": step.value.where.line})
    return found


_UNKNOWN = object()


def _source_value(scope: Scope, label: str) -> Any:
    """The raw value of a plain column; unknown for anything composed."""
    if label in scope.row:
        return scope.row[label]
    name, dot, column = label.partition(".")
    if dot and name in scope.names:
        row = scope.names[name](scope)
        return row[column]
    return _UNKNOWN


def _plain(value: Any) -> str:
    return "NULL" if value is None else str(value)
