"""Questions to the gateway: is this card good, what was the patient treated for, what has been paid.

A question changes nothing at the gateway, but accounts that ask too much are restricted: nothing is
repeated here but once after a refused token, and what cannot be right is refused before it is asked.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cache
from importlib.resources import files
from typing import Any

from adapter.errors import BhytError, GatewayRefusedLogin
from adapter.gateway import outcome as judged
from adapter.gateway.services import Service
from adapter.gateway.transport import Reply

_BIRTH = re.compile(r"(?:(?:[0-3]\d/)?[01]\d/)?\d{4}")


class AnswerKind(StrEnum):
    """What an answer is good for."""

    USABLE = "usable"  # the register answered about this person
    NEGATIVE = "negative"  # it answered: no card in force, or nothing there
    WRONG_INPUT = "wrong_input"  # card, name or birth do not fit; ask the patient
    STAFF = "staff"  # the person who asks is not registered for look-ups
    AUTH = "auth"  # account, password or address
    RESTRICTED = "restricted"  # the account may not ask any more
    UNAVAILABLE = "unavailable"  # no answer to be had now


@dataclass(frozen=True, slots=True, repr=False)
class Person:
    """Who is asked about. ``birth``: ``dd/mm/yyyy``, ``mm/yyyy`` or ``yyyy``. No repr: a patient's data."""

    card: str
    name: str
    birth: str


@dataclass(frozen=True, slots=True, repr=False)
class Staff:
    """Who asks: name and citizen number as registered with BHXH."""

    name: str
    number: str


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back. ``document`` is the gateway's whole JSON, ``rows`` its list; kept out of the repr.

    ``note`` is the gateway's own sentence (``ghiChu``), ``meaning_*`` ours; ``code`` its ``maKetQua``.
    """

    kind: AnswerKind
    case: str
    code: str | None = None
    meaning_vi: str = ""
    meaning_en: str = ""
    http_status: int | None = None
    milliseconds: int = 0
    note: str = field(default="", repr=False)
    document: Mapping[str, Any] = field(default_factory=dict, repr=False)
    rows: tuple[Mapping[str, Any], ...] = field(default=(), repr=False)
    raw: bytes = field(default=b"", repr=False)


@dataclass(frozen=True, slots=True)
class _Row:
    case: str
    note_has: str
    kind: AnswerKind
    meaning_vi: str
    meaning_en: str


@cache
def _table() -> Mapping[tuple[str, str], tuple[_Row, ...]]:
    """(answers, code) → rows, those that look at the note first."""
    text = files("adapter.gateway").joinpath("data/lookups.csv").read_text(encoding="utf-8")
    found: dict[tuple[str, str], list[_Row]] = {}
    for row in csv.DictReader(text.splitlines()):
        found.setdefault((row["answers"], row["code"]), []).append(
            _Row(
                f"{row['answers']}/{row['code']}",
                row["note_has"],
                AnswerKind(row["kind"]),
                row["meaning_vi"],
                row["meaning_en"],
            )
        )
    return {key: tuple(sorted(rows, key=lambda r: not r.note_has)) for key, rows in found.items()}


def parts(person: Person, staff: Staff | None) -> dict[str, str]:
    """The parts of a question, by the names of ``data/services.yaml``."""
    asked = {"card": person.card.strip().upper(), "name": person.name.strip(), "birth": person.birth.strip()}
    if staff is not None:
        asked |= {"staff_name": staff.name.strip(), "staff_number": staff.number.strip()}
    return asked


def unfit(service: Service, asked: Mapping[str, str]) -> Answer | None:
    """A question that cannot be answered, judged here instead of spending one at the gateway."""
    if len(asked["card"]) not in (10, 12, 15):
        return _local(
            AnswerKind.WRONG_INPUT,
            "card-length",
            "Mã thẻ 15 ký tự, số CCCD 12 số hoặc mã số BHXH 10 số",
            "a card has 15 characters, a citizen number 12 digits, an insurance number 10",
        )
    if not asked["name"] or not _BIRTH.fullmatch(asked["birth"]):
        return _local(
            AnswerKind.WRONG_INPUT,
            "name-or-birth",
            "Cần họ tên, và ngày sinh dạng ngày/tháng/năm, tháng/năm hoặc năm",
            "a name is needed, and a birth date as dd/mm/yyyy, mm/yyyy or yyyy",
        )
    if "staff_name" in service.family.fields and not (asked.get("staff_name") and asked.get("staff_number")):
        return _local(
            AnswerKind.STAFF,
            "no-staff",
            "Tra cứu này cần họ tên và số CCCD của người tra cứu đã đăng ký với BHXH",
            "this look-up needs name and citizen number of a staff member registered with BHXH",
        )
    return None


def judge(service: Service, reply: Reply) -> Answer:
    """Read the answer: the gateway's own code first, then HTTP's status, then the wire."""
    document = reply.document or {}
    code = judged.field(document, "maKetQua")
    note = judged.field(document, "ghiChu", "thongDiep") or ""
    row = _find(service.family.answers, reply, code, note)
    return Answer(
        kind=row.kind,
        case=row.case,
        code=code,
        meaning_vi=row.meaning_vi,
        meaning_en=row.meaning_en,
        http_status=reply.status,
        milliseconds=reply.milliseconds,
        note=note,
        document=document,
        rows=_rows(document, service.family.rows),
        raw=reply.body,
    )


def no_token(error: BhytError) -> Answer:
    """The login did not work; nothing was asked."""
    refused = isinstance(error, GatewayRefusedLogin)
    case = "login-refused" if refused else "no-token"
    kind = AnswerKind.AUTH if refused else AnswerKind.UNAVAILABLE
    return _local(kind, case, error.message_vi, error.message_en)


def token_refused(answer: Answer) -> bool:
    return answer.http_status == 401 or (answer.kind is AnswerKind.AUTH and answer.code == "401")


def _find(answers: str, reply: Reply, code: str | None, note: str) -> _Row:
    if reply.status is not None and reply.status != 401 and code is not None:
        folded = judged.plain(note)
        for row in _table().get((answers, code), ()):
            if judged.plain(row.note_has) in folded:
                return row
        return _table()[answers, "*"][0]
    judgement = judged.judge_wire(reply.case) if reply.status is None else judged.judge_answer("", reply.status, None)
    auth = judgement.kind is judged.OutcomeKind.AUTH
    kind = AnswerKind.AUTH if auth else AnswerKind.UNAVAILABLE
    if auth or judgement.kind is judged.OutcomeKind.THROTTLED:
        return _Row(judgement.case, "", kind, judgement.meaning_vi, judgement.meaning_en)
    # The table speaks of files that may have been stored; a question leaves nothing behind.
    return _Row(judgement.case, "", kind, "Cổng không trả lời được lúc này", "the gateway has no answer to give now")


def _rows(document: Mapping[str, Any], name: str | None) -> tuple[Mapping[str, Any], ...]:
    for key, value in document.items():
        if name is not None and key.casefold() == name.casefold() and isinstance(value, list):
            return tuple(row for row in value if isinstance(row, dict))
    return ()


def _local(kind: AnswerKind, case: str, vi: str, en: str) -> Answer:
    return Answer(kind, f"local/{case}", meaning_vi=vi, meaning_en=en)
