"""The intake role: listeners and watched folders, in a process that signing cannot slow down.

A feed puts encounters into the inbox, which keeps them in the store before it returns; the engine's
stages take them from there like everything that was pulled. A feed that breaks is started again
after a pause, the others go on.
"""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from adapter.clock import Clock, system_clock
from adapter.collector import settle
from adapter.engine.heartbeat import Heart
from adapter.engine.logs import log
from adapter.engine.opening import open_store
from adapter.engine.plans import plan_path
from adapter.engine.signals import stop_on_signals
from adapter.engine.supervise import parent_is_gone
from adapter.errors import BhytError, ConfigError, LeaseLost, StoreBusy
from adapter.mapping import load_mapping
from adapter.pipeline.context import Plan
from adapter.pipeline.stages.pull import save, source_name
from adapter.settings import Facility, FeedSettings, Settings
from adapter.source import Kept, Message, SourceEncounter
from adapter.store import Store
from adapter.store.views.followed import dossiers_of
from connectors.base import Feed, Followed, open_feed

_PAUSE = 10.0
_LOOK = 5.0
_WELL_AFTER = 15.0
_NOTE_EVERY = 60.0


class StoreInbox:
    """An inbox over the store, for encounters and for messages. Safe for several feeds of one facility at once."""

    def __init__(self, store: Store, facility: Facility, plan: Plan, clock: Clock) -> None:
        self._store = store
        self._facility = facility.code
        self._plan = plan
        self._clock = clock
        self._one_at_a_time = threading.Lock()

    def keep(self, messages: Sequence[Message]) -> Sequence[Kept]:
        """Keep messages in one transaction; the engine collects them. Raises StoreBusy."""
        return self._store.messages.keep(self._facility, source_name(self._plan), messages, self._clock())

    def refuse(self, raw: bytes, *, kind: str, reason: str) -> None:
        """Note what was refused, for `bhyt messages`. Raises StoreBusy."""
        feed = source_name(self._plan)
        self._store.messages.refuse(self._facility, feed, raw, kind=kind, reason=reason, now=self._clock())

    def followed(self, key: str) -> Followed | None:
        """What became of an encounter that was put here. Raises StoreBusy."""
        store = self._store
        ids = dossiers_of(store.database, store.vault, self._facility, source_name(self._plan), key)
        return None if ids is None else outcome_of([shown for i in ids if (shown := store.queries.show(i)) is not None])

    def put(self, encounters: Sequence[SourceEncounter]) -> None:
        """Keep encounters and what readiness expects of them, in one transaction. Raises StoreBusy."""
        intake, name = self._store.intake, source_name(self._plan)
        with self._one_at_a_time:
            pull_id = intake.start_pull(self._facility, name, self._clock())
            try:
                while True:
                    position = intake.position(self._facility, name)
                    try:
                        save(
                            self._store,
                            self._facility,
                            self._plan,
                            encounters,
                            position=position,
                            cursor=None,
                            pull_id=pull_id,
                            now=self._clock(),
                        )
                        return
                    except LeaseLost:
                        continue  # another process wrote for this source in between; nothing of ours was kept
            finally:
                intake.finish_pull(pull_id, self._clock())


_WORST = ("blocked", "refused", "unknown", "translated", "ready", "signing", "signed", "sending", "accepted", "skipped")


def outcome_of(shown: Sequence[Mapping[str, Any]]) -> Followed:
    """The outcome of one encounter from all that is known of its dossiers; none of them: nothing was due."""
    if not shown:
        return Followed("skipped", None, None, ())
    worst = min(shown, key=lambda one: _WORST.index(one["state"]) if one["state"] in _WORST else 0)
    newest = worst["revisions"][-1]
    receipt = newest["receipts"][-1] if newest["receipts"] else None
    told = ("rule", "severity", "table", "row", "field", "message_vi", "message_en")
    return Followed(
        "held" if any(one["held"] for one in shown) else worst["state"],
        receipt["maGiaoDich"] if receipt else None,
        receipt["thoiGianTiepNhan"] if receipt else None,
        tuple({name: finding[name] for name in told} for finding in newest["findings"]),
    )


def run_intake(settings: Settings, clock: Clock = system_clock, *, stop: threading.Event | None = None) -> None:
    """Run every facility's feeds until SIGTERM, SIGINT or ``stop``.

    Raises ConfigError when there is no feed, or nobody offers one that is named.
    """
    wanted = [(facility, feed) for facility in settings.facilities if not facility.paused for feed in facility.feeds]
    if not wanted:
        raise ConfigError(
            "Không cơ sở nào có nguồn tự gửi đến (feeds)",
            "No facility has a feed, a source that sends by itself",
            hint_vi="nguồn SQL được engine đọc theo lịch; vai trò intake chỉ cần khi có facilities[].feeds",
            hint_en="SQL sources are read by the engine; the intake role is for facilities[].feeds only",
        )
    stop = stop or threading.Event()
    with stop_on_signals(stop), open_store(settings, clock) as store:
        running = [_Running(settings, store, facility, feed, clock=clock, stop=stop) for facility, feed in wanted]
        threads = [threading.Thread(target=one.run, name=one.name, daemon=True) for one in running]
        threads.append(threading.Thread(target=_look_after, args=(running, stop), name="look", daemon=True))
        # What stands now stays: looking through it again and again would make a sender wait.
        settle()
        for thread in threads:
            thread.start()
        log.info("intake started", feeds=len(running))
        heart = Heart()
        while not stop.wait(0.5) and not parent_is_gone():
            heart.beat()
        stop.set()
        for thread in threads:
            thread.join(10)
        log.info("intake stopped")


def _look_after(running: Sequence[_Running], stop: threading.Event) -> None:
    while not stop.wait(_LOOK):
        for one in running:
            one.look()


class _Running:
    """One facility's feed under the mapping at work; another version put to work takes over without a restart."""

    def __init__(
        self,
        settings: Settings,
        store: Store,
        facility: Facility,
        feed: FeedSettings,
        *,
        clock: Clock,
        stop: threading.Event,
    ) -> None:
        """Raises ConfigError, MappingError."""
        self._settings, self._store, self._facility = settings, store, facility
        self._feed, self._clock, self._stop = feed, clock, stop
        self.name = f"{facility.code}:{feed.connector}"
        self._path = plan_path(settings, facility, store)
        self._opened = self._open(self._path)
        self._renewed = threading.Event()
        self._stage = f"feed:{feed.connector}"[:20]
        self._told: tuple[str, str, str] | None = None
        self._began: float | None = None
        self._noted = -_NOTE_EVERY

    def _open(self, path: Path) -> tuple[Feed, StoreInbox]:
        plan = load_mapping(path)
        feed = open_feed(self._feed.connector, self._settings.placed(self._feed.options), plan.source)
        return feed, StoreInbox(self._store, self._facility, plan, self._clock)

    def look(self) -> None:
        """Note that the feed works, and take up another version of its mapping; one that cannot be used is told."""
        began, now = self._began, time.monotonic()
        if began is not None and now - began >= _WELL_AFTER and now - self._noted >= _NOTE_EVERY:
            self._note(None)
        try:
            path = plan_path(self._settings, self._facility, self._store)
            if path == self._path:
                return
            self._path = path
            self._opened = self._open(path)
        except BhytError as error:
            log.warning("feed keeps its mapping", feed=self.name, **error.to_dict())
            return
        log.info("feed takes up another mapping", feed=self.name)
        self._renewed.set()

    def run(self) -> None:
        """Run for ever; whatever ends the feed is logged and it starts again."""
        while not self._stop.is_set():
            self._renewed.clear()
            feed, inbox = self._opened
            self._began = time.monotonic()
            try:
                feed.run(inbox, lambda: self._stop.is_set() or self._renewed.is_set())
            except BhytError as error:
                self._failed((error.code, error.message_vi, error.message_en), error.to_dict())
            except Exception as error:  # noqa: BLE001 -- a third party's feed must not take the others with it
                name = type(error).__name__
                broke = (
                    "FEED",
                    f"Nguồn {self._feed.connector} hỏng ({name})",
                    f"Feed {self._feed.connector} broke ({name})",
                )
                self._failed(broke, {"error": name})
            if not self._renewed.is_set():
                self._stop.wait(_PAUSE)

    def _failed(self, failure: tuple[str, str, str], told: Mapping[str, Any]) -> None:
        """Logged once until it ends or becomes another; kept for the watch each time."""
        self._began = None
        if failure != self._told:
            log.warning("feed failed", feed=self.name, **told)
        self._note(failure)

    def _note(self, failure: tuple[str, str, str] | None) -> None:
        if failure is None and self._told is not None:
            log.info("feed works again", feed=self.name)
        self._told, self._noted = failure, time.monotonic()
        with contextlib.suppress(StoreBusy):  # the next note tells
            self._store.health.ran(self._facility.code, self._stage, now=self._clock(), failure=failure)
