"""From a kept encounter to the units the store takes: readiness, mapping, privacy, the line for the health book.

Processor's work only: rows in, units out, no store. What people decided about a visit is asked through
:attr:`Translator.decisions`, and only where a privacy rule found something.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from typing import Any

from adapter.clock import VIETNAM, from_datetime12
from adapter.dossier.model import Dossier, decimal_of
from adapter.errors import BhytError, Terminal, Where
from adapter.healthbook.privacy import Decision
from adapter.pipeline.books.keep import WITHHELD, book_unit, further_facts, judged
from adapter.pipeline.deadlines import claim_deadline
from adapter.pipeline.needs import Due, Plan, Readiness, Translation
from adapter.pipeline.notes import findings_of
from adapter.rules.facts import facts_of
from adapter.rules.finding import Finding
from adapter.settings import Facility, Settings
from adapter.source import SourceEncounter
from adapter.store.book.unit import BookUnit
from adapter.store.records import Expected, Unit
from adapter.store.words import BEFORE_START, stand_in
from adapter.vault import plain_words

XML12 = "xml12"
ON_PORTAL = "enter on the portal"


@dataclass(frozen=True, slots=True)
class TranslateJob:
    """A kept encounter (``SourceEncounter.to_bytes``) to translate. ``content_hash``: its own."""

    body: bytes
    key: str
    content_hash: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Made:
    """All that came of one encounter; as :class:`adapter.store.records.Translated` without its lease."""

    units: tuple[Unit, ...]
    expected: tuple[Expected, ...]
    not_due_reason: str


@dataclass(frozen=True, slots=True)
class Translator:
    """What translating at one facility needs. ``decisions``: MA_LK → what people decided about its privacy."""

    settings: Settings
    facility: Facility
    plan: Plan
    decisions: Callable[[str], Sequence[Decision]]

    def mapped(self, jobs: Sequence[TranslateJob]) -> Sequence[Mapped]:
        """Read some encounters, then map them; errors of the mapping stay in their places."""
        read = [self._read(job) for job in jobs]
        return [one if isinstance(one.ready, BhytError) else self._map(one, one.ready) for one in read]

    def made(self, one: Mapped) -> Made:
        """A mapping's error on one dossier becomes a blocked unit; only what ``decisions`` raises comes through."""
        job, ready = one.job, one.ready
        if isinstance(ready, BhytError):
            ma_lk = stand_in(job.key)
            unit = _failed(ready, job, ma_lk=ma_lk, purpose="claim", occasion="")
            return Made((unit,), (Expected(ma_lk, "claim"),), "")
        units = tuple(_units(self, one, ready))
        expected = tuple(Expected(ready.ma_lk, str(due.purpose), due.occasion) for due in ready.due)
        extra = tuple(Expected(u.ma_lk, u.purpose, u.occasion) for u in units if u.occasion == XML12)
        return Made(units, (*expected, *extra), "" if expected else ready.reason or "not ready")

    def _read(self, job: TranslateJob) -> Mapped:
        encounter = SourceEncounter.from_bytes(job.body)
        try:
            return Mapped(job, encounter, self.plan.readiness(encounter))
        except BhytError as error:
            return Mapped(job, encounter, error)

    def _map(self, one: Mapped, ready: Readiness) -> Mapped:
        dossiers: list[Translation | BhytError | None] = []
        for due in ready.due:
            try:
                exempt = bool(due.exempt_reason)
                dossiers.append(None if exempt else _translation(self, one.encounter, due, ready.ma_lk, one.job.at))
            except BhytError as error:
                dossiers.append(error)
        return replace(one, dossiers=tuple(dossiers))


@dataclass(frozen=True, slots=True)
class Mapped:
    """An encounter as far as its mapping goes.

    ``ready``: what is due of it, or why that cannot be said. ``dossiers``: of each that is due what the mapping made,
    or the error that kept it; None for what is exempt.
    """

    job: TranslateJob
    encounter: SourceEncounter
    ready: Readiness | BhytError
    dossiers: tuple[Translation | BhytError | None, ...] = ()


def _units(by: Translator, one: Mapped, ready: Readiness) -> Iterator[Unit]:
    job, now = one.job, one.job.at
    for due, made in zip(ready.due, one.dossiers, strict=True):
        purpose = str(due.purpose)
        if made is None:
            yield _skipped(ready.ma_lk, purpose, due.occasion, due.exempt_reason or "", now)
            continue
        try:
            if isinstance(made, BhytError):
                raise made
            dossier, book = _with_book(by, one.encounter, made.dossier, now)
        except BhytError as error:
            yield _failed(error, job, ma_lk=ready.ma_lk, purpose=purpose, occasion=due.occasion)
            continue
        if dossier.rows("XML12"):
            # QĐ 3176's table 12 is typed into the portal by people; it never rides in GIAMDINHHS.
            apart = replace(dossier, tables={"XML12": dossier.rows("XML12")}, occasion=XML12)
            noted = findings_of(made.notes, ["XML12"])
            yield replace(unit_of(apart, now), skip_reason=ON_PORTAL, findings=noted)
            rest = {name: rows for name, rows in dossier.tables.items() if name != "XML12"}
            dossier = replace(dossier, tables=rest, document=None)
        if book is not None and book.judged["withheld"]:
            yield replace(_skipped(ready.ma_lk, purpose, due.occasion, WITHHELD, now), book=book)
            continue
        unit = replace(unit_of(dossier, now), book=book, findings=findings_of(made.notes, dossier.tables))
        yield replace(unit, skip_reason=BEFORE_START) if _before_start(by.facility, unit) else unit


def _translation(by: Translator, encounter: SourceEncounter, due: Due, ma_lk: str, now: datetime) -> Translation:
    plan = by.plan
    try:
        made: Translation = plan.translate_noted(
            encounter,
            due,
            facility=by.facility.code,
            now=now,
            uninsured_tables=by.settings.standard.book_tables,
            standard=by.facility.standard,
        )
    except BhytError:
        raise
    except Exception as error:
        raise Terminal(
            f"Bản ánh xạ hỏng ngoài dự kiến ({type(error).__name__})",
            f"The mapping broke in an unforeseen way ({type(error).__name__})",
            where=Where(plan.name),
            code="MAP-ERROR",
        ) from error
    if made.dossier.ma_lk != ma_lk:
        raise Terminal(
            "MA_LK của hồ sơ khác MA_LK lúc xét sẵn sàng",
            "The dossier's MA_LK differs from the one readiness was judged for",
            where=Where(plan.name, table="XML1", field="MA_LK"),
            code="MAP-ERROR",
        )
    return made


def _with_book(
    by: Translator, encounter: SourceEncounter, dossier: Dossier, now: datetime
) -> tuple[Dossier, BookUnit | None]:
    """The dossier as the privacy rules and decisions leave it, with its line for the health book."""
    if dossier.purpose == "checkin":
        return dossier, None
    plan: Any = by.plan
    extra, error = further_facts(plan, encounter, facility=by.facility.code, now=now)
    judgement = judged(by.settings, dossier, extra, lambda: by.decisions(dossier.ma_lk))
    book = book_unit(dossier, extra, judgement, error=error, flags_mapped="privacy" in plan.book_fields)
    kept = judgement.dossier
    if kept.document is not None and kept.tables != dossier.tables:
        kept = replace(kept, document=None)  # what a privacy rule left out must not leave in the original file
    return kept, book


def unit_of(dossier: Dossier, now: datetime) -> Unit:
    """A dossier with what the store sorts, sums and searches by."""
    header = dossier.header
    checkin = dossier.purpose == "checkin"
    ended = _instant(header.get("NGAY_VAO" if checkin else "NGAY_RA", ""))
    body, content_hash = dossier.canonical()
    return Unit(
        ma_lk=dossier.ma_lk,
        purpose=dossier.purpose.value,
        occasion=dossier.occasion,
        content_hash=content_hash,
        standard=dossier.standard,
        deadline=now if checkin else claim_deadline(ended or now),
        rank=0 if checkin else 1,
        body=body,
        facts=None if checkin else facts_of(dossier),
        ended_at=ended,
        amount_total=_amount(header.get("T_TONGCHI_BV", "")),
        amount_insurance=_amount(header.get("T_BHTT", "")),
        words={
            "name": plain_words(header.get("HO_TEN", "")),
            "card": tuple(header.get("MA_THE_BHYT", "").split(";")),
            "person": (header.get("SO_CCCD", ""),),
        },
    )


def _failed(error: BhytError, job: TranslateJob, *, ma_lk: str, purpose: str, occasion: str) -> Unit:
    where = error.where or Where()
    finding = Finding(
        rule="MAP-ERROR",
        severity="error",
        table=where.table or "",
        row=where.row,
        field=where.field or "",
        value="",
        message_vi=error.text("vi"),
        message_en=error.text("en"),
    )
    seen = f"{job.content_hash}|{error.code}|{error.text('en')}"
    return _without_body(ma_lk, purpose, occasion, seen, job.at, findings=(finding,))


def _skipped(ma_lk: str, purpose: str, occasion: str, reason: str, now: datetime) -> Unit:
    return _without_body(ma_lk, purpose, occasion, f"skip|{ma_lk}|{reason}", now, skip_reason=reason)


def _without_body(ma_lk: str, purpose: str, occasion: str, identity: str, now: datetime, **values: Any) -> Unit:
    return Unit(
        ma_lk=ma_lk,
        purpose=purpose,
        occasion=occasion,
        content_hash=hashlib.sha256(identity.encode("utf-8")).hexdigest(),
        standard="",
        deadline=now if purpose == "checkin" else claim_deadline(now),
        rank=0 if purpose == "checkin" else 1,
        **values,
    )


def _before_start(facility: Facility, unit: Unit) -> bool:
    start = facility.start_at
    if start is None or unit.ended_at is None:
        return False
    return unit.ended_at < (start if start.tzinfo else start.replace(tzinfo=VIETNAM))


def _instant(text: str) -> datetime | None:
    try:
        return from_datetime12(text) if text else None
    except ValueError:
        return None  # a broken date is the rules' to name; here it only cannot order anything


def _amount(text: str) -> Decimal | None:
    value = decimal_of(text)
    if value is None or value != round(value, 3) or abs(value) >= Decimal(10) ** 15:
        return None  # no sum can be made of it; the rules complain about the field itself
    return value
