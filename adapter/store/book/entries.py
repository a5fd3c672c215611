"""One line per visit, kept in the transaction that saves its revision, and the facts no XML table carries."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from adapter.store.book.schema import book_entries
from adapter.store.book.unit import BookUnit
from adapter.store.tables.statements import add, change
from adapter.vault import Vault

EXTRA, JUDGED = "book-extra", "book-judged"


def keep_entry(
    connection: Connection,
    vault: Vault,
    unit: BookUnit,
    *,
    dossier_id: int,
    facility: str,
    now: datetime,
    keep_until: datetime,
) -> None:
    """Write or replace a dossier's line."""
    values = entry_row(vault, unit, facility=facility, now=now, keep_until=keep_until)
    if not change(connection, book_entries, {"dossier_id": dossier_id}, values):
        add(connection, book_entries, {"dossier_id": dossier_id, **values})


def entry_row(vault: Vault, unit: BookUnit, *, facility: str, now: datetime, keep_until: datetime) -> dict[str, Any]:
    """A line, but for the dossier it belongs to."""
    return {
        "facility": facility,
        "ended_at": unit.ended_at,
        "insured": unit.insured,
        "visit_type": unit.visit_type[:4],
        "reach": unit.completeness.reach,
        "filled": " ".join(sorted(unit.completeness.filled)),
        "empty": " ".join(sorted(unit.completeness.empty)),
        "judged_sealed": vault.seal(_bytes(unit.judged), JUDGED),
        "extra_sealed": vault.seal(_bytes(unit.extra), EXTRA),
        "saved_at": now,
        "keep_until": keep_until,
    }


def _bytes(document: Mapping[str, Any]) -> bytes:
    return json.dumps(document, ensure_ascii=False, sort_keys=True).encode("utf-8")
