"""One message taken apart: segments as fields, and fields as the columns a mapping selects.

Columns of a segment, all text with HL7's escapes undone:

    ``PID-5``      first repetition whole, component separators left in
    ``PID-5.1``    its first component; also when there is but one
    ``FT1-12.1.2`` a sub-component, where the component has any
    ``OBX-5~``     all repetitions joined by ``~``, where there are several
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from connectors.hl7v2.reading import Fields
from connectors.hl7v2.visit.escapes import unescaper

Columns = dict[str, str]
Segment = dict[int, str]
"""Field number → the field as it stands in the message."""

NULL = '""'


@dataclass(slots=True)
class Part:
    """A segment by name, with the segments that hang on it."""

    name: str
    segment: Segment
    below: list[Part] = field(default_factory=list)


class Message:
    """A message's segments, and how its separators read a field."""

    def __init__(self, text: str) -> None:
        self._fields = Fields(text)
        self.parts = [self._part(line) for line in self._fields.segments]
        self.unescape = unescaper(text[3:8])

    def first(self, selector: str) -> str:
        """As :meth:`connectors.hl7v2.reading.Fields.first`."""
        return self._fields.first(selector)

    def of(self, name: str) -> Segment:
        """The first segment of that name; empty when there is none."""
        return next((part.segment for part in self.parts if part.name == name), {})

    def _part(self, line: str) -> Part:
        name, *values = line.split(self._fields.field)
        start = 2 if name == "MSH" else 1
        return Part(name.strip(), {number: value for number, value in enumerate(values, start) if value.strip()})

    def standard(self, segment: Segment) -> Segment:
        """The segment with the usual separators ``|^~\\&`` in place of this message's own."""
        own = [self._fields.component, self._fields.repeat, self._fields.sub]
        if own == ["^", "~", "&"]:
            return segment
        table = str.maketrans({mine: usual for mine, usual in zip(own, "^~&", strict=True) if mine})
        return {number: value.translate(table) for number, value in segment.items()}


def columns(name: str, segment: Segment, unescape: Callable[[str], str]) -> Columns:
    """The columns of a segment with the usual separators."""
    found: Columns = {}
    for number, raw in segment.items():
        if raw != NULL:
            head = f"{name}-{number}"
            repetitions = raw.split("~")
            _columns_of(head, repetitions[0], unescape, found)
            if len(repetitions) > 1:
                found[f"{head}~"] = "~".join(unescape(one) for one in repetitions)
    return found


def repetitions(name: str, number: int, raw: str, unescape: Callable[[str], str]) -> Iterator[Columns]:
    """One row for each repetition of a field, with the same column names."""
    for one in raw.split("~"):
        row: Columns = {}
        if one and one != NULL:
            _columns_of(f"{name}-{number}", one, unescape, row)
            yield row


def _columns_of(head: str, text: str, unescape: Callable[[str], str], into: Columns) -> None:
    if not text or text == NULL:
        return
    into[head] = unescape(text)
    for at, component in enumerate(text.split("^"), start=1):
        if component and component != NULL:
            into[f"{head}.{at}"] = unescape(component)
            if "&" in component:
                for sub_at, sub in enumerate(component.split("&"), start=1):
                    if sub and sub != NULL:
                        into[f"{head}.{at}.{sub_at}"] = unescape(sub)


def merge(old: Segment, new: Segment) -> Segment:
    """Field by field: what is filled replaces, ``""`` deletes, what is absent stays."""
    merged = old | new
    return {number: value for number, value in merged.items() if value != NULL}


def plain_unescape(text: str) -> str:
    """Escapes of the usual separators undone."""
    return unescaper("|^~\\&")(text)


def names(parts: Sequence[Part]) -> set[str]:
    """Names of all segments, those below included."""
    return {part.name for part in parts} | {one for part in parts for one in names(part.below)}
