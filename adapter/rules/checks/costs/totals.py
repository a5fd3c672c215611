"""The totals of XML1 against the rows of XML2 and XML3, and against one another.

They run after the rows, so a total stays silent where a row already explains it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from decimal import Decimal

from adapter.dossier.model import Purpose
from adapter.rules.checks.common import FORCES
from adapter.rules.checks.costs.money import HUNDREDTH, SHARES, SUPPLIES, limits_of, numbers, off
from adapter.rules.registry import Answer, Hit, row_rule, rule
from adapter.rules.values import ZERO, decimals, number, round2
from adapter.rules.view import Row, View, add

TOTALS = (
    "T_THUOC",
    "T_VTYT",
    "T_TONGCHI_BV",
    "T_TONGCHI_BH",
    "T_BNTT",
    "T_BNCCT",
    "T_BHTT",
    "T_NGUONKHAC",
    "T_BHTT_GDV",
)


def _bare(v: View) -> bool:
    """An uninsured visit, or one for the health book, sent without cost rows: its sums cannot be compared."""
    return (v.uninsured or v.purpose is Purpose.BOOK) and not v.detail


def _partly(v: View) -> bool:
    """Whether a cost table stands in the file but could not be read."""
    return "XML2" in v.unreadable or "XML3" in v.unreadable


def _sum_rule(rule_id: str, field: str, sum_of: Callable[[View], Decimal | None]) -> None:
    def check(v: View) -> Iterator[Hit]:
        stated, total = number(v.x1[field]), sum_of(v)
        if (
            stated is not None
            and total is not None
            and not _bare(v)
            and (hit := off(v.once(limits_of), field, stated, round2(total)))
        ):
            yield hit

    rule(rule_id)(check)


def _both(field: str) -> Callable[[View], Decimal | None]:
    return lambda v: add((v.total("XML2", field), v.total("XML3", field)))


_sum_rule("X1-MONEY-001", "T_THUOC", lambda v: v.total("XML2", "THANH_TIEN_BV"))
_sum_rule(
    "X1-MONEY-002",
    "T_VTYT",
    lambda v: (
        None if "XML3" in v.unreadable else add(number(r["THANH_TIEN_BV"]) for r in v.rows("XML3").of_groups(SUPPLIES))
    ),
)
_sum_rule("X1-MONEY-003", "T_TONGCHI_BV", _both("THANH_TIEN_BV"))
_sum_rule("X1-MONEY-004", "T_TONGCHI_BH", _both("THANH_TIEN_BH"))
_sum_rule("X1-MONEY-005", "T_BNTT", _both("T_BNTT"))
_sum_rule("X1-MONEY-006", "T_BNCCT", _both("T_BNCCT"))
_sum_rule("X1-MONEY-009", "T_NGUONKHAC", _both("T_NGUONKHAC"))


@rule("X1-MONEY-007")
def _fund_total(v: View) -> Iterator[Hit]:
    stated, total = number(v.x1["T_BHTT"]), _both("T_BHTT")(v)
    if stated is None or total is None or (v.purpose is Purpose.BOOK and not v.detail):
        return
    hit = off(v.once(limits_of), "T_BHTT", stated, round2(total))
    if hit and not _explained_by_rows(v, stated - total):
        yield hit


def _explained_by_rows(v: View, difference: Decimal) -> bool:
    """Whether rows whose T_BHTT is already faulted are off by just this much."""
    missed = ZERO
    if not v.fired_anywhere("X2-MONEY-010", "X3-MONEY-010"):
        return False
    for row in v.detail:
        if v.fired(row, f"X{row.table[3:]}-MONEY-010"):
            got = numbers(row, "T_BHTT", "THANH_TIEN_BH", "MUC_HUONG")
            if got:
                missed += round2(got[1] * got[2] * HUNDREDTH) - got[0]
    return missed != 0 and abs(missed - difference) <= v.options.info_up_to


# A total that differs from its rows already explains why the identities of XML1 fail.
_SUMS = ("X1-MONEY-003", "X1-MONEY-004", "X1-MONEY-005", "X1-MONEY-006", "X1-MONEY-007", "X1-MONEY-009")


@rule("X1-MONEY-008")
def _fund_from_insured(v: View) -> Iterator[Hit]:
    got = numbers(v.x1, "T_BHTT", "T_TONGCHI_BH", "T_BNCCT", "T_NGUONKHAC")
    if got and got[3] == 0 and not v.fired_anywhere(*_SUMS):
        hit = off(v.once(limits_of), "T_BHTT", got[0], round2(got[1] - got[2]))
        if hit:
            yield hit


@rule("X1-MONEY-010")
def _four_payers(v: View) -> Iterator[Hit]:
    got = numbers(v.x1, "T_TONGCHI_BV", *SHARES)
    if got and not v.fired_anywhere(*_SUMS, "X1-MONEY-008"):
        hit = off(v.once(limits_of), "T_TONGCHI_BV", got[0], round2(sum(got[1:], ZERO)))
        if hit:
            yield hit


@rule("X1-MONEY-011")
def _fee_for_service(v: View) -> Iterator[Hit]:
    stated = number(v.x1["T_BHTT_GDV"])
    if stated is None or _partly(v) or v.prefix_in(FORCES):
        return
    total = ZERO
    for table in (v.rows("XML2"), v.rows("XML3")):
        if table.different("MA_PTTT") == {"1"} and (paid_by_fund := table.total("T_BHTT")) is not None:
            total += paid_by_fund
            continue
        for paid, how in zip(table.number_column("T_BHTT"), table.column("MA_PTTT"), strict=True):
            if not how or (how == "1" and paid is None):
                return
            if how == "1" and paid:
                total += paid
    if not _bare(v) and (hit := off(v.once(limits_of), "T_BHTT_GDV", stated, round2(total))):
        yield hit


@row_rule(("X1-MONEY-012", "XML1"))
def _negative(v: View, r: Row) -> Answer:
    recovery = v.category == "8"
    return [Hit(f, "warning" if recovery else None) for f in TOTALS if (number(r[f]) or ZERO) < 0]


@row_rule(("X1-MONEY-013", "XML1"))
def _too_fine(_: View, r: Row) -> Answer:
    return [Hit(f) for f in TOTALS if number(r[f]) is not None and decimals(r[f]) > 2]


@rule("X1-MONEY-014")
def _nested_totals(v: View) -> Iterator[Hit]:
    paid, insured, total = (number(v.x1[f]) for f in ("T_BHTT", "T_TONGCHI_BH", "T_TONGCHI_BV"))
    if paid is not None and insured is not None and paid > insured + v.options.info_up_to:
        yield Hit("T_BHTT")
    if insured is not None and total is not None and insured > total + v.options.info_up_to:
        yield Hit("T_TONGCHI_BH", "warning")


@rule("X1-MONEY-015")
def _nothing_claimed(v: View) -> Iterator[Hit]:
    if v.cards and v.category and not v.uninsured and v.detail and number(v.x1["T_BHTT"]) == 0:
        yield Hit("T_BHTT")


@rule("X1-MONEY-016")
def _totals_without_rows(v: View) -> Iterator[Hit]:
    if _partly(v):
        return
    if not v.detail:
        for field in TOTALS:
            if (number(v.x1[field]) or ZERO) > 0:
                yield Hit(field, "info" if v.uninsured else None)
                return
    total = _both("THANH_TIEN_BV")(v)
    if total is not None and total > v.options.info_up_to and number(v.x1["T_TONGCHI_BV"]) == 0:
        yield Hit("T_TONGCHI_BV", expected=round2(total))


@rule("X1-MONEY-017")
def _no_rows(v: View) -> Iterator[Hit]:
    if not v.detail and not _partly(v) and v.rows("XML1"):
        yield Hit("", table="XML3")
