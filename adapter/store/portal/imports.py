"""The record of one list taken in from the portal."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

from sqlalchemy import Connection, insert

from adapter.store.people.audit import Entry
from adapter.store.portal.schema import portal_imports
from adapter.vault import Vault

FILE_NAME = "portal-file-name"
_AT_ONCE = 400
_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Source:
    """The file a list came from. ``exported_at``: not later than anything it tells about."""

    kind: str
    name: str
    sha256: str
    rows: int
    exported_at: datetime


def note_import(
    connection: Connection, vault: Vault, facility: str, source: Source, *, matched: int, now: datetime, actor: str
) -> int:
    """Add the record of an import; its id."""
    row = connection.execute(
        insert(portal_imports)
        .values(
            facility=facility,
            kind=source.kind,
            sha256=source.sha256,
            name_sealed=vault.seal_text(source.name, FILE_NAME),
            exported_at=source.exported_at,
            rows=source.rows,
            matched=matched,
            at=now,
            actor=actor,
        )
        .returning(portal_imports.c.id)
    )
    return int(row.scalar_one())


def import_entry(
    action: str, facility: str, number: int, source: Source, *, actor: str, counts: Mapping[str, int]
) -> Entry:
    """An import's line for the audit log."""
    detail = {"sha256": source.sha256, "rows": source.rows, **counts}
    return Entry(action, actor, facility=facility, kind="import", object=str(number), detail=detail)


def portions(values: Sequence[_T]) -> Iterator[Sequence[_T]]:
    """Few enough values for one IN list at a time."""
    for start in range(0, len(values), _AT_ONCE):
        yield values[start : start + _AT_ONCE]
