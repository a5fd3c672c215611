"""A claimxml feed over a real store in a process of its own, meant to be killed."""

from __future__ import annotations

import time
from pathlib import Path

from adapter.clock import system_clock
from adapter.engine.intake import StoreInbox
from adapter.mapping import load_mapping
from adapter.resources import shipped
from adapter.settings import Facility, FeedSettings
from adapter.store import Store
from connectors.claimxml.feed import ClaimXmlFeed
from connectors.claimxml.options import ClaimXmlOptions
from tests.support.pipeline_world import vault

FACILITY = "01999"


def facility() -> Facility:
    return Facility(
        code=FACILITY,
        account=f"{FACILITY}_BV",
        password_file=Path("none"),
        mapping="claimxml",
        feeds=(FeedSettings(connector="claimxml"),),
    )


def plan() -> object:
    return load_mapping(shipped("mappings") / "claimxml" / "mapping.yaml")


def open_feed(folder: Path, **options: object) -> ClaimXmlFeed:
    return ClaimXmlFeed(ClaimXmlOptions.model_validate({"folder": folder, "steady": 0.02, "every": 0.01, **options}))


def inbox_over(store: Store) -> StoreInbox:
    return StoreInbox(store, facility(), load_mapping(shipped("mappings") / "claimxml" / "mapping.yaml"), system_clock)


def watch(folder: Path, url: str, seconds: float) -> None:
    """Take in until killed, or until the time is over."""
    ends = time.monotonic() + seconds
    store = Store.open(url, vault())
    try:
        open_feed(folder).run(inbox_over(store), lambda: time.monotonic() > ends)
    finally:
        store.close()
