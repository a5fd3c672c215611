"""What the demo hospital bills: amounts as the cashier of demo HIS B leaves them.

Formulas of the annex (QĐ 130/4750/3176): rows are rounded once, half away from zero, to
2 decimals; the share of the fund is taken from the insured amount; a visit below 15 % of
the base salary is paid in full. Money is Decimal and leaves as text with four decimals.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

Row = dict[str, Any]
CENT, MILLI = Decimal("0.01"), Decimal("0.001")
INSURED, SELF_PAID = 1, 42
HUNDRED = Decimal(100)


def r2(value: Decimal) -> Decimal:
    return value.quantize(CENT, ROUND_HALF_UP)


def text(value: Decimal | int) -> str:
    """NUMBER(19,4) as TEXT."""
    return f"{Decimal(value):.4f}"


def base_salary(parameters: Mapping[str, Any], day: date) -> Decimal:
    """đồng a month on that day."""
    found = [entry["amount"] for entry in parameters["base_salary"] if entry["from"] <= day]
    return Decimal(found[-1])


def line_amounts(row: Row, kind: int | None) -> tuple[Decimal, Decimal]:
    """(amount at the facility's price, insured amount) of one served item."""
    quantity = Decimal(row["AMOUNT"])
    vat = 1 + Decimal(row["VAT_RATIO"] or 0)
    share = Decimal(1) if row["HEIN_LIMIT_RATIO"] is None else Decimal(row["HEIN_LIMIT_RATIO"])
    if kind in (1, 3):
        price = (Decimal(row["PRICE"]) * vat).quantize(MILLI, ROUND_HALF_UP)
        return r2(quantity * price), r2(quantity * price * share)
    original = (Decimal(row["ORIGINAL_PRICE"]) * vat).quantize(MILLI, ROUND_HALF_UP)
    ratio = Decimal(row["PRICE"]) / Decimal(row["ORIGINAL_PRICE"])
    insured = original if row["HEIN_LIMIT_PRICE"] is None else Decimal(row["HEIN_LIMIT_PRICE"])
    return r2(quantity * original * ratio), r2(quantity * min(insured, original) * ratio * share)


def settle(
    items: Iterable[tuple[Row, int | None, datetime]],
    payers: list[Row],
    parameters: Mapping[str, Any],
    arrival: datetime,
    *,
    exempt: bool = False,
) -> None:
    """Fill HEIN_RATIO, TOTAL_HEIN_PRICE, TOTAL_COPAY and VIR_TOTAL_PRICE of every item.

    ``items`` are (row, product kind or None, order time); ``payers`` the cards in order.
    """
    lines = [(row, *line_amounts(row, kind), at) for row, kind, at in items]
    total = sum((bh for row, _, bh, _ in lines if row["PAYER_TYPE_ID"] == INSURED and counts(row)), Decimal(0))
    salary = base_salary(parameters, arrival.date())
    below = total < salary * parameters["full_benefit_below_percent"] / HUNDRED
    for row, gross, insured, at in lines:
        row["VIR_TOTAL_PRICE"] = text(gross)
        if row["PAYER_TYPE_ID"] != INSURED or not payers:
            continue
        rate = HUNDRED if below or exempt else _card_rate(payers, parameters, at)
        support = Decimal(row["OTHER_SOURCE_PRICE"] or 0)
        fund, copay, own = r2(insured * rate / HUNDRED), Decimal(0), gross - insured
        copay = insured - fund
        copay_left = max(copay - max(support - own, Decimal(0)), Decimal(0))
        fund -= max(support - own - copay, Decimal(0))
        row["HEIN_RATIO"] = text(rate / HUNDRED)
        row["TOTAL_HEIN_PRICE"] = text(fund)
        row["TOTAL_COPAY"] = text(copay_left)


def counts(row: Row) -> bool:
    """Whether an item is billed at all: not deleted, executed, not used up by a service."""
    return not (row["IS_DELETE"] or row["IS_NO_EXECUTE"] or row["IS_EXPEND"]) and Decimal(row["AMOUNT"]) > 0


def _card_rate(payers: list[Row], parameters: Mapping[str, Any], at: datetime) -> Decimal:
    day = int(at.strftime("%Y%m%d")) * 1_000_000
    valid = [p for p in payers if p["CARD_FROM_TIME"] <= day <= p["CARD_TO_TIME"]] or payers
    return Decimal(parameters["card_rates"][valid[0]["CARD_NUMBER"][2]])
