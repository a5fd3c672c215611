"""What has arrived on all ports: kept together, then answered; and what bounds it."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Protocol

import structlog

from adapter.errors import BhytError
from adapter.source import Kept, Message
from connectors.base import MessageInbox
from connectors.hl7v2.answers import answer
from connectors.hl7v2.keeping import keep_all
from connectors.hl7v2.reading import Head, Refusal, erroneous

log = structlog.get_logger("bhyt")

_BUSY = erroneous("207", "not kept just now, please repeat")
_OTHER = erroneous("205", "another message was received under this number before")
_NOTE_BYTES = 65_536
_NOTES_BYTES = 4_000_000


class Sender(Protocol):
    """A connection, as it is answered."""

    def answer(self, frames: bytes) -> None: ...
    def resume(self) -> None: ...
    def close(self) -> None: ...


@dataclass(frozen=True, slots=True)
class Waiting:
    """Something a sender waits for: a message to be kept, or a refusal."""

    sender: Sender
    head: Head | None
    charset: str
    message: Message | None
    refusal: Refusal | None


class Gathering:
    """Keeps what all connections read between two looks of the event loop, then answers in order.

    The transaction runs on the loop's own thread: a thread beside it would cost each message two hand-overs and
    gain nothing, since nothing can be answered before it is durable.
    """

    def __init__(self, inbox: MessageInbox, group: int) -> None:
        self._inbox = inbox
        self._group = group
        self._waiting: list[Waiting] = []
        self._last: list[Sender] = []
        self._due = False
        self.notes = Notes(inbox)
        self.failure: Exception | None = None

    def add(self, one: Waiting) -> None:
        """To be kept and answered with whatever else this look finds."""
        self._waiting.append(one)
        self._soon()

    def last(self, sender: Sender) -> None:
        """Close this connection once it has its answers."""
        self._last.append(sender)
        self._soon()

    def _soon(self) -> None:
        if not self._due:
            self._due = True
            asyncio.get_running_loop().call_soon(self._settle)

    def _settle(self) -> None:
        waiting, self._waiting = self._waiting, []
        last, self._last = self._last, []
        self._due = False
        try:
            self._keep_and_answer(waiting)
        except Exception as error:  # noqa: BLE001 -- ends the feed, which says so and starts again
            self.failure = error
        for sender in last:
            sender.close()

    def _keep_and_answer(self, waiting: list[Waiting]) -> None:
        kept = iter(keep_all(self._inbox, [one.message for one in waiting if one.message is not None], self._group))
        answers: dict[Sender, list[bytes]] = {}
        for one in waiting:
            refusal = one.refusal if one.message is None else _said(next(kept))
            answers.setdefault(one.sender, []).append(answer(one.head, one.charset, refusal))
        for sender, frames in answers.items():
            sender.answer(frames[0] if len(frames) == 1 else b"".join(frames))


def _said(kept: Kept | BhytError) -> Refusal | None:
    if isinstance(kept, BhytError):
        log.warning("hl7v2 not kept", error=type(kept).__name__)
        return _BUSY
    return _OTHER if kept is Kept.OTHER else None


class Notes:
    """Refusals, written down for people beside the hot way. What a flood of them leaves no room for is only logged."""

    def __init__(self, inbox: MessageInbox) -> None:
        self._inbox = inbox
        self._queue: asyncio.Queue[tuple[bytes, str, str]] = asyncio.Queue()
        self._bytes = 0

    def note(self, raw: bytes, kind: str, reason: str) -> bool:
        """Whether it will be written down."""
        raw = raw[:_NOTE_BYTES]
        if self._bytes + len(raw) > _NOTES_BYTES:
            return False
        self._bytes += len(raw)
        self._queue.put_nowait((raw, kind, reason))
        return True

    async def write(self) -> None:
        """Write what comes, for ever. A store that is busy now loses only the note: the refusal itself stands."""
        while True:
            raw, kind, reason = await self._queue.get()
            try:
                await asyncio.to_thread(self._inbox.refuse, raw, kind=kind, reason=reason)
            except Exception as error:  # noqa: BLE001 -- the refusal itself stands, and was logged
                log.warning("hl7v2 refusal not noted", error=type(error).__name__)
            finally:
                self._bytes -= len(raw)
                self._queue.task_done()

    async def written(self) -> None:
        """Wait until what was noted is written."""
        await self._queue.join()


class Budget:
    """Bytes of unfinished messages on all connections: who would exceed them waits, and is not read from.

    Whose message began first may always go on, so that somebody always finishes.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._held: dict[Sender, int] = {}
        self._used = 0
        self._stopped: list[Sender] = []

    def hold(self, sender: Sender, size: int) -> bool:
        """Its message stands at ``size`` bytes; False: it is to wait for :meth:`Sender.resume`."""
        self._used += size - self._held.get(sender, 0)
        self._held[sender] = size
        if self._used <= self._limit or next(iter(self._held)) is sender:
            return True
        self._stopped.append(sender)
        return False

    def release(self, sender: Sender) -> None:
        """Its message is complete, or given up."""
        size = self._held.pop(sender, None)
        if size is None:
            return
        self._used -= size
        if self._stopped:
            stopped, self._stopped = self._stopped, []
            for one in stopped:
                if one is sender:
                    continue
                if self._used <= self._limit or next(iter(self._held)) is one:
                    one.resume()
                else:
                    self._stopped.append(one)
