"""Who holds a lease, and whether that process is certainly gone.

A lease normally runs out by itself. On the machine where its owner died there is no need to
wait: an owner names its host, boot, process namespace, process id and start time, and only a
process in the same namespace of the same boot may declare it dead.
"""

from __future__ import annotations

import hashlib
import os
import socket
from datetime import datetime
from functools import cache
from pathlib import Path

from adapter.store import Store


def owner_name() -> str:
    """This process: ``host:place:pid:start``. Not cached: a fork is another process."""
    return f"{socket.gethostname()[:60]}:{_place()}:{os.getpid()}:{_started(os.getpid())}"


def certainly_dead(owner: str) -> bool:
    """True only when the owner lived here and its process no longer exists (or its number is another's now)."""
    parts = owner.rsplit(":", 3)
    if len(parts) != 4 or not parts[2].isdigit() or not _place():
        return False
    host, place, pid, started = parts
    if (host, place) != (socket.gethostname()[:60], _place()):
        return False
    return _started(int(pid)) != started


def end_leases_of_the_dead(store: Store, facility: str, now: datetime) -> None:
    """Let leases of processes that died on this machine run out now; their rows keep state and fence."""
    dead = [owner for owner in store.outbox.owners(facility, now) if certainly_dead(owner)]
    if dead:
        store.outbox.end_leases(facility, dead, now)


@cache
def _place() -> str:
    """Boot and process namespace as a short mark; empty where the system does not tell."""
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
        namespace = str(Path("/proc/self/ns/pid").readlink())
    except OSError:
        return ""
    return hashlib.sha256(f"{boot} {namespace}".encode()).hexdigest()[:8]


def _started(pid: int) -> str:
    """The process's start in clock ticks since boot, ``-`` when there is none (a zombie counts as none)."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return "-"
    fields = stat.rpartition(")")[2].split()
    return "-" if fields[0] in "ZX" else fields[19]
