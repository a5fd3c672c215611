"""Alembic's entry: always the connection Store.open hands over, always in its transaction."""

from __future__ import annotations

from alembic import context

from adapter.store.book import schema as _book  # noqa: F401 -- its tables belong to the same metadata
from adapter.store.catalogues import schema as _catalogues  # noqa: F401 -- its tables belong to the same metadata
from adapter.store.encounters import reconciliation as _reconciliation  # noqa: F401 -- its table belongs to the same metadata
from adapter.store.history import schema as _history  # noqa: F401 -- its tables belong to the same metadata
from adapter.store.messages import schema as _messages  # noqa: F401 -- its tables belong to the same metadata
from adapter.store.people import schema as _people  # noqa: F401 -- its tables belong to the same metadata
from adapter.store.portal import schema as _portal  # noqa: F401 -- its tables belong to the same metadata
from adapter.store.readiness import schema as _readiness  # noqa: F401 -- its tables belong to the same metadata
from adapter.store.tables.schema import metadata
from adapter.store.watch import schema as _watch  # noqa: F401 -- its tables belong to the same metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    # SQLite can roll back DDL when we say BEGIN ourselves; Alembic only assumes it cannot.
    transactional_ddl=True,
    user_module_prefix="types.",
)
context.run_migrations()
