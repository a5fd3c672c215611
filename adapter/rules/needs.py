"""What a rule waits for: the words of the catalogue's ``needs`` column, answered from the context."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from adapter.rules.values import as_date
from adapter.rules.view import View

# The standard itself or a stated default in Options always provides these.
_ALWAYS = frozenset(
    {"field dictionary", "code list", "holiday calendar", "facility config", "parameter", "parameter: max days"}
    | {"parameter: base salary by date", "parameter: minimum minutes"}
)

CATALOGUES: Mapping[str, tuple[str, ...]] = {
    "icd10": ("icd10",),
    "icd10 with flags": ("icd10",),
    "yhct": ("yhct",),
    "facilities": ("facilities",),
    "card prefixes": ("card_prefixes",),
    "administrative units": ("provinces", "communes"),
    "occupations": ("occupations",),
    "staff": ("staff",),
    "staff schedule": ("staff",),
    "departments": ("departments",),
    "icd9cm": ("icd9cm",),
    "TT01 appendix I": ("tt01_i",),
    "TT01 appendix II": ("tt01_ii",),
    "drugs": ("drugs",),
    "drug-ICD": ("drugs",),
    "services": ("services",),
    "services needing machine": ("services",),
    "service restrictions": ("services",),
    "supplies": ("supplies",),
    "equipment": ("equipment",),
    "card groups": ("transport_cards",),
    "exclusions": ("exclusions",),
}
"""Catalogue named by a need → lists asked of :class:`~adapter.rules.context.Catalogues`."""

_PARTS: Mapping[str, Callable[[View], bool]] = {
    "clock": lambda v: v.context.at is not None,
    "history": lambda v: v.context.history is not None,
    "send history": lambda v: v.context.history is not None,
    "facility profile": lambda v: v.context.facility is not None,
    "card look-up result": lambda v: v.context.card is not None,
}


def unmet(needs: Iterable[str], view: View) -> Mapping[str, str]:
    """Need → what is waited for, in the catalogue's words, for those that are not met."""
    catalogues = view.context.catalogues
    day = view.ra or view.vao or view.now
    on = as_date(day) if day else None
    found: dict[str, str] = {}
    for need in needs:
        if need in _ALWAYS:
            continue
        known = _PARTS.get(need)
        if known is not None:
            if not known(view):
                found[need] = need
            continue
        name = need.removeprefix("catalogue: ")
        lists = CATALOGUES.get(name)
        if lists is None:
            found[need] = need
        elif catalogues is None or on is None or not all(catalogues.has(one, on) for one in lists):
            found[need] = f"catalogue: {name}"
    return found
