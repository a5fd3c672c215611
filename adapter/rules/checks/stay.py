"""XML1: times of the visit, treatment days, fields that must agree with one another."""

from __future__ import annotations

import re

from adapter.rules.checks.common import listed
from adapter.rules.checks.costs.dose import dose
from adapter.rules.registry import Answer, Hit, row_rule, rows
from adapter.rules.values import day, days_between, hours, instant, minutes, norm, number, parts, real_day
from adapter.rules.view import Row, View

_FUTURE_END = frozenset({"02", "05", "07"})
_ADMITTED = frozenset({"03", "04", "09"})
_ABORTION = re.compile(r"O0[0-8]")
_WEEKS = re.compile(r"tuần|weeks?", re.IGNORECASE)


def _too_short(v: View, _: Row) -> Answer:
    return bool(v.vao and v.ra) and v.ra >= v.vao and minutes(v.vao, v.ra) < 10 and "NGAY_RA"


def _admission_between(v: View, r: Row) -> Answer:
    admitted = instant(r["NGAY_VAO_NOI_TRU"])
    if not admitted:
        return None
    return ((bool(v.vao) and admitted < v.vao) or (bool(v.ra) and admitted > v.ra)) and "NGAY_VAO_NOI_TRU"


def _stay_hours(v: View) -> float | None:
    return hours(v.admitted, v.ra) if v.admitted and v.ra and v.ra >= v.admitted else None


def _under_four(v: View, _: Row) -> Answer:
    stay = _stay_hours(v)
    return v.kind == "03" and stay is not None and stay < 4 and "MA_LOAI_KCB"


def _four_or_more(v: View, _: Row) -> Answer:
    stay = _stay_hours(v)
    return v.kind == "09" and stay is not None and stay >= 4 and "MA_LOAI_KCB"


def _return_dates(v: View, r: Row) -> Answer:
    days = [p for p in parts(r["NGAY_TAI_KHAM"]) if real_day(p)]
    return bool(v.ra) and any(d <= v.ra[:8] for d in days) and "NGAY_TAI_KHAM"


rows(
    "XML1",
    {
        "X1-DATE-001": lambda v, _: bool(v.vao and v.ra) and v.ra < v.vao and "NGAY_RA",
        "X1-DATE-002": _too_short,
        "X1-DATE-003": lambda v, _: bool(v.birth and v.vao) and v.birth > v.vao[:8] and "NGAY_SINH",
        "X1-DATE-004": lambda v, _: v.age is not None and v.age > 130 and "NGAY_SINH",
        "X1-DATE-005": _admission_between,
        "X1-DATE-006": lambda v, r: (
            bool(v.ra and instant(r["NGAY_TTOAN"]))
            and r["NGAY_TTOAN"] < v.ra
            and v.kind not in {"", "02", "05", "07", "08"}
            and "NGAY_TTOAN"
        ),
        "X1-DATE-007": lambda _, r: "NGAY_TTOAN" not in r and "NGAY_TTOAN",
        "X1-DATE-008": lambda v, r: bool(instant(r["NGAY_TTOAN"])) and r["NGAY_TTOAN"] > v.now and "NGAY_TTOAN",
        "X1-DATE-009": lambda v, _: v.kind in _FUTURE_END and bool(v.ra) and v.ra[8:] != "2359" and "NGAY_RA",
        "X1-DATE-010": lambda v, _: (
            v.kind == "01" and bool(v.vao and v.ra) and minutes(v.vao, v.ra) > 24 * 60 and "NGAY_RA"
        ),
        "X1-DATE-011": _under_four,
        "X1-DATE-012": _four_or_more,
        "X1-DATE-013": _return_dates,
        "X1-DATE-014": lambda v, r: bool(v.ra) and day(r["NGAY_MIEN_CCT"]) > v.ra[:8] and "NGAY_MIEN_CCT",
    },
)


@row_rule(("X1-DAY-001", "XML1"))
def _no_treatment_days(v: View, r: Row) -> Answer:
    days = number(r["SO_NGAY_DTRI"])
    return v.kind in {"01", "07", "09"} and days is not None and days != 0 and Hit("SO_NGAY_DTRI", expected="0")


@row_rule(("X1-DAY-002", "XML1"))
def _treatment_days(v: View, r: Row) -> Answer:
    days = number(r["SO_NGAY_DTRI"])
    if days is None or not (v.vao and v.ra) or v.ra < v.vao or v.kind not in {"02", "03", "04", "06"}:
        return None
    right = {days_between(v.vao, v.ra) + 1}
    if v.layout == "3176" and v.kind != "02" and v.admitted <= v.ra:
        # 3176: the wait of a booked admission does not count.
        right.add(days_between(v.admitted, v.ra) + 1)
    if days in right:
        return None
    # 3176 has an own, unseen wording for setting 02.
    soft = v.kind == "02" and v.layout == "3176"
    return Hit("SO_NGAY_DTRI", "warning" if soft else None, " / ".join(str(d) for d in sorted(right)))


@row_rule(("X1-DAY-003", "XML1"))
def _days_of_drugs(v: View, r: Row) -> Answer:
    days = number(r["SO_NGAY_DTRI"])
    if v.kind != "05" or days is None:
        return None
    parsed = [d.days for d in (dose(x["LIEU_DUNG"]) for x in v.rows("XML2")) if d is not None]
    return bool(parsed) and days != max(parsed) and Hit("SO_NGAY_DTRI", expected=f"{max(parsed).normalize():f}")


@row_rule(("X1-DAY-004", "XML1"))
def _days_of_services(v: View, r: Row) -> Answer:
    days = number(r["SO_NGAY_DTRI"])
    if v.kind != "08" or days is None:
        return None
    dates = {day(x["NGAY_TH_YL"]) or day(x["NGAY_YL"]) for x in v.rows("XML3")} - {""}
    return bool(dates) and days != len(dates) and Hit("SO_NGAY_DTRI", expected=str(len(dates)))


@row_rule(("X1-DAY-005", "XML1"))
def _zero_days(v: View, r: Row) -> Answer:
    # Where X1-DAY-002 already named the right count, zero is the same fault.
    zero = number(r["SO_NGAY_DTRI"]) == 0
    return (
        zero
        and v.kind in {"02", "03", "04", "05", "06", "08"}
        and not v.fired(r, "X1-DAY-002", "X1-DAY-003", "X1-DAY-004")
        and "SO_NGAY_DTRI"
    )


def _names_no_disease(v: View, r: Row) -> Answer:
    text, code = norm(r["CHAN_DOAN_RV"]), r["MA_BENH_CHINH"]
    found = listed(v, "icd10", code)
    if not text or not found:
        return None
    names = [norm(row.get("name", "")) for row in found]
    return code.casefold() not in text and not any(n and n in text for n in names) and "CHAN_DOAN_RV"


rows(
    "XML1",
    {
        "X1-CROSS-001": lambda v, r: v.kind in _ADMITTED and "LY_DO_VNT" not in r and "LY_DO_VNT",
        "X1-CROSS-002": lambda v, r: v.kind in _ADMITTED and not 0 < len(r["MA_LY_DO_VNT"]) <= 5 and "MA_LY_DO_VNT",
        "X1-CROSS-003": lambda v, r: v.kind in _ADMITTED and "NGAY_VAO_NOI_TRU" not in r and "NGAY_VAO_NOI_TRU",
        "X1-CROSS-004": lambda v, r: v.kind in {"01", "07"} and "NGAY_VAO_NOI_TRU" in r and "NGAY_VAO_NOI_TRU",
        "X1-CROSS-005": lambda v, r: v.kind in {"03", "04", "06", "09"} and "PP_DIEU_TRI" not in r and "PP_DIEU_TRI",
        "X1-CROSS-006": lambda _, r: (
            (
                (r["MA_LOAI_RV"] in {"2", "5"} and "MA_NOI_DEN" not in r)
                or (r["MA_LOAI_RV"] in {"1", "3", "4"} and "MA_NOI_DEN" in r)
            )
            and "MA_NOI_DEN"
        ),
        "X1-CROSS-007": lambda _, r: [Hit(f) for f in ("MA_NOI_DI", "MA_NOI_DEN") if f in r and r[f] == r["MA_CSKCB"]],
        "X1-CROSS-008": lambda _, r: (
            (
                (r["KET_QUA_DTRI"] == "5" and r["MA_LOAI_RV"] in {"2", "4", "5"})
                or (r["KET_QUA_DTRI"] == "6" and r["MA_LOAI_RV"] not in {"", "1", "4"})
            )
            and "MA_LOAI_RV"
        ),
        "X1-CROSS-009": lambda v, r: (
            "CAN_NANG_CON" in r and (r["GIOI_TINH"] == "1" or (v.age is not None and v.age < 10)) and "CAN_NANG_CON"
        ),
        "X1-CROSS-010": _names_no_disease,
        "X1-CROSS-011": lambda v, r: (
            any(_ABORTION.match(c) for c in v.icd)
            and "PP_DIEU_TRI" in r
            and not _WEEKS.search(r["PP_DIEU_TRI"])
            and "PP_DIEU_TRI"
        ),
    },
)
