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
from enum import StrEnum
from itertools import chain
from types import NoneType
from typing import Any

import msgspec

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

    @classmethod
    def unreadable(cls, key: str, stamp: str, message_vi: str, message_en: str) -> SourceEncounter:
        """An encounter the connector found but cannot put into rows.

        It goes the way of all others and is blocked with this message, so that one broken record is seen
        and stops nothing. The message carries no patient data.
        """
        return cls(key, stamp, {_PROBLEM: message_en, _PROBLEM + "_vi": message_vi})

    @property
    def problem(self) -> tuple[str, str] | None:
        """(Vietnamese, English) when this is an unreadable encounter, else None."""
        if _PROBLEM not in self.row:
            return None
        return str(self.row[_PROBLEM + "_vi"]), str(self.row[_PROBLEM])

    @property
    def ready_made(self) -> bytes | None:
        """A complete dossier (``Dossier.to_bytes``) the source already holds; a mapping then translates nothing."""
        found = self.row.get(READY_MADE)
        return found.encode("utf-8") if isinstance(found, str) else None

    def to_bytes(self) -> bytes:
        """Canonical JSON: equal encounters give equal bytes, Decimal and time kept exactly."""
        return self.canonical()[0]

    def content_hash(self) -> str:
        """SHA-256 hex of everything but the change stamp: a touched but equal row is no change."""
        return self.canonical()[1]

    def canonical(self) -> tuple[bytes, str]:
        """:meth:`to_bytes` and :meth:`content_hash` at once: the rows are written only once.

        Raises TypeError when a row holds what no source row may hold.
        """
        row = _writer.encode(_plain_row(self.row))
        collections = _writer.encode({name: _plain_rows(rows) for name, rows in self.collections.items()})
        key, stamp = _writer.encode(self.key), _writer.encode(self.stamp)
        body = b'{"collections":%b,"key":%b,"row":%b,"stamp":%b}' % (collections, key, row, stamp)
        digest = hashlib.sha256(b"[%b," % row)
        digest.update(collections)
        digest.update(b"]")
        return body, digest.hexdigest()

    @classmethod
    def from_bytes(cls, data: bytes) -> SourceEncounter:
        """The inverse of :meth:`to_bytes`."""
        try:
            kept = _reader.decode(data)
        except msgspec.DecodeError:  # numbers only Python's own reader takes
            whole = json.loads(data, object_hook=_decode)
            return cls(whole["key"], whole["stamp"], whole["row"], whole["collections"])
        if _MARKED not in data:
            return cls(kept.key, kept.stamp, kept.row, kept.collections)
        collections = {name: [_opened(row) for row in rows] for name, rows in kept.collections.items()}
        return cls(kept.key, kept.stamp, _opened(kept.row), collections)


@dataclass(frozen=True, slots=True)
class Batch:
    """What one read brought: complete encounters, and the cursor after them.

    ``cursor`` is saved in the transaction that saves the encounters. ``done`` is true
    when the source held nothing more at the time of reading.
    """

    encounters: Sequence[SourceEncounter]
    cursor: Cursor | None
    done: bool


class Kept(StrEnum):
    """What became of a message: kept, known already, or another message under a known number (not kept)."""

    NEW = "new"
    AGAIN = "again"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Message:
    """One message as a feed received it, to be kept before it is acknowledged.

    ``sender`` and ``number`` say which one it is (HL7: MSH-3/4 and MSH-10); ``content`` is a digest of what it says,
    so that a repeat can be told from another message under the same number. ``raw`` are the bytes as received, read as
    ``charset``. ``visit`` names the encounter it belongs to. ``links`` are other names its encounter can be found by
    (``patient:…``); ``touches`` are names of encounters it changes although it is not theirs (a merge of patients).
    ``aside`` says why it is kept and not used; empty: it is used.
    """

    sender: str
    number: str
    kind: str
    content: str
    raw: bytes
    charset: str
    visit: str = ""
    links: tuple[str, ...] = ()
    touches: tuple[str, ...] = ()
    aside: str = ""


READY_MADE = "$dossier"
"""The column of :attr:`SourceEncounter.ready_made`."""

_TAG = "$"
_PROBLEM = "$unreadable"
"""No source has a column of this name."""


_MARKED = b'{"$":'
"""Begins a marked value; inside a text the quotes would be escaped."""


class _Kept(msgspec.Struct):
    """The shape in the store. Every pull and translation reads or writes it, so it is a compiled codec's."""

    key: str
    stamp: str
    row: dict[str, Any]
    collections: dict[str, list[dict[str, Any]]]


# The bytes are those of ``json.dumps(ensure_ascii=False, sort_keys=True)`` (a test compares): hashes never change.
_writer = msgspec.json.Encoder(order="deterministic")
_reader = msgspec.json.Decoder(_Kept)
_PLAIN = frozenset({str, int, bool, NoneType})
_ROWS = frozenset({dict})


def _plain_row(row: SourceRow) -> Mapping[str, Any]:
    """The row as the codec takes it: values it would write in another way than we keep them are written here."""
    if _PLAIN.issuperset(map(type, row.values())):
        return row if type(row) is dict else dict(row)
    return {name: value if type(value) in _PLAIN else msgspec.Raw(_written(value)) for name, value in row.items()}


def _plain_rows(rows: Sequence[SourceRow]) -> Sequence[Mapping[str, Any]]:
    """The rows as the codec takes them: nearly always as they are, seen by one look at all their values."""
    if type(rows) is list and _ROWS.issuperset(map(type, rows)):
        values = chain.from_iterable([row.values() for row in rows])
        if _PLAIN.issuperset(map(type, values)):
            return rows
    return list(map(_plain_row, rows))


def _written(value: Any) -> bytes:
    if type(value) is Decimal:
        return b'{"$":"d","v":"%b"}' % str(value).encode("ascii")
    if type(value) is datetime:
        return b'{"$":"t","v":"%b"}' % value.isoformat().encode("ascii")
    text = json.dumps(value, default=_encode, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return text.encode("utf-8")


def _opened(value: Any) -> Any:
    """A row as it was, its marked values made again."""
    if type(value) is dict:
        return _decode({k: _opened(v) if type(v) in (dict, list) else v for k, v in value.items()})
    return [_opened(one) for one in value] if type(value) is list else value


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
