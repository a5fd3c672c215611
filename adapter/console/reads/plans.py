"""Compiled mappings for pages: loaded once per file, loaded anew when the facility works with another one."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import TYPE_CHECKING

from adapter.console.core.context import Console
from adapter.engine.plans import plan_path
from adapter.settings import Facility

if TYPE_CHECKING:
    from adapter.mapping import Plan

_plans: dict[tuple[Path, int], Plan] = {}
_lock = threading.Lock()
_MOST = 12


def plan_of(console: Console, facility: Facility) -> Plan:
    """The plan the facility works with now. Raises MappingError, ConfigError."""
    return plan_at(plan_path(console.settings, facility, console.store))


def plan_at(path: Path) -> Plan:
    """The plan of a file, compiled once as long as the file is not changed."""
    key = (path, path.stat().st_mtime_ns)
    with _lock:
        found = _plans.get(key)
    if found is None:
        from adapter.mapping import load_mapping

        found = load_mapping(path)
        with _lock:
            while len(_plans) >= _MOST:
                _plans.pop(next(iter(_plans)))
            _plans[key] = found
    return found
