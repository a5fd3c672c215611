"""A real HTTP server on loopback that answers as a test says, down to broken bytes on the wire."""

from __future__ import annotations

import json
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit


@dataclass
class Seen:
    """One request as it arrived."""

    path: str
    query: dict[str, list[str]]
    headers: dict[str, str]
    fields: dict[str, str]
    peer: str


Answer = Callable[["Handler"], None]


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Any

    def do_POST(self) -> None:
        length = int(self.headers.get("content-length", 0))
        behave = self.server.script.before_body
        if behave is not None and "token" not in self.path:
            behave(self)
            return
        body = self.rfile.read(length)
        text = body.decode()
        if "json" in self.headers.get("content-type", ""):
            fields = json.loads(text)
        else:
            fields = {k: v[0] for k, v in parse_qs(text, keep_blank_values=True).items()}
        url = urlsplit(self.path)
        headers = {k.lower(): v for k, v in self.headers.items()}
        seen = Seen(url.path, parse_qs(url.query), headers, fields, self.client_address[0])
        self.server.script.answer(self, seen)

    do_GET = do_POST  # noqa: N815 -- http.server's own names

    def log_message(self, *args: Any) -> None:
        """Nothing on the terminal."""

    def reply(self, status: int, body: bytes, content_type: str = "application/json", **headers: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body)))
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(body)

    def json(self, document: Any, status: int = 200, **headers: str) -> None:
        self.reply(status, json.dumps(document).encode(), **headers)

    def reset(self) -> None:
        """Cut the connection with a TCP reset."""
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.close_connection = True
        self.connection.close()


@dataclass
class Script:
    """What the server does. ``send`` answers services, ``token`` the login."""

    send: Callable[[Handler, Seen], None]
    token: Callable[[Handler, Seen], None]
    before_body: Callable[[Handler], None] | None = None
    seen: list[Seen] = field(default_factory=list)
    logins: int = 0
    life: float = 600
    valid: set[str] = field(default_factory=set)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def answer(self, handler: Handler, seen: Seen) -> None:
        with self.lock:
            self.seen.append(seen)
            if seen.path == "/api/token/take":
                self.logins += 1
        (self.token if seen.path == "/api/token/take" else self.send)(handler, seen)

    def sends(self) -> list[Seen]:
        return [s for s in self.seen if s.path != "/api/token/take"]


def give_token(script: Script) -> Callable[[Handler, Seen], None]:
    def answer(handler: Handler, seen: Seen) -> None:
        with script.lock:
            name = f"t{script.logins}"
            script.valid.add(name)
        expires = datetime.now(UTC) + timedelta(seconds=script.life)
        key = {
            "access_token": name,
            "id_token": f"id-{name}",
            "token_type": "Bearer",
            "username": seen.fields["username"],
            "expires_in": expires.strftime("%Y-%m-%dT%H:%M:%S.%f") + "6Z",
        }
        handler.json({"maKetQua": "200", "APIKey": key})

    return answer


def receipt(handler: Handler, seen: Seen, **changes: Any) -> None:
    document = {
        "maKetQua": "200",
        "maGiaoDich": "GD-1",
        "thoiGianTiepNhan": "20261122093015",
        "thongDiep": "Tiếp nhận thành công",
    }
    handler.json({**document, **changes})


def receipt_if_valid(script: Script) -> Callable[[Handler, Seen], None]:
    """A gateway that checks the token it gave, as the real one does."""

    def answer(handler: Handler, seen: Seen) -> None:
        with script.lock:
            good = seen.headers.get("accesstoken") in script.valid
        if good:
            receipt(handler, seen)
        else:
            handler.json({"maKetQua": "401", "thongDiep": "Token het han"})

    return answer


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64

    def handle_error(self, *args: Any) -> None:
        """Connections that tests break on purpose are no news."""


@contextmanager
def running(script: Script) -> Iterator[str]:
    """Start the server; yields its base URL."""
    server = _Server(("127.0.0.1", 0), Handler)
    server.script = script  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def silent(seconds: float) -> Callable[[Handler, Seen], None]:
    """Accepts and never answers in time."""

    def answer(handler: Handler, seen: Seen) -> None:
        time.sleep(seconds)
        handler.close_connection = True

    return answer


def raw(data: bytes, *, reset: bool = False) -> Callable[[Handler, Seen], None]:
    """Puts these bytes on the wire and hangs up."""

    def answer(handler: Handler, seen: Seen) -> None:
        handler.wfile.write(data)
        handler.wfile.flush()
        handler.close_connection = True
        if reset:
            handler.reset()

    return answer
