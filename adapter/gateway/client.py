"""The gateway's client: one facility's account, every service, one judged outcome per sending."""

from __future__ import annotations

import base64
import re
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from adapter.clock import Clock
from adapter.errors import BhytError, GatewayRefusedLogin
from adapter.gateway.outcome import (
    Judgement,
    Outcome,
    OutcomeKind,
    field,
    is_success,
    judge_answer,
    judge_wire,
    received_at,
)
from adapter.gateway.services import Service, service
from adapter.gateway.token import Token, TokenKeeper, encode
from adapter.gateway.transport import Reply, Transport
from adapter.settings import Facility, Settings

_FACILITY = re.compile(rb"<MA_?CSKCB>\s*([^<\s]*)\s*</MA_?CSKCB>")


class Gateway(Protocol):
    """What the pipeline needs of a gateway; the BHXH gateway and a provincial hub both keep it."""

    @property
    def logins(self) -> int:
        """How many tokens were asked for since the start."""
        ...

    def send(self, service: Service | str, document: bytes) -> Outcome:
        """Hand over one signed document; never raises for what network or gateway do."""
        ...

    def close(self) -> None:
        """Give back connections."""
        ...


@dataclass(frozen=True, slots=True)
class Ping:
    """A login that worked: how long it took, which address it left from, how long the token lives."""

    milliseconds: int
    outgoing_address: str | None
    through_proxy: bool
    expires_at: datetime


class GatewayClient:
    """The BHXH reception gateway for one facility. Safe for many threads."""

    def __init__(self, facility: Facility, settings: Settings, clock: Clock) -> None:
        self._facility = facility
        self._clock = clock
        self._success = settings.gateway.success_message
        self._transport = Transport(settings)
        self._tokens = TokenKeeper(facility, settings, clock, self._transport)

    @property
    def logins(self) -> int:
        """How many tokens were asked for since the start."""
        return self._tokens.logins

    def login(self) -> None:
        """Take a new token now. Raises GatewayRefusedLogin or GatewayUnreachable."""
        self._tokens.login()

    def ping(self) -> Ping:
        """Log in and say how it went. Raises GatewayRefusedLogin or GatewayUnreachable."""
        token, reply = self._tokens.login()
        return Ping(reply.milliseconds, reply.outgoing, self._transport.through_proxy, token.expires_at)

    def send(self, service: Service | str, document: bytes) -> Outcome:
        """Hand one signed document to a service and judge what comes back.

        The same bytes go out a second time only after the gateway has refused the token (HTTP 401, or 401 in the
        answer), once, with a new one. Raises ConfigError for a service that does not exist, nothing else.
        """
        wanted = service if isinstance(service, Service) else _service(service)
        if (foreign := self._foreign(document)) is not None:
            return foreign
        token: Token | None = None
        for attempt in (1, 2):
            try:
                token = self._tokens.current(stale=token)
            except BhytError as error:
                return _no_token(error)
            outcome = self._judge(wanted, self._post(wanted, document, token))
            if not (attempt == 1 and _token_refused(outcome)):
                break
        return outcome

    def close(self) -> None:
        """Close the pooled connections."""
        self._transport.close()

    def _post(self, wanted: Service, document: bytes, token: Token) -> Reply:
        names = wanted.family.fields
        values = {
            "account": self._facility.account,
            "kind": wanted.kind,
            "province": self._facility.province,
            "facility": self._facility.code,
            "file": base64.b64encode(document).decode("ascii"),
        }
        fields = {names[part]: value for part, value in values.items() if part in names}
        headers: dict[str, str] = {}
        if wanted.family.credentials == "headers":
            headers = {
                "accessToken": token.access_token,
                "tokenId": token.id_token,
                "passwordHash": self._tokens.password_hash,
            }
        content, content_type = encode(fields, wanted.family.encoding)
        return self._transport.post(wanted.path, content, content_type=content_type, headers=headers)

    def _judge(self, wanted: Service, reply: Reply) -> Outcome:
        if reply.status is None:
            return _outcome(judge_wire(reply.case), reply)
        document = reply.document or {}
        code = field(document, "maKetQua")
        judgement = judge_answer(wanted.family.answers, reply.status, code)
        message = field(document, "thongDiep") or ""
        receipt = field(document, "maGiaoDich", "maGD") or None
        accepted = judgement.kind is OutcomeKind.ACCEPTED
        return _outcome(
            judgement,
            reply,
            code=code,
            message=message,
            # When the code is no success, the field has been seen to carry an error text instead.
            receipt=receipt if accepted else None,
            remark=accepted and (receipt is None or not is_success(message, self._success)),
            received=received_at(document, self._clock()),
        )

    def _foreign(self, document: bytes) -> Outcome | None:
        """A document of another facility never leaves under this account."""
        named = {match.decode("ascii", "replace") for match in _FACILITY.findall(document)}
        if named <= {self._facility.code}:
            return None
        return Outcome(
            OutcomeKind.REFUSED_FINAL,
            case="local/foreign-facility",
            message=f"MA_CSKCB {', '.join(sorted(named))} ≠ {self._facility.code}",
            meaning_vi="Hồ sơ mang mã cơ sở khác với tài khoản gửi; không gửi",
            meaning_en="the document names another facility than the sending account; not sent",
        )


def _service(name: str) -> Service:
    return service(name)


def _token_refused(outcome: Outcome) -> bool:
    return outcome.http_status == 401 or (outcome.kind is OutcomeKind.AUTH and outcome.ma_ket_qua == "401")


def _no_token(error: BhytError) -> Outcome:
    """Nothing of the document was sent: the login did not work."""
    refused = isinstance(error, GatewayRefusedLogin)
    return Outcome(
        OutcomeKind.AUTH if refused else OutcomeKind.TRANSIENT,
        case="local/login-refused" if refused else "local/no-token",
        message=error.message_en,
        meaning_vi=error.message_vi,
        meaning_en=error.message_en,
    )


def _outcome(
    judgement: Judgement,
    reply: Reply,
    *,
    code: str | None = None,
    message: str = "",
    receipt: str | None = None,
    remark: bool = False,
    received: datetime | None = None,
) -> Outcome:
    return Outcome(
        kind=judgement.kind,
        http_status=reply.status,
        ma_ket_qua=code,
        ma_giao_dich=receipt,
        received_at=received,
        message=message,
        remark=remark,
        milliseconds=reply.milliseconds,
        raw=reply.body,
        case=judgement.case,
        meaning_vi=judgement.meaning_vi,
        meaning_en=judgement.meaning_en,
        retry_after=reply.retry_after(),
    )
