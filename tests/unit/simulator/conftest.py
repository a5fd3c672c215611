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
