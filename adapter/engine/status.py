"""The status object of the command contract, computed from the store alone."""

from __future__ import annotations

from typing import Any

from adapter.cutover.guards import modes
from adapter.settings import Settings
from adapter.store.store import Store


def status_of(store: Store, settings: Settings, facilities: frozenset[str] | None = None) -> dict[str, Any]:
    """Cumulative counts, verdicts and both equations; ``this_run`` is empty outside a run.

    ``facilities`` says how each one runs (live, shadow, paused), ``tasks`` how many faults the portal
    reported wait for their correction. ``facilities``: count these alone, and name no other.
    """
    return {
        **store.balance.summary(facilities),
        "facilities": [row for row in modes(settings, store) if facilities is None or row["code"] in facilities],
        "tasks": store.verdicts.open_tasks(store.clock(), facilities),
        "this_run": {"read": 0, "sent": 0, "logins": 0},
        "workdir": str(settings.workdir),
        "console_url": f"http://{settings.api.host}:{settings.api.port}/",
    }
