"""What the whole line holds while 100,000 dossiers pass, and while dossiers of 3,000 lines do.

The line runs in processes of its own (:mod:`benchmarks.long.line`: the engine's, and its pool's), slice by slice, from
the source's rows to signed documents in the store. Twice a second their proportional set sizes are added up;
what a slice is said to hold is the most that was seen while it passed.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from statistics import median

from benchmarks.bar import Bar
from benchmarks.encounters import LONG_LINES, NOW
from benchmarks.line.work import SOURCE, configure
from benchmarks.long.slices import sow_slice
from benchmarks.service.processes import family, memory_mb
from tests.support.postgres import new_database, running_server

_SLICE = 1_000
_EARLY = 10_000
_WINDOW = 3  # slices whose median stands for a size
_EVERY = 0.5
_LONG, _SHORT = 3, 200


class _Line:
    """The process, and the most it held while the slice at hand passed."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process
        self._most = 0.0
        self._of: list[float] = []
        self._ended = threading.Event()
        self._watch = threading.Thread(target=self._look, daemon=True)
        self._watch.start()

    def pass_slice(self, dossiers: int) -> float:
        """The MB held at most while a slice passes that lies ready."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._most = 0.0
        began = time.monotonic()
        self._process.stdin.write("next\n")
        self._process.stdin.flush()
        told = self._process.stdout.readline()
        assert told.strip() == str(dossiers), f"{told.strip() or 'nothing'} signed of {dossiers}"
        each = " + ".join(f"{one:.0f}" for one in self._of)
        took = time.monotonic() - began
        sys.stderr.write(f"  {dossiers:,} dossiers in {took:.1f} s, at most {self._most:.0f} MB ({each})\n")
        return self._most

    def end(self) -> None:
        self._ended.set()
        self._watch.join()

    def _look(self) -> None:
        while not self._ended.wait(_EVERY):
            try:
                held = [memory_mb([pid]) for pid in family(self._process.pid)]
            except (FileNotFoundError, ProcessLookupError):
                continue  # a process of the pool has just ended
            if sum(held) > self._most:
                self._most, self._of = sum(held), held


def memory_bars(kind: str, rows: int) -> list[Bar]:
    """Memory at ``rows`` dossiers against that at a tenth of them; ``kind``: sqlite or postgres."""
    early = min(_EARLY, rows // 10)
    size = min(_SLICE, early)
    held: list[float] = []
    with _line(kind, encounters=1) as (folder, line), ThreadPoolExecutor(1) as beside:
        aside = folder / "next.db"

        def sown(number: int) -> Future[None]:
            return beside.submit(sow_slice, aside, number, encounters=size, first=number * size + 1)

        ready = sown(0)
        for number in range(1, rows // size + 1):
            ready.result()
            aside.replace(folder / SOURCE)
            ready = sown(number)  # one more than is wanted: it is thrown away with the folder
            held.append(line.pass_slice(size))
    sooner = median(held[: early // size][-_WINDOW:])
    later = median(held[-_WINDOW:])
    return [
        Bar(f"long.memory_growth.{kind}", later / sooner, 1.1, f"× at {rows:,} dossiers, of {early:,}", "at most"),
        Bar(f"long.memory.{kind}", max(held), 400, f"MB (PSS) the most of {rows:,} dossiers, {kind}", "at most"),
    ]


def long_bars(kind: str, _rows: int) -> list[Bar]:
    """What stays of 3,000 lines add to what stays of 60 need."""
    with _line(kind, encounters=1) as (folder, line):
        sow_slice(folder / SOURCE, 0, encounters=_SHORT, first=1)
        line.pass_slice(_SHORT)
        sow_slice(folder / SOURCE, 1, encounters=_SHORT, first=_SHORT + 1)
        short = line.pass_slice(_SHORT)
        sow_slice(folder / SOURCE, 2, encounters=_LONG, first=2 * _SHORT + 1, lines=LONG_LINES)
        added = line.pass_slice(_LONG) - short
    return [Bar(f"long.dossier_adds.{kind}", added, 100, f"MB, {_LONG} dossiers of {LONG_LINES:,} lines", "at most")]


@contextmanager
def _line(kind: str, *, encounters: int) -> Iterator[tuple[Path, _Line]]:
    with tempfile.TemporaryDirectory(prefix="bhyt-long-") as name, _store(kind) as url:
        folder = Path(name)
        configure(folder, encounters=encounters)
        with (folder / "config.yaml").open("a", encoding="utf-8") as file:
            file.write(f"store: {{url: '{url}'}}\n")
        command = [sys.executable, "-m", "benchmarks.long.line", str(folder), NOW.isoformat()]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
            line = _Line(process)
            try:
                yield folder, line
            finally:
                line.end()
                process.terminate()


@contextmanager
def _store(kind: str) -> Iterator[str]:
    if kind == "sqlite":
        yield "sqlite:///state.db"
    else:
        with running_server(durable=True) as server:
            yield new_database(server)
