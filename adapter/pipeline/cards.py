"""What the register last said about a dossier's card, from the proofs of the reception desk."""

from __future__ import annotations

from datetime import timedelta

from adapter.clock import from_datetime12
from adapter.dossier.model import Dossier
from adapter.rules.context import CardLookup
from adapter.rules.values import instant, parts
from adapter.store.store import Store

_SAYS = {"usable": True, "negative": False}
_BEFORE = timedelta(days=1)
"""A card is looked up when the patient comes, or the day before."""


def card_answer(store: Store, dossier: Dossier) -> CardLookup | None:
    """The newest answer about one of its cards since the patient came; None when nobody asked.

    The desk asks with number, name and birth date, and keeps which question got which answer, not the answer's
    content: that the register answered ``usable`` means that the three belong together.
    """
    header = dossier.header
    came = instant(header.get("NGAY_VAO", ""))
    name = " ".join(header.get("HO_TEN", "").split())
    born = header.get("NGAY_SINH", "")[:8]
    if not came or not name or len(born) != 8:
        return None
    day = f"{born[6:]}/{born[4:6]}/{born[:4]}"
    births = [born[:4]] if born[4:] == "0000" else [day, born[:4]]
    cards = [c.strip() for c in parts(header.get("MA_THE_BHYT", "")) if c.strip()]
    numbers = [*cards, *(c[5:] for c in cards), header.get("SO_CCCD", "")]
    questions = ["|".join((number, name, birth)) for number in numbers if number for birth in births]
    outcome = store.lookups.latest(
        questions, facility=dossier.facility, service="card", since=from_datetime12(came) - _BEFORE
    )
    return CardLookup(valid=_SAYS[outcome]) if outcome in _SAYS else None
