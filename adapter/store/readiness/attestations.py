"""Attest, withdraw, list; and the counts of one facility that steps are proven by."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import func, insert, select, update

from adapter.store.book.schema import book_checks, book_entries
from adapter.store.people.audit import Audit, Entry
from adapter.store.people.schema import audit_head, users
from adapter.store.portal.schema import lookups
from adapter.store.readiness.schema import attestations
from adapter.store.states import State
from adapter.store.tables.database import Database
from adapter.store.tables.schema import dossiers, encounters, revisions
from adapter.vault import Vault

Kind = Literal["done", "not_applicable"]
_SEAL = "attestation"
_VISITS = ("claim", "book")


@dataclass(frozen=True, slots=True)
class Attestation:
    """Who vouches for a step of a facility, when, and in which words."""

    id: int
    facility: str
    step: int
    kind: Kind
    at: datetime
    actor: str
    person: str
    note: str


@dataclass(frozen=True, slots=True)
class Counts:
    """One facility since a moment. ``layouts``: layout → accepted revisions; ``looked_up``: service → answered.

    ``fields``: mean share of a visit's expected book fields that hold something, None without visits.
    """

    encounters: int
    layouts: Mapping[str, int]
    late: int
    looked_up: Mapping[str, int]
    shown: int
    good: int
    visits: int
    unreachable: int
    fields: float | None
    users: int
    audit_rows: int


class Attestations:
    """One row an attestation; the newest that stands counts."""

    def __init__(self, database: Database, vault: Vault, audit: Audit) -> None:
        self._db = database
        self._vault = vault
        self._audit = audit

    def add(
        self, facility: str, step: int, *, kind: Kind, person: str, note: str, actor: str, now: datetime
    ) -> Attestation:
        """Record one, with its line in the audit log."""
        with self._db.write() as connection:
            made = connection.execute(
                insert(attestations).values(
                    facility=facility,
                    step=step,
                    kind=kind,
                    at=now,
                    actor=actor,
                    person_sealed=self._vault.seal_text(person, _SEAL),
                    note_sealed=self._vault.seal_text(note, _SEAL),
                )
            ).inserted_primary_key
            self._audit.append(
                connection,
                Entry("readiness.attest", actor, facility=facility, kind="readiness", object=str(step), reason=note),
            )
        return Attestation(int(made[0]) if made else 0, facility, step, kind, now, actor, person, note)

    def withdraw(self, facility: str, step: int, *, actor: str, reason: str, now: datetime) -> int:
        """Take back what stands for a step; how many there were."""
        with self._db.write() as connection:
            done = connection.execute(
                update(attestations)
                .where(
                    attestations.c.facility == facility,
                    attestations.c.step == step,
                    attestations.c.withdrawn_at.is_(None),
                )
                .values(withdrawn_at=now, withdrawn_by=actor)
            )
            if done.rowcount:
                self._audit.append(
                    connection,
                    Entry(
                        "readiness.withdraw", actor, facility=facility, kind="readiness", object=str(step),
                        reason=reason,
                    ),
                )  # fmt: skip
        return int(done.rowcount)

    def standing(self, facility: str) -> dict[int, Attestation]:
        """The newest attestation of each step that nobody took back."""
        statement = (
            select(attestations)
            .where(attestations.c.facility == facility, attestations.c.withdrawn_at.is_(None))
            .order_by(attestations.c.id)
        )
        with self._db.read() as connection:
            rows = connection.execute(statement).all()
        return {
            row.step: Attestation(
                row.id,
                row.facility,
                row.step,
                row.kind,
                row.at,
                row.actor,
                self._vault.open_text(row.person_sealed, _SEAL),
                self._vault.open_text(row.note_sealed, _SEAL),
            )
            for row in rows
        }

    def counts(self, facility: str, *, since: datetime, now: datetime) -> Counts:
        """What the store itself can say about a facility's way."""
        mine = revisions.c.facility == facility
        accepted = (mine, revisions.c.accepted_at >= since, revisions.c.purpose.in_(_VISITS))
        book = (book_entries.c.facility == facility, book_entries.c.saved_at >= since)
        with self._db.read() as connection:

            def one(statement: Any) -> int:
                return int(connection.execute(statement).scalar_one() or 0)

            def table(statement: Any) -> dict[str, int]:
                return {str(key): int(count) for key, count in connection.execute(statement)}

            filled = [
                len(row.filled.split()) / max(1, len(row.filled.split()) + len(row.empty.split()))
                for row in connection.execute(
                    select(book_entries.c.filled, book_entries.c.empty)
                    .where(*book)
                    .order_by(book_entries.c.saved_at.desc())
                    .limit(1000)
                )
            ]
            return Counts(
                encounters=one(select(func.count()).select_from(encounters).where(encounters.c.facility == facility)),
                layouts=table(
                    select(revisions.c.standard, func.count()).where(*accepted).group_by(revisions.c.standard)
                ),
                late=one(
                    select(func.count())
                    .select_from(dossiers)
                    .where(
                        dossiers.c.facility == facility,
                        dossiers.c.deadline <= now,
                        dossiers.c.state.not_in([State.ACCEPTED.value, State.SKIPPED.value, State.SUPERSEDED.value]),
                    )
                ),
                looked_up=table(
                    select(lookups.c.service, func.count())
                    .where(
                        lookups.c.facility == facility,
                        lookups.c.asked_at >= since,
                        lookups.c.outcome.in_(("usable", "negative")),
                    )
                    .group_by(lookups.c.service)
                ),
                shown=one(
                    select(func.count())
                    .select_from(book_checks.join(dossiers, dossiers.c.id == book_checks.c.dossier_id))
                    .where(
                        dossiers.c.facility == facility,
                        book_checks.c.seen_at >= since,
                        book_checks.c.outcome == "shown",
                    )
                ),
                good=one(select(func.count()).select_from(revisions).where(mine, revisions.c.verdict == "good")),
                visits=len(filled),
                unreachable=one(
                    select(func.count()).select_from(book_entries).where(*book, book_entries.c.reach != "ok")
                ),
                fields=sum(filled) / len(filled) if filled else None,
                users=one(select(func.count()).select_from(users).where(users.c.disabled_at.is_(None))),
                audit_rows=one(select(func.max(audit_head.c.seq))),
            )
