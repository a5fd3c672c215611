"""Which segments belong together: orders, charges, insurances, and what is said of the visit itself."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from connectors.hl7v2.visit.segments import Part, Segment

ORDERS = frozenset({"ORM", "OML", "OMG", "OMP", "ORU", "RDE", "RDS", "RAS", "OMI"})
SINGLE = frozenset({"PID", "PD1", "PV1", "PV2", "ACC", "UB1", "UB2", "DRG", "PDA"})
_ORDER_HEADS = ("OBR", "RXO", "RXE")
# In a charge message these speak of the visit, wherever they stand (2.5 puts them behind the charges).
_VISIT_IN_DFT = frozenset({"DG1", "DRG", "GT1", "IN1", "IN2", "IN3", "ACC", "PV1", "PV2", "PID", "PD1"})
_BELOW = {"IN2": "IN1", "IN3": "IN1", "NTE": ""}


@dataclass(slots=True)
class Group:
    """An order or a charge: its heads by name, and what stands below them in order."""

    heads: dict[str, Segment] = field(default_factory=dict)
    below: list[Part] = field(default_factory=list)


@dataclass(slots=True)
class Grouped:
    """A message by meaning."""

    single: dict[str, Segment] = field(default_factory=dict)
    lists: dict[str, list[Part]] = field(default_factory=dict)
    orders: list[Group] = field(default_factory=list)
    charges: list[Group] = field(default_factory=list)


def grouped(kind: str, parts: list[Part]) -> Grouped:
    """``kind`` is MSH-9.1. Unknown segments hang on what stands before them."""
    found = Grouped()
    group: Group | None = None
    last: Part | None = None
    for part in parts:
        name = part.name
        if name in ("MSH", "SFT", "EVN", "MRG", "UAC", "FHS", "BHS", "BTS", "FTS"):
            continue
        if name in SINGLE and (group is None or kind not in ORDERS):
            found.single.setdefault(name, part.segment)
            last = None
        elif name == "FT1" and kind == "DFT":
            group = Group({"FT1": part.segment})
            found.charges.append(group)
            last = None
        elif kind in ORDERS and (name == "ORC" or name in _ORDER_HEADS):
            if group is None or name == "ORC" or name in group.heads:
                group = Group()
                found.orders.append(group)
            group.heads[name] = part.segment
            last = None
        elif group is not None and not (kind == "DFT" and name in _VISIT_IN_DFT):
            last = _hang(group.below, part, last)
        elif kind in ORDERS and name in ("RXD", "RXA", "OBX"):
            group = Group(below=[part])
            found.orders.append(group)
            last = part
        else:
            last = _hang(found.lists.setdefault(name, []), part, last, found)
    return found


def _hang(into: list[Part], part: Part, last: Part | None, visit: Grouped | None = None) -> Part | None:
    """Put a segment into a list, or below the one it speaks of. Returns what the next one may hang on."""
    parent = _BELOW.get(part.name)
    hangs = last is not None and (
        parent == last.name
        or (parent == "" and part.name != last.name)
        or (visit is not None and last.name == "IN1" and part.name.startswith("Z"))
    )
    if last is not None and hangs:
        last.below.append(part)
    else:
        into.append(part)
        return part
    if visit is not None and not visit.lists.get(part.name, [None]):
        del visit.lists[part.name]
    return last


def flat(part: Part) -> Iterator[Part]:
    """A segment and those below it."""
    yield part
    for below in part.below:
        yield from flat(below)
