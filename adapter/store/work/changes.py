"""What differs between two contents of a dossier, told without a single value."""

from __future__ import annotations

from adapter.dossier.model import Dossier

_AT_MOST = 12


def changed_fields(old: Dossier, new: Dossier) -> tuple[str, ...]:
    """``TABLE.FIELD`` for every field that differs, ``TABLE(+n rows)`` where rows came or went."""
    found: dict[str, None] = {}
    if old.standard != new.standard:
        found[f"standard {old.standard}→{new.standard}"] = None
    for table in sorted({*old.tables, *new.tables}, key=_table_order):
        before, after = old.rows(table), new.rows(table)
        if len(before) != len(after):
            found[f"{table}({len(after) - len(before):+d} rows)"] = None
        for was, now in zip(before, after, strict=False):
            for name in {**was, **now}:
                if was.get(name, "") != now.get(name, ""):
                    found[f"{table}.{name}"] = None
    return tuple(found)


def told(fields: tuple[str, ...]) -> str:
    """The fields as one short text; the rest is counted."""
    if not fields:
        return "form only"
    rest = len(fields) - _AT_MOST
    return ", ".join(fields[:_AT_MOST]) + (f" and {rest} more" if rest > 0 else "")


def _table_order(name: str) -> tuple[int, str]:
    digits = "".join(c for c in name if c.isdigit())
    return (int(digits) if digits else 0, name)
