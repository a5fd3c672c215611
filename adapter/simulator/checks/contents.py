"""The later, deeper check behind the asynchronous verdict: required fields, sums, days, codes.

The gateway's own error codes (MALOI) are not public; the codes here start with ``SIM-`` so
that nobody takes them for real ones. Sums follow the explanations of the annexes.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from decimal import Decimal, InvalidOperation
from typing import Any

from adapter.simulator.checks.structure import Reading, Row

_TOLERANCE = Decimal("1.00")
"""Đồng. Rounding of rows may differ by less than this; D."""


_EMERGENCY = "2"
_Place = tuple[str, str, int, str]
"""Code, table, row, field."""


def find_faults(reading: Reading, uninsured: tuple[str, ...]) -> list[dict[str, Any]]:
    """What is wrong with the contents of a well-formed file; empty when the verdict is good."""
    found = list(_required(reading)) + list(_closed_codes(reading))
    if "XML0" in reading.tables:
        found += _checkin(reading.tables["XML0"])
    if "XML1" in reading.tables:
        stay = reading.tables["XML1"][0]
        found += _days(reading, stay)
        found += _sums(reading, stay)
        if stay["MA_DOITUONG_KCB"] not in (*uninsured, _EMERGENCY) and not stay["MA_THE_BHYT"]:
            found.append(
                _finding(("SIM-CARD", "XML1", 1, "MA_THE_BHYT"), "trống ở lượt khám BHYT", "empty on an insured visit")
            )
    return found


def summary_of(reading: Reading) -> dict[str, Any]:
    """What the portal's list shows of a file: name, card, days, amounts. Kept in the gateway's own database only."""
    row = next((rows[0] for name in ("XML1", "XML0") if (rows := reading.tables.get(name))), {})
    wanted = (
        "HO_TEN",
        "MA_THE_BHYT",
        "NGAY_VAO",
        "NGAY_RA",
        "NGAY_TTOAN",
        "T_TONGCHI_BV",
        "T_TONGCHI_BH",
        "T_BHTT",
        "T_BNCCT",
    )
    return {name: row[name] for name in wanted if row.get(name)} | {
        "rows": {name: len(rows) for name, rows in reading.tables.items()}
    }


def _required(reading: Reading) -> Iterator[dict[str, Any]]:
    if reading.layout is None:
        return
    for name, rows in reading.tables.items():
        shape = reading.layout.shape(name)
        if shape is None:
            continue
        wanted = [column.name for column in shape.columns if column.required]
        for number, row in enumerate(rows, 1):
            for field in wanted:
                if not row[field]:
                    yield _finding(("SIM-REQUIRED", name, number, field), "bắt buộc nhưng trống", "required but empty")


def _closed_codes(reading: Reading) -> Iterator[dict[str, Any]]:
    if reading.layout is None:
        return
    standard = reading.layout.standard
    for name, rows in reading.tables.items():
        for field in standard.tables[name].fields:
            if not field.code_list or field.separator:
                continue
            codes = standard.code_set(field.code_list)
            if codes is None or not codes.closed or codes.prefix:
                continue
            for number, row in enumerate(rows, 1):
                text = row[field.name]
                if text and codes.accepts(text) is None:
                    yield _finding(
                        ("SIM-CODE", name, number, field.name),
                        "không có trong danh mục mã",
                        "not in the closed code list",
                    )


def _checkin(rows: list[Row]) -> Iterator[dict[str, Any]]:
    for number, row in enumerate(rows, 1):
        pairs = (("MA_DICH_VU", "TEN_DICH_VU"), ("MA_THUOC", "TEN_THUOC"), ("MA_VAT_TU", "TEN_VAT_TU"))
        if not any(row.get(code) for code, _name in pairs):
            yield _finding(
                ("SIM-FIRST-COST", "XML0", number, "MA_DICH_VU"),
                "phải có ít nhất một dịch vụ, thuốc hoặc vật tư",
                "a service, drug or supply is needed",
            )
        for code, name in pairs:
            if row.get(code) and not row.get(name):
                yield _finding(
                    ("SIM-NAME", "XML0", number, name), f"trống khi có {code}", f"empty while {code} is filled"
                )


def _days(reading: Reading, stay: Row) -> Iterator[dict[str, Any]]:
    start, end = stay["NGAY_VAO"], stay["NGAY_RA"]
    if start and end and end < start:
        yield _finding(("SIM-DAYS", "XML1", 1, "NGAY_RA"), "trước NGAY_VAO", "before NGAY_VAO")
    admitted = stay.get("NGAY_VAO_NOI_TRU", "")
    if admitted and start and admitted < start:
        yield _finding(("SIM-DAYS", "XML1", 1, "NGAY_VAO_NOI_TRU"), "trước NGAY_VAO", "before NGAY_VAO")
    for name in ("XML2", "XML3"):
        for number, row in enumerate(reading.tables.get(name, ()), 1):
            ordered = row["NGAY_YL"]
            for later in ("NGAY_TH_YL", "NGAY_KQ"):
                if ordered and row.get(later) and row[later] < ordered:
                    yield _finding(("SIM-DAYS", name, number, later), "trước NGAY_YL", "before NGAY_YL")


def _sums(reading: Reading, stay: Row) -> Iterator[dict[str, Any]]:
    drugs, services = reading.tables.get("XML2", []), reading.tables.get("XML3", [])
    rows = [*drugs, *services]
    parts = [_money(stay.get(name, "")) for name in ("T_BNTT", "T_BNCCT", "T_BHTT", "T_NGUONKHAC")]
    if _off(stay["T_TONGCHI_BV"], sum(parts, Decimal())):
        yield _finding(
            ("SIM-SUM", "XML1", 1, "T_TONGCHI_BV"),
            "khác tổng các nguồn chi trả",
            "differs from the sum of those who pay",
        )
    if not rows:
        return  # tables 1 and 8 only: there is nothing to add up
    supplies = [row for row in services if row["MA_NHOM"] in ("10", "11")]
    wanted = {
        "T_THUOC": _total(drugs, "THANH_TIEN_BV"),
        "T_VTYT": _total(supplies, "THANH_TIEN_BV"),
        "T_TONGCHI_BV": _total(rows, "THANH_TIEN_BV"),
        "T_TONGCHI_BH": _total(rows, "THANH_TIEN_BH"),
        "T_BNTT": _total(rows, "T_BNTT"),
        "T_BNCCT": _total(rows, "T_BNCCT"),
        "T_BHTT": _total(rows, "T_BHTT"),
        "T_NGUONKHAC": _total(rows, "T_NGUONKHAC"),
    }
    for name, total in wanted.items():
        if _off(stay[name], total):
            yield _finding(
                ("SIM-SUM", "XML1", 1, name), "khác tổng các dòng XML2, XML3", "differs from the rows of XML2, XML3"
            )


def _total(rows: Iterable[Row], name: str) -> Decimal:
    return sum((_money(row.get(name, "")) for row in rows), Decimal())


def _off(text: str, wanted: Decimal) -> bool:
    return abs(_money(text) - wanted) > _TOLERANCE


def _money(text: str) -> Decimal:
    try:
        return Decimal(text) if text else Decimal()
    except InvalidOperation:  # the structure check has refused such a file already
        return Decimal()


def _finding(at: _Place, vi: str, en: str) -> dict[str, Any]:
    code, table, row, field = at
    return {
        "code": code,
        "table": table,
        "row": row,
        "field": field,
        "message_vi": f"{table} dòng {row}, trường {field}: {vi}",
        "message_en": f"{table} row {row}, field {field}: {en}",
    }
