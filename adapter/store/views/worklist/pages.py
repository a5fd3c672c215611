"""Pages of dossiers for people: the cheapest way that finds them."""

from __future__ import annotations

from dataclasses import replace
from itertools import product
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, exists, func, select, union_all

from adapter.store.encounters.expected import MA_LK
from adapter.store.states import State
from adapter.store.tables.database import Database
from adapter.store.tables.schema import dossiers, findings, search_words
from adapter.store.views.queries import base_lines, line_of
from adapter.store.views.worklist import conditions
from adapter.store.views.worklist.conditions import (
    OF_A_PERSON,
    Words,
    filters,
    has_rule,
    having_word,
    is_word,
    of_runs,
    other,
    upto,
)
from adapter.store.views.worklist.runs import merged
from adapter.store.views.worklist.wanted import ORDERS, PURPOSES, STATES, Order, Page, Wanted, cursor, cut
from adapter.store.work.findings import opened
from adapter.vault import Vault, plain_words


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
            cursor(order, rows[-1]) if rows and has_next else None,
            cursor(order, rows[0]) if has_previous else None,
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
            counted = select(func.count()).select_from(of_runs(wanted, most).subquery())
            return int(connection.execute(counted).scalar_one())

    # ---- the three ways --------------------------------------------------------------------------

    def _ids(self, connection: Connection, wanted: Wanted) -> tuple[list[int], Order, bool]:
        order = ORDERS[wanted.sort]
        narrow = self._narrow(connection, wanted)
        if isinstance(narrow, list | Select):
            return self._small(connection, wanted, narrow, order)
        if narrow is not None:
            # Too many of them to sort: newest first, by the index that finds them.
            few = self._few_runs(connection, wanted)
            if few is not None:
                also = narrow.condition() if isinstance(narrow, Words) else narrow
                return self._small(connection, wanted, few, order, also)
            return self._dense(connection, wanted, narrow)
        if wanted.verdict is not None:
            return self._judged(connection, wanted, order)
        return self._runs(connection, wanted, order)

    def _narrow(
        self, connection: Connection, wanted: Wanted
    ) -> list[int] | Select[Any] | ColumnElement[bool] | Words | None:
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
            return found if upto(connection, found) <= conditions.SMALL else has_rule(wanted.rule)
        if wanted.day is not None:
            of_day = select(dossiers.c.id).where(
                dossiers.c.facility.in_(wanted.facilities), dossiers.c.first_day == wanted.day
            )
            return of_day if upto(connection, of_day) <= conditions.SMALL else dossiers.c.first_day == wanted.day
        return None

    def _by_text(self, connection: Connection, typed: str) -> list[int] | Select[Any] | Words:
        numbers = select(search_words.c.dossier_id).where(
            search_words.c.kind.in_(["card", "person"]),
            search_words.c.value.in_([self._vault.blind(typed, "card"), self._vault.blind(typed, "person")]),
        )
        known = select(dossiers.c.id).where(dossiers.c.ma_lk_blind == self._vault.blind(typed, MA_LK))
        ids = list(connection.execute(union_all(numbers, known).limit(OF_A_PERSON)).scalars())
        words = [self._vault.blind(word, "name") for word in plain_words(typed)]
        if ids or not words or any(c.isdigit() for c in typed):
            return ids
        sizes = {word: upto(connection, having_word(word)) for word in words}
        rarest = min(sizes, key=lambda w: sizes[w])
        others = [word for word in words if word != rarest]
        if sizes[rarest] > conditions.SMALL:
            return Words(rarest, tuple(others))
        found = having_word(rarest)
        for word in others:  # looked up for each dossier of the rarest: a common word is never gathered whole
            found = found.where(exists().where(other.c.dossier_id == search_words.c.dossier_id, *is_word(word, other)))
        return found

    def _small(
        self,
        connection: Connection,
        wanted: Wanted,
        ids: list[int] | Select[Any],
        order: Order,
        also: ColumnElement[bool] | None = None,
    ) -> tuple[list[int], Order, bool]:
        statement = select(dossiers.c.id).where(dossiers.c.id.in_(ids), *filters(wanted))
        if also is not None:
            statement = statement.where(also)
        return cut(connection, statement, wanted, order)

    def _few_runs(self, connection: Connection, wanted: Wanted) -> list[int] | None:
        """Ids of a rare state, flag or verdict; None when it is not rare or nothing of the kind is asked."""
        if not (wanted.states or wanted.held or wanted.verdict or wanted.due_before):
            return None
        if wanted.verdict is not None:
            some = select(dossiers.c.id).where(
                dossiers.c.facility.in_(wanted.facilities), dossiers.c.verdict == wanted.verdict
            )
            ids = list(connection.execute(some.limit(conditions.SMALL + 1)).scalars())
            return ids if len(ids) <= conditions.SMALL else None
        ids = list(connection.execute(of_runs(wanted, conditions.SMALL + 1)).scalars())
        return ids if len(ids) <= conditions.SMALL else None

    def _dense(
        self, connection: Connection, wanted: Wanted, narrow: ColumnElement[bool] | Words
    ) -> tuple[list[int], Order, bool]:
        if isinstance(narrow, Words):
            order = replace(ORDERS["-id"], key=search_words.c.dossier_id)
            walked = (
                select(search_words.c.dossier_id)
                .join(dossiers, dossiers.c.id == search_words.c.dossier_id)
                .where(*is_word(narrow.rarest), *filters(wanted))
            )
            for word in narrow.others:
                there = exists().where(other.c.dossier_id == search_words.c.dossier_id, *is_word(word, other))
                walked = walked.where(there)
            return cut(connection, walked, wanted, order)
        order = ORDERS["-id"]
        mine, *others = filters(wanted)
        if wanted.rule is not None and not self._db.is_postgres:
            # The newest first until the page is full; SQLite would rather sort all that the facility has.
            mine = func.coalesce(dossiers.c.facility, "").in_(wanted.facilities)
        return cut(connection, select(dossiers.c.id).where(narrow, mine, *others), wanted, order)

    def _judged(self, connection: Connection, wanted: Wanted, order: Order) -> tuple[list[int], Order, bool]:
        few = self._few_runs(connection, wanted)
        if few is not None:
            return self._small(connection, wanted, few, order)
        by_deadline = order if order.name != "-changed" else ORDERS["-deadline"]
        return merged(connection, wanted, by_deadline, ({"verdict": wanted.verdict},))

    def _runs(self, connection: Connection, wanted: Wanted, order: Order) -> tuple[list[int], Order, bool]:
        purposes = (wanted.purpose,) if wanted.purpose is not None else PURPOSES
        flags = (False, True) if wanted.held is None else (wanted.held,)
        keys = ({"purpose": p, "state": s, "held": h} for p, s, h in product(purposes, wanted.states or STATES, flags))
        return merged(connection, wanted, order, tuple(keys))

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
