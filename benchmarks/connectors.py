"""``make bench-connectors``: what each connector must keep up with; ``benchmarks/out/connectors.json``.

A further connector adds its function to ``_SETS``.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

from benchmarks.bar import Bar, run_sets
from benchmarks.hl7_lines import hl7_bars
from benchmarks.sql_lines import sql_bars

_OUT = Path(__file__).parent / "out" / "connectors.json"
_SETS: dict[str, Callable[[], list[Bar]]] = {"hl7v2": hl7_bars, "sql": sql_bars}


if __name__ == "__main__":
    sys.exit(run_sets(_SETS, _OUT, prog="make bench-connectors", text=__doc__))
