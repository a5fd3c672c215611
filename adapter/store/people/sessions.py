"""Sessions and one-time links. The store knows hashes of tokens; a stolen database opens no session."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import delete, insert, select, update

from adapter.clock import Clock
from adapter.store.people.audit import Audit, Entry
from adapter.store.people.schema import login_links, sessions, users
from adapter.store.people.users import User, _user
from adapter.store.tables.database import Database

_SEEN_EVERY = timedelta(minutes=1)


class Sessions:
    """Start, look up, end."""

    def __init__(self, database: Database, clock: Clock, audit: Audit) -> None:
        self._db = database
        self._clock = clock
        self._audit = audit

    def start(self, token_hash: bytes, user_id: int, *, how: str, ends_at: datetime, entry: Entry) -> None:
        """A session for a user; sessions that are over go."""
        now = self._clock()
        with self._db.write() as connection:
            connection.execute(delete(sessions).where(sessions.c.ends_at < now))
            connection.execute(
                insert(sessions).values(
                    token_hash=token_hash, user_id=user_id, how=how, created_at=now, seen_at=now, ends_at=ends_at
                )
            )
            connection.execute(update(users).where(users.c.id == user_id).values(last_login_at=now))
            self._audit.append(connection, entry)

    def user(self, token_hash: bytes, *, idle: timedelta) -> User | None:
        """Whose session this is; None when it is over, unused for ``idle``, or the user is disabled."""
        now = self._clock()
        statement = (
            select(users, sessions.c.seen_at, sessions.c.ends_at)
            .join(sessions, sessions.c.user_id == users.c.id)
            .where(sessions.c.token_hash == token_hash)
        )
        with self._db.read() as connection:
            row = connection.execute(statement).one_or_none()
        if row is None or row.disabled_at is not None or row.ends_at <= now or row.seen_at + idle <= now:
            return None
        if row.seen_at + _SEEN_EVERY <= now:
            with self._db.write() as connection:
                connection.execute(update(sessions).where(sessions.c.token_hash == token_hash).values(seen_at=now))
        return _user(row)

    def end(self, token_hash: bytes, *, entry: Entry) -> None:
        """Sign out."""
        with self._db.write() as connection:
            gone = connection.execute(delete(sessions).where(sessions.c.token_hash == token_hash)).rowcount
            if gone:
                self._audit.append(connection, entry)

    def add_link(self, token_hash: bytes, user_id: int, *, ends_at: datetime, entry: Entry) -> None:
        """A link that opens one session, once."""
        with self._db.write() as connection:
            connection.execute(delete(login_links).where(login_links.c.ends_at < self._clock()))
            connection.execute(insert(login_links).values(token_hash=token_hash, user_id=user_id, ends_at=ends_at))
            self._audit.append(connection, entry)

    def use_link(self, token_hash: bytes) -> User | None:
        """Whose link this is, and it is used up; None when it was used, is over, or the user is disabled."""
        now = self._clock()
        with self._db.write() as connection:
            used = connection.execute(
                update(login_links)
                .where(
                    login_links.c.token_hash == token_hash, login_links.c.used_at.is_(None), login_links.c.ends_at > now
                )
                .values(used_at=now)
            ).rowcount
            if not used:
                return None
            row = connection.execute(
                select(users)
                .join(login_links, login_links.c.user_id == users.c.id)
                .where(login_links.c.token_hash == token_hash, users.c.disabled_at.is_(None))
            ).one_or_none()
        return None if row is None else _user(row)
