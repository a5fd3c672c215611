"""XML6, HIV care, and XML15, tuberculosis treatment: presence and agreement only."""

from __future__ import annotations

import re
from collections.abc import Iterator

from adapter.rules.checks.documents.compare import differing
from adapter.rules.registry import Answer, Hit, required, rows, rule
from adapter.rules.values import days_between, number, parts, real_day
from adapter.rules.view import Row, View

_HIV = re.compile(r"B2[0-4]|Z21")
_TUBERCULOSIS = re.compile(r"A1[5-9]")

required(
    "X6-REQ-001",
    "XML6",
    "NOI_LAY_MAU_XN",
    "NOI_XN_KD",
    "NOI_BDDT_ARV",
    "MA_LYDO_DTRI",
    "LOAI_DTRI_LAO",
    "SANG_LOC_LAO",
    "KQ_DTRI_LAO",
    "MA_LOAI_BN",
    "GIAI_DOAN_LAM_SANG",
    "NHOM_DOI_TUONG",
    "MA_TINH_TRANG_DK",
    "MA_XU_TRI",
    "MA_PHAC_DO_DIEU_TRI",
)
required(
    "X15-REQ-001",
    "XML15",
    "MA_BN",
    "PHANLOAI_LAO_VITRI",
    "PHANLOAI_LAO_TS",
    "PHANLOAI_LAO_HIV",
    "PHANLOAI_LAO_VK",
    "PHANLOAI_LAO_KT",
    "LOAI_DTRI_LAO",
    "NGAYBD_DTRI_LAO",
    "PHACDO_DTRI_LAO",
    "KET_QUA_DTRI_LAO",
)


def _tuberculosis_fields(_: View, r: Row) -> Answer:
    if r["LOAI_DTRI_LAO"] in {"", "0"}:
        return None
    return [Hit(f) for f in ("PHACDO_DTRI_LAO", "NGAYBD_DTRI_LAO", "NGAYKT_DTRI_LAO") if f not in r]


def _antiretroviral_supply(_: View, r: Row) -> Answer:
    if "1" not in parts(r["MA_XU_TRI"]):
        return None
    wanted = ("NGAY_BAT_DAU_XU_TRI", "NGAY_KET_THUC_XU_TRI", "SO_NGAY_CAP_THUOC_ARV")
    lacking = [Hit(f) for f in wanted if f not in r]
    if lacking:
        return lacking
    start, end, days = r["NGAY_BAT_DAU_XU_TRI"], r["NGAY_KET_THUC_XU_TRI"], number(r["SO_NGAY_CAP_THUOC_ARV"])
    if not (real_day(start) and real_day(end)) or days is None:
        return None
    return days > days_between(start, end) and Hit("SO_NGAY_CAP_THUOC_ARV", expected=str(days_between(start, end)))


rows("XML6", {"X6-CROSS-001": _tuberculosis_fields, "X6-CROSS-002": _antiretroviral_supply})


@rule("X6-CROSS-003")
def _hiv_agrees(v: View) -> Iterator[Hit]:
    fields = ("SO_CCCD", "NGAY_SINH", "GIOI_TINH", "DIA_CHI", "MATINH_CU_TRU", "MAXA_CU_TRU", "MA_CSKCB")
    for row in v.rows("XML6"):
        yield from differing(v, row, fields)


@rule("X6-CROSS-004")
def _hiv_table(v: View) -> Iterator[Hit]:
    if v.absent("XML6") and any(_HIV.match(c) for c in v.icd):
        yield Hit("", table="XML6")


@rule("X15-CROSS-001")
def _tuberculosis_agrees(v: View) -> Iterator[Hit]:
    for row in v.rows("XML15"):
        yield from differing(v, row, ("HO_TEN", "SO_CCCD", "MA_CSKCB"))


@rule("X15-CROSS-002")
def _tuberculosis_table(v: View) -> Iterator[Hit]:
    if v.absent("XML15") and any(_TUBERCULOSIS.match(c) for c in v.icd):
        yield Hit("", table="XML15")
