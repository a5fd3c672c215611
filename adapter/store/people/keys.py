"""API keys: hashes of long random secrets, each with its own permissions and facilities."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row, insert, select, update
from sqlalchemy.exc import IntegrityError

from adapter.clock import Clock
from adapter.errors import ConfigError
from adapter.store.people.audit import Audit, Entry
from adapter.store.people.schema import api_keys
from adapter.store.people.users import read_facilities, written
from adapter.store.tables.database import Database

_USED_EVERY = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Key:
    """What is known of a key; the secret itself is known to its holder only."""

    id: int
    name: str
    shown: str
    permissions: frozenset[str]
    facilities: frozenset[str] | None
    created_at: datetime
    created_by: str
    ends_at: datetime | None
    used_at: datetime | None
    revoked_at: datetime | None


class Keys:
    """Add, find, list, revoke."""

    def __init__(self, database: Database, clock: Clock, audit: Audit) -> None:
        self._db = database
        self._clock = clock
        self._audit = audit

    def add(
        self,
        name: str,
        key_hash: bytes,
        *,
        shown: str,
        permissions: Iterable[str],
        facilities: Iterable[str] | None,
        ends_at: datetime | None,
        entry: Entry,
    ) -> None:
        """Make one. ConfigError when the name is taken."""
        try:
            with self._db.write() as connection:
                connection.execute(
                    insert(api_keys).values(
                        name=name,
                        key_hash=key_hash,
                        shown=shown,
                        permissions=" ".join(sorted(permissions)),
                        facilities=written(facilities),
                        created_at=self._clock(),
                        created_by=entry.actor,
                        ends_at=ends_at,
                    )
                )
                self._audit.append(connection, entry)
        except IntegrityError as error:
            raise ConfigError(f"Đã có khóa API tên {name}", f"There is an API key named {name} already") from error

    def find(self, key_hash: bytes) -> Key | None:
        """A key that counts now; None for a foreign, revoked or ended one."""
        now = self._clock()
        with self._db.read() as connection:
            row = connection.execute(select(api_keys).where(api_keys.c.key_hash == key_hash)).one_or_none()
        if row is None or row.revoked_at is not None or (row.ends_at is not None and row.ends_at <= now):
            return None
        if row.used_at is None or row.used_at + _USED_EVERY <= now:
            with self._db.write() as connection:
                connection.execute(update(api_keys).where(api_keys.c.id == row.id).values(used_at=now))
        return _key(row)

    def list(self) -> list[Key]:
        """All keys, also those that are over."""
        with self._db.read() as connection:
            return [_key(row) for row in connection.execute(select(api_keys).order_by(api_keys.c.name))]

    def revoke(self, name: str, *, entry: Entry) -> None:
        """End a key at once. ConfigError when there is none of that name."""
        with self._db.write() as connection:
            gone = connection.execute(
                update(api_keys)
                .where(api_keys.c.name == name, api_keys.c.revoked_at.is_(None))
                .values(revoked_at=self._clock())
            ).rowcount
            if not gone:
                raise ConfigError(f"Không có khóa API tên {name}", f"There is no API key named {name}")
            self._audit.append(connection, entry)


def _key(row: Row[Any]) -> Key:
    return Key(
        id=row.id,
        name=row.name,
        shown=row.shown,
        permissions=frozenset(row.permissions.split()),
        facilities=read_facilities(row.facilities),
        created_at=row.created_at,
        created_by=row.created_by,
        ends_at=row.ends_at,
        used_at=row.used_at,
        revoked_at=row.revoked_at,
    )
