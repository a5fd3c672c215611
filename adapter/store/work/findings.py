"""Findings in the store: rule and place clear, value and texts sealed."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import Connection, Row, bindparam, delete, insert, select

from adapter.rules.finding import Finding
from adapter.store.tables.schema import findings
from adapter.vault import Vault

_PURPOSE = "finding"


_OF_MAPPING = "MAP-"
"""Begins the code of everything translation notes; a check of the rules leaves these where they are."""


def save_findings(
    connection: Connection, vault: Vault, found: Mapping[int, Iterable[Finding]], *, keep_notes: bool = False
) -> None:
    """Replace the findings of revisions (id → findings) by these; ``keep_notes`` spares what translation noted."""
    connection.execute(_FORGET_CHECKED if keep_notes else _FORGET, {"of": list(found)})
    add_findings(connection, vault, found)


def add_findings(connection: Connection, vault: Vault, found: Mapping[int, Iterable[Finding]]) -> None:
    """Add the findings of revisions that have none yet."""
    rows = [
        {
            "revision_id": revision_id,
            "rule": f.rule,
            "severity": f.severity,
            "table_name": f.table,
            "row_number": f.row,
            "field": f.field,
            "text_sealed": vault.seal_text(json.dumps([f.value, f.message_vi, f.message_en, f.override]), _PURPOSE),
        }
        for revision_id, mine in found.items()
        for f in mine
    ]
    if rows:
        connection.execute(_ADD, rows)


_FORGET = delete(findings).where(findings.c.revision_id.in_(bindparam("of", expanding=True)))
_FORGET_CHECKED = _FORGET.where(~findings.c.rule.like(f"{_OF_MAPPING}%"))
_ADD = insert(findings)


def load_findings(connection: Connection, vault: Vault, revision_id: int) -> tuple[Finding, ...]:
    """A revision's findings, in the order they were found."""
    rows = connection.execute(
        select(findings).where(findings.c.revision_id == revision_id).order_by(findings.c.id)
    ).all()
    return tuple(opened(row, vault) for row in rows)


def opened(row: Row[Any], vault: Vault) -> Finding:
    """A stored finding with its value and texts."""
    texts = json.loads(vault.open_text(row.text_sealed, _PURPOSE))  # three of them before overrides were kept
    return Finding(row.rule, row.severity, row.table_name, row.row_number, row.field, *texts)
