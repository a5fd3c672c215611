"""Excel workbooks (OOXML), read from their XML so that numbers stay the digits that are stored.

A spreadsheet computes with 15 significant digits and stores 17 (`0.1` may stand as `0.10000000000000001`). A number
is therefore taken as decimal text and rounded to 15 digits, which is exactly what the program showed; no binary
number comes in between. A whole number of more than 15 digits has lost some, and is marked.
"""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import ROUND_HALF_EVEN, Context, Decimal, DecimalException
from pathlib import Path
from posixpath import join, normpath
from typing import TYPE_CHECKING, Any, cast

from lxml import etree

from adapter.later import later
from adapter.text.grids.model import EMPTY, MAX_COLUMNS, Cell, Grid, Merge, Row, bounded, unusable

if TYPE_CHECKING:
    from openpyxl.styles import numbers
else:
    numbers = later("openpyxl.styles.numbers")

_MAX_UNFOLDED = 1024 * 1024 * 1024
_DIGITS = 15
_MAX_EXPONENT = 308  # of the binary numbers a spreadsheet computes with
_ROUND = Context(prec=_DIGITS, rounding=ROUND_HALF_EVEN)
_ZEROS = re.compile(r"0+(\.(0+))?")
_REF = re.compile(r"([A-Z]{1,3})(\d{1,7})")
_SAFE: dict[str, Any] = {"resolve_entities": False, "no_network": True, "load_dtd": False, "huge_tree": False}


@dataclass(frozen=True, slots=True)
class _Book:
    shared: list[str]
    formats: list[str]
    first_day: datetime


def workbook_grids(path: Path, data: bytes) -> list[Grid]:
    """Every sheet. Raises ConfigError."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            if sum(i.file_size for i in archive.infolist()) > _MAX_UNFOLDED:
                raise unusable(path, "tệp giải nén quá 1 GB", "the file unfolds to more than 1 GB")
            return _sheets(path, archive)
    except (zipfile.BadZipFile, etree.LxmlError, KeyError, IndexError, ValueError, NotImplementedError) as error:
        raise unusable(path, "không phải sổ Excel (.xlsx) đọc được", "not a readable Excel workbook") from error


def _sheets(path: Path, archive: zipfile.ZipFile) -> list[Grid]:
    places = {target["Type"].rpartition("/")[2]: target["Target"] for target in _relations(archive, "_rels/.rels", "")}
    home = places["officeDocument"]
    folder, _, name = home.rpartition("/")
    parts = list(_relations(archive, join(folder, "_rels", f"{name}.rels"), folder))
    by_id = {one["Id"]: one["Target"] for one in parts}
    by_kind = {one["Type"].rpartition("/")[2]: one["Target"] for one in parts}
    root = _xml(archive, home)
    properties = next(root.iter("{*}workbookPr"), None)
    since_1904 = properties is not None and properties.get("date1904") in {"1", "true"}
    book = _Book(
        shared=_shared(archive, by_kind.get("sharedStrings")),
        formats=_formats(archive, by_kind.get("styles")),
        first_day=datetime(1904, 1, 1) if since_1904 else datetime(1899, 12, 30),  # noqa: DTZ001 -- cells have no zone
    )
    grids = []
    for sheet in root.iter("{*}sheet"):
        target = by_id[next(v for k, v in sheet.attrib.items() if k.endswith("}id"))]
        if "/chartsheets/" in f"/{target}":
            continue
        merged: list[Merge] = []
        with archive.open(target) as stream:
            _plain(cast(zipfile.ZipExtFile, stream).peek(1000))
            rows = list(bounded(path, _lines(stream, book, merged)))
        grids.append(Grid(str(sheet.get("name")), rows, merged=merged))
    return grids


def _relations(archive: zipfile.ZipFile, place: str, folder: str) -> Iterator[Mapping[str, str]]:
    for one in _xml(archive, place).iter("{*}Relationship"):
        target = str(one.get("Target"))
        absolute = target[1:] if target.startswith("/") else normpath(join(folder, target))
        yield {"Id": str(one.get("Id")), "Type": str(one.get("Type")), "Target": absolute}


def _xml(archive: zipfile.ZipFile, place: str) -> Any:
    data = archive.read(place)
    _plain(data)
    return etree.fromstring(data, etree.XMLParser(**_SAFE))


def _plain(data: bytes) -> None:
    if b"<!DOCTYPE" in data[:1000].upper():
        raise ValueError("a part of a workbook has no DOCTYPE")


def _shared(archive: zipfile.ZipFile, place: str | None) -> list[str]:
    if place is None:
        return []
    found: list[str] = []
    with archive.open(place) as stream:
        _plain(cast(zipfile.ZipExtFile, stream).peek(1000))
        for _, item in etree.iterparse(stream, tag="{*}si", **_SAFE):
            found.append(_said(item))
            _let_go(item)
    return found


def _said(item: Any) -> str:
    """Text of a string, its runs joined; phonetic helps left out."""
    runs = (t for t in item.iter("{*}t") if not str(t.getparent().tag).endswith("}rPh"))
    return "".join(t.text or "" for t in runs)


def _formats(archive: zipfile.ZipFile, place: str | None) -> list[str]:
    """The number format of each cell style."""
    if place is None:
        return []
    root = _xml(archive, place)
    own = {int(f.get("numFmtId")): str(f.get("formatCode")) for f in root.iter("{*}numFmt")}
    styles = next(root.iter("{*}cellXfs"), ())
    ids = [int(xf.get("numFmtId") or 0) for xf in styles]
    return [own.get(i, numbers.BUILTIN_FORMATS.get(i, "General")) for i in ids]


def _lines(stream: Any, book: _Book, merged: list[Merge]) -> Iterator[Row]:
    number = 0
    for _, element in etree.iterparse(stream, tag=("{*}row", "{*}mergeCell"), **_SAFE):
        if element.tag.endswith("}mergeCell"):
            first, _, last = str(element.get("ref")).partition(":")
            (line, column), (to_line, to_column) = _place(first), _place(last or first)
            merged.append((line, column, to_line, to_column))
        else:
            number = int(element.get("r") or number + 1)
            yield number, _cells(element, book)
        _let_go(element)


def _cells(row: Any, book: _Book) -> list[Cell]:
    cells: list[Cell] = []
    for element in row.iterchildren("{*}c"):
        ref = element.get("r")
        at = _place(ref)[1] if ref else len(cells)
        if at >= MAX_COLUMNS:
            break
        cells += [EMPTY] * (at - len(cells))
        cells.append(_cell(element, book))
    return cells


def _cell(element: Any, book: _Book) -> Cell:
    kind = element.get("t") or "n"
    if kind == "inlineStr":
        return Cell(_said(element).strip())
    text = next((v.text or "" for v in element.iterchildren("{*}v")), "")
    if not text:
        computed = any(True for _ in element.iterchildren("{*}f"))
        return Cell("", fault="formula") if computed else EMPTY
    if kind == "n":
        style = int(element.get("s") or 0)
        return _number(text, book.formats[style] if style < len(book.formats) else "General", book)
    return _other(kind, text, book)


def _other(kind: str, text: str, book: _Book) -> Cell:
    match kind:
        case "s":
            return Cell(book.shared[int(text)].strip())
        case "b":
            return Cell("1" if text in {"1", "true"} else "0")
        case "e":
            return Cell(text, fault="error")
        case "d":
            at = datetime.fromisoformat(text.replace("Z", ""))
            return Cell(f"{at:%Y%m%d}", value=at)
        case _:
            return Cell(text.strip())


def _number(text: str, form: str, book: _Book) -> Cell:
    try:
        exact = _ROUND.create_decimal(text.strip())
    except DecimalException as error:
        raise ValueError("a number cell without a number") from error
    if not exact.is_finite() or abs(exact.adjusted()) > _MAX_EXPONENT:
        raise ValueError("a number cell without a number")
    if numbers.is_date_format(form):
        return _moment(exact, book)
    whole = exact == exact.to_integral_value()
    fault = "digits" if exact.adjusted() >= _DIGITS else ""
    shape = _ZEROS.fullmatch(form)
    if shape and shape[2]:
        return Cell(f"{exact:.{len(shape[2])}f}".zfill(len(shape[0])), value=exact, fault=fault)
    shown = f"{exact.to_integral_value():f}" if whole else f"{exact.normalize():f}"
    if shape and len(shape[0]) > 1:
        return Cell(shown.zfill(len(shape[0])), value=exact, fault=fault)
    return Cell(shown, number=True, value=Decimal(shown), fault=fault)


def _moment(serial: Decimal, book: _Book) -> Cell:
    """Days since the book's first day; below one it is an hour without a day."""
    days = int(serial)
    seconds = int(((serial - days) * 86_400).to_integral_value(rounding=ROUND_HALF_EVEN))
    if days == 0 and book.first_day.year == 1899:
        return Cell(str(timedelta(seconds=seconds)).zfill(8))
    if 0 < days < 60 and book.first_day.year == 1899:
        days += 1  # the 29 February 1900 that spreadsheets believe in
    try:
        at = book.first_day + timedelta(days=days, seconds=seconds)
    except OverflowError:
        return Cell(f"{serial:f}", fault="error")
    value: date = at if seconds else at.date()
    return Cell(f"{at:%Y%m%d}", value=value)


def _place(ref: str) -> tuple[int, int]:
    found = _REF.fullmatch(ref.replace("$", ""))
    if found is None:
        raise ValueError("a cell without a place")
    column = 0
    for letter in found[1]:
        column = column * 26 + ord(letter) - 64
    return int(found[2]), column - 1


def _let_go(element: Any) -> None:
    """Free what was read: a large sheet must not stand in memory twice."""
    element.clear()
    while element.getprevious() is not None:
        del element.getparent()[0]
