"""Managing users and keys: what the command line, the API and the console call. Each act is recorded."""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta

from adapter.access.access import digest
from adapter.access.passwords import hash_password, require_good
from adapter.access.roles import require_permissions, require_roles
from adapter.errors import ConfigError
from adapter.settings import Settings
from adapter.store.people.audit import Entry
from adapter.store.people.users import User, folded, written
from adapter.store.store import Store

_LOGIN = re.compile(r"[a-z0-9][a-z0-9._@-]{1,79}")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,79}")
_CITIZEN = re.compile(r"\d{12}")


@dataclass(frozen=True, slots=True)
class By:
    """Who manages, for the audit log."""

    actor: str
    via: str = "cli"


class Accounts:
    """Users and API keys of one installation."""

    def __init__(self, store: Store, settings: Settings) -> None:
        self._store = store
        self._settings = settings

    def add_user(
        self,
        login: str,
        *,
        display_name: str,
        roles: Iterable[str],
        facilities: Iterable[str] | None,
        password: str | None,
        by: By,
    ) -> User:
        """A new user; without a password they sign in by link or identity provider. ConfigError, PasswordRefused."""
        if not _LOGIN.fullmatch(folded(login)):
            raise ConfigError(
                "Tên đăng nhập: 2 đến 80 chữ thường không dấu, số, và . _ @ -",
                "A login name: 2 to 80 lower-case letters, digits, and . _ @ -",
            )
        names, places = require_roles(roles), self._facilities(facilities)
        entry = self._entry("user.add", by, login, roles=" ".join(names), facilities=written(places))
        return self._store.people.users.add(
            login,
            display_name=display_name.strip() or login,
            password_hash=None if password is None else self._hash(login, password),
            roles=names,
            facilities=places,
            entry=entry,
        )

    def set_password(self, login: str, password: str, *, by: By, keep: bytes | None = None) -> None:
        """A new password; every session of the user but ``keep`` ends. PasswordRefused when it is not fit."""
        user = self._store.people.users.get(login)
        hashed = self._hash(login, password)
        self._store.people.users.set_password(user.id, hashed, entry=self._entry("user.password", by, login), keep=keep)

    def set_rights(self, login: str, *, roles: Iterable[str], facilities: Iterable[str] | None, by: By) -> None:
        """Other roles and facilities. The last administrator stays one."""
        user = self._store.people.users.get(login)
        names, places = require_roles(roles), self._facilities(facilities)
        if "administrator" not in names or places is not None:
            self._keep_one_administrator(user)
        entry = self._entry("user.rights", by, login, roles=" ".join(names), facilities=written(places))
        self._store.people.users.set_rights(user.id, roles=names, facilities=places, entry=entry)

    def set_disabled(self, login: str, *, disabled: bool, by: By) -> None:
        """Shut out at once, or let in again. The last administrator stays."""
        user = self._store.people.users.get(login)
        if disabled:
            self._keep_one_administrator(user)
        action = "user.disable" if disabled else "user.enable"
        self._store.people.users.set_disabled(user.id, disabled=disabled, entry=self._entry(action, by, login))

    def set_staff(self, login: str, name: str, citizen_number: str, *, by: By) -> None:
        """Name and citizen number as registered with BHXH for look-ups; both empty take them away."""
        user = self._store.people.users.get(login)
        if bool(name.strip()) != bool(citizen_number) or (citizen_number and not _CITIZEN.fullmatch(citizen_number)):
            raise ConfigError(
                "Cần cả họ tên và số CCCD 12 số, hoặc bỏ trống cả hai",
                "Give both the name and a citizen number of 12 digits, or neither",
            )
        entry = self._entry("user.staff", by, login)
        self._store.people.users.set_staff(user.id, name.strip(), citizen_number, entry=entry)

    def add_key(
        self,
        name: str,
        *,
        permissions: Iterable[str],
        facilities: Iterable[str] | None,
        days: int | None,
        by: By,
    ) -> str:
        """A new API key; the answer is the only time it is told."""
        if not _NAME.fullmatch(name):
            raise ConfigError("Tên khóa: chữ không dấu, số, và . _ -", "A key's name: letters, digits, and . _ -")
        wanted, places = require_permissions(permissions), self._facilities(facilities)
        key = f"bhyt_{secrets.token_urlsafe(32)}"
        detail = {"permissions": " ".join(wanted), "facilities": written(places)}
        self._store.people.keys.add(
            name,
            digest(key),
            shown=key[:9],
            permissions=wanted,
            facilities=places,
            ends_at=None if days is None else self._store.clock() + timedelta(days=days),
            entry=Entry("key.add", by.actor, by.via, kind="key", object=name, detail=detail),
        )
        return key

    def revoke_key(self, name: str, *, by: By) -> None:
        """End a key at once."""
        entry = Entry("key.revoke", by.actor, by.via, kind="key", object=name)
        self._store.people.keys.revoke(name, entry=entry)

    def _hash(self, login: str, password: str) -> str:
        require_good(password, login=login, least=self._settings.access.password_least)
        return hash_password(password)

    def _facilities(self, codes: Iterable[str] | None) -> frozenset[str] | None:
        if codes is None:
            return None
        wanted = frozenset(codes)
        for code in wanted:
            self._settings.facility(code)
        if not wanted:
            raise ConfigError("Nêu cơ sở, hoặc tất cả", "Name facilities, or all of them")
        return wanted

    def _keep_one_administrator(self, leaving: User) -> None:
        if not _administers(leaving):
            return
        if not any(_administers(user) for user in self._store.people.users.list() if user.id != leaving.id):
            raise ConfigError(
                "Đây là quản trị viên cuối cùng; thêm một quản trị viên khác trước",
                "This is the last administrator; add another one first",
            )

    def _entry(self, action: str, by: By, login: str, **detail: str) -> Entry:
        return Entry(action, by.actor, by.via, kind="user", object=folded(login), detail=detail)


def _administers(user: User) -> bool:
    return "administrator" in user.roles and user.facilities is None and user.disabled_at is None
