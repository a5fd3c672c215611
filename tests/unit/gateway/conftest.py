"""A client, its facility and the server it talks to."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from adapter.clock import Clock, system_clock
from adapter.gateway import GatewayClient
from adapter.settings import Facility, GatewaySettings, Settings, SourceSettings
from tests.unit.gateway.bench import Bench
from tests.unit.gateway.server import Script, give_token, receipt_if_valid, running


def make_settings(workdir: Path, base_url: str, **gateway: Any) -> Settings:
    (workdir / "account.pass").write_text("Mat-khau-1")
    facility = Facility(
        code="79999",
        account="79999_BV",
        password_file=Path("account.pass"),
        mapping="demo-his-b",
        source=SourceSettings(url="sqlite:///his.db"),
    )
    values = {"base_url": base_url, "connect_timeout": 2, "read_timeout": 2, **gateway}
    return Settings(workdir=workdir, facilities=(facility,), gateway=GatewaySettings(**values))


@pytest.fixture
def script() -> Script:
    """A gateway that gives tokens, checks them, and gives receipts; tests change what they need."""
    made = Script(send=lambda _h, _s: None, token=lambda _h, _s: None)
    made.token = give_token(made)
    made.send = receipt_if_valid(made)
    return made


@pytest.fixture
def base_url(script: Script) -> Iterator[str]:
    with running(script) as url:
        yield url


Make = Callable[..., GatewayClient]


@pytest.fixture
def make(tmp_path: Path, base_url: str) -> Iterator[Make]:
    with ExitStack() as stack:

        def build(*, url: str | None = None, clock: Clock = system_clock, **gateway: Any) -> GatewayClient:
            settings = make_settings(tmp_path, url or base_url, **gateway)
            client = GatewayClient(settings.facilities[0], settings, clock)
            stack.callback(client.close)
            return client

        yield build


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    """A practice gateway to be started, and clients of it."""
    with ExitStack() as stack:
        yield Bench(tmp_path, stack)
