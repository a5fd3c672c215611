"""The desk of the health book: one visit's view, a person's timeline, gaps, the 24-hour watch, decisions.

Whether a caller may see what is withheld is said by the caller (permission ``book.withheld``), every time.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast, get_args

from adapter.clock import Clock
from adapter.dossier.model import Dossier
from adapter.errors import ConfigError, Terminal
from adapter.healthbook.completeness import Completeness, assess, expected_always
from adapter.healthbook.gaps import GapReport, read_absent, report
from adapter.healthbook.model import HealthBook
from adapter.healthbook.names import load_names
from adapter.healthbook.privacy import Decision, View, load_rules, view
from adapter.healthbook.privacy.judge import DecisionKind
from adapter.healthbook.projection import project
from adapter.pipeline.books.mapped import mapped_of
from adapter.settings import Settings
from adapter.store import Store
from adapter.store.people.audit import Entry
from adapter.store.tables.statements import Facilities


class BookGone(Terminal):
    """The visit is known, its content is no longer kept."""

    code = "BOOK-GONE"


@dataclass(frozen=True, slots=True)
class Shown:
    """One visit as a reader sees it. ``line``: the dossier's line in the queue; ``privacy`` only for the privileged."""

    view: View
    line: Mapping[str, Any]
    completeness: Completeness
    checks: tuple[Mapping[str, Any], ...]
    privacy: Mapping[str, Any]

    @property
    def book(self) -> HealthBook:
        """The book itself."""
        return self.view.book


class BookDesk:
    """Reads and decides. Cheap to make; keeps the lists of names it read."""

    def __init__(self, settings: Settings, store: Store, clock: Clock) -> None:
        self.settings, self.store, self.clock = settings, store, clock
        book = settings.book
        self._names = load_names(settings.path(book.names_folder) if book.names_folder else None)
        self._rules = load_rules(settings.path(book.privacy_rules) if book.privacy_rules else None)

    def show(self, ma_lk: str, *, may_see_withheld: bool, actor: str, facilities: Facilities = None) -> Shown:
        """A visit by its MA_LK; the look is written into the audit log.

        Raises ConfigError when there is none, BookGone when its content is not kept.
        """
        rows = [r for r in self.store.queries.list(ma_lk=ma_lk) if _is_visit(r) and _within(r, facilities)]
        if not rows:
            raise _no_visit()
        if len(rows) > 1:
            raise ConfigError(
                "Nhiều cơ sở có lượt khám mang MA_LK này",
                "Several facilities have a visit with this MA_LK",
                hint_vi="chọn cơ sở",
                hint_en="choose a facility",
            )
        action = "book.withheld" if may_see_withheld else "book.read"
        facility = rows[0]["facility"]
        self.store.audit.record(Entry(action, actor, facility=facility, kind="book", about=ma_lk))
        return self._shown(rows[0], may_see_withheld)

    def timeline(
        self, number: str, *, may_see_withheld: bool, actor: str, facilities: Facilities = None
    ) -> list[Shown]:
        """A person's visits by personal number, newest first; visits whose content is gone are left out."""
        found = []
        for dossier_id in self.store.books.of_person(number, facilities):
            line = self.store.queries.show(dossier_id)
            if line is not None and self.store.queries.dossier(line["revision_id"]) is not None:
                found.append(self._shown(line, may_see_withheld))
        self.store.audit.record(Entry("book.timeline", actor, kind="book", about=number))
        return found

    def gaps(self, plan: Any, facilities: Facilities = None, *, since: datetime | None = None) -> GapReport:
        """What the facility must map or enter so that its books are whole."""
        return report(self.store.books.lines(facilities, since=since), mapped_of(plan), read_absent(plan.path))

    def decide(
        self,
        ma_lk: str,
        rule: str,
        kind: str,
        *,
        ground: str,
        actor: str,
        text_key: str = "",
        facilities: Facilities = None,
    ) -> None:
        """Record a decision about one rule of one visit. Only for holders of ``book.withheld``: it names the rule.

        ConfigError for an unknown rule or kind, when a text decision names no text, or no visit is found.
        """
        if kind not in get_args(DecisionKind):
            known = ", ".join(get_args(DecisionKind))
            raise ConfigError(f"Quyết định phải là một trong: {known}", f"A decision is one of: {known}")
        if rule not in {r.id for r in self._rules.rules}:
            raise ConfigError(f"Không có quy tắc '{rule}'", f"There is no rule '{rule}'")
        if (kind in ("accept", "keep")) != bool(text_key):
            raise ConfigError(
                "accept và keep cần khóa của đoạn văn bản, các quyết định khác thì không",
                "accept and keep name the text they are about, other decisions none",
            )
        shown = self.show(ma_lk, may_see_withheld=True, actor=actor, facilities=facilities)
        decision = Decision(rule, cast(DecisionKind, kind), ground, actor, self.clock(), text_key)
        self.store.books.decide(shown.line["facility"], ma_lk, decision)
        self.store.audit.record(Entry("book.decide", actor, facility=shown.line["facility"], kind="book", about=ma_lk))

    def seen(
        self,
        ma_lk: str,
        outcome: str,
        *,
        note: str,
        actor: str,
        seen_at: datetime | None = None,
        facilities: Facilities = None,
    ) -> None:
        """Record a look at VNeID with the patient."""
        rows = [r for r in self.store.queries.list(ma_lk=ma_lk) if _is_visit(r) and _within(r, facilities)]
        if len(rows) != 1:
            raise _no_visit()
        now = self.clock()
        self.store.books.seen(rows[0]["id"], outcome, seen_at=seen_at or now, note=note, actor=actor, now=now)
        self.store.audit.record(Entry("book.seen", actor, facility=rows[0]["facility"], kind="book", about=ma_lk))

    def _shown(self, line: Mapping[str, Any], may_see_withheld: bool) -> Shown:
        dossier = self.store.queries.dossier(line["revision_id"])
        if dossier is None:
            raise BookGone(
                "Nội dung lượt khám không còn được lưu (hết hạn lưu trữ) hoặc chưa ánh xạ được",
                "The visit's content is no longer kept, or could not be mapped",
            )
        entry = self.store.books.entry(line["id"])
        extra = entry.extra if entry is not None else {}
        decisions = self.store.books.decisions(line["facility"], dossier.ma_lk)
        book = project(dossier, extra, self._names, facility_name=self._facility_name(dossier))
        seen = view(book, dossier, extra, self._rules, decisions, may_see_withheld=may_see_withheld)
        privacy: dict[str, Any] = {}
        if may_see_withheld:
            privacy = {
                "judged": entry.judged if entry is not None else {},
                "decisions": [
                    {
                        "rule": d.rule,
                        "kind": d.kind,
                        "ground": d.ground,
                        "actor": d.actor,
                        "at": d.at.isoformat(),
                        "text_key": d.text_key,
                    }
                    for d in decisions
                ],
            }
        complete = entry.completeness if entry is not None else assess(dossier, extra)
        if not may_see_withheld:
            complete = _without_trace(complete, book, seen.book, expected_always(dossier, extra))
        return Shown(seen, line, complete, tuple(self.store.books.checks(line["id"])), privacy)

    def _facility_name(self, dossier: Dossier) -> str:
        return next((f.name for f in self.settings.facilities if f.code == dossier.facility), "")


def _without_trace(
    complete: Completeness, whole: HealthBook, seen: HealthBook, expected: frozenset[str]
) -> Completeness:
    """Filled and empty as if what is withheld had never been there."""
    hidden = whole.filled() - seen.filled()
    if not hidden:
        return complete
    return Completeness(seen.filled(), complete.empty | (hidden & expected), complete.reach)


def _is_visit(row: Mapping[str, Any]) -> bool:
    return row["purpose"] != "checkin" and not row["occasion"]


def _within(row: Mapping[str, Any], facilities: Facilities) -> bool:
    if facilities is None:
        return True
    return row["facility"] == facilities if isinstance(facilities, str) else row["facility"] in facilities


def _no_visit() -> ConfigError:
    return ConfigError(
        "Không có lượt khám nào mang MA_LK này",
        "No visit has this MA_LK",
        hint_vi="xem `bhyt queue list`",
        hint_en="see `bhyt queue list`",
    )
