"""The embedded engine: APScheduler in exactly one process starts stages, and does nothing else.

A stage that is still running is not started a second time; starts missed while the machine
slept become one. What a stage does is safe to repeat and safe to kill (`adapter.pipeline`), so
the scheduler holds no state worth keeping.
"""

from __future__ import annotations

import contextlib
import os
import threading
import time
from collections.abc import Callable, Iterator
from datetime import datetime
from functools import partial
from pathlib import Path

from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.schedulers.background import BackgroundScheduler
from filelock import FileLock, Timeout

from adapter.clock import VIETNAM, Clock, system_clock
from adapter.engine.heartbeat import Heart
from adapter.engine.housekeeping import add_housekeeping
from adapter.engine.installation import NEEDS, FacilityLine, open_installation
from adapter.engine.logs import Teller, log
from adapter.engine.schedules import every_of, missed, trigger
from adapter.engine.signals import stop_on_signals
from adapter.engine.supervise import parent_is_gone
from adapter.engine.traces import exporting
from adapter.engine.watchdog import Watchdog
from adapter.errors import ConfigError
from adapter.settings import Settings
from adapter.store import Store

_PULSE_SECONDS = 5.0


def run_engine(settings: Settings, clock: Clock = system_clock) -> None:
    """Run schedules until SIGTERM or SIGINT, or until the supervisor is gone.

    Raises ConfigError when another engine runs on this workdir.
    """
    stop, heart = threading.Event(), Heart()
    with (
        _only_engine(settings.workdir),
        exporting(settings, "engine"),
        stop_on_signals(stop),
        open_installation(settings, clock, stop.is_set) as installation,
    ):
        watchdog = Watchdog(settings.schedule.hang_minutes * 60, partial(tell_hung, installation.store))
        scheduler = BackgroundScheduler(
            # Every stage of every facility may run at once; the facility's lock orders its own.
            executors={"default": ThreadPoolExecutor(max(10, len(installation.lines) * len(NEEDS)))},
            timezone=VIETNAM,
        )
        ran = {(one.facility, one.stage): one.last_run_at for one in installation.store.health.stages()}
        for line in installation.lines:
            # One lock a facility: its stages share connections and a signing session.
            lock = threading.Lock()
            for stage in NEEDS:
                every = every_of(settings, line.facility, stage)
                now = missed(every, ran.get((line.facility.code, stage)), clock())
                scheduler.add_job(
                    _starter(line, stage, lock, stop, watchdog),
                    trigger(every),
                    id=f"{line.facility.code}:{stage}",
                    **({"next_run_time": datetime.now(VIETNAM)} if now else {}),
                    coalesce=True,
                    max_instances=1,
                    misfire_grace_time=None,
                )
        add_housekeeping(scheduler, settings, installation.store)
        pulse = _Pulse()
        scheduler.add_job(pulse, trigger(_PULSE_SECONDS), id="pulse", coalesce=True, misfire_grace_time=None)
        scheduler.start()
        log.info("engine started", facilities=len(installation.lines), pid=os.getpid())
        while not stop.wait(1.0) and not parent_is_gone():
            watchdog.look()
            if pulse.fresh():
                heart.beat()
        scheduler.shutdown(wait=True)
        log.info("engine stopped")


class _Pulse:
    """Started by the scheduler like any stage: shows that it still starts things.

    It does not when its clock was set back by hours, for APScheduler waits for a time of day; the role is
    then started anew by the supervisor, and catches up.
    """

    def __init__(self) -> None:
        self._at = time.monotonic()

    def __call__(self) -> None:
        self._at = time.monotonic()

    def fresh(self) -> bool:
        """Whether something was started lately."""
        return time.monotonic() - self._at < 6 * _PULSE_SECONDS


def tell_hung(store: Store, facility: str, stage: str, seconds: float) -> None:
    """Keep for the watch that a stage hung and the process ended for it."""
    minutes = round(seconds / 60)
    store.health.ran(
        facility,
        stage,
        now=store.clock(),
        failure=("WATCHDOG", f"treo {minutes} phút, đã khởi động lại", f"hung for {minutes} minutes, restarted"),
    )


def _starter(
    line: FacilityLine, stage: str, lock: threading.Lock, stop: threading.Event, watchdog: Watchdog
) -> Callable[[], None]:
    tell = Teller(line.facility.code)

    def start() -> None:
        more = True
        while more and not stop.is_set():
            with lock, watchdog.watching(line.facility.code, stage):
                result = line.run(stage)
            tell(result)
            more = result.more and not result.failures

    return start


@contextlib.contextmanager
def _only_engine(workdir: Path) -> Iterator[None]:
    lock = FileLock(workdir / "engine.lock")
    try:
        lock.acquire(timeout=0)
    except Timeout as error:
        raise ConfigError(
            "Một engine khác đang chạy trên thư mục làm việc này",
            "Another engine is running on this workdir",
            hint_vi="dừng dịch vụ kia trước, hoặc dùng thư mục khác",
            hint_en="stop the other service first, or use another workdir",
        ) from error
    try:
        yield
    finally:
        lock.release()
