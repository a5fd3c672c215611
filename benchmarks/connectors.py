"""``make bench-connectors``: what each connector must keep up with; ``benchmarks/out/connectors.json``.

A further connector adds its function to ``_SETS``.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable
from pathlib import Path

from rich.console import Console
from rich.table import Table

from benchmarks.bar import Bar
from benchmarks.hl7_lines import hl7_bars
from benchmarks.sql_lines import sql_bars

_OUT = Path(__file__).parent / "out" / "connectors.json"
_SETS: dict[str, Callable[[], list[Bar]]] = {"hl7v2": hl7_bars, "sql": sql_bars}


def main() -> int:
    """Run the chosen sets; 1 when a bar fails."""
    parser = argparse.ArgumentParser(prog="make bench-connectors ARGS=…", description=__doc__)
    parser.add_argument("--only", choices=sorted(_SETS), action="append")
    asked = parser.parse_args()
    bars = [bar for name in (asked.only or _SETS) for bar in _SETS[name]()]
    table = Table(show_edge=False, pad_edge=False)
    for heading in ("bar", "value", "wanted", "unit", ""):
        table.add_column(heading)
    for bar in bars:
        table.add_row(bar.id, f"{bar.value:g}", bar.wanted, bar.unit, "ok" if bar.ok else "FAILS")
    Console().print(table)
    _OUT.parent.mkdir(exist_ok=True)
    document = {"bars": [bar.to_dict() for bar in bars], "rounds": 1}
    _OUT.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
    return 0 if all(bar.ok for bar in bars) else 1


if __name__ == "__main__":
    sys.exit(main())
