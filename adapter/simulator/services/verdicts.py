"""The asynchronous verdict of a received dossier, and how the portal would export it (api §3.3, §3.4)."""

from __future__ import annotations

import io
import json
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any

from openpyxl import Workbook

from adapter.simulator.core import Simulator

ERROR_COLUMNS = ("MA_LK", "MALOI", "MOTALOI", "NGAY_RA", "HO_TEN", "MA_THE")
"""C: what the portal's sheet of one dossier's errors carries."""
DOSSIER_COLUMNS = (
    "MA_LK", "MA_GIAO_DICH", "HO_TEN", "MA_THE", "NGAY_VAO", "NGAY_RA", "T_TONGCHI_BV", "T_TONGCHI_BH", "T_BNCCT",
    "T_BHTT", "NGAY_TTOAN", "NGAY_DE_NGHI_TT", "NGAY_GUI", "LOAI_HS", "TRANG_THAI_TT", "MA_LOI", "MO_TA",
    "TRANG_THAI_HS",
)  # fmt: skip
"""C as to content (dossier list of the portal); the headings themselves are ours."""
LONGEST_WINDOW = timedelta(days=60)
_STATES = {
    "pending": "Chờ xử lý",
    "good": "Thành công",
    "faulty": "Lỗi",
    "replaced": "Đã thay thế",
    "": "Từ chối",
}


def verdict_of(row: dict[str, Any], now: datetime) -> str:
    """``pending``, ``good``, ``faulty``, ``replaced``; empty for what was refused at the door."""
    if not row["accepted"]:
        return ""
    if row["replaced_by"] is not None:
        return "replaced"
    if row["verdict_at"] and now < datetime.fromisoformat(row["verdict_at"]):
        return "pending"
    return "faulty" if row["findings"] != "[]" else "good"


def errors_workbook(simulator: Simulator, facility: str, first: date, last: date) -> bytes:
    """The portal's error list of a period as xlsx: one line per fault of each judged, not replaced dossier."""
    lines: list[Sequence[str]] = []
    for row, verdict, summary in _dossiers(simulator, facility, first, last):
        if verdict != "faulty":
            continue
        for finding in json.loads(row["findings"]):
            lines.append(
                (
                    row["ma_lk"],
                    finding["code"],
                    finding["message_vi"],
                    summary.get("NGAY_RA", ""),
                    summary.get("HO_TEN", ""),
                    summary.get("MA_THE_BHYT", ""),
                )
            )
    return _workbook("Danh sách lỗi", ERROR_COLUMNS, lines)


def dossiers_workbook(simulator: Simulator, facility: str, first: date, last: date) -> bytes:
    """The portal's list of sent dossiers of a period as xlsx, replaced and refused ones too."""
    lines: list[Sequence[str]] = []
    for row, verdict, summary in _dossiers(simulator, facility, first, last):
        findings = json.loads(row["findings"]) if verdict == "faulty" else []
        code = findings[0]["code"] if findings else ("" if row["accepted"] else row["code"])
        text = findings[0]["message_vi"] if findings else json.loads(row["answer"]).get("thongDiep", "")
        sent = datetime.fromisoformat(row["at"])
        lines.append(
            (
                row["ma_lk"],
                row["ma_giao_dich"],
                summary.get("HO_TEN", ""),
                summary.get("MA_THE_BHYT", ""),
                summary.get("NGAY_VAO", ""),
                summary.get("NGAY_RA", ""),
                *(summary.get(name, "") for name in ("T_TONGCHI_BV", "T_TONGCHI_BH", "T_BNCCT", "T_BHTT")),
                summary.get("NGAY_TTOAN", ""),
                "",
                sent.strftime("%d/%m/%Y %H:%M:%S"),
                row["service"].rsplit("-", 1)[-1],
                "Chưa đề nghị thanh toán",
                code,
                text if code else "",
                _STATES[verdict],
            )
        )
    return _workbook("Danh sách hồ sơ", DOSSIER_COLUMNS, lines)


def _dossiers(
    simulator: Simulator, facility: str, first: date, last: date
) -> list[tuple[dict[str, Any], str, dict[str, Any]]]:
    """Raises ValueError for a period longer than the portal shows."""
    if not timedelta() <= last - first <= LONGEST_WINDOW:
        raise ValueError("at most 60 days")
    now = simulator.clock()
    rows = simulator.database.rows(
        "SELECT seq, at, service, facility, ma_lk, ma_giao_dich, accepted, code, answer, replaced_by, verdict_at,"
        " findings, summary FROM received WHERE facility = ? AND service LIKE 'dossier-%'"
        " AND substr(at, 1, 10) BETWEEN ? AND ? ORDER BY seq",
        facility,
        first.isoformat(),
        last.isoformat(),
    )
    return [(row, verdict_of(row, now), json.loads(row["summary"])) for row in rows]


def _workbook(title: str, columns: Sequence[str], lines: Sequence[Sequence[str]]) -> bytes:
    book = Workbook(write_only=True)
    sheet = book.create_sheet(title)
    sheet.append(list(columns))
    for line in lines:
        sheet.append(list(line))
    target = io.BytesIO()
    book.save(target)
    return target.getvalue()
