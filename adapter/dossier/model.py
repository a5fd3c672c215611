"""A dossier: the rows of the decree's tables for one encounter and one purpose.

A value is the text that stands in the XML element, ``""`` when empty. Money and
quantities enter as ``Decimal`` through :func:`adapter.standard.wire.number` and are read
back with :func:`decimal_of`; between the two they are the exact characters that will
be sent, so nothing can be rounded twice, and foreign files with broken numbers can be
held and reported instead of refused.
"""

from __future__ import annotations

import hashlib
import json
from base64 import b64decode, b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from enum import StrEnum

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
        document = [
            self.facility,
            self.ma_lk,
            self.purpose.value,
            self.occasion,
            self.standard,
            {table: [dict(row) for row in rows] for table, rows in self.tables.items() if rows},
        ]
        text = json.dumps(document, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(text.encode("utf-8")).hexdigest()

    def to_bytes(self) -> bytes:
        """Canonical JSON for the store."""
        content: dict[str, object] = {
            "facility": self.facility,
            "ma_lk": self.ma_lk,
            "purpose": self.purpose.value,
            "occasion": self.occasion,
            "standard": self.standard,
            "tables": {table: [dict(row) for row in rows] for table, rows in self.tables.items()},
        }
        if self.document is not None:
            content["document"] = b64encode(self.document).decode("ascii")
        return json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode("utf-8")

    @classmethod
    def from_bytes(cls, data: bytes) -> Dossier:
        """The inverse of :meth:`to_bytes`."""
        d = json.loads(data)
        document = b64decode(d["document"]) if "document" in d else None
        return cls(
            d["facility"], d["ma_lk"], Purpose(d["purpose"]), d["standard"], d["tables"], d["occasion"], document
        )


def decimal_of(text: str) -> Decimal | None:
    """The number an element holds, or None when it is empty or not a plain decimal."""
    if not text:
        return None
    try:
        value = Decimal(text)
    except InvalidOperation:
        return None
    return value if value.is_finite() and "e" not in text.lower() else None
