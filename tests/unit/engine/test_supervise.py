"""The supervisor: roles are restarted when they die and stopped when it stops."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from adapter.engine import copies
from adapter.engine.embedded import _Pulse
from adapter.engine.heartbeat import Signs
from adapter.engine.supervise import Supervisor, _Role


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


@pytest.mark.parametrize("way", ["Supervisor(roles, tell=lambda line: None).run()", "supervise(roles, 60.0)"])
def test_a_killed_role_comes_back_and_a_stop_ends_all_of_them(tmp_path: Path, way: str) -> None:
    pids = tmp_path / "pids"
    child = f"import os,time; open({str(pids)!r}, 'a').write(f'{{os.getpid()}}\\n'); time.sleep(60)"
    script = (
        "import sys\nfrom adapter.engine.supervise import Supervisor, supervise\n"
        f"roles = {{'a': [sys.executable, '-c', {child!r}]}}\n{way}\n"
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


_BEATS = """
import os, sys, time
from adapter.engine.heartbeat import Heart
open(sys.argv[1], 'a').write(f'{os.getpid()}\\n')
heart = Heart()
while True:
    heart.beat()
    time.sleep(0.1)
"""


def test_a_frozen_role_is_started_anew_and_the_others_go_on(tmp_path: Path) -> None:
    places = {name: tmp_path / name for name in ("frozen", "well")}
    roles = {name: [sys.executable, "-c", _BEATS, str(place)] for name, place in places.items()}
    told = tmp_path / "told"
    script = (
        "from adapter.engine.supervise import Supervisor\n"
        f"def tell(line): open({str(told)!r}, 'a').write(line + '\\n')\n"
        f"Supervisor({roles!r}, tell=tell, frozen_after=3.0).run()\n"
    )
    parent = subprocess.Popen([sys.executable, "-c", script])
    try:
        _wait(lambda: all(len(_pids(place)) == 1 for place in places.values()))
        time.sleep(1.0)  # it has given a first sign
        (stuck,) = _pids(places["frozen"])
        os.kill(stuck, signal.SIGSTOP)
        _wait(lambda: len(_pids(places["frozen"])) == 2, 40)
        assert not _alive(stuck)
        time.sleep(1.0)
        assert len(_pids(places["well"])) == 1, "the others are left alone"
        parent.terminate()
        assert parent.wait(20) == 0
    finally:
        parent.kill()
        parent.wait()
    lines = told.read_text().splitlines()
    assert sum("no sign of life for 3 s" in line for line in lines) == 1


_COPIED = """
import os, sys, time
from adapter.engine.heartbeat import VARIABLE, Heart
from adapter.engine.supervise import parent_is_gone, supervise

def role(name, how):
    with open(sys.argv[1] + name, "a") as out:
        out.write(f"{os.getpid()} {how} {'+'.join(loaded)} {os.environ[VARIABLE]}\\n")
    heart = Heart()
    while not parent_is_gone():
        heart.beat()
        time.sleep(0.1)
    sys.exit()

loaded = []
if len(sys.argv) > 2:
    role(sys.argv[2], "program")
roles = {name: [sys.executable, "-c", sys.orig_argv[2], sys.argv[1], name] for name in "ab"}
copy = supervise(roles, 2.0, {name: (lambda name=name: loaded.append(name)) for name in roles})
if copy is not None:
    role(copy, "copy")
"""


def _told(path: Path) -> list[list[str]]:
    return [line.split(" ") for line in path.read_text().splitlines()] if path.exists() else []


def test_a_copied_role_shares_what_was_loaded_and_its_successor_is_a_program_of_its_own(tmp_path: Path) -> None:
    parent = subprocess.Popen([sys.executable, "-c", _COPIED, f"{tmp_path}/"])
    a, b = tmp_path / "a", tmp_path / "b"
    try:
        _wait(lambda: len(_told(a)) == len(_told(b)) == 1)
        (stuck, how, loaded, signs), (other, _, loaded_later, _) = _told(a)[0], _told(b)[0]
        assert (how, loaded, loaded_later) == ("copy", "a", "a+b")
        assert os.getsid(int(stuck)) == int(stuck), "Ctrl-C reaches the supervisor only"
        time.sleep(1.0)  # it has given a first sign
        os.kill(int(stuck), signal.SIGSTOP)
        _wait(lambda: len(_told(a)) == 2, 40)
        assert not _alive(int(stuck))
        assert _told(a)[1][1:3] == ["program", ""], "nothing of what the first had loaded"
        assert len(_told(b)) == 1, "the others are left alone"
        parent.terminate()
        assert parent.wait(20) == 0
        assert not _alive(int(other))
        assert not Path(signs).parent.exists(), "the signs of life are tidied away"
    finally:
        parent.kill()
        parent.wait()


def test_copied_roles_end_when_the_process_that_began_them_is_killed(tmp_path: Path) -> None:
    parent = subprocess.Popen(
        [sys.executable, "-c", _COPIED, f"{tmp_path}/"],
        env={**os.environ, "TMPDIR": str(tmp_path)},  # nobody tidies up after it
    )
    places = [tmp_path / "a", tmp_path / "b"]
    try:
        _wait(lambda: all(len(_told(place)) == 1 for place in places))
    finally:
        parent.kill()
        parent.wait()
    _wait(lambda: not any(_alive(int(_told(place)[0][0])) for place in places))


def test_no_role_is_copied_while_another_thread_runs() -> None:
    end = threading.Event()
    thread = threading.Thread(target=end.wait)
    thread.start()
    try:
        assert not copies.possible()
    finally:
        end.set()
        thread.join()


def test_systemd_is_fed_only_while_every_role_gives_signs(tmp_path: Path) -> None:
    supervisor = Supervisor({}, lambda _line: None, frozen_after=60, start_within=600)
    role = _Role("web", [], Signs(tmp_path / "sign"), heard=100.0)
    assert supervisor._well(role, 650.0), "a long first start (a migration) is no trouble"
    assert not supervisor._well(role, 701.0), "one that never comes is"
    (tmp_path / "sign").touch()
    role.heard = role.signs.look(700.0) or 0
    assert supervisor._well(role, 760.0)
    role.signs.look(761.0)
    assert not supervisor._well(role, 761.0), "the same sign again is none"
    rows = [role]
    assert supervisor._awake(rows, 0.0) > 5
    assert supervisor._well(role, role.heard), "after the machine slept every role gets its time anew"


def test_a_scheduler_that_starts_nothing_gives_no_sign(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [1000.0]
    monkeypatch.setattr("adapter.engine.embedded.time.monotonic", lambda: now[0])
    pulse = _Pulse()
    now[0] += 29
    assert pulse.fresh()
    now[0] += 2  # APScheduler waits for a time of day that a clock set back has moved hours away
    assert not pulse.fresh()
    pulse()
    assert pulse.fresh()


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
