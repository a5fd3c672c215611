"""Connector ``tabular``: spreadsheets, CSV and HTML tables a HIS exports. See ``docs/connectors/tabular.md``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from adapter.settings import SourceSettings
from connectors.base import Feed, PullSource
from connectors.tabular.feed import TabularFeed
from connectors.tabular.options import read_feed_options, read_source_options
from connectors.tabular.source import TabularSource
from connectors.tabular.spec import read_spec


def open_tabular(spec: Mapping[str, Any], settings: SourceSettings) -> PullSource:
    """Entry point ``tabular`` of bhyt.connectors: a folder that is read and never touched.

    Raises MappingError for the source block, ConfigError for the facility's settings.
    """
    return TabularSource(read_spec(spec), settings, read_source_options(settings))


def open_tabular_feed(options: Mapping[str, Any], spec: Mapping[str, Any]) -> Feed:
    """Entry point ``tabular`` of bhyt.feeds: a folder whose deliveries are moved when they are read."""
    return TabularFeed(read_spec(spec), read_feed_options(options))
