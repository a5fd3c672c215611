"""Lists as the portal exports them, made by hand: any headings, any order."""

from __future__ import annotations

import os
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from openpyxl import Workbook

DOSSIERS = ("STT", "MA_LK", "MA_GIAO_DICH", "NGAY_GUI", "T_TONGCHI_BV", "T_BHTT", "NGAY_DE_NGHI_TT", "TRANG_THAI_HS")
ERRORS = ("MA_LK", "MALOI", "MOTALOI")


def workbook(
    path: Path,
    headings: Sequence[str],
    lines: Sequence[Sequence[Any]],
    *,
    above: Sequence[Sequence[Any]] = (),
    written: datetime | None = None,
) -> Path:
    """One sheet; ``above`` are title lines; ``written`` becomes the file's time."""
    book = Workbook()
    sheet = book.active
    for line in (*above, headings, *lines):
        sheet.append(list(line))
    book.save(path)
    if written is not None:
        os.utime(path, (written.timestamp(), written.timestamp()))
    return path


def dossier_line(ma_lk: str, state: str, *, receipt: str = "", sent: str = "", **more: str) -> list[Any]:
    """A line under :data:`DOSSIERS`."""
    return ["1", ma_lk, receipt, sent, more.get("total", ""), more.get("insurance", ""), more.get("asked", ""), state]
