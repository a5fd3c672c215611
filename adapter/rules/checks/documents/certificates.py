"""XML9 birth certificates, XML10 maternity rest, XML11 sick leave."""

from __future__ import annotations

import re
from collections.abc import Iterator

from adapter.rules.checks.common import TEN_DIGITS, known_staff
from adapter.rules.registry import Answer, Hit, info, required, row_rule, rows, rule, warn
from adapter.rules.values import ZERO, day, days_between, instant, integer, norm, number, parts, real_day
from adapter.rules.view import Row, View

_PERSONAL_NUMBER_SINCE = "20260901"
_IDENTITY = re.compile(r"([0-9]{9}|[0-9]{12})\Z")
_TREATMENTS = ("nội khoa", "phẫu thuật", "ngoại khoa", "xạ trị", "hóa trị", "hoá trị", "kết hợp")
_TUBERCULOSIS = re.compile(r"A1[5-9]")

required(
    "X9-REQ-001",
    "XML9",
    "HO_TEN_NND",
    "NGAYSINH_NND",
    "MA_DANTOC_NND",
    "SO_CCCD_NND",
    "NGAYCAP_CCCD_NND",
    "NOICAP_CCCD_NND",
    "NOI_CU_TRU_NND",
    "MA_QUOCTICH",
    "MATINH_CU_TRU",
    "MAXA_CU_TRU",
    warning=("MAXA_CU_TRU",),
)
required(
    "X9-REQ-002",
    "XML9",
    "MA_THE_TAM",
    "GIOI_TINH_CON",
    "SO_CON",
    "LAN_SINH",
    "SO_CON_SONG",
    "CAN_NANG_CON",
    "NGAY_SINH_CON",
    "NOI_SINH_CON",
    "TINH_TRANG_CON",
    "SINHCON_PHAUTHUAT",
    "SINHCON_DUOI32TUAN",
    "NGUOI_DO_DE",
    "NGUOI_GHI_PHIEU",
    "NGAY_CT",
    "SO",
    "QUYEN_SO",
    "MA_TTDV",
    warning=("MA_THE_TAM",),
)
required("X9-REQ-003", "XML9", "MA_BHXH_NND", "MA_THE_NND", "HO_TEN_CON")
required(
    "X10-REQ-001",
    "XML10",
    "SO_SERI",
    "SO_CT",
    "SO_NGAY",
    "DON_VI",
    "CHAN_DOAN_RV",
    "TU_NGAY",
    "DEN_NGAY",
    "MA_TTDV",
    "TEN_BS",
    "MA_BS",
    "NGAY_CT",
)
required(
    "X11-REQ-001",
    "XML11",
    "SO_CT",
    "SO_SERI",
    "SO_KCB",
    "DON_VI",
    "MA_BHXH",
    "CHAN_DOAN_RV",
    "PP_DIEUTRI",
    "SO_NGAY_NGHI",
    "TU_NGAY",
    "DEN_NGAY",
    "MA_TTDV",
    "MA_BS",
    "NGAY_CT",
)


@rule("X9-CROSS-001")
def _certificate_due(v: View) -> Iterator[Hit]:
    if "CAN_NANG_CON" in v.x1 and v.absent("XML9"):
        yield Hit("", table="XML9")


@rule("X9-CROSS-002")
def _one_for_each_child(v: View) -> Iterator[Hit]:
    weights = [p for p in parts(v.x1["CAN_NANG_CON"]) if p.strip()]
    if weights and v.rows("XML9") and len(v.rows("XML9")) != len(weights):
        yield Hit("CAN_NANG_CON", table="XML1", expected=str(len(v.rows("XML9"))))


def _delivery_note(_: View, r: Row) -> Answer:
    # The decree fixes phrases; their wording differs between copies, so the decisive words are looked for.
    note = norm(r["GHI_CHU"])
    surgical = r["SINHCON_PHAUTHUAT"] == "1" and "phẫu thuật" not in note
    early = r["SINHCON_DUOI32TUAN"] == "1" and "32 tuần" not in note
    return (surgical or early) and "GHI_CHU"


def _plausible_birth(_: View, r: Row) -> Answer:
    bad = []
    for field, least in (("SO_CON", 1), ("LAN_SINH", 1), ("SO_CON_SONG", 0)):
        value = number(r[field])
        if value is not None and value < least:
            bad.append(Hit(field))
    weight = number(r["CAN_NANG_CON"])
    if weight is not None and weight <= 0:
        bad.append(Hit("CAN_NANG_CON"))
    elif weight is not None and not 300 <= weight <= 7000:
        bad.append(info("CAN_NANG_CON"))
    return bad


def _insurance_number(r: Row, field: str) -> Hit | None:
    """10 digits, not all zero; 12 digits (personal number) only warn on papers from 01/09/2026."""
    text = r[field]
    if not text or (TEN_DIGITS.match(text) and text.strip("0")):
        return None
    personal = len(text) == 12 and text.isascii() and text.isdigit() and day(r["NGAY_CT"]) >= _PERSONAL_NUMBER_SINCE
    return Hit(field, "warning" if personal else None)


def _mother_numbers(_: View, r: Row) -> Answer:
    bad = [_insurance_number(r, "MA_BHXH_NND")]
    if "MA_THE_NND" in r and len(r["MA_THE_NND"]) != 15:
        bad.append(Hit("MA_THE_NND"))
    return [hit for hit in bad if hit]


def _mother_identity(v: View, r: Row) -> Answer:
    bad = [Hit(f) for f in ("NGAYSINH_NND", "NGAYCAP_CCCD_NND") if f in r and not real_day(r[f])]
    today = v.now[:8] or day(r["NGAY_CT"])
    if real_day(r["NGAYCAP_CCCD_NND"]) and today and r["NGAYCAP_CCCD_NND"] > today:
        bad.append(Hit("NGAYCAP_CCCD_NND"))
    if r["MA_QUOCTICH"] == "000" and "SO_CCCD_NND" in r and not _IDENTITY.match(r["SO_CCCD_NND"]):
        bad.append(Hit("SO_CCCD_NND"))
    return bad


_DIGITS = (("MA_DANTOC_NND", (2,)), ("MA_QUOCTICH", (3,)), ("MATINH_CU_TRU", (2, 3)), ("MAXA_CU_TRU", (5,)))


def _mother_codes(_: View, r: Row) -> Answer:
    return [Hit(f) for f, sizes in _DIGITS if f in r and not (len(r[f]) in sizes and integer(r[f]) is not None)]


def _child_card(_: View, r: Row) -> Answer:
    card, province = r["MA_THE_TAM"], r["MATINH_CU_TRU"]
    if not card or not province:
        return None
    head = f"TE1{province}"
    return not (card.startswith(head) and TEN_DIGITS.match(card[len(head) :])) and "MA_THE_TAM"


def _flags(_: View, r: Row) -> Answer:
    bad = [Hit("GIOI_TINH_CON")] if "GIOI_TINH_CON" in r and r["GIOI_TINH_CON"] not in {"1", "2", "3"} else []
    flags = ("SINHCON_PHAUTHUAT", "SINHCON_DUOI32TUAN")
    return bad + [Hit(f) for f in flags if f in r and r[f] not in {"0", "1"}]


def _born_in_stay(v: View, r: Row) -> Answer:
    born = instant(r["NGAY_SINH_CON"])
    return bool(born and v.vao and v.ra) and (born > v.ra or born[:8] < v.vao[:8]) and "NGAY_SINH_CON"


rows(
    "XML9",
    {
        "X9-CROSS-003": _delivery_note,
        "X9-CROSS-004": _plausible_birth,
        "X9-FMT-001": _mother_numbers,
        "X9-FMT-002": _mother_identity,
        "X9-FMT-003": _mother_codes,
        "X9-FMT-004": _child_card,
        "X9-CODE-001": _flags,
        "X9-TIME-001": _born_in_stay,
    },
)


# --- XML10, XML11 -----------------------------------------------------------------------------------


def _span(r: Row) -> int | None:
    """Days from TU_NGAY to DEN_NGAY; None when broken or in the wrong order."""
    start, end = day(r["TU_NGAY"]), day(r["DEN_NGAY"])
    return days_between(start, end) if start and end and end >= start else None


def _rest_days(_: View, r: Row) -> Answer:
    text = r["SO_NGAY"]
    if not text:
        return None
    stated, span = integer(text), _span(r)
    if not stated:
        return "SO_NGAY"
    if span is not None and stated not in {span, span + 1}:
        return Hit("SO_NGAY", expected=str(span + 1))
    if stated > 180:
        return warn("SO_NGAY")
    # The annex subtracts, its own example counts both ends.
    return stated == span and info("SO_NGAY")


def _leave_days(_: View, r: Row) -> Answer:
    text = r["SO_NGAY_NGHI"]
    if not text:
        return None
    stated, span = integer(text), _span(r)
    if not stated:
        return "SO_NGAY_NGHI"
    return span is not None and stated != span + 1 and Hit("SO_NGAY_NGHI", "warning", str(span + 1))


def _leave_limit(v: View, r: Row) -> Answer:
    stated = number(r["SO_NGAY_NGHI"])
    if stated is None or stated <= 30:
        return None
    if stated > 180:
        return Hit("SO_NGAY_NGHI", "error")
    if any(_TUBERCULOSIS.match(c) for c in v.icd):
        return None
    late_termination = r["MA_DINH_CHI_THAI"] == "1" and (number(r["TUOI_THAI"]) or ZERO) >= 13
    return not (late_termination and stated <= 50) and "SO_NGAY_NGHI"


def _termination(_: View, r: Row) -> Answer:
    flag = r["MA_DINH_CHI_THAI"]
    if flag not in {"", "0", "1"}:
        return "MA_DINH_CHI_THAI"
    return [Hit(f) for f in ("NGUYENNHAN_DINHCHI", "TUOI_THAI") if f not in r] if flag == "1" else None


def _order(_: View, r: Row) -> Answer:
    start, end = day(r["TU_NGAY"]), day(r["DEN_NGAY"])
    return bool(start and end) and end < start and "DEN_NGAY"


def _paper_in_leave(_: View, r: Row) -> Answer:
    start, end, on = day(r["TU_NGAY"]), day(r["DEN_NGAY"]), day(r["NGAY_CT"])
    if start and end and end < start:
        return "DEN_NGAY"
    return bool(start and end and on) and not start <= on <= end and warn("NGAY_CT")


def _leave_of_this_visit(v: View, r: Row) -> Answer:
    start, end = day(r["TU_NGAY"]), day(r["DEN_NGAY"])
    if v.ra and start and start > v.ra[:8]:
        return "TU_NGAY"
    return bool(v.vao and end) and end < v.vao[:8] and "DEN_NGAY"


def _sick_leave_numbers(_: View, r: Row) -> Answer:
    bad = [_insurance_number(r, "MA_BHXH")]
    if any(len(p) != 15 for p in parts(r["MA_THE_BHYT"])):
        bad.append(Hit("MA_THE_BHYT"))
    return [hit for hit in bad if hit]


rows(
    "XML10",
    {
        "X10-CROSS-001": _rest_days,
        "X10-CROSS-002": lambda _, r: (
            "CHAN_DOAN_RV" in r and "dưỡng thai" not in norm(r["CHAN_DOAN_RV"]) and "CHAN_DOAN_RV"
        ),
        "X10-TIME-001": _order,
        "X10-TIME-002": lambda _, r: (
            bool(day(r["NGAY_CT"]) and day(r["TU_NGAY"])) and day(r["NGAY_CT"]) < day(r["TU_NGAY"]) and "NGAY_CT"
        ),
    },
)
rows(
    "XML11",
    {
        "X11-FMT-001": _sick_leave_numbers,
        "X11-CODE-001": lambda _, r: "MAU_SO" in r and r["MAU_SO"] != "CT07" and "MAU_SO",
        "X11-CROSS-001": _leave_days,
        "X11-CROSS-002": _leave_limit,
        "X11-CROSS-003": _termination,
        "X11-CROSS-004": lambda _, r: (
            "PP_DIEUTRI" in r and not any(t in norm(r["PP_DIEUTRI"]) for t in _TREATMENTS) and "PP_DIEUTRI"
        ),
        "X11-TIME-001": _paper_in_leave,
        "X11-TIME-002": _leave_of_this_visit,
    },
)


@row_rule(*(("X11-CODE-002", t) for t in ("XML10", "XML11", "XML13", "XML14")))
def _signers(v: View, r: Row) -> Answer:
    on = day(r["NGAY_CT"])
    moment = f"{on}0000" if on else v.ra
    return [Hit(f) for f in ("MA_TTDV", "MA_BS", "MA_BAC_SI") if f in r and not known_staff(v, r[f], moment)]
