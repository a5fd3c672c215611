"""What the engine does beside the stages: keep watch, tell the day, let bodies end. In exactly one process."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import datetime

from apscheduler.schedulers.base import BaseScheduler

from adapter.clock import VIETNAM
from adapter.engine.logs import log
from adapter.engine.schedules import trigger
from adapter.errors import BhytError
from adapter.settings import Every, Settings
from adapter.store import Store
from adapter.watch.digest import digest
from adapter.watch.look import Watch
from adapter.watch.tell import Message, channels


@dataclass(frozen=True, slots=True)
class Chore:
    """Something that is done now and then. ``work`` raises nothing."""

    name: str
    every: Every
    work: Callable[[], None]


def chores(settings: Settings, store: Store) -> list[Chore]:
    """The watch, the daily digest and the daily purge.

    Raises ConfigError for an alert address that cannot be used: at the start, not at night.
    """
    tell = channels(settings) if settings.alerts else _into_the_log
    found = [Chore("watch", settings.watch.every, _steady("watch", Watch(store, settings, tell).look))]
    daily: dict[str, tuple[str | None, Callable[[], object]]] = {
        "digest": (settings.watch.digest_at, lambda: tell(digest(store, settings))),
        "purge": (settings.watch.purge_at, lambda: purge(store)),
    }
    for name, (at, work) in daily.items():
        if at is not None:
            hour, minute = at.split(":")
            found.append(Chore(name, f"{int(minute)} {int(hour)} * * *", _steady(name, work)))
    return found


def add_housekeeping(scheduler: BaseScheduler, settings: Settings, store: Store) -> None:
    """Put the chores on the engine's schedule. Raises ConfigError as :func:`chores` does."""
    for one in chores(settings, store):
        daily = isinstance(one.every, str)
        scheduler.add_job(
            one.work,
            trigger(one.every),
            id=one.name,
            **({} if daily else {"next_run_time": datetime.now(VIETNAM)}),
            coalesce=True,
            max_instances=1,
            # A machine that was off at night does in the morning what was due once.
            misfire_grace_time=12 * 3600 if daily else None,
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
