"""What the store writes and others compare with: keys that stand in, reasons of skips. Plain, without a database."""

from __future__ import annotations

SENT_ELSEWHERE = "sent by other software"
BEFORE_START = "ended before start_at: the former software's"

_STAND_IN = "?"


def stand_in(key: str) -> str:
    """The MA_LK of an encounter that has none yet: unreadable mapping, or one that another encounter took."""
    return _STAND_IN + key
