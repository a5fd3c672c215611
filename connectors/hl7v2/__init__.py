"""Connector ``hl7v2``: messages by MLLP and from folders, collected per visit. See ``docs/connectors/hl7v2.md``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from connectors.base import Collector, Feed
from connectors.hl7v2.options import read_options
from connectors.hl7v2.spec import read_spec


def open_hl7v2(options: Mapping[str, Any], spec: Mapping[str, Any]) -> Feed:
    """Entry point ``bhyt.feeds``. Raises ConfigError for the options, MappingError for the mapping's source block."""
    from connectors.hl7v2.feed import Hl7Feed

    return Hl7Feed(read_options(options), read_spec(spec))


def open_collector(spec: Mapping[str, Any]) -> Collector:
    """Entry point ``bhyt.collectors``. Raises MappingError for the mapping's source block."""
    from connectors.hl7v2.visit.collector import VisitCollector

    return VisitCollector(read_spec(spec))
