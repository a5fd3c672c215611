"""What may be asked of the list of dossiers, in which order, and from which place on."""

from __future__ import annotations

import base64
import binascii
import json
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any, Literal

from sqlalchemy import ColumnElement, Connection, Select, literal, tuple_

from adapter.store.states import State
from adapter.store.tables.schema import dossiers
from adapter.store.tables.types import Instant

Sort = Literal["deadline", "-deadline", "-changed"]
PURPOSES = ("claim", "book", "checkin")
STATES = tuple(s.value for s in State if s is not State.SUPERSEDED)
OVER = tuple(s.value for s in (State.ACCEPTED, State.SKIPPED))
OPEN = tuple(s for s in STATES if s not in OVER)


@dataclass(frozen=True, slots=True)
class Wanted:
    """What to list. ``facilities`` names every facility the reader may see; empty tuples and None do not filter.

    ``text``: MA_LK, card, personal number, or words of a name. ``after`` and ``before``: cursors of a page.
    """

    facilities: tuple[str, ...]
    purpose: str | None = None
    states: tuple[str, ...] = ()
    held: bool | None = None
    verdict: str | None = None
    rule: str | None = None
    text: str = ""
    day: date | None = None
    due_before: datetime | None = None
    sort: Sort = "deadline"
    limit: int = 50
    after: str | None = None
    before: str | None = None


@dataclass(frozen=True, slots=True)
class Page:
    """Lines as :class:`Queries` gives them, and the cursors around them. ``sorted_by`` may be ``-id`` (newest)."""

    rows: list[dict[str, Any]]
    next: str | None
    previous: str | None
    sorted_by: str


@dataclass(frozen=True, slots=True)
class Order:
    """A sort key and its direction; ``id`` makes it total."""

    name: str
    key: ColumnElement[Any]
    descending: bool

    def by(self) -> tuple[ColumnElement[Any], ...]:
        """What to ORDER BY."""
        keys = (self.key,) if self.name == "-id" else (self.key, dossiers.c.id)
        return tuple(key.desc() if self.descending else key.asc() for key in keys)

    def beyond(self, cursor: tuple[Any, int]) -> ColumnElement[bool]:
        """Rows behind this place, in this order."""
        if self.name == "-id":
            return self.key < cursor[1] if self.descending else self.key > cursor[1]
        place = tuple_(self.key, dossiers.c.id)
        value = literal(cursor[0], self.key.type)
        there = tuple_(value, literal(cursor[1], dossiers.c.id.type))
        return place < there if self.descending else place > there


ORDERS = {
    "deadline": Order("deadline", dossiers.c.deadline, descending=False),
    "-deadline": Order("-deadline", dossiers.c.deadline, descending=True),
    "-changed": Order("-changed", dossiers.c.updated_at, descending=True),
    "-id": Order("-id", dossiers.c.id, descending=True),
}


def walk(wanted: Wanted, order: Order) -> tuple[Order, tuple[Any, int] | None]:
    """The direction to go and the place to start from."""
    if wanted.before is not None:
        return replace(order, descending=not order.descending), _place(order, wanted.before)
    return order, _place(order, wanted.after) if wanted.after is not None else None


def cut(connection: Connection, statement: Select[Any], wanted: Wanted, order: Order) -> tuple[list[int], Order, bool]:
    """One page of a query's ids, the order, and whether there are more."""
    going, place = walk(wanted, order)
    if place is not None:
        statement = statement.where(going.beyond(place))
    ids = list(connection.execute(statement.order_by(*going.by()).limit(wanted.limit + 1)).scalars())
    return ids[: wanted.limit], order, len(ids) > wanted.limit


def cursor(order: Order, row: dict[str, Any]) -> str:
    """The place of a line in this order, for an address."""
    value = {"deadline": row["deadline"], "updated_at": row["updated_at"]}.get(_column(order), row["id"])
    return base64.urlsafe_b64encode(json.dumps([value, row["id"]]).encode()).decode().rstrip("=")


def _place(order: Order, cursor: str) -> tuple[Any, int] | None:
    try:
        value, identity = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        if isinstance(order.key.type, Instant):
            return datetime.fromisoformat(value), int(identity)
        return int(value), int(identity)
    except (ValueError, TypeError, binascii.Error):
        return None


def _column(order: Order) -> str:
    return str(getattr(order.key, "name", "id"))
