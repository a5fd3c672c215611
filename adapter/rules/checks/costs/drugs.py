"""XML2: drugs, blood and blood products."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import timedelta
from decimal import Decimal

from adapter.rules.checks.common import known_staff, listed
from adapter.rules.checks.costs.dose import dose, unit, well_formed
from adapter.rules.registry import Answer, Answers, Hit, form, one_of, pure_rule, required, rows, rule, table_rule, warn
from adapter.rules.values import ZERO, as_date, decimals, instant, integer, norm, number, parts
from adapter.rules.view import Row, Rows, View

_DRUGS = frozenset({"4", "5", "6"})
_GASES = frozenset({"40.17", "40.573"})
_SELF_MADE = frozenset({"05V", "05C", "HD"})
_OUTPATIENT = frozenset({"01", "02", "05", "07", "08"})
_SHARES = ("T_NGUONKHAC_NSNN", "T_NGUONKHAC_VTNN", "T_NGUONKHAC_VTTN", "T_NGUONKHAC_CL")
_AMOUNTS = ("THANH_TIEN_BV", "THANH_TIEN_BH", "T_BNTT", "T_BNCCT", "T_BHTT", "T_NGUONKHAC", *_SHARES)
_SAME_DRUG = ("MA_THUOC", "SO_DANG_KY", "NGAY_YL", "DON_GIA", "MA_BAC_SI", "LIEU_DUNG")
_PACKAGE = re.compile(r"G[0-9]{1,2}\Z")
_GROUP = re.compile(r"N[0-9]{1,2}\Z")
_YEAR = re.compile(r"20[0-9]{2}\Z")
_FROM_FACILITY = re.compile(r"[CKM]\.[0-9A-Z]{5}\Z")

required("X2-REQ-002", "XML2", "MA_KHOA", "MA_BAC_SI", "NGAY_YL")
required(
    "X2-REQ-003",
    "XML2",
    "PHAM_VI",
    "TYLE_TT_BH",
    "MUC_HUONG",
    "THANH_TIEN_BV",
    "THANH_TIEN_BH",
    "T_BNTT",
    "T_BNCCT",
    "T_BHTT",
    "MA_PTTT",
)
required("X2-REQ-009", "XML2", "NGUON_CTRA", "T_NGUONKHAC", *_SHARES, warning=_SHARES)
one_of("X2-CODE-001", "XML2", "MA_NHOM", ("4", "5", "6", "7", "17"))
one_of("X2-CODE-002", "XML2", "PHAM_VI", "123")
one_of("X2-CODE-005", "XML2", "MA_PTTT", "123")
one_of("X2-CODE-005", "XML3", "MA_PTTT", "123")
one_of("X2-CODE-006", "XML2", "NGUON_CTRA", "1234")
one_of("X2-CODE-007", "XML2", "VET_THUONG_TP", "1")
one_of("X2-CODE-007", "XML3", "VET_THUONG_TP", "1")


@table_rule(("X2-REQ-001", "XML2"))
def _basics(v: View, t: Rows) -> Answers:
    wanted = ("MA_THUOC", "TEN_THUOC", "DON_VI_TINH", "SO_LUONG", "DON_GIA", "MA_NHOM")
    lacking = [f for f in wanted if "" in t.different(f)]
    for row in t if lacking else ():
        # Under 3176 a drug outside the insured list has no code; before it was written 00.0000.
        uncoded = v.layout == "3176" and row["PHAM_VI"] == "2"
        yield row, [Hit(f) for f in lacking if f not in row and not (f == "MA_THUOC" and uncoded)]


def _prepared(r: Row) -> bool:
    """Medical gases and what the hospital prepares itself carry no strength, registration or tender."""
    return r["MA_THUOC"] in _GASES or r["MA_THUOC"].partition(".")[0] in _SELF_MADE


def _tender_parts(text: str) -> bool:
    given = parts(text)
    return len(given) >= 4 and all(p.strip() for p in given)


def _tender_forms(text: str) -> bool:
    given = [p.strip() for p in parts(text)]
    if len(given) < 4 or not all(given):
        return True  # X2-FMT-001's
    return bool(_PACKAGE.match(given[1]) and _GROUP.match(given[2]) and _YEAR.match(given[3]))


def _no_blanks(text: str) -> bool:
    return not any(c.isspace() for c in text)


def _fine_amount(text: str) -> bool:
    return decimals(text) <= 2 or number(text) is None


def _fine_quantity(text: str) -> bool:
    # A negative quantity is X2-FMT-008's.
    return decimals(text) <= 3 or number(text) is None


def _fine_price(text: str) -> bool:
    return _fine_quantity(text) and (number(text) or ZERO) >= 0


def _lacks_unless_prepared(rule_id: str, field: str) -> None:
    rows(
        "XML2",
        {rule_id: lambda _, r: field not in r and not _prepared(r) and field},
        groups=_DRUGS,
        lacking=field,
    )


@pure_rule(("X2-FMT-008", "XML2"), fields=("SO_LUONG", "THANH_TIEN_BV"))
def _no_quantity(_: object, quantity_text: str, amount_text: str) -> Answer:
    quantity = number(quantity_text)
    if quantity is None or quantity > 0:
        return None
    if quantity < 0:
        return "SO_LUONG"
    amount = number(amount_text)
    return None if amount is None else ("SO_LUONG" if amount > 0 else warn("SO_LUONG"))


_PERCENTS = frozenset({"", *(str(n) for n in range(101))})


def percent(text: str) -> bool:
    """A whole number from 0 to 100, or empty."""
    if text in _PERCENTS:
        return True
    value = integer(text)
    return value is not None and value <= 100


@table_rule(("X2-CODE-004", "XML2"), ("X2-CODE-004", "XML3"))
def _rate(v: View, t: Rows) -> Answers:
    whole_only = (v.ra or v.vao)[:8] < "20260701"
    bad = set()
    for text in t.different("MUC_HUONG") - {""}:
        value = number(text)
        if value is None or not 0 <= value <= 100 or (whole_only and "." in text):
            bad.add(text)
    return [(row, "MUC_HUONG") for row in t if row["MUC_HUONG"] in bad] if bad else ()


def _in_drug_list(v: View, r: Row) -> Answer:
    code = r["MA_THUOC"]
    if not code or r["PHAM_VI"] == "2":
        return None
    wanted = tuple(norm(r[f]) for f in ("SO_DANG_KY", "HAM_LUONG", "TT_THAU"))
    found = listed(v, "drugs", code, instant(r["NGAY_YL"]))
    known = {tuple(norm(row.get(c, "")) for c in ("registration", "strength", "tender")) for row in found}
    return wanted not in known and "MA_THUOC"


def _matching(v: View, r: Row) -> list[Mapping[str, str]]:
    """Rows of the approved list with this drug's code, registration and tender."""
    found = listed(v, "drugs", r["MA_THUOC"], instant(r["NGAY_YL"]))
    same = [
        row
        for row in found
        if norm(row.get("registration", "")) == norm(r["SO_DANG_KY"])
        and norm(row.get("tender", "")) == norm(r["TT_THAU"])
    ]
    return same or list(found)


_LIST_COLUMNS = (("TEN_THUOC", "name"), ("DUONG_DUNG", "route"), ("DANG_BAO_CHE", "form"), ("DON_VI_TINH", "unit"))


def _differs_from_list(v: View, r: Row) -> Answer:
    found = _matching(v, r)
    if not found:
        return None
    return [
        Hit(field, expected=found[0][column])
        for field, column in _LIST_COLUMNS
        if r[field] and found[0].get(column) and all(norm(row.get(column, "")) != norm(r[field]) for row in found)
    ]


def _above_price(v: View, r: Row) -> Answer:
    price = number(r["DON_GIA"])
    approved = [p for p in (number(row.get("price", "")) for row in _matching(v, r)) if p is not None]
    return price is not None and bool(approved) and price > max(approved) and Hit("DON_GIA", expected=max(approved))


def _wrong_disease(v: View, r: Row) -> Answer:
    wanted = [p.strip() for row in _matching(v, r) for p in parts(row.get("icd", "")) if p.strip()]
    return bool(wanted) and not any(code.startswith(tuple(wanted)) for code in v.icd) and "MA_THUOC"


def _needs_service(v: View, r: Row) -> Answer:
    wanted = any(row.get("needs_service") == "1" for row in _matching(v, r))
    return wanted and "MA_DICH_VU" not in r and "MA_DICH_VU"


@table_rule(("X2-TIME-001", "XML2"))
def _order_in_stay(v: View, t: Rows) -> Answers:
    outside = {x for x in t.different("NGAY_YL") if ((v.ra and x > v.ra) or (v.vao and x < v.vao)) and instant(x)}
    for row in t if outside else ():
        ordered = row["NGAY_YL"]
        if ordered not in outside:
            continue
        early = not (v.ra and ordered > v.ra) and _last_working_day_before(v) == ordered[:8]
        yield row, warn("NGAY_YL") if early else "NGAY_YL"


def _last_working_day_before(v: View) -> str:
    """The last working day before an arrival on a day off; ``""`` when the arrival is on a working day."""

    def working(text: str) -> bool:
        return as_date(text).weekday() < 5 and text not in v.options.non_working_days

    arrival = v.vao[:8]
    if working(arrival):
        return ""
    day = as_date(arrival)
    for _ in range(15):
        day -= timedelta(days=1)
        if working(f"{day:%Y%m%d}"):
            return f"{day:%Y%m%d}"
    return ""


@pure_rule(("X2-CLIN-001", "XML2"), fields=("LIEU_DUNG", "SO_LUONG"))
def _course_total(_: object, directions: str, amount: str) -> Answer:
    course, quantity = dose(directions), number(amount)
    if course is None or quantity is None or abs(course.total - quantity) <= Decimal("0.001"):
        return None
    return Hit("SO_LUONG", expected=f"{course.total.normalize():f}")


@pure_rule(("X2-CLIN-002", "XML2"), fields=("LIEU_DUNG",), given=lambda v: v.options.prescription_days)
def _long_course(longest: int, directions: str) -> Answer:
    course = dose(directions)
    return course is not None and course.days > longest and "LIEU_DUNG"


@pure_rule(("X2-CLIN-003", "XML2"), fields=("LIEU_DUNG", "DON_VI_TINH"))
def _dose_unit(_: object, directions: str, unit_of_drug: str) -> Answer:
    named = unit(directions)
    return bool(named and unit_of_drug) and norm(named) != norm(unit_of_drug) and "LIEU_DUNG"


@pure_rule(("X2-CLIN-004", "XML2"), fields=("SO_LUONG", "THANH_TIEN_BV"), given=lambda v: v.once(_unusual))
def _unusual_quantity(unusual: tuple[Decimal, Decimal | None], quantity_text: str, amount_text: str) -> Answer:
    most, dearest = unusual
    if (number(quantity_text) or ZERO) > most:
        return "SO_LUONG"
    amount = number(amount_text)
    return dearest is not None and amount is not None and amount > dearest and "THANH_TIEN_BV"


def _unusual(v: View) -> tuple[Decimal, Decimal | None]:
    """The largest usual quantity, and the largest usual amount where a share of the total is set."""
    share, total = v.options.large_share, number(v.x1["T_TONGCHI_BV"])
    return v.options.large_quantity, None if share is None or not total else total * share


_lacks_unless_prepared("X2-REQ-004", "HAM_LUONG")
_lacks_unless_prepared("X2-REQ-005", "SO_DANG_KY")
_lacks_unless_prepared("X2-REQ-006", "TT_THAU")
rows(
    "XML2",
    {"X2-REQ-007": lambda _, r: "LIEU_DUNG" not in r and "LIEU_DUNG"},
    groups=_DRUGS,
    lacking="LIEU_DUNG",
)
rows(
    "XML2",
    {"X2-REQ-007": lambda _, r: "DUONG_DUNG" not in r and "DUONG_DUNG"},
    groups=_DRUGS,
    lacking="DUONG_DUNG",
)
rows("XML2", {"X2-REQ-008": _needs_service})
form("X2-FMT-001", "XML2", "TT_THAU", _tender_parts)
form("X2-FMT-002", "XML2", "TT_THAU", _tender_forms)
form("X2-FMT-003", "XML2", "SO_LUONG", _fine_quantity)
form("X2-FMT-003", "XML2", "DON_GIA", _fine_price)
form("X2-FMT-004", "XML2", _AMOUNTS, _fine_amount)
form("X2-FMT-006", "XML2", "SO_DANG_KY", _no_blanks)
form("X2-FMT-007", "XML2", "MA_CSKCB_THUOC", _FROM_FACILITY.match)
form("X2-CODE-003", "XML2", "TYLE_TT_BH", percent)
rows(
    "XML2",
    {
        "X2-CODE-008": _in_drug_list,
        "X2-CODE-009": _differs_from_list,
        "X2-CODE-010": _above_price,
        "X2-CODE-011": lambda v, r: (
            "MA_BAC_SI" in r and not known_staff(v, r["MA_BAC_SI"], r["NGAY_YL"]) and "MA_BAC_SI"
        ),
        "X2-CLIN-005": _wrong_disease,
    },
)


@table_rule(("X2-FMT-005", "XML2"))
def _dose_as_prescribed(v: View, t: Rows) -> Answers:
    if v.kind not in _OUTPATIENT:
        return ()
    return [(row, "LIEU_DUNG") for row in t.holding("LIEU_DUNG", lambda text: text and not well_formed(text))]


@table_rule(("X2-TIME-002", "XML2"))
def _given_before_order(_: View, t: Rows) -> Answers:
    early = {(a, b) for a, b in set(t.texts("NGAY_TH_YL", "NGAY_YL")) if a < b and instant(a) and instant(b)}
    for row in t if early else ():
        if (row["NGAY_TH_YL"], row["NGAY_YL"]) in early:
            yield row, "NGAY_TH_YL"


@table_rule(("X2-TIME-003", "XML2"))
def _given_after_end(v: View, t: Rows) -> Answers:
    return [(row, "NGAY_TH_YL") for row in t.holding("NGAY_TH_YL", lambda at: v.ra and at > v.ra and instant(at))]


@rule("X2-DUP-001")
def _twice(v: View) -> Iterator[Hit]:
    seen: set[tuple[str, ...]] = set()
    drugs = v.rows("XML2")
    keys = list(drugs.texts(*_SAME_DRUG))
    if len(set(keys)) == len(keys):
        return
    for row, key in zip(drugs, keys, strict=True):
        if key[0] and key in seen:
            yield Hit("MA_THUOC", row=row.number)
        seen.add(key)
