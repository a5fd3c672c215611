"""The structure of a check-in file and of a dossier, read field by field against the decree's tables.

The first thing that is wrong stops the reading and is named in ``thongDiep``: table, row, field.
No value is ever repeated in a message. Codes follow the list documented for form 09/BH
(123, 202, 204, 205); for the 130 family they are assumed.
"""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass, field
from datetime import date

from lxml import etree

from adapter.simulator.checks.forms import Layout, Shape, is_date8, layout_on
from adapter.simulator.checks.parsing import Element, parse
from adapter.simulator.checks.signature import HOLDER

Row = dict[str, str]
_NO_PART = frozenset({"XML0", "XML12"})
_REPEATS = frozenset({"XML7"})  # one part per child of a multiple birth; XML9 repeats inside its list


@dataclass(slots=True)
class Reading:
    """What was understood of a file. ``code`` is empty when the structure is right, else the refusal."""

    code: str = ""
    message: str = ""
    facility: str = ""
    ma_lk: str = ""
    tables: dict[str, list[Row]] = field(default_factory=dict)
    layout: Layout | None = None


class _Wrong(Exception):
    """A jump out of the reading; never seen outside this module."""

    def __init__(self, code: str, message: str) -> None:
        self.code = code
        self.message = message
        super().__init__(code)


def read_dossier(root: Element, *, layout: str, facility: str, today: date) -> Reading:
    """Read a ``GIAMDINHHS`` file with one dossier in the tables of a layout ("130", "4750", "3176")."""
    reading = Reading()
    try:
        _dossier(root, reading, layout, facility, today)
    except _Wrong as wrong:
        reading.code, reading.message = wrong.code, wrong.message
    return reading


def read_single(root: Element, *, table: str, layout: str, facility: str, today: date) -> Reading:
    """Read a file that is one table: the check-in (XML0) or the assessment board's table (XML12)."""
    reading = Reading()
    try:
        reading.layout = layout_on(layout, today)
        shape = reading.layout.shape(table)
        if shape is None:
            raise _Wrong("123", f"Chuẩn {layout} không có bảng {table}")
        listing, _holder = _expect(root, shape.table.root, [shape.table.list_element or "", HOLDER])
        rows = _rows(listing, shape)
        reading.tables[table] = rows
        linked = {row.get("MA_LK", "") for row in rows}
        reading.ma_lk = ";".join(sorted(linked))
        reading.facility = rows[0].get("MA_CSKCB", "") if rows else ""
        for number, row in enumerate(rows, 1):
            if "MA_CSKCB" in row and row["MA_CSKCB"] != facility:
                raise _Wrong("123", _at(table, number, "MA_CSKCB", "khác mã cơ sở của tài khoản gửi"))
            if "MA_LK" in row and not row["MA_LK"]:
                raise _Wrong("123", _at(table, number, "MA_LK", "trống"))
    except _Wrong as wrong:
        reading.code, reading.message = wrong.code, wrong.message
    return reading


def glance(root: Element) -> Reading:
    """Only what a file is about: MA_LK and the patient category, nothing checked."""
    text = root.findtext(".//FILEHOSO[LOAIHOSO='XML1']/NOIDUNGFILE")
    try:
        about = root if text is None else parse(base64.b64decode(text))
    except ValueError:
        return Reading(code="204", message="XML1 không mở được")
    row = {name: about.findtext(f".//{name}") or "" for name in ("MA_LK", "MA_DOITUONG_KCB")}
    return Reading(ma_lk=row["MA_LK"], tables={"XML1" if text is not None else "XML0": [row]})


def _dossier(root: Element, reading: Reading, layout: str, facility: str, today: date) -> None:
    unit, info, _holder = _expect(root, "GIAMDINHHS", ["THONGTINDONVI", "THONGTINHOSO", HOLDER])
    (code,) = _expect(unit, "THONGTINDONVI", ["MACSKCB"])
    reading.facility = _text(code, "THONGTINDONVI.MACSKCB")
    made, count, listing = _expect(info, "THONGTINHOSO", ["NGAYLAP", "SOLUONGHOSO", "DANHSACHHOSO"])
    day = _text(made, "NGAYLAP")
    if not is_date8(day):
        raise _Wrong("123", "THONGTINHOSO.NGAYLAP không phải ngày yyyymmdd có thật")
    dossiers = _elements(listing)
    if _text(count, "SOLUONGHOSO") != str(len(dossiers)):
        raise _Wrong("123", "THONGTINHOSO.SOLUONGHOSO khác số HOSO trong tệp")
    if len(dossiers) != 1 or dossiers[0].tag != "HOSO":
        raise _Wrong("123", "Mỗi lần gửi chỉ một HOSO trong DANHSACHHOSO")
    parts = [_part(element, number) for number, element in enumerate(_elements(dossiers[0]), 1)]
    first = next((content for name, content in parts if name == "XML1"), None)
    if first is None:
        raise _Wrong("123", "Thiếu XML1 trong HOSO")
    reading.ma_lk = (first.findtext("MA_LK") or "").strip()
    if reading.facility != facility:
        raise _Wrong("123", "THONGTINDONVI.MACSKCB khác mã cơ sở của tài khoản gửi")
    reading.layout = layout_on(layout, _claim_day(first, day, today))
    for name, content in parts:
        shape = reading.layout.shape(name)
        if shape is None or name in _NO_PART:
            raise _Wrong("123", f"LOAIHOSO không thuộc danh sách XML1…XML11, XML13…XML15 của chuẩn {layout}")
        if name in reading.tables and name not in _REPEATS:
            raise _Wrong("123", f"{name} xuất hiện hai lần trong một hồ sơ")
        reading.tables.setdefault(name, []).extend(_table(content, shape))
    _identity(reading, facility)


def _identity(reading: Reading, facility: str) -> None:
    if len(reading.tables["XML1"]) != 1:
        raise _Wrong("123", "XML1 phải có đúng một bản ghi")
    if not reading.ma_lk:
        raise _Wrong("123", _at("XML1", 1, "MA_LK", "trống"))
    for name, rows in reading.tables.items():
        for number, row in enumerate(rows, 1):
            if "MA_LK" in row and row["MA_LK"] != reading.ma_lk:
                raise _Wrong("123", _at(name, number, "MA_LK", "khác MA_LK của XML1"))
    if reading.tables["XML1"][0]["MA_CSKCB"] != facility:
        raise _Wrong("123", _at("XML1", 1, "MA_CSKCB", "khác mã cơ sở của tài khoản gửi"))


def _part(element: Element, number: int) -> tuple[str, Element]:
    if element.tag != "FILEHOSO":
        raise _Wrong("123", f"HOSO chứa thẻ lạ ở vị trí {number}, cần FILEHOSO")
    kind, content = _expect(element, "FILEHOSO", ["LOAIHOSO", "NOIDUNGFILE"])
    name = _text(kind, "LOAIHOSO")
    try:
        data = base64.b64decode("".join(_text(content, f"NOIDUNGFILE thứ {number}").split()), validate=True)
    except (binascii.Error, ValueError) as error:
        raise _Wrong("205", f"NOIDUNGFILE thứ {number} không phải base64") from error
    if not data.strip():
        raise _Wrong("204", f"NOIDUNGFILE thứ {number} trống")
    try:
        return name, parse(data)
    except ValueError as error:
        raise _Wrong("204", f"NOIDUNGFILE thứ {number} không phải XML đúng cú pháp ({error})") from error


def _table(root: Element, shape: Shape) -> list[Row]:
    table = shape.table
    if table.record_element is None:
        if root.tag != table.root:
            raise _Wrong("123", f"{table.name}: gốc phải là {table.root}")
        return [_row(root, shape, 1)]
    (listing,) = _expect(root, table.root, [table.list_element or ""])
    return _rows(listing, shape)


def _rows(listing: Element, shape: Shape) -> list[Row]:
    name, tag = shape.table.name, shape.table.record_element
    records = _elements(listing)
    if not records:
        raise _Wrong("204", f"{name} không có bản ghi nào")
    for number, record in enumerate(records, 1):
        if record.tag != tag:
            raise _Wrong("123", f"{name} bản ghi {number}: thẻ phải là {tag}")
    return [_row(record, shape, number) for number, record in enumerate(records, 1)]


def _row(record: Element, shape: Shape, number: int) -> Row:
    name = shape.table.name
    children = list(record)
    if [child.tag for child in children] != shape.names:
        children = _elements(record)
        _compare([str(child.tag) for child in children], shape.names, name, number)
    row: Row = {}
    for child, column in zip(children, shape.columns, strict=True):
        text = child.text or ""
        if len(child):
            raise _Wrong("123", _at(name, number, column.name, "chứa thẻ con"))
        if text and (fault := column.fault(text)):
            stay = name == "XML1" and column.name in ("NGAY_VAO", "NGAY_RA")
            raise _Wrong("202" if stay else "123", _at(name, number, column.name, fault))
        row[column.name] = text
    return row


def _compare(found: list[str], expected: list[str], table: str, number: int) -> None:
    for position, name in enumerate(expected):
        if position >= len(found) or found[position] != name:
            fault = "thiếu thẻ" if name not in found else "sai thứ tự"
            raise _Wrong("123", _at(table, number, name, fault))
    if len(found) > len(expected):
        extra = etree.QName(found[len(expected)]).localname[:64]
        raise _Wrong("123", f"{table} dòng {number}: thẻ {extra} không thuộc chuẩn")


def _expect(element: Element, tag: str, children: list[str]) -> list[Element]:
    """The children of an element, which must be exactly these."""
    if element.tag != tag:
        raise _Wrong("123", f"Gốc hoặc thẻ phải là {tag}")
    found = _elements(element)
    if [child.tag for child in found] != children:
        raise _Wrong("123", f"{tag} phải gồm đúng các thẻ: {', '.join(children)}")
    return found


def _elements(element: Element) -> list[Element]:
    """Child elements without comments and processing instructions."""
    return [child for child in element if isinstance(child.tag, str)]


def _text(element: Element, name: str) -> str:
    if len(element):
        raise _Wrong("123", f"{name} chứa thẻ con")
    return (element.text or "").strip()


def _claim_day(first: Element, made: str, today: date) -> date:
    """The day whose version of the standard applies: the end of the visit, else the day the file was made."""
    for text in ((first.findtext("NGAY_RA") or "")[:8], made):
        if is_date8(text):
            # A stay that ends in the future (drugs given out) is judged by today's version.
            return min(date(int(text[:4]), int(text[4:6]), int(text[6:])), today)
    return today


def _at(table: str, row: int, name: str, fault: str) -> str:
    return f"{table} dòng {row}, trường {name}: {fault}"
