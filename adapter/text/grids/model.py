"""Cells, rows, sheets, and what a file may unfold to."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path

from adapter.errors import ConfigError, Where

MAX_BYTES = 100 * 1024 * 1024
MAX_COLUMNS = 256
_MAX_ROWS = 500_000


@dataclass(frozen=True, slots=True)
class Cell:
    """A cell's text.

    ``number``: it was a number whose leading or trailing zeros nobody can know any more. ``value``: the number
    exactly, or the date (datetime when it has an hour; no zone), where the file holds one as such. ``fault``:
    why the cell cannot be believed: ``error`` (#REF! and such), ``formula`` (never computed), ``digits`` (a whole
    number longer than a spreadsheet can hold).
    """

    text: str
    number: bool = False
    value: Decimal | date | None = None
    fault: str = ""


Row = tuple[int, Sequence[Cell]]
"""Line number as the user sees it, and the cells."""

EMPTY = Cell("")

Merge = tuple[int, int, int, int]
"""First line, first column (from 0), last line, last column of cells merged into one; its first cell holds the text."""


@dataclass(frozen=True, slots=True)
class Grid:
    """One sheet. ``tag``: the row tag when it came as XML."""

    sheet: str
    rows: Sequence[Row]
    tag: str = ""
    merged: Sequence[Merge] = ()


def bounded(path: Path, lines: Iterator[Row]) -> Iterator[Row]:
    """The lines with text in them. Raises ConfigError when there are more than a table can have."""
    for count, (number, cells) in enumerate(lines):
        if count >= _MAX_ROWS:
            raise unusable(path, f"quá {_MAX_ROWS} dòng", f"more than {_MAX_ROWS} lines")
        if any(c.text or c.fault for c in cells):
            yield number, cells


def unusable(path: Path, vi: str, en: str) -> ConfigError:
    """The error for a file that is no table."""
    return ConfigError(
        f"Không dùng được tệp bảng: {vi}",
        f"The table file cannot be used: {en}",
        where=Where(path.name),
        hint_vi="nhận .xlsx, .csv, bảng HTML đặt tên .xls, tệp XML của biểu 01–06/DM",
        hint_en="taken are .xlsx, .csv, HTML tables named .xls, XML files of forms 01–06/DM",
    )
