"""What the parts of the conversion share: numbering, dictionaries, and the forms demo HIS A writes."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from adapter.demo.his_a.dictionaries import Dictionaries
from adapter.demo.his_b.episode import Episode
from adapter.demo.his_b.money import MILLI, Row


def moment(stamp: int | None) -> str | None:
    """14 digits as SQL Server prints a datetime."""
    if stamp is None:
        return None
    return datetime.strptime(str(stamp), "%Y%m%d%H%M%S").strftime("%Y-%m-%d %H:%M:%S")  # noqa: DTZ007 -- local time


def day(stamp: int | None) -> str | None:
    """14 digits as a date."""
    text = moment(stamp)
    return text[:10] if text else None


@dataclass(frozen=True, slots=True)
class Stay:
    """An encounter and the numbers of its main rows here; ``record`` None for a plain examination."""

    episode: Episode
    visit: int
    record: int | None
    person: int


class Tables:
    """Rows gathered by table, each with the next number of its table."""

    def __init__(self, dictionaries: Dictionaries) -> None:
        self.d = dictionaries
        self.rows: dict[str, list[Row]] = defaultdict(list)
        self.ids: dict[str, int] = defaultdict(int)

    def add(self, table: str, key: str, **values: Any) -> int:
        """A row; its number comes back."""
        self.ids[table] += 1
        self.rows[table].append({key: self.ids[table], **values})
        return self.ids[table]

    def staff(self, login: str | None) -> Row:
        """A member of staff by login; without number and licence when unknown."""
        return self.d.staff.get(login or "", {"ID": None, "DIPLOMA": None})


def card_text(payer: Row) -> str | None:
    """Card and registration facility in one text of 20 characters."""
    return f"{payer['CARD_NUMBER']}{payer['CARD_ORG_CODE']}" if payer else None


def quantity(item: Row) -> str:
    return f"{Decimal(item['AMOUNT']):.3f}"


def prices(item: Row) -> tuple[Decimal, Decimal]:
    """The hospital's and the fund's unit price, three decimals."""
    price = (Decimal(item["ORIGINAL_PRICE"]) * (1 + Decimal(item["VAT_RATIO"] or 0))).quantize(MILLI, ROUND_HALF_UP)
    limit = item["HEIN_LIMIT_PRICE"]
    return price, price if limit is None else min(Decimal(limit), price)


def share(item: Row) -> Decimal:
    """Percent this line counts: of a service, how much is charged; of a drug, how much is insured."""
    if item["SERVICE_ID"] is not None:
        return Decimal(item["PRICE"]) / Decimal(item["ORIGINAL_PRICE"]) * 100
    return Decimal(100) if item["HEIN_LIMIT_RATIO"] is None else Decimal(item["HEIN_LIMIT_RATIO"]) * 100


def rate_text(percent: Decimal, number: int) -> str:
    """A rate as clerks type it: ``80``, ``80,00`` or ``80%``."""
    whole = f"{percent.quantize(Decimal(1), ROUND_HALF_UP)}"
    return (whole, f"{whole},00", f"{whole}%")[number % 3]
