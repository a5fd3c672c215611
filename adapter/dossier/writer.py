"""A dossier's exact, unsigned bytes: GIAMDINHHS, the check-in file (XML0), the XML12 file.

UTF-8 without BOM, one declaration, no white space between elements, every element of the
layout present and in order (an empty one as ``<X></X>``), inner parts in base64 without a
declaration. ``<CHUKYDONVI></CHUKYDONVI>`` is the last child of the root, so a signer can
splice between its tags; those exact bytes occur once, at :data:`SIGNATURE_SLOT`. Equal
dossiers give equal bytes. Rules of writing: QĐ 130/4750/3176, letters 3190 and 1245.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from itertools import chain, pairwise
from operator import itemgetter
from typing import Any

from pybase64 import b64encode

from adapter.dossier.model import Dossier, Purpose, Row
from adapter.errors import DocumentError, Where
from adapter.standard import envelope as e
from adapter.standard.model import Table
from adapter.standard.spec import written_as

DECLARATION = b'<?xml version="1.0" encoding="utf-8"?>'
SIGNATURE_SLOT = f"<{e.SIGNATURE}></{e.SIGNATURE}>".encode()

_ILLEGAL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
# What must not go out as it stands: markup, a carriage return (a parser would turn it into
# a line feed), and control characters XML cannot hold.
_SPECIAL = b"&<>\r" + bytes(b for b in range(0x20) if b not in b"\t\n\r")
# Both begin with a byte no Vietnamese letter has: looked for alone first, which is next to nothing.
_NONCHARACTERS = ("\ufffe".encode(), "\uffff".encode())


def write(dossier: Dossier, *, created_on: date) -> bytes:
    """The file of a claim, book or check-in dossier; XML12 rows are left to :func:`write_xml12`.

    ``created_on`` becomes NGAYLAP (a check-in file has none). Raises DocumentError, naming
    table, row and field, when a character is illegal in XML, a field or table is not of the
    layout, a value is not text, or the identity written inside contradicts the dossier's.
    """
    tables = written_as(dossier.standard).tables
    if dossier.purpose is Purpose.CHECKIN:
        return _checkin(dossier, tables["XML0"])
    return _giamdinhhs(dossier, tables, created_on)


def write_xml12(dossier: Dossier) -> bytes:
    """The XML12 file (medical assessment), which never travels inside GIAMDINHHS.

    Raises DocumentError as :func:`write` does, and when the dossier has no XML12 row.
    """
    rows = dossier.rows("XML12")
    if not rows:
        raise _refuse("Hồ sơ không có dòng XML12", "The dossier has no XML12 row", table="XML12")
    return _own_file(written_as(dossier.standard).tables["XML12"], rows)


def _checkin(dossier: Dossier, table: Table) -> bytes:
    foreign = [name for name, rows in dossier.tables.items() if rows and name != "XML0"]
    if foreign:
        raise _refuse(
            "Hồ sơ check-in chỉ có bảng XML0", "A check-in dossier holds table XML0 only", table=sorted(foreign)[0]
        )
    rows = dossier.rows("XML0")
    if not rows:
        raise _refuse("Hồ sơ check-in không có dòng nào", "The check-in dossier has no row", table="XML0")
    for index, row in enumerate(rows, start=1):
        _same_identity(dossier, "XML0", index, row)
    return _own_file(table, rows)


def _own_file(table: Table, rows: Sequence[Row]) -> bytes:
    inner = _records(table, rows)
    root = table.root.encode()
    return b"%b<%b>%b%b</%b>" % (DECLARATION, root, inner, SIGNATURE_SLOT, root)


def _giamdinhhs(dossier: Dossier, tables: Mapping[str, Table], created_on: date) -> bytes:
    parts: list[bytes] = []
    wanted = {name for name, rows in dossier.tables.items() if rows and name != "XML12"}
    if len(dossier.rows("XML1")) != 1:
        raise _refuse("Hồ sơ phải có đúng một dòng XML1", "A dossier needs exactly one row of XML1", table="XML1")
    _same_identity(dossier, "XML1", 1, dossier.rows("XML1")[0])
    for name, table in tables.items():
        if name not in wanted or table.carrier != "part":
            continue
        wanted.discard(name)
        rows = dossier.tables[name]
        if table.record_element is None:
            # One document, one record: each twin's discharge letter is a part of its own.
            documents = [_document(table, rows, i, i + 1) for i in range(len(rows))]
        else:
            documents = [_document(table, rows, 0, len(rows))]
        parts.extend(_PART % (name.encode(), b64encode(d)) for d in documents)
    if wanted:
        name = sorted(wanted)[0]
        raise _refuse(
            f"Bảng {name} không thuộc hồ sơ theo bố cục {dossier.standard}",
            f"Table {name} has no place in a dossier of layout {dossier.standard}",
            table=name,
        )
    return _ENVELOPE % (_facility_code(dossier.facility), created_on.strftime("%Y%m%d").encode(), b"".join(parts))


_PART = f"<{e.PART}><{e.PART_NAME}>%b</{e.PART_NAME}><{e.PART_CONTENT}>%b</{e.PART_CONTENT}></{e.PART}>".encode()
_ENVELOPE = (
    DECLARATION
    + (
        f"<{e.ROOT}>"
        f"<{e.FACILITY_BLOCK}><{e.FACILITY_CODE}>%b</{e.FACILITY_CODE}></{e.FACILITY_BLOCK}>"
        f"<{e.DOSSIER_BLOCK}><{e.CREATED_ON}>%b</{e.CREATED_ON}><{e.COUNT}>1</{e.COUNT}>"
        f"<{e.DOSSIER_LIST}><{e.DOSSIER}>%b</{e.DOSSIER}></{e.DOSSIER_LIST}></{e.DOSSIER_BLOCK}>"
        f"<{e.SIGNATURE}></{e.SIGNATURE}></{e.ROOT}>"
    ).encode()
)


def _document(table: Table, rows: Sequence[Row], start: int, end: int) -> bytes:
    return _records(table, rows, start, end, root=table.root)


def _records(table: Table, rows: Sequence[Row], start: int = 0, end: int | None = None, *, root: str = "") -> bytes:
    """The rows ``start`` to ``end`` inside the list element, or one record's bare fields; around them ``root``.

    No tree and no text per row: values and the tags between them are laid into one list, joined once.
    """
    layout = _layout(table.names, table.record_element, table.list_element, root)
    values = _values(table, rows[start:end], start + 1, layout.values_of)
    if not values:
        return layout.empty
    width = len(table.names)
    written = _as_they_stand(values)
    if written is None:
        written = [
            _escaped(table, start + 1 + n // width, table.names[n % width], value).encode()
            for n, value in enumerate(values)
        ]
    body = layout.between * (len(values) // width)
    body[1::2] = written
    body[0] = layout.before
    body.append(layout.after)
    return b"".join(body)


def _as_they_stand(values: Sequence[Any]) -> list[bytes] | None:
    """The values in UTF-8, encoded and looked through all at once; None when one of them cannot go out as it stands."""
    try:
        probe = _APART.join(values).encode()
    except (TypeError, UnicodeEncodeError):
        return None
    if len(probe) - len(probe.translate(None, _SPECIAL)) != len(values) - 1:
        return None  # more than what stands between two values
    if _NONCHARACTERS[0][:1] in probe and any(n in probe for n in _NONCHARACTERS):
        return None
    return probe.split(_APART.encode())


_APART = "\x1f"
"""A character XML cannot hold, so no value that goes out does."""


@dataclass(frozen=True, slots=True)
class _Layout:
    """The tags around the values of a table: before the first, between two, after the last; ``empty`` without rows.

    ``between`` is one row's worth: a tag, a place for a value, and so on; its first tag ends the row before.
    """

    before: bytes
    between: list[bytes]
    after: bytes
    empty: bytes
    values_of: Callable[[Row], tuple[Any, ...]]


@lru_cache(maxsize=128)
def _layout(names: tuple[str, ...], record: str | None, rows: str | None, root: str) -> _Layout:
    wrapped = [name for name in (root, rows) if name]
    opening = "".join([f"<{name}>" for name in wrapped])
    closing = "".join([f"</{name}>" for name in reversed(wrapped)])
    row_start, row_end = (f"<{record}>", f"</{record}>") if record is not None else ("", "")
    between = [f"</{names[-1]}>{row_end}{row_start}<{names[0]}>", ""]
    for left, right in pairwise(names):
        between += [f"</{left}><{right}>", ""]
    return _Layout(
        before=f"{opening}{row_start}<{names[0]}>".encode(),
        between=[text.encode() for text in between],
        after=f"</{names[-1]}>{row_end}{closing}".encode(),
        empty=(opening + closing).encode(),
        values_of=itemgetter(*names),
    )


def _values(table: Table, rows: Sequence[Row], first: int, values_of: Callable[[Row], tuple[Any, ...]]) -> list[Any]:
    """All rows' values in the layout's order, one row behind the other; ``first`` is the number of the first."""
    if all(len(row) == len(table.names) for row in rows):
        try:
            return list(chain.from_iterable(map(values_of, rows)))
        except KeyError:
            pass  # a foreign field stands in for one of ours; named below
    for index, row in enumerate(rows, start=first):
        foreign = next((name for name in row if name not in table.by_name), None)
        if foreign is not None:
            raise _refuse(
                f"Trường {foreign} không có trong bảng {table.name}",
                f"Field {foreign} is not part of table {table.name}",
                table=table.name,
                row=index,
                field=foreign,
            )
    return [row.get(name, "") for row in rows for name in table.names]


def _escaped(table: Table, index: int, name: str, value: object) -> str:
    if not isinstance(value, str):
        raise _refuse(
            f"Giá trị phải là văn bản, đang là {type(value).__name__}",
            f"The value must be text, it is {type(value).__name__}",
            table=table.name,
            row=index,
            field=name,
        )
    bad = _ILLEGAL.search(value)
    if bad is not None:
        code = f"U+{ord(bad.group()):04X}"
        raise _refuse(
            f"Ký tự {code} không được phép trong XML",
            f"Character {code} is not allowed in XML",
            table=table.name,
            row=index,
            field=name,
            hint_vi="làm sạch ký tự điều khiển trong ánh xạ hoặc ở HIS",
            hint_en="clean control characters in the mapping or in the HIS",
        )
    return value.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace("\r", "&#13;")


def _facility_code(facility: str) -> bytes:
    if not (facility.isascii() and facility.isalnum()):
        raise _refuse(
            "Mã cơ sở của hồ sơ trống hoặc có ký tự lạ",
            "The dossier's facility code is empty or holds odd characters",
            field=e.FACILITY_CODE,
        )
    return facility.encode()


def _same_identity(dossier: Dossier, table: str, index: int, row: Row) -> None:
    """A file must not leave under one identity and speak of another."""
    for name, ours in (("MA_CSKCB", dossier.facility), ("MA_LK", dossier.ma_lk)):
        theirs = row.get(name, "")
        if theirs and theirs != ours:
            raise _refuse(
                f"{name} trong bảng {table} khác với hồ sơ",
                f"{name} in table {table} differs from the dossier's own",
                table=table,
                row=index,
                field=name,
                hint_vi="kiểm tra ánh xạ: mã cơ sở và MA_LK phải lấy từ cùng một lượt khám",
                hint_en="check the mapping: facility code and MA_LK must come from one encounter",
            )


def _refuse(
    message_vi: str,
    message_en: str,
    *,
    table: str | None = None,
    row: int | None = None,
    field: str | None = None,
    hint_vi: str = "",
    hint_en: str = "",
) -> DocumentError:
    where = Where(table=table, row=row, field=field)
    return DocumentError(message_vi, message_en, where=where, hint_vi=hint_vi, hint_en=hint_en)
