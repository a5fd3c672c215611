"""Amounts of a row in XML2 and XML3: what it costs, what the fund counts, who pays."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from decimal import Decimal

from adapter.rules.checks.common import FORCES, base_salary
from adapter.rules.registry import Answers, Hit, rule, table_rule
from adapter.rules.values import ZERO, number, round2
from adapter.rules.view import Row, Rows, View

HUNDRED = Decimal(100)
HUNDREDTH = Decimal("0.01")
"""Multiplying by it is exact, as dividing by a hundred is, and quicker."""
SHARES = ("T_BNTT", "T_BNCCT", "T_BHTT", "T_NGUONKHAC")
SUPPLIES = frozenset({"10", "11"})
_SOURCES = ("T_NGUONKHAC_NSNN", "T_NGUONKHAC_VTNN", "T_NGUONKHAC_VTTN", "T_NGUONKHAC_CL")


def off(v: View, field: str, stated: Decimal, *right: Decimal) -> Hit | None:
    """A hit when the stated amount fits none of the right ones: info within the tolerance, else the rule's weight."""
    if stated in right:
        return None
    difference = min(abs(stated - r) for r in right)
    if difference <= v.options.silent_up_to:
        return None
    return Hit(field, "info" if difference <= v.options.info_up_to else None, right[0])


def numbers(r: Row, *fields: str) -> list[Decimal] | None:
    """The numbers, or None as soon as one is empty or broken."""
    found = []
    for field in fields:
        value = number(r[field])
        if value is None:
            return None
        found.append(value)
    return found


@table_rule(("X2-MONEY-001", "XML2"))
def _drug_amount(v: View, t: Rows) -> Answers:
    for row, (stated, quantity, price) in t.numbers("THANH_TIEN_BV", "SO_LUONG", "DON_GIA"):
        if hit := off(v, "THANH_TIEN_BV", stated, round2(quantity * price)):
            yield row, hit


@table_rule(("X2-MONEY-002", "XML2"))
def _drug_insured_amount(v: View, t: Rows) -> Answers:
    for row, (stated, quantity, price, share) in t.numbers("THANH_TIEN_BH", "SO_LUONG", "DON_GIA", "TYLE_TT_BH"):
        right = [round2(quantity * price * share * HUNDREDTH)]
        support = number(row["T_NGUONKHAC"]) or ZERO
        if support > 0:
            # Support given to the facility lowers the insured amount first.
            right.append(round2((quantity * price - support) * share * HUNDREDTH))
        if hit := off(v, "THANH_TIEN_BH", stated, *right):
            yield row, hit


@table_rule(("X3-MONEY-001", "XML3"))
def _service_amount(v: View, t: Rows) -> Answers:
    got = t.numbers("THANH_TIEN_BV", "SO_LUONG", "DON_GIA_BV", "DON_GIA_BH", "TYLE_TT_DV")
    for row, (stated, quantity, own, insured, rate) in got:
        if v.layout == "130":
            if hit := off(v, "THANH_TIEN_BV", stated, round2(quantity * own)):
                yield row, hit
            continue
        form1 = round2(quantity * own * rate * HUNDREDTH)
        # The facility does not collect the part a reduced rate takes away (3176).
        form2 = round2(quantity * own - quantity * insured * (HUNDRED - rate) * HUNDREDTH)
        if hit := off(v, "THANH_TIEN_BV", stated, form1, form2):
            yield row, hit


@table_rule(("X3-MONEY-002", "XML3"))
def _old_formula(v: View, t: Rows) -> Answers:
    if v.layout == "130":
        return
    for row, (stated, quantity, own, rate) in t.numbers("THANH_TIEN_BV", "SO_LUONG", "DON_GIA_BV", "TYLE_TT_DV"):
        if rate < 100 and stated > 0 and stated == round2(quantity * own):
            yield row, "THANH_TIEN_BV"


@table_rule(("X3-MONEY-003", "XML3"))
def _service_insured_amount(v: View, t: Rows) -> Answers:
    got = t.numbers("THANH_TIEN_BH", "SO_LUONG", "DON_GIA_BH", "DON_GIA_BV", "TYLE_TT_DV", "TYLE_TT_BH")
    for row, (stated, quantity, insured, own, rate, share) in got:
        right = [round2(quantity * insured * rate * share * HUNDREDTH * HUNDREDTH)]
        if v.layout in {"130", "4750"}:
            # Before 3176 the service rate entered the insured amount only for shared beds and further consultations.
            right.append(round2(quantity * insured * share * HUNDREDTH))
        support = number(row["T_NGUONKHAC"]) or ZERO
        if support > 0:
            if own != insured:
                # Support to the facility is not defined for two prices; only the identity is judged (X3-MONEY-014).
                continue
            right.append(round2((quantity * insured * rate * HUNDREDTH - support) * share * HUNDREDTH))
        if hit := off(v, "THANH_TIEN_BH", stated, *right):
            yield row, hit


def _capped(v: View, r: Row) -> bool:
    """Rows of a capped package need not split one by one before 3176."""
    return v.layout != "3176" and r.table == "XML3" and "T_TRANTT" in r


@table_rule(("X2-MONEY-010", "XML2"), ("X3-MONEY-010", "XML3"))
def _fund_share(v: View, t: Rows) -> Answers:
    for row, (stated, insured, rate, support) in t.numbers("T_BHTT", "THANH_TIEN_BH", "MUC_HUONG", "T_NGUONKHAC"):
        if support != 0 or (t.name == "XML3" and "T_TRANTT" in row):
            continue
        if hit := off(v, "T_BHTT", stated, round2(insured * rate * HUNDREDTH)):
            yield row, hit


@table_rule(("X2-MONEY-011", "XML2"), ("X3-MONEY-011", "XML3"))
def _copayment(v: View, t: Rows) -> Answers:
    for row, (stated, insured, fund, support) in t.numbers("T_BNCCT", "THANH_TIEN_BH", "T_BHTT", "T_NGUONKHAC"):
        if support == 0 and not _capped(v, row) and (hit := off(v, "T_BNCCT", stated, insured - fund)):
            yield row, hit


@table_rule(("X2-MONEY-012", "XML2"), ("X3-MONEY-012", "XML3"))
def _own_payment(v: View, t: Rows) -> Answers:
    for row, (stated, whole, insured, support) in t.numbers("T_BNTT", "THANH_TIEN_BV", "THANH_TIEN_BH", "T_NGUONKHAC"):
        if support == 0 and not _capped(v, row) and (hit := off(v, "T_BNTT", stated, whole - insured)):
            yield row, hit


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


@table_rule(("X2-MONEY-014", "XML2"), ("X3-MONEY-014", "XML3"))
def _row_identity(v: View, t: Rows) -> Answers:
    explaining = [f"X{t.name[3:]}-MONEY-{n}" for n in ("010", "011", "012")]
    for row, (whole, own, copay, fund, support) in t.numbers("THANH_TIEN_BV", *SHARES):
        hit = off(v, "THANH_TIEN_BV", whole, own + copay + fund + support)
        if hit and not v.fired(row, *explaining):
            yield row, hit


@table_rule(("X2-MONEY-015", "XML2"), ("X3-MONEY-015", "XML3"))
def _sources(v: View, t: Rows) -> Answers:
    # A source that is no number is told elsewhere; an empty one is none.
    broken = {place for f in _SOURCES for place in t.without_number(f) if f in t[place]}
    sources = zip(*[t.number_column(f) for f in _SOURCES], strict=True)
    for place, (row, stated, given) in enumerate(zip(t, t.number_column("T_NGUONKHAC"), sources, strict=True)):
        if stated is not None and place not in broken:
            total = sum([n for n in given if n is not None], ZERO)
            if hit := off(v, "T_NGUONKHAC", stated, total):
                yield row, hit


@table_rule(("X2-MONEY-016", "XML2"), ("X3-MONEY-016", "XML3"))
def _support_range(_: View, t: Rows) -> Answers:
    for row, (support, whole) in t.numbers("T_NGUONKHAC", "THANH_TIEN_BV"):
        if support < 0 or support > whole:
            yield row, "T_NGUONKHAC"


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
    for row, (price, insured) in t.numbers("DON_GIA", "THANH_TIEN_BH"):
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
