"""Comparing a paper's copy of a header field with XML1."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from adapter.rules.registry import Hit
from adapter.rules.values import norm, parts
from adapter.rules.view import Row, View

_TEXT = frozenset({"HO_TEN", "DIA_CHI", "CHAN_DOAN_RV"})


def differing(
    v: View, row: Row, fields: Iterable[str], *, names: Mapping[str, str] | None = None, lists: Iterable[str] = ()
) -> Iterator[Hit]:
    """Fields filled on both sides that differ. ``names``: the field's name in XML1 where it is another.

    Names and free text are compared after trimming and joining blanks, codes exactly; of a field in
    ``lists`` the XML1 value must be among the ``;``-parts.
    """
    several = frozenset(lists)
    for field in fields:
        mine, theirs = row[field], v.x1[(names or {}).get(field, field)]
        if not mine or not theirs:
            continue
        if field in several:
            same = theirs in parts(mine)
        elif field in _TEXT:
            same = norm(mine) == norm(theirs)
        elif field == "MA_NGHE_NGHIEP":
            # XML13 kept five digits where XML1 has two.
            same = mine[:2] == theirs[:2]
        else:
            same = mine == theirs
        if not same:
            # The other value is not shown: it is the patient's, and messages stay readable to anyone.
            yield Hit(field, table=row.table, row=row.number)
