"""What a connector hands over: one encounter as the hospital's system holds it, untouched.

``SourceEncounter`` travels from connectors through the store to the mapping, so it
lives on the ground floor and knows nobody.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any

SourceRow = Mapping[str, Any]
"""Column name → str, int, Decimal, bool, date, datetime, bytes or None; never float for money."""


@dataclass(frozen=True, slots=True)
class Cursor:
    """Where a connector stands: everything up to (change stamp, key) has been read.

    Both parts are text as the source orders them; ``stamp`` is the connector's own
    form of its change column (14 digits, ISO time or a number padded to equal length).
    """

    stamp: str
    key: str


@dataclass(frozen=True, slots=True)
class SourceEncounter:
    """One encounter: its own row, child collections by name, key and change stamp."""

    key: str
    stamp: str
    row: SourceRow
    collections: Mapping[str, Sequence[SourceRow]] = field(default_factory=dict)

    def to_bytes(self) -> bytes:
        """Canonical JSON: equal encounters give equal bytes, Decimal and time kept exactly."""
        document = {
            "key": self.key,
            "stamp": self.stamp,
            "row": dict(self.row),
            "collections": {name: [dict(r) for r in rows] for name, rows in self.collections.items()},
        }
        return json.dumps(document, default=_encode, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode(
            "utf-8"
        )

    @classmethod
    def from_bytes(cls, data: bytes) -> SourceEncounter:
        """The inverse of :meth:`to_bytes`."""
        document = json.loads(data, object_hook=_decode)
        return cls(document["key"], document["stamp"], document["row"], document["collections"])

    def content_hash(self) -> str:
        """SHA-256 hex of everything but the change stamp: a touched but equal row is no change."""
        document = [dict(self.row), {n: [dict(r) for r in rows] for n, rows in self.collections.items()}]
        text = json.dumps(document, default=_encode, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(text.encode("utf-8")).hexdigest()


@dataclass(frozen=True, slots=True)
class Batch:
    """What one read brought: complete encounters, and the cursor after them.

    ``cursor`` is saved in the transaction that saves the encounters. ``done`` is true
    when the source held nothing more at the time of reading.
    """

    encounters: Sequence[SourceEncounter]
    cursor: Cursor | None
    done: bool


_TAG = "$"


def _encode(value: Any) -> Any:
    if isinstance(value, Decimal):
        return {_TAG: "d", "v": str(value)}
    if isinstance(value, datetime):
        return {_TAG: "t", "v": value.isoformat()}
    if isinstance(value, date):
        return {_TAG: "y", "v": value.isoformat()}
    if isinstance(value, bytes | bytearray | memoryview):
        return {_TAG: "b", "v": bytes(value).hex()}
    raise TypeError(f"a source row may not hold {type(value).__name__}")


def _decode(value: dict[str, Any]) -> Any:
    match value.get(_TAG):
        case "d":
            return Decimal(value["v"])
        case "t":
            return datetime.fromisoformat(value["v"])
        case "y":
            return date.fromisoformat(value["v"])
        case "b":
            return bytes.fromhex(value["v"])
        case _:
            return value
