"""Users: names, roles, facilities, password hashes. Every change takes its audit line along."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, delete, func, insert, select, update
from sqlalchemy.exc import IntegrityError

from adapter.clock import Clock
from adapter.errors import ConfigError
from adapter.store.people.audit import Audit, Entry
from adapter.store.people.schema import login_links, sessions, users
from adapter.store.tables.database import Database
from adapter.vault import Vault

STAFF = "user-staff"
ALL = "*"


@dataclass(frozen=True, slots=True)
class User:
    """One user. ``facilities`` None: all. ``staff``: has name and citizen number for look-ups."""

    id: int
    login: str
    display_name: str
    password_hash: str | None
    roles: tuple[str, ...]
    facilities: frozenset[str] | None
    staff: bool
    subject: str | None
    created_at: datetime
    last_login_at: datetime | None
    disabled_at: datetime | None


class Users:
    """Add, look, change. Nobody is ever removed: the audit log names them."""

    def __init__(self, database: Database, vault: Vault, clock: Clock, audit: Audit) -> None:
        self._db = database
        self._vault = vault
        self._clock = clock
        self._audit = audit

    def add(
        self,
        login: str,
        *,
        display_name: str,
        password_hash: str | None,
        roles: Iterable[str],
        facilities: Iterable[str] | None,
        entry: Entry,
        subject: str | None = None,
    ) -> User:
        """Make one. ConfigError when the login is taken."""
        now = self._clock()
        try:
            with self._db.write() as connection:
                connection.execute(
                    insert(users).values(
                        login=folded(login),
                        display_name=display_name,
                        password_hash=password_hash,
                        subject=subject,
                        roles=" ".join(roles),
                        facilities=written(facilities),
                        created_at=now,
                        password_at=now if password_hash else None,
                    )
                )
                self._audit.append(connection, entry)
        except IntegrityError as error:
            raise ConfigError(
                f"Đã có người dùng {folded(login)}",
                f"There is a user {folded(login)} already",
                hint_vi="chọn tên khác, hoặc bhyt user roles / password",
                hint_en="choose another name, or bhyt user roles / password",
            ) from error
        return self.get(login)

    def find(self, login: str) -> User | None:
        """By login name, whatever its case."""
        with self._db.read() as connection:
            row = connection.execute(select(users).where(users.c.login == folded(login))).one_or_none()
        return None if row is None else _user(row)

    def by_subject(self, subject: str) -> User | None:
        """By issuer and subject of the identity provider."""
        with self._db.read() as connection:
            row = connection.execute(select(users).where(users.c.subject == subject)).one_or_none()
        return None if row is None else _user(row)

    def get(self, login: str) -> User:
        """As :meth:`find`; ConfigError when there is none."""
        found = self.find(login)
        if found is None:
            raise ConfigError(
                f"Không có người dùng {folded(login)}",
                f"There is no user {folded(login)}",
                hint_vi="xem `bhyt user list`",
                hint_en="see `bhyt user list`",
            )
        return found

    def list(self) -> list[User]:
        """Everybody, by login."""
        with self._db.read() as connection:
            return [_user(row) for row in connection.execute(select(users).order_by(users.c.login))]

    def count(self) -> int:
        """How many there are."""
        with self._db.read() as connection:
            return int(connection.execute(select(func.count()).select_from(users)).scalar_one())

    def set_password(self, user_id: int, password_hash: str, *, entry: Entry, keep: bytes | None = None) -> None:
        """A new password ends every session (but ``keep``) and link of the user."""
        with self._db.write() as connection:
            self._change(connection, user_id, password_hash=password_hash, password_at=self._clock())
            _end(connection, user_id, keep)
            self._audit.append(connection, entry)

    def rehash(self, user_id: int, password_hash: str) -> None:
        """The same password with today's parameters."""
        with self._db.write() as connection:
            self._change(connection, user_id, password_hash=password_hash)

    def set_rights(self, user_id: int, *, roles: Iterable[str], facilities: Iterable[str] | None, entry: Entry) -> None:
        """Counts from the next request on."""
        with self._db.write() as connection:
            self._change(connection, user_id, roles=" ".join(roles), facilities=written(facilities))
            self._audit.append(connection, entry)

    def bind(self, user_id: int, subject: str, *, entry: Entry) -> None:
        """From now on this user is whom the identity provider calls ``subject``."""
        with self._db.write() as connection:
            self._change(connection, user_id, subject=subject)
            self._audit.append(connection, entry)

    def set_staff(self, user_id: int, name: str, citizen_number: str, *, entry: Entry) -> None:
        """Name and citizen number as registered for look-ups; both empty take them away."""
        sealed = self._vault.seal_text(json.dumps([name, citizen_number]), STAFF) if name else None
        with self._db.write() as connection:
            self._change(connection, user_id, staff_sealed=sealed)
            self._audit.append(connection, entry)

    def set_disabled(self, user_id: int, *, disabled: bool, entry: Entry) -> None:
        """A disabled user's sessions end at once."""
        with self._db.write() as connection:
            self._change(connection, user_id, disabled_at=self._clock() if disabled else None)
            if disabled:
                _end(connection, user_id, None)
            self._audit.append(connection, entry)

    def staff_of(self, login: str) -> tuple[str, str] | None:
        """Name and citizen number of a user who may ask the gateway; None when there is none or they are disabled."""
        with self._db.read() as connection:
            row = connection.execute(
                select(users.c.staff_sealed).where(users.c.login == folded(login), users.c.disabled_at.is_(None))
            ).one_or_none()
        if row is None or row.staff_sealed is None:
            return None
        name, number = json.loads(self._vault.open_text(row.staff_sealed, STAFF))
        return str(name), str(number)

    def _change(self, connection: Connection, user_id: int, **values: Any) -> None:
        connection.execute(update(users).where(users.c.id == user_id).values(**values))


def folded(login: str) -> str:
    """The one form of a login name."""
    return login.strip().casefold()


def written(facilities: Iterable[str] | None) -> str:
    """None (all) or codes, as kept."""
    return ALL if facilities is None else " ".join(sorted(set(facilities)))


def read_facilities(kept: str) -> frozenset[str] | None:
    """The inverse of :func:`written`."""
    return None if kept == ALL else frozenset(kept.split())


def _end(connection: Connection, user_id: int, keep: bytes | None) -> None:
    statement = delete(sessions).where(sessions.c.user_id == user_id)
    connection.execute(statement if keep is None else statement.where(sessions.c.token_hash != keep))
    connection.execute(delete(login_links).where(login_links.c.user_id == user_id))


def _user(row: Row[Any]) -> User:
    return User(
        id=row.id,
        login=row.login,
        display_name=row.display_name,
        password_hash=row.password_hash,
        roles=tuple(row.roles.split()),
        facilities=read_facilities(row.facilities),
        staff=row.staff_sealed is not None,
        subject=row.subject,
        created_at=row.created_at,
        last_login_at=row.last_login_at,
        disabled_at=row.disabled_at,
    )
