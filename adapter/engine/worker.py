"""One more worker beside an installation on PostgreSQL: the same stages, any number of machines.

A worker claims rows with a lease and a fence; one that dies delays its rows by the lease, one that
comes back too late finds its fence stale and writes nothing. Of two pulls at once the cursor's own
fence lets one win. Who calls which stage when: :mod:`adapter.engine.distributed`.
"""

from __future__ import annotations

from adapter.clock import Clock, system_clock
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
    from adapter.engine.distributed import run_distributed

    run_distributed(settings, clock)
