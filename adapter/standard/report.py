"""What is in force on a day, and what changes between two days, as plain data for screens and scripts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from datetime import date
from typing import Any

from adapter.standard.layers import Layer
from adapter.standard.model import CodeSet, FieldSpec, Standard
from adapter.standard.spec import effective_on, layers, renamed_fields

_COMPARED = (
    "pos", "xml_type", "kind", "max_len", "required", "separator", "code_list", "meaning_vi", "meaning_en", "notes",
)  # fmt: skip


def show(on: date, pin: str | None = None) -> dict[str, Any]:
    """The standard on a day: layout, decisions in force and to come, tables, code sets, parameters."""
    standard = effective_on(on, pin)
    known = {layer.head.id: layer for layer in layers()}
    return {
        "on": on.isoformat(),
        "layout": standard.layout,
        "layers": [_layer(known[name]) for name in standard.layers],
        "to_come": [_layer(layer) for layer in known.values() if layer.head.effective > on],
        "tables": [
            {
                "table": table.name,
                "title_vi": table.title_vi,
                "title_en": table.title_en,
                "carrier": table.carrier,
                "root": table.root,
                "fields": len(table.fields),
            }
            for table in standard.tables.values()
        ],
        "fields": sum(len(table.fields) for table in standard.tables.values()),
        "code_sets": [_summary(found) for _, found in sorted(standard.code_sets.items())],
        "parameters": dict(standard.parameters),
    }


def show_table(on: date, table: str, pin: str | None = None) -> dict[str, Any] | None:
    """One table with every field on a day; None when the day's layout has no such table."""
    found = effective_on(on, pin).tables.get(table)
    if found is None:
        return None
    return {
        "on": on.isoformat(),
        "table": found.name,
        "title_vi": found.title_vi,
        "title_en": found.title_en,
        "root": found.root,
        "list_element": found.list_element,
        "record_element": found.record_element,
        "fields": [asdict(field) for field in found.fields],
    }


def show_codes(on: date, name: str, pin: str | None = None) -> dict[str, Any] | None:
    """One code set on a day; None when none of that name is in force."""
    found = effective_on(on, pin).code_set(name)
    if found is None:
        return None
    return {
        "on": on.isoformat(),
        **_summary(found),
        "codes": dict(found.codes),
        "tolerated": dict(found.tolerated),
    }


def diff(before: date, after: date, pin_before: str | None = None, pin_after: str | None = None) -> dict[str, Any]:
    """What changes from one day (or layout) to another; every list is empty when nothing does."""
    old, new = effective_on(before, pin_before), effective_on(after, pin_after)
    return {
        "before": {"on": before.isoformat(), "layout": old.layout},
        "after": {"on": after.isoformat(), "layout": new.layout},
        "layers": {
            "added": [name for name in new.layers if name not in old.layers],
            "removed": [name for name in old.layers if name not in new.layers],
        },
        "tables": {
            "added": [name for name in new.tables if name not in old.tables],
            "removed": [name for name in old.tables if name not in new.tables],
        },
        "fields": [change for name in new.tables if name in old.tables for change in _fields(name, old, new)],
        "code_sets": _code_changes(old, new),
        "parameters": {
            name: [old.parameters.get(name), new.parameters.get(name)]
            for name in sorted({*old.parameters, *new.parameters})
            if old.parameters.get(name) != new.parameters.get(name)
        },
    }


def _layer(layer: Layer) -> dict[str, Any]:
    head = layer.head
    return {
        "id": head.id,
        "decision": head.decision,
        "title_vi": head.title_vi,
        "title_en": head.title_en,
        "effective": head.effective.isoformat(),
        "until": head.until.isoformat() if head.until else None,
        "selected_by": head.selected_by,
        "layout": head.layout,
        "certainty": head.certainty,
        "notes": head.notes,
    }


def _summary(found: CodeSet) -> dict[str, Any]:
    return {
        "set": found.name,
        "closed": found.closed,
        "prefix": found.prefix,
        "count": len(found.codes),
        "tolerated_count": len(found.tolerated),
    }


def _fields(table: str, old: Standard, new: Standard) -> list[dict[str, Any]]:
    before, after = old.tables[table].by_name, new.tables[table].by_name
    was = {now: name for name, now in renamed_fields(table).items() if name in before and now not in before}
    found: list[dict[str, Any]] = []
    for name, field in after.items():
        if name in before:
            changed = _attributes(before[name], field)
            # A field that only moved because another came or went has not changed.
            if set(changed) - {"pos"}:
                found.append({"table": table, "field": name, "change": "changed", "attributes": changed})
        elif name in was:
            changed = {"name": [was[name], name], **_attributes(before[was[name]], field)}
            found.append({"table": table, "field": name, "change": "renamed", "attributes": changed})
        else:
            found.append({"table": table, "field": name, "change": "added", "attributes": {"pos": [None, field.pos]}})
    gone = [name for name in before if name not in after and name not in was.values()]
    return found + [
        {"table": table, "field": name, "change": "removed", "attributes": {"pos": [before[name].pos, None]}}
        for name in gone
    ]


def _attributes(old: FieldSpec, new: FieldSpec) -> dict[str, list[Any]]:
    return {
        name: [getattr(old, name), getattr(new, name)] for name in _COMPARED if getattr(old, name) != getattr(new, name)
    }


def _code_changes(old: Standard, new: Standard) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    for name in sorted({*old.code_sets, *new.code_sets}):
        before, after = old.code_sets.get(name, _none(name)), new.code_sets.get(name, _none(name))
        change = {
            "set": name,
            "closed": [before.closed, after.closed],
            "added": _missing(after.codes, before.codes),
            "removed": _missing(before.codes, after.codes),
            "relabelled": {c: [before.codes[c], after.codes[c]] for c in after.codes if _other(before, after, c)},
            "tolerated": dict(after.tolerated) if after.tolerated != before.tolerated else {},
        }
        if before != after:
            found.append(change)
    return found


def _missing(these: Mapping[str, str], those: Mapping[str, str]) -> dict[str, str]:
    return {code: label for code, label in these.items() if code not in those}


def _other(before: CodeSet, after: CodeSet, code: str) -> bool:
    return code in before.codes and before.codes[code] != after.codes[code]


def _none(name: str) -> CodeSet:
    return CodeSet(name, {}, {}, closed=False, prefix=False)
