"""One person's data: handed over as a whole, and erased as far as the law lets it go.

Found by card, citizen or insurance number exactly, never by name. Erased is what was kept for work alone: what
was read, the unsigned content, further facts of the health book, the words of the name. Kept is what a decree
asks to keep: signed documents until their retention ends, receipts, events and the audit log; and everything of a
dossier that is not over, because a claim under way is not this hospital's to take away.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, delete, exists, select, update

from adapter.clock import Clock
from adapter.dossier.model import Dossier
from adapter.dossier.shown import laid_out
from adapter.store.book.schema import book_entries
from adapter.store.encounters.expected import MA_LK
from adapter.store.people.audit import Audit, Entry
from adapter.store.states import State
from adapter.store.tables.database import Database
from adapter.store.tables.schema import (
    dossier_bodies,
    dossiers,
    encounters,
    revisions,
    search_words,
    signed_bodies,
    source_bodies,
    tasks,
)
from adapter.store.tables.statements import Facilities, only
from adapter.store.views.queries import Queries
from adapter.vault import Vault

_OVER = (State.ACCEPTED.value, State.SKIPPED.value)
_FINAL = (State.ACCEPTED.value, State.SKIPPED.value, State.SUPERSEDED.value)


@dataclass(frozen=True, slots=True)
class Erased:
    """What became of one dossier. ``kept``: why nothing was erased, empty when it was; ``signed_until``: ISO."""

    dossier_id: int
    facility: str
    kept: str
    source: int = 0
    content: int = 0
    facts: int = 0
    signed: int = 0
    signed_until: str | None = None


class Persons:
    """Export and erase."""

    def __init__(self, database: Database, vault: Vault, clock: Clock, audit: Audit) -> None:
        self._db = database
        self._vault = vault
        self._clock = clock
        self._audit = audit

    def export(self, number: str, *, reason: str, actor: str, facilities: Facilities = None) -> list[dict[str, Any]]:
        """Everything kept about a person, by dossier, unmasked; recorded before it is handed over."""
        with self._db.write() as connection:
            rows = self._of(connection, number, facilities)
            for row in rows:
                self._write_down(connection, "person.export", row, reason, actor)
            if not rows:
                self._nothing(connection, "person.export", number, reason, actor)
        queries = Queries(self._db, self._vault)
        found = []
        for row in rows:
            shown = queries.show(row.id)
            if shown is not None:
                tables = {one["number"]: self._tables(queries.dossier(one["id"])) for one in shown["revisions"]}
                found.append({**shown, "tables": tables})
        return found

    def erase(self, number: str, *, reason: str, actor: str, facilities: Facilities = None) -> list[Erased]:
        """Erase what may go, in one transaction with its record; what became of each dossier."""
        with self._db.write() as connection:
            rows = self._of(connection, number, facilities)
            found = [self._erase(connection, row) for row in rows]
            for row, one in zip(rows, found, strict=True):
                detail = {"kept": one.kept, "source": one.source, "content": one.content, "facts": one.facts}
                self._write_down(connection, "person.erase", row, reason, actor, **detail, signed=one.signed)
            if not rows:
                self._nothing(connection, "person.erase", number, reason, actor)
        return found

    def _of(self, connection: Connection, number: str, facilities: Facilities) -> list[Row[Any]]:
        values = [self._vault.blind(number.strip(), kind) for kind in ("card", "person")]
        has = exists().where(
            search_words.c.dossier_id == dossiers.c.id,
            search_words.c.kind.in_(["card", "person"]),
            search_words.c.value.in_(values),
        )
        statement = only(select(dossiers).where(has), dossiers.c.facility, facilities).order_by(dossiers.c.id)
        return list(connection.execute(statement.with_for_update()).all())

    def _erase(self, connection: Connection, row: Row[Any]) -> Erased:
        if kept := self._why_kept(connection, row):
            return Erased(row.id, row.facility, kept)
        now = self._clock()
        mine = select(revisions.c.id).where(revisions.c.dossier_id == row.id)
        others = exists().where(
            dossiers.c.encounter_id == row.encounter_id, dossiers.c.id != row.id, dossiers.c.state.not_in(_OVER)
        )
        pending = exists().where(encounters.c.id == row.encounter_id, encounters.c.pending)
        source = connection.execute(
            delete(source_bodies).where(source_bodies.c.encounter_id == row.encounter_id, ~others, ~pending)
        ).rowcount
        content = connection.execute(delete(dossier_bodies).where(dossier_bodies.c.revision_id.in_(mine))).rowcount
        facts = connection.execute(
            update(book_entries)
            .where(book_entries.c.dossier_id == row.id, book_entries.c.extra_sealed.is_not(None))
            .values(extra_sealed=None)
        ).rowcount
        ended = signed_bodies.c.keep_until < now
        signed = connection.execute(delete(signed_bodies).where(signed_bodies.c.revision_id.in_(mine), ended)).rowcount
        connection.execute(
            delete(search_words).where(search_words.c.dossier_id == row.id, search_words.c.kind == "name")
        )
        until = connection.execute(
            select(signed_bodies.c.keep_until)
            .where(signed_bodies.c.revision_id.in_(mine))
            .order_by(signed_bodies.c.keep_until.desc())
        ).scalars()
        last = next(iter(until), None)
        return Erased(row.id, row.facility, "", source, content, facts, signed, last.isoformat() if last else None)

    def _why_kept(self, connection: Connection, row: Row[Any]) -> str:
        if row.state not in _OVER or row.held:
            return "held" if row.held else f"state {row.state}"
        under_way = select(revisions.c.state).where(revisions.c.dossier_id == row.id, revisions.c.state.not_in(_FINAL))
        if (state := connection.execute(under_way).scalars().first()) is not None:
            return f"state {state}"
        to_correct = select(tasks.c.id).where(tasks.c.dossier_id == row.id, tasks.c.closed_at.is_(None))
        return "correction due" if connection.execute(to_correct).first() is not None else ""

    def _tables(self, dossier: Dossier | None) -> dict[str, list[dict[str, str]]] | None:
        return None if dossier is None else laid_out(dossier)

    def _write_down(
        self, connection: Connection, action: str, row: Row[Any], reason: str, actor: str, **detail: Any
    ) -> None:  # fmt: skip
        entry = Entry(
            action,
            actor,
            facility=row.facility,
            kind="dossier",
            object=str(row.id),
            about=self._vault.open_text(row.ma_lk_sealed, MA_LK),
            reason=reason,
            detail=detail,
        )
        self._audit.append(connection, entry)

    def _nothing(self, connection: Connection, action: str, number: str, reason: str, actor: str) -> None:
        entry = Entry(action, actor, kind="person", about=number, reason=reason, outcome="nothing")
        self._audit.append(connection, entry)
