"""Signing in and being recognised: passwords, one-time links, sessions and API keys.

Secrets given out (session tokens, links, keys) are long and random; the store keeps their SHA-256.
A session's token for forms is derived from the session's own, so it needs no place of its own.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from adapter.access import passwords
from adapter.access.principal import Principal
from adapter.access.refusals import too_many, wrong_login
from adapter.access.roles import granted, permissions
from adapter.settings import AccessSettings
from adapter.store.people.audit import Entry
from adapter.store.people.throttle import Patience
from adapter.store.people.users import User, folded
from adapter.store.store import Store

FIRST_KEY = "first-key"


@dataclass(frozen=True, slots=True, repr=False)
class Signed:
    """A session just opened. ``token`` is told once, to its holder; no repr."""

    token: str
    principal: Principal
    ends_at: datetime


class Access:
    """Who a request comes from. Safe for many threads; every call may touch the store."""

    def __init__(self, store: Store, settings: AccessSettings, *, first_key: str | None = None) -> None:
        """``first_key``: the installation's own key from its file; it may do everything everywhere."""
        self._store = store
        self._settings = settings
        self._first_key = None if first_key is None else digest(first_key)
        self._free = {"name": settings.failures_free, "address": settings.failures_free_address}

    # ---- opening a session -----------------------------------------------------------------------

    def sign_in(self, login: str, password: str, *, address: str) -> Signed:
        """Open a session with a password. AccessRefused (401, or 429 with ``wait``) tells nothing more."""
        return self.open_session(self.check_password(login, password, address=address), how="password")

    def check_password(self, login: str, password: str, *, address: str) -> User:
        """The user whose password this is. Every wrong one counts against the name and the address."""
        name, place = f"name:{folded(login)}", f"address:{address}"
        whom = {name: self._patience("name"), place: self._patience("address")}
        users = self._store.people.users
        if wait := self._store.people.throttle.attempt(whom):
            self._note("session.refused", login, "throttled")
            raise too_many(wait)
        user = users.find(login)
        right = passwords.verify_password(user.password_hash if user else None, password)
        if user is None or not right or user.disabled_at is not None:
            self._note("session.refused", login, "refused")
            raise wrong_login()
        self._store.people.throttle.forgive(forget=name, undo=place)
        if user.password_hash and passwords.outdated(user.password_hash):
            users.rehash(user.id, passwords.hash_password(password))
        return user

    def use_link(self, token: str) -> Signed:
        """Open a session with a one-time link. AccessRefused (401) when it was used or is over."""
        user = self._store.people.sessions.use_link(digest(token))
        if user is None:
            raise wrong_login()
        return self.open_session(user, how="link")

    def open_session(self, user: User, *, how: str) -> Signed:
        """A session for somebody already known to be this user."""
        token = secrets.token_urlsafe(32)
        ends_at = self._store.clock() + timedelta(hours=self._settings.session_hours)
        entry = Entry(
            "session.start", f"user:{user.login}", "session", kind="user", object=user.login, detail={"how": how}
        )
        self._store.people.sessions.start(digest(token), user.id, how=how, ends_at=ends_at, entry=entry)
        return Signed(token, _of_user(user, token), ends_at)

    def make_link(self, user: User, *, actor: str, via: str = "cli") -> tuple[str, datetime]:
        """A token that opens one session for this user, once, and when it ends."""
        token = secrets.token_urlsafe(32)
        ends_at = self._store.clock() + timedelta(minutes=self._settings.link_minutes)
        entry = Entry("user.link", actor, via, kind="user", object=user.login)
        self._store.people.sessions.add_link(digest(token), user.id, ends_at=ends_at, entry=entry)
        return token, ends_at

    # ---- recognising a caller ----------------------------------------------------------------------

    def of_session(self, token: str) -> Principal | None:
        """Who holds this session; None when it is over."""
        idle = timedelta(minutes=self._settings.session_idle_minutes)
        user = self._store.people.sessions.user(digest(token), idle=idle)
        return None if user is None else _of_user(user, token)

    def of_key(self, key: str) -> Principal | None:
        """Whose API key this is; None for one that does not count."""
        hashed = digest(key)
        if self._first_key is not None and hmac.compare_digest(hashed, self._first_key):
            return Principal(None, FIRST_KEY, frozenset(permissions()), None, "key", display_name=FIRST_KEY)
        found = self._store.people.keys.find(hashed)
        if found is None:
            return None
        known = found.permissions & frozenset(permissions())
        return Principal(None, found.name, known, found.facilities, "key", display_name=found.name)

    def sign_out(self, token: str, principal: Principal) -> None:
        """End a session at once."""
        entry = Entry("session.end", principal.actor, principal.via, kind="user", object=principal.name)
        self._store.people.sessions.end(digest(token), entry=entry)

    def note_denied(self, principal: Principal, permission: str, address: str) -> None:
        """Somebody known asked for what they have no right to."""
        detail = {"permission": permission}
        entry = Entry("access.denied", principal.actor, principal.via, kind="address", object=address, detail=detail)
        self._store.audit.record(replace(entry, outcome="denied"))

    def change_password(self, token: str, principal: Principal, old: str, new: str, *, address: str) -> None:
        """A signed-in user's own new password; their other sessions end. AccessRefused, PasswordRefused."""
        if principal.via != "session":
            raise wrong_login()
        self.check_password(principal.name, old, address=address)
        passwords.require_good(new, login=principal.name, least=self._settings.password_least)
        user = self._store.people.users.get(principal.name)
        entry = Entry("user.password", principal.actor, principal.via, kind="user", object=principal.name)
        hashed = passwords.hash_password(new)
        self._store.people.users.set_password(user.id, hashed, entry=entry, keep=digest(token))

    def _patience(self, kind: str) -> Patience:
        settings = self._settings
        return Patience(
            free=self._free[kind],
            first=timedelta(seconds=settings.wait_first),
            longest=timedelta(seconds=settings.wait_longest),
            forget=timedelta(seconds=settings.wait_longest) + timedelta(hours=1),
        )

    def _note(self, action: str, login: str, outcome: str) -> None:
        # What was typed as a name may be a password typed into the wrong field: kept keyed, not clear.
        self._store.audit.record(
            Entry(action, "anonymous", "session", kind="user", about=folded(login), outcome=outcome)
        )


def digest(token: str) -> bytes:
    """What the store keeps of a secret that is long and random."""
    return hashlib.sha256(token.encode("utf-8")).digest()


def csrf_of(token: str) -> str:
    """The token a session's forms carry."""
    return hmac.new(token.encode("utf-8"), b"bhyt csrf", hashlib.sha256).hexdigest()


def _of_user(user: User, token: str) -> Principal:
    return Principal(
        user_id=user.id,
        name=user.login,
        permissions=granted(user.roles),
        facilities=user.facilities,
        via="session",
        csrf=csrf_of(token),
        display_name=user.display_name,
        roles=user.roles,
    )
