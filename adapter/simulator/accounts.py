"""Accounts, registered certificates and tokens.

A token is looked up by ``id_token``; ``access_token`` is an HMAC-SHA256 over account, caller
address, token id and time stamp and is computed again at every call (api §2, B). So a token
used from another address than the one that took it does not fit.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import secrets
import threading
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from adapter.clock import VIETNAM, Clock
from adapter.simulator.checks.signature import Registration
from adapter.simulator.config import SimFacility
from adapter.simulator.database import Database


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a login or a token was not taken. ``code`` is the wire's ``maKetQua``."""

    code: str
    message: str


@dataclass(frozen=True, slots=True)
class Token:
    """A token pair as issued."""

    access_token: str
    id_token: str
    expires_at: datetime

    @property
    def expires_in(self) -> str:
        """UTC date-time text with up to seven decimals, as .NET writes it."""
        text = self.expires_at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f").rstrip("0").rstrip(".")
        return text + "Z"


class Accounts:
    """Who may log in and send. Registrations live in the database and are cached here."""

    def __init__(self, database: Database, clock: Clock, *, token_seconds: float, bind_address: bool) -> None:
        self._database = database
        self._clock = clock
        self._life = timedelta(seconds=token_seconds)
        self._bind = bind_address
        self._secret = bytes.fromhex(database.setting("token_secret", secrets.token_hex(32)))
        self._lock = threading.Lock()
        self._accounts: dict[str, SimFacility] = {}
        self._registrations: dict[str, tuple[Registration, ...]] = {}
        for row in database.rows("SELECT document FROM accounts"):
            self._remember(SimFacility.model_validate_json(row["document"]))

    def register(self, facility: SimFacility) -> None:
        """Add or replace an account. Raises CertificateError when a PEM text cannot be read."""
        Registration.of(facility)  # refuses an unreadable certificate before anything is stored
        self._database.execute(
            "INSERT OR REPLACE INTO accounts (account, facility, document) VALUES (?, ?, ?)",
            facility.account,
            facility.code,
            facility.model_dump_json(),
        )
        self._remember(facility)

    def _remember(self, facility: SimFacility) -> None:
        with self._lock:
            self._accounts[facility.account] = facility
            members = [f for f in self._accounts.values() if f.code == facility.code]
            self._registrations[facility.code] = tuple(Registration.of(member) for member in members)

    def account(self, name: str) -> SimFacility | None:
        return self._accounts.get(name)

    def all(self) -> list[dict[str, Any]]:
        """Registered accounts without their password hashes, for people."""
        with self._lock:
            members = list(self._accounts.values())
        return [
            {
                **json.loads(member.model_dump_json(exclude={"md5", "certificates", "ca", "staff"})),
                "certificates": [c.label for c in Registration.of(member).certificates],
                "staff": len(member.staff),
            }
            for member in members
        ]

    def registrations(self, code: str) -> tuple[Registration, ...]:
        """Certificates registered for a facility, over all of its accounts."""
        return self._registrations.get(code, ())

    def login(self, username: str, md5: str, address: str, facility_code: str = "") -> Token | Refusal:
        """Issue a token. Codes of a refusal: 401, 402, 403 (api §2)."""
        facility = self._accounts.get(username)
        if facility is None or not hmac.compare_digest(
            facility.md5, md5.strip().upper().encode("ascii", "replace").decode()
        ):
            return Refusal("401", "Tài khoản không tồn tại hoặc sai mật khẩu")
        if facility_code and facility_code != facility.code:
            return Refusal("402", "Mã cơ sở KCB không đúng")
        if facility.locked:
            return Refusal("403", "Tài khoản đang bị khóa")
        if facility.addresses and address not in facility.addresses:
            return Refusal("401", "Địa chỉ IP chưa đăng ký")
        now = self._clock()
        id_token = secrets.token_hex(16)
        stamp = now.astimezone(UTC).isoformat()
        expires = now + self._life
        self._database.execute(
            "INSERT INTO tokens (token_id, account, address, stamp, expires_at) VALUES (?, ?, ?, ?, ?)",
            id_token,
            username,
            address,
            stamp,
            expires.astimezone(VIETNAM).isoformat(),
        )
        return Token(self._seal(username, address, id_token, stamp), id_token, expires)

    def authenticate(
        self,
        *,
        access_token: str,
        id_token: str,
        username: str | None,
        md5: str | None,
        address: str,
        any_address: bool = False,
    ) -> SimFacility | Refusal:
        """The account behind a token pair, or why it is refused. ``username``, ``md5``: None is not compared."""
        found = self._database.rows("SELECT * FROM tokens WHERE token_id = ?", id_token)
        if (
            refusal := self._dead(found[0] if found else None, access_token, None if any_address else address)
        ) is not None:
            return refusal
        facility = self._accounts.get(found[0]["account"])
        if facility is None or username not in (None, facility.account):
            return Refusal("401", "Tài khoản không khớp token")
        if md5 is not None and md5.strip().upper() != facility.md5:
            return Refusal("401", "Sai mật khẩu")
        if facility.locked:
            return Refusal("403", "Tài khoản không có quyền thực hiện")
        return facility

    def _dead(self, row: dict[str, Any] | None, access_token: str, address: str | None) -> Refusal | None:
        if row is None:
            return Refusal("401", "Token không hợp lệ")
        caller = address if self._bind and address is not None else str(row["address"])
        sealed = self._seal(row["account"], caller, row["token_id"], row["stamp"])
        if not hmac.compare_digest(sealed.encode(), access_token.encode()):
            return Refusal("401", "Token không hợp lệ hoặc gọi từ địa chỉ IP khác")
        if row["revoked"] or self._clock() >= datetime.fromisoformat(row["expires_at"]):
            return Refusal("401", "Token đã hết hạn")
        return None

    def revoke_all(self) -> int:
        """Every token dies at once; how many did."""
        return self._database.execute("UPDATE tokens SET revoked = 1 WHERE revoked = 0")

    def _seal(self, account: str, address: str, id_token: str, stamp: str) -> str:
        text = "\n".join((account, address, id_token, stamp)).encode()
        return base64.b64encode(hmac.new(self._secret, text, hashlib.sha256).digest()).decode()
