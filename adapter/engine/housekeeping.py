"""What the engine does beside the stages: keep watch, tell the day, let bodies end. In exactly one process."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from datetime import datetime

from apscheduler.schedulers.base import BaseScheduler

from adapter.clock import VIETNAM
from adapter.engine.logs import log
from adapter.errors import BhytError
from adapter.settings import Settings
from adapter.store import Store
from adapter.watch.digest import digest
from adapter.watch.look import look
from adapter.watch.tell import Message, channels


def add_housekeeping(scheduler: BaseScheduler, settings: Settings, store: Store) -> None:
    """Put the watch, the daily digest and the daily purge on the engine's schedule.

    Raises ConfigError for an alert address that cannot be used: at the start, not at night.
    """
    tell = channels(settings) if settings.alerts else _into_the_log
    scheduler.add_job(
        _steady("watch", lambda: look(store, settings, tell)),
        "interval",
        seconds=settings.watch.every,
        id="watch",
        next_run_time=datetime.now(VIETNAM),
        coalesce=True,
        max_instances=1,
        misfire_grace_time=None,
    )
    daily: dict[str, tuple[str | None, Callable[[], object]]] = {
        "digest": (settings.watch.digest_at, lambda: tell(digest(store, settings))),
        "purge": (settings.watch.purge_at, lambda: purge(store)),
    }
    for name, (at, work) in daily.items():
        if at is None:
            continue
        hour, minute = at.split(":")
        scheduler.add_job(
            _steady(name, work),
            "cron",
            hour=int(hour),
            minute=int(minute),
            id=name,
            coalesce=True,
            max_instances=1,
            misfire_grace_time=12 * 3600,  # a machine that was off at night does it in the morning
        )


def purge(store: Store) -> None:
    """Let bodies end whose retention is over; receipts, hashes, events and findings stay."""
    ended = asdict(store.purge())
    if any(ended.values()):
        log.info("bodies ended", **ended)


def _steady(name: str, work: Callable[[], object]) -> Callable[[], None]:
    """A failure is logged and met again at the next turn; it never takes the engine down."""

    def run() -> None:
        try:
            work()
        except BhytError as error:
            log.warning(f"{name} failed", **error.to_dict())

    return run


def _into_the_log(what: Message) -> bool:
    """Nobody named a channel: what would have been told stands in the log."""
    write = log.info if what.severity == "info" else log.warning
    write("alert", title=what.title, text=what.text)
    return True
