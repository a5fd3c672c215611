"""One parent, one process per role: a role that dies is started again, the others go on.

Roles run in processes of their own because a console, a listener and signing must not share
one interpreter. The first of each may be a copy of the process that starts them (`adapter.engine.copies`);
one that takes a dead one's place is a program of its own, which reads program and configuration anew.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType

from adapter.engine import copies
from adapter.engine.heartbeat import VARIABLE, Signs
from adapter.engine.watchdog import notify

_FIRST_DELAY = 0.5
_LONGEST_DELAY = 30.0
_STABLE_AFTER = 60.0
_GRACE = 15.0
_PARENT = "BHYT_SUPERVISOR_PID"


@dataclass
class _Role:
    name: str
    command: Sequence[str]
    signs: Signs
    heard: float
    process: subprocess.Popen[bytes] | copies.Copy | None = None
    started: float = 0.0
    delay: float = _FIRST_DELAY
    due: float = 0.0
    killed: bool = False


@dataclass
class Supervisor:
    """Keeps a set of commands running until it is told to stop.

    ``roles`` maps a role's name to its command line. ``tell`` receives one line per event. A role that
    gives no sign of life (`adapter.engine.heartbeat`) for ``frozen_after`` seconds, or no first one for
    ``start_within``, is killed and started again; systemd is fed only while every role gives signs.
    ``copied``: the process ids of roles that this process has begun already, as copies of itself.
    """

    roles: Mapping[str, Sequence[str]]
    tell: Callable[[str], None]
    frozen_after: float = 60.0
    start_within: float = 3600.0  # a migration of a large store is part of a start
    copied: Mapping[str, int] = field(default_factory=dict)
    folder: Path | None = None  # for the signs of life; made when there is none yet
    _stopping: bool = field(default=False, init=False)

    def run(self) -> None:
        """Run until SIGTERM or SIGINT, then stop every role gracefully."""
        previous = {number: signal.signal(number, self._on_signal) for number in (signal.SIGINT, signal.SIGTERM)}
        now, folder = time.monotonic(), self.folder or _signs_folder()
        rows = [_Role(name, command, Signs(folder / name), now) for name, command in self.roles.items()]
        try:
            for row in rows:
                if row.name in self.copied:
                    self._started(row, copies.Copy(self.copied[row.name]), now)
            ready = False
            while not self._stopping:
                now = self._awake(rows, now)
                for row in rows:
                    self._keep(row)
                ready = ready or notify("READY=1")
                if all(self._well(row, now) for row in rows):
                    notify("WATCHDOG=1")
                time.sleep(0.2)
        finally:
            notify("STOPPING=1")
            for number, handler in previous.items():
                signal.signal(number, handler)
            self._stop(rows)
            shutil.rmtree(folder, ignore_errors=True)

    def _awake(self, rows: Sequence[_Role], before: float) -> float:
        """The time now. When we ourselves were frozen or asleep for a while, every role gets its time anew."""
        now = time.monotonic()
        if now - before > 5.0:
            for row in rows:
                row.heard = now
        return now

    def _well(self, row: _Role, now: float) -> bool:
        """Whether the role gave a sign not long ago, or is only just being started."""
        patience = self.frozen_after if row.signs.last is not None else self.start_within
        return now - row.heard <= patience

    def _on_signal(self, _number: int, _frame: FrameType | None) -> None:
        self._stopping = True

    def _keep(self, row: _Role) -> None:
        now = time.monotonic()
        if row.process is None:
            if now < row.due:
                return
            row.signs.forget()
            # A session of its own: Ctrl-C reaches the parent only, which then asks politely.
            process = subprocess.Popen(  # noqa: S603 -- our own program's command line
                list(row.command),
                start_new_session=True,
                env={**child_environment(), VARIABLE: str(row.signs.path)},
            )
            self._started(row, process, now)
            return
        code = row.process.poll()
        if code is None:
            self._look(row, now)
            return
        lived = now - row.started
        row.delay = _FIRST_DELAY if lived > _STABLE_AFTER else min(row.delay * 2, _LONGEST_DELAY)
        row.due = now + row.delay
        row.process = None
        self.tell(f"{row.name}: ended with {code}, starts again in {row.delay:.1f} s")

    def _started(self, row: _Role, process: subprocess.Popen[bytes] | copies.Copy, now: float) -> None:
        row.process, row.started, row.killed = process, now, False
        self.tell(f"{row.name}: started (pid {process.pid})")

    def _look(self, row: _Role, now: float) -> None:
        """End a role that is there but does not move: killed, for a stuck process hears nothing milder."""
        before = row.signs.last
        last = row.signs.look(now)
        if last is not None and last != before:
            row.heard = last
        patience = self.frozen_after if last is not None else self.start_within
        if now - max(row.heard, row.started) > patience and row.process is not None and not row.killed:
            self.tell(f"{row.name}: no sign of life for {patience:.0f} s (pid {row.process.pid}), killed")
            row.process.kill()
            row.killed = True

    def _stop(self, rows: Sequence[_Role]) -> None:
        running = [row.process for row in rows if row.process is not None and row.process.poll() is None]
        for process in running:
            process.terminate()
        deadline = time.monotonic() + _GRACE
        for process in running:
            try:
                process.wait(max(0.1, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                # A crash at any point resumes, so a role that will not stop may be killed.
                process.kill()
                process.wait()


def supervise(
    roles: Mapping[str, Sequence[str]],
    frozen_after: float,
    loads: Mapping[str, Callable[[], None]] | None = None,
) -> str | None:
    """Keep ``roles`` running until SIGTERM or SIGINT, in a process that holds nothing else.

    ``loads``: role → what loads the modules it shares with those after it; such a role begins as a copy of this
    process where that is possible. Returns the role's name in a copy, which goes on as that role, and None once the
    roles have been stopped.

    The process becomes this module's own program: what a command line and its checks had loaded is tens of
    megabytes that would stay for as long as the service runs. Windows cannot do that; there it goes on as it is.
    """
    folder, copied = _signs_folder(), dict[str, int]()
    for name in roles:
        if loads is None or not copies.possible():
            break
        loads[name]()
        parent = str(os.getpid())
        pid = copies.copy()
        if pid is None:
            os.environ.update({_PARENT: parent, VARIABLE: str(folder / name)})
            return name
        copied[name] = pid
    if os.name == "posix":
        asked = json.dumps(
            {
                "roles": {name: list(command) for name, command in roles.items()},
                "frozen_after": frozen_after,
                "copied": copied,
                "folder": str(folder),
            }
        )
        if sys.stderr is not None:
            sys.stderr.flush()
        os.execv(sys.executable, [sys.executable, "-m", __name__, asked])  # noqa: S606 -- our own program
    Supervisor(roles, _say, frozen_after, folder=folder).run()
    return None


def _signs_folder() -> Path:
    return Path(tempfile.mkdtemp(prefix="bhyt-signs-"))


def _say(line: str) -> None:
    sys.stderr.write(line + "\n")
    sys.stderr.flush()


def role_command(*arguments: str) -> list[str]:
    """This very program with other arguments, whatever way it was started."""
    return [sys.executable, "-m", "adapter.cli.main", *arguments]


def child_environment() -> dict[str, str]:
    """The environment of a process that must not outlive this one."""
    return {**os.environ, _PARENT: str(os.getpid())}


def stop_with_parent() -> None:
    """Send this process SIGTERM once the process that started it by :func:`child_environment` is gone."""

    def watch() -> None:
        while not parent_is_gone():
            time.sleep(1.0)
        os.kill(os.getpid(), signal.SIGTERM)

    if _PARENT in os.environ:
        threading.Thread(target=watch, name="bhyt-parent", daemon=True).start()


def parent_is_gone() -> bool:
    """True when a supervisor started this process and no longer exists: a role must not outlive it."""
    parent = os.environ.get(_PARENT)
    return parent is not None and os.getppid() != int(parent)


if __name__ == "__main__":
    copies.call_this("bhyt")
    _asked = json.loads(sys.argv[1])
    Supervisor(**{**_asked, "folder": Path(_asked["folder"])}, tell=_say).run()
