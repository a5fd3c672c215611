"""The lists of the installation a command was pointed at."""

from __future__ import annotations

from adapter.catalogue.index import CatalogueIndex
from adapter.engine.opening import open_store
from adapter.settings import Settings


def catalogues_of(settings: Settings, facility: str) -> CatalogueIndex | None:
    """The facility's lists with the national ones; None when the installation has no store yet, or no list in it."""
    url = settings.store_url()
    if url.startswith("sqlite:///") and not settings.path(settings.vault.key_file).exists():
        return None  # a check of files alone must not make a store
    with open_store(settings) as store:
        return store.catalogues.index(facility)
