"""What must come out of the encounters that were read: the left side of the equation."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from sqlalchemy import Connection, bindparam, delete, exists, select

from adapter.store.records import Expected
from adapter.store.tables.schema import dossiers, expectations
from adapter.store.tables.statements import add
from adapter.store.words import stand_in
from adapter.vault import Vault

MA_LK = "ma-lk"


def expect(
    connection: Connection,
    vault: Vault,
    *,
    facility: str,
    encounter_id: int,
    source_key: str,
    day: date,
    expected: Iterable[Expected],
) -> None:
    """Note what must come out of an encounter. An MA_LK another encounter owns is expected under a stand-in."""
    for one in expected:
        for ma_lk in (one.ma_lk, stand_in(source_key)):
            blind = vault.blind(ma_lk, MA_LK)
            owner = expectation_owner(connection, facility, blind, one.purpose, one.occasion)
            if owner is None:
                row = {
                    "facility": facility,
                    "encounter_id": encounter_id,
                    "ma_lk_blind": blind,
                    "purpose": one.purpose,
                    "occasion": one.occasion,
                    "first_day": day,
                }
                add(connection, expectations, row)
            if owner is None or owner == encounter_id:
                break


def expectation_owner(connection: Connection, facility: str, blind: bytes, purpose: str, occasion: str) -> int | None:
    """The encounter a dossier's key is expected from; None when nobody claims it."""
    asked = {"of_facility": facility, "blind": blind, "of_purpose": purpose, "of_occasion": occasion}
    return connection.execute(_OWNER, asked).scalar_one_or_none()


def withdraw_unmet(connection: Connection, encounter_id: int) -> None:
    """Forget expectations that never became a dossier: readiness is judged anew."""
    connection.execute(_WITHDRAW, {"of": encounter_id})


_OWNER = select(expectations.c.encounter_id).where(
    expectations.c.facility == bindparam("of_facility"),
    expectations.c.ma_lk_blind == bindparam("blind"),
    expectations.c.purpose == bindparam("of_purpose"),
    expectations.c.occasion == bindparam("of_occasion"),
)
_MET = exists().where(
    dossiers.c.facility == expectations.c.facility,
    dossiers.c.ma_lk_blind == expectations.c.ma_lk_blind,
    dossiers.c.purpose == expectations.c.purpose,
    dossiers.c.occasion == expectations.c.occasion,
)
_WITHDRAW = delete(expectations).where(expectations.c.encounter_id == bindparam("of"), ~_MET)
