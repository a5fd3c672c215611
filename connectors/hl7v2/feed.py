"""The feed ``hl7v2``: its ports on one event loop, its folders beside them, one gathering for all."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Sequence

import structlog

from adapter.errors import ConfigError
from connectors.base import Inbox, MessageInbox
from connectors.hl7v2.folder import FolderReader
from connectors.hl7v2.gathering import Budget, Gathering
from connectors.hl7v2.mllp import Listener
from connectors.hl7v2.options import FeedOptions
from connectors.hl7v2.spec import Spec

log = structlog.get_logger("bhyt")

_LOOK = 0.2
_LAST_WORDS = 5.0


class Hl7Feed:
    """Takes messages in until it is told to stop."""

    def __init__(self, options: FeedOptions, spec: Spec) -> None:
        self._options = options
        self._spec = spec

    def run(self, inbox: Inbox, stopping: Callable[[], bool]) -> None:
        """Listen and watch. Raises ConfigError when a port is taken, or the inbox does not keep messages."""
        if not isinstance(inbox, MessageInbox):
            raise ConfigError("Hộp nhận này không giữ được bản tin", "This inbox does not keep messages")
        asyncio.run(self._serve(inbox, stopping))

    async def _serve(self, inbox: MessageInbox, stopping: Callable[[], bool]) -> None:
        group = self._options.group
        gathering, budget = Gathering(inbox, group), Budget(self._options.in_flight_bytes)
        listeners = [Listener(port, self._spec, gathering, budget) for port in self._options.listen]
        folders = [FolderReader(folder, self._spec, inbox, group) for folder in self._options.folders]
        ended = asyncio.Event()
        tasks = [asyncio.create_task(_watch(folder, ended)) for folder in folders]
        tasks.append(asyncio.create_task(gathering.notes.write()))
        servers: list[asyncio.Server] = []
        try:
            for listener in listeners:
                server = await listener.start()
                servers.append(server)
                at = [":".join(str(part) for part in s.getsockname()[:2]) for s in server.sockets]
                log.info("hl7v2 listening", port=listener.name, at=at, tls=listener.port.tls is not None)
            while not stopping():
                await asyncio.sleep(_LOOK)
                for listener in listeners:
                    listener.look()
                for task in tasks:
                    if task.done():
                        task.result()  # raises what ended it
                if gathering.failure is not None:
                    raise gathering.failure
        finally:
            ended.set()
            for server in servers:
                server.close()
            await _end(listeners, gathering, tasks)


async def _watch(folder: FolderReader, ended: asyncio.Event) -> None:
    while not ended.is_set():
        await asyncio.to_thread(folder.look)
        await asyncio.sleep(_LOOK)


async def _end(listeners: Sequence[Listener], gathering: Gathering, tasks: Sequence[asyncio.Task[None]]) -> None:
    """Answer what was read, write down what was noted, finish the file at hand."""
    *folders, notes = tasks
    for listener in listeners:
        for connection in list(listener.connections):
            connection.end()
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(gathering.notes.written(), _LAST_WORDS)
    notes.cancel()
    await asyncio.gather(*folders, notes, return_exceptions=True)
    await asyncio.sleep(0)  # the connections' own last step
