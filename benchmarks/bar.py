"""One measured figure and what it has to be."""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from rich.console import Console
from rich.table import Table


@dataclass(frozen=True, slots=True)
class Bar:
    """``value`` must be at least, or at most, ``bar``."""

    id: str
    value: float
    bar: float
    unit: str
    direction: Literal["at least", "at most"] = "at least"

    @property
    def ok(self) -> bool:
        """Whether the figure is good enough."""
        return self.value >= self.bar if self.direction == "at least" else self.value <= self.bar

    @property
    def wanted(self) -> str:
        """The bar in words."""
        return f"{'≥' if self.direction == 'at least' else '≤'} {self.bar:g}"

    def to_dict(self) -> dict[str, Any]:
        """The shape of the command contract."""
        return {"id": self.id, "value": self.value, "bar": self.bar, "ok": self.ok, "unit": self.unit}


def run_sets(sets: dict[str, Callable[[], list[Bar]]], out: Path, *, prog: str, text: str | None) -> int:
    """Run the chosen sets, print a table, write ``out``; 1 when a bar fails."""
    parser = argparse.ArgumentParser(prog=f"{prog} ARGS=…", description=text)
    parser.add_argument("--only", choices=sorted(sets), action="append")
    asked = parser.parse_args()
    bars = [bar for name in (asked.only or sets) for bar in sets[name]()]
    show(bars)
    out.parent.mkdir(exist_ok=True)
    document = {"bars": [bar.to_dict() for bar in bars], "rounds": 1}
    out.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
    return 0 if all(bar.ok for bar in bars) else 1


def show(bars: Sequence[Bar]) -> None:
    """A table on stdout."""
    table = Table(show_edge=False, pad_edge=False)
    for heading in ("bar", "value", "wanted", "unit", ""):
        table.add_column(heading)
    for bar in bars:
        table.add_row(bar.id, f"{bar.value:.4g}", bar.wanted, bar.unit, "ok" if bar.ok else "FAILS")
    Console().print(table)
