"""``make bench``: run every bar, print a table, write ``benchmarks/out/latest.json``; exit 1 when a bar fails."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

from benchmarks.bar import Bar, run_sets
from benchmarks.check import check_bars
from benchmarks.line.whole import line_bars
from benchmarks.mapping import mapping_bars
from benchmarks.sender import sender_bars
from benchmarks.service.start import start_bars
from benchmarks.service.workers import worker_bars

_OUT = Path(__file__).parent / "out" / "latest.json"
_SETS: dict[str, Callable[[], list[Bar]]] = {
    "check": check_bars,
    "line": line_bars,
    "mapping": mapping_bars,
    "sender": sender_bars,
    "start": start_bars,
    "workers": worker_bars,
}


if __name__ == "__main__":
    sys.exit(run_sets(_SETS, _OUT, prog="make bench", text=__doc__))
