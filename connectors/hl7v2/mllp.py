"""The MLLP listener: many connections, each answered in order, none acknowledged before it is kept."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass

import structlog

from adapter.errors import ConfigError
from adapter.source import Kept
from connectors.base import MessageInbox
from connectors.hl7v2.answers import answer
from connectors.hl7v2.frames import Broken, Decoder, Frame
from connectors.hl7v2.keeping import Keeper
from connectors.hl7v2.options import Port, Tls
from connectors.hl7v2.reading import Head, Reader, Refusal, erroneous, head_of, rejected
from connectors.hl7v2.spec import Spec

log = structlog.get_logger("bhyt")

_CHUNK = 262_144
_BUSY = erroneous("207", "not kept just now, please repeat")
_OTHER = erroneous("205", "another message was received under this number before")


@dataclass(slots=True)
class _Pending:
    """One message on its way: its answer is written when ``kept`` is known."""

    head: Head | None
    charset: str
    kept: asyncio.Future[Refusal | None]
    size: int


class Budget:
    """Unanswered bytes of all connections: who would exceed them waits, and stops reading."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._used = 0
        self._free = asyncio.Event()
        self._free.set()

    async def take(self, size: int) -> None:
        """Wait until there is room; one message alone always has."""
        while self._used and self._used + size > self._limit:
            self._free.clear()
            await self._free.wait()
        self._used += size

    def give(self, size: int) -> None:
        """The message is answered."""
        self._used -= size
        self._free.set()


class Listener:
    """One port."""

    def __init__(self, port: Port, spec: Spec, keeper: Keeper, inbox: MessageInbox, budget: Budget) -> None:
        self.port = port
        self._reader = Reader(spec, charset=port.charset, default_charset=port.default_charset)
        self._keeper = keeper
        self._inbox = inbox
        self._budget = budget
        self._open = 0
        self.name = port.name or f"{port.host}:{port.port}"

    async def start(self) -> asyncio.Server:
        """Listen. Raises ConfigError when the address is taken or a certificate cannot be read."""
        tls = None if self.port.tls is None else _context(self.port.tls)
        try:
            return await asyncio.start_server(
                self._connected, self.port.host, self.port.port, ssl=tls, limit=_CHUNK, backlog=128
            )
        except OSError as error:
            raise ConfigError(
                f"Không mở được cổng MLLP {self.port.host}:{self.port.port}: {error.strerror}",
                f"Cannot listen for MLLP on {self.port.host}:{self.port.port}: {error.strerror}",
                hint_vi="một chương trình khác đang dùng cổng này; đổi listen[].port",
                hint_en="another program uses this port; change listen[].port",
            ) from error

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        peer = str((writer.get_extra_info("peername") or ("?",))[0])
        if not self.port.lets_in(peer) or self._open >= self.port.connections:
            why = "not in peers" if not self.port.lets_in(peer) else "too many connections"
            log.warning("hl7v2 connection refused", port=self.name, peer=peer, why=why)
            writer.close()
            return
        self._open += 1
        log.info("hl7v2 connected", port=self.name, peer=peer)
        pending: asyncio.Queue[_Pending | None] = asyncio.Queue(self.port.pipeline)
        answering = asyncio.create_task(self._answer(pending, writer))
        try:
            await self._read(reader, pending, answering)
        except asyncio.CancelledError:
            answering.cancel()  # the feed stops: who was not answered will ask again
        except (ConnectionError, ssl.SSLError, OSError) as error:
            log.info("hl7v2 connection lost", port=self.name, peer=peer, why=type(error).__name__)
        finally:
            self._open -= 1
            if not answering.done():
                await pending.put(None)
            await asyncio.gather(answering, return_exceptions=True)
            writer.close()
            log.info("hl7v2 disconnected", port=self.name, peer=peer)

    async def _read(
        self, reader: asyncio.StreamReader, pending: asyncio.Queue[_Pending | None], answering: asyncio.Task[None]
    ) -> None:
        decoder = Decoder(self.port.max_bytes, wide=self.port.charset == "utf-16")
        begun: float | None = None
        clock = asyncio.get_running_loop().time
        while not answering.done():
            patience = self.port.idle_seconds if begun is None else begun + self.port.frame_seconds - clock()
            try:
                chunk = await asyncio.wait_for(reader.read(_CHUNK), max(0.001, patience))
            except TimeoutError:
                chunk = b""
            if not chunk:
                for broken in decoder.close():
                    await self._broken(broken, pending)
                return
            for found in decoder.feed(chunk):
                begun = None
                if isinstance(found, Broken):
                    await self._broken(found, pending)
                else:
                    await self._frame(found, pending)
            begun = None if not decoder.begun else (begun if begun is not None else clock())

    async def _frame(self, frame: Frame, pending: asyncio.Queue[_Pending | None]) -> None:
        read = self._reader.read(frame.data)
        loop = asyncio.get_running_loop()
        kept: asyncio.Future[Refusal | None] = loop.create_future()
        size = len(frame.data)
        await self._budget.take(size)
        if read.message is None:
            assert read.refusal is not None  # noqa: S101 -- a reading gives one or the other
            kept.set_result(read.refusal)
            await self._note(frame.data, read.head, f"{read.refusal.code}: {read.refusal.text}")
        else:
            self._keeper.keep(read.message, _resolve(loop, kept))
        await pending.put(_Pending(read.head, read.charset, kept, size))

    async def _broken(self, broken: Broken, pending: asyncio.Queue[_Pending | None]) -> None:
        head = head_of(broken.data.decode("latin-1").replace("\r\n", "\r")) if broken.why == "too_long" else None
        await self._note(broken.data, head, f"{broken.why}, {broken.size} bytes")
        if head is not None:
            kept: asyncio.Future[Refusal | None] = asyncio.get_running_loop().create_future()
            kept.set_result(rejected("207", f"longer than {self.port.max_bytes} bytes"))
            await pending.put(_Pending(head, "latin-1", kept, 0))

    async def _note(self, raw: bytes, head: Head | None, reason: str) -> None:
        """A refusal is told in the log and kept for people; a store that is busy now loses only this note."""
        kind = head.event[:20] if head is not None else ""
        log.warning("hl7v2 refused", port=self.name, kind=kind, reason=reason)
        try:
            await asyncio.to_thread(self._inbox.refuse, raw, kind=kind, reason=reason)
        except Exception as error:  # noqa: BLE001 -- the refusal itself stands, and was logged
            log.warning("hl7v2 refusal not noted", port=self.name, error=type(error).__name__)

    async def _answer(self, pending: asyncio.Queue[_Pending | None], writer: asyncio.StreamWriter) -> None:
        """Write answers in the order the messages came."""
        try:
            while (one := await pending.get()) is not None:
                refusal = await one.kept
                try:
                    frames = answer(one.head, one.charset, refusal)
                    if frames:
                        writer.write(frames)
                        await writer.drain()
                finally:
                    self._budget.give(one.size)
        except (ConnectionError, OSError):
            pass  # the sender is gone; what it was not told it will ask again
        finally:
            while not pending.empty():
                rest = pending.get_nowait()
                if rest is not None:
                    self._budget.give(rest.size)


def _resolve(loop: asyncio.AbstractEventLoop, kept: asyncio.Future[Refusal | None]) -> Callable[[Future[Kept]], None]:
    """From the keeper's thread back into the loop, as what the answer has to say."""

    def tell(refusal: Refusal | None) -> None:
        if not kept.done():
            kept.set_result(refusal)

    def done(future: Future[Kept]) -> None:
        if future.exception() is not None:
            refusal: Refusal | None = _BUSY
            log.warning("hl7v2 not kept", error=type(future.exception()).__name__)
        else:
            refusal = _OTHER if future.result() is Kept.OTHER else None
        with contextlib.suppress(RuntimeError):  # the loop ended meanwhile: the sender gets no answer and asks again
            loop.call_soon_threadsafe(tell, refusal)

    return done


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
