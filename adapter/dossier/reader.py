"""Files of the standard back into dossiers: our own, and those other software wrote.

Reads GIAMDINHHS, XML0 and XML12 files of every layout. Values stay exactly the text that
stood there. Whatever departs from the standard becomes a :class:`Problem`, so that rules can
say it in words a clerk can act on; only a file that yields nothing at all is an error.
"""

from __future__ import annotations

import os
import re
from binascii import Error as Base64Error
from binascii import a2b_base64
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

from lxml import etree

from adapter.dossier.model import Dossier, Purpose, Row
from adapter.dossier.package import FileKind, Package, ProblemKind
from adapter.dossier.plainrows import plain_rows
from adapter.dossier.records import Recorder, content, local_name, signed, tags
from adapter.dossier.safexml import ReadLimits, Unreadable, parse
from adapter.errors import DocumentError, Where
from adapter.standard import envelope as e
from adapter.standard.model import Table
from adapter.standard.spec import effective_on, layouts, written_as

__all__ = ["ReadLimits", "read", "read_file"]

_DEFAULT_LIMITS = ReadLimits()
_END_OF_VISIT = re.compile(rb"<NGAY_RA>([0-9]{8})")


def read(
    data: bytes,
    *,
    limits: ReadLimits = _DEFAULT_LIMITS,
    pin: str | None = None,
    uninsured: Collection[str] = ("9",),
) -> Package:
    """Read one file. ``pin`` takes its layout as given; otherwise each dossier's own dates decide.

    A dossier whose MA_DOITUONG_KCB is in ``uninsured`` gets purpose BOOK, others CLAIM; a
    check-in's occasion is not written in its file and stays empty. Every row holds all fields
    of its table, those absent from the file as ``""`` with a problem of their own.

    Raises DocumentError (nothing else) when the bytes are not XML, too large, declare a DTD,
    or have a root none of the three files has; ConfigError for an unknown ``pin``.
    """
    root, encoding = parse(data, limits)
    recorder = Recorder(limits)
    if encoding:
        recorder.problem(ProblemKind.NOT_UTF8, detail=encoding)
    name = local_name(root)
    if name == e.ROOT:
        return _Envelope(recorder, limits, pin, uninsured).package(root)
    for table, kind in (("XML0", FileKind.CHECKIN), ("XML12", FileKind.ASSESSMENT)):
        if name == _newest(table).root:
            return _own_file(root, recorder, table, kind, pin)
    raise DocumentError(
        "Thẻ gốc không phải của tệp GIAMDINHHS, XML0 hay XML12",
        "The root element is not that of a GIAMDINHHS, XML0 or XML12 file",
        code="DOCUMENT-ROOT",
        where=Where(line=1, field=name[:64]),
    )


def read_file(
    path: Path,
    *,
    limits: ReadLimits = _DEFAULT_LIMITS,
    pin: str | None = None,
    uninsured: Collection[str] = ("9",),
) -> Package:
    """:func:`read` on a file, of which no more is read than the limit allows.

    Raises OSError when the file cannot be opened; a DocumentError names the file.
    """
    try:
        with path.open("rb") as stream:
            # One byte more than allowed is enough to tell that a file is too large.
            size = min(os.fstat(stream.fileno()).st_size, limits.max_bytes)
            return read(stream.read(size + 1), limits=limits, pin=pin, uninsured=uninsured)
    except DocumentError as error:
        where = error.where or Where()
        error.where = replace(where, file=str(path))
        raise


@dataclass(slots=True)
class _Part:
    """A part on its way: its bytes while it may be plain, its tree once it had to be parsed."""

    name: str
    data: bytes
    root: etree._Element | None = None


@dataclass(frozen=True, slots=True)
class _Envelope:
    recorder: Recorder
    limits: ReadLimits
    pin: str | None
    uninsured: Collection[str]

    def package(self, root: etree._Element) -> Package:
        blocks = self._children(root, (e.FACILITY_BLOCK, e.DOSSIER_BLOCK, e.SIGNATURE))
        named = self._children(blocks.get(e.FACILITY_BLOCK), (e.FACILITY_CODE,))
        about = self._children(blocks.get(e.DOSSIER_BLOCK), (e.CREATED_ON, e.COUNT, e.DOSSIER_LIST))
        facility, created_on = _text(named.get(e.FACILITY_CODE)), _text(about.get(e.CREATED_ON))
        declared = _text(about.get(e.COUNT))
        hosos = self._elements(about.get(e.DOSSIER_LIST), e.DOSSIER, None)
        if not facility:
            self.recorder.problem(ProblemKind.FACILITY_MISSING)
        # A count of zeros and spaces apart, only the plain number is right.
        if declared.lstrip("0") != str(len(hosos)).lstrip("0") or not declared:
            shown = declared if len(declared) < 10 and declared.isdecimal() else "?"
            self.recorder.problem(ProblemKind.COUNT_MISMATCH, detail=f"{shown}/{len(hosos)}")
        if not hosos:
            self.recorder.problem(ProblemKind.NO_DOSSIER)
        read_ones = [(n, self._dossier(hoso, n, facility, created_on)) for n, hoso in enumerate(hosos, start=1)]
        return Package(
            kind=FileKind.DOSSIERS,
            facility=facility,
            created_on=created_on,
            declared_count=declared,
            hoso_count=len(hosos),
            dossiers=tuple(d for _, d in read_ones if d is not None),
            positions=tuple(n for n, d in read_ones if d is not None),
            signed=signed(blocks.get(e.SIGNATURE)),
            problems=self.recorder.problems(),
        )

    def _children(self, parent: etree._Element | None, expected: Collection[str]) -> dict[str, etree._Element]:
        found: dict[str, etree._Element] = {}
        for child in parent if parent is not None else ():
            name = local_name(child)
            if name in expected and name not in found:
                found[name] = child
            else:
                self.recorder.problem(ProblemKind.MISPLACED_ELEMENT, field=name)
        return found

    def _elements(self, parent: etree._Element | None, wanted: str, hoso: int | None) -> list[etree._Element]:
        found: list[etree._Element] = []
        for child in parent if parent is not None else ():
            name = local_name(child)
            if name == wanted:
                found.append(child)
            else:
                self.recorder.problem(ProblemKind.MISPLACED_ELEMENT, hoso, field=name)
        return found

    def _dossier(self, hoso: etree._Element, number: int, facility: str, created_on: str) -> Dossier | None:
        elements = self._elements(hoso, e.PART, number)
        if not elements:
            self.recorder.problem(ProblemKind.NO_PART, number)
            return None
        labels: Counter[str] = Counter()
        parts: list[_Part] = []
        for element in elements:
            fields = {local_name(child): child for child in element}
            name = _text(fields.get(e.PART_NAME)).upper()
            labels[name] += 1
            part = self._part(name, fields.get(e.PART_CONTENT), number)
            if part is not None:
                parts.append(part)
        if labels["XML1"] != 1:
            self.recorder.problem(ProblemKind.XML1_COUNT, number, "XML1", detail=str(labels["XML1"]))
        for name, count in labels.items():
            if count > 1 and name in _part_names():
                self.recorder.problem(ProblemKind.DUPLICATE_PART, number, name, detail=str(count))
        return self._assembled(parts, number, facility, created_on)

    def _part(self, name: str, holder: etree._Element | None, number: int) -> _Part | None:
        """One FILEHOSO's content, or None with the reason written down."""
        if name not in _part_names():
            self.recorder.problem(ProblemKind.UNKNOWN_PART, number, name[:20])
            return None
        text = content(holder) if holder is not None else ""
        if holder is not None and len(holder):
            self.recorder.problem(ProblemKind.INLINE_CONTENT, number, name)
            return self._rooted(_Part(name, b"", holder[0]), number)
        if text.lstrip().startswith("<"):
            self.recorder.problem(ProblemKind.INLINE_CONTENT, number, name)
            return _Part(name, text.strip().encode())
        # Most files hold one unbroken line; white space is taken out only where there is some.
        for attempt in (str, _without_white_space):
            try:
                return _Part(name, a2b_base64(attempt(text), strict_mode=True))
            except (Base64Error, ValueError):
                continue
        self.recorder.problem(ProblemKind.BAD_BASE64, number, name)
        return None

    def _parsed(self, part: _Part, number: int) -> _Part | None:
        """The part with its tree, or None with the reason written down."""
        if part.root is not None:
            return part
        try:
            part.root, encoding = parse(part.data, self.limits)
        except Unreadable as error:
            self.recorder.problem(ProblemKind.BAD_XML, number, part.name, detail=error.code)
            return None
        if encoding:
            self.recorder.problem(ProblemKind.NOT_UTF8, number, part.name, detail=encoding)
        return self._rooted(part, number)

    def _rooted(self, part: _Part, number: int) -> _Part | None:
        if part.root is not None and local_name(part.root) != _newest(part.name).root:
            self.recorder.problem(ProblemKind.BAD_ROOT, number, part.name, field=local_name(part.root))
            return None
        return part

    def _assembled(self, parts: Sequence[_Part], number: int, facility: str, created_on: str) -> Dossier | None:
        layout, parts = self._layout(parts, number, created_on)
        specs = written_as(layout).tables
        tables: dict[str, list[Row]] = {}
        for part in parts:
            rows = tables.setdefault(part.name, [])
            rows.extend(self._rows(part, specs.get(part.name) or _newest(part.name), number, len(rows)))
        ordered = {name: tuple(tables[name]) for name in _part_names() if tables.get(name)}
        if not ordered:
            return None
        header: Row = ordered["XML1"][0] if "XML1" in ordered else {}
        insured = header.get("MA_DOITUONG_KCB", "") not in self.uninsured
        return Dossier(
            facility=facility,
            ma_lk=header.get("MA_LK", ""),
            purpose=Purpose.CLAIM if insured else Purpose.BOOK,
            standard=layout,
            tables=ordered,
        )

    def _rows(self, part: _Part, spec: Table, number: int, before: int) -> Sequence[Row]:
        if part.root is None:
            rows = self.recorder.plain_rows(part.data, spec)
            if rows is not None:
                return rows
        parsed = self._parsed(part, number)
        if parsed is None or parsed.root is None:
            return ()
        return self.recorder.rows(parsed.root, spec, number, before)

    def _layout(self, parts: Sequence[_Part], number: int, created_on: str) -> tuple[str, Sequence[_Part]]:
        """The dossier's layout, and the parts still worth reading."""
        if self.pin is not None:
            return self.pin, parts
        headers = [part for part in parts if part.name == "XML1"]
        if len(headers) == 1 and headers[0].root is None:
            layout = _layout_of_plain(headers[0].data, created_on)
            if layout is not None:
                return layout, parts
        readable = [part for part in parts if part.name != "XML1" or self._parsed(part, number) is not None]
        roots = [part.root for part in readable if part.name == "XML1" and part.root is not None]
        return _layout("XML1", roots, ("NGAY_RA",), created_on), readable


def _own_file(root: etree._Element, recorder: Recorder, name: str, kind: FileKind, pin: str | None) -> Package:
    """A check-in file (one dossier per MA_LK in it) or an XML12 file (one dossier, without MA_LK)."""
    records = [record for holder in root for record in holder]
    layout = pin or _layout(name, records, ("NGAY_YL", "NGAY_VAO", "NGAY_HOP"), "")
    rows = recorder.rows(root, written_as(layout).tables[name], 1)
    grouped: dict[str, list[Row]] = {}
    for row in rows:
        grouped.setdefault(row.get("MA_LK", ""), []).append(row)
    purpose = Purpose.CHECKIN if kind is FileKind.CHECKIN else Purpose.CLAIM
    facility = rows[0].get("MA_CSKCB", "") if rows else ""
    if kind is FileKind.CHECKIN and not facility:
        recorder.problem(ProblemKind.FACILITY_MISSING)
    dossiers = tuple(
        Dossier(found[0].get("MA_CSKCB", ""), ma_lk, purpose, layout, {name: tuple(found)})
        for ma_lk, found in grouped.items()
    )
    signature = next((child for child in root if local_name(child) == e.SIGNATURE), None)
    return Package(
        kind=kind,
        facility=facility,
        created_on="",
        declared_count="",
        hoso_count=1,
        dossiers=dossiers,
        positions=(1,) * len(dossiers),
        signed=signed(signature),
        problems=recorder.problems(),
    )


def _layout_of_plain(data: bytes, created_on: str) -> str | None:
    """The layout of a plainly written XML1 part; None when it needs the parser, or is not the day's."""
    found = _END_OF_VISIT.search(data)
    day = (_day(found.group(1).decode()) if found else None) or _day(created_on)
    dated = effective_on(day).layout if day is not None else layouts()[-1]
    rows = plain_rows(data, written_as(dated).tables["XML1"], 1)
    if rows is None:
        return None
    # The search above may have hit text inside another value: trust the field itself only.
    return dated if (_day(rows[0]["NGAY_RA"]) or _day(created_on)) == day else None


def _layout(table: str, records: Sequence[etree._Element], days: Sequence[str], created_on: str) -> str:
    """The layout in force when the visit ended, or a later one when the elements say so.

    Files of a trial period, or of software that was early, hold fields the day's layout does
    not know yet: the first layout that knows all of them is taken.
    """
    texts = [content(child) for name in days for r in records for child in r if local_name(child) == name]
    day = next((found for text in (*texts, created_on) if (found := _day(text)) is not None), None)
    known = layouts()
    dated = effective_on(day).layout if day is not None else known[-1]
    present = tags(records)
    for layout in known[known.index(dated) :]:
        spec = written_as(layout).tables.get(table)
        if spec is not None and present <= spec.by_name.keys():
            return layout
    return dated


def _day(text: str) -> date | None:
    digits = text.strip()[:8]
    if len(digits) != 8 or not (digits.isascii() and digits.isdecimal()):
        return None
    try:
        return date(int(digits[:4]), int(digits[4:6]), int(digits[6:]))
    except ValueError:
        return None


def _newest(table: str) -> Table:
    return written_as(layouts()[-1]).tables[table]


def _part_names() -> tuple[str, ...]:
    return written_as(layouts()[-1]).parts


def _without_white_space(text: str) -> str:
    return "".join(text.split())


def _text(element: etree._Element | None) -> str:
    return content(element).strip() if element is not None else ""
