"""The facility's token: taken once, shared by all senders, renewed early, never by two at a time."""

from __future__ import annotations

import hashlib
import re
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import TypeVar

from adapter.clock import Clock
from adapter.errors import BhytError, GatewayRefusedLogin, GatewayUnreachable
from adapter.gateway.outcome import OutcomeKind, field, judge_answer, judge_wire
from adapter.gateway.services import TokenService
from adapter.gateway.transport import Reply, Transport
from adapter.gateway.wire import encode

Result = TypeVar("Result")

_EARLY = timedelta(seconds=60)
_LIFE = timedelta(minutes=10)  # the gateway's default, when expires_in cannot be read
_REFUSED_PAUSE = timedelta(seconds=60)


@dataclass(frozen=True, slots=True)
class Token:
    """A token in use. ``renew_at`` is by our clock; ``number`` counts logins."""

    access_token: str
    id_token: str
    expires_at: datetime
    renew_at: datetime
    number: int


class TokenKeeper:
    """Hands out the facility's token. ``logins`` counts requests to the token service."""

    def __init__(self, service: TokenService, parts: Mapping[str, str], clock: Clock, transport: Transport) -> None:
        """``parts``: what the login carries, at least ``account`` (see ``data/services.yaml``)."""
        self._service = service
        self._parts = dict(parts)
        self._account = parts["account"]
        self._clock = clock
        self._transport = transport
        self._lock = threading.Lock()
        self._token: Token | None = None
        self._failure: BhytError | None = None
        self._refused_at: datetime | None = None
        self.logins = 0

    def current(self, *, stale: Token | None = None) -> Token:
        """A valid token; ``stale`` is one the gateway has just refused.

        Many threads may ask at once; one logs in, the others take its token or its failure. Raises
        GatewayRefusedLogin or GatewayUnreachable.
        """
        seen = self.logins
        if (token := self._usable(stale)) is not None:
            return token
        with self._lock:
            if (token := self._usable(stale)) is not None:
                return token
            if self._failure is not None and (self.logins != seen or self._paused()):
                raise self._failure
            return self._login()[0]

    def use(self, call: Callable[[Token], Result], refused: Callable[[Result], bool]) -> Result:
        """Call with a token; once more with a new one when the gateway refused it. Raises as :meth:`current`."""
        token = self.current()
        result = call(token)
        return call(self.current(stale=token)) if refused(result) else result

    def login(self) -> tuple[Token, Reply]:
        """Take a new token now. Raises GatewayRefusedLogin or GatewayUnreachable."""
        with self._lock:
            return self._login()

    def _usable(self, stale: Token | None) -> Token | None:
        token = self._token
        if token is None or token == stale or self._clock() >= token.renew_at:
            return None
        return token

    def _paused(self) -> bool:
        """A refused login is not repeated at once: wrong passwords in series lock an account."""
        return self._refused_at is not None and self._clock() - self._refused_at < _REFUSED_PAUSE

    def _login(self) -> tuple[Token, Reply]:
        service = self._service
        fields = {name: self._parts[part] for part, name in service.fields.items() if part in self._parts}
        content, content_type = encode(fields, service.encoding)
        self.logins += 1
        self._token, self._failure, self._refused_at = None, None, None
        reply = self._transport.post(service.path, content, content_type=content_type)
        try:
            token = self._read(reply)
        except BhytError as failure:
            self._failure = failure
            if isinstance(failure, GatewayRefusedLogin):
                self._refused_at = self._clock()
            raise
        self._token = token
        return token, reply

    def _read(self, reply: Reply) -> Token:
        if reply.status is None:
            judgement = judge_wire(reply.case)
            raise _unreachable(judgement.meaning_vi, judgement.meaning_en, reply)
        document = reply.document or {}
        code = field(document, "maKetQua")
        judgement = judge_answer(self._service.answers, reply.status, code)
        keys = next((v for k, v in document.items() if k.casefold() == "apikey" and isinstance(v, dict)), None)
        if judgement.kind is OutcomeKind.AUTH:
            raise GatewayRefusedLogin(
                f"Cổng từ chối đăng nhập tài khoản {self._account}: {judgement.meaning_vi}",
                f"The gateway refused the login of account {self._account}: {judgement.meaning_en}",
                hint_vi="kiểm tra account, password_file và địa chỉ IP đã đăng ký; hỏi BHXH nếu tài khoản bị khóa",
                hint_en="check account, password_file and the registered IP address; ask BHXH if the account is locked",
                code=f"GATEWAY-LOGIN-{code or reply.status}",
            )
        access = field(keys or {}, "access_token", "accessToken")
        identity = field(keys or {}, "id_token", "idToken")
        usable = all(part and part.isascii() and part.isprintable() for part in (access, identity))
        if judgement.kind is not OutcomeKind.ACCEPTED or not usable or access is None or identity is None:
            raise _unreachable(judgement.meaning_vi, judgement.meaning_en, reply)
        now = self._clock()
        expires = _expiry(field(keys or {}, "expires_in", "expiresIn"), now, reply.headers.get("date"))
        life = max(expires - now, timedelta())
        early = _EARLY if life >= 5 * _EARLY else life / 20
        return Token(access, identity, expires, expires - early, self.logins)


def _expiry(text: str | None, now: datetime, date_header: str | None) -> datetime:
    """When the token ends by *our* clock: ``expires_in`` is a UTC date-time of the gateway's clock."""
    if text and text.isdigit():
        return now + timedelta(seconds=int(text))
    try:
        # .NET writes up to seven fraction digits.
        stated = datetime.fromisoformat(re.sub(r"(\.\d{6})\d+", r"\1", text or ""))
    except ValueError:
        return now + _LIFE
    if stated.tzinfo is None:
        stated = stated.replace(tzinfo=UTC)
    return stated - _skew(now, date_header)


def _skew(now: datetime, date_header: str | None) -> timedelta:
    """How far the gateway's clock is ahead of ours; differences of two seconds are the header's own coarseness."""
    try:
        theirs = parsedate_to_datetime(date_header or "")
    except ValueError:
        return timedelta()
    skew = theirs.astimezone(UTC) - now.astimezone(UTC)
    return skew if abs(skew) > timedelta(seconds=2) else timedelta()


def md5_upper(password: str) -> str:
    """The gateway's own form of a password in transit: MD5, upper-case hex. TLS protects it, not this."""
    return hashlib.md5(password.encode("utf-8"), usedforsecurity=False).hexdigest().upper()


def _unreachable(meaning_vi: str, meaning_en: str, reply: Reply) -> GatewayUnreachable:
    what = f"HTTP {reply.status}" if reply.status is not None else reply.detail
    return GatewayUnreachable(
        f"Không lấy được token của cổng: {meaning_vi} ({what})",
        f"No token from the gateway: {meaning_en} ({what})",
        hint_vi="kiểm tra gateway.base_url, mạng, proxy; hệ thống sẽ tự thử lại",
        hint_en="check gateway.base_url, network and proxy; it will be tried again",
    )
