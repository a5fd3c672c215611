"""May this dossier leave? Judged before signing, from rules and the decisions people have recorded.

An insured claim never loses a table, row, code or amount here: the most that happens is that it waits, and that a
person accepts a shorter text in an element that holds free text.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Literal

from adapter.dossier.model import Dossier, Purpose
from adapter.healthbook.privacy.rules import Haystack, PrivacyRule, PrivacyRules

DecisionKind = Literal["send", "withhold", "show", "accept", "keep"]


@dataclass(frozen=True, slots=True)
class Decision:
    """What a person decided about one rule of one visit, and on what ground.

    ``send`` lets it leave, ``withhold`` keeps a self-paid visit back for good, ``show`` lets it be seen;
    ``accept`` takes a proposed text, ``keep`` the old one: both name the text by :attr:`Cut.key`.
    """

    rule: str
    kind: DecisionKind
    ground: str
    actor: str
    at: datetime
    text_key: str = ""


@dataclass(frozen=True, slots=True)
class Cut:
    """One element whose text tells too much, and the text proposed instead. ``row`` counts from 1."""

    rule: str
    table: str
    row: int
    field: str
    old: str
    new: str

    @property
    def key(self) -> str:
        """Names this very text in this very element; no row number, rows move."""
        return hashlib.sha256(f"{self.table}.{self.field}|{self.old}".encode()).hexdigest()[:32]


@dataclass(frozen=True, slots=True)
class Judgement:
    """``dossier`` as it may leave. ``waiting``: rules a person must decide; ``withheld``: rules that keep it back."""

    dossier: Dossier
    matched: tuple[str, ...]
    waiting: tuple[str, ...]
    withheld: tuple[str, ...]
    cuts: tuple[Cut, ...]


def judge(
    dossier: Dossier, extra: Mapping[str, Any], rules: PrivacyRules, decisions: Sequence[Decision] = ()
) -> Judgement:
    """Which rules match a dossier and what follows for sending it."""
    insured = dossier.purpose is not Purpose.BOOK
    matched, waiting, withheld = [], [], []
    cuts: list[Cut] = []
    decided = {(d.rule, d.kind, d.text_key) for d in decisions}
    known = tuple(diseases(dossier, rules))
    # A file that other software signed leaves as it came: no text of it can be changed any more.
    settling = ("keep",) if dossier.document is not None else ("accept", "keep")
    texts = frozenset((*_texts(dossier, rules.free_text), *_texts(dossier, rules.names), *extra_texts(extra)))
    words = rules.quiet.loud(texts)
    for rule in rules.rules:
        if rule.cut:
            found = list(proposals(dossier, rule, rules, known)) if rule.may_cut(texts, words, known) else []
            cuts += found
            open_cuts = [c for c in found if not {(rule.id, k, c.key) for k in settling} & decided]
            if found:
                matched.append(rule.id)
            if open_cuts:
                waiting.append(rule.id)
            continue
        if not _matches(dossier, extra, rule, known, words):
            continue
        matched.append(rule.id)
        way = rule.claim if insured else rule.self_paid
        consented = rule.consent_lifts and flag(extra, "consent")
        if way == "never" or (not insured and (rule.id, "withhold", "") in decided):
            withheld.append(rule.id)
        elif way == "hold" and not consented and (rule.id, "send", "") not in decided:
            waiting.append(rule.id)
    accepted = [c for c in cuts if "accept" in settling and (c.rule, "accept", c.key) in decided]
    return Judgement(
        _with_texts(dossier, accepted, rules), tuple(matched), tuple(waiting), tuple(withheld), tuple(cuts)
    )


def _matches(
    dossier: Dossier, extra: Mapping[str, Any], rule: PrivacyRule, known: Sequence[str], words: Haystack
) -> bool:
    """Whether anything of a dossier is what a rule speaks of."""
    if any(flag(extra, name) for name in rule.flags) or any(dossier.rows(table) for table in rule.tables):
        return True
    if rule.icd and any(rule.knows_disease(code) for code in known):
        return True
    return words.holds(rule.words)


def _texts(dossier: Dossier, places: Mapping[str, Sequence[str]]) -> dict[str, None]:
    """What stands in these elements, each text once, in the order they are met."""
    tables = ((dossier.rows(table), names) for table, names in places.items())
    return {row.get(name, ""): None for rows, names in tables if rows for name in names for row in rows}


def proposals(dossier: Dossier, rule: PrivacyRule, rules: PrivacyRules, known: Sequence[str]) -> Iterator[Cut]:
    """Each free text that tells too much, with the text proposed. ``known``: diseases of the visit."""
    for table, names in rules.free_text.items():
        for number, row in enumerate(dossier.rows(table), start=1):
            for name in names:
                old = row.get(name, "")
                new = rule.cut_out(old, diseases=known) if old else old
                if new != old:
                    yield Cut(rule.id, table, number, name, old, new)


def diseases(dossier: Dossier, rules: PrivacyRules) -> Iterator[str]:
    """Every ICD-10 code of a dossier, each once."""
    values = _texts(dossier, rules.diseases)
    yield from dict.fromkeys(code for value in values for part in value.split(";") if (code := part.strip()))


def flag(extra: Mapping[str, Any], name: str) -> bool:
    """Whether the HIS put up a flag of section ``privacy``."""
    section = extra.get("privacy")
    return isinstance(section, Mapping) and str(section.get(name) or "") == "1"


def extra_texts(extra: Mapping[str, Any]) -> Iterator[str]:
    """Words of the further facts."""
    for name, section in extra.items():
        if name == "privacy":
            continue
        for row in [section] if isinstance(section, Mapping) else section:
            yield from (str(value) for value in row.values() if value)


def _with_texts(dossier: Dossier, cuts: Sequence[Cut], rules: PrivacyRules) -> Dossier:
    """Accepted texts put in their places, and nothing else anywhere."""
    if not cuts:
        return dossier
    tables = {table: [dict(row) for row in rows] for table, rows in dossier.tables.items()}
    for cut in cuts:
        if cut.field in rules.free_text.get(cut.table, ()):
            row = tables[cut.table][cut.row - 1]
            known = tuple(diseases(dossier, rules))
            rule = next(r for r in rules.rules if r.id == cut.rule)
            row[cut.field] = rule.cut_out(row[cut.field], diseases=known)
    return replace(dossier, tables=tables)
