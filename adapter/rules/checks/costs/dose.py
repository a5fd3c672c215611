"""LIEU_DUNG: ``quantity per time * times a day * days [total a day]``, units or not."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache

_QUANTITY = r"([0-9]+(?:[.,][0-9]+)?(?:/[0-9]+)?)"
# The decree's example: two tablets a time, twice a day, five days, in brackets the daily total.
_THREE = re.compile(rf"\s*{_QUANTITY}[^*\[\]]*\*\s*{_QUANTITY}[^*\[\]]*\*\s*{_QUANTITY}[^*\[\]]*(?:\[[^\]]*\])?\s*\Z")
# The other form names the parts of the day and what is taken in each.
_PARTS_OF_DAY = re.compile(r"\s*(sáng|trưa|chiều|tối)\s*:\s*[0-9][^\[\]]*\[[^\]]*[0-9][^\]]*\]\s*\Z", re.IGNORECASE)
_UNIT = re.compile(rf"\[\s*{_QUANTITY}\s*([^/\]]*)")
# The decree allows 1024 characters; longer text is a fault of its own and is not searched.
_LONGEST = 1024


@dataclass(frozen=True, slots=True)
class Dose:
    """The three numbers of the pattern, and the units over the whole course."""

    per_time: Decimal
    times: Decimal
    days: Decimal
    total: Decimal


def _decimal(text: str) -> Decimal | None:
    whole, _, below = text.replace(",", ".").partition("/")
    if not below:
        return Decimal(whole)
    return Decimal(whole) / Decimal(below) if Decimal(below) else None


@lru_cache(maxsize=4096)
def dose(text: str) -> Dose | None:
    """The dose, or None when the text is not of the three-number pattern."""
    found = _THREE.match(text) if len(text) <= _LONGEST else None
    if not found:
        return None
    per_time, times, days = (_decimal(part) for part in found.groups())
    if per_time is None or times is None or days is None:
        return None
    return Dose(per_time, times, days, per_time * times * days)


def well_formed(text: str) -> bool:
    """Whether the text follows one of the two patterns the decree gives."""
    return len(text) <= _LONGEST and (dose(text) is not None or bool(_PARTS_OF_DAY.match(text)))


@lru_cache(maxsize=4096)
def unit(text: str) -> str:
    """The unit named in the square brackets, ``""`` when there is none."""
    found = _UNIT.search(text) if len(text) <= _LONGEST else None
    return found.group(2).strip() if found else ""
