"""The way between client and services: logs every call and spoils it when the fault plan says so."""

from __future__ import annotations

import asyncio
import json
import socket
import struct
import time
from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

import anyio
import anyio.to_thread
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from adapter.simulator.core import Simulator
from adapter.simulator.database import CallLine
from adapter.simulator.faults import DELIVERY, Fault, FaultRule
from adapter.simulator.services.paths import service_of
from adapter.simulator.services.wire import Note

_PAGE = (
    '<!DOCTYPE html><html lang="vi"><head><meta charset="utf-8"><title>{title}</title></head>'
    "<body><h1>{title}</h1><p>{text}</p></body></html>"
)


class Delivery:
    """ASGI middleware around the services. The simulator's own page and control calls pass untouched."""

    def __init__(self, app: ASGIApp, *, simulator: Simulator) -> None:
        self._app = app
        self._simulator = simulator

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        service = service_of(scope["path"]) if scope["type"] == "http" else None
        if service is None:
            await self._app(scope, receive, send)
            return
        note = Note(service, self._address(scope))
        scope.setdefault("state", {})["note"] = note
        fired = self._simulator.faults.choose(service, self._simulator.clock())
        line = _Line(self._simulator, note, "+".join(rule.fault.value for rule in fired))

        async def watch(message: Message) -> None:
            if message["type"] == "http.response.start":
                line.status = message["status"]
            elif not message.get("more_body"):
                # Written before the caller can know the answer, so that what he asks next finds it.
                await line.write()
            await send(message)

        try:
            await self._serve(scope, receive, watch, line, fired)
        finally:
            with anyio.CancelScope(shield=True):
                await line.write()

    async def _serve(
        self, scope: Scope, receive: Receive, send: Send, line: _Line, fired: tuple[FaultRule, ...]
    ) -> None:
        note = line.note
        for rule in fired:
            if rule.fault is Fault.LATENCY:
                await asyncio.sleep(rule.seconds)
            else:
                note.rule = rule
        rule_ = note.rule
        if rule_ is None or rule_.fault not in DELIVERY:
            if rule_ is not None and rule_.fault is Fault.TOKEN_REVOKED:
                await anyio.to_thread.run_sync(self._simulator.accounts.revoke_all)
            await self._app(scope, receive, send)
            return
        if not rule_.stores:
            while (message := await receive())["type"] == "http.request" and message.get("more_body"):
                pass
            await self._spoil(rule_, _Way(scope, receive, send), line, b"")
            return
        body = bytearray()

        async def keep(message: Message) -> None:
            if message["type"] == "http.response.body":
                body.extend(message.get("body", b""))

        await self._app(scope, receive, keep)
        await self._spoil(rule_, _Way(scope, receive, send), line, bytes(body))

    async def _spoil(self, rule: FaultRule, way: _Way, line: _Line, answer: bytes) -> None:
        if rule.fault is Fault.TIMEOUT:
            with anyio.move_on_after(rule.seconds):
                await way.gone()
        if rule.fault in (Fault.TIMEOUT, Fault.RESET):
            await line.write()
            await way.cut(reset=rule.fault is Fault.RESET)
        else:
            await _spoiled_answer(rule, way.send, answer)

    def _address(self, scope: Scope) -> str:
        if self._simulator.config.trust_forwarded:
            for name, value in scope["headers"]:
                if name == b"x-forwarded-for":
                    return str(value.decode("latin-1").split(",")[0].strip())
        client = scope.get("client")
        return str(client[0]) if client else ""


class _Line:
    """The log's line of one call; written once, however the call ends."""

    def __init__(self, simulator: Simulator, note: Note, fault: str) -> None:
        self.note = note
        self.status = 0
        self._simulator = simulator
        self._fault = fault
        self._started = time.perf_counter()
        self._written = False

    async def write(self) -> None:
        if self._written:
            return
        self._written = True
        milliseconds = (time.perf_counter() - self._started) * 1000
        call = CallLine(self.note.service, self.note.address, self.status, self.note.code, self._fault, milliseconds)
        await anyio.to_thread.run_sync(self._simulator.database.log_call, self._simulator.clock(), call)


@dataclass(frozen=True, slots=True)
class _Way:
    """One connection, as a fault needs it."""

    scope: Scope
    receive: Receive
    send: Send

    async def gone(self) -> None:
        """Wait until the caller has hung up."""
        while (await self.receive())["type"] != "http.disconnect":
            pass

    async def cut(self, *, reset: bool) -> None:
        """End the connection without an answer; ``reset`` sends RST instead of FIN."""
        transport: asyncio.Transport | None = self.scope["state"].get("transport")
        if transport is None:
            raise RuntimeError("connection faults need the simulator's own server (adapter.simulator.server)")
        if reset and (raw := transport.get_extra_info("socket")) is not None:
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        transport.abort()
        await self.gone()


async def _spoiled_answer(rule: FaultRule, send: Send, answer: bytes) -> None:
    match rule.fault:
        case Fault.HTTP_ERROR:
            page = _PAGE.format(title=f"{rule.status} {_phrase(rule.status)}", text="nginx")
            await _answer(send, rule.status, page.encode(), "text/html; charset=utf-8")
        case Fault.HTML:
            page = _PAGE.format(title="Thông báo", text="Phiên làm việc đã hết hạn, vui lòng đăng nhập lại.")
            await _answer(send, 200, page.encode(), "text/html; charset=utf-8")
        case Fault.THROTTLED:
            wait = str(max(1, round(rule.seconds))).encode()
            page = _PAGE.format(title="429 Too Many Requests", text="")
            await _answer(send, 429, page.encode(), "text/html; charset=utf-8", (b"retry-after", wait))
        case Fault.MAINTENANCE:
            page = _PAGE.format(title="Bảo trì hệ thống", text="Hệ thống đang bảo trì theo kế hoạch.")
            await _answer(send, 503, page.encode(), "text/html; charset=utf-8")
        case Fault.EMPTY_401:
            await _answer(send, 401, b"", "text/plain")
        case Fault.TRUNCATED_JSON:
            await _answer(send, 200, answer[: len(answer) // 2], "application/json; charset=utf-8")
        case Fault.WRONG_CASING:
            document = _swap_keys(json.loads(answer)) if answer else None
            text = json.dumps(document, ensure_ascii=False).encode() if answer else b""
            await _answer(send, 200, text, "application/json; charset=utf-8")
        case _:  # pragma: no cover -- DELIVERY names exactly the cases above
            raise AssertionError(rule.fault)


async def _answer(send: Send, status: int, body: bytes, content_type: str, *headers: tuple[bytes, bytes]) -> None:
    await send(
        {
            "type": "http.response.start",
            "status": status,
            "headers": [
                (b"content-type", content_type.encode()),
                (b"content-length", str(len(body)).encode()),
                *headers,
            ],
        }
    )
    await send({"type": "http.response.body", "body": body})


def _phrase(status: int) -> str:
    return next((known.phrase for known in HTTPStatus if known.value == status), "")


def _swap_keys(value: Any) -> Any:
    if isinstance(value, dict):
        return {_swap(key): _swap_keys(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_swap_keys(item) for item in value]
    return value


def _swap(key: str) -> str:
    change: Callable[[str], str] = str.lower if key[:1].isupper() else str.upper
    return change(key[:1]) + key[1:]
