"""One HL7 feed over a store of its own, in a thread."""

from __future__ import annotations

import socket
import threading
from pathlib import Path
from typing import Any

from adapter.engine.intake import StoreInbox
from adapter.mapping import load_mapping
from adapter.resources import shipped
from adapter.settings import Facility, FeedSettings
from adapter.store import Store
from connectors.hl7v2 import open_hl7v2
from tests.support.hl7_tools import FACILITY, free_port
from tests.support.pipeline_world import vault


class Hl7World:
    """A listener, what it kept, and connections to it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.store = Store.open(f"sqlite:///{folder}/state.db", vault())
        facility = Facility(
            code=FACILITY,
            account="a",
            password_file=Path("p"),
            mapping="hl7v2",
            feeds=(FeedSettings(connector="hl7v2"),),
        )
        plan = load_mapping(shipped("mappings") / "hl7v2" / "mapping.yaml")
        self.plan, self.inbox = plan, StoreInbox(self.store, facility, plan, self.store.clock)
        self.stop = threading.Event()
        self.thread: threading.Thread | None = None
        self.port = free_port()

    def start(self, inbox: Any = None, **options: Any) -> None:
        """``port``: options of the one port; the rest are the feed's."""
        port = {"port": self.port, **options.pop("port", {})}
        feed = open_hl7v2({"listen": [port], **options}, self.plan.source)
        self.thread = threading.Thread(target=feed.run, args=(inbox or self.inbox, self.stop.is_set))
        self.thread.start()
        for _ in range(200):
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
            except OSError:
                self.stop.wait(0.02)
            else:
                return
        raise AssertionError("the listener did not start")

    def connect(self) -> socket.socket:
        """A sender's connection."""
        made = socket.create_connection(("127.0.0.1", self.port), 5)
        made.settimeout(10)
        return made

    def close(self) -> None:
        """Stop the feed and give the store back."""
        self.stop.set()
        if self.thread is not None:
            self.thread.join(20)
        self.store.close()


def answers(connection: socket.socket, count: int) -> list[tuple[str, str]]:
    """(MSA-1, MSA-2) of the next answers."""
    data = b""
    while data.count(b"\x1c\r") < count:
        chunk = connection.recv(65_536)
        assert chunk, f"the connection ended after {data.count(b'MSA')} answers"
        data += chunk
    found = []
    for frame in data.split(b"\x1c\r")[:count]:
        msa = next(line for line in frame.decode().split("\r") if line.startswith("MSA")).split("|")
        found.append((msa[1], msa[2]))
    return found
