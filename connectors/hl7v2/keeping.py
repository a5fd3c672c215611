"""Group commit: messages kept together, in as few transactions as their size allows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from adapter.errors import BhytError, StoreBusy
from adapter.source import Kept, Message
from connectors.base import MessageInbox

_GROUP_BYTES = 8_000_000


def keep_all(inbox: MessageInbox, messages: Sequence[Message], group: int) -> list[Kept | BhytError]:
    """What became of each message, in order; durable where it says :class:`Kept`.

    ``group``: messages in one transaction at most. Those of a group the inbox breaks on are tried one by one, so
    that one cannot spoil the others; StoreBusy stands for all of its group.
    """
    return [answer for part in _parts(messages, group) for answer in _keep(inbox, part)]


def _keep(inbox: MessageInbox, messages: Sequence[Message]) -> Sequence[Kept | BhytError]:
    try:
        return inbox.keep(messages)
    except StoreBusy as error:
        return [error] * len(messages)
    except Exception as error:  # noqa: BLE001 -- told to whoever waits for the message
        if len(messages) > 1:
            return [answer for one in messages for answer in _keep(inbox, [one])]
        return [error if isinstance(error, BhytError) else _broke(error)]


def _parts(messages: Sequence[Message], group: int) -> Iterator[Sequence[Message]]:
    start = size = 0
    for at, message in enumerate(messages):
        size += len(message.raw)
        if at > start and (at - start == group or size > _GROUP_BYTES):
            yield messages[start:at]
            start, size = at, len(message.raw)
    if messages:
        yield messages[start:]


def _broke(error: Exception) -> StoreBusy:
    return StoreBusy(
        f"Bản tin chưa được lưu ({type(error).__name__})",
        f"The message was not kept ({type(error).__name__})",
        hint_vi="bên gửi sẽ gửi lại; xem nhật ký",
        hint_en="the sender will repeat it; see the log",
    )
