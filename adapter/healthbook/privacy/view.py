"""The book as one reader may see it. What is withheld leaves no trace in an unprivileged view, not even its rule."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel

from adapter.dossier.model import Dossier
from adapter.healthbook.model import AnyFact, Coded, Codes, Fact, HealthBook, Paper, Text
from adapter.healthbook.privacy.judge import Cut, Decision, diseases, flag
from adapter.healthbook.privacy.rules import PrivacyRule, PrivacyRules

_SECTIONS = ("history", "encounter", "papers")


@dataclass(frozen=True, slots=True)
class Withheld:
    """One value that is not shown, and by which rule; only for those who may see it."""

    field: str
    source: str
    row: int | None
    rule: str
    shown: str


@dataclass(frozen=True, slots=True)
class View:
    """``book`` as the reader sees it; ``withheld`` is empty for readers without the right."""

    book: HealthBook
    withheld: tuple[Withheld, ...]


def view(
    book: HealthBook,
    dossier: Dossier,
    extra: Mapping[str, Any],
    rules: PrivacyRules,
    decisions: Sequence[Decision] = (),
    *,
    may_see_withheld: bool = False,
) -> View:
    """Hold back what the rules say. A privileged reader gets everything and the list of what others do not see."""
    work = _Filter(dossier, extra, rules, decisions)
    parts = {name: work.section(getattr(book, name)) for name in _SECTIONS}
    if may_see_withheld:
        return View(book, tuple(work.gone))
    hidden = {(w.field, w.source) for w in work.gone}
    unreadable = tuple(u for u in book.unreadable if not work.whole and (u.field, u.source) not in hidden)
    return View(book.model_copy(update={**parts, "unreadable": unreadable}), ())


class _Filter:
    def __init__(
        self, dossier: Dossier, extra: Mapping[str, Any], rules: PrivacyRules, decisions: Sequence[Decision]
    ) -> None:
        self.rules = rules
        self.codes = tuple(diseases(dossier, rules))
        self.gone: list[Withheld] = []
        shown = {d.rule for d in decisions if d.kind == "show"}
        self.kept = {d.text_key for d in decisions if d.kind == "keep"}
        consent = flag(extra, "consent")
        self.active = tuple(
            rule
            for rule in rules.rules
            if rule.show == "never" or not (rule.id in shown or (rule.consent_lifts and consent))
        )
        self.whole = next((r.id for r in self.active if _whole_visit(r, dossier, extra)), "")

    def section(self, section: Any) -> Any:
        """A part of the book without what is withheld."""
        updates: dict[str, Any] = {}
        is_visit = "episode_key" in type(section).model_fields or "referral" in type(section).model_fields
        for name in type(section).model_fields:
            value = getattr(section, name)
            if value is None or value == ():
                continue
            if is_visit and self.whole and name not in self.rules.keep:
                self.drop(value, self.whole)
                updates[name] = () if isinstance(value, tuple) else None
            elif isinstance(value, tuple):
                updates[name] = tuple(kept for kept in (self.row(row) for row in value) if kept is not None)
            else:
                updates[name] = self.fact(value)
        return section.model_copy(update=updates)

    def row(self, row: Any) -> Any | None:
        """A row stays whole or goes whole: a value without its name still tells; only free text may be cut."""
        facts = list(row.facts())
        for rule in self.active:
            if rule.cut:
                continue
            hits = [f for f in facts if self.hit(rule, f)]
            if hits and rule.only:
                self.drop(tuple(hits), rule.id)
                row = row.model_copy(update={f.field: None for f in hits})
                facts = list(row.facts())
            elif hits:
                self.drop(row, rule.id)
                return None
        return row.model_copy(update={f.field: self.trimmed(f) for f in facts})

    def fact(self, fact: AnyFact) -> AnyFact | None:
        """A single value: gone, with fewer codes, with a shorter text, or as it is."""
        for rule in self.active:
            if rule.cut:
                continue
            if isinstance(fact, Codes):
                bad = [item for item in fact.items if self.hit(rule, item)]
                if bad:
                    self.drop(tuple(bad), rule.id)
                    left = tuple(item for item in fact.items if item not in bad)
                    if not left:
                        return None
                    fact = fact.model_copy(update={"items": left})
            elif self.hit(rule, fact):
                self.drop(fact, rule.id)
                return None
        return self.trimmed(fact)

    def hit(self, rule: PrivacyRule, fact: AnyFact) -> bool:
        """Whether a value is what a rule speaks of."""
        if (rule.only and fact.field not in rule.only) or (rule.scope == "flag" and not (rule.icd or rule.words)):
            return False
        if isinstance(fact, Codes):
            return any(self.hit(rule, item) for item in fact.items)
        if isinstance(fact, Paper):
            return any(self.hit(rule, part) for part in fact.parts.values())
        if isinstance(fact, Coded) and rule.knows_disease(fact.code):
            return True
        return isinstance(fact, Text | Coded) and (rule.reads(fact.shown) or rule.reads(getattr(fact, "code", "")))

    def trimmed(self, fact: AnyFact) -> AnyFact:
        """Free text without what may not be told."""
        if isinstance(fact, Paper):
            parts = {name: self.trimmed(part) for name, part in fact.parts.items()}
            return fact.model_copy(update={"parts": parts})
        if not isinstance(fact, Text):
            return fact
        text = fact.value
        for rule in self.active:
            table, _, column = fact.source.partition(".")
            known = Cut(rule.id, table, fact.row or 1, column, fact.value, "").key in self.kept
            if rule.cut and not known:
                text = rule.cut_out(text, diseases=self.codes)
                if text != fact.value:
                    self.drop(fact, rule.id)
        return fact if text == fact.value else fact.model_copy(update={"value": text})

    def drop(self, value: Any, rule: str) -> None:
        """Note what goes."""
        for fact in _facts(value):
            self.gone.append(Withheld(fact.field, fact.source, fact.row, rule, fact.shown))


def _whole_visit(rule: PrivacyRule, dossier: Dossier, extra: Mapping[str, Any]) -> bool:
    if rule.scope == "row":
        return False
    if any(flag(extra, name) for name in rule.flags):
        return True
    if rule.scope == "flag":
        return False
    main = dossier.header.get("MA_BENH_CHINH", "")
    return rule.knows_disease(main) or any(dossier.rows(table) for table in rule.tables)


def _facts(value: Any) -> Iterator[AnyFact]:
    if isinstance(value, tuple):
        for one in value:
            yield from _facts(one)
    elif isinstance(value, Fact):
        yield value  # type: ignore[misc]  # the kinds of Fact are exactly AnyFact
    elif isinstance(value, BaseModel):
        yield from value.facts()  # type: ignore[attr-defined]  # rows of the book have it
