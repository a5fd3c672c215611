"""The supervisor: roles are restarted when they die and stopped when it stops."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path


def _pids(path: Path) -> list[int]:
    return [int(line) for line in path.read_text().split()] if path.exists() else []


def _wait(condition: Callable[[], bool], seconds: float = 20) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited too long"
        time.sleep(0.05)


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_a_killed_role_comes_back_and_a_stop_ends_all_of_them(tmp_path: Path) -> None:
    pids = tmp_path / "pids"
    child = f"import os,time; open({str(pids)!r}, 'a').write(f'{{os.getpid()}}\\n'); time.sleep(60)"
    script = (
        "import sys\nfrom adapter.engine.supervise import Supervisor\n"
        f"Supervisor({{'a': [sys.executable, '-c', {child!r}]}}, tell=lambda line: None).run()\n"
    )
    parent = subprocess.Popen([sys.executable, "-c", script])
    try:
        _wait(lambda: len(_pids(pids)) == 1)
        os.kill(_pids(pids)[0], signal.SIGKILL)
        _wait(lambda: len(_pids(pids)) == 2)
        parent.terminate()
        assert parent.wait(20) == 0
        _wait(lambda: not _alive(_pids(pids)[1]))
    finally:
        parent.kill()
        parent.wait()


def test_a_child_ends_when_the_process_that_started_it_is_killed(tmp_path: Path) -> None:
    pids = tmp_path / "pids"
    child = (
        "import os, time; from adapter.engine.supervise import stop_with_parent; stop_with_parent(); "
        f"open({str(pids)!r}, 'a').write(f'{{os.getpid()}}\\n'); time.sleep(60)"
    )
    script = (
        "import subprocess, sys, time\nfrom adapter.engine.supervise import child_environment\n"
        f"subprocess.Popen([sys.executable, '-c', {child!r}], start_new_session=True, env=child_environment())\n"
        "time.sleep(60)\n"
    )
    parent = subprocess.Popen([sys.executable, "-c", script])
    try:
        _wait(lambda: len(_pids(pids)) == 1)
    finally:
        parent.kill()
        parent.wait()
    _wait(lambda: not _alive(_pids(pids)[0]))
