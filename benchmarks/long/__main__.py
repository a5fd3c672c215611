"""``make bench-long``: what a large store costs. ``benchmarks/out/long.json`` keeps the figures of every part.

Parts can be run one by one (``--only growth --store sqlite``); what other runs found stays in the file. ``--rows``
makes a part smaller: for trying, not for the bars.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable
from pathlib import Path

from benchmarks.bar import Bar, show
from benchmarks.long.growth import growth_bars
from benchmarks.long.lists import list_bars
from benchmarks.long.memory import long_bars, memory_bars

_OUT = Path(__file__).parents[1] / "out" / "long.json"
_PARTS: dict[str, tuple[Callable[[str, int], list[Bar]], int]] = {
    "long-dossier": (long_bars, 0),
    "lists": (list_bars, 1_000_000),
    "growth": (growth_bars, 100_000),
    "memory": (memory_bars, 100_000),
}
"""Part → what measures it, and how many dossiers it takes."""


def main() -> int:
    """Run, print, keep; 1 when a bar of this run fails."""
    parser = argparse.ArgumentParser(prog="make bench-long ARGS=…", description=__doc__)
    parser.add_argument("--only", choices=list(_PARTS), action="append")
    parser.add_argument("--rows", type=int, help="dossiers, instead of what the part takes")
    parser.add_argument("--store", choices=["sqlite", "postgres"], action="append")
    asked = parser.parse_args()
    bars: list[Bar] = []
    for part in asked.only or _PARTS:
        measure, rows = _PARTS[part]
        for kind in asked.store or ("sqlite", "postgres"):
            began = time.monotonic()
            found = measure(kind, asked.rows or rows)
            _keep(found)
            bars += found
            sys.stderr.write(f"{part}, {kind}: {time.monotonic() - began:.0f} s\n")
    show(bars)
    return 0 if all(bar.ok for bar in bars) else 1


def _keep(found: list[Bar]) -> None:
    """Put figures beside those of other parts and runs."""
    kept = json.loads(_OUT.read_text(encoding="utf-8"))["bars"] if _OUT.exists() else []
    by_id = {one["id"]: one for one in kept} | {bar.id: bar.to_dict() for bar in found}
    _OUT.parent.mkdir(exist_ok=True)
    _OUT.write_text(json.dumps({"bars": list(by_id.values()), "rounds": 1}, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
