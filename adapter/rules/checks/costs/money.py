"""Amounts of a row in XML2 and XML3: what it costs, what the fund counts, who pays."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from decimal import Decimal

from adapter.rules.checks.common import FORCES, base_salary
from adapter.rules.registry import Answer, Hit, row_rule, rows, rule
from adapter.rules.values import ZERO, number, round2
from adapter.rules.view import Row, View, add

HUNDRED = Decimal(100)
SHARES = ("T_BNTT", "T_BNCCT", "T_BHTT", "T_NGUONKHAC")
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


def _parts(r: Row) -> tuple[Decimal, Decimal, Decimal] | None:
    """(BV, BH, N) of a row."""
    got = numbers(r, "THANH_TIEN_BV", "THANH_TIEN_BH", "T_NGUONKHAC")
    return None if got is None else (got[0], got[1], got[2])


@row_rule(("X2-MONEY-001", "XML2"))
def _drug_amount(v: View, r: Row) -> Answer:
    got = numbers(r, "THANH_TIEN_BV", "SO_LUONG", "DON_GIA")
    return off(v, "THANH_TIEN_BV", got[0], round2(got[1] * got[2])) if got else None


@row_rule(("X2-MONEY-002", "XML2"))
def _drug_insured_amount(v: View, r: Row) -> Answer:
    got = numbers(r, "THANH_TIEN_BH", "SO_LUONG", "DON_GIA", "TYLE_TT_BH")
    if not got:
        return None
    stated, quantity, price, share = got
    right = [round2(quantity * price * share / HUNDRED)]
    support = number(r["T_NGUONKHAC"]) or ZERO
    if support > 0:
        # Support given to the facility lowers the insured amount first.
        right.append(round2((quantity * price - support) * share / HUNDRED))
    return off(v, "THANH_TIEN_BH", stated, *right)


@row_rule(("X3-MONEY-001", "XML3"))
def _service_amount(v: View, r: Row) -> Answer:
    got = numbers(r, "THANH_TIEN_BV", "SO_LUONG", "DON_GIA_BV", "DON_GIA_BH", "TYLE_TT_DV")
    if not got:
        return None
    stated, quantity, own, insured, rate = got
    if v.layout == "130":
        return off(v, "THANH_TIEN_BV", stated, round2(quantity * own))
    form1 = round2(quantity * own * rate / HUNDRED)
    # The facility does not collect the part a reduced rate takes away (3176).
    form2 = round2(quantity * own - quantity * insured * (HUNDRED - rate) / HUNDRED)
    return off(v, "THANH_TIEN_BV", stated, form1, form2)


@row_rule(("X3-MONEY-002", "XML3"))
def _old_formula(v: View, r: Row) -> Answer:
    got = numbers(r, "THANH_TIEN_BV", "SO_LUONG", "DON_GIA_BV", "TYLE_TT_DV")
    if not got or v.layout == "130":
        return None
    stated, quantity, own, rate = got
    return stated > 0 and rate < 100 and stated == round2(quantity * own) and "THANH_TIEN_BV"


@row_rule(("X3-MONEY-003", "XML3"))
def _service_insured_amount(v: View, r: Row) -> Answer:
    got = numbers(r, "THANH_TIEN_BH", "SO_LUONG", "DON_GIA_BH", "DON_GIA_BV", "TYLE_TT_DV", "TYLE_TT_BH")
    if not got:
        return None
    stated, quantity, insured, own, rate, share = got
    right = [round2(quantity * insured * rate * share / (HUNDRED * HUNDRED))]
    if v.layout in {"130", "4750"}:
        # Before 3176 the service rate entered the insured amount only for shared beds and further consultations.
        right.append(round2(quantity * insured * share / HUNDRED))
    support = number(r["T_NGUONKHAC"]) or ZERO
    if support > 0:
        if own != insured:
            # Support to the facility is not defined for two prices; only the identity is judged (X3-MONEY-014).
            return None
        right.append(round2((quantity * insured * rate / HUNDRED - support) * share / HUNDRED))
    return off(v, "THANH_TIEN_BH", stated, *right)


def _capped(v: View, r: Row) -> bool:
    """Rows of a capped package need not split one by one before 3176."""
    return v.layout != "3176" and "T_TRANTT" in r


@row_rule(("X2-MONEY-010", "XML2"), ("X3-MONEY-010", "XML3"))
def _fund_share(v: View, r: Row) -> Answer:
    got = numbers(r, "T_BHTT", "THANH_TIEN_BH", "MUC_HUONG", "T_NGUONKHAC")
    if not got or got[3] != 0 or (r.table == "XML3" and "T_TRANTT" in r):
        return None
    return off(v, "T_BHTT", got[0], round2(got[1] * got[2] / HUNDRED))


@row_rule(("X2-MONEY-011", "XML2"), ("X3-MONEY-011", "XML3"))
def _copayment(v: View, r: Row) -> Answer:
    got = numbers(r, "T_BNCCT", "THANH_TIEN_BH", "T_BHTT", "T_NGUONKHAC")
    if not got or got[3] != 0 or (r.table == "XML3" and _capped(v, r)):
        return None
    return off(v, "T_BNCCT", got[0], got[1] - got[2])


@row_rule(("X2-MONEY-012", "XML2"), ("X3-MONEY-012", "XML3"))
def _own_payment(v: View, r: Row) -> Answer:
    got = numbers(r, "T_BNTT", "THANH_TIEN_BV", "THANH_TIEN_BH", "T_NGUONKHAC")
    if not got or got[3] != 0 or (r.table == "XML3" and _capped(v, r)):
        return None
    return off(v, "T_BNTT", got[0], got[1] - got[2])


def _splits(r: Row, bv: Decimal, bh: Decimal, support: Decimal, rate: Decimal) -> list[tuple[Decimal, ...]]:
    """(T_BNTT, T_BNCCT, T_BHTT) of each way support may be counted, the patient's own first."""
    fund = round2(bh * rate / HUNDRED)
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


@row_rule(("X2-MONEY-013", "XML2"), ("X3-MONEY-013", "XML3"))
def _support(v: View, r: Row) -> Answer:
    got, shares = _parts(r), numbers(r, "T_BNTT", "T_BNCCT", "T_BHTT", "MUC_HUONG")
    if not got or not shares or got[2] <= 0:
        return None
    if r.table == "XML3" and number(r["DON_GIA_BV"]) != number(r["DON_GIA_BH"]):
        return None
    ways = _splits(r, *got, shares[3])
    for way in ways:
        if all(abs(s - w) <= v.options.info_up_to for s, w in zip(shares, way, strict=False)):
            return None
    for field, stated, right in zip(SHARES, shares, ways[0], strict=False):
        if abs(stated - right) > v.options.info_up_to:
            return Hit(field, expected=right)
    return None


@row_rule(("X2-MONEY-014", "XML2"), ("X3-MONEY-014", "XML3"))
def _row_identity(v: View, r: Row) -> Answer:
    got = numbers(r, "THANH_TIEN_BV", *SHARES)
    hit = off(v, "THANH_TIEN_BV", got[0], sum(got[1:], ZERO)) if got else None
    if hit is None:
        return None
    table = r.table[3:]
    explained = v.fired(r, *(f"X{table}-MONEY-{n}" for n in ("010", "011", "012")))
    return None if explained else hit


@row_rule(("X2-MONEY-015", "XML2"), ("X3-MONEY-015", "XML3"))
def _sources(v: View, r: Row) -> Answer:
    stated = number(r["T_NGUONKHAC"])
    total = add(number(r[f] or "0") for f in _SOURCES)
    return None if stated is None or total is None else off(v, "T_NGUONKHAC", stated, total)


@row_rule(("X2-MONEY-016", "XML2"), ("X3-MONEY-016", "XML3"))
def _support_range(_: View, r: Row) -> Answer:
    got = numbers(r, "T_NGUONKHAC", "THANH_TIEN_BV")
    return got is not None and (got[0] < 0 or got[0] > got[1]) and "T_NGUONKHAC"


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


@row_rule(("X2-MONEY-018", "XML2"), ("X3-MONEY-018", "XML3"))
def _share_outside_scope(_: View, r: Row) -> Answer:
    return r["PHAM_VI"] == "2" and bool(number(r["TYLE_TT_BH"])) and "TYLE_TT_BH"


@row_rule(("X2-MONEY-019", "XML2"), ("X3-MONEY-019", "XML3"))
def _forces_only(v: View, r: Row) -> Answer:
    return r["PHAM_VI"] == "3" and not v.uninsured and not v.prefix_in(FORCES) and "PHAM_VI"


def _base_code(r: Row) -> str:
    return r["MA_DICH_VU"].partition("_")[0]


def _above_level(v: View, r: Row) -> Answer:
    got = numbers(r, "T_TRANTT", "T_BHTT", "SO_LUONG")
    if not got or got[0] <= 0:
        return None
    # 3176: the level is per unit; before it was the cap of a whole package.
    level = got[0] * max(got[2], Decimal(1)) if v.layout == "3176" else got[0]
    return got[1] > level + v.options.info_up_to and "T_BHTT"


def _level_price(v: View, r: Row) -> Answer:
    got = numbers(r, "T_TRANTT", "DON_GIA_BV", "DON_GIA_BH")
    if not got or v.layout != "3176":
        return None
    return 0 < got[0] < got[1] and got[2] != got[0] and Hit("DON_GIA_BH", expected=got[0])


def _aborted_price(v: View, r: Row) -> Answer:
    got = numbers(r, "DON_GIA_BV", "DON_GIA_BH")
    if not got or v.uninsured or r["PHAM_VI"] == "2" or not r["MA_DICH_VU"].endswith("_TB") or not any(got):
        return None
    paid = (number(r["T_BHTT"]) or ZERO) > 0
    return Hit("DON_GIA_BV" if got[0] else "DON_GIA_BH", "error" if paid else None, ZERO)


def _dearer_for_fund(_: View, r: Row) -> Answer:
    got = numbers(r, "DON_GIA_BH", "DON_GIA_BV")
    return got is not None and got[0] > got[1] and "DON_GIA_BH"


def _reused(_: View, r: Row) -> Answer:
    got = numbers(r, "DON_GIA_BH", "DON_GIA_BV")
    return r["TAI_SU_DUNG"] == "1" and got is not None and got[0] != got[1] and "DON_GIA_BH"


rows(
    "XML2",
    {
        "X2-MONEY-020": lambda _, r: (
            r["NGUON_CTRA"] in {"2", "3", "4"} and (number(r["T_BHTT"]) or ZERO) > 0 and "NGUON_CTRA"
        ),
        "X2-MONEY-021": lambda _, r: (
            number(r["DON_GIA"]) == 0 and (number(r["THANH_TIEN_BH"]) or ZERO) > 0 and "DON_GIA"
        ),
    },
)
rows(
    "XML3",
    {
        "X3-MONEY-004": _above_level,
        "X3-MONEY-005": _level_price,
        "X3-MONEY-007": _dearer_for_fund,
        "X3-MONEY-008": _reused,
        "X3-MONEY-009": _aborted_price,
        "X3-MONEY-020": lambda _, r: (
            _base_code(r).endswith(".0000") and bool(number(r["DON_GIA_BH"])) and Hit("DON_GIA_BH", expected=ZERO)
        ),
        "X3-MONEY-021": lambda _, r: (
            r["PHAM_VI"] == "1"
            and number(r["DON_GIA_BH"]) == 0
            and not r["MA_DICH_VU"].endswith((".0000", "_TB", "_TT"))
            and not _base_code(r).endswith(".0000")
            and "DON_GIA_BH"
        ),
    },
)


@rule("X3-MONEY-006")
def _package_cap(v: View) -> Iterator[Hit]:
    salary = base_salary(v)
    if salary is None:
        return
    packages: dict[tuple[str, str], tuple[Decimal, int]] = {}
    for row in v.rows("XML3"):
        amount = number(row["THANH_TIEN_BH"])
        if row["MA_NHOM"] in {"10", "11"} and row["GOI_VTYT"] and amount is not None:
            key = (row["GOI_VTYT"], row["MA_DICH_VU"])
            total, first = packages.get(key, (ZERO, row.number))
            packages[key] = (total + amount, first)
    cap = salary * v.options.max_supply_day_salaries
    for total, first in packages.values():
        if total > cap:
            yield Hit("THANH_TIEN_BH", expected=cap, table="XML3", row=first)
