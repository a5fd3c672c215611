"""The MLLP listener: many connections, each answered in order, none acknowledged before it is kept.

Reading, keeping and answering run on one thread. While a transaction is made durable, whatever arrives waits in the
sockets; the next look finds it on all connections at once and keeps it together. So a lone sender never waits for
company, and the more senders there are, the fewer transactions a message costs.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
import time
from typing import cast

import structlog

from adapter.errors import ConfigError
from connectors.hl7v2.frames import Broken, Decoder, Frame
from connectors.hl7v2.gathering import Budget, Gathering, Waiting
from connectors.hl7v2.options import Port, Tls
from connectors.hl7v2.reading import Reader, head_of, rejected, told_kind
from connectors.hl7v2.spec import Spec

log = structlog.get_logger("bhyt")

_HANDSHAKE_SECONDS = 15
_YIELDS_AFTER = 10.0
_TOLD_AGAIN_AFTER = 600.0
_TOLD_MOST = 1000
_FAREWELL_SECONDS = 10.0
# A sender that lost its power never says goodbye: the kernel finds out within about two minutes.
_KEEP_ALIVE = (("TCP_KEEPIDLE", 60), ("TCP_KEEPINTVL", 20), ("TCP_KEEPCNT", 3))


class Listener:
    """One port."""

    def __init__(self, port: Port, spec: Spec, gathering: Gathering, budget: Budget) -> None:
        self.port = port
        self.reader = Reader(spec, charset=port.charset, default_charset=port.default_charset)
        self.gathering = gathering
        self.budget = budget
        self.name = port.name or f"{port.host}:{port.port}"
        self.connections: set[Connection] = set()
        self.now = 0.0
        self._looked = time.monotonic()
        self._told: dict[str, float] = {}

    async def start(self) -> asyncio.Server:
        """Listen. Raises ConfigError when the address is taken or a certificate cannot be read."""
        tls = None if self.port.tls is None else _context(self.port.tls)
        try:
            return await asyncio.get_running_loop().create_server(
                lambda: Connection(self),
                self.port.host,
                self.port.port,
                ssl=tls,
                ssl_handshake_timeout=None if tls is None else _HANDSHAKE_SECONDS,
                backlog=128,
            )
        except OSError as error:
            raise ConfigError(
                f"Không mở được cổng MLLP {self.port.host}:{self.port.port}: {error.strerror}",
                f"Cannot listen for MLLP on {self.port.host}:{self.port.port}: {error.strerror}",
                hint_vi="một chương trình khác đang dùng cổng này; đổi listen[].port",
                hint_en="another program uses this port; change listen[].port",
            ) from error

    def look(self) -> None:
        """End connections that were silent, or half-way through a message, for too long. Called about every 0.2 s.

        Time counts only while we attend: what a busy store took from us is not a sender's silence.
        """
        elapsed, self._looked = time.monotonic() - self._looked, time.monotonic()
        self.now += min(elapsed, 1.0)
        for one in list(self.connections):
            if one.overdue():
                one.end()

    def admit(self, newcomer: Connection, peer: str) -> bool:
        """Whether a connection is served. When all places are taken, the longest silent one makes room."""
        if not self.port.lets_in(peer):
            log.warning("hl7v2 connection refused", port=self.name, peer=peer, why="not in peers")
            return False
        if len(self.connections) >= self.port.connections:
            silent = min(self.connections, key=lambda one: one.last)
            if self.now - silent.last < _YIELDS_AFTER:
                log.warning("hl7v2 connection refused", port=self.name, peer=peer, why="too many connections")
                return False
            log.warning("hl7v2 connection ended for a new one", port=self.name, peer=silent.peer)
            silent.end()
            self.connections.discard(silent)
        self.connections.add(newcomer)
        # Told once in a while: there are senders that connect anew for every message.
        if self.now - self._told.get(peer, -_TOLD_AGAIN_AFTER) >= _TOLD_AGAIN_AFTER:
            if len(self._told) >= _TOLD_MOST:
                self._told.clear()
            self._told[peer] = self.now
            log.info("hl7v2 connected", port=self.name, peer=peer)
        return True

    def refused(self, raw: bytes, kind: str, reason: str) -> None:
        """Told in the log, and noted for people."""
        noted = self.gathering.notes.note(raw, kind, reason)
        log.warning("hl7v2 refused", port=self.name, kind=kind, reason=reason, noted=noted)


class Connection(asyncio.Protocol):
    """One sender's connection: bytes to messages, answers in the order they came."""

    def __init__(self, listener: Listener) -> None:
        self._listener = listener
        port = listener.port
        self._decoder = Decoder(port.max_bytes, wide=port.charset == "utf-16")
        self._transport: asyncio.Transport | None = None
        self._begun: float | None = None
        self._closed: float | None = None
        self._choked = self._waits = False
        self.last = listener.now
        self.peer = "?"

    # ---- what the event loop calls -----------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """A sender has connected (with TLS: has proved itself)."""
        self._transport = cast(asyncio.Transport, transport)
        self.peer = str((transport.get_extra_info("peername") or ("?",))[0])
        if not self._listener.admit(self, self.peer):
            self._transport.abort()
            self._transport = None
            return
        _keep_alive(transport.get_extra_info("socket"))

    def data_received(self, data: bytes) -> None:
        """Read what has become complete; keeping and answering follow as soon as all sockets were looked at."""
        if self._transport is None or self._transport.is_closing():
            return
        self.last = self._listener.now
        whole = False
        for found in self._decoder.feed(data):
            whole = True
            if isinstance(found, Frame):
                self._frame(found)
            else:
                self._broken(found)
        if not self._decoder.begun:
            self._begun = None
            self._listener.budget.release(self)
        else:
            if whole or self._begun is None:
                self._begun = self._listener.now
            if not self._listener.budget.hold(self, self._decoder.held):
                self._waits = True
                self._read_or_wait()

    def eof_received(self) -> bool:
        """The sender says nothing more, and may still wait for answers."""
        self.end()
        return self._listener.port.tls is None  # TLS knows no half-closed connection

    def connection_lost(self, exc: Exception | None) -> None:
        """Whoever was not answered will ask again."""
        if self._transport is not None:
            self._rest()
            if exc is not None:
                why = type(exc).__name__
                log.info("hl7v2 connection lost", port=self._listener.name, peer=self.peer, why=why)
        self._transport = None
        self._listener.connections.discard(self)

    def pause_writing(self) -> None:
        """The sender does not fetch its answers: nothing more is read from it until it does."""
        self._choked = True
        self._read_or_wait()

    def resume_writing(self) -> None:
        """It fetches them again."""
        self._choked = False
        self._read_or_wait()

    # ---- what the listener, the budget and the gathering call ----------------------------------

    def overdue(self) -> bool:
        """Whether it was silent, half-way, left answers unfetched, or takes too long to end."""
        now, port = self._listener.now, self._listener.port
        if self._closed is not None:
            return now - self._closed > _FAREWELL_SECONDS
        if self._choked:
            return now - self.last > port.frame_seconds
        if self._begun is not None and not self._waits and now - self._begun > port.frame_seconds:
            return True
        return now - self.last > port.idle_seconds

    def end(self) -> None:
        """Answer what was read, then close."""
        if self._transport is None:
            return
        self._rest()
        self._listener.gathering.last(self)

    def resume(self) -> None:
        """There is room for the rest of its message; the time it waited for us does not count."""
        self._waits = False
        if self._begun is not None:
            self._begun = self._listener.now
        self._read_or_wait()

    def answer(self, frames: bytes) -> None:
        """Write answers; nobody is there any more: the sender will ask again."""
        if self._transport is not None and not self._transport.is_closing():
            self._transport.write(frames)

    def close(self) -> None:
        """Close once everything is written; a sender that does not fetch its answers is not waited for."""
        if self._transport is None:
            return
        now = self._listener.now
        if self._closed is None:
            self._closed = now
        if self._choked or now - self._closed > _FAREWELL_SECONDS:
            self._transport.abort()
        else:
            self._transport.close()

    # ---- inside --------------------------------------------------------------------------------

    def _frame(self, frame: Frame) -> None:
        read = self._listener.reader.read(frame.data)
        if read.refusal is not None:
            self._listener.refused(frame.data, told_kind(read.head), f"{read.refusal.code}: {read.refusal.text}")
        self._listener.gathering.add(Waiting(self, read.head, read.charset, read.message, read.refusal))

    def _broken(self, broken: Broken) -> None:
        head = head_of(broken.data.decode("latin-1").replace("\r\n", "\r")) if broken.why == "too_long" else None
        self._listener.refused(broken.data, told_kind(head), f"{broken.why}, {broken.size} bytes")
        if head is not None:
            refusal = rejected("207", f"longer than {self._listener.port.max_bytes} bytes")
            self._listener.gathering.add(Waiting(self, head, "latin-1", None, refusal))

    def _rest(self) -> None:
        """Tell what stays half, and give its room back."""
        for broken in self._decoder.close():
            self._broken(broken)
        self._begun = None
        self._listener.budget.release(self)

    def _read_or_wait(self) -> None:
        if self._transport is None or self._transport.is_closing():
            return
        if self._choked or self._waits:
            self._transport.pause_reading()
        else:
            self._transport.resume_reading()


def _keep_alive(connection: socket.socket) -> None:
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for name, value in _KEEP_ALIVE:
        if hasattr(socket, name):  # other systems have other names, and their own defaults
            connection.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)


def _context(tls: Tls) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    try:
        context.load_cert_chain(tls.certificate_file, tls.key_file)
        if tls.client_ca_file is not None:
            context.load_verify_locations(tls.client_ca_file)
            context.verify_mode = ssl.CERT_REQUIRED
    except (OSError, ssl.SSLError) as error:
        raise ConfigError(
            f"Không đọc được chứng thư TLS của cổng MLLP ({type(error).__name__})",
            f"The TLS certificate of the MLLP port cannot be read ({type(error).__name__})",
            hint_vi="kiểm tra listen[].tls: certificate_file, key_file, client_ca_file",
            hint_en="check listen[].tls: certificate_file, key_file, client_ca_file",
        ) from error
    return context
