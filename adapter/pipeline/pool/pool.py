"""The pool: a handful of processes, each fed by a thread of its own; started when there is much to do, let go when not.

A process is told what a facility's work needs (its kit) once, through its pipe, and only the process that is to use
it. One that dies takes its piece of work with it: whoever asked is told (:class:`Died`) and decides; the next piece
gets a new process.
"""

from __future__ import annotations

import atexit
import itertools
import pickle
import queue
import sys
import threading
import time
from collections.abc import Callable, Hashable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from multiprocessing.connection import Connection, Pipe
from subprocess import DEVNULL, Popen, TimeoutExpired
from typing import Any

from adapter.pipeline.pool.process import Whole

_IDLE = 45.0
"""Seconds without work after which a process is let go: an idle service holds no memory for it."""
_GRACE = 10.0
_KITS = 24
"""Kits one process holds (a mapping, a set of rules or a key of one facility); for a further one it starts afresh."""
_START_AFTER = 12 << 20
"""Bytes of bodies that must have come before it is worth starting (about 150 dossiers of 60 lines)."""
_FORGET_AFTER = 60.0
_WORTH = 256 << 10
"""Bytes of bodies below which one batch is done sooner here than sent around, also while processes run."""
_BEGIN = (
    "import sys; sys.path[:] = sys.argv[3:]; from adapter.pipeline.pool.process import serve; serve(int(sys.argv[2]))"
)
"""What a process runs: nothing of what this one has loaded, and no process that counts what others share."""


class Died(Exception):
    """The process at work on this is gone."""


@dataclass(frozen=True, slots=True)
class Kit:
    """What a kind of work at one facility needs, as it travels. ``token`` tells a newer one."""

    name: tuple[str, str]
    token: int
    blob: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class _Task:
    kit: Kit
    jobs: Sequence[Any]
    future: Future[list[Any]]


class Pool:
    """Up to ``processes`` processes. Safe to share between threads; close it before the process ends."""

    def __init__(
        self,
        processes: int,
        *,
        start_after: int = _START_AFTER,
        worth: int = _WORTH,
        idle: float = _IDLE,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        """``start_after``, ``worth``: bytes of work, see above; ``idle``: seconds."""
        self.processes = processes
        self._start_after, self._least, self._idle, self._now = start_after, worth, idle, now
        self._lock = threading.Lock()
        self._tasks: queue.Queue[_Task | None] = queue.Queue()
        self._feeders: set[threading.Thread] = set()
        self._kits: dict[tuple[str, str], tuple[Hashable, Any, Kit]] = {}
        self._tokens = itertools.count(1)
        self._seen, self._seen_at = 0, 0.0
        self._closed = False
        atexit.register(self.close)

    @property
    def running(self) -> int:
        """How many processes there are, or are being started."""
        return len(self._feeders)

    def worth(self, size: int) -> bool:
        """Whether a batch of so many bytes shall come here: there is a backlog, or processes run and it is not tiny."""
        if self._closed or self.processes < 2:
            return False
        with self._lock:
            if self._feeders:
                return size >= self._least
            now = self._now()
            if now - self._seen_at > _FORGET_AFTER:
                self._seen = 0
            self._seen += size
            self._seen_at = now
            return self._seen >= self._start_after

    def kit(self, name: tuple[str, str], version: Hashable, make: Callable[[], Any]) -> Kit:
        """The kit of this version, packed once; whatever ``version`` holds is kept alive with it."""
        with self._lock:
            known = self._kits.get(name)
            if known is not None and known[0] == version:
                return known[2]
            made = make()
            kit = Kit(name, next(self._tokens), pickle.dumps(made, protocol=5))
            self._kits[name] = (version, made, kit)
            return kit

    def submit(self, kit: Kit, jobs: Sequence[Any]) -> Future[list[Any]]:
        """Have jobs done. The future raises :class:`Died`, or the error of the work as a whole."""
        task = _Task(kit, jobs, Future())
        with self._lock:
            if self._closed:
                task.future.set_exception(Died())
                return task.future
            self._tasks.put(task)
            while len(self._feeders) < self.processes:
                feeder = threading.Thread(target=self._feed, name="bhyt-pool", daemon=True)
                self._feeders.add(feeder)
                feeder.start()
        return task.future

    def close(self) -> None:
        """End the processes once what they are at is done; what still waits is given back as :class:`Died`."""
        with self._lock:
            if self._closed:
                return
            self._closed = True
            feeders = list(self._feeders)
            while True:
                try:
                    waiting = self._tasks.get_nowait()
                except queue.Empty:
                    break
                if waiting is not None:
                    waiting.future.set_exception(Died())
            for _ in feeders:
                self._tasks.put(None)
        for feeder in feeders:
            feeder.join(_GRACE)
        atexit.unregister(self.close)

    # ---- one thread for each process ------------------------------------------------------------

    def _feed(self) -> None:
        worker = _Worker()
        try:
            while (task := self._next()) is not None:
                self._do(worker, task)
        finally:
            worker.end()

    def _next(self) -> _Task | None:
        """The next task; None when this process is to go."""
        me = threading.current_thread()
        try:
            task = self._tasks.get(timeout=self._idle)
        except queue.Empty:
            with self._lock:
                try:
                    return self._tasks.get_nowait()  # it came at the very last moment
                except queue.Empty:
                    self._feeders.discard(me)
                    return None
        if task is None:
            with self._lock:
                self._feeders.discard(me)
        return task

    def _do(self, worker: _Worker, task: _Task) -> None:
        try:
            came = worker.work(task.kit, task.jobs)
        except (EOFError, OSError):
            worker.end()
            task.future.set_exception(Died())
        except Exception as error:  # noqa: BLE001 -- whoever asked is told; the thread goes on
            worker.end()
            task.future.set_exception(error)
        else:
            if isinstance(came, Whole):
                task.future.set_exception(came.error)
            else:
                task.future.set_result(came)


class _Worker:
    """One process, started when the first work comes."""

    def __init__(self) -> None:
        self._process: Popen[bytes] | None = None
        self._pipe: Connection | None = None
        self._knows: dict[tuple[str, str], int] = {}

    def work(self, kit: Kit, jobs: Sequence[Any]) -> list[Any] | Whole:
        """Raises EOFError or OSError when the process is gone."""
        if len(self._knows) >= _KITS and kit.name not in self._knows:
            self.end()  # a province's hospitals would not all fit into its memory
        pipe = self._pipe or self._start()
        news = self._knows.get(kit.name) != kit.token
        pipe.send_bytes(pickle.dumps((kit.name, kit.blob if news else None, jobs), protocol=5))
        came: list[Any] | Whole = pickle.loads(pipe.recv_bytes())  # noqa: S301 -- our own child's words
        # A kit that could not be opened is not known: it is handed over again, perhaps corrected.
        if isinstance(came, Whole):
            self._knows.pop(kit.name, None)
        else:
            self._knows[kit.name] = kit.token
        return came

    def end(self) -> None:
        """Close the pipe; the process ends by that. One that does not is killed: nothing of it is lost."""
        if self._pipe is not None:
            self._pipe.close()
        if self._process is not None:
            try:
                self._process.wait(_GRACE / 2)
            except TimeoutExpired:
                self._process.kill()
                self._process.wait()
        self._process = self._pipe = None
        self._knows = {}

    def _start(self) -> Connection:
        ours, theirs = Pipe()
        place = theirs.fileno()
        try:
            command = [sys.executable, "-c", _BEGIN, "bhyt-pool", str(place), *sys.path]
            process = Popen(command, stdin=DEVNULL, pass_fds=(place,))  # noqa: S603 -- this program itself
        except BaseException:
            # Nothing is kept of a process that never was: ending it would fail, and the asker would wait for ever.
            ours.close()
            raise
        finally:
            theirs.close()
        self._pipe, self._process = ours, process
        return ours
