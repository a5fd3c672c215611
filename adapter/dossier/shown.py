"""A dossier's rows as people read them: fields in the layout's order, however they were kept."""

from __future__ import annotations

from adapter.dossier.model import Dossier
from adapter.standard.spec import written_as


def laid_out(dossier: Dossier) -> dict[str, list[dict[str, str]]]:
    """Every row by table, its fields in the order of the layout; those the layout does not know come last."""
    known = written_as(dossier.standard).tables
    shown: dict[str, list[dict[str, str]]] = {}
    for table, rows in dossier.tables.items():
        names = known[table].names if table in known else ()
        shown[table] = [{**{name: row[name] for name in names if name in row}, **row} for row in rows]
    return shown
