"""One field at the desk: what a person types, or a scanner reads from a card's or identity card's QR code."""

from __future__ import annotations

import re
from dataclasses import dataclass

_CITIZEN = re.compile(r"\d{12}")
_DAY8 = re.compile(r"(\d{2})(\d{2})(\d{4})")
_HEX = re.compile(r"(?:[0-9A-Fa-f]{2})+")


@dataclass(frozen=True, slots=True)
class Scanned:
    """What the field says; empty where it does not."""

    number: str
    name: str = ""
    birth: str = ""


def read_scan(text: str) -> Scanned:
    """Take a QR code apart, or keep a typed number as it is.

    Identity card: ``number|old number|name|ddmmyyyy|sex|address|issued``. Insurance card:
    ``number|name in hex|dd/mm/yyyy|…``, on newer cards with the name in plain letters.
    """
    parts = [part.strip() for part in text.strip().split("|")]
    if len(parts) < 3:
        return Scanned(parts[0])
    if _CITIZEN.fullmatch(parts[0]) and len(parts) > 3:
        return Scanned(parts[0], parts[2], _day(parts[3]))
    return Scanned(parts[0], _plain(parts[1]), _day(parts[2]))


def _day(text: str) -> str:
    found = _DAY8.fullmatch(text)
    return "/".join(found.groups()) if found else text


def _plain(text: str) -> str:
    """Older cards write the name as hex of its UTF-8 bytes."""
    if len(text) >= 4 and _HEX.fullmatch(text):
        try:
            return bytes.fromhex(text).decode("utf-8")
        except UnicodeDecodeError:
            return text
    return text
