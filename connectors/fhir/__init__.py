"""Connector ``fhir``: polled FHIR R4 servers, pushed Bundles, Bulk folders. See ``docs/connectors/fhir.md``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from adapter.settings import SourceSettings
from connectors.base import Feed, PullSource
from connectors.fhir.feed import FhirFeed, read_feed_options
from connectors.fhir.options import read_options
from connectors.fhir.source import FhirSource
from connectors.fhir.spec import read_spec


def open_fhir(spec: Mapping[str, Any], settings: SourceSettings) -> PullSource:
    """Entry point ``fhir`` of bhyt.connectors. Checks block and options; connects at the first call.

    Raises MappingError for the source block, ConfigError for the facility's settings.
    """
    return FhirSource(read_spec(spec), settings, read_options(settings))


def open_fhir_feed(options: Mapping[str, Any], spec: Mapping[str, Any]) -> Feed:
    """Entry point ``fhir`` of bhyt.feeds: Bulk NDJSON folders, and the permission to push Bundles to the API."""
    return FhirFeed(read_spec(spec), read_feed_options(options))
