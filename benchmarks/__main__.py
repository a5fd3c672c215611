"""``make bench``: run every bar, print a table, write ``benchmarks/out/latest.json``; exit 1 when a bar fails."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable
from pathlib import Path

from rich.console import Console
from rich.table import Table

from benchmarks.bar import Bar
from benchmarks.check import check_bars
from benchmarks.mapping import mapping_bars
from benchmarks.sender import sender_bars

_OUT = Path(__file__).parent / "out" / "latest.json"
_SETS: dict[str, Callable[[], list[Bar]]] = {"check": check_bars, "mapping": mapping_bars, "sender": sender_bars}


def main() -> int:
    """Run the chosen sets."""
    parser = argparse.ArgumentParser(prog="make bench ARGS=…", description=__doc__)
    parser.add_argument("--only", choices=sorted(_SETS), action="append")
    asked = parser.parse_args()
    bars = [bar for name in (asked.only or _SETS) for bar in _SETS[name]()]
    table = Table(show_edge=False, pad_edge=False)
    for heading in ("bar", "value", "wanted", "unit", ""):
        table.add_column(heading)
    for bar in bars:
        table.add_row(bar.id, f"{bar.value:.4g}", bar.wanted, bar.unit, "ok" if bar.ok else "FAILS")
    Console().print(table)
    _OUT.parent.mkdir(exist_ok=True)
    document = {"bars": [bar.to_dict() for bar in bars], "rounds": 1}
    _OUT.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
    return 0 if all(bar.ok for bar in bars) else 1


if __name__ == "__main__":
    sys.exit(main())
