"""A dossier: the rows of the decree's tables for one encounter and one purpose.

A value is the text that stands in the XML element, ``""`` when empty. Money and
quantities enter as ``Decimal`` through :func:`adapter.standard.wire.number` and are read
back with :func:`decimal_of`; between the two they are the exact characters that will
be sent, so nothing can be rounded twice, and foreign files with broken numbers can be
held and reported instead of refused.
"""

from __future__ import annotations

import hashlib
from base64 import b64decode, b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from typing import Any

import orjson

Row = Mapping[str, str]
"""Field name → the element's text."""


class Purpose(StrEnum):
    """What a dossier is for."""

    CLAIM = "claim"
    BOOK = "book"
    CHECKIN = "checkin"


@dataclass(frozen=True, slots=True)
class Dossier:
    """Rows per table for one (facility, MA_LK, purpose, occasion).

    ``standard`` is the layout's name (``"130"``, ``"4750"``, ``"3176"``). ``occasion`` is
    empty but for check-ins: ``first_cost`` or ``treating_department``. Tables without rows
    are absent. XML7 may hold several rows (twins): each becomes a part of its own. ``document`` is the signed file
    a dossier was read from, when it may leave as it came; it is no part of the content.
    """

    facility: str
    ma_lk: str
    purpose: Purpose
    standard: str
    tables: Mapping[str, Sequence[Row]]
    occasion: str = ""
    document: bytes | None = None

    def rows(self, table: str) -> Sequence[Row]:
        """The rows of a table; empty when it is absent."""
        return self.tables.get(table, ())

    @property
    def header(self) -> Row:
        """The one row that identifies the visit: XML1's, or XML0's first for a check-in."""
        table = "XML0" if self.purpose is Purpose.CHECKIN else "XML1"
        rows = self.tables.get(table)
        return rows[0] if rows else {}

    def content_hash(self) -> str:
        """SHA-256 hex over what would be sent, independent of the day it is sent."""
        return self.canonical()[1]

    def to_bytes(self) -> bytes:
        """Canonical JSON for the store; the fields of a row stand in the order of their names."""
        return self.canonical()[0]

    def canonical(self) -> tuple[bytes, str]:
        """:meth:`to_bytes` and :meth:`content_hash` at once: the rows are written only once.

        Raises TypeError when a row holds what no row may hold.
        """
        # Views, and a digest fed piece by piece: to copy a hundred kilobytes costs as much as to look at them.
        tables = {name: memoryview(_json({name: rows}))[1:-1] for name, rows in self.tables.items()}
        what = (self.facility, self.ma_lk, self.purpose.value, self.occasion, self.standard)
        # A hash never changes: the bytes of ``json.dumps(ensure_ascii=False, sort_keys=True)`` (a test compares).
        digest = hashlib.sha256(_json(what)[:-1])
        between = b",{"
        for name in sorted(name for name, rows in self.tables.items() if rows):
            digest.update(between)
            digest.update(tables[name])
            between = b","
        digest.update(b"}]" if between == b"," else b",{}]")
        head = orjson.dumps(dict(zip(_HEAD, what, strict=True)))[:-1]
        separated = [piece for table in tables.values() for piece in (b",", table)][1:]
        document = b"" if self.document is None else b',"document":"%b"' % b64encode(self.document)
        return b"".join([head, b',"tables":{', *separated, b"}", document, b"}"]), digest.hexdigest()

    @classmethod
    def from_bytes(cls, data: bytes) -> Dossier:
        """The inverse of :meth:`to_bytes`. Raises ValueError for what is not the bytes of a dossier.

        All fields are taken as text; what else stands in one is refused by the writer.
        """
        try:
            d = orjson.loads(data)
            kept = d.get("document")
            document = None if kept is None else b64decode(kept)
            return cls(
                d["facility"], d["ma_lk"], Purpose(d["purpose"]), d["standard"], d["tables"], d["occasion"], document
            )
        except (AttributeError, KeyError, TypeError) as error:
            raise ValueError("not the bytes of a dossier") from error


_HEAD = ("facility", "ma_lk", "purpose", "occasion", "standard")


def holds_document(kept: bytes) -> bool:
    """Whether kept bytes carry the file the dossier was read from: it is their last field, behind the tables."""
    return not (kept.startswith(b'{"facility":') and kept.endswith(b"}}"))


def _plain(value: Any) -> Any:
    """Rows and tables of other kinds than ``dict`` and ``list``."""
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, Sequence):
        return list(value)
    raise TypeError(f"a dossier may not hold {type(value).__name__}")


def _json(value: Any) -> bytes:
    return orjson.dumps(value, default=_plain, option=orjson.OPT_SORT_KEYS)


def decimal_of(text: str) -> Decimal | None:
    """The number an element holds, or None when it is empty or not a plain decimal."""
    if not text:
        return None
    try:
        value = Decimal(text)
    except InvalidOperation:
        return None
    return value if value.is_finite() and "e" not in text.lower() else None
