"""A practice gateway and clients of it."""

from __future__ import annotations

import sqlite3
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from adapter.clock import system_clock
from adapter.gateway import GatewayClient, HubClient
from adapter.settings import Facility, GatewaySettings, HubSettings, Settings, SourceSettings
from adapter.simulator import FaultPlan, FaultRule, running
from tests.support.gateway_files import ACCOUNT, FACILITY, PASSWORD
from tests.support.practice_gateway import practice_config


class Bench:
    """A practice gateway and clients of it."""

    def __init__(self, folder: Path, stack: ExitStack) -> None:
        self.folder = folder
        self._stack = stack
        (folder / "account.pass").write_text(PASSWORD + "\n", encoding="utf-8")

    def start(self, *rules: FaultRule, **changes: Any) -> str:
        config = practice_config(self.folder, faults=FaultPlan(rules=rules), **changes)
        return self._stack.enter_context(running(config))

    def client(self, url: str, **gateway: Any) -> GatewayClient:
        facility, settings = self._facility(url, **gateway)
        client = GatewayClient(facility, settings, system_clock)
        self._stack.callback(client.close)
        return client

    def _facility(self, url: str, **gateway: Any) -> tuple[Facility, Settings]:
        facility = Facility(
            code=FACILITY,
            account=ACCOUNT,
            password_file=Path("account.pass"),
            mapping="demo-his-b",
            source=SourceSettings(url="sqlite:///his.db"),
        )
        values = {"base_url": url, "read_timeout": 5, "connect_timeout": 2, **gateway}
        return facility, Settings(workdir=self.folder, facilities=(facility,), gateway=GatewaySettings(**values))

    def received(self) -> list[sqlite3.Row]:
        db = sqlite3.connect(self.folder / "gateway.db")
        db.row_factory = sqlite3.Row
        try:
            return db.execute("SELECT * FROM received ORDER BY seq").fetchall()
        finally:
            db.close()

    def hub(self, url: str, **values: Any) -> HubClient:
        facility, settings = self._facility(url)
        wanted = {"base_url": url, "account": ACCOUNT, "password_file": Path("account.pass"), **values}
        client = HubClient(facility, HubSettings(**wanted), settings, system_clock)
        self._stack.callback(client.close)
        return client
