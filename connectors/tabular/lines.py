"""The lines of one table in the files of a delivery: headings found, cells judged, nothing guessed."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from adapter.errors import ConfigError, SourceValueError
from adapter.text.grids import EMPTY, Cell, Grid, read_grids
from connectors.tabular.spec import Table

_HEADING_WITHIN = 40
Told = tuple[str, str]
"""A message in Vietnamese and English, without values."""

_FAULTS: Mapping[str, Told] = {
    "error": ("ô báo lỗi", "a cell holds an error"),
    "formula": ("công thức chưa được tính", "a formula was never computed"),
    "digits": ("số dài quá 15 chữ số, bảng tính đã làm mất chữ số", "more than 15 digits: the spreadsheet lost some"),
}


@dataclass(frozen=True, slots=True)
class Line:
    """One line of data. ``faults``: why it cannot be believed."""

    place: str
    key: str
    row: Mapping[str, Any]
    faults: Sequence[Told] = ()


@dataclass(slots=True)
class Lines:
    """A table as read. ``keyless``: places of lines without a key."""

    lines: list[Line] = field(default_factory=list)
    keyless: list[str] = field(default_factory=list)
    files: int = 0


def matches(table: Table, name: str) -> bool:
    """Whether a file belongs to a table."""
    return any(fnmatchcase(name.casefold(), pattern.casefold()) for pattern in table.file)


class Files:
    """The files of one delivery; each is read once, however many tables stand in it."""

    def __init__(self, paths: Sequence[Path]) -> None:
        self.paths = sorted(paths)
        self._read: dict[tuple[Path, str | None, str | None], list[Grid]] = {}

    def grids(self, path: Path, table: Table) -> list[Grid]:
        """Its sheets. Raises SourceValueError."""
        asked = (path, table.charset, table.delimiter)
        if asked not in self._read:
            try:
                self._read[asked] = read_grids(path, charset=table.charset, delimiter=table.delimiter)
            except ConfigError as error:
                raise SourceValueError(error.text("vi"), error.text("en")) from error
        return self._read[asked]


def read_lines(table: Table, key: str, files: Files) -> Lines:
    """Every line of a table in the files that belong to it, in the order of their names.

    Raises SourceValueError for a file that is no table or lacks a heading; nothing of the delivery may be used then.
    """
    found = Lines()
    for path in files.paths:
        if not matches(table, path.name):
            continue
        found.files += 1
        _read_file(table, key, path, files.grids(path, table), found)
    return found


def _read_file(table: Table, key: str, path: Path, grids: Sequence[Grid], found: Lines) -> None:
    wanted = [g for g in grids if fnmatchcase(g.sheet.casefold(), table.sheet.casefold())]
    if len(grids) == 1:
        wanted = list(grids)  # a file of one sheet: its name says nothing
    read, best = False, None
    for grid in wanted:
        headings = _Headings(table, key, grid)
        if headings.complete:
            read = True
            place = path.name if len(grids) == 1 else f"{path.name}!{grid.sheet}"
            for line in headings.lines(place):
                if line.key:
                    found.lines.append(line)
                else:
                    found.keyless.append(line.place)
        elif best is None or len(headings.missing) < len(best.missing):
            best = headings
    if read:
        return
    missing = ", ".join(best.missing) if best is not None else ", ".join(_first_headings(table)) or key
    sheet = f" ({table.sheet})" if table.sheet != "*" else ""
    raise SourceValueError(
        f"{path.name}{sheet}: không có bảng với tiêu đề cột: {missing}",
        f"{path.name}{sheet}: no table with the column headings: {missing}",
        hint_vi="sửa columns trong ánh xạ, hoặc xuất lại tệp",
        hint_en="correct columns in the mapping, or export the file again",
    )


class _Headings:
    """Where each column of a sheet stands."""

    def __init__(self, table: Table, key: str, grid: Grid) -> None:
        self._table, self._key, self._grid = table, key, grid
        self.at: dict[str, int] = {}
        self.missing: list[str] = _first_headings(table) or [key]
        self._line = -1
        for number, cells in grid.rows[:_HEADING_WITHIN]:
            at, missing = _columns(table, key, [c.text for c in cells])
            if len(missing) < len(self.missing):
                self.at, self.missing, self._line = at, missing, number
                self._width = max((i + 1 for i, c in enumerate(cells) if c.text), default=0)
                self._texts = [c.text for c in cells]
            if not missing:
                break

    @property
    def complete(self) -> bool:
        return not self.missing

    def lines(self, place: str) -> Iterator[Line]:
        merged, first = self._merges()
        by_line = dict(self._grid.rows) if first else {}
        for number, cells in self._grid.rows:
            if number <= self._line or [c.text for c in cells] == self._texts:
                continue  # titles above, and headings repeated on each printed page
            row: dict[str, Any] = {}
            faults: list[Told] = []
            for name, column in self.at.items():
                cell = cells[column] if column < len(cells) else EMPTY
                if (number, column) in merged:
                    if self._table.merged == "refuse":
                        faults.append((f"{name}: ô gộp", f"{name}: merged cells"))
                    else:
                        line, at = first[number, column]
                        above = by_line.get(line, ())
                        cell = above[at] if at < len(above) else EMPTY
                row[name] = _value(cell)
                faults += _judged(name, cell)
            if any(c.text for c in cells[self._width :]):
                faults.append(("có ô ngoài các cột có tiêu đề: dòng bị lệch cột", "cells beyond the headings: shifted"))
            key = row.get(self._key)
            text = "" if key is None else key if isinstance(key, str) else f"{key}"
            yield Line(f"{place}:{number}", text, row, faults)

    def _merges(self) -> tuple[set[tuple[int, int]], dict[tuple[int, int], tuple[int, int]]]:
        """Places of data inside merged cells, and the first cell of each."""
        columns = set(self.at.values())
        last = self._grid.rows[-1][0] if self._grid.rows else 0
        first: dict[tuple[int, int], tuple[int, int]] = {}
        for top, left, bottom, right in self._grid.merged:
            if bottom <= self._line:
                continue
            for line in range(max(top, self._line + 1), min(bottom, last) + 1):
                for column in columns.intersection(range(left, right + 1)):
                    first[line, column] = (top, left)
        return set(first), first


def _columns(table: Table, key: str, texts: Sequence[str]) -> tuple[dict[str, int], list[str]]:
    """Column → place, and the headings that are missing or stand twice."""
    if not table.columns:
        at = {text: i for i, text in reversed(list(enumerate(texts))) if text}
        twice = [t for t in at if texts.count(t) > 1]
        return at, twice or ([] if key in at else [key])
    plain = [_plain(text) for text in texts]
    at, missing = {}, []
    for name, headings in table.columns.items():
        places = {i for heading in headings for i, text in enumerate(plain) if text == _plain(heading)}
        if len(places) == 1:
            at[name] = places.pop()
        else:
            missing.append(headings[0] if not places else f"{headings[0]} (×{len(places)})")
    if key not in table.columns:
        missing.append(key)
    return at, missing


def _first_headings(table: Table) -> list[str]:
    return [headings[0] for headings in table.columns.values()]


def _value(cell: Cell) -> Any:
    """None, text, an exact number or a date. A number shown with leading zeros is a code, and text."""
    if isinstance(cell.value, Decimal):
        return cell.text if cell.text[:1] == "0" and cell.text[1:2] not in ("", ".") else cell.value
    return cell.value if cell.value is not None else cell.text or None


def _judged(name: str, cell: Cell) -> list[Told]:
    if cell.fault:
        vi, en = _FAULTS[cell.fault]
        return [(f"{name}: {vi}", f"{name}: {en}")]
    if "\ufffd" in cell.text:
        return [(f"{name}: có chữ không đọc được theo bảng mã này", f"{name}: letters the charset does not know")]
    return []


def _plain(text: str) -> str:
    """Letters and digits only, without case and accents: headings are typed by people."""
    decomposed = unicodedata.normalize("NFD", text.casefold().replace("đ", "d"))
    return "".join(c for c in decomposed if c.isalnum())
