"""Small mappings and encounters for tests of the mapping language."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from adapter.clock import VIETNAM
from adapter.dossier.model import Purpose
from adapter.mapping import Due, Plan, Translation
from adapter.mapping.extending import Resolved
from adapter.mapping.loading import compile_mapping
from adapter.mapping.yamltree import parse_tree
from adapter.source import SourceEncounter

NOW = datetime(2026, 11, 22, 8, 0, tzinfo=VIETNAM)
FACILITY = "01999"

HEAD = """\
mapping: small
standard: "3176"
source:
  connector: sql
  encounters: {query: SELECT, key: ID, changed_at: ID}
  collections:
    items: {query: SELECT, parent: ID}
    uses: {query: SELECT, parent: ID}
"""


def plan_of(text: str, folder: Path | None = None) -> Plan:
    """A plan from the text of a whole mapping file."""
    path = (folder or Path()) / "mapping.yaml"
    return compile_mapping(Resolved(parse_tree(textwrap.dedent(text), "mapping.yaml")), path)


def plan(tables: str, *, head: str = HEAD, folder: Path | None = None) -> Plan:
    """A plan whose ``tables`` (and other keys) are given; the source has collections items and uses."""
    return plan_of(head + textwrap.dedent(tables), folder)


def encounter(row: Mapping[str, Any], **collections: Sequence[Mapping[str, Any]]) -> SourceEncounter:
    """An encounter with every collection of :data:`HEAD`, empty unless given."""
    return SourceEncounter("1", "1", dict(row), {"items": [], "uses": [], **collections})


def translate(
    plan: Plan, row: Mapping[str, Any], *, purpose: Purpose = Purpose.CLAIM, occasion: str = "", **collections: Any
) -> Translation:
    """The translation of one encounter, at a fixed time, for facility 01999."""
    due = Due(purpose, occasion)
    return plan.translate_noted(encounter(row, **collections), due, facility=FACILITY, now=NOW)


def field(value: str, row: Mapping[str, Any], target: str = "XML1.GHI_CHU", extra: str = "", **collections: Any) -> str:
    """What one field of a one-row table becomes; ``value`` is the YAML after the colon."""
    table, _, name = target.partition(".")
    mapped = plan(f"{extra}tables:\n  XML1:\n    MA_LK: {{const: K1}}\n" + _target(table, name, value))
    return translate(mapped, row, **collections).dossier.rows(table)[0][name]


def _target(table: str, name: str, value: str) -> str:
    line = f"    {name}: {value}\n"
    return line if table == "XML1" else f"  {table}:\n{line}"
