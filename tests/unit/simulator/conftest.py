from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from adapter.simulator import running
from tests.support.practice_gateway import RawClient, practice_config


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., RawClient]]:
    """Start a practice gateway over real HTTP; keyword arguments change its configuration."""
    with ExitStack() as stack:

        def begin(**changes: Any) -> RawClient:
            url = stack.enter_context(running(practice_config(tmp_path, **changes)))
            client = RawClient(url)
            stack.callback(client.close)
            return client

        yield begin


@pytest.fixture(scope="module")
def server(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RawClient]:
    """One practice gateway for a module, configured by its ``PRACTICE``."""
    changes = getattr(request.module, "PRACTICE", {})
    with running(practice_config(tmp_path_factory.mktemp("practice"), **changes)) as url:
        client = RawClient(url)
        yield client
        client.close()


@pytest.fixture
def client(server: RawClient) -> RawClient:
    """The module's gateway, emptied, without faults, with a fresh login."""
    server.http.delete("/_sim/faults")
    server.http.delete("/_sim/received")
    server.login()
    return server
