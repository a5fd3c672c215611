"""The status object of the command contract, computed from the store alone."""

from __future__ import annotations

from typing import Any

from adapter.cutover.guards import modes
from adapter.settings import Settings
from adapter.store.store import Store


def status_of(store: Store, settings: Settings) -> dict[str, Any]:
    """Cumulative counts, verdicts and both equations; ``this_run`` is empty outside a run.

    ``facilities`` says how each one runs (live, shadow, paused), ``tasks`` how many faults the portal
    reported wait for their correction.
    """
    return {
        **store.balance.summary(),
        "facilities": modes(settings, store),
        "tasks": store.verdicts.open_tasks(store.clock()),
        "this_run": {"read": 0, "sent": 0, "logins": 0},
        "workdir": str(settings.workdir),
        "console_url": f"http://{settings.api.host}:{settings.api.port}/",
    }
