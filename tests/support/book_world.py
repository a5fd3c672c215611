"""Ten invented visits as dossiers with their further facts, and their books."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml

from adapter.dossier.model import Dossier, Purpose
from adapter.healthbook.model import HealthBook
from adapter.healthbook.names import load_names
from adapter.healthbook.privacy import View, load_rules, view
from adapter.healthbook.projection import project

GOLDEN = Path(__file__).resolve().parents[1] / "unit" / "healthbook" / "golden"
FOLDER = Path(__file__).resolve().parents[1] / "unit" / "healthbook"


@dataclass(frozen=True)
class Visit:
    """One visit as translate would hand it on."""

    dossier: Dossier
    extra: Mapping[str, Any]

    @property
    def book(self) -> HealthBook:
        return project(self.dossier, self.extra, load_names(FOLDER / "names"))

    def seen(self, *decisions: Any, privileged: bool = False) -> View:
        return view(self.book, self.dossier, self.extra, load_rules(), decisions, may_see_withheld=privileged)

    def with_values(self, table: str, **values: str) -> Visit:
        """The same visit with other values in the first row of a table."""
        rows = [dict(r) for r in self.dossier.rows(table)] or [{}]
        rows[0] |= values
        return Visit(self._with({**self.dossier.tables, table: rows}), self.extra)

    def with_extra(self, **extra: Any) -> Visit:
        return Visit(self.dossier, {**self.extra, **extra})

    def self_paid(self) -> Visit:
        """The same visit without a card."""
        without = self.with_values("XML1", MA_THE_BHYT="", MA_DKBD="", GT_THE_TU="", GT_THE_DEN="")
        d = without.dossier
        return Visit(Dossier(d.facility, d.ma_lk, Purpose.BOOK, d.standard, d.tables), self.extra)

    def _with(self, tables: Mapping[str, Any]) -> Dossier:
        d = self.dossier
        return Dossier(d.facility, d.ma_lk, d.purpose, d.standard, tables)


def visits() -> dict[str, Visit]:
    """Name → visit."""
    return {name: visit(name) for name in _document()}


def visit(name: str) -> Visit:
    """One of them."""
    said = _document()[name]
    ma_lk = said["tables"]["XML1"][0]["MA_LK"]
    tables = {table: tuple(rows) for table, rows in said["tables"].items()}
    return Visit(Dossier("01999", ma_lk, Purpose(said["purpose"]), "3176", tables), said["extra"])


def golden(one: Visit) -> str:
    """What an ordinary reader gets of a visit, as it is kept to compare with."""
    return json.dumps(one.seen().book.to_json(), ensure_ascii=False, indent=1, sort_keys=True) + "\n"


@lru_cache(maxsize=1)
def _document() -> dict[str, Any]:
    document: dict[str, Any] = yaml.safe_load((FOLDER / "encounters.yaml").read_text(encoding="utf-8"))
    return document
