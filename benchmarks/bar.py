"""One measured figure and what it has to be."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal


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
