"""One ``bhyt worker`` on the evening the sown visits were settled: ``python -m benchmarks.service.worker DIR``."""

from __future__ import annotations

import sys
import time
from datetime import datetime, timedelta
from pathlib import Path

from adapter.engine.logs import configure_logs
from adapter.engine.worker import run_worker
from adapter.settings import load_settings
from benchmarks.encounters import NOW

_BEGAN = time.monotonic()


def clock() -> datetime:
    """The evening of the visits, going on."""
    return NOW + timedelta(seconds=time.monotonic() - _BEGAN)


if __name__ == "__main__":
    configure_logs("worker")
    run_worker(load_settings(workdir=Path(sys.argv[1])), clock)
