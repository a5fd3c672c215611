"""Seal again with the newest data key what earlier ones sealed: in small transactions, beside a service at work.

Nothing of the content changes. A value that someone else writes meanwhile is left to them, for they seal with
the newest key; whoever stops and starts again goes on with what is left, because a sealed value names its key.
The audit log's reasons stay as they are: its lines are never rewritten, so the earlier keys are to be kept.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache

from sqlalchemy import Column, ColumnElement, Table, and_, func, literal, select, tuple_, update

from adapter.catalogue.lists import specs
from adapter.store.book import books, entries
from adapter.store.book import schema as book
from adapter.store.catalogues import catalogues
from adapter.store.catalogues import schema as lists
from adapter.store.encounters import expected, intake
from adapter.store.history import history
from adapter.store.history import schema as past
from adapter.store.messages import messages
from adapter.store.messages import schema as received
from adapter.store.people import answers, users
from adapter.store.people import schema as people
from adapter.store.portal import imports, verdicts
from adapter.store.portal import schema as portal
from adapter.store.readiness import attestations
from adapter.store.readiness import schema as readiness
from adapter.store.tables import schema
from adapter.store.tables.database import Database
from adapter.store.work import claims, findings, first, settle
from adapter.vault import Vault

_HEAD_BYTES = 9


@dataclass(frozen=True, slots=True)
class _Place:
    """A column of sealed values, and the purpose they were sealed for. ``only``: rows of it that are sealed at all."""

    table: Table
    column: Column[bytes]
    purpose: str
    only: ColumnElement[bool] | None = None

    @property
    def name(self) -> str:
        return f"{self.table.name}.{self.column.name}"


@cache
def _places() -> tuple[_Place, ...]:
    personal = [spec.name for spec in specs().values() if spec.personal]
    found = (
        (schema.cursors, "key_sealed", intake.SOURCE_KEY),
        (schema.encounters, "key_sealed", intake.SOURCE_KEY),
        (schema.dossiers, "ma_lk_sealed", expected.MA_LK),
        (schema.findings, "text_sealed", findings._PURPOSE),
        (schema.attempts, "message_sealed", settle.MESSAGE),
        (schema.receipts, "thong_diep_sealed", settle.MESSAGE),
        (schema.tasks, "text_sealed", verdicts.TASK_TEXT),
        (schema.source_bodies, "body", intake.SOURCE_BODY),
        (schema.dossier_bodies, "body", first.DOSSIER_BODY),
        (schema.signed_bodies, "body", claims.SIGNED_BODY),
        (past.history_visits, "body", history._VISIT),
        (received.messages, "body", messages.BODY),
        (received.messages, "visit_sealed", messages.VISIT),
        (book.book_entries, "judged_sealed", entries.JUDGED),
        (book.book_entries, "extra_sealed", entries.EXTRA),
        (book.book_decisions, "decision_sealed", books.DECISION),
        (book.book_checks, "note_sealed", books.NOTE),
        (portal.portal_imports, "name_sealed", imports.FILE_NAME),
        (portal.sent_elsewhere, "ma_lk_sealed", expected.MA_LK),
        (people.users, "staff_sealed", users.STAFF),
        (people.answers, "body_sealed", answers.BODY),
        (readiness.attestations, "person_sealed", attestations._SEAL),
        (readiness.attestations, "note_sealed", attestations._SEAL),
    )
    return (
        *(_Place(table, table.c[column], purpose) for table, column, purpose in found),
        _Place(
            lists.catalogue_rows,
            lists.catalogue_rows.c.body,
            catalogues._SEALED,
            lists.catalogue_rows.c.list.in_(personal),
        ),
    )


def _literals(columns: Sequence[Column[object]], values: Sequence[object]) -> list[ColumnElement[object]]:
    return [literal(value, column.type) for column, value in zip(columns, values, strict=True)]


class Resealing:
    """Counts what an earlier key sealed, and seals it again."""

    def __init__(self, database: Database, vault: Vault) -> None:
        self._db = database
        self._vault = vault

    def left(self) -> dict[str, int]:
        """How many values an earlier key sealed, by ``table.column``; empty when there are none."""
        found = {}
        with self._db.read() as connection:
            for place in _places():
                statement = select(func.count()).select_from(place.table).where(*self._earlier(place))
                if count := int(connection.execute(statement).scalar_one()):
                    found[place.name] = count
        return found

    def run(
        self, *, batch: int = 200, most: int | None = None, stopping: Callable[[], bool] = lambda: False
    ) -> dict[str, int]:
        """Seal again, ``batch`` values a transaction, ``most`` in all; how many by ``table.column``.

        Raises VaultError for a value none of the key file's keys opens; what came before it is done.
        """
        done: dict[str, int] = {}
        for place in _places():
            for count in self._batches(place, batch):
                done[place.name] = done.get(place.name, 0) + count
                if stopping() or (most is not None and sum(done.values()) >= most):
                    return done
        return done

    def _batches(self, place: _Place, size: int) -> Iterator[int]:
        key = list(place.table.primary_key)
        after: tuple[object, ...] | None = None
        while True:
            beyond = () if after is None else (tuple_(*key) > tuple_(*_literals(key, after)),)
            with self._db.read() as connection:
                rows = connection.execute(
                    select(*key, place.column.label("sealed_value"))
                    .where(*self._earlier(place), *beyond)
                    .order_by(*key)
                    .limit(size)
                ).all()
            if not rows:
                return
            after = tuple(rows[-1][:-1])
            anew = [self._vault.seal(self._vault.open_(row[-1], place.purpose), place.purpose) for row in rows]
            count = 0
            with self._db.write() as connection:
                for row, value in zip(rows, anew, strict=True):
                    here = and_(*(column == part for column, part in zip(key, row[:-1], strict=True)))
                    count += connection.execute(
                        update(place.table).where(here, place.column == bytes(row[-1])).values({place.column: value})
                    ).rowcount
            yield count

    def _earlier(self, place: _Place) -> tuple[ColumnElement[bool], ...]:
        now = self._vault.head
        conditions: list[ColumnElement[bool]] = [
            place.column.is_not(None),
            func.substr(place.column, 1, _HEAD_BYTES) != now,
        ]
        if place.only is not None:
            conditions.append(place.only)
        return tuple(conditions)
