"""The gateway's client: one facility's account, every service, one judged outcome per sending."""

from __future__ import annotations

import base64
import re
from dataclasses import dataclass
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Protocol

from adapter.clock import Clock
from adapter.errors import BhytError, ConfigError, GatewayRefusedLogin
from adapter.gateway import lookup
from adapter.gateway.lookup import Answer, Person, Staff
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
from adapter.gateway.services import Service, service, token_service
from adapter.gateway.token import Token, TokenKeeper, md5_upper
from adapter.gateway.transport import Reply, Transport
from adapter.gateway.wire import build
from adapter.settings import Facility, Settings, read_secret

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
    gateway_time: datetime | None = None


def _date(text: str) -> datetime | None:
    """The Date header of an answer; None when it is absent or no date."""
    try:
        return parsedate_to_datetime(text)
    except ValueError:
        return None


class GatewayClient:
    """The BHXH reception gateway for one facility. Safe for many threads."""

    def __init__(self, facility: Facility, settings: Settings, clock: Clock) -> None:
        """Connects at the first call. ConfigError when a secret, the CA file or the route cannot be used."""
        secret = read_secret(settings.path(facility.password_file), f"facilities[{facility.code}].account")
        self._clock = clock
        self._code = facility.code
        self._success = settings.gateway.success_message
        self._parts = {
            "account": facility.account,
            "password_hash": md5_upper(secret),
            "province": facility.province,
            "facility": facility.code,
        }
        self._transport = Transport(settings.gateway, settings.workdir)
        self._tokens = TokenKeeper(token_service(), self._parts, clock, self._transport)

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
        told = _date(reply.headers.get("date", ""))
        return Ping(reply.milliseconds, reply.outgoing, self._transport.through_proxy, token.expires_at, told)

    def send(self, service: Service | str, document: bytes, *, period: str = "") -> Outcome:
        """Hand one signed document to a service and judge what comes back.

        The same bytes go out a second time only after the gateway has refused the token (HTTP 401, or 401 in the
        answer), once, with a new one. ``period`` (yyyymm) is asked for by form 09/BH only. Raises ConfigError for
        a service that does not exist or takes no documents, nothing else.
        """
        wanted = _service(service, question=False)
        if (foreign := foreign_facility(document, self._code)) is not None:
            return foreign
        parts = {"kind": wanted.kind, "file": base64.b64encode(document).decode("ascii"), "period": period}
        try:
            return self._tokens.use(lambda token: self._judge(wanted, self._post(wanted, parts, token)), token_refused)
        except BhytError as error:
            return no_token(error)

    def ask(self, service: Service | str, person: Person, staff: Staff | None = None) -> Answer:
        """Ask about a person: services ``card``, ``history`` (both need ``staff``) and ``copayment``.

        Nothing is asked twice but after a refused token. Raises ConfigError for a service that does not exist or
        is no question, nothing else.
        """
        wanted = _service(service, question=True)
        asked = lookup.parts(person, staff)
        if (refused := lookup.unfit(wanted, asked)) is not None:
            return refused
        try:
            return self._tokens.use(
                lambda token: lookup.judge(wanted, self._post(wanted, asked, token)), lookup.token_refused
            )
        except BhytError as error:
            return lookup.no_token(error)

    def close(self) -> None:
        """Close the pooled connections."""
        self._transport.close()

    def _post(self, wanted: Service, parts: dict[str, str], token: Token) -> Reply:
        keys = {"access_token": token.access_token, "id_token": token.id_token}
        call = build(wanted, {**self._parts, **keys, **parts})
        return self._transport.post(
            call.path, call.content, content_type=call.content_type, headers=call.headers, query=call.query
        )

    def _judge(self, wanted: Service, reply: Reply) -> Outcome:
        if reply.status is None:
            return outcome_of(judge_wire(reply.case), reply)
        document = reply.document or {}
        code = field(document, "maKetQua")
        judgement = judge_answer(wanted.family.answers, reply.status, code)
        message = field(document, "thongDiep") or ""
        receipt = field(document, "maGiaoDich", "maGD") or None
        accepted = judgement.kind is OutcomeKind.ACCEPTED
        return outcome_of(
            judgement,
            reply,
            code=code,
            message=message,
            # When the code is no success, the field has been seen to carry an error text instead.
            receipt=receipt if accepted else None,
            remark=accepted and (receipt is None or not is_success(message, self._success)),
            received=received_at(document, self._clock()),
        )


def foreign_facility(document: bytes, code: str) -> Outcome | None:
    """A document of another facility never leaves under this account."""
    named = {match.decode("ascii", "replace") for match in _FACILITY.findall(document)}
    if named <= {code}:
        return None
    return Outcome(
        OutcomeKind.REFUSED_FINAL,
        case="local/foreign-facility",
        message=f"MA_CSKCB {', '.join(sorted(named))} ≠ {code}",
        meaning_vi="Hồ sơ mang mã cơ sở khác với tài khoản gửi; không gửi",
        meaning_en="the document names another facility than the sending account; not sent",
    )


def token_refused(outcome: Outcome) -> bool:
    """Whether a new token may help: HTTP 401, or 401 in the answer."""
    return outcome.http_status == 401 or (outcome.kind is OutcomeKind.AUTH and outcome.ma_ket_qua == "401")


def no_token(error: BhytError) -> Outcome:
    """Nothing of the document was sent: the login did not work."""
    refused = isinstance(error, GatewayRefusedLogin)
    return Outcome(
        OutcomeKind.AUTH if refused else OutcomeKind.TRANSIENT,
        case="local/login-refused" if refused else "local/no-token",
        message=error.message_en,
        meaning_vi=error.message_vi,
        meaning_en=error.message_en,
    )


def outcome_of(
    judgement: Judgement,
    reply: Reply,
    *,
    code: str | None = None,
    message: str = "",
    receipt: str | None = None,
    remark: bool = False,
    received: datetime | None = None,
) -> Outcome:
    """A judgement put together with what the answer said."""
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


def _service(wanted: Service | str, *, question: bool) -> Service:
    found = wanted if isinstance(wanted, Service) else service(wanted)
    if found.question == question:
        return found
    raise ConfigError(
        f"Dịch vụ '{found.name}' {'không phải tra cứu' if question else 'là tra cứu, không nhận tệp'}",
        f"The service '{found.name}' {'is no look-up' if question else 'is a look-up and takes no file'}",
    )
