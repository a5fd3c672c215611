"""A compiled mapping: what is due for an encounter, and its translation into a dossier."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import Any

from adapter.clock import VIETNAM
from adapter.dossier.model import Dossier, Purpose
from adapter.errors import MappingError, SourceValueError, Where
from adapter.expr import ValueProblem, to_date
from adapter.mapping.language.binding import Layout
from adapter.mapping.language.blocks import Block
from adapter.mapping.language.compiled import Place, Value
from adapter.mapping.language.scope import Note, Run, Scope, Thunk
from adapter.mapping.language.values import value_error
from adapter.mapping.lookups import Lookup
from adapter.mapping.problems import broken
from adapter.mapping.readiness import Due, Readiness, ReadyRules
from adapter.mapping.ready_made import as_it_came
from adapter.mapping.yamltree import Map
from adapter.source import SourceEncounter
from adapter.standard.healthbook import PREFIX, book_sections
from adapter.standard.model import Standard
from adapter.standard.spec import effective_on

UNINSURED_TABLES = ("XML1", "XML8")
CHECKIN_TABLES = ("XML0",)


@dataclass(frozen=True, slots=True)
class Translation:
    """A dossier and what a person should know about how it came to be."""

    dossier: Dossier
    notes: tuple[Note, ...]


@dataclass(frozen=True, slots=True)
class BookFacts:
    """What a mapping's ``healthbook:`` says about one encounter: section → one row, or a list of rows.

    A row has every field of its section as wire text (days 8 digits, instants 12), empty where there is
    nothing; rows of a list without any value are left out. Flags are 1 or 0.
    """

    sections: Mapping[str, dict[str, str] | list[dict[str, str]]]
    notes: tuple[Note, ...]


@dataclass(slots=True)
class Plan:
    """A mapping ready to run. Build one with :func:`adapter.mapping.load_mapping`.

    ``hash`` covers the resolved mapping and its lookup files: equal hashes translate equally.
    ``source`` is the connector's block as plain data. ``reads``: columns needed, by collection
    ("" is the encounter).
    """

    name: str
    hash: str
    path: Path
    source: Mapping[str, Any]
    standard: str | None
    tables: Mapping[str, Sequence[Block]]
    lookups: Mapping[str, Lookup]
    reads: Mapping[str, frozenset[str]]
    used_lookups: frozenset[str]
    tree: Map
    names: Mapping[str, Thunk]
    used_names: frozenset[str]
    visit_dates: tuple[tuple[Value, Place], ...]
    ready: ReadyRules
    identified_by: str
    book: Mapping[str, Sequence[Block]] = field(default_factory=dict)
    _layouts: dict[int, Layout] = field(default_factory=dict, repr=False)

    # ---- faces -----------------------------------------------------------------------------------

    def readiness(self, encounter: SourceEncounter) -> Readiness:
        """MA_LK and the purposes that are due now.

        Raises MappingError when MA_LK is empty or an expression fails, SourceValueError for an encounter its
        connector could not read.
        """
        if (told := encounter.problem) is not None:
            raise SourceValueError(*told)
        with self.run(encounter, facility="", occasion="", now=datetime.now(VIETNAM)) as run:
            ma_lk = run.ma_lk()
            if not ma_lk:
                raise self._no_key()
            due, reason = self.ready.due(run.root)
        return Readiness(ma_lk, due, reason)

    def translate(
        self,
        encounter: SourceEncounter,
        due: Due,
        *,
        facility: str,
        now: datetime,
        uninsured_tables: Iterable[str] = UNINSURED_TABLES,
        standard: str | None = None,
    ) -> Dossier:
        """The dossier of one purpose. Raises MappingError with the place in the mapping, values masked.

        ``standard`` pins a layout for this facility; the mapping's own pin is weaker, the visit's date last.
        """
        return self.translate_noted(
            encounter, due, facility=facility, now=now, uninsured_tables=uninsured_tables, standard=standard
        ).dossier

    def translate_noted(
        self,
        encounter: SourceEncounter,
        due: Due,
        *,
        facility: str,
        now: datetime,
        uninsured_tables: Iterable[str] = UNINSURED_TABLES,
        standard: str | None = None,
    ) -> Translation:
        """:meth:`translate`, with the notes (letters lost, text cut, codes kept) made on the way."""
        if encounter.ready_made is not None:
            return Translation(as_it_came(encounter.ready_made, due, facility), ())
        with self.run(encounter, facility=facility, occasion=due.occasion, now=now, standard=standard) as run:
            layout = run.layout
            assert layout is not None  # noqa: S101 -- run has just set it
            tables: dict[str, Sequence[Mapping[str, str]]] = {}
            for table in self.wanted(due.purpose, layout.standard, tuple(uninsured_tables)):
                rows = run.rows(table)
                if rows:
                    tables[table] = rows
            dossier = Dossier(
                facility=facility,
                ma_lk=run.ma_lk(),
                purpose=due.purpose,
                standard=layout.standard.layout,
                tables=tables,
                occasion=due.occasion,
            )
            return Translation(dossier, tuple(run.notes))

    def healthbook(
        self, encounter: SourceEncounter, *, facility: str, now: datetime, standard: str | None = None
    ) -> Mapping[str, Any]:
        """What the book needs beyond the tables: section → row, or list of rows (see :class:`BookFacts`).

        Sections the mapping does not write are absent. Raises MappingError as :meth:`translate` does.
        """
        return self.healthbook_noted(encounter, facility=facility, now=now, standard=standard).sections

    def healthbook_noted(
        self, encounter: SourceEncounter, *, facility: str, now: datetime, standard: str | None = None
    ) -> BookFacts:
        """:meth:`healthbook`, with the notes made on the way."""
        if not self.book:
            return BookFacts({}, ())
        found: dict[str, dict[str, str] | list[dict[str, str]]] = {}
        with self.run(encounter, facility=facility, occasion="", now=now, standard=standard) as run:
            for name, section in book_sections().items():
                if name in self.book:
                    rows = [dict(row) for row in run.rows(section.name)]
                    if section.many:
                        found[name] = [row for row in rows if any(row.values())]
                    elif rows:
                        found[name] = rows[0]
            return BookFacts(found, tuple(run.notes))

    @property
    def book_fields(self) -> Mapping[str, frozenset[str]]:
        """Section → fields the mapping writes, those written as null not counted."""
        return {
            name: frozenset(s.name for block in blocks for s in block.all_fields() if s.value.const != "")
            for name, blocks in self.book.items()
        }

    def wanted(self, purpose: Purpose, standard: Standard, uninsured: Iterable[str] = UNINSURED_TABLES) -> list[str]:
        """The mapped tables a purpose takes, in order."""
        mapped = [name for name in standard.tables if name in self.tables]
        if purpose is Purpose.CHECKIN:
            return [t for t in mapped if t in CHECKIN_TABLES]
        if purpose is Purpose.BOOK:
            return [t for t in mapped if t in set(uninsured)]
        return [t for t in mapped if t not in CHECKIN_TABLES]

    # ---- inside ----------------------------------------------------------------------------------

    def run(
        self, encounter: SourceEncounter, *, facility: str, occasion: str, now: datetime, standard: str | None = None
    ) -> Run:
        """One translation at its beginning: visit date and layout are chosen, nothing is mapped yet."""
        if self.source.get("sparse"):
            encounter = self._filled(encounter)
        run = Run(encounter, self.names, facility=facility, occasion=occasion, now=now)
        run.identified_by = self.identified_by
        run.visit_date = now.astimezone(VIETNAM).date()
        run.visit_date = self._visit_date(run.root) or run.visit_date
        run.layout = self.layout(run.visit_date, standard)
        return run

    def _no_key(self) -> Exception:
        block = self.tables[self.identified_by][0]
        return broken(
            "MAP-NO-KEY",
            Where(block.where.file, block.where.line, block.where.column, self.identified_by, None, "MA_LK"),
            "MA_LK trống: không thể nhận ra đợt điều trị",
            "MA_LK is empty: the encounter cannot be identified",
            hint=("sửa cột nguồn của MA_LK", "repair MA_LK's source column"),
        )

    def _filled(self, encounter: SourceEncounter) -> SourceEncounter:
        """Of a source whose rows hold only what was said (``source.sparse``): what is read and absent is empty."""
        collections: dict[str, Sequence[Mapping[str, Any]]] = dict(encounter.collections)
        for name, columns in self.reads.items():
            if name:
                empty = dict.fromkeys(columns)
                collections[name] = [{**empty, **row} for row in collections.get(name, ())]
        row = {**dict.fromkeys(self.reads.get("", ())), **encounter.row}
        return SourceEncounter(encounter.key, encounter.stamp, row, collections)

    def _visit_date(self, scope: Scope) -> date | None:
        for value, place in self.visit_dates:
            found = value.run(scope)
            try:
                day = to_date(found)
            except ValueProblem as problem:
                raise value_error(problem, found, value.label, value.where, place) from None
            if day is not None:
                return day
        return None

    def layout(self, on: date, pin: str | None = None) -> Layout:
        """The mapping bound to the standard in force on a day."""
        standard = effective_on(on, pin or self.standard)
        found = self._layouts.get(id(standard))
        if found is None or found.standard is not standard:
            book = {section.name: section for name, section in book_sections().items() if name in self.book}
            blocks = {**self.tables, **{PREFIX + name: parts for name, parts in self.book.items()}}
            found = self._layouts[id(standard)] = Layout(standard, blocks, book)
        return found


__all__ = ["CHECKIN_TABLES", "UNINSURED_TABLES", "BookFacts", "MappingError", "Plan", "Translation"]
