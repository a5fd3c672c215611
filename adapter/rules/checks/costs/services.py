"""XML3: services, supplies, transport and beds, row by row."""

from __future__ import annotations

import re

from adapter.rules.checks.common import known_staff, listed
from adapter.rules.checks.costs.drugs import percent
from adapter.rules.registry import Answer, Answers, Hit, form, one_of, required, row_rule, rows, table_rule, warn
from adapter.rules.values import as_date, decimals, instant, minutes, norm, number, parts
from adapter.rules.view import BEDS, Row, Rows, View

TECHNICAL = frozenset({"1", "2", "3", "8", "18"})
SUPPLIES = frozenset({"10", "11"})
_GROUPS = ("1", "2", "3", "8", "9", "10", "11", "12", "13", "14", "15", "16", "18", "19")
_COMMON_RATES = frozenset({"0", "10", "30", "33", "50", "80", "100"})
_SHARES = ("T_NGUONKHAC_NSNN", "T_NGUONKHAC_VTNN", "T_NGUONKHAC_VTTN", "T_NGUONKHAC_CL")

_FORWARDED = re.compile(r"[0-9A-Z]{2}\.[0-9A-Z]{4}\.[0-9A-Z]{4}\.K\.([0-9A-Z]{5})\Z")
_TRANSPORT = re.compile(r"VC\.([0-9A-Z]{5})\Z")
_BED = re.compile(r"[HTCK][0-9]{3}\Z")
_MACHINE = re.compile(r"[A-ZĐ]{2,3}\.[123](\[[^\]]*\])?\.([^\s].*)\Z")
_PACKAGE = re.compile(r"G[1-9][0-9]{0,2}\Z")
_TENDER = re.compile(r"[^;]+;(G[0-9]{1,2};N[0-9]{1,2};20[0-9]{2}(;[^;]+)*|G[0-9]{1,2};20[0-9]{2}|20[0-9]{2})\Z")
# A licence number, with a helper's suffix, or the mentor's number and a trainee's personal one.
_PERSON = re.compile(r"[^.\s]+(\.(TX|CG|HD|C)\.[0-9A-Z]{5}|\.[0-9]{12})?\Z")

required(
    "X3-REQ-002",
    "XML3",
    "MA_NHOM",
    "SO_LUONG",
    "DON_GIA_BV",
    "DON_GIA_BH",
    "TYLE_TT_DV",
    "TYLE_TT_BH",
    "PHAM_VI",
    "MUC_HUONG",
    "THANH_TIEN_BV",
    "THANH_TIEN_BH",
    "MA_PTTT",
    "DON_VI_TINH",
)
required("X3-REQ-012", "XML3", "T_NGUONKHAC", *_SHARES, "T_BNTT", "T_BNCCT", "T_BHTT", warning=_SHARES)
one_of("X3-CODE-001", "XML3", "MA_NHOM", _GROUPS)
one_of("X3-CODE-002", "XML3", "PHAM_VI", "123")
one_of("X3-CODE-006", "XML3", "PP_VO_CAM", "1234")
one_of("X3-CODE-007", "XML3", "TAI_SU_DUNG", "1")


def forwarded(r: Row) -> bool:
    """A sample sent to another facility: XX.YYYY.ZZZZ.K.WWWWW."""
    return bool(_FORWARDED.match(r["MA_DICH_VU"]))


def _no_code(_: View, r: Row) -> Answer:
    if "MA_DICH_VU" in r or "MA_VAT_TU" in r or r["MA_NHOM"] == "19":
        return None
    return warn("MA_DICH_VU") if r["PHAM_VI"] == "2" else "MA_DICH_VU"


@table_rule(("X3-REQ-003", "XML3"))
def _who_and_when(_: View, t: Rows) -> Answers:
    lacking = [f for f in ("MA_KHOA", "MA_BAC_SI", "NGAY_YL") if "" in t.different(f)]
    for row in t if lacking else ():
        yield row, [Hit(f) for f in lacking if f not in row and not (f == "NGAY_YL" and forwarded(row))]


def _own_work(r: Row) -> bool:
    """A technical service was done here and completed."""
    return not r["MA_DICH_VU"].endswith("_TB") and not forwarded(r)


def _done_and_reported(_: View, r: Row) -> Answer:
    if ("NGAY_TH_YL" in r and "NGAY_KQ" in r) or not _own_work(r):
        return None
    lacking = [] if "NGAY_TH_YL" in r else [Hit("NGAY_TH_YL")]
    return lacking + ([] if "NGAY_KQ" in r else [warn("NGAY_KQ")])


def _supply_fields(_: View, r: Row) -> Answer:
    wanted = ["TEN_VAT_TU", "TT_THAU"]
    if "MA_DICH_VU" in r:  # with neither code the row is X3-REQ-001's
        wanted.append("MA_VAT_TU")
    return [Hit(f) for f in wanted if f not in r]


def _machine_needed(v: View, r: Row) -> Answer:
    if "MA_MAY" in r or forwarded(r):
        return None
    found = listed(v, "services", base(r), instant(r["NGAY_YL"]))
    return any(row.get("needs_machine") == "1" for row in found) and "MA_MAY"


def base(r: Row) -> str:
    """MA_DICH_VU without its suffix _GT, _TB, _TT."""
    return r["MA_DICH_VU"].partition("_")[0]


def _machine_form(text: str) -> bool:
    found = _MACHINE.match(text)
    return found is not None and all(p.strip() for p in found.group(2).split(";"))


def _fine_price(text: str) -> bool:
    value = number(text)
    return value is None or (value >= 0 and decimals(text) <= 3)


def _people_form(text: str) -> bool:
    return all(_PERSON.match(p) for p in parts(text))


def _bed_form(text: str) -> bool:
    return all(_BED.match(p) for p in parts(text))


def _known_suffix(text: str) -> bool:
    return "_" not in text or text.partition("_")[2] in {"GT", "TB", "TT"}


def _common_rate(text: str) -> bool:
    return text in _COMMON_RATES or not percent(text)


def _in_service_list(v: View, r: Row) -> Answer:
    if r["MA_NHOM"] not in TECHNICAL | {"9"} or "MA_DICH_VU" not in r:
        return None
    found = listed(v, "services", base(r), instant(r["NGAY_YL"]))
    if not found:
        return "MA_DICH_VU"
    names = [row.get("name", "") for row in found if row.get("name")]
    wrong = bool(names and r["TEN_DICH_VU"]) and norm(r["TEN_DICH_VU"]) not in {norm(n) for n in names}
    return wrong and Hit("TEN_DICH_VU", expected=names[0])


def _above_approved(v: View, r: Row) -> Answer:
    price = number(r["DON_GIA_BH"])
    list_, code = ("supplies", r["MA_VAT_TU"]) if r["MA_NHOM"] in SUPPLIES else ("services", base(r))
    found = listed(v, list_, code, instant(r["NGAY_YL"]))
    approved = [p for p in (number(row.get("price", "")) for row in found) if p is not None]
    return price is not None and bool(approved) and price > max(approved) and Hit("DON_GIA_BH", expected=max(approved))


def _in_supply_list(v: View, r: Row) -> Answer:
    if r["MA_NHOM"] not in SUPPLIES or "MA_VAT_TU" not in r:
        return None
    found = listed(v, "supplies", r["MA_VAT_TU"], instant(r["NGAY_YL"]))
    return not any(norm(row.get("tender", "")) == norm(r["TT_THAU"]) for row in found) and "MA_VAT_TU"


_BRACKETS = re.compile(r"\[[^\]]*\]")


def _machine_known(v: View, r: Row) -> Answer:
    code = _BRACKETS.sub("", r["MA_MAY"])
    if not code:
        return None
    head, _, _ = code.partition(";")
    prefix = head.rpartition(".")[0]
    # Further serials of the same group and source follow without repeating them.
    all_ = [c if "." in c else f"{prefix}.{c}" for c in parts(code) if c.strip()]
    return not listed(v, "equipment", code) and any(not listed(v, "equipment", c) for c in all_) and "MA_MAY"


def _named_facility(v: View, r: Row) -> Answer:
    found = _TRANSPORT.match(r["MA_DICH_VU"]) or _FORWARDED.match(r["MA_DICH_VU"])
    return found is not None and not listed(v, "facilities", found.group(1)) and "MA_DICH_VU"


def _diseases_known(v: View, r: Row) -> Answer:
    bad = []
    for field, list_ in (("MA_BENH", "icd10"), ("MA_BENH_YHCT", "yhct")):
        if any(p.strip() and not listed(v, list_, p.strip()) for p in parts(r[field])):
            bad.append(Hit(field))
    return bad


def _staff_known(v: View, r: Row) -> Answer:
    return [Hit(f) for f in ("MA_BAC_SI", "NGUOI_THUC_HIEN") if f in r and not known_staff(v, r[f], r["NGAY_YL"])]


rows(
    "XML3",
    {
        "X3-REQ-006": _machine_needed,
        "X3-REQ-011": lambda _, r: (
            "MA_XANG_DAU" not in r and (r["MA_NHOM"] == "12" or r["MA_DICH_VU"].startswith("VC.")) and "MA_XANG_DAU"
        ),
        "X3-FMT-008": _diseases_known,
        "X3-CODE-008": _in_service_list,
        "X3-CODE-009": _above_approved,
        "X3-CODE-010": _in_supply_list,
        "X3-CODE-011": _staff_known,
        "X3-CODE-012": _machine_known,
        "X3-CODE-013": _named_facility,
    },
)
rows(
    "XML3",
    {
        "X3-REQ-004": lambda _, r: "NGUOI_THUC_HIEN" not in r and _own_work(r) and "NGUOI_THUC_HIEN",
    },
    groups=TECHNICAL,
    lacking="NGUOI_THUC_HIEN",
)
rows("XML3", {"X3-REQ-001": _no_code}, lacking="MA_DICH_VU")
rows("XML3", {"X3-REQ-005": _done_and_reported}, groups=TECHNICAL)
rows("XML3", {"X3-REQ-007": lambda _, r: "PP_VO_CAM" not in r and "PP_VO_CAM"}, groups="8")
rows("XML3", {"X3-REQ-008": lambda _, r: "MA_GIUONG" not in r and "MA_GIUONG"}, groups=BEDS)
rows(
    "XML3",
    {
        "X3-REQ-010": lambda _, r: (
            "MA_DICH_VU" in r and "MA_VAT_TU" not in r and "TEN_DICH_VU" not in r and "TEN_DICH_VU"
        ),
    },
    lacking="TEN_DICH_VU",
)
rows(
    "XML3",
    {
        "X3-REQ-009": _supply_fields,
        "X3-FMT-004": lambda _, r: "TT_THAU" in r and not _TENDER.match(r["TT_THAU"]) and "TT_THAU",
    },
    groups=SUPPLIES,
)
required("X3-REQ-013", "XML3", "MA_BENH")
form("X3-FMT-001", "XML3", "MA_GIUONG", _bed_form)
form("X3-FMT-002", "XML3", "MA_MAY", _machine_form)
form("X3-FMT-003", "XML3", "GOI_VTYT", _PACKAGE.match)
form("X3-FMT-005", "XML3", ("SO_LUONG", "DON_GIA_BV", "DON_GIA_BH"), _fine_price)
form("X3-FMT-006", "XML3", "MA_DICH_VU", _known_suffix)
form("X3-FMT-007", "XML3", ("MA_BAC_SI", "NGUOI_THUC_HIEN"), _people_form)
form("X3-CODE-003", "XML3", "TYLE_TT_DV", percent)
form("X3-CODE-004", "XML3", "TYLE_TT_DV", _common_rate)
form("X3-CODE-005", "XML3", "TYLE_TT_BH", percent)


# --- times --------------------------------------------------------------------------------------


@table_rule(("X3-TIME-001", "XML3"))
def _ordered_in_stay(v: View, t: Rows) -> Answers:
    if not (v.vao and v.ra):
        return ()
    return [(row, "NGAY_YL") for row in t.holding("NGAY_YL", lambda at: not v.vao <= at <= v.ra and instant(at))]


def _in_order(rule_id: str, later: str, earlier: str, *, without: str = "") -> None:
    """The field that should come later does not come first; silent when one is empty or broken.

    ``without``: only in rows where this field is empty.
    """

    def check(_: View, t: Rows) -> Answers:
        pairs = set(t.texts(later, earlier))
        wrong = {(a, b) for a, b in pairs if a < b and instant(a) and instant(b)}
        if not wrong:
            return ()
        found = [row for row in t if (row[later], row[earlier]) in wrong]
        return [(row, later) for row in found if not (without and without in row)]

    table_rule((rule_id, "XML3"))(check)


def _same_minute(_: View, r: Row) -> Answer:
    done = instant(r["NGAY_TH_YL"])
    if not done:
        return None
    if done == r["NGAY_YL"]:
        return "NGAY_TH_YL"
    return done == r["NGAY_KQ"] and "NGAY_KQ"


def _took(r: Row) -> float | None:
    """Minutes from doing to result; None when broken, or not after it."""
    start, end = instant(r["NGAY_TH_YL"]), instant(r["NGAY_KQ"])
    return minutes(start, end) if start and end and end > start else None


def _too_fast(v: View, r: Row) -> Answer:
    took = _took(r)
    if took is None:
        return None
    own = [n for n in (number(row.get("min_minutes", "")) for row in listed(v, "services", base(r))) if n is not None]
    return took < (max(own) if own else v.options.minimum_minutes) and "NGAY_KQ"


def _short_operation(_: View, r: Row) -> Answer:
    took = _took(r)
    return took is not None and took < 15 and "NGAY_KQ"


_in_order("X3-TIME-002", "NGAY_TH_YL", "NGAY_YL")
_in_order("X3-TIME-003", "NGAY_KQ", "NGAY_TH_YL")
_in_order("X3-TIME-004", "NGAY_KQ", "NGAY_YL", without="NGAY_TH_YL")
rows("XML3", {"X3-TIME-005": _same_minute}, groups=TECHNICAL)
rows("XML3", {"X3-TIME-006": _too_fast}, groups=("1", "3"))
rows("XML3", {"X3-TIME-007": _short_operation}, groups="8")


@table_rule(("X3-TIME-008", "XML3"))
def _result_after_end(v: View, t: Rows) -> Answers:
    late = t.holding("NGAY_KQ", lambda at: v.ra and at > v.ra and instant(at))
    return [(row, "NGAY_KQ") for row in late if row["MA_NHOM"] not in SUPPLIES]


@row_rule(("X3-TIME-012", "XML3"))
def _off_duty(v: View, r: Row) -> Answer:
    ordered = instant(r["NGAY_YL"])
    if not ordered:
        return None
    weekday = str(as_date(ordered).isoweekday())
    for person in parts(r["MA_BAC_SI"]):
        shifts = [row for row in listed(v, "staff", person.strip(), ordered) if row.get("hours")]
        if shifts and not any(
            weekday in (row.get("days") or "1234567")
            and any(a <= ordered[8:] <= b for a, _, b in (h.partition("-") for h in parts(row["hours"])))
            for row in shifts
        ):
            return "NGAY_YL"
    return None
