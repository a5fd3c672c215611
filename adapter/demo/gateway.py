"""The practice gateway of a demo workdir, in a process of its own so that it has its own core."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

from adapter.engine.supervise import child_environment
from adapter.errors import ConfigError
from adapter.settings import load_settings

_PATIENCE = 120.0


@contextmanager
def practice_gateway(workdir: Path) -> Iterator[str]:
    """Run it for the length of the block; one that runs there already is used as it is.

    Yields its base URL. Raises ConfigError when it does not start.
    """
    base = load_settings(workdir=workdir).gateway.base_url
    if _answers(base):
        yield base
        return
    log = workdir / "gateway.log"
    with log.open("ab") as output:
        process = subprocess.Popen(  # noqa: S603 -- our own program
            [sys.executable, "-m", "adapter.cli.main", "gateway", "simulate", "--workdir", str(workdir)],
            stdout=output,
            stderr=output,
            start_new_session=True,
            env=child_environment(),
        )
    try:
        _wait(base, process, log)
        yield base
    finally:
        process.terminate()
        try:
            process.wait(15)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _answers(base: str) -> bool:
    try:
        return httpx.get(f"{base}/_sim/ready", timeout=2).status_code == 200
    except httpx.HTTPError:
        return False


def _wait(base: str, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + _PATIENCE
    while not _answers(base):
        if process.poll() is not None or time.monotonic() > deadline:
            raise ConfigError(
                f"Cổng thực hành không khởi động được ở {base}",
                f"The practice gateway did not start at {base}",
                hint_vi=f"xem {log}",
                hint_en=f"see {log}",
            )
        time.sleep(0.05)
