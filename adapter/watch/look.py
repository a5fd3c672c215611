"""Look once: gather the facts, keep what holds, tell what is new."""

from __future__ import annotations

import shutil
from datetime import timedelta

from adapter.settings import Settings
from adapter.store.store import Store
from adapter.watch.conditions import Facts, conditions
from adapter.watch.tell import Tell, message


def facts(store: Store, settings: Settings, *, free_bytes: int | None = None) -> Facts:
    """What the store and the machine say now."""
    now = store.clock()
    watch = settings.watch
    codes = [one.code for one in settings.facilities]
    equations = store.balance.equations()
    pull = equations["pull"]
    overdue = {code: len(store.books.overdue(now, code)) for code in codes} if watch.book_overdue else {}
    return Facts(
        now=now,
        disk_free=shutil.disk_usage(settings.workdir).free if free_bytes is None else free_bytes,
        broken=len(equations["broken"]),
        unbalanced_pulls=bool(pull["unbalanced"]),
        figures=[
            store.watching.figures(
                code, now=now, near_until=now + timedelta(hours=watch.deadline_hours), since=now - timedelta(days=1)
            )
            for code in codes
        ],
        stages=[one for one in store.health.stages() if one.facility in codes],
        gates=[gate for gate in store.gates.all() if gate.facility in codes],
        certificates=[one for one in store.health.certificates() if one.facility in codes],
        overdue_books=overdue,
        missing_at_source=store.reconciliation.missing(codes, now=now),
        live=frozenset(one.code for one in settings.facilities if one.mode == "live" and not one.paused),
    )


def look(store: Store, settings: Settings, tell: Tell, *, free_bytes: int | None = None) -> int:
    """One round of the watch; how many messages left. What cannot be told now is told next time."""
    now = store.clock()
    store.alerts.observe(conditions(facts(store, settings, free_bytes=free_bytes), settings.watch), now=now)
    starts, ends = store.alerts.to_tell(ended_before=now - timedelta(minutes=settings.watch.settle_minutes))
    if not starts and not ends:
        return 0
    if not tell(message(starts, ends, settings.language)):
        return 0
    store.alerts.told(starts, ends, now=now)
    return 1
