"""The installation's store, opened. Apart from the lines over it, so that a command that only reads loads no stage."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from adapter.clock import Clock, system_clock
from adapter.settings import Settings
from adapter.store.store import Store
from adapter.vault.opening import open_vault


@contextmanager
def open_store(settings: Settings, clock: Clock = system_clock) -> Iterator[Store]:
    """The installation's store with its vault; both are made at first start."""
    vault = open_vault(settings, create=True)
    store = Store.open(settings.store_url(), vault, clock)
    try:
        yield store
    finally:
        store.close()
