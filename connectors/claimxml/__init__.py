"""Feed ``claimxml``: a folder of GIAMDINHHS and XML0 files other software exported. ``docs/connectors/claimxml.md``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from connectors.base import Feed
from connectors.claimxml.feed import ClaimXmlFeed
from connectors.claimxml.options import read_options


def open_claimxml(options: Mapping[str, Any], spec: Mapping[str, Any]) -> Feed:  # noqa: ARG001 -- the feeds' protocol
    """Entry point ``claimxml`` of bhyt.feeds. ConfigError names a wrong option."""
    return ClaimXmlFeed(read_options(options))
