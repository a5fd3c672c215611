"""Files of every kind as plain grids of text: xlsx, csv, an HTML table named .xls, XML forms of TT 12/2026.

Nothing inside a file reaches the network or another file, and what a file may unfold to is bounded.
"""

from __future__ import annotations

import csv
import io
import re
import warnings
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

from lxml import etree, html

from adapter.errors import ConfigError, Where
from adapter.text.charset import decode

MAX_BYTES = 100 * 1024 * 1024
_MAX_UNFOLDED = 1024 * 1024 * 1024
_MAX_ROWS = 500_000
_MAX_COLUMNS = 256
_OLE = b"\xd0\xcf\x11\xe0"


@dataclass(frozen=True, slots=True)
class Cell:
    """A cell's text. ``number``: it was a number whose leading or trailing zeros nobody can know any more."""

    text: str
    number: bool = False


Row = tuple[int, Sequence[Cell]]
"""Line number as the user sees it, and the cells."""

EMPTY = Cell("")


@dataclass(frozen=True, slots=True)
class Grid:
    """One sheet. ``tag``: the row tag when it came as XML."""

    sheet: str
    rows: Sequence[Row]
    tag: str = ""


def read_grids(path: Path) -> list[Grid]:
    """Every sheet of the file. Raises ConfigError for what is no table at all."""
    try:
        with path.open("rb") as stream:
            data = stream.read(MAX_BYTES + 1)
    except OSError as error:
        raise ConfigError(
            f"Không đọc được tệp '{path.name}'", f"Cannot read the file '{path.name}'", tried=[str(path)]
        ) from error
    if len(data) > MAX_BYTES:
        raise _unusable(path, "tệp lớn hơn 100 MB", "the file is larger than 100 MB")
    if data[:2] == b"PK":
        return _workbook(path, data)
    if data[:4] == _OLE:
        raise _unusable(
            path,
            "tệp .xls kiểu cũ; mở bằng Excel hoặc LibreOffice rồi lưu thành .xlsx",
            "an old binary .xls; open it and save it as .xlsx",
        )
    head = data[:4096].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if head.startswith((b"<!doctype html", b"<html", b"<table", b"<meta", b"<style", b"<head")):
        return _html(path, data)
    if head.startswith(b"<"):
        return _xml(path, data)
    return [Grid(path.name, list(_bounded(path, _delimited(data))))]


def _workbook(path: Path, data: bytes) -> list[Grid]:
    from openpyxl import load_workbook
    from openpyxl.utils.exceptions import InvalidFileException

    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            if sum(i.file_size for i in archive.infolist()) > _MAX_UNFOLDED:
                raise _unusable(path, "tệp giải nén quá 1 GB", "the file unfolds to more than 1 GB")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # openpyxl warns about styles it leaves out
            book = load_workbook(io.BytesIO(data), read_only=True, data_only=True)
            grids = []
            for sheet in book.worksheets:
                sheet.reset_dimensions()  # other programs write wrong ones
                lines = (
                    (number, [_excel(cell) for cell in row[:_MAX_COLUMNS]])
                    for number, row in enumerate(sheet.iter_rows(), 1)
                )
                grids.append(Grid(sheet.title, list(_bounded(path, lines))))
    except (zipfile.BadZipFile, InvalidFileException, KeyError, ValueError, TypeError, OSError, SyntaxError) as error:
        raise _unusable(path, "không phải sổ Excel (.xlsx) đọc được", "not a readable Excel workbook") from error
    return grids


_ZEROS = re.compile(r"0+(\.(0+))?")


def _excel(cell: Any) -> Cell:
    """A cell as the user sees it; a number only keeps its zeros when its format says how many."""
    value = cell.value
    if value is None:
        return EMPTY
    if isinstance(value, bool):
        return Cell("1" if value else "0")
    if isinstance(value, date):
        return Cell(f"{value:%Y%m%d}")
    if isinstance(value, int | float):
        return _number(value, str(getattr(cell, "number_format", "") or ""))
    return Cell(str(value).strip())


def _number(value: float, form: str) -> Cell:
    # The shortest text that gives this float back is what was typed (up to 15 digits).
    exact = Decimal(repr(value))
    shape = _ZEROS.fullmatch(form)
    if shape and shape[2]:
        return Cell(f"{exact:.{len(shape[2])}f}".zfill(len(shape[0])))
    text = f"{exact.to_integral_value():f}" if exact == exact.to_integral_value() else f"{exact:f}"
    if shape and len(shape[0]) > 1:
        return Cell(text.zfill(len(shape[0])))
    return Cell(text, number=True)


def _delimited(data: bytes) -> Iterator[Row]:
    text = _decoded(data)
    sample = "\n".join(text.splitlines()[:50])
    delimiter = max(";\t|,", key=sample.count)
    if text[:4].lower() == "sep=":  # Excel's own hint
        delimiter, text = text[4], text.partition("\n")[2]
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    for cells in reader:
        yield reader.line_num, [Cell(c.strip()) for c in cells[:_MAX_COLUMNS]]


def _decoded(data: bytes) -> str:
    if data[:2] in {b"\xff\xfe", b"\xfe\xff"}:
        return data.decode("utf-16", "replace")
    return decode(data).text.removeprefix("\ufeff")


def _html(path: Path, data: bytes) -> list[Grid]:
    parser = html.HTMLParser(no_network=True, encoding="utf-8", huge_tree=False)
    try:
        root = html.fromstring(_decoded(data).encode("utf-8"), parser=parser)
    except (etree.LxmlError, ValueError) as error:
        raise _unusable(path, "không phải bảng HTML đọc được", "not a readable HTML table") from error
    grids = []
    for n, table in enumerate(root.iter("table"), 1):
        lines = (
            (number, [Cell(_said(c)) for c in row if c.tag in {"th", "td"}][:_MAX_COLUMNS])
            for number, row in enumerate(table.iter("tr"), 1)
        )
        grids.append(Grid(f"bảng {n}", list(_bounded(path, lines))))
    return grids


def _said(element: Any) -> str:
    return " ".join("".join(element.itertext()).split())


def _xml(path: Path, data: bytes) -> list[Grid]:
    if b"<!DOCTYPE" in data[:100_000].upper():
        raise _unusable(path, "tệp XML có DOCTYPE", "the XML file has a DOCTYPE")
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
    try:
        root = etree.fromstring(data, parser)
    except (etree.LxmlError, ValueError) as error:
        raise _unusable(path, "XML sai cú pháp", "malformed XML") from error
    found: dict[str, list[Any]] = {}
    for element in root.iter(etree.Element):
        if len(element) and all(len(child) == 0 for child in element) and isinstance(element.tag, str):
            found.setdefault(etree.QName(element).localname, []).append(element)
    return [_of_elements(path, tag, rows) for tag, rows in found.items()]


def _of_elements(path: Path, tag: str, elements: Sequence[Any]) -> Grid:
    names = list(dict.fromkeys(etree.QName(child).localname for e in elements for child in e))[:_MAX_COLUMNS]

    def lines() -> Iterator[Row]:
        yield 0, [Cell(name) for name in names]
        for element in elements:
            values = {etree.QName(child).localname: (child.text or "").strip() for child in element}
            yield element.sourceline or 0, [Cell(values.get(name, "")) for name in names]

    return Grid(tag, list(_bounded(path, lines())), tag)


def _bounded(path: Path, lines: Iterator[Row]) -> Iterator[Row]:
    for count, (number, cells) in enumerate(lines):
        if count >= _MAX_ROWS:
            raise _unusable(path, f"quá {_MAX_ROWS} dòng", f"more than {_MAX_ROWS} lines")
        if any(c.text for c in cells):
            yield number, cells


def _unusable(path: Path, vi: str, en: str) -> ConfigError:
    return ConfigError(
        f"Không dùng được tệp danh mục: {vi}",
        f"The catalogue file cannot be used: {en}",
        where=Where(path.name),
        hint_vi="nhận .xlsx, .csv, bảng HTML đặt tên .xls, tệp XML của biểu 01–06/DM; xem docs/vi/catalogues.md",
        hint_en="taken are .xlsx, .csv, HTML tables named .xls, XML files of forms 01–06/DM; see docs/catalogues.md",
    )
