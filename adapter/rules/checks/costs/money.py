"""Amounts of a row in XML2 and XML3: what it costs, what the fund counts, who pays."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from decimal import Decimal
from typing import NamedTuple, TypeVar

from adapter.rules.checks.common import FORCES, base_salary
from adapter.rules.registry import Answer, Answers, Hit, pure_rule, rule, table_rule
from adapter.rules.values import ZERO, number, round2
from adapter.rules.view import Row, Rows, View, add

T = TypeVar("T", bound=Callable[..., Answer])
HUNDRED = Decimal(100)
HUNDREDTH = Decimal("0.01")
"""Multiplying by it is exact, as dividing by a hundred is, and quicker."""
SHARES = ("T_BNTT", "T_BNCCT", "T_BHTT", "T_NGUONKHAC")
SUPPLIES = frozenset({"10", "11"})
_SOURCES = ("T_NGUONKHAC_NSNN", "T_NGUONKHAC_VTNN", "T_NGUONKHAC_VTTN", "T_NGUONKHAC_CL")


class Limits(NamedTuple):
    """What a sum may differ by, and the layout whose formulas hold."""

    layout: str
    silent_up_to: Decimal
    info_up_to: Decimal


def limits_of(v: View) -> Limits:
    """The tolerances of the day, and the dossier's layout."""
    return Limits(v.layout, v.options.silent_up_to, v.options.info_up_to)


def off(limits: Limits, field: str, stated: Decimal, *right: Decimal) -> Hit | None:
    """A hit when the stated amount fits none of the right ones: info within the tolerance, else the rule's weight."""
    if stated in right:
        return None
    difference = min(abs(stated - r) for r in right)
    if difference <= limits.silent_up_to:
        return None
    return Hit(field, "info" if difference <= limits.info_up_to else None, right[0])


def amounts(
    *places: tuple[str, str],
    numbers: Sequence[str],
    texts: Sequence[str] = (),
    unless: Callable[[View, Row], bool] | None = None,
) -> Callable[[T], T]:
    """Bind a condition on the amounts of a row to (id, table) pairs: called with limits, the numbers, then texts.

    Silent where one of the numbers is empty or broken; ``unless`` as for :func:`pure_rule`.
    """

    def bind(check: T) -> T:
        def asked(limits: Limits, *row: str) -> Answer:
            values = [number(text) for text in row[: len(numbers)]]
            return None if any(v is None for v in values) else check(limits, values, *row[len(numbers) :])

        pure_rule(*places, fields=(*numbers, *texts), given=lambda v: v.once(limits_of), unless=unless)(asked)
        return check

    return bind


def numbers(r: Row, *fields: str) -> list[Decimal] | None:
    """The numbers, or None as soon as one is empty or broken."""
    found = []
    for field in fields:
        value = number(r[field])
        if value is None:
            return None
        found.append(value)
    return found


@amounts(("X2-MONEY-001", "XML2"), numbers=("THANH_TIEN_BV", "SO_LUONG", "DON_GIA"))
def _drug_amount(limits: Limits, got: Sequence[Decimal]) -> Answer:
    stated, quantity, price = got
    return off(limits, "THANH_TIEN_BV", stated, round2(quantity * price))


@amounts(
    ("X2-MONEY-002", "XML2"),
    numbers=("THANH_TIEN_BH", "SO_LUONG", "DON_GIA", "TYLE_TT_BH"),
    texts=("T_NGUONKHAC",),
)
def _drug_insured_amount(limits: Limits, got: Sequence[Decimal], other: str) -> Answer:
    stated, quantity, price, share = got
    right = [round2(quantity * price * share * HUNDREDTH)]
    support = number(other) or ZERO
    if support > 0:
        # Support given to the facility lowers the insured amount first.
        right.append(round2((quantity * price - support) * share * HUNDREDTH))
    return off(limits, "THANH_TIEN_BH", stated, *right)


@amounts(
    ("X3-MONEY-001", "XML3"),
    numbers=("THANH_TIEN_BV", "SO_LUONG", "DON_GIA_BV", "DON_GIA_BH", "TYLE_TT_DV"),
)
def _service_amount(limits: Limits, got: Sequence[Decimal]) -> Answer:
    stated, quantity, own, insured, rate = got
    if limits.layout == "130":
        return off(limits, "THANH_TIEN_BV", stated, round2(quantity * own))
    form1 = round2(quantity * own * rate * HUNDREDTH)
    # The facility does not collect the part a reduced rate takes away (3176).
    form2 = round2(quantity * own - quantity * insured * (HUNDRED - rate) * HUNDREDTH)
    return off(limits, "THANH_TIEN_BV", stated, form1, form2)


@table_rule(("X3-MONEY-002", "XML3"))
def _old_formula(v: View, t: Rows) -> Answers:
    if v.layout == "130":
        return
    for row, (stated, quantity, own, rate) in t.numbers("THANH_TIEN_BV", "SO_LUONG", "DON_GIA_BV", "TYLE_TT_DV"):
        if rate < 100 and stated > 0 and stated == round2(quantity * own):
            yield row, "THANH_TIEN_BV"


@amounts(
    ("X3-MONEY-003", "XML3"),
    numbers=("THANH_TIEN_BH", "SO_LUONG", "DON_GIA_BH", "DON_GIA_BV", "TYLE_TT_DV", "TYLE_TT_BH"),
    texts=("T_NGUONKHAC",),
)
def _service_insured_amount(limits: Limits, got: Sequence[Decimal], other: str) -> Answer:
    stated, quantity, insured, own, rate, share = got
    right = [round2(quantity * insured * rate * share * HUNDREDTH * HUNDREDTH)]
    if limits.layout in {"130", "4750"}:
        # Before 3176 the service rate entered the insured amount only for shared beds and further consultations.
        right.append(round2(quantity * insured * share * HUNDREDTH))
    support = number(other) or ZERO
    if support > 0:
        if own != insured:
            # Support to the facility is not defined for two prices; only the identity is judged (X3-MONEY-014).
            return None
        right.append(round2((quantity * insured * rate * HUNDREDTH - support) * share * HUNDREDTH))
    return off(limits, "THANH_TIEN_BH", stated, *right)


def _capped(limits: Limits, cap: str) -> bool:
    """Rows of a capped package need not split one by one before 3176."""
    return limits.layout != "3176" and bool(cap)


_FUND = ("T_BHTT", "THANH_TIEN_BH", "MUC_HUONG", "T_NGUONKHAC")
_COPAY = ("T_BNCCT", "THANH_TIEN_BH", "T_BHTT", "T_NGUONKHAC")
_OWN = ("T_BNTT", "THANH_TIEN_BV", "THANH_TIEN_BH", "T_NGUONKHAC")
_CAP = ("T_TRANTT",)
"""Only a row of XML3 may belong to a capped package."""


@amounts(("X2-MONEY-010", "XML2"), numbers=_FUND)
@amounts(("X3-MONEY-010", "XML3"), numbers=_FUND, texts=_CAP)
def _fund_share(limits: Limits, got: Sequence[Decimal], cap: str = "") -> Answer:
    stated, insured, rate, support = got
    if support != 0 or cap:
        return None
    return off(limits, "T_BHTT", stated, round2(insured * rate * HUNDREDTH))


@amounts(("X2-MONEY-011", "XML2"), numbers=_COPAY)
@amounts(("X3-MONEY-011", "XML3"), numbers=_COPAY, texts=_CAP)
def _copayment(limits: Limits, got: Sequence[Decimal], cap: str = "") -> Answer:
    stated, insured, fund, support = got
    if support != 0 or _capped(limits, cap):
        return None
    return off(limits, "T_BNCCT", stated, insured - fund)


@amounts(("X2-MONEY-012", "XML2"), numbers=_OWN)
@amounts(("X3-MONEY-012", "XML3"), numbers=_OWN, texts=_CAP)
def _own_payment(limits: Limits, got: Sequence[Decimal], cap: str = "") -> Answer:
    stated, whole, insured, support = got
    if support != 0 or _capped(limits, cap):
        return None
    return off(limits, "T_BNTT", stated, whole - insured)


def _splits(r: Row, bv: Decimal, bh: Decimal, support: Decimal, rate: Decimal) -> list[tuple[Decimal, ...]]:
    """(T_BNTT, T_BNCCT, T_BHTT) of each way support may be counted, the patient's own first."""
    fund = round2(bh * rate * HUNDREDTH)
    copay, own = bh - fund, bv - bh
    to_patient = (
        max(own - support, ZERO),
        max(copay - max(support - own, ZERO), ZERO),
        fund - max(support - own - copay, ZERO),
    )
    to_facility = (bv - support - bh, bh - fund, fund)
    copay_taken_over = (own, ZERO, fund) if support == copay else to_patient
    same_price = r.table == "XML2" or number(r["DON_GIA_BV"]) == number(r["DON_GIA_BH"])
    return [to_patient, to_facility if same_price else to_patient, copay_taken_over]


@table_rule(("X2-MONEY-013", "XML2"), ("X3-MONEY-013", "XML3"))
def _support(v: View, t: Rows) -> Answers:
    if not any(t.number_column("T_NGUONKHAC")):
        return
    for row, (bv, bh, support, *shares, rate) in t.numbers(
        "THANH_TIEN_BV", "THANH_TIEN_BH", "T_NGUONKHAC", "T_BNTT", "T_BNCCT", "T_BHTT", "MUC_HUONG"
    ):
        if support <= 0 or (t.name == "XML3" and number(row["DON_GIA_BV"]) != number(row["DON_GIA_BH"])):
            continue
        ways = _splits(row, bv, bh, support, rate)
        wrong = [[abs(s - w) > v.options.info_up_to for s, w in zip(shares, way, strict=True)] for way in ways]
        if all(map(any, wrong)):
            first = wrong[0].index(True)
            yield row, Hit(SHARES[first], expected=ways[0][first])


def _explained(v: View, row: Row) -> bool:
    """Whether one of the row's parts is told to be wrong already."""
    return v.fired(row, *[f"X{row.table[3:]}-MONEY-{n}" for n in ("010", "011", "012")])


@amounts(
    ("X2-MONEY-014", "XML2"),
    ("X3-MONEY-014", "XML3"),
    numbers=("THANH_TIEN_BV", *SHARES),
    unless=_explained,
)
def _row_identity(limits: Limits, got: Sequence[Decimal]) -> Answer:
    whole, own, copay, fund, support = got
    return off(limits, "THANH_TIEN_BV", whole, own + copay + fund + support)


@amounts(("X2-MONEY-015", "XML2"), ("X3-MONEY-015", "XML3"), numbers=("T_NGUONKHAC",), texts=_SOURCES)
def _sources(limits: Limits, got: Sequence[Decimal], *sources: str) -> Answer:
    (stated,) = got
    # An empty source is none; one that is no number is told elsewhere.
    total = add(number(text or "0") for text in sources)
    return None if total is None else off(limits, "T_NGUONKHAC", stated, total)


@amounts(("X2-MONEY-016", "XML2"), ("X3-MONEY-016", "XML3"), numbers=("T_NGUONKHAC", "THANH_TIEN_BV"))
def _support_range(_: Limits, got: Sequence[Decimal]) -> Answer:
    support, whole = got
    return (support < 0 or support > whole) and "T_NGUONKHAC"


def _once(table: str) -> Callable[[View], Iterator[Hit]]:
    """PHAM_VI 2 paid by the fund: a system's habit, so it is told once per table."""

    def check(v: View) -> Iterator[Hit]:
        for row in v.rows(table):
            if row["PHAM_VI"] == "2" and (number(row["T_BHTT"]) or ZERO) > 0:
                yield Hit("T_BHTT", table=table, row=row.number)
                return

    return check


rule("X2-MONEY-017")(_once("XML2"))
rule("X3-MONEY-017")(_once("XML3"))


@table_rule(("X2-MONEY-018", "XML2"), ("X3-MONEY-018", "XML3"))
def _share_outside_scope(_: View, t: Rows) -> Answers:
    if "2" in t.different("PHAM_VI"):
        for row in t:
            if row["PHAM_VI"] == "2" and number(row["TYLE_TT_BH"]):
                yield row, "TYLE_TT_BH"


@table_rule(("X2-MONEY-019", "XML2"), ("X3-MONEY-019", "XML3"))
def _forces_only(v: View, t: Rows) -> Answers:
    if "3" in t.different("PHAM_VI") and not v.uninsured and not v.prefix_in(FORCES):
        for row in t:
            if row["PHAM_VI"] == "3":
                yield row, "PHAM_VI"


def _base_code(r: Row) -> str:
    return r["MA_DICH_VU"].partition("_")[0]


@table_rule(("X3-MONEY-004", "XML3"))
def _above_level(v: View, t: Rows) -> Answers:
    for row, (cap, fund, quantity) in t.numbers("T_TRANTT", "T_BHTT", "SO_LUONG"):
        # 3176: the level is per unit; before it was the cap of a whole package.
        level = cap * max(quantity, Decimal(1)) if v.layout == "3176" else cap
        if cap > 0 and fund > level + v.options.info_up_to:
            yield row, "T_BHTT"


@table_rule(("X3-MONEY-005", "XML3"))
def _level_price(v: View, t: Rows) -> Answers:
    if v.layout != "3176":
        return
    for row, (cap, own, insured) in t.numbers("T_TRANTT", "DON_GIA_BV", "DON_GIA_BH"):
        if 0 < cap < own and insured != cap:
            yield row, Hit("DON_GIA_BH", expected=cap)


@table_rule(("X3-MONEY-007", "XML3"))
def _dearer_for_fund(_: View, t: Rows) -> Answers:
    for row, (insured, own) in t.numbers("DON_GIA_BH", "DON_GIA_BV"):
        if insured > own:
            yield row, "DON_GIA_BH"


@table_rule(("X3-MONEY-008", "XML3"))
def _reused(_: View, t: Rows) -> Answers:
    if "1" in t.different("TAI_SU_DUNG"):
        for row, (insured, own) in t.numbers("DON_GIA_BH", "DON_GIA_BV"):
            if row["TAI_SU_DUNG"] == "1" and insured != own:
                yield row, "DON_GIA_BH"


@table_rule(("X3-MONEY-009", "XML3"))
def _aborted_price(v: View, t: Rows) -> Answers:
    if v.uninsured or not any(code.endswith("_TB") for code in t.different("MA_DICH_VU")):
        return
    for row, (own, insured) in t.numbers("DON_GIA_BV", "DON_GIA_BH"):
        if row["PHAM_VI"] != "2" and row["MA_DICH_VU"].endswith("_TB") and (own or insured):
            paid = (number(row["T_BHTT"]) or ZERO) > 0
            yield row, Hit("DON_GIA_BV" if own else "DON_GIA_BH", "error" if paid else None, ZERO)


@table_rule(("X2-MONEY-020", "XML2"))
def _free_but_paid(_: View, t: Rows) -> Answers:
    if t.different("NGUON_CTRA") & {"2", "3", "4"}:
        for row in t:
            if row["NGUON_CTRA"] in {"2", "3", "4"} and (number(row["T_BHTT"]) or ZERO) > 0:
                yield row, "NGUON_CTRA"


@table_rule(("X2-MONEY-021", "XML2"))
def _amount_without_price(_: View, t: Rows) -> Answers:
    free = ZERO in t.number_column("DON_GIA")
    for row, (price, insured) in t.numbers("DON_GIA", "THANH_TIEN_BH") if free else ():
        if price == 0 and insured > 0:
            yield row, "DON_GIA"


@table_rule(("X3-MONEY-020", "XML3"))
def _material_with_price(_: View, t: Rows) -> Answers:
    for row, (price,) in t.numbers("DON_GIA_BH"):
        if price and _base_code(row).endswith(".0000"):
            yield row, Hit("DON_GIA_BH", expected=ZERO)


@table_rule(("X3-MONEY-021", "XML3"))
def _no_insured_price(_: View, t: Rows) -> Answers:
    for row, (price,) in t.numbers("DON_GIA_BH"):
        if price == 0 and row["PHAM_VI"] == "1":
            code = row["MA_DICH_VU"]
            if not code.endswith((".0000", "_TB", "_TT")) and not _base_code(row).endswith(".0000"):
                yield row, "DON_GIA_BH"


@rule("X3-MONEY-006")
def _package_cap(v: View) -> Iterator[Hit]:
    salary = base_salary(v)
    if salary is None:
        return
    packages: dict[tuple[str, str], tuple[Decimal, int]] = {}
    for row in v.rows("XML3").of_groups(SUPPLIES):
        amount = number(row["THANH_TIEN_BH"])
        if row["GOI_VTYT"] and amount is not None:
            key = (row["GOI_VTYT"], row["MA_DICH_VU"])
            total, first = packages.get(key, (ZERO, row.number))
            packages[key] = (total + amount, first)
    cap = salary * v.options.max_supply_day_salaries
    for total, first in packages.values():
        if total > cap:
            yield Hit("THANH_TIEN_BH", expected=cap, table="XML3", row=first)
