"""Short pieces of an index, one for each facility, purpose, state and flag, merged into a page."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from sqlalchemy import Connection, TextClause, bindparam, text

from adapter.store.tables.types import Instant
from adapter.store.views.worklist.wanted import ORDERS, Order, Wanted, walk

_FACILITIES_AT_ONCE = 6


def merged(
    connection: Connection, wanted: Wanted, order: Order, keys: tuple[dict[str, Any], ...]
) -> tuple[list[int], Order, bool]:
    """Ids of one page, the order, and whether there are more. ``keys``: what a run's entries have in common."""
    going, place = walk(wanted, order)
    found: list[tuple[Any, int]] = []
    for start in range(0, len(wanted.facilities), _FACILITIES_AT_ONCE):
        part = wanted.facilities[start : start + _FACILITIES_AT_ONCE]
        shape = _Shape(
            len(part),
            tuple(tuple(key) for key in keys),
            order.name,
            going.descending,
            cursor=place is not None,
            due=wanted.due_before is not None,
        )
        values: dict[str, Any] = {"most": wanted.limit + 1}
        values |= {f"f{n}": code for n, code in enumerate(part)}
        values |= {f"k{n}_{name}": value for n, key in enumerate(keys) for name, value in key.items()}
        if place is not None:
            values |= {"at": place[0], "at_id": place[1]}
        if wanted.due_before is not None:
            values["due"] = wanted.due_before
        found += [(row.key, row.id) for row in connection.execute(_union(shape), values)]
    found.sort(reverse=going.descending)
    ids = [identity for _, identity in found]
    return ids[: wanted.limit], order, len(ids) > wanted.limit


@dataclass(frozen=True, slots=True)
class _Shape:
    """What the text of a merged walk depends on; its values are bound apart."""

    facilities: int
    keys: tuple[tuple[str, ...], ...]
    order: str
    descending: bool
    cursor: bool
    due: bool


@lru_cache(maxsize=256)
def _union(shape: _Shape) -> TextClause:
    """One short piece of an index for each facility and key, merged.

    Written as text: building it from parts costs more than running it. Every name in it is a column of ours.
    """
    column = str(ORDERS[shape.order].key.key)
    way, beyond = ("DESC", "<") if shape.descending else ("ASC", ">")
    conditions = [f"({column}, id) {beyond} (:at, :at_id)"] * shape.cursor + ["deadline < :due"] * shape.due
    runs = []
    for number in range(shape.facilities):
        for index, key in enumerate(shape.keys):
            where = [f"facility = :f{number}", *(f"{name} = :k{index}_{name}" for name in key), *conditions]
            runs.append(
                f"SELECT * FROM (SELECT {column} AS key, id FROM dossiers WHERE {' AND '.join(where)} "  # noqa: S608
                f"ORDER BY {column} {way}, id {way} LIMIT :most) AS r{number}_{index}"
            )
    together = " UNION ALL ".join(runs)
    statement = text(f"SELECT key, id FROM ({together}) AS runs ORDER BY key {way}, id {way} LIMIT :most")  # noqa: S608
    binds = [bindparam("at", type_=ORDERS[shape.order].key.type)] * shape.cursor
    return statement.bindparams(*binds, *([bindparam("due", type_=Instant)] * shape.due))
