from __future__ import annotations

from collections.abc import Iterator

import pytest

from adapter.store import Store
from tests.support.pipeline_world import Time, World, vault
from tests.support.postgres import migrated_postgres, migrated_sqlite, postgres_server, postgres_url, store_url

__all__ = ["migrated_postgres", "migrated_sqlite", "postgres_server", "postgres_url", "store_url"]


@pytest.fixture
def world(store_url: str) -> Iterator[World]:
    time = Time()
    with Store.open(store_url, vault(), time) as store:
        yield World(store, time)
