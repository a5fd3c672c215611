"""Which monthly schemas demo HIS C has, and their names."""

from __future__ import annotations

from datetime import datetime

ROOT = "hisc"
MISSING = 2
"""The month this long ago has no schema: nothing happened in it, as after a move to another server."""


def month_name(year: int, month: int) -> str:
    """Root and month: ``hisc1126`` is November 2026."""
    return f"{ROOT}{month:02d}{year % 100:02d}"


def month_names(now: datetime) -> list[str]:
    """Schemas there are at a local time: the running month and the three before it, but for one."""
    current = now.year * 12 + now.month - 1
    return [month_name(n // 12, n % 12 + 1) for n in range(current - 3, current + 1) if n != current - MISSING]
