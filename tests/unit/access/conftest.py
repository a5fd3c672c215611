from collections.abc import Iterator

import pytest
from argon2 import PasswordHasher

from adapter.access import passwords
from tests.support.postgres import migrated_postgres, migrated_sqlite, postgres_server, postgres_url, store_url

__all__ = ["migrated_postgres", "migrated_sqlite", "postgres_server", "postgres_url", "store_url"]


@pytest.fixture(autouse=True)
def _quick_hashes(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """argon2id with the least memory it takes: these tests hash hundreds of times and judge no strength."""
    monkeypatch.setattr(passwords, "_hasher", PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
    passwords._nobody.cache_clear()
    yield
    passwords._nobody.cache_clear()
