"""XML7, the discharge letter, and XML8, the record summary."""

from __future__ import annotations

from collections.abc import Iterator

from adapter.rules.checks.common import known_staff, listed
from adapter.rules.checks.documents.compare import differing
from adapter.rules.checks.xml1 import outcomes
from adapter.rules.registry import Answer, Hit, info, one_of, required, row_rule, rows, rule, warn
from adapter.rules.values import day, days_between, instant, integer, norm, number, real_day
from adapter.rules.view import Row, View

_LEAVE = ("SO_NGAY_NGHI", "NGOAITRU_TUNGAY", "NGOAITRU_DENNGAY")

required(
    "X7-REQ-001",
    "XML7",
    "SO_LUU_TRU",
    "MA_YTE",
    "MA_KHOA_RV",
    "NGAY_VAO",
    "NGAY_RA",
    "CHAN_DOAN_RV",
    "PP_DIEUTRI",
    "MA_TTDV",
    "MA_BS",
    "TEN_BS",
    "NGAY_CT",
)
one_of("X7-CODE-002", "XML7", "MA_DINH_CHI_THAI", "01")


@rule("X7-CROSS-001")
def _letter_due(v: View) -> Iterator[Hit]:
    if not v.absent("XML7") or v.kind not in v.options.discharge_document_tables:
        return
    discharge, outcome = v.x1["MA_LOAI_RV"], v.x1["KET_QUA_DTRI"]
    died = outcome in {"5", "8"}
    if discharge in {"1", "4"} and not died:
        yield Hit("", table="XML7")
    elif discharge in {"2", "5"} or died:
        yield Hit("", "info", table="XML7")


@rule("X7-CROSS-002")
def _letter_dates(v: View) -> Iterator[Hit]:
    letters = v.rows("XML7")
    for row in letters:
        start, end = instant(row["NGAY_VAO"]), instant(row["NGAY_RA"])
        if not (start and end and v.vao and v.ra):
            continue
        if len(letters) == 1:
            if start not in {v.vao, v.admitted}:
                yield Hit("NGAY_VAO", expected=v.vao, row=row.number)
            if end != v.ra:
                yield Hit("NGAY_RA", expected=v.ra, row=row.number)
        elif start < v.vao or end > v.ra:
            yield Hit("NGAY_VAO" if start < v.vao else "NGAY_RA", row=row.number)


def _termination(_: View, r: Row) -> Answer:
    wanted = ("NGUYENNHAN_DINHCHI", "THOIGIAN_DINHCHI", "TUOI_THAI")
    return [Hit(f) for f in wanted if f not in r] if r["MA_DINH_CHI_THAI"] == "1" else None


def _leave_complete(_: View, r: Row) -> Answer:
    filled = [f for f in _LEAVE if f in r]
    return [Hit(f) for f in _LEAVE if f not in r] if 0 < len(filled) < len(_LEAVE) else None


def _leave_days(_: View, r: Row) -> Answer:
    stated, start, end = number(r["SO_NGAY_NGHI"]), day(r["NGOAITRU_TUNGAY"]), day(r["NGOAITRU_DENNGAY"])
    if stated is None or not (start and end) or end < start:
        return None
    right = days_between(start, end) + 1
    return stated != right and Hit("SO_NGAY_NGHI", expected=str(right))


def _leave_after_discharge(v: View, r: Row) -> Answer:
    bad = [f for f in _LEAVE[1:] if v.ra and day(r[f]) and day(r[f]) < v.ra[:8]]
    return [Hit(f) for f in bad[:1]]


def _termination_time(_: View, r: Row) -> Answer:
    at, start, end = instant(r["THOIGIAN_DINHCHI"]), instant(r["NGAY_VAO"]), instant(r["NGAY_RA"])
    if at and end and at > end:
        return "THOIGIAN_DINHCHI"
    # It may have happened before arrival.
    return bool(at and start and at < start) and info("THOIGIAN_DINHCHI")


def _letter_day(v: View, r: Row) -> Answer:
    on, end = day(r["NGAY_CT"]), day(r["NGAY_RA"])
    if not (on and end):
        return None
    if v.layout == "3176":
        return on < end and info("NGAY_CT")
    return on != end and Hit("NGAY_CT", expected=end)


def _long_letter(v: View, r: Row) -> Answer:
    limited = ("CHAN_DOAN_RV", "GHI_CHU") if v.layout == "3176" else ("CHAN_DOAN_RV", "PP_DIEUTRI", "GHI_CHU")
    return [Hit(f) for f in limited if len(r[f]) > 1500]


rows(
    "XML7",
    {
        "X7-CROSS-003": lambda v, r: (
            "CHAN_DOAN_RV" in r
            and "CHAN_DOAN_RV" in v.x1
            and norm(r["CHAN_DOAN_RV"]) != norm(v.x1["CHAN_DOAN_RV"])
            and "CHAN_DOAN_RV"
        ),
        "X7-CROSS-004": _termination,
        "X7-CROSS-007": _leave_complete,
        "X7-CROSS-008": _leave_days,
        "X7-TIME-001": _termination_time,
        "X7-TIME-002": _letter_day,
        "X7-TIME-003": lambda _, r: (
            bool(day(r["NGOAITRU_TUNGAY"]) and day(r["NGOAITRU_DENNGAY"]))
            and day(r["NGOAITRU_DENNGAY"]) < day(r["NGOAITRU_TUNGAY"])
            and "NGOAITRU_DENNGAY"
        ),
        "X7-TIME-004": _leave_after_discharge,
        "X7-FMT-001": _long_letter,
    },
)


@row_rule(("X7-CROSS-005", "XML7"), ("X7-CROSS-005", "XML11"))
def _gestational_age(_: View, r: Row) -> Answer:
    weeks = integer(r["TUOI_THAI"])
    return "TUOI_THAI" in r and (weeks is None or not 1 <= weeks <= 42) and "TUOI_THAI"


@row_rule(*(("X7-FMT-002", t) for t in ("XML7", "XML8", "XML9", "XML11")))
def _temporary_card(_: View, r: Row) -> Answer:
    return "MA_THE_TAM" in r and len(r["MA_THE_TAM"]) != 15 and "MA_THE_TAM"


@rule("X7-CROSS-006")
def _father_as_mother(v: View) -> Iterator[Hit]:
    if v.x1["GIOI_TINH"] != "1":
        return
    if any(r["MA_DINH_CHI_THAI"] == "1" for r in v.rows("XML7")) or v.rows("XML9") or v.rows("XML10"):
        yield Hit("GIOI_TINH", table="XML1")


@row_rule(("X7-CODE-001", "XML7"))
def _people_of_the_letter(v: View, r: Row) -> Answer:
    bad = [Hit(f) for f in ("MA_BS", "MA_TTDV") if f in r and not known_staff(v, r[f], v.ra)]
    if "MA_KHOA_RV" in r and not listed(v, "departments", r["MA_KHOA_RV"]):
        bad.append(Hit("MA_KHOA_RV"))
    return bad


# --- XML8 -----------------------------------------------------------------------------------------

required(
    "X8-REQ-001",
    "XML8",
    "MA_LOAI_KCB",
    "NGAY_VAO",
    "NGAY_RA",
    "CHAN_DOAN_VAO",
    "CHAN_DOAN_RV",
    "QT_BENHLY",
    "TOMTAT_KQ",
    "PP_DIEUTRI",
    "KET_QUA_DTRI",
    "MA_TTDV",
    "NGAY_CT",
)


@rule("X8-CROSS-001")
def _summary_due(v: View) -> Iterator[Hit]:
    if v.kind in v.options.summary_kinds and v.absent("XML8"):
        yield Hit("", table="XML8")


@rule("X8-CROSS-002")
def _summary_not_due(v: View) -> Iterator[Hit]:
    if v.kind and v.kind not in v.options.summary_kinds and v.rows("XML8"):
        yield Hit("", table="XML8", row=1)


@rule("X8-CROSS-003")
def _summary_agrees(v: View) -> Iterator[Hit]:
    for row in v.rows("XML8"):
        yield from differing(v, row, ("MA_LOAI_KCB", "NGAY_VAO", "NGAY_RA", "KET_QUA_DTRI"))


def _lost_child(_: View, r: Row) -> Answer:
    dead, count = "NGAY_CONCHET" in r, "SO_CONCHET" in r
    if dead != count:
        return "SO_CONCHET" if dead else "NGAY_CONCHET"
    if dead and "NGAY_SINHCON" not in r:
        return "NGAY_SINHCON"
    number_ = number(r["SO_CONCHET"])
    return number_ is not None and number_ < 1 and "SO_CONCHET"


def _child_days(_: View, r: Row) -> Answer:
    born, died = r["NGAY_SINHCON"], r["NGAY_CONCHET"]
    if real_day(born) and real_day(died) and died < born:
        return "NGAY_CONCHET"
    first, last = day(r["NGAY_VAO"]), day(r["NGAY_RA"])
    outside = bool(first and last) and real_day(born) and not first <= born <= last
    return outside and warn("NGAY_SINHCON")


rows(
    "XML8",
    {
        "X8-CROSS-004": _lost_child,
        "X8-CODE-001": lambda v, r: (
            "KET_QUA_DTRI" in r and r["KET_QUA_DTRI"] not in outcomes(v.layout) and "KET_QUA_DTRI"
        ),
        "X8-FMT-001": lambda _, r: "TOMTAT_KQ" in r and len(r["TOMTAT_KQ"].strip()) < 20 and "TOMTAT_KQ",
        "X8-FMT-002": lambda _, r: len(r["TOMTAT_KQ"]) > 4000 and "TOMTAT_KQ",
        "X8-TIME-001": _child_days,
        "X8-TIME-002": lambda _, r: (
            bool(day(r["NGAY_CT"]) and day(r["NGAY_RA"])) and day(r["NGAY_CT"]) < day(r["NGAY_RA"]) and "NGAY_CT"
        ),
    },
)
