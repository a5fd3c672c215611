"""Group commit: whatever arrived while the last transaction ran goes into the next one together."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable
from concurrent.futures import Future

from adapter.errors import BhytError, StoreBusy
from adapter.source import Kept, Message
from connectors.base import MessageInbox

_GROUP_BYTES = 8_000_000


class Keeper:
    """One thread that keeps messages of all ports and folders. A future resolves when its message is durable.

    A message that the inbox refuses with its group is tried alone, so that one cannot spoil the others.
    """

    def __init__(self, inbox: MessageInbox, group: int) -> None:
        self._inbox = inbox
        self._group = group
        self._waiting: queue.SimpleQueue[tuple[Message, Future[Kept]] | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._work, name="hl7v2-keeper", daemon=True)
        self._thread.start()

    def keep(self, message: Message, done: Callable[[Future[Kept]], None] | None = None) -> Future[Kept]:
        """Hand a message over; the future's exception is what the inbox raised."""
        future: Future[Kept] = Future()
        if done is not None:
            future.add_done_callback(done)
        self._waiting.put((message, future))
        return future

    def close(self) -> None:
        """Keep what was handed over, then end."""
        self._waiting.put(None)
        self._thread.join(60)

    def _work(self) -> None:
        while True:
            first = self._waiting.get()
            if first is None:
                return
            group, size, last = [first], len(first[0].raw), False
            while len(group) < self._group and size < _GROUP_BYTES:
                try:
                    more = self._waiting.get_nowait()
                except queue.Empty:
                    break
                if more is None:
                    last = True
                    break
                group.append(more)
                size += len(more[0].raw)
            self._keep(group)
            if last:
                return

    def _keep(self, group: list[tuple[Message, Future[Kept]]]) -> None:
        try:
            answers = self._inbox.keep([message for message, _ in group])
        except StoreBusy as error:
            for _, future in group:
                future.set_exception(error)
        except Exception as error:  # noqa: BLE001 -- handed to whoever waits for the message
            if len(group) > 1:
                for one in group:
                    self._keep([one])
                return
            group[0][1].set_exception(error if isinstance(error, BhytError) else _broke(error))
        else:
            for (_, future), kept in zip(group, answers, strict=True):
                future.set_result(kept)


def _broke(error: Exception) -> StoreBusy:
    return StoreBusy(
        f"Bản tin chưa được lưu ({type(error).__name__})",
        f"The message was not kept ({type(error).__name__})",
        hint_vi="bên gửi sẽ gửi lại; xem nhật ký",
        hint_en="the sender will repeat it; see the log",
    )
