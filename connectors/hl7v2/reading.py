"""One message read as far as it must be before it is acknowledged: its head, its visit, its patient.

Fields are split by the message's own separators; nothing is unfolded that the answer does not need. What a
message says is read later, when it is collected.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass

from adapter.source import Message
from connectors.hl7v2.charset import WrongCharset, charset_of, to_text
from connectors.hl7v2.spec import Spec

_SEGMENT = re.compile(r"^[A-Z][A-Z0-9]{2}$")
_VERSIONS = re.compile(r"^2(\.[1-9](\.\d)?)?$")
_MAX_SEGMENTS = 200_000
# An event about a person or a visit must say whose.
# What names a character set, and not a person or a card that slipped into its field: it is told in the log.
_CHARSET = re.compile(r"(?!.*\d{6})[A-Za-z0-9/_. -]{1,20}", re.ASCII)
_TYPE = re.compile(r"[A-Z][A-Z0-9]{2}\^[A-Z][A-Z0-9]{2}|[A-Z]{3}")
_NEEDS_PATIENT = frozenset({"ADT", "BAR", "DFT", "ORM", "OML", "ORU", "RDE", "RDS"})


@dataclass(frozen=True, slots=True)
class Head:
    """MSH, as an answer needs it."""

    separators: str
    sending_app: str
    sending_facility: str
    receiving_app: str
    receiving_facility: str
    kind: str
    event: str
    number: str
    processing: str
    version: str
    accept: str
    application: str
    charset: str

    @property
    def enhanced(self) -> bool:
        """Whether the sender asks for enhanced acknowledgement."""
        return bool(self.accept or self.application)


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a message is not taken in, as the answer says it.

    ``reject``: AR (wrong kind, never to be repeated as it is) against AE (an error in it). ``code``: HL7 table 0357.
    ``where``: segment^sequence^field of ERR-2. Texts never hold what the message says.
    """

    reject: bool
    code: str
    text: str
    where: str = ""


def rejected(code: str, text: str, where: str = "") -> Refusal:
    """AR: repeating it as it is does not help."""
    return Refusal(reject=True, code=code, text=text, where=where)


def erroneous(code: str, text: str, where: str = "") -> Refusal:
    """AE: there is an error in it, or it could not be kept."""
    return Refusal(reject=False, code=code, text=text, where=where)


@dataclass(frozen=True, slots=True)
class Read:
    """A message, its head, and either what is to be kept or why it is refused."""

    head: Head | None
    charset: str
    message: Message | None
    refusal: Refusal | None


class Fields:
    """Segments of one message, split on demand."""

    def __init__(self, text: str) -> None:
        self.segments = [line for line in text.split("\r") if line.strip()]
        self.field, self.separators = text[3:4], text[4:8]
        self.component = self.separators[:1] or "^"
        self.repeat = self.separators[1:2] or "~"
        self.sub = self.separators[3:4] or "&"

    def first(self, selector: str) -> str:
        """The first repetition's value of ``SEG-f.c.s`` in the first such segment; empty when absent."""
        name, _, path = selector.partition("-")
        line = next((s for s in self.segments if s.startswith(name + self.field)), None)
        if line is None:
            return ""
        number, *rest = (int(part) for part in path.split("."))
        parts = line.split(self.field)
        at = number - 1 if name == "MSH" else number
        value = parts[at] if at < len(parts) else ""
        value = value.split(self.repeat)[0]
        for separator, position in zip((self.component, self.sub), rest, strict=False):
            pieces = value.split(separator)
            value = pieces[position - 1] if position <= len(pieces) else ""
        value = value.strip()
        return "" if value == '""' else value


class Reader:
    """Reads messages of one port or folder by one mapping's rules."""

    def __init__(self, spec: Spec, *, charset: str | None, default_charset: str) -> None:
        self._spec = spec
        self._override = charset
        self._default = default_charset

    def read(self, raw: bytes) -> Read:
        """The message to keep, or the refusal. Never raises for anything that was sent."""
        try:
            charset = charset_of(raw, self._override, self._default)
        except WrongCharset as problem:
            head = head_of(raw.decode("latin-1"))
            named = problem.name if _CHARSET.fullmatch(problem.name) else "…"
            text = f"character set {named} of MSH-18 is not known here"
            return Read(head, "latin-1", None, rejected("103", text, "MSH^1^18"))
        try:
            text = to_text(raw, charset)
        except WrongCharset as problem:
            head = head_of(raw.decode("latin-1").replace("\r\n", "\r"))
            if head is None:
                return Read(None, "utf-8", None, rejected("100", "no usable MSH segment", "MSH^1"))
            return Read(head, "utf-8", None, erroneous("102", f"the bytes are not {problem.name}", "MSH^1^18"))
        head = head_of(text)
        if head is None:
            return Read(None, charset, None, rejected("100", "no usable MSH segment", "MSH^1"))
        fields = Fields(text)
        refusal = refusal_of(head, fields)
        if refusal is not None:
            return Read(head, charset, None, refusal)
        return Read(head, charset, self._message(raw, charset, head, fields), None)

    def _message(self, raw: bytes, charset: str, head: Head, fields: Fields) -> Message:
        spec = self._spec
        visit = _first(fields, spec.visit)
        patient = _first(fields, spec.patient)
        touches = [f"patient:{p}" for p in (_first(fields, spec.merged_patient),) if p and head.event == "ADT^A40"]
        if head.event == "ADT^A42" and (other := _first(fields, spec.merged_visit)):
            touches.append(f"visit:{other}")
        if head.event == "ADT^A40":
            visit = ""  # a merge of patients belongs to no one visit
        return Message(
            sender=f"{head.sending_app}|{head.sending_facility}",
            number=head.number,
            kind=head.event,
            content=_digest(fields),
            raw=raw,
            charset=charset,
            visit=visit,
            links=(f"patient:{patient}",) if patient else (),
            touches=tuple(touches),
            aside=self._aside(head, visit, touches),
        )

    def _aside(self, head: Head, visit: str, touches: list[str]) -> str:
        spec = self._spec
        if head.processing not in ("", *spec.processing_ids):
            return f"processing id {head.processing[:3]}: not a production message"
        if spec.facilities and head.sending_facility.partition("^")[0] not in spec.facilities:
            return "another sending facility"
        if not spec.uses(head.event):
            return f"{head.event[:20]} is not used"
        if head.event in ("ADT^A40", "ADT^A42") and not touches:
            return "a merge without MRG"
        if not visit and head.event != "ADT^A40":
            return f"no visit number ({', '.join(spec.visit)})"
        return ""


def head_of(text: str) -> Head | None:
    """MSH as far as it can be read; None when there is none."""
    if not text.startswith("MSH") or len(text) < 8 or text[3].isalnum() or text[3] in "\r\n":
        return None
    line = text.split("\r", 1)[0]
    parts = [part.strip() for part in line.split(text[3])]
    component = text[4:5]

    def field(number: int) -> str:
        return parts[number - 1] if number <= len(parts) else ""

    kind = field(9).split(component)
    return Head(
        separators=line[3:8] if len(parts[1]) >= 4 else text[3] + r"^~\&",
        sending_app=field(3),
        sending_facility=field(4),
        receiving_app=field(5),
        receiving_facility=field(6),
        kind=kind[0],
        event="^".join(part.strip() for part in kind[:2]),
        number=field(10),
        processing=field(11).split(component)[0],
        version=field(12).split(component)[0],
        accept=field(15).upper(),
        application=field(16).upper(),
        charset=field(18),
    )


def told_kind(head: Head | None) -> str:
    """The message type for logs and lists; empty when MSH-9 holds anything else, a name perhaps."""
    return head.event if head is not None and _TYPE.fullmatch(head.event) else ""


def refusal_of(head: Head, fields: Fields) -> Refusal | None:  # noqa: PLR0911 -- one line for each reason
    """The first thing that keeps a message from being taken in."""
    if not _TYPE.fullmatch(head.event):
        return rejected("200", "MSH-9 names no message type", "MSH^1^9")
    if not head.number:
        return erroneous("101", "MSH-10 is empty", "MSH^1^10")
    if len(head.number) > 199:
        return erroneous("102", "MSH-10 is longer than 199 characters", "MSH^1^10")
    if head.version and not _VERSIONS.match(head.version):
        return rejected("203", "only HL7 2.x is understood", "MSH^1^12")
    if head.processing not in ("", "P", "T", "D"):
        return rejected("202", "MSH-11 is not P, T or D", "MSH^1^11")
    if len(fields.segments) > _MAX_SEGMENTS:
        return rejected("207", f"more than {_MAX_SEGMENTS} segments")
    for number, line in enumerate(fields.segments, start=1):
        if not _SEGMENT.match(line[:3]) or line[3:4] not in ("", fields.field):
            return erroneous("100", f"line {number} is no segment", f"^{number}")
        if number > 1 and line.startswith("MSH"):
            return erroneous("100", "a second MSH: messages run into each other", f"MSH^{number}")
    if head.kind in _NEEDS_PATIENT and not any(s.startswith("PID" + fields.field) for s in fields.segments):
        return erroneous("100", "PID is missing", "PID^1")
    return None


def _first(fields: Fields, selectors: tuple[str, ...]) -> str:
    return next((value for s in selectors if (value := fields.first(s))), "")


def _digest(fields: Fields) -> str:
    """What a message says apart from MSH-7: a sender that repeats it may date it anew."""
    head = fields.segments[0].split(fields.field)
    if len(head) > 6:
        head[6] = ""
    text = "\r".join([fields.field.join(head), *fields.segments[1:]])
    return hashlib.sha256(text.encode("utf-8")).hexdigest()
