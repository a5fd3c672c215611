"""The console's list of dossiers: search, filter, sort and paging that do not grow slow with the store.

Three ways to find a page, the cheapest wins: a *small set* (one person, one day, a rare rule or
state) is gathered and sorted; *runs* are short pieces of an index, one for each facility, purpose,
state and flag, merged; a *dense* search (a common name, a frequent rule) walks its index, newest
first. Nothing counts the whole table; pages are found by key, not by offset.
"""

from __future__ import annotations

import base64
import binascii
import json
from dataclasses import dataclass, replace
from datetime import date, datetime
from functools import lru_cache
from itertools import product
from typing import Any, Literal

from sqlalchemy import (
    ColumnElement,
    Connection,
    Select,
    TextClause,
    and_,
    bindparam,
    exists,
    func,
    literal,
    select,
    text,
    tuple_,
    union_all,
)

from adapter.store.states import State
from adapter.store.tables.database import Database
from adapter.store.tables.schema import dossiers, findings, search_words
from adapter.store.tables.types import Instant
from adapter.store.views.queries import base_lines, line_of
from adapter.store.work.findings import opened
from adapter.store.work.intake import MA_LK
from adapter.vault import Vault, plain_words

Sort = Literal["deadline", "-deadline", "-changed"]
PURPOSES = ("claim", "book", "checkin")
STATES = tuple(s.value for s in State if s is not State.SUPERSEDED)
OVER = tuple(s.value for s in (State.ACCEPTED, State.SKIPPED))
OPEN = tuple(s for s in STATES if s not in OVER)

_SMALL = 3000
"""Up to so many candidates are gathered and sorted; beyond, an index is walked."""
_OF_A_PERSON = 3000
"""More dossiers of one card or number than anybody can have."""
_FACILITIES_AT_ONCE = 6


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
class _Order:
    """A sort key and its direction; ``id`` makes it total."""

    name: str
    key: ColumnElement[Any]
    descending: bool

    def by(self) -> tuple[ColumnElement[Any], ...]:
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


_ORDERS = {
    "deadline": _Order("deadline", dossiers.c.deadline, descending=False),
    "-deadline": _Order("-deadline", dossiers.c.deadline, descending=True),
    "-changed": _Order("-changed", dossiers.c.updated_at, descending=True),
    "-id": _Order("-id", dossiers.c.id, descending=True),
}


class Worklist:
    """Pages of dossiers for people."""

    def __init__(self, database: Database, vault: Vault) -> None:
        self._db = database
        self._vault = vault

    def page(self, wanted: Wanted) -> Page:
        """One page. A cursor that is not one of ours is taken as the beginning."""
        with self._db.read() as connection:
            ids, order, more = self._ids(connection, wanted)
            rows = self._lines(connection, ids)
        backwards = wanted.before is not None
        if backwards:
            rows.reverse()
        has_next = more if not backwards else True
        has_previous = (more if backwards else wanted.after is not None) and bool(rows)
        return Page(
            rows,
            _cursor(order, rows[-1]) if rows and has_next else None,
            _cursor(order, rows[0]) if has_previous else None,
            order.name,
        )

    def places(
        self, facilities: tuple[str, ...], rule: str, *, field: str = "", limit: int = 200, offset: int = 0
    ) -> list[dict[str, Any]]:
        """Where an error keeps dossiers back, the soonest deadline first. ``field``: ``TABLE.FIELD`` narrows it."""
        statement = (
            select(
                findings,
                dossiers.c.id.label("dossier_id"),
                dossiers.c.ma_lk_sealed,
                dossiers.c.facility,
                dossiers.c.purpose,
                dossiers.c.deadline,
            )
            .join(dossiers, dossiers.c.revision_id == findings.c.revision_id)
            .where(
                findings.c.rule == rule,
                findings.c.severity == "error",
                dossiers.c.state == State.BLOCKED.value,
                dossiers.c.facility.in_(facilities),
            )
            .order_by(dossiers.c.deadline, dossiers.c.id, findings.c.id)
            .limit(limit)
            .offset(offset)
        )
        table, _, name = field.partition(".")
        if name:
            statement = statement.where(findings.c.table_name == table, findings.c.field == name)
        with self._db.read() as connection:
            return [
                {
                    "id": row.dossier_id,
                    "ma_lk": self._vault.open_text(row.ma_lk_sealed, MA_LK),
                    "facility": row.facility,
                    "purpose": row.purpose,
                    "deadline": row.deadline.isoformat(),
                    **one.to_dict(),
                }
                for row in connection.execute(statement)
                for one in (opened(row, self._vault),)
            ]

    def bounded(self, wanted: Wanted, most: int = 1000) -> int:
        """How many there are, counted up to ``most``; text and rule are not looked at."""
        with self._db.read() as connection:
            counted = select(func.count()).select_from(_of_runs(wanted, most).subquery())
            return int(connection.execute(counted).scalar_one())

    # ---- the three ways --------------------------------------------------------------------------

    def _ids(self, connection: Connection, wanted: Wanted) -> tuple[list[int], _Order, bool]:
        order = _ORDERS[wanted.sort]
        narrow = self._narrow(connection, wanted)
        if isinstance(narrow, list | Select):
            return self._small(connection, wanted, narrow, order)
        if narrow is not None:
            # Too many of them to sort: newest first, by the index that finds them.
            few = self._few_runs(connection, wanted)
            if few is not None:
                also = narrow.condition() if isinstance(narrow, _Words) else narrow
                return self._small(connection, wanted, few, order, also)
            return self._dense(connection, wanted, narrow)
        if wanted.verdict is not None:
            return self._judged(connection, wanted, order)
        return self._runs(connection, wanted, order)

    def _narrow(
        self, connection: Connection, wanted: Wanted
    ) -> list[int] | Select[Any] | ColumnElement[bool] | _Words | None:
        """Ids (or the query that gives them) when they are few, a condition or words when many, None without any."""
        if wanted.text.strip():
            return self._by_text(connection, wanted.text.strip())
        if wanted.rule is not None:
            found = (
                select(dossiers.c.id)
                .join(findings, findings.c.revision_id == dossiers.c.revision_id)
                .where(findings.c.rule == wanted.rule)
            )
            # Counted by finding: a dossier with hundreds of them makes the set dense a little sooner.
            return found if _upto(connection, found) <= _SMALL else _has_rule(wanted.rule)
        if wanted.day is not None:
            of_day = select(dossiers.c.id).where(
                dossiers.c.facility.in_(wanted.facilities), dossiers.c.first_day == wanted.day
            )
            return of_day if _upto(connection, of_day) <= _SMALL else dossiers.c.first_day == wanted.day
        return None

    def _by_text(self, connection: Connection, typed: str) -> list[int] | Select[Any] | _Words:
        numbers = select(search_words.c.dossier_id).where(
            search_words.c.kind.in_(["card", "person"]),
            search_words.c.value.in_([self._vault.blind(typed, "card"), self._vault.blind(typed, "person")]),
        )
        known = select(dossiers.c.id).where(dossiers.c.ma_lk_blind == self._vault.blind(typed, MA_LK))
        ids = list(connection.execute(union_all(numbers, known).limit(_OF_A_PERSON)).scalars())
        words = [self._vault.blind(word, "name") for word in plain_words(typed)]
        if ids or not words or any(c.isdigit() for c in typed):
            return ids
        sizes = {word: _upto(connection, _having(word)) for word in words}
        rarest = min(sizes, key=lambda w: sizes[w])
        others = [word for word in words if word != rarest]
        if sizes[rarest] > _SMALL:
            return _Words(rarest, tuple(others))
        found = _having(rarest)
        for word in others:  # looked up for each dossier of the rarest: a common word is never gathered whole
            found = found.where(exists().where(_other.c.dossier_id == search_words.c.dossier_id, *_is(word, _other)))
        return found

    def _small(
        self,
        connection: Connection,
        wanted: Wanted,
        ids: list[int] | Select[Any],
        order: _Order,
        also: ColumnElement[bool] | None = None,
    ) -> tuple[list[int], _Order, bool]:
        statement = select(dossiers.c.id).where(dossiers.c.id.in_(ids), *_filters(wanted))
        if also is not None:
            statement = statement.where(also)
        return _cut(connection, statement, wanted, order)

    def _few_runs(self, connection: Connection, wanted: Wanted) -> list[int] | None:
        """Ids of a rare state, flag or verdict; None when it is not rare or nothing of the kind is asked."""
        if not (wanted.states or wanted.held or wanted.verdict or wanted.due_before):
            return None
        if wanted.verdict is not None:
            some = select(dossiers.c.id).where(
                dossiers.c.facility.in_(wanted.facilities), dossiers.c.verdict == wanted.verdict
            )
            ids = list(connection.execute(some.limit(_SMALL + 1)).scalars())
            return ids if len(ids) <= _SMALL else None
        ids = list(connection.execute(_of_runs(wanted, _SMALL + 1)).scalars())
        return ids if len(ids) <= _SMALL else None

    def _dense(
        self, connection: Connection, wanted: Wanted, narrow: ColumnElement[bool] | _Words
    ) -> tuple[list[int], _Order, bool]:
        if isinstance(narrow, _Words):
            order = replace(_ORDERS["-id"], key=search_words.c.dossier_id)
            walked = (
                select(search_words.c.dossier_id)
                .join(dossiers, dossiers.c.id == search_words.c.dossier_id)
                .where(*_is(narrow.rarest), *_filters(wanted))
            )
            for word in narrow.others:
                there = exists().where(_other.c.dossier_id == search_words.c.dossier_id, *_is(word, _other))
                walked = walked.where(there)
            return _cut(connection, walked, wanted, order)
        order = _ORDERS["-id"]
        if wanted.rule is None:
            return _cut(connection, select(dossiers.c.id).where(narrow, *_filters(wanted)), wanted, order)
        # The newest first until the page is full; the key of the facility would lead to all of them.
        _, *others = _filters(wanted)
        unled = func.coalesce(dossiers.c.facility, "").in_(wanted.facilities)
        return _cut(connection, select(dossiers.c.id).where(narrow, unled, *others), wanted, order)

    def _judged(self, connection: Connection, wanted: Wanted, order: _Order) -> tuple[list[int], _Order, bool]:
        few = self._few_runs(connection, wanted)
        if few is not None:
            return self._small(connection, wanted, few, order)
        by_deadline = order if order.name != "-changed" else _ORDERS["-deadline"]
        return self._merged(connection, wanted, by_deadline, ({"verdict": wanted.verdict},))

    def _runs(self, connection: Connection, wanted: Wanted, order: _Order) -> tuple[list[int], _Order, bool]:
        purposes = (wanted.purpose,) if wanted.purpose is not None else PURPOSES
        flags = (False, True) if wanted.held is None else (wanted.held,)
        keys = ({"purpose": p, "state": s, "held": h} for p, s, h in product(purposes, wanted.states or STATES, flags))
        return self._merged(connection, wanted, order, tuple(keys))

    def _merged(
        self, connection: Connection, wanted: Wanted, order: _Order, keys: tuple[dict[str, Any], ...]
    ) -> tuple[list[int], _Order, bool]:
        walk, cursor = _walk(wanted, order)
        found: list[tuple[Any, int]] = []
        for start in range(0, len(wanted.facilities), _FACILITIES_AT_ONCE):
            part = wanted.facilities[start : start + _FACILITIES_AT_ONCE]
            shape = _Shape(
                len(part),
                tuple(tuple(key) for key in keys),
                order.name,
                walk.descending,
                cursor=cursor is not None,
                due=wanted.due_before is not None,
            )
            values: dict[str, Any] = {"most": wanted.limit + 1}
            values |= {f"f{n}": code for n, code in enumerate(part)}
            values |= {f"k{n}_{name}": value for n, key in enumerate(keys) for name, value in key.items()}
            if cursor is not None:
                values |= {"at": cursor[0], "at_id": cursor[1]}
            if wanted.due_before is not None:
                values["due"] = wanted.due_before
            found += [(row.key, row.id) for row in connection.execute(_union(shape), values)]
        found.sort(reverse=walk.descending)
        ids = [identity for _, identity in found]
        return ids[: wanted.limit], order, len(ids) > wanted.limit

    def _lines(self, connection: Connection, ids: list[int]) -> list[dict[str, Any]]:
        if not ids:
            return []
        rows = {row.id: row for row in connection.execute(base_lines().where(dossiers.c.id.in_(ids)))}
        blocked = [row.revision_id for row in rows.values() if row.state == State.BLOCKED.value]
        rules: dict[int, list[str]] = {}
        if blocked:
            for revision, rule in connection.execute(
                select(findings.c.revision_id, findings.c.rule)
                .where(findings.c.revision_id.in_(blocked), findings.c.severity == "error")
                .distinct()
                .order_by(findings.c.rule)
            ):
                rules.setdefault(revision, []).append(rule)
        return [
            {**line_of(rows[identity], self._vault), "rules": rules.get(rows[identity].revision_id, [])}
            for identity in ids
        ]


# ---- conditions ----------------------------------------------------------------------------------

_other = search_words.alias("other_words")


def _is(word: bytes, table: Any = search_words) -> tuple[ColumnElement[bool], ...]:
    return table.c.kind == "name", table.c.value == word


def _having(word: bytes) -> Select[Any]:
    return select(search_words.c.dossier_id).where(*_is(word))


@dataclass(frozen=True, slots=True)
class _Words:
    """Words of a name that very many dossiers have; the index of the rarest is walked, the others are looked up."""

    rarest: bytes
    others: tuple[bytes, ...]

    def condition(self) -> ColumnElement[bool]:
        """Every word, looked up for each dossier: its key leads there directly."""
        return and_(
            *(exists().where(search_words.c.dossier_id == dossiers.c.id, *_is(w)) for w in (self.rarest, *self.others))
        )


def _has_rule(rule: str) -> ColumnElement[bool]:
    return exists().where(findings.c.revision_id == dossiers.c.revision_id, findings.c.rule == rule)


def _upto(connection: Connection, statement: Select[Any]) -> int:
    counted = select(func.count()).select_from(statement.limit(_SMALL + 1).subquery())
    return int(connection.execute(counted).scalar_one())


def _filters(wanted: Wanted) -> list[ColumnElement[bool]]:
    """Everything but text and rule, as conditions on each row."""
    where: list[ColumnElement[bool]] = [dossiers.c.facility.in_(wanted.facilities)]
    if wanted.purpose is not None:
        where.append(dossiers.c.purpose == wanted.purpose)
    if wanted.states:
        where.append(dossiers.c.state.in_(wanted.states))
    if wanted.held is not None:
        where.append(dossiers.c.held if wanted.held else ~dossiers.c.held)
    if wanted.verdict is not None:
        where.append(dossiers.c.verdict == wanted.verdict)
    if wanted.rule is not None and wanted.text.strip():
        where.append(_has_rule(wanted.rule))
    return where + _beyond_runs(wanted)


def _beyond_runs(wanted: Wanted) -> list[ColumnElement[bool]]:
    """What a run's key does not say."""
    where: list[ColumnElement[bool]] = []
    if wanted.day is not None:
        where.append(dossiers.c.first_day == wanted.day)
    if wanted.due_before is not None:
        where.append(dossiers.c.deadline < wanted.due_before)
    return where


def _of_runs(wanted: Wanted, most: int) -> Select[Any]:
    """Ids of a state, flag or deadline, as many as asked for at most, in no order."""
    return (
        select(dossiers.c.id)
        .where(
            dossiers.c.facility.in_(wanted.facilities),
            dossiers.c.purpose.in_((wanted.purpose,) if wanted.purpose is not None else PURPOSES),
            dossiers.c.state.in_(wanted.states or STATES),
            dossiers.c.held.in_((False, True) if wanted.held is None else (wanted.held,)),
            *_beyond_runs(wanted),
        )
        .limit(most)
    )


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
    column = str(_ORDERS[shape.order].key.key)
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
    binds = [bindparam("at", type_=_ORDERS[shape.order].key.type)] * shape.cursor
    return statement.bindparams(*binds, *([bindparam("due", type_=Instant)] * shape.due))


# ---- pages ---------------------------------------------------------------------------------------


def _walk(wanted: Wanted, order: _Order) -> tuple[_Order, tuple[Any, int] | None]:
    """The direction to go and the place to start from."""
    if wanted.before is not None:
        return replace(order, descending=not order.descending), _place(order, wanted.before)
    return order, _place(order, wanted.after) if wanted.after is not None else None


def _cut(
    connection: Connection, statement: Select[Any], wanted: Wanted, order: _Order
) -> tuple[list[int], _Order, bool]:
    walk, cursor = _walk(wanted, order)
    if cursor is not None:
        statement = statement.where(walk.beyond(cursor))
    ids = list(connection.execute(statement.order_by(*walk.by()).limit(wanted.limit + 1)).scalars())
    return ids[: wanted.limit], order, len(ids) > wanted.limit


def _cursor(order: _Order, row: dict[str, Any]) -> str:
    value = {"deadline": row["deadline"], "updated_at": row["updated_at"]}.get(_column(order), row["id"])
    return base64.urlsafe_b64encode(json.dumps([value, row["id"]]).encode()).decode().rstrip("=")


def _place(order: _Order, cursor: str) -> tuple[Any, int] | None:
    try:
        value, identity = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        if isinstance(order.key.type, Instant):
            return datetime.fromisoformat(value), int(identity)
        return int(value), int(identity)
    except (ValueError, TypeError, binascii.Error):
        return None


def _column(order: _Order) -> str:
    return str(getattr(order.key, "name", "id"))


__all__ = ["OPEN", "PURPOSES", "STATES", "Page", "Sort", "Wanted", "Worklist"]
