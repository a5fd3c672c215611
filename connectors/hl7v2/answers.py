"""Acknowledgements, original and enhanced, as HL7 v2 chapter 2 says: AA AE AR, CA CE CR."""

from __future__ import annotations

import itertools
import os
import re
from collections.abc import Iterator
from datetime import datetime

from adapter.clock import VIETNAM
from connectors.hl7v2.charset import to_bytes
from connectors.hl7v2.frames import CR, FS, VT
from connectors.hl7v2.reading import Head, Refusal

_ERROR_TEXT = {
    "100": "Segment sequence error",
    "101": "Required field missing",
    "102": "Data type error",
    "103": "Table value not found",
    "200": "Unsupported message type",
    "202": "Unsupported processing id",
    "203": "Unsupported version id",
    "205": "Duplicate key identifier",
    "207": "Application internal error",
}
_NOBODY = Head("|^~\\&", "", "", "", "", "", "", "", "P", "2.5", "", "", "")
_VERSION = re.compile(r"\d{1,3}(\.\d{1,3}){0,3}", re.ASCII)
_count: Iterator[int] = itertools.count(1)
_run = f"{os.getpid():X}{int(datetime.now(VIETNAM).timestamp()):X}"


def answer(head: Head | None, charset: str, refusal: Refusal | None) -> bytes:
    """The framed answer or answers to one message; empty when the sender wants none.

    Enhanced mode (MSH-15 or MSH-16 filled): a commit answer CA/CE/CR as MSH-15 asks (AL, NE, ER, SU), then an
    application answer AA/AE/AR as MSH-16 asks. Otherwise one AA/AE/AR.
    """
    if head is None:
        # Nothing says who asked, but someone waits.
        return _frame(_NOBODY, "utf-8", "AR", refusal)
    letter = "A" if refusal is None else ("R" if refusal.reject else "E")
    if not head.enhanced:
        return _frame(head, charset, f"A{letter}", refusal)
    found = b""
    if _wanted(head.accept, letter):
        found += _frame(head, charset, f"C{letter}", refusal)
    if _wanted(head.application, letter):
        found += _frame(head, charset, f"A{letter}", refusal)
    return found


def _wanted(condition: str, letter: str) -> bool:
    match condition:
        case "AL":
            return True
        case "ER":
            return letter != "A"
        case "SU":
            return letter == "A"
        case _:
            return False


def _frame(head: Head, charset: str, code: str, refusal: Refusal | None) -> bytes:
    field, component = head.separators[0], head.separators[1]
    version = head.version if _VERSION.fullmatch(head.version) else "2.5"
    trigger = head.event.partition("^")[2]
    newer = _at_least(version, "2.5")
    kind = component.join(["ACK", trigger, "ACK"]) if trigger and _at_least(version, "2.3.1") else "ACK"
    msh = [
        "MSH",
        head.separators[1:],
        head.receiving_app,
        head.receiving_facility,
        head.sending_app,
        head.sending_facility,
        datetime.now(VIETNAM).strftime("%Y%m%d%H%M%S"),
        "",
        kind,
        f"{_run}{next(_count):X}"[-20:],
        head.processing or "P",
        version,
    ]
    if head.charset:
        msh += ["", "", "", "", "", head.charset]
    msa = ["MSA", code, head.number]
    lines = [msh, msa]
    if refusal is not None:
        if not newer:
            msa.append(refusal.text)
        lines.append(_error(head, refusal, newer=newer))
    text = "\r".join(field.join(line) for line in lines) + "\r"
    return VT + to_bytes(text, charset) + FS + CR


def _error(head: Head, refusal: Refusal, *, newer: bool) -> list[str]:
    component, sub = head.separators[1], (head.separators[4:5] or "&")
    meaning = _ERROR_TEXT[refusal.code]
    if newer:
        code = component.join([refusal.code, meaning, "HL70357"])
        where = refusal.where.replace("^", component)
        return ["ERR", "", where, code, "E", "", "", "", refusal.text]
    place = refusal.where.split("^") if refusal.where else []
    place += [""] * (3 - len(place))
    return ["ERR", component.join([*place, sub.join([refusal.code, meaning, "HL70357"])])]


def _at_least(version: str, other: str) -> bool:
    def number(text: str) -> tuple[int, ...]:
        return tuple(int(part) for part in text.split("."))

    return number(version) >= number(other)
