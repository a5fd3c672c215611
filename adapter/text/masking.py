"""Values made safe to show: their shape stays, what they say does not.

Error texts, logs and previews must help the person who repairs a mapping without telling
them anything about a patient. The shape is what they need: ``99/99/9999`` against ``99999999``.
"""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any

_SHOWN = 24


def mask(value: Any) -> str:  # noqa: PLR0911 -- one line for each type
    """Letters become ``x``, digits ``9``; other signs, the length class and the type stay.

    Shows at most 24 characters. None is ``NULL``, an empty text ``""``.
    """
    if value is None:
        return "NULL"
    if isinstance(value, datetime):
        return "9999-99-99 99:99"
    if isinstance(value, date):
        return "9999-99-99"
    if isinstance(value, bytes | bytearray | memoryview):
        return f"<{len(value)} byte>"
    if isinstance(value, int | Decimal | float):
        return "".join("9" if c.isdigit() else c for c in str(value))[:_SHOWN]
    text = str(value)
    if not text:
        return '""'
    shape = "".join(_sign(c) for c in text[:_SHOWN])
    return f"{shape}… ({len(text)})" if len(text) > _SHOWN else shape


def _sign(character: str) -> str:
    if character.isdigit():
        return "9"
    return "x" if character.isalpha() or not character.isascii() else character
