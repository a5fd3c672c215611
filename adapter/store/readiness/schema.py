"""The table of attestations. Rows are added and marked as withdrawn, never removed."""

from __future__ import annotations

from sqlalchemy import Column, Index, Integer, LargeBinary, String, Table

from adapter.store.tables.schema import metadata
from adapter.store.tables.types import Id, Instant

attestations = Table(
    "attestations",
    metadata,
    Column("id", Id, primary_key=True),
    Column("facility", String(5), nullable=False),
    Column("step", Integer, nullable=False),
    Column("kind", String(16), nullable=False, comment="done, not_applicable"),
    Column("at", Instant, nullable=False),
    Column("actor", String(120), nullable=False),
    Column("person_sealed", LargeBinary, nullable=False, comment="who answers for it, by name"),
    Column("note_sealed", LargeBinary, nullable=False),
    Column("withdrawn_at", Instant),
    Column("withdrawn_by", String(120)),
    Index(None, "facility", "step"),
    comment="steps of the pilot process that a person vouches for",
)
