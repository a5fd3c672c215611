"""What translate adds for the health book: further facts, what is missing, and whether a rule keeps a dossier back."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from adapter.clock import from_datetime12
from adapter.dossier.model import Dossier
from adapter.errors import BhytError
from adapter.healthbook.completeness import assess
from adapter.healthbook.privacy import Decision, Judgement, judge, load_rules
from adapter.settings import Settings
from adapter.source import SourceEncounter
from adapter.store.book.unit import BookUnit

FACTS = "facts"
"""Stands among the waiting rules when the flags of the HIS could not be read: nobody knows what they would say."""
WITHHELD = "not sent: a privacy rule, or a decision that is recorded"
"""Why a visit is skipped; which rule is sealed."""


def further_facts(
    plan: Any, encounter: SourceEncounter, *, facility: str, now: datetime
) -> tuple[Mapping[str, Any], BhytError | None]:
    """What the mapping's ``healthbook:`` says; an error of it is handed back, it must not stop a claim."""
    try:
        return plan.healthbook(encounter, facility=facility, now=now), None
    except BhytError as error:
        return {}, error


def judged(
    settings: Settings,
    dossier: Dossier,
    extra: Mapping[str, Any],
    decisions: Callable[[], Sequence[Decision]],
) -> Judgement:
    """The privacy rules over a dossier; ``decisions`` is asked only when there is something to decide."""
    own = settings.book.privacy_rules
    rules = load_rules(settings.path(own) if own else None)
    first = judge(dossier, extra, rules)
    if not (first.waiting or first.withheld or first.cuts):
        return first
    return judge(dossier, extra, rules, decisions())


def book_unit(
    dossier: Dossier, extra: Mapping[str, Any], judgement: Judgement, *, error: BhytError | None, flags_mapped: bool
) -> BookUnit:
    """A visit's line for the store. Unreadable flags make it wait: they might have said state secret."""
    header = dossier.header
    waiting = [*judgement.waiting, *([FACTS] if error is not None and flags_mapped else [])]
    return BookUnit(
        extra=extra,
        completeness=assess(dossier, extra),
        insured=bool(header.get("MA_THE_BHYT")),
        visit_type=header.get("MA_LOAI_KCB", ""),
        ended_at=_instant(header.get("NGAY_RA", "")),
        judged={
            "matched": list(judgement.matched),
            "waiting": waiting,
            "withheld": list(judgement.withheld),
            "cuts": [
                {
                    "rule": cut.rule,
                    "table": cut.table,
                    "row": cut.row,
                    "field": cut.field,
                    "old": cut.old,
                    "new": cut.new,
                    "key": cut.key,
                }
                for cut in judgement.cuts
            ],
            **({"facts_error": error.to_dict()} if error is not None else {}),
        },
    )


def _instant(text: str) -> datetime | None:
    try:
        return from_datetime12(text) if text else None
    except ValueError:
        return None  # a broken date is the rules' to name; here it only cannot be counted in a half-year
