"""The report as a spreadsheet: one row a finding, and a sheet of what to fix first."""

from __future__ import annotations

from pathlib import Path

from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE
from openpyxl.styles import Font
from openpyxl.worksheet._write_only import WriteOnlyWorksheet

from adapter.rules.report.groups import Summary

_WEIGHT = {"error": "Lỗi", "warning": "Cảnh báo", "info": "Lưu ý"}
_SUMMARY = ("Mức", "Mã luật", "Nội dung", "Cách sửa", "Số hồ sơ", "Số chỗ", "English")
_FINDINGS = (
    "Mức",
    "Mã luật",
    "MA_LK",
    "Bảng",
    "Dòng",
    "Trường",
    "Tên trường",
    "Đang ghi",
    "Nội dung",
    "English",
    "Tệp",
)


def write(summary: Summary, path: Path) -> None:
    """Write the workbook. Texts stay texts: a value that begins with ``=`` is no formula."""
    book = Workbook(write_only=True)
    first = book.create_sheet("Sửa gì trước")
    _row(first, _SUMMARY, bold=True)
    for g in summary.groups:
        count = len(g.places) + g.more
        _row(first, (_WEIGHT[g.severity], g.rule, g.title_vi, g.fix_vi, len(g.dossiers), count, g.title_en))
    second = book.create_sheet("Chi tiết")
    _row(second, _FINDINGS, bold=True)
    for g in summary.groups:
        for p in g.places:
            cells = (p.ma_lk, p.table, p.row, p.field, p.field_vi, p.value, p.message_vi, p.message_en, p.file)
            _row(second, (_WEIGHT[p.severity], g.rule, *cells))
    third = book.create_sheet("Chưa kiểm tra")
    _row(third, ("Mã luật", "Cần"), bold=True)
    for rule, needs in sorted(summary.not_checked.items()):
        _row(third, (rule, needs))
    book.save(path)


def _row(sheet: WriteOnlyWorksheet, values: tuple[str | int | None, ...], *, bold: bool = False) -> None:
    cells = []
    for value in values:
        if isinstance(value, str):
            cell = WriteOnlyCell(sheet, value=ILLEGAL_CHARACTERS_RE.sub("", value)[:32_000])
            cell.data_type = "s"
        else:
            cell = WriteOnlyCell(sheet, value=value)
        if bold:
            cell.font = Font(bold=True)
        cells.append(cell)
    sheet.append(cells)
