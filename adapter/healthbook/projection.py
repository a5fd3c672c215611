"""From a dossier and the further facts of a mapping to the book. What goes where is data; see ``catalogue``."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from pydantic import BaseModel

from adapter.clock import VIETNAM, from_datetime12
from adapter.dossier.model import Dossier, decimal_of
from adapter.healthbook.catalogue import HIS, BookField, Group, Rule, fields, groups, projection
from adapter.healthbook.model import (
    ROWS,
    Administrative,
    AnyFact,
    Coded,
    Codes,
    Days,
    Encounter,
    Fact,
    HealthBook,
    History,
    LinkedPapers,
    Moment,
    Number,
    Paper,
    Partial,
    Text,
    Unreadable,
    Whole,
    Words,
)
from adapter.healthbook.names import Names

Extra = Mapping[str, Any]
"""What ``Plan.healthbook`` gives: section → one row or a list of rows, wire text."""
SourceRow = Mapping[str, str]

_SECTIONS: dict[str, type[BaseModel]] = {
    "administrative": Administrative,
    "history": History,
    "encounter": Encounter,
    "linked_papers": LinkedPapers,
}


def project(dossier: Dossier, extra: Extra, names: Names, *, facility_name: str = "") -> HealthBook:
    """The book of one visit, nothing held back: what :mod:`adapter.healthbook.privacy` filters for readers."""
    work = _Work(dossier, extra, names, facility_name)
    parts: dict[str, dict[str, Any]] = {name: {} for name in _SECTIONS}
    catalogue = fields()
    for rule in projection():
        about = catalogue[rule.field]
        if rule.group or rule.field in parts[about.section]:
            continue
        fact = work.paper(about) if about.type == "document" else work.single(rule, about)
        if fact is not None:
            parts[about.section][rule.field] = fact
    for name in ROWS:
        section = _section_of(name)
        parts[section][name] = tuple(work.rows(name))
    header = dossier.header
    return HealthBook(
        facility=dossier.facility,
        ma_lk=dossier.ma_lk,
        insured=bool(header.get("MA_THE_BHYT")),
        on=work.on,
        administrative=Administrative(**parts["administrative"]),
        history=History(**parts["history"]),
        encounter=Encounter(**parts["encounter"]),
        papers=LinkedPapers(**parts["linked_papers"]),
        unreadable=tuple(dict.fromkeys(work.unreadable)),
    )


def visit_day(dossier: Dossier) -> date:
    """The day whose lists of codes count: the end of the visit, else its beginning, else the epoch of the decrees."""
    for name in ("NGAY_RA", "NGAY_VAO"):
        try:
            return from_datetime12(dossier.header.get(name, "")).date()
        except ValueError:
            continue
    return date(2024, 7, 1)


def source_rows(dossier: Dossier, extra: Extra, table: str) -> Sequence[SourceRow]:
    """Rows of an XML table or of a ``his:`` section, one or many."""
    if not table.startswith(f"{HIS}:"):
        return dossier.rows(table)
    found = extra.get(table.removeprefix(f"{HIS}:"), ())
    return (found,) if isinstance(found, Mapping) else tuple(found)


def group_rows(dossier: Dossier, extra: Extra, group: Group) -> Iterator[tuple[int, SourceRow]]:
    """The rows a group takes, with their numbers from 1."""
    for number, row in enumerate(source_rows(dossier, extra, group.table), start=1):
        if group.takes(row):
            yield number, row


def _section_of(group: str) -> str:
    return next(section for section, kind in _SECTIONS.items() if group in kind.model_fields)


@dataclass(slots=True)
class _Work:
    dossier: Dossier
    extra: Extra
    names: Names
    facility_name: str
    unreadable: list[Unreadable] = field(default_factory=list)
    on: date = field(init=False)

    def __post_init__(self) -> None:
        self.on = visit_day(self.dossier)
        services = {r.get("MA_DICH_VU", ""): r.get("TEN_DICH_VU", "") for r in self.dossier.rows("XML3")}
        own = {"service": {code: name for code, name in services.items() if code and name}}
        if self.facility_name:
            own["facility"] = {self.dossier.facility: self.facility_name}
        self.names = self.names.with_own(own)

    def single(self, rule: Rule, about: BookField) -> AnyFact | None:
        """The first row that holds something; of readings taken over time the last."""
        found = source_rows(self.dossier, self.extra, rule.table)
        ordered = list(enumerate(found, start=1))
        if rule.table == f"{HIS}:vital_signs":
            ordered.reverse()
        for number, row in ordered:
            fact = self.fact(rule, about, row, number if len(ordered) > 1 else None)
            if fact is not None:
                return fact
        return None

    def paper(self, about: BookField) -> Paper | None:
        """A paper: the first row of its table."""
        rules = [r for r in projection() if r.field == about.id]
        found = source_rows(self.dossier, self.extra, rules[0].table)
        return self._parts(rules, about, found[0], None) if found else None

    def rows(self, name: str) -> Iterator[Any]:
        for group in (g for g in groups() if g.name == name):
            rules = [r for r in projection() if r.group == name and r.table == group.table]
            for number, row in group_rows(self.dossier, self.extra, group):
                values = self._row(rules, row, number)
                if values:
                    yield ROWS[name](**values)

    def _row(self, rules: Sequence[Rule], row: SourceRow, number: int) -> dict[str, AnyFact]:
        catalogue, values = fields(), {}
        if rules and rules[0].part:
            paper = self._parts(rules, catalogue[rules[0].field], row, number)
            return {} if paper is None else {rules[0].field: paper}
        for rule in rules:
            if rule.field not in values:
                fact = self.fact(rule, catalogue[rule.field], row, number)
                if fact is not None:
                    values[rule.field] = fact
        return values

    def _parts(self, rules: Sequence[Rule], about: BookField, row: SourceRow, number: int | None) -> Paper | None:
        parts = {}
        for rule in rules:
            fact = self.fact(rule, about, row, number)
            if isinstance(fact, Text | Coded | Moment | Partial):
                parts[rule.part] = fact
        if not parts:
            return None
        source = rules[0].table
        return Paper(field=about.id, source=source, row=number, certainty=about.certainty, parts=parts)

    def fact(self, rule: Rule, about: BookField, row: SourceRow, number: int | None) -> AnyFact | None:
        """One value; None when there is nothing or it cannot be read, which is noted."""
        if not any(str(row.get(column) or "").strip() for column in rule.columns):
            return None
        values = tuple(str(row.get(column) or "").strip() for column in rule.columns)
        common = {"field": about.id, "source": rule.source, "row": number, "certainty": about.certainty}
        try:
            made: AnyFact = _TRANSFORMS[rule.transform](self, rule, about, values, common)
        except ValueError:
            self.unreadable.append(Unreadable(field=about.id, source=rule.source, row=number))
            return None
        return made

    # ---- transforms: named in projection.csv ----------------------------------------------------------

    def text(self, _rule: Rule, _about: BookField, values: tuple[str, ...], common: dict[str, Any]) -> Fact:
        return Text(value=values[0], **common)

    def joined(self, _rule: Rule, _about: BookField, values: tuple[str, ...], common: dict[str, Any]) -> Fact:
        return Text(value=" ".join(v for v in values if v), **common)

    def code(self, rule: Rule, _about: BookField, values: tuple[str, ...], common: dict[str, Any]) -> Fact:
        return Coded(code=values[0], name=self.names.label(rule.names, values[0], self.on), **common)

    def code_list(self, rule: Rule, _about: BookField, values: tuple[str, ...], common: dict[str, Any]) -> Fact:
        codes = dict.fromkeys(_split(values[0]))
        items = (Coded(code=c, name=self.names.label(rule.names, c, self.on), **common) for c in codes)
        return Codes(items=tuple(items), **common)

    def coded_text(self, rule: Rule, _about: BookField, values: tuple[str, ...], common: dict[str, Any]) -> Fact:
        """The words a HIS keeps, then the code, then who: words win over the list's name."""
        said, code, *rest = values
        name = said or self.names.label(rule.names, code, self.on)
        who = ", ".join(r for r in rest if r)
        return Coded(code=code, name=f"{name} ({who})" if who and name else name, **common)

    def list(self, _rule: Rule, _about: BookField, values: tuple[str, ...], common: dict[str, Any]) -> Fact:
        return Words(items=tuple(_split(values[0])), **common)

    def date_list(self, _rule: Rule, _about: BookField, values: tuple[str, ...], common: dict[str, Any]) -> Fact:
        days = tuple(from_datetime12(part).date() for part in _split(values[0]))
        return Days(items=days, **common)

    def moment(self, _rule: Rule, _about: BookField, values: tuple[str, ...], common: dict[str, Any]) -> Fact:
        return Moment(value=from_datetime12(values[0]), **common)

    def partial(self, _rule: Rule, _about: BookField, values: tuple[str, ...], common: dict[str, Any]) -> Fact:
        return Partial(value=partial_iso(values[0]), **common)

    def decimal(self, _rule: Rule, about: BookField, values: tuple[str, ...], common: dict[str, Any]) -> Fact:
        number = decimal_of(values[0])
        if number is None:
            raise ValueError("not a plain decimal")
        return Number(value=number, unit=about.unit, **common)

    def integer(self, _rule: Rule, _about: BookField, values: tuple[str, ...], common: dict[str, Any]) -> Fact:
        number = Decimal(values[0]) if values[0].replace(".", "", 1).isdigit() else None
        if number is None or number != int(number):
            raise ValueError("not a count")
        return Whole(value=int(number), **common)


_TRANSFORMS: Mapping[str, Callable[..., Any]] = {
    name: getattr(_Work, name)
    for name in (
        "text",
        "joined",
        "code",
        "code_list",
        "coded_text",
        "list",
        "date_list",
        "moment",
        "partial",
        "decimal",
        "integer",
    )
}


def partial_iso(text: str) -> str:
    """A decree's time with zeros for what is unknown, as ISO text cut there: ``198000000000`` → ``1980``.

    A time of day 00:00 is not known to be one and is left out. Raises ValueError when it is no time.
    """
    if not text.isdigit() or len(text) not in (4, 6, 8, 12, 14):
        raise ValueError("not a time of the decrees")
    year, month, day, clock = text[:4], text[4:6] or "00", text[6:8] or "00", text[8:12]
    if month == "00" or day == "00":
        known = datetime(int(year), int(month) or 1, 1, tzinfo=VIETNAM)
        return known.strftime("%Y") if month == "00" else known.strftime("%Y-%m")
    whole = from_datetime12(text[:12] if len(clock) == 4 else text[:8])
    return whole.strftime("%Y-%m-%d") if clock in ("", "0000") else whole.strftime("%Y-%m-%dT%H:%M")


def _split(text: str) -> list[str]:
    return [part.strip() for part in text.split(";") if part.strip()]
