"""XML13, the transfer paper, and XML14, the return appointment."""

from __future__ import annotations

import re
from collections.abc import Iterator

from adapter.rules.checks.common import NO_END_PREFIXES, listed
from adapter.rules.checks.documents.compare import differing
from adapter.rules.registry import Answer, Hit, one_of, required, row_rule, rows, rule, warn
from adapter.rules.values import day, parts
from adapter.rules.view import Row, View

_TRANSFER = frozenset({"2", "5"})
_LATER_END = frozenset({"02", "05", "07", "08"})
_HELPER = re.compile(r"[^.\s]+\.HD\.[0-9A-Z]{5}\Z")
_PERSON_AND_VISIT = (
    "NGAY_SINH",
    "GIOI_TINH",
    "DIA_CHI",
    "MA_THE_BHYT",
    "GT_THE_DEN",
    "NGAY_VAO",
    "NGAY_VAO_NOI_TRU",
    "NGAY_RA",
    "CHAN_DOAN_RV",
    "MA_BENH_CHINH",
    "MA_BENH_KT",
    "MA_BENH_YHCT",
)

required(
    "X13-REQ-001",
    "XML13",
    "SO_HOSO",
    "SO_CHUYENTUYEN",
    "GIAY_CHUYEN_TUYEN",
    "HO_TEN",
    "DAU_HIEU_LS",
    "QT_BENHLY",
    "CHAN_DOAN_RV",
    "MA_LYDO_CT",
    "HUONG_DIEU_TRI",
    "PHUONGTIEN_VC",
    "MA_BAC_SI",
    "MA_TTDV",
)
required(
    "X14-REQ-001",
    "XML14",
    "SO_GIAYHEN_KL",
    "MA_CSKCB",
    "HO_TEN",
    "NGAY_HEN_KL",
    "MA_BAC_SI",
    "MA_TTDV",
    "NGAY_CT",
)
one_of("X13-CODE-001", "XML13", "MA_LYDO_CT", "123")


@rule("X13-CROSS-001")
def _transfer_paper_due(v: View) -> Iterator[Hit]:
    if v.x1["MA_LOAI_RV"] in _TRANSFER and v.absent("XML13"):
        yield Hit("", table="XML13")


@rule("X13-CROSS-002")
def _not_a_transfer(v: View) -> Iterator[Hit]:
    discharge = v.x1["MA_LOAI_RV"]
    if discharge and discharge not in _TRANSFER and v.rows("XML13"):
        yield Hit("MA_LOAI_RV", table="XML1")


@rule("X13-CROSS-003")
def _transfer_paper_agrees(v: View) -> Iterator[Hit]:
    new = v.layout == "3176"
    where_from, where_to = ("MA_CSKCB_DI", "MA_CSKCB_DEN") if new else ("MA_NOI_DI", "MA_NOI_DEN")
    fields = (
        "MA_CSKCB",
        where_from,
        where_to,
        "HO_TEN",
        "MA_QUOCTICH",
        "MA_DANTOC",
        "MA_NGHE_NGHIEP",
        *_PERSON_AND_VISIT,
        "MA_LOAI_RV",
    )
    names = {where_from: "MA_NOI_DI", where_to: "MA_NOI_DEN"}
    lists = (where_from, "NGAY_VAO", "NGAY_RA") if new else ()
    for row in v.rows("XML13"):
        yield from differing(v, row, fields, names=names, lists=lists)


def _card_and_end(_: View, r: Row) -> Answer:
    cards, ends = parts(r["MA_THE_BHYT"]), parts(r["GT_THE_DEN"])
    endless = any(c[:2] in NO_END_PREFIXES for c in cards)
    return bool(cards) and not endless and len(cards) != len(ends) and "GT_THE_DEN"


def _new_fields(v: View, r: Row) -> Answer:
    if v.layout != "3176":
        return None
    old = {"MA_CSKCB_DEN": "MA_NOI_DEN", "TINH_TRANG_CT": "PP_DIEU_TRI"}
    wanted = ("MA_CSKCB", "MA_CSKCB_DEN", "MA_BENH_CHINH", "TINH_TRANG_CT", "MA_LOAI_RV")
    return [Hit(f) for f in wanted if f not in r and old.get(f, f) not in r]


rows(
    "XML13",
    {
        "X13-CROSS-004": _card_and_end,
        "X13-REQ-002": _new_fields,
        "X13-REQ-003": lambda _, r: "NGAY_VAO_NOI_TRU" in r and "TOMTAT_KQ" not in r and "TOMTAT_KQ",
        "X13-CODE-002": lambda v, r: [
            Hit(f)
            for f in ("MA_CSKCB", "MA_CSKCB_DEN", "MA_CSKCB_DI", "MA_NOI_DEN", "MA_NOI_DI")
            if any(p and (len(p) != 5 or not listed(v, "facilities", p)) for p in parts(r[f]))
        ],
    },
)


@row_rule(("X13-CODE-003", "XML13"), ("X13-CODE-003", "XML14"))
def _diseases(v: View, r: Row) -> Answer:
    main, second = r["MA_BENH_CHINH"], [p.strip() for p in parts(r["MA_BENH_KT"]) if p.strip()]
    bad = []
    if main and (";" in main or not listed(v, "icd10", main)):
        bad.append(Hit("MA_BENH_CHINH"))
    if len(second) > 12 or any(not listed(v, "icd10", c) for c in second):
        bad.append(Hit("MA_BENH_KT"))
    return bad


@row_rule(("X13-FMT-001", "XML13"), ("X13-FMT-001", "XML14"))
def _doctor_suffix(_: View, r: Row) -> Answer:
    return "." in r["MA_BAC_SI"] and not _HELPER.match(r["MA_BAC_SI"]) and "MA_BAC_SI"


# --- XML14 ------------------------------------------------------------------------------------------


@rule("X14-CROSS-001")
def _appointment_due(v: View) -> Iterator[Hit]:
    if "NGAY_TAI_KHAM" in v.x1 and v.absent("XML14"):
        yield Hit("", table="XML14")


@row_rule(("X14-CROSS-002", "XML14"))
def _appointment_day(v: View, r: Row) -> Answer:
    on, told = day(r["NGAY_HEN_KL"]), parts(v.x1["NGAY_TAI_KHAM"])
    return bool(on and told) and on not in told and "NGAY_HEN_KL"


@rule("X14-CROSS-003")
def _appointment_agrees(v: View) -> Iterator[Hit]:
    for row in v.rows("XML14"):
        yield from differing(v, row, (*_PERSON_AND_VISIT, "MA_DOITUONG_KCB"))


@row_rule(("X14-TIME-001", "XML14"))
def _appointment_after_end(v: View, r: Row) -> Answer:
    on = day(r["NGAY_HEN_KL"])
    if not on or not v.ra or on > v.ra[:8]:
        return None
    return "NGAY_HEN_KL" if on < v.ra[:8] else warn("NGAY_HEN_KL")


@row_rule(("X14-TIME-002", "XML14"))
def _paper_day(v: View, r: Row) -> Answer:
    on = day(r["NGAY_CT"])
    if on and v.vao and on < v.vao[:8]:
        return "NGAY_CT"
    return bool(on and v.ra) and on < v.ra[:8] and v.kind not in _LATER_END and warn("NGAY_CT")
