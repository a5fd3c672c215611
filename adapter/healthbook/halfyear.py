"""The half-yearly report of QĐ 2733: kinds of visit × insured or not × visits and sent, as a workbook."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any, Protocol

import yaml
from openpyxl import Workbook
from openpyxl.styles import Alignment, Font, PatternFill
from openpyxl.utils import get_column_letter

from adapter.clock import VIETNAM
from adapter.errors import ConfigError
from adapter.healthbook.catalogue import DATA


class VisitCount(Protocol):
    """Visits of one MA_LOAI_KCB, and how many the gateway has a receipt for."""

    @property
    def visit_type(self) -> str: ...
    @property
    def insured(self) -> bool: ...
    @property
    def visits(self) -> int: ...
    @property
    def sent(self) -> int: ...


@dataclass(frozen=True, slots=True)
class Period:
    """Half a year: ``since <= t < until``, Vietnam's time."""

    year: int
    half: int

    @property
    def since(self) -> datetime:
        """Its first instant."""
        return datetime(self.year, 1 if self.half == 1 else 7, 1, tzinfo=VIETNAM)

    @property
    def until(self) -> datetime:
        """The first instant after it."""
        return (
            datetime(self.year, 7, 1, tzinfo=VIETNAM)
            if self.half == 1
            else datetime(self.year + 1, 1, 1, tzinfo=VIETNAM)
        )


def half_year(now: datetime, *, year: int | None = None, half: int | None = None) -> Period:
    """A period by year and half; without both, the one that runs. ConfigError when only the half is named."""
    local = now.astimezone(VIETNAM)
    if year is None and half is not None:
        raise ConfigError("--half cần đi cùng --year", "--half goes with --year")
    if year is None:
        return Period(local.year, 1 if local.month <= 6 else 2)
    return Period(year, half or 1)


def workbook(period: Period, tables: Sequence[tuple[str, str, Sequence[VisitCount]]]) -> bytes:
    """One sheet per facility (code, name, counts)."""
    book = Workbook()
    del book["Sheet"]
    for code, name, counts in tables:
        _sheet(book.create_sheet(code), period, f"{code} {name}".strip(), counts)
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()


def table(counts: Sequence[VisitCount]) -> list[tuple[str, int, int, int, int]]:
    """Kind → insured visits, insured sent, other visits, other sent; the rest and the sum last."""
    document = _kinds()
    of_code = {code: kind["label_vi"] for kind in document["kinds"] for code in kind["codes"]}
    labels = [kind["label_vi"] for kind in document["kinds"]] + [document["other"]["label_vi"]]
    sums = {label: [0, 0, 0, 0] for label in labels}
    for count in counts:
        cells = sums[of_code.get(count.visit_type, labels[-1])]
        at = 0 if count.insured else 2
        cells[at] += count.visits
        cells[at + 1] += count.sent
    sums["Tổng cộng"] = [sum(cells[i] for cells in sums.values()) for i in range(4)]
    return [(label, *_four(cells)) for label, cells in sums.items()]


def _four(cells: Sequence[int]) -> tuple[int, int, int, int]:
    insured, insured_sent, other, other_sent = cells
    return insured, insured_sent, other, other_sent


def _sheet(sheet: Any, period: Period, title: str, counts: Sequence[VisitCount]) -> None:
    sheet.append(["Báo cáo liên thông Sổ sức khỏe điện tử (QĐ 2733/QĐ-BYT)"])
    sheet.append([title])
    sheet.append([f"Sáu tháng {'đầu' if period.half == 1 else 'cuối'} năm {period.year}"])
    sheet.append([])
    sheet.append(["Hình thức", "Có BHYT", "", "Không BHYT", "", "Tỷ lệ đã gửi (%)"])
    sheet.append(["", "Số lượt", "Đã gửi", "Số lượt", "Đã gửi", ""])
    first = sheet.max_row + 1
    for label, *cells in table(counts):
        row = sheet.max_row + 1
        share = f'=IF(B{row}+D{row}=0,"",ROUND((C{row}+E{row})/(B{row}+D{row})*100,1))'
        sheet.append([label, *cells, share])
    sheet.append([])
    sheet.append(
        ["Lượt theo ngày ra; “đã gửi”: cổng đã cấp mã giao dịch. Cách xếp sáu hình thức: docs/healthbook/report.md"]
    )
    sheet.merge_cells("B5:C5")
    sheet.merge_cells("D5:E5")
    for cell in (*sheet[1], *sheet[5], *sheet[6], *sheet[sheet.max_row - 2]):
        cell.font = Font(bold=True)
    for cell in (*sheet[5], *sheet[6]):
        cell.fill = PatternFill("solid", fgColor="E8F0F7")
        cell.alignment = Alignment(horizontal="center", wrap_text=True)
    for column, width in enumerate((52, 12, 12, 12, 12, 16), start=1):
        sheet.column_dimensions[get_column_letter(column)].width = width
    sheet.freeze_panes = f"B{first}"
    sheet.page_setup.orientation = "landscape"
    sheet.page_setup.fitToWidth = 1


@lru_cache(maxsize=1)
def _kinds() -> dict[str, Any]:
    document: dict[str, Any] = yaml.safe_load((DATA / "halfyear.yaml").read_text(encoding="utf-8"))
    return document
