"""What a call carries and what goes back, independent of the web framework.

Bodies are taken as a form or as JSON: the documents say form, many clients in use send
JSON with the same names (api §2, §3).
"""

from __future__ import annotations

import hashlib
import json
import secrets
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import parse_qsl

from adapter.clock import VIETNAM
from adapter.simulator.faults import Fault, FaultRule


@dataclass(slots=True)
class Note:
    """What the outer layer tells a service about its call, and what it learns back for the log."""

    service: str
    address: str
    rule: FaultRule | None = None
    code: str = ""

    @property
    def fault(self) -> str:
        return self.rule.fault.value if self.rule is not None else ""

    def ordered(self, *faults: Fault) -> FaultRule | None:
        """The rule in force when it is one of these."""
        return self.rule if self.rule is not None and self.rule.fault in faults else None


@dataclass(frozen=True, slots=True)
class Call:
    """One request: header names in lower case, query with path parameters, body fields as text."""

    headers: dict[str, str]
    query: dict[str, str]
    fields: dict[str, str]
    note: Note

    @property
    def address(self) -> str:
        return self.note.address

    def header(self, name: str) -> str:
        return self.headers.get(name.lower(), "")

    def any(self, *names: str) -> str:
        """The first of these body fields that is filled; casing differs between siblings (api §6.5)."""
        return next((value for name in names if (value := self.fields.get(name, ""))), "")


@dataclass(frozen=True, slots=True)
class Reply:
    """HTTP status and JSON document; ``None``: an empty body."""

    document: dict[str, Any] | None
    status: int = 200
    code: str = ""


@dataclass(slots=True)
class Answer:
    """The common answer of the 130 family and of TT 12 services, as it is put together."""

    at: datetime
    code: str = "200"
    message: str = ""
    receipt: str = ""
    keys: dict[str, str] = field(default_factory=dict)

    def document(self) -> dict[str, Any]:
        return {
            "maKetQua": self.code,
            "maGiaoDich": self.receipt,
            "thoiGianTiepNhan": digits14(self.at),
            "thongDiep": self.message,
        }


def read_fields(content_type: str, body: bytes) -> dict[str, str] | None:
    """Body fields of a form or a JSON object; None when the body is neither."""
    if "json" in content_type.lower() or (not content_type and body.lstrip()[:1] == b"{"):
        try:
            document = json.loads(body)
        except (ValueError, RecursionError):
            return None
        if not isinstance(document, dict):
            return None
        return {str(key): _text(value) for key, value in document.items()}
    try:
        pairs = parse_qsl(body.decode("utf-8"), keep_blank_values=True, max_num_fields=100)
    except ValueError:
        return None
    return dict(pairs)


def digits14(at: datetime) -> str:
    """``yyyyMMddHHmmss`` in Vietnam's time: ``thoiGianTiepNhan``."""
    return at.astimezone(VIETNAM).strftime("%Y%m%d%H%M%S")


def receipt_number() -> str:
    """An opaque text: the form of the real ``maGiaoDich`` is not known."""
    return secrets.token_hex(12).upper()


def sha256_hex(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool | dict | list):
        return json.dumps(value)
    return str(value)
