"""What processes hold and spend, as Linux counts it."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

_TICKS = os.sysconf("SC_CLK_TCK")


def family(pid: int) -> list[int]:
    """A process and everything it started, directly or not."""
    parents: dict[int, list[int]] = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = _fields(int(stat.parent.name))
        except (FileNotFoundError, ProcessLookupError):
            continue  # it has just ended
        parents.setdefault(int(fields[1]), []).append(int(stat.parent.name))
    found = [pid]
    for one in found:
        found.extend(parents.get(one, []))
    return found


def memory_mb(pids: Iterable[int]) -> float:
    """Proportional set size in MB: private memory whole, shared pages divided by those who share them."""
    return sum(_pss(pid) for pid in pids) / 1024


def spent(pids: Iterable[int]) -> float:
    """Processor seconds, of the system's work for them too."""
    return sum(int(f[11]) + int(f[12]) for f in map(_fields, pids)) / _TICKS


def _pss(pid: int) -> int:
    text = Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii")
    return next(int(line.split()[1]) for line in text.splitlines() if line.startswith("Pss:"))


def _fields(pid: int) -> list[str]:
    """Fields of ``stat`` after the command's name, which may hold blanks; the first is the state."""
    return Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
