"""Parsing foreign XML: sizes checked by us, no DTD, no entities, no network, no surprise.

libxml2 stops at text nodes of 10 MB, about 4,100 rows of XML3. Its own limits are lifted
on purpose, and ours stand in their place, checked before a tree is built.
"""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass

from lxml import etree

from adapter.errors import DocumentError


@dataclass(frozen=True, slots=True)
class ReadLimits:
    """What one file may cost. ``max_nodes`` bounds the tree of the file and of each part by itself.

    ``max_rows`` and ``max_problems`` hold for the whole file.
    """

    max_bytes: int = 200_000_000
    max_nodes: int = 2_000_000
    max_rows: int = 100_000
    max_problems: int = 10_000


class Unreadable(DocumentError):
    """A document, or one part, that yields nothing: not XML, too large, or with a DTD."""


_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_DECLARED = re.compile(rb"""\A\s*<\?xml[^>]{0,200}?encoding\s*=\s*["']([A-Za-z0-9._-]{1,40})["']""")
# The prologue before the root: declaration, instructions, comments, white space.
_PROLOGUE = re.compile(rb"(?:\s+|<\?(?:[^?]|\?(?!>))*+\?>|<!--(?:[^-]|-(?!->))*+-->)*+")
_TEXT_CODECS = frozenset(
    {"ascii", "cp1252", "cp1258", "iso8859-1", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-8", "utf-8-sig"}
)


def parse(data: bytes, limits: ReadLimits) -> tuple[etree._Element, str]:
    """The root element, and the encoding's name when it was not plain UTF-8 (else ``""``).

    Raises Unreadable; its ``code`` is DOCUMENT-SIZE, DOCUMENT-DTD, DOCUMENT-ENCODING or
    DOCUMENT-XML. The message gives line and column, never content.
    """
    if len(data) > limits.max_bytes:
        raise Unreadable(
            f"Tệp lớn hơn giới hạn {limits.max_bytes} byte",
            f"The file is larger than the limit of {limits.max_bytes} bytes",
            code="DOCUMENT-SIZE",
        )
    utf8, encoding = _as_utf8(data)
    if too_many_nodes(utf8, limits):
        raise Unreadable(
            f"Tệp có nhiều hơn {limits.max_nodes} thẻ",
            f"The file has more than {limits.max_nodes} tags",
            code="DOCUMENT-SIZE",
        )
    # Refused before parsing: entities in attribute values expand whatever the parser is told.
    prologue = _PROLOGUE.match(utf8)
    if utf8.startswith(b"<!DOCTYPE", prologue.end() if prologue else 0):
        raise _has_dtd()
    parser = etree.XMLParser(
        encoding="utf-8",
        huge_tree=True,
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        dtd_validation=False,
        recover=False,
        remove_comments=True,
        remove_pis=True,
    )
    try:
        root = etree.fromstring(utf8, parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        line, column = getattr(error, "position", (0, 0)) or (0, 0)
        raise Unreadable(
            f"Không phải XML đúng cú pháp (dòng {line}, cột {column})",
            f"Not well-formed XML (line {line}, column {column})",
            hint_vi="xuất lại tệp từ HIS",
            hint_en="export the file again",
            code="DOCUMENT-XML",
        ) from None
    if root.getroottree().docinfo.internalDTD is not None:
        raise _has_dtd()
    return root, encoding


def too_many_nodes(utf8: bytes, limits: ReadLimits) -> bool:
    """True when a tree of this document could have more elements and attributes than the limit."""
    return len(utf8) > limits.max_nodes and utf8.count(b"<") + utf8.count(b"=") > limits.max_nodes


def _has_dtd() -> Unreadable:
    return Unreadable(
        "Tệp có khai báo DOCTYPE, không được phép",
        "The file declares a DOCTYPE, which is not allowed",
        code="DOCUMENT-DTD",
    )


def _as_utf8(data: bytes) -> tuple[bytes, str]:
    """The document in UTF-8 without BOM, and the name of what it really was (``""`` for UTF-8)."""
    for bom, name in _BOMS:
        if data.startswith(bom):
            return _recoded(data[len(bom) :], name)
    for start, name in ((b"<\0", "utf-16-le"), (b"\0<", "utf-16-be")):
        if data.startswith(start):
            return _recoded(data, name)
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        declared = _DECLARED.match(data)
        return _recoded(data, declared.group(1).decode() if declared else "")
    return data, ""


def _recoded(data: bytes, name: str) -> tuple[bytes, str]:
    try:
        codec = codecs.lookup(name).name if name else ""
        if codec not in _TEXT_CODECS:
            raise LookupError
        text = data.decode(codec)
    except (LookupError, UnicodeDecodeError):
        raise Unreadable(
            "Tệp không phải UTF-8 và không đọc được theo bảng mã khai báo",
            "The file is not UTF-8 and cannot be read in the encoding it declares",
            code="DOCUMENT-ENCODING",
        ) from None
    if codec == "utf-8":
        return data, ""
    return text.encode("utf-8"), codec
