"""Tables of the catalogues. Rows are closed or retired, never changed otherwise and never deleted."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, Date, ForeignKey, Index, Integer, LargeBinary, String, Table

from adapter.store.tables.schema import metadata
from adapter.store.tables.types import Id, Instant

catalogue_imports = Table(
    "catalogue_imports",
    metadata,
    Column("id", Id, primary_key=True),
    Column("list", String(20), nullable=False),
    Column("facility", String(5), nullable=False, comment="empty for a national list"),
    Column("name", String(200), nullable=False),
    Column("sha256", String(64), nullable=False),
    Column("since", Date, nullable=False, comment="first day of rows that name none"),
    Column("whole", Boolean, nullable=False),
    Column("rows", Integer, nullable=False),
    Column("opened", Integer, nullable=False),
    Column("closed", Integer, nullable=False),
    Column("retired", Integer, nullable=False),
    Column("at", Instant, nullable=False),
    Column("actor", String(120), nullable=False),
    Index(None, "facility", "list"),
    comment="every file taken in; the newest id is the version the check stage's index goes by",
)

catalogue_rows = Table(
    "catalogue_rows",
    metadata,
    Column("id", Id, primary_key=True),
    Column("list", String(20), nullable=False),
    Column("facility", String(5), nullable=False),
    Column("import_id", Id, ForeignKey("catalogue_imports.id"), nullable=False),
    Column("since", Date, nullable=False),
    Column("until", Date),
    Column("body", LargeBinary, nullable=False, comment="code and columns; sealed in lists about people"),
    Column("closed_by", Id, ForeignKey("catalogue_imports.id")),
    Column("retired_by", Id, ForeignKey("catalogue_imports.id"), comment="a correction stands in its place"),
    Index(None, "facility", "list", "retired_by"),
)
