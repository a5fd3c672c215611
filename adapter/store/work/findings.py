"""Findings in the store: rule and place clear, value and texts sealed."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from sqlalchemy import Connection, Row, delete, insert, select

from adapter.rules.finding import Finding
from adapter.store.tables.schema import findings
from adapter.vault import Vault

_PURPOSE = "finding"


def save_findings(connection: Connection, vault: Vault, revision_id: int, found: Iterable[Finding]) -> None:
    """Replace a revision's findings by these."""
    connection.execute(delete(findings).where(findings.c.revision_id == revision_id))
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
        for f in found
    ]
    if rows:
        connection.execute(insert(findings), rows)


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
