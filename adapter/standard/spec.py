"""The standard in force on a day: layers of decisions applied to one another.

``effective_on(day)`` is what most callers need: every date of a visit taken as that day.
Where admission, order or sending fall on other days they are passed too, and each layer
looks at the one its ``selected_by`` names.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from datetime import date
from functools import lru_cache
from pathlib import Path

from adapter.errors import ConfigError
from adapter.standard.build import build
from adapter.standard.layers import SELECTORS, Layer, Selector, read_layers
from adapter.standard.model import CodeSet, FieldSpec, Standard, Table

__all__ = [
    "CodeSet",
    "FieldSpec",
    "Standard",
    "Table",
    "effective_on",
    "layers",
    "layouts",
    "renamed_fields",
    "use_layers",
    "written_as",
]

_NOTHING: Mapping[str, str] = {}
_SHIPPED = Path(__file__).resolve().parent / "decisions"


class _Decisions:
    """The layers read once, and the days at which their answer can change."""

    def __init__(self, extra: tuple[Path, ...]) -> None:
        self.layers = read_layers((_SHIPPED, *extra))
        self.steps = {
            selector: sorted({d for layer in self.layers if layer.head.selected_by == selector for d in layer.days()})
            for selector in SELECTORS
        }
        self.layouts = tuple(layer.head.layout for layer in self.layers if layer.head.layout is not None)
        self.first = next(layer.head.effective for layer in self.layers if layer.head.layout is not None)
        self._built: dict[tuple[str | None, tuple[int, ...]], Standard] = {}
        if extra:
            self._try_every_step()

    def _try_every_step(self) -> None:
        """Foreign data is applied once for every day it could matter, so that it fails now or never."""
        for day in sorted({day for days in self.steps.values() for day in days if day >= self.first}):
            for pin in (None, *self.layouts):
                self.standard(dict.fromkeys(SELECTORS, day), pin)

    def standard(self, days: dict[Selector, date], pin: str | None) -> Standard:
        era = (pin, tuple(bisect_right(self.steps[s], days[s]) for s in SELECTORS))
        found = self._built.get(era)
        if found is None:
            found = self._built[era] = build(self.layers, days, pin)
        return found


_decisions: _Decisions | None = None


def _current() -> _Decisions:
    global _decisions  # noqa: PLW0603 -- the decrees are one per process, read at first use
    if _decisions is None:
        _decisions = _Decisions(())
    return _decisions


def use_layers(extra: Sequence[Path]) -> None:
    """Read further decisions from these folders for the whole process (setting ``standard.extra_layers``).

    Called once when settings are loaded, in worker processes too. Raises ConfigError on bad data,
    and then nothing has changed.
    """
    global _decisions  # noqa: PLW0603 -- as above
    _decisions = _Decisions(tuple(extra))
    _effective_on.cache_clear()
    _written_as.cache_clear()
    _renamed_fields.cache_clear()


def effective_on(
    on: date,
    pin: str | None = None,
    *,
    admitted: date | None = None,
    ordered: date | None = None,
    sent: date | None = None,
) -> Standard:
    """The standard for a visit that ended on ``on`` (for a check-in: the day it is written).

    ``pin`` ("130", "4750", "3176", …) forces a layout whatever the day; code sets and
    parameters still follow the days. ``admitted``, ``ordered`` and ``sent`` default to ``on``.
    A day before the first decision is read by the first one. Raises ConfigError for an
    unknown pin.
    """
    return _effective_on(on, pin, admitted or on, ordered or on, sent or on)


@lru_cache(maxsize=4096)
def _effective_on(on: date, pin: str | None, admitted: date, ordered: date, sent: date) -> Standard:
    decisions = _current()
    if pin is not None and pin not in decisions.layouts:
        known = ", ".join(decisions.layouts)
        raise ConfigError(
            f"Không có bố cục '{pin}'",
            f"There is no layout '{pin}'",
            hint_vi=f"các bố cục: {known}",
            hint_en=f"layouts: {known}",
        )
    days: dict[Selector, date] = {
        "end_of_visit": max(on, decisions.first),
        "admission": admitted,
        "order": ordered,
        "sending": sent,
    }
    return decisions.standard(days, pin)


def written_as(layout: str) -> Standard:
    """The tables a layout's name stands for: names and order of elements never differ within one.

    Raises ConfigError for an unknown layout.
    """
    return _written_as(layout)


@lru_cache(maxsize=16)
def _written_as(layout: str) -> Standard:
    return effective_on(date.max, layout)


def renamed_fields(table: str) -> Mapping[str, str]:
    """Old field name → the name a later decision gave it."""
    return _renamed_fields().get(table, _NOTHING)


@lru_cache(maxsize=1)
def _renamed_fields() -> Mapping[str, Mapping[str, str]]:
    found: dict[str, dict[str, str]] = {}
    for layer in layers():
        for row in layer.fields:
            if row["op"] == "rename":
                found.setdefault(row["table"], {})[row["was"]] = row["field"]
    return found


def layouts() -> tuple[str, ...]:
    """The layouts' names, oldest first."""
    return _current().layouts


def layers() -> tuple[Layer, ...]:
    """Every decision known, in the order they apply."""
    return _current().layers
