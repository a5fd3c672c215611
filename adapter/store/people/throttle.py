"""Failed logins, per login name and per address, kept so that a restart forgives nothing.

An attempt counts before its password is looked at: a hundred at once are a hundred attempts.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from importlib import import_module
from typing import Any

from sqlalchemy import Connection, Row, delete, select, update

from adapter.clock import Clock
from adapter.store.people.schema import login_failures
from adapter.store.tables.database import Database
from adapter.vault import Vault

WHOM = "login-whom"


@dataclass(frozen=True, slots=True)
class Patience:
    """``free`` failures cost nothing; each further one doubles the wait, from ``first`` up to ``longest``.

    After ``forget`` without a failure the count starts anew.
    """

    free: int
    first: timedelta
    longest: timedelta
    forget: timedelta


class Throttle:
    """Ask before a password is tried; forgive after it was right."""

    def __init__(self, database: Database, vault: Vault, clock: Clock) -> None:
        self._db = database
        self._vault = vault
        self._clock = clock

    def attempt(self, whom: dict[str, Patience]) -> float:
        """0 when the attempt is heard, and it counts for each of ``whom``; else the seconds to wait."""
        now = self._clock()
        with self._db.write() as connection:
            connection.execute(delete(login_failures).where(login_failures.c.last_at < now - timedelta(days=1)))
            seen = {name: self._locked(connection, name, now) for name in sorted(whom)}
            waits = [(row.until - now).total_seconds() for row in seen.values() if row.until and row.until > now]
            if waits:
                return float(max(waits))
            for name, row in seen.items():
                patience = whom[name]
                count = 1 if row.last_at + patience.forget < now else row.failures + 1
                over = count - patience.free
                pause = min(patience.first * 2 ** min(max(over, 0), 20), patience.longest)
                connection.execute(
                    update(login_failures)
                    .where(login_failures.c.whom == self._blind(name))
                    .values(failures=count, last_at=now, until=now + pause if over >= 0 else None)
                )
            return 0.0

    def forgive(self, *, forget: str, undo: str = "") -> None:
        """A login was right: forget all failures of ``forget``, and this one attempt of ``undo``."""
        with self._db.write() as connection:
            connection.execute(delete(login_failures).where(login_failures.c.whom == self._blind(forget)))
            if undo:
                # An address may belong to a whole ward: one good login takes back its own attempt only,
                # or an attacker with one account could clear the count between guesses at others.
                connection.execute(
                    update(login_failures)
                    .where(login_failures.c.whom == self._blind(undo), login_failures.c.failures > 0)
                    .values(failures=login_failures.c.failures - 1, until=None)
                )

    def _locked(self, connection: Connection, name: str, now: datetime) -> Row[Any]:
        whom = self._blind(name)
        connection.execute(
            _insert(self._db)(login_failures)
            .values(whom=whom, failures=0, last_at=now)
            .on_conflict_do_nothing(index_elements=["whom"])
        )
        return connection.execute(select(login_failures).where(login_failures.c.whom == whom).with_for_update()).one()

    def _blind(self, name: str) -> bytes:
        return self._vault.blind(name, WHOM)


def _insert(database: Database) -> Any:
    """The INSERT of this engine's own dialect; the other one is not loaded."""
    return import_module(f"sqlalchemy.dialects.{'postgresql' if database.is_postgres else 'sqlite'}").insert
