"""One more worker beside an installation on PostgreSQL: the same stages, any number of machines.

A worker claims rows with a lease and a fence; one that dies delays its rows by the lease, one that
comes back too late finds its fence stale and writes nothing. Pulls need no worker: the cursor's
own fence lets one of them win.
"""

from __future__ import annotations

import threading

from adapter.clock import Clock, system_clock
from adapter.engine.embedded import stop_on_signals
from adapter.engine.installation import ROUND, open_installation
from adapter.engine.logs import Teller, log
from adapter.engine.supervise import parent_is_gone
from adapter.errors import ConfigError
from adapter.settings import Settings


def run_worker(settings: Settings, clock: Clock = system_clock) -> None:
    """Work until SIGTERM or SIGINT. Raises ConfigError on a store that only one machine can reach."""
    if settings.store_url().startswith("sqlite"):
        raise ConfigError(
            "`bhyt worker` cần kho lưu PostgreSQL",
            "`bhyt worker` needs a store on PostgreSQL",
            hint_vi="đặt store.url: postgresql://…; với SQLite một máy là đủ: `bhyt run`",
            hint_en="set store.url: postgresql://…; on SQLite one machine does it all: `bhyt run`",
        )
    stop = threading.Event()
    with stop_on_signals(stop), open_installation(settings, clock, stop.is_set) as installation:
        tellers = {line.facility.code: Teller(line.facility.code) for line in installation.lines}
        log.info("worker started", facilities=len(installation.lines))
        while not stop.is_set() and not parent_is_gone():
            busy = False
            for line in installation.lines:
                for stage in ROUND:
                    if stage == "pull" or stop.is_set():
                        continue
                    result = line.run(stage)
                    tellers[line.facility.code](result)
                    busy = busy or (result.more and not result.failures)
            if not busy:
                stop.wait(settings.schedule.send)
        log.info("worker stopped")
