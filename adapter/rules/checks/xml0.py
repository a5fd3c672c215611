"""Check-in rules (XML0), from the gateway's field sheet."""

from __future__ import annotations

from collections.abc import Iterator

from adapter.rules.checks.common import CARD, IDENTITY, NO_END_PREFIXES, birth_ok, category_verdict, visit_kind_known
from adapter.rules.registry import Answer, Hit, one_of, required, row_rule, rows, rule
from adapter.rules.values import birth_day, instant, parts, real_day
from adapter.rules.view import Row, View

required(
    "X0-REQ-001",
    "XML0",
    "MA_LK",
    "STT",
    "MA_BN",
    "HO_TEN",
    "NGAY_SINH",
    "GIOI_TINH",
    "MA_DOITUONG_KCB",
    "NGAY_VAO",
    "MA_LOAI_KCB",
    "MA_CSKCB",
    "NGAY_YL",
)
one_of("X0-CODE-001", "XML0", "GIOI_TINH", "123")

_ITEMS = (("MA_DICH_VU", "TEN_DICH_VU"), ("MA_THUOC", "TEN_THUOC"), ("MA_VAT_TU", "TEN_VAT_TU"))


def _card_companions(_: View, r: Row) -> Answer:
    card = r["MA_THE_BHYT"]
    if not card:
        return None
    wanted = ["MA_DKBD", "GT_THE_TU"] + ([] if card[:2] in NO_END_PREFIXES else ["GT_THE_DEN"])
    return [Hit(f) for f in wanted if f not in r]


def _category(v: View, r: Row) -> Answer:
    code = r["MA_DOITUONG_KCB"]
    severity = category_verdict(v, code) if code else None
    return Hit("MA_DOITUONG_KCB", severity) if severity else None


def _before(later: str, earlier: str) -> Answer:
    """Whether the first of two instants comes before the second; silent when one is broken."""
    return bool(instant(later) and instant(earlier) and later < earlier)


rows(
    "XML0",
    {
        "X0-REQ-002": lambda _, r: not any(code in r for code, _n in _ITEMS) and "MA_DICH_VU",
        "X0-REQ-003": lambda _, r: [Hit(name) for code, name in _ITEMS if code in r and name not in r],
        "X0-REQ-004": lambda _, r: "NGAY_VAO_NOI_TRU" in r and "LY_DO_VNT" not in r and "LY_DO_VNT",
        "X0-REQ-005": _card_companions,
        "X0-FMT-001": lambda v, r: "NGAY_SINH" in r and not birth_ok(r["NGAY_SINH"], v.now or v.vao) and "NGAY_SINH",
        "X0-FMT-002": lambda _, r: "SO_CCCD" in r and not IDENTITY.match(r["SO_CCCD"]) and "SO_CCCD",
        "X0-FMT-003": lambda _, r: any(not CARD.match(c) for c in parts(r["MA_THE_BHYT"])) and "MA_THE_BHYT",
        "X0-FMT-004": lambda _, r: [Hit(f) for f in ("MA_DKBD", "MA_CSKCB") if f in r and len(r[f]) != 5],
        "X0-CODE-002": _category,
        "X0-CODE-003": lambda v, r: "MA_LOAI_KCB" in r and not visit_kind_known(v, r["MA_LOAI_KCB"]) and "MA_LOAI_KCB",
        "X0-TIME-001": lambda _, r: _before(r["NGAY_VAO_NOI_TRU"], r["NGAY_VAO"]) and "NGAY_VAO_NOI_TRU",
        "X0-TIME-002": lambda _, r: _before(r["NGAY_YL"], r["NGAY_VAO"]) and "NGAY_YL",
        "X0-TIME-005": lambda v, r: [Hit(f) for f in ("NGAY_VAO", "NGAY_YL") if instant(r[f]) and r[f] > v.now],
    },
)


@row_rule(("X0-TIME-003", "XML0"))
def _born_before(_: View, r: Row) -> Answer:
    birth, arrival = birth_day(r["NGAY_SINH"]), instant(r["NGAY_VAO"])
    return bool(birth and arrival and birth > arrival[:8]) and "NGAY_SINH"


@row_rule(("X0-TIME-004", "XML0"))
def _card_order(_: View, r: Row) -> Answer:
    start, end = r["GT_THE_TU"], r["GT_THE_DEN"]
    return real_day(start) and real_day(end) and start > end and "GT_THE_TU"


@rule("X0-CROSS-001")
def _one_visit(v: View) -> Iterator[Hit]:
    for row in v.rows("XML0"):
        if row["MA_LK"] and row["MA_LK"] != v.dossier.ma_lk:
            yield Hit("MA_LK", row=row.number)
        if row["MA_CSKCB"] and v.dossier.facility and row["MA_CSKCB"] != v.dossier.facility:
            yield Hit("MA_CSKCB", row=row.number)
