"""Answers kept by the caller's idempotency key: the same write asked for twice is done once."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import delete, insert, select, update
from sqlalchemy.exc import IntegrityError

from adapter.clock import Clock
from adapter.store.people.schema import answers
from adapter.store.tables.database import Database
from adapter.vault import Vault

KEY, BODY = "idempotency-key", "idempotent-answer"
KEPT = timedelta(hours=24)
BROKEN_OFF = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Earlier:
    """What is known of a key: ``same`` request or another; ``status`` None while its first is at work."""

    same: bool
    status: int | None
    body: bytes


class Answers:
    """Reserve a key before the work, keep its answer after."""

    def __init__(self, database: Database, vault: Vault, clock: Clock) -> None:
        self._db = database
        self._vault = vault
        self._clock = clock

    def begin(self, caller: str, key: str, request_hash: str) -> Earlier | None:
        """None: the key is this request's now, do the work. Else what is known from the first time."""
        now, blind = self._clock(), self._vault.blind(key, KEY)
        row = {"caller": caller, "key_blind": blind, "request_hash": request_hash, "at": now}
        try:
            with self._db.write() as connection:
                connection.execute(delete(answers).where(answers.c.at < now - KEPT))
                # Work that never came to an answer (the process died) may be asked for again.
                connection.execute(
                    delete(answers).where(
                        answers.c.caller == caller,
                        answers.c.key_blind == blind,
                        answers.c.status.is_(None),
                        answers.c.at < now - BROKEN_OFF,
                    )
                )
                found = connection.execute(
                    select(answers).where(answers.c.caller == caller, answers.c.key_blind == blind)
                ).one_or_none()
                if found is None:
                    connection.execute(insert(answers).values(**row))
                    return None
        except IntegrityError:
            return Earlier(same=True, status=None, body=b"")  # the same key, this very moment
        body = b"" if found.body_sealed is None else self._vault.open_(found.body_sealed, BODY)
        return Earlier(found.request_hash == request_hash, found.status, body)

    def keep(self, caller: str, key: str, status: int, body: bytes) -> None:
        """The work is done and was answered with this."""
        self._set(caller, key, status, self._vault.seal(body, BODY))

    def give_back(self, caller: str, key: str) -> None:
        """Nothing was done: the key is free again."""
        with self._db.write() as connection:
            connection.execute(
                delete(answers).where(
                    answers.c.caller == caller,
                    answers.c.key_blind == self._vault.blind(key, KEY),
                    answers.c.status.is_(None),
                )
            )

    def _set(self, caller: str, key: str, status: int, sealed: bytes) -> None:
        with self._db.write() as connection:
            connection.execute(
                update(answers)
                .where(answers.c.caller == caller, answers.c.key_blind == self._vault.blind(key, KEY))
                .values(status=status, body_sealed=sealed)
            )
