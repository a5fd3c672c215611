"""The feed ``hl7v2``: its ports on one event loop, its folders beside them, one keeper for all."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

import structlog

from adapter.errors import ConfigError
from connectors.base import Inbox, MessageInbox
from connectors.hl7v2.folder import FolderReader
from connectors.hl7v2.keeping import Keeper
from connectors.hl7v2.mllp import Budget, Listener
from connectors.hl7v2.options import FeedOptions
from connectors.hl7v2.spec import Spec

log = structlog.get_logger("bhyt")

_LOOK = 0.2


class Hl7Feed:
    """Takes messages in until it is told to stop."""

    def __init__(self, options: FeedOptions, spec: Spec) -> None:
        self._options = options
        self._spec = spec

    def run(self, inbox: Inbox, stopping: Callable[[], bool]) -> None:
        """Listen and watch. Raises ConfigError when a port is taken, or the inbox does not keep messages."""
        if not isinstance(inbox, MessageInbox):
            raise ConfigError("Hộp nhận này không giữ được bản tin", "This inbox does not keep messages")
        keeper = Keeper(inbox, self._options.group)
        try:
            asyncio.run(self._serve(inbox, keeper, stopping))
        finally:
            keeper.close()

    async def _serve(self, inbox: MessageInbox, keeper: Keeper, stopping: Callable[[], bool]) -> None:
        budget = Budget(self._options.in_flight_bytes)
        listeners = [Listener(port, self._spec, keeper, inbox, budget) for port in self._options.listen]
        servers: list[asyncio.Server] = []
        folders = [FolderReader(folder, self._spec, keeper, inbox) for folder in self._options.folders]
        watching = [asyncio.create_task(_watch(folder, stopping)) for folder in folders]
        try:
            for listener in listeners:
                server = await listener.start()
                servers.append(server)
                at = [":".join(str(part) for part in s.getsockname()[:2]) for s in server.sockets]
                log.info("hl7v2 listening", port=listener.name, at=at, tls=listener.port.tls is not None)
            while not stopping():
                await asyncio.sleep(_LOOK)
                for task in watching:
                    if task.done():
                        task.result()  # raises what ended it
        finally:
            await _stop(servers, watching)


async def _watch(folder: FolderReader, stopping: Callable[[], bool]) -> None:
    while not stopping():
        await asyncio.to_thread(folder.look)
        await asyncio.sleep(_LOOK)


async def _stop(servers: Sequence[asyncio.Server], watching: Sequence[asyncio.Task[None]]) -> None:
    for server in servers:
        server.close()
    await asyncio.gather(*watching, return_exceptions=True)
    mine = asyncio.current_task()
    rest = [task for task in asyncio.all_tasks() if task is not mine]
    for task in rest:
        task.cancel()
    await asyncio.gather(*rest, return_exceptions=True)
