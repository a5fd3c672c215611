"""X1-ELIG: the card, the patient category and the rate they give."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from decimal import Decimal

from adapter.rules.checks.common import NO_END_PREFIXES, base_salary, listed
from adapter.rules.registry import Answer, DossierCheck, Hit, row_rule, rule
from adapter.rules.values import ZERO, as_date, day, norm, number, parts, real_day
from adapter.rules.view import Row, View

_SELF_COME = frozenset({*(f"1.{n}" for n in range(11, 19)), "3.1", "3.2", "3.3", "3.6"})
_HALF_RATE = frozenset({"1.13", "1.14", "1.18"})
_DRUGS_ONLY = frozenset({"7", "7.2", "7.3", "7.4", "10"})
_NO_FIXED_RATE = frozenset({"7.2", "7.3", "7.4", "8", "9", "10"})
_OUTPATIENT = frozenset({"01", "02", "05", "07", "08"})
_CARD_RATE = {"1": Decimal(100), "2": Decimal(100), "5": Decimal(100), "3": Decimal(95), "4": Decimal(80)}
_CONSULTATIONS = frozenset({"13"})
_HALF_RATE_SINCE = "20260701"
_FIFTEEN_PERCENT = Decimal("0.15")


def in_network(v: View) -> bool:
    """Whether the category gives the card's full rate without doubt.

    Codes beginning with 3 count as outside: for 3.2, 3.3 and 3.6 the 15 % step is uncertain.
    """
    code = v.category
    return bool(code) and code not in _HALF_RATE and code not in _NO_FIXED_RATE and not code.startswith("3")


def card_rate(v: View) -> Decimal | None:
    """The rate on the card(s); None without a card or when several cards give different rates."""
    rates = {_CARD_RATE.get(c[2:3]) for c in v.cards}
    return rates.pop() if len(rates) == 1 else None


def _rated(v: View) -> list[tuple[Row, Decimal]]:
    """Rows the fund shares in, with their MUC_HUONG; self-paid rows say nothing about the rate."""
    return [
        (row, rate)
        for table in (v.rows("XML2"), v.rows("XML3"))
        for row, (rate, amount) in table.numbers("MUC_HUONG", "THANH_TIEN_BH")
        if amount and row["PHAM_VI"] != "2"
    ]


def _insured(rule_id: str) -> Callable[[DossierCheck], DossierCheck]:
    """Bind a rule that says nothing about uninsured visits (MA_DOITUONG_KCB 9)."""

    def bind(check: DossierCheck) -> DossierCheck:
        def guarded(v: View) -> Iterable[Hit]:
            return () if v.uninsured else check(v)

        rule(rule_id)(guarded)
        return check

    return bind


def _cards(v: View) -> list[tuple[str, str]] | None:
    """(from, until) of every card, until "" without end; None when a date is empty or broken."""
    starts, ends = parts(v.x1["GT_THE_TU"]), parts(v.x1["GT_THE_DEN"])
    if not starts or any(not real_day(s) for s in starts):
        return None
    ends += [""] * (len(starts) - len(ends))
    return None if any(e and not real_day(e) for e in ends) else list(zip(starts, ends, strict=False))


@_insured("X1-ELIG-001")
def _companions(v: View) -> Iterator[Hit]:
    if v.cards:
        wanted = ["MA_DKBD", "GT_THE_TU"] + ([] if v.prefix_in(NO_END_PREFIXES) else ["GT_THE_DEN"])
        yield from (Hit(f) for f in wanted if f not in v.x1)


@_insured("X1-ELIG-002")
def _card_order(v: View) -> Iterator[Hit]:
    if any(end and start > end for start, end in v.once(_cards) or ()):
        yield Hit("GT_THE_TU")


@_insured("X1-ELIG-003")
def _card_holds(v: View) -> Iterator[Hit]:
    cards, paid = v.once(_cards), number(v.x1["T_BHTT"])
    if not cards or not v.cards or not (v.vao and v.ra) or paid is None or paid <= 0:
        return
    first, last = v.vao[:8], v.ra[:8]
    if not any(start <= last and (not end or end >= first) for start, end in cards):
        yield Hit("GT_THE_DEN")
    elif not any(start <= first and (not end or end >= first) for start, end in cards):
        yield Hit("GT_THE_TU", "warning")


def _days_after_card(v: View) -> int | None:
    """Days the visit ended after the last card did; None when unknown or a card has no end."""
    cards = v.once(_cards)
    if not cards or not v.ra or any(not end for _, end in cards):
        return None
    return (as_date(v.ra) - as_date(max(end for _, end in cards))).days


@_insured("X1-ELIG-004")
def _card_ended_long_ago(v: View) -> Iterator[Hit]:
    late = v.once(_days_after_card)
    if v.inpatient and late is not None and late > 15:
        yield Hit("GT_THE_DEN")


@_insured("X1-ELIG-005")
def _card_ended(v: View) -> Iterator[Hit]:
    late = v.once(_days_after_card)
    if late is not None and late > 0 and not (v.inpatient and late > 15):
        yield Hit("GT_THE_DEN")


@rule("X1-ELIG-006")
def _paid_without_card(v: View) -> Iterator[Hit]:
    if not v.cards and v.category and not v.uninsured and (number(v.x1["T_BHTT"]) or ZERO) > 0:
        yield Hit("MA_THE_BHYT")


@_insured("X1-ELIG-007")
def _insured_without_card(v: View) -> Iterator[Hit]:
    if not v.cards and v.category and not number(v.x1["T_BHTT"] or "0"):
        yield Hit("MA_DOITUONG_KCB")


@rule("X1-ELIG-008")
def _uninsured_with_card(v: View) -> Iterator[Hit]:
    if v.uninsured:
        if v.cards:
            yield Hit("MA_THE_BHYT")
        if (number(v.x1["T_BHTT"]) or ZERO) > 0:
            yield Hit("T_BHTT")


@row_rule(("X1-ELIG-009", "XML1"))
def _referred_from_where(v: View, r: Row) -> Answer:
    return v.category == "1.3" and "MA_NOI_DI" not in r and "MA_NOI_DI"


@row_rule(("X1-ELIG-010", "XML1"))
def _came_alone(v: View, r: Row) -> Answer:
    return v.category in _SELF_COME and "MA_NOI_DI" in r and "MA_NOI_DI"


@row_rule(("X1-ELIG-011", "XML1"))
def _referral_number(v: View, r: Row) -> Answer:
    return v.category in {"1.3", "1.5"} and "GIAY_CHUYEN_TUYEN" not in r and "GIAY_CHUYEN_TUYEN"


@row_rule(("X1-ELIG-012", "XML1"))
def _registered_here(v: View, r: Row) -> Answer:
    own = r["MA_CSKCB"]
    return v.category == "1.1" and bool(own) and any(p != own for p in parts(r["MA_DKBD"])) and "MA_DKBD"


@row_rule(("X1-ELIG-013", "XML1"))
def _registered_here_after_all(v: View, r: Row) -> Answer:
    own = r["MA_CSKCB"]
    elsewhere = v.category == "1.3" or v.category in _SELF_COME
    return bool(own) and own in parts(r["MA_DKBD"]) and elsewhere and "MA_DOITUONG_KCB"


@row_rule(("X1-ELIG-014", "XML1"))
def _area(v: View, r: Row) -> Answer:
    return v.category == "3.6" and "MA_KHUVUC" not in r and "MA_KHUVUC"


@row_rule(("X1-ELIG-015", "XML1"))
def _listed_disease_one(v: View, r: Row) -> Answer:
    code = r["MA_BENH_CHINH"].rstrip("†*")
    if v.category != "1.17" or not code:
        return None
    lines = [*listed(v, "tt01_i", code), *listed(v, "tt01_i", code[:3])]
    adult = v.age is None or v.age >= 18
    return not any(line.get("under_18") != "1" or not adult for line in lines) and "MA_BENH_CHINH"


@row_rule(("X1-ELIG-016", "XML1"))
def _listed_disease_two(v: View, r: Row) -> Answer:
    code = r["MA_BENH_CHINH"].rstrip("†*")
    if v.category != "1.16" or not code:
        return None
    return not (listed(v, "tt01_ii", code) or listed(v, "tt01_ii", code[:3])) and "MA_BENH_CHINH"


@row_rule(("X1-ELIG-017", "XML1"))
def _newborn(v: View, _: Row) -> Answer:
    return v.category == "1.7" and v.age_days is not None and v.age_days > 28 and "MA_DOITUONG_KCB"


@row_rule(("X1-ELIG-018", "XML1"))
def _no_outpatient_payment(v: View, r: Row) -> Answer:
    return v.category == "3.1" and v.kind in _OUTPATIENT and (number(r["T_BHTT"]) or ZERO) > 0 and "T_BHTT"


@rule("X1-ELIG-019")
def _drugs_only(v: View) -> Iterator[Hit]:
    if v.category in _DRUGS_ONLY:
        for row in v.rows("XML3").of_groups(_CONSULTATIONS)[:1]:
            yield Hit("MA_NHOM", table="XML3", row=row.number)


@rule("X1-ELIG-020")
def _full_rate(v: View) -> Iterator[Hit]:
    if v.category == "1.2":
        for row, rate in v.once(_rated):
            if rate != 100:
                yield Hit("MUC_HUONG", expected="100", table=row.table, row=row.number)
                return


@rule("X1-ELIG-021")
def _half_rate(v: View) -> Iterator[Hit]:
    if v.category not in _HALF_RATE or not v.vao:
        return
    if v.vao[:8] < _HALF_RATE_SINCE:
        if (number(v.x1["T_BHTT"]) or ZERO) > 0:
            yield Hit("T_BHTT", expected="0")
        return
    full = card_rate(v)
    for row, rate in v.once(_rated):
        if full is not None and rate != full / 2:
            yield Hit("MUC_HUONG", expected=f"{(full / 2).normalize():f}", table=row.table, row=row.number)
            return


def _small_bill(v: View) -> bool | None:
    """Whether the insured total lies below 15 % of the base salary; None when that cannot be told."""
    total, salary = number(v.x1["T_TONGCHI_BH"]), base_salary(v)
    return None if total is None or salary is None else total < salary * _FIFTEEN_PERCENT


@_insured("X1-ELIG-022")
def _above_card_rate(v: View) -> Iterator[Hit]:
    full = card_rate(v)
    exempt = "NGAY_MIEN_CCT" in v.x1
    if full is None or not in_network(v) or v.category == "1.2" or exempt or v.once(_small_bill) is not False:
        return
    stated = v.rows("XML2").different("MUC_HUONG") | v.rows("XML3").different("MUC_HUONG")
    rated = v.once(_rated) if any((number(rate) or ZERO) > full for rate in stated) else ()
    if rated:
        row, highest = max(rated, key=lambda pair: pair[1])
        if highest > full + Decimal("0.01"):
            yield Hit("MUC_HUONG", expected=str(full), table=row.table, row=row.number)


@_insured("X1-ELIG-023")
def _small_bill_is_free(v: View) -> Iterator[Hit]:
    total = number(v.x1["T_TONGCHI_BH"])
    if not in_network(v) or not v.cards or not total or total < 0 or not v.once(_small_bill):
        return
    for row, rate in v.once(_rated):
        if rate < 100:
            yield Hit("MUC_HUONG", expected="100", table=row.table, row=row.number)
            return
    if (number(v.x1["T_BNCCT"]) or ZERO) > 0:
        yield Hit("T_BNCCT", expected="0")


@rule("X1-ELIG-024")
def _former_central(v: View) -> Iterator[Hit]:
    profile, full = v.context.facility, card_rate(v)
    if v.category != "3.1" or not v.inpatient or full is None or not (profile and profile.formerly_central):
        return
    limit = full * Decimal("0.4")
    for row, rate in v.once(_rated):
        if rate > limit:
            yield Hit("MUC_HUONG", expected=f"{limit.normalize():f}", table=row.table, row=row.number)
            return


@row_rule(("X1-ELIG-025", "XML1"))
def _copayment_on_full_card(v: View, r: Row) -> Answer:
    return in_network(v) and card_rate(v) == 100 and (number(r["T_BNCCT"]) or ZERO) > 0 and "T_BNCCT"


@rule("X1-ELIG-026")
def _near_poor(v: View) -> Iterator[Hit]:
    if v.prefix_in({"CN"}) and v.vao >= "20260101" and not v.uninsured:
        for row, rate in v.once(_rated):
            if rate == 95:
                yield Hit("MUC_HUONG", expected="100", table=row.table, row=row.number)
                return


@row_rule(("X1-ELIG-027", "XML1"))
def _exempt(v: View, r: Row) -> Answer:
    since = day(r["NGAY_MIEN_CCT"])
    # The exemption holds to the end of its calendar year.
    in_force = bool(since and v.vao) and since <= v.vao[:8] and since[:4] == v.vao[:4]
    return in_force and in_network(v) and (number(r["T_BNCCT"]) or ZERO) > 0 and "T_BNCCT"


@row_rule(("X1-ELIG-028", "XML1"))
def _child_card(v: View, _: Row) -> Answer:
    if v.uninsured or not v.prefix_in({"TE"}) or v.age is None or v.age < 6:
        return None
    school_year = int(v.vao[:4]) == int(v.birth[:4]) + 6 and v.vao[4:8] <= "0930"
    return not school_year and "MA_THE_BHYT"


@row_rule(("X1-ELIG-029", "XML1"))
def _pupil_card(v: View, _: Row) -> Answer:
    return not v.uninsured and v.prefix_in({"HS", "SV"}) and v.age is not None and v.age > 28 and "MA_THE_BHYT"


@_insured("X1-ELIG-030")
def _card_look_up(v: View) -> Iterator[Hit]:
    found = v.context.card
    if found is None or not v.cards:
        return
    if not found.valid:
        yield Hit("MA_THE_BHYT")
        return
    if found.name and norm(found.name) != norm(v.x1["HO_TEN"]):
        yield Hit("HO_TEN")
    if found.birth and not v.x1["NGAY_SINH"].startswith(found.birth):
        yield Hit("NGAY_SINH")
    if found.sex and found.sex != v.x1["GIOI_TINH"]:
        yield Hit("GIOI_TINH")


@row_rule(("X1-ELIG-031", "XML1"))
def _overnight_clinic(v: View, _: Row) -> Answer:
    profile = v.context.facility
    return v.kind == "06" and profile is not None and profile.overnight_clinic is False and "MA_LOAI_KCB"
