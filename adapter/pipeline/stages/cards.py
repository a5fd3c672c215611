"""What the register last said about a dossier's card, from the proofs of the reception desk."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from adapter.clock import VIETNAM, from_datetime12
from adapter.dossier.model import Dossier
from adapter.rules.context import CardLookup
from adapter.rules.values import instant, parts
from adapter.store.store import Store

_SAYS = {"usable": True, "negative": False}
_BEFORE = timedelta(days=1)
"""A card is looked up when the patient comes, or the day before."""


def card_answer(store: Store, dossier: Dossier) -> CardLookup | None:
    """The newest answer about one of its cards since the patient came; None when nobody asked."""
    return card_answers(store, dossier.facility, [dossier])[0]


def card_answers(store: Store, facility: str, found: Sequence[Dossier]) -> list[CardLookup | None]:
    """:func:`card_answer` for dossiers of one facility, in one query.

    The desk asks with number, name and birth date, and keeps which question got which answer, not the answer's
    content: that the register answered ``usable`` means that the three belong together.
    """
    asked = [_questions(dossier) for dossier in found]
    outcomes = store.lookups.latest_of(asked, facility=facility, service="card")
    return [CardLookup(valid=_SAYS[outcome]) if outcome in _SAYS else None for outcome in outcomes]


def _questions(dossier: Dossier) -> tuple[list[str], datetime]:
    """What the desk would have asked of this patient, and since when."""
    header = dossier.header
    came = instant(header.get("NGAY_VAO", ""))
    name = " ".join(header.get("HO_TEN", "").split())
    born = header.get("NGAY_SINH", "")[:8]
    if not came or not name or len(born) != 8:
        return [], datetime.max.replace(tzinfo=VIETNAM)
    day = f"{born[6:]}/{born[4:6]}/{born[:4]}"
    births = [born[:4]] if born[4:] == "0000" else [day, born[:4]]
    cards = [c.strip() for c in parts(header.get("MA_THE_BHYT", "")) if c.strip()]
    numbers = [*cards, *(c[5:] for c in cards), header.get("SO_CCCD", "")]
    questions = ["|".join((number, name, birth)) for number in numbers if number for birth in births]
    return questions, from_datetime12(came) - _BEFORE
