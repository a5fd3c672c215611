"""What became of one source encounter: asked by feeds that answer whoever handed it in."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select

from adapter.store.encounters.intake import SOURCE_KEY
from adapter.store.tables.database import Database
from adapter.store.tables.schema import dossiers, encounters
from adapter.vault import Vault


def dossiers_of(database: Database, vault: Vault, facility: str, source: str, key: str) -> list[int] | None:
    """Ids of the dossiers of an encounter; None while it is unknown or still waits to be translated."""
    with database.read() as connection:
        row: Any = connection.execute(
            select(encounters.c.id, encounters.c.pending).where(
                encounters.c.facility == facility,
                encounters.c.source == source,
                encounters.c.key_blind == vault.blind(key, SOURCE_KEY),
            )
        ).one_or_none()
        if row is None or row.pending:
            return None
        found = connection.execute(
            select(dossiers.c.id).where(dossiers.c.encounter_id == row.id).order_by(dossiers.c.id)
        )
        return [int(one.id) for one in found]
