"""A provincial hub beside the BHXH gateway: the same face for sending, and a look-up of what became of a dossier.

Shape of the Hanoi axis, read from one public client (certainty C): a bearer token, JSON with a list of files,
a result per file. The names in the status answer were not seen; ``data/services.yaml`` holds our guesses.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from adapter.clock import Clock
from adapter.errors import BhytError, GatewayRefusedLogin, GatewayUnreachable
from adapter.gateway.client import foreign_facility, no_token, outcome_of, token_refused
from adapter.gateway.outcome import Outcome, OutcomeKind, field, judge_answer, judge_wire, received_at
from adapter.gateway.services import Service, hub_service
from adapter.gateway.token import Token, TokenKeeper
from adapter.gateway.transport import Reply, Transport
from adapter.gateway.wire import encode
from adapter.settings import Facility, GatewaySettings, HubSettings, Settings, read_secret

_BOM = b"\xef\xbb\xbf"


@dataclass(frozen=True, slots=True)
class HubStatus:
    """What the hub says about one receipt. ``state``: pending, good, faulty, replaced or unknown.

    ``faults`` are (code, text) pairs; ``said`` is the hub's own word for the state.
    """

    state: str
    said: str = ""
    faults: tuple[tuple[str, str], ...] = ()
    http_status: int | None = None
    message: str = ""


class HubClient:
    """A province's hub for one facility. Keeps :class:`adapter.gateway.client.Gateway`; safe for many threads."""

    def __init__(self, facility: Facility, hub: HubSettings, settings: Settings, clock: Clock) -> None:
        """Route and time-outs are those of ``settings.gateway``. ConfigError when they or the secret cannot be used."""
        self._service = hub_service()
        self._clock = clock
        self._facility = facility
        route = GatewaySettings.model_validate({**settings.gateway.model_dump(), "base_url": hub.base_url})
        self._transport = Transport(route, settings.workdir)
        login = self._service.token
        if hub.auth_url is not None:
            login = login.model_copy(update={"path": hub.auth_url.rstrip("/") + login.path})
        parts = {
            "account": hub.account,
            "password": read_secret(settings.path(hub.password_file), "hub"),
            "unit": hub.unit or facility.code,
        }
        self._tokens = TokenKeeper(login, parts, clock, self._transport)

    @property
    def logins(self) -> int:
        """How many tokens were asked for since the start."""
        return self._tokens.logins

    def send(self, service: Service | str, document: bytes) -> Outcome:
        """Hand over one dossier; the hub takes dossiers of QĐ 3176 only. Never raises for what network or hub do."""
        name = service if isinstance(service, str) else service.name
        if name != f"dossier-{self._service.kind}":
            return Outcome(
                OutcomeKind.REFUSED_FINAL,
                case="local/no-such-service",
                meaning_vi=f"Trục tỉnh không nhận {name}",
                meaning_en=f"the hub does not take {name}",
            )
        if (foreign := foreign_facility(document, self._facility.code)) is not None:
            return foreign
        fields = {
            "loaiHoSo": self._service.kind,
            "maTinh": self._facility.province,
            "maCSKCB": self._facility.code,
            "files": [base64.b64encode(document.removeprefix(_BOM)).decode("ascii")],
        }
        content, content_type = encode(fields, "json")

        def call(token: Token) -> Outcome:
            return self._judge(
                self._transport.post(self._service.dossier, content, content_type=content_type, headers=_bearer(token))
            )

        try:
            return self._tokens.use(call, token_refused)
        except BhytError as error:
            return no_token(error)

    def status(self, ma_giao_dich: str) -> HubStatus:
        """What became of a dossier. Raises GatewayRefusedLogin or GatewayUnreachable when the hub cannot be asked."""
        path = self._service.status + quote(ma_giao_dich, safe="")

        def call(token: Token) -> Reply:
            return self._transport.post(
                path, b"", content_type="application/json", headers=_bearer(token), method="GET"
            )

        reply = self._tokens.use(call, lambda answer: answer.status == 401)
        if reply.status == 401:
            raise GatewayRefusedLogin("Trục tỉnh không chấp nhận token", "The provincial hub does not accept the token")
        if reply.status is None or reply.document is None or reply.status >= 500:
            what = f"HTTP {reply.status}" if reply.status is not None else reply.detail
            raise GatewayUnreachable(
                f"Trục tỉnh không trả lời tra cứu trạng thái ({what})",
                f"The provincial hub does not answer the status look-up ({what})",
            )
        said = field(reply.document, "trangThai") or ""
        return HubStatus(
            self._service.states.get(said, "unknown"),
            said,
            tuple(_faults(reply.document)),
            reply.status,
            field(reply.document, "thongDiep") or "",
        )

    def close(self) -> None:
        """Close the pooled connections."""
        self._transport.close()

    def _judge(self, reply: Reply) -> Outcome:
        if reply.status is None:
            return outcome_of(judge_wire(reply.case), reply)
        document = reply.document or {}
        code = field(document, "maKetQua")
        judgement = judge_answer("hub", reply.status, code)
        result = _first_result(document)
        message = field(result, "thongDiep") or field(document, "thongDiep") or ""
        receipt = field(result, "maGiaoDich") or None
        if judgement.kind is OutcomeKind.ACCEPTED and receipt is None:
            # The batch was taken, this file in it was not.
            judgement = judge_answer("hub", reply.status, "false")
            code = field(result, "maLoi") or code
        return outcome_of(
            judgement,
            reply,
            code=code,
            message=message,
            receipt=receipt if judgement.kind is OutcomeKind.ACCEPTED else None,
            received=received_at(document, self._clock()),
        )


def _bearer(token: Token) -> dict[str, str]:
    return {"Authorization": f"Bearer {token.access_token}"}


def _first_result(document: Mapping[str, Any]) -> Mapping[str, Any]:
    results = document.get("fileResults")
    first = results[0] if isinstance(results, list) and results else None
    return first if isinstance(first, dict) else {}


def _faults(document: Mapping[str, Any]) -> list[tuple[str, str]]:
    listed = document.get("dsLoi")
    rows = listed if isinstance(listed, list) else []
    return [(field(row, "maLoi") or "", field(row, "moTaLoi") or "") for row in rows if isinstance(row, dict)]
