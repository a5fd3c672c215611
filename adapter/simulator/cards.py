"""Invented insurance cards for the look-up services: register, history, co-payment ledger."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from adapter.simulator.database import Database

CardCode = Literal[
    "000", "001", "002", "003", "004", "010", "100", "101", "110", "120", "121", "122", "123", "124", "130"
]  # fmt: skip


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Visit(_Part):
    """One line of the treatment history. Times are ``yyyyMMddHHmm``."""

    facility: str
    start: str
    end: str
    disease: str = ""
    state: str = ""
    result: str = ""
    reason: str = ""


class CoPayment(_Part):
    """One line of the co-payment ledger. Days are ``dd/MM/yyyy``, amounts đồng as text."""

    facility: str
    start: str
    end: str
    category: str = ""
    amount: str
    total: str
    received: str = ""


class SimCard(_Part):
    """One card; ``number`` (15), ``insurance`` (10) and ``citizen`` (12) all find it. Days are ``dd/MM/yyyy``."""

    number: Annotated[str, Field(pattern=r"^[A-Z0-9]{15}$")]
    name: str
    birth: Annotated[str, Field(pattern=r"^(\d{2}/\d{2}/|\d{2}/)?\d{4}$")]
    sex: str = "Nam"
    address: str = ""
    insurance: str = ""
    citizen: str = ""
    registered_at: str = ""
    valid_from: str = ""
    valid_to: str = ""
    five_years: str = ""
    region: str = ""
    code: CardCode = "000"
    new_number: str = ""
    new_from: str = ""
    new_to: str = ""
    visits: tuple[Visit, ...] = ()
    copayments: tuple[CoPayment, ...] = ()


class CardRegister:
    """Cards in the simulator's database, found by any of their three numbers."""

    def __init__(self, database: Database) -> None:
        self._database = database
        database.execute("CREATE TABLE IF NOT EXISTS cards (number TEXT PRIMARY KEY, document TEXT NOT NULL)")

    def put(self, card: SimCard) -> None:
        """Add or replace a card under each of its numbers."""
        for number in filter(None, (card.number, card.insurance, card.citizen)):
            self._database.execute(
                "INSERT OR REPLACE INTO cards (number, document) VALUES (?, ?)", number, card.model_dump_json()
            )

    def find(self, number: str) -> SimCard | None:
        found = self._database.rows("SELECT document FROM cards WHERE number = ?", number)
        return SimCard.model_validate_json(found[0]["document"]) if found else None
