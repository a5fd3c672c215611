"""The product as its users run it: the command line in processes of its own."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import yaml

_TIME_LIMIT = 600


def bhyt(*arguments: str | Path, env: Mapping[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    """Run ``bhyt …`` to its end; output and exit code are the caller's to judge."""
    return subprocess.run(
        [sys.executable, "-m", "adapter.cli.main", *map(str, arguments)],
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=_TIME_LIMIT,
        env={**os.environ, **(env or {})},
        check=False,
    )


def bhyt_json(*arguments: str | Path, code: int = 0) -> Any:
    """Run a command with ``--json`` and give the document on its last line of stdout."""
    done = bhyt(*arguments, "--json")
    assert done.returncode == code, f"bhyt {arguments} ended with {done.returncode}:\n{done.stdout}\n{done.stderr}"
    return json.loads(done.stdout.strip().splitlines()[-1])


@contextmanager
def gateway_of(workdir: Path, *arguments: str) -> Iterator[str]:
    """The practice gateway of a demo workdir, on the port its configuration names."""
    base = yaml.safe_load((workdir / "config.yaml").read_text(encoding="utf-8"))["gateway"]["base_url"]
    process = subprocess.Popen(
        [sys.executable, "-m", "adapter.cli.main", "gateway", "simulate", "--workdir", str(workdir), *arguments],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        wait_for(f"{base}/_sim/ready", process)
        yield base
    finally:
        process.terminate()
        process.communicate(timeout=120)


def wait_for(url: str, process: subprocess.Popen[str], seconds: float = 120) -> None:
    """Until ``url`` answers 200, or the process or the patience has ended."""
    deadline = time.monotonic() + seconds
    while True:
        if process.poll() is not None:
            raise AssertionError(f"ended before it answered: {process.communicate()[1]}")
        try:
            with urllib.request.urlopen(url, timeout=2) as answer:
                if answer.status == 200:
                    return
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            pass
        assert time.monotonic() < deadline, f"{url} did not answer"
        time.sleep(0.1)


def free_port() -> int:
    """A loopback port that nobody uses at the moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
