"""Connector ``sql``: any relational HIS through SQLAlchemy, read only. See ``docs/connectors/sql.md``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from adapter.settings import SourceSettings
from connectors.base import PullSource
from connectors.sql.options import read_options
from connectors.sql.source import SqlSource
from connectors.sql.spec import read_spec


def open_sql(spec: Mapping[str, Any], settings: SourceSettings) -> PullSource:
    """Entry point ``sql``. Checks block, queries and options; connects at the first call.

    Raises MappingError for the source block, ConfigError for the facility's settings.
    """
    return SqlSource(read_spec(spec), settings, read_options(settings))
