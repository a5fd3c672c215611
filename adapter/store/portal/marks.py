"""Marks on MA_LK that keep their dossiers from being sent, as translation asks for them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from sqlalchemy import Connection, bindparam, select

from adapter.store.encounters.expected import MA_LK
from adapter.store.portal.imports import portions
from adapter.store.portal.schema import sent_elsewhere
from adapter.store.records import Unit
from adapter.store.words import BEFORE_START, SENT_ELSEWHERE
from adapter.vault import Vault


def skip_listed(connection: Connection, vault: Vault, facility: str, units: Sequence[Unit]) -> list[Unit]:
    """Units of an encounter, those marked as sent by other software turned into skipped ones."""
    blinds = {vault.blind(unit.ma_lk, MA_LK): None for unit in units}
    marked = active(connection, facility, list(blinds))
    if not marked:
        return list(units)
    return [
        replace(unit, skip_reason=SENT_ELSEWHERE)
        if unit.skip_reason in ("", BEFORE_START) and vault.blind(unit.ma_lk, MA_LK) in marked
        else unit
        for unit in units
    ]


def active(connection: Connection, facility: str, blinds: Sequence[bytes]) -> set[bytes]:
    """Those of ``blinds`` that are marked now."""
    found: set[bytes] = set()
    for part in portions(blinds):
        found |= {
            bytes(blind) for blind in connection.execute(_ACTIVE, {"of": facility, "blinds": list(part)}).scalars()
        }
    return found


_ACTIVE = select(sent_elsewhere.c.ma_lk_blind).where(
    sent_elsewhere.c.facility == bindparam("of"),
    sent_elsewhere.c.ma_lk_blind.in_(bindparam("blinds", expanding=True)),
    sent_elsewhere.c.revoked_at.is_(None),
)
