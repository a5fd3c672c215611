"""Where a scan stands, and how that travels inside the store's cursor.

A *scan* goes once from its low end to the newest row, in pages ordered by (change stamp, key). The next scan
starts a look-back window earlier, because a transaction may commit late with an early stamp: every stamp is read
once more after it is older than the window. For that the cursor that ends a scan never lies past the instant
the scan began, and a scan that was interrupted (even for days) goes on at its page and remembers when it began.

Between scans the cursor is (stamp, key); inside one, ``key`` carries the page's place after a separator. Both are text,
so the store need not know.
"""

from __future__ import annotations

from dataclasses import dataclass

from adapter.source import Cursor

_SEPARATOR = "␟"


@dataclass(frozen=True, slots=True)
class Position:
    """One point of a scan: the last row read, and when the scan began (as a stamp, None for counters)."""

    stamp: str
    key: str
    began: str | None


def read_cursor(cursor: Cursor) -> Position | None:
    """The page a scan stands at; None when the cursor ends a scan."""
    parts = cursor.key.split(_SEPARATOR)
    if len(parts) != 3:
        return None
    key, stamp, began = parts
    return Position(stamp, key, began or None)


def within_scan(position: Position, previous: Cursor | None) -> Cursor:
    """The cursor of an unfinished scan."""
    stamp = _monotonic(position, previous)
    return Cursor(stamp, _SEPARATOR.join((position.key, position.stamp, position.began or "")))


def after_scan(position: Position, previous: Cursor | None) -> Cursor:
    """The cursor of a finished scan, from which the next one looks back."""
    return Cursor(_monotonic(position, previous), position.key)


def _monotonic(position: Position, previous: Cursor | None) -> str:
    """Never past the scan's beginning, never before where the cursor stood."""
    reached = position.stamp if position.began is None else min(position.stamp, position.began)
    return max(reached, previous.stamp) if previous is not None else reached
