"""The collector: messages kept for a visit become one :class:`SourceEncounter`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from adapter.errors import SourceValueError
from adapter.source import Message, SourceEncounter
from connectors.base import KeptMessage
from connectors.hl7v2.charset import WrongCharset, to_text
from connectors.hl7v2.reading import Reader
from connectors.hl7v2.spec import Spec
from connectors.hl7v2.visit.fold import Visit
from connectors.hl7v2.visit.groups import Group, flat
from connectors.hl7v2.visit.segments import Columns, Part, columns, plain_unescape, repetitions
from connectors.hl7v2.visit.segments import Message as Parsed

# Fields whose repetitions are a collection of their own even when only one is sent.
_REPEATING = {"PID": (3, 4, 5, 9, 10, 11, 13, 14, 26), "PV1": (7, 8, 9, 17, 52), "PV2": (), "PD1": (3, 4)}


class VisitCollector:
    """Pure: the same messages give the same encounter."""

    def __init__(self, spec: Spec) -> None:
        self._spec = spec

    def takes_in(self, visit: str, messages: Sequence[KeptMessage]) -> Sequence[str]:
        """Visits merged into this one by ADT^A42."""
        found: list[str] = []
        for kept in messages:
            message = self._parsed(kept)
            own = next((v for s in self._spec.visit if (v := message.first(s))), "")
            if message.first("MSH-9.2") == "A42" and own == visit:
                found += [v for s in self._spec.merged_visit if (v := message.first(s)) and v != visit]
        return found

    def collect(self, visit: str, messages: Sequence[KeptMessage]) -> SourceEncounter:
        """The encounter as it stands after these messages. Raises SourceValueError."""
        state = Visit(visit, self._spec)
        for kept in messages:
            state.add(self._parsed(kept))
        state.finish()
        row, collections = _rows(state)
        return SourceEncounter(visit, state.stamp, row, collections)

    def read_anew(self, raw: bytes, charset: str) -> Message:
        """As :meth:`connectors.base.Collector.read_anew`."""
        read = Reader(self._spec, charset=charset, default_charset=charset).read(raw)
        if read.message is None:
            raise SourceValueError("Bản tin không đọc được", "The message cannot be read")
        return read.message

    def _parsed(self, kept: KeptMessage) -> Parsed:
        try:
            return Parsed(to_text(kept.raw, kept.charset))
        except WrongCharset as error:
            raise SourceValueError(
                f"Bản tin {kept.id} không đọc được theo bảng mã {error.name}",
                f"Message {kept.id} cannot be read as {error.name}",
            ) from error


def _rows(state: Visit) -> tuple[dict[str, Any], dict[str, list[Columns]]]:
    row: dict[str, Any] = {
        "VISIT": state.number,
        "LAST_EVENT": state.event or None,
        "ADMITTED_AT": state.admitted or None,
        "INPATIENT_AT": state.inpatient or None,
        "DISCHARGED_AT": state.discharged or None,
        "SETTLED_AT": state.settled or None,
        "CANCELLED_AT": state.cancelled or None,
        "MERGED_INTO": state.merged_into or None,
    }
    collections: dict[str, list[Columns]] = {name: [] for name in _ALWAYS}
    for name, segment in state.single.items():
        row |= columns(name, segment, plain_unescape)
        for number, raw in segment.items():
            if "~" in raw or number in _REPEATING.get(name, ()):
                collections[f"{name}-{number}"] = list(repetitions(name, number, raw, plain_unescape))
    for parts in state.lists.values():
        for part in parts:
            _part_rows(part, {}, collections)
    for rows in collections.values():
        if rows:
            # The first of each kind can be read from the encounter itself: ZBH-3, IN1-36, DG1-3.1.
            row = {**rows[0], **row}
    seen: set[int] = set()
    orders = [one for one in state.orders.values() if not (id(one) in seen or seen.add(id(one)))]  # type: ignore[func-returns-value]
    for group in [*state.standing(orders), *state.standing(state.charges.values())]:
        _group_rows(group, collections)
    return row, collections


_ALWAYS = ("DG1", "IN1", "NK1", "AL1", "GT1", "PR1", "ORC", "OBR", "OBX", "RXO", "RXE", "RXD", "RXA", "FT1", "NTE")


def _part_rows(part: Part, above: Columns, collections: dict[str, list[Columns]]) -> None:
    """A row for the segment, with what stands above it and the first of each kind below it."""
    own = {**above, **columns(part.name, part.segment, plain_unescape)}
    below: Columns = {}
    for child in part.below:
        for one in flat(child):
            below = {**columns(one.name, one.segment, plain_unescape), **below}
    if notes := _notes(part.below):
        below["NTE-3"] = notes
    collections.setdefault(part.name, []).append({**below, **own})
    for child in part.below:
        _part_rows(child, own, collections)


def _group_rows(group: Group, collections: dict[str, list[Columns]]) -> None:
    heads: Columns = {}
    for name, segment in group.heads.items():
        heads |= columns(name, segment, plain_unescape)
    below: Columns = {}
    for part in group.below:
        for one in flat(part):
            below = {**columns(one.name, one.segment, plain_unescape), **below}
    if notes := _notes(group.below):
        below["NTE-3"] = notes
    for name in group.heads:
        collections.setdefault(name, []).append({**below, **heads})
    for part in group.below:
        _part_rows(part, heads, collections)


def _notes(parts: Sequence[Part]) -> str:
    """All remarks of one segment as one text."""
    lines = [columns("NTE", part.segment, plain_unescape) for part in parts if part.name == "NTE"]
    return "\n".join(line.get("NTE-3~", line.get("NTE-3", "")).replace("~", "\n") for line in lines)
