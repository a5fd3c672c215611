"""Tables of the watch. Nothing of a patient stands here: facility, codes, counts and times only."""

from __future__ import annotations

from sqlalchemy import Column, Index, Integer, String, Table, Text

from adapter.store.tables.schema import metadata
from adapter.store.tables.types import Id, Instant

stage_health = Table(
    "stage_health",
    metadata,
    Column("facility", String(5), primary_key=True),
    Column("stage", String(20), primary_key=True),
    Column("last_run_at", Instant, nullable=False),
    Column("last_ok_at", Instant),
    Column("failing_since", Instant, comment="empty while it works"),
    Column("code", String(40), comment="of the failure that stands"),
    Column("message_vi", Text),
    Column("message_en", Text),
    Column("done", Integer, nullable=False, comment="units finished by the last run that had work"),
)

certificates = Table(
    "certificates_seen",
    metadata,
    Column("facility", String(5), primary_key=True),
    Column("serial", String(60), nullable=False),
    Column("not_after", Instant, nullable=False),
    Column("seen_at", Instant, nullable=False),
    comment="what signing last used, so that its end is known without opening a token",
)

alerts = Table(
    "alerts",
    metadata,
    Column("id", Id, primary_key=True),
    Column("condition", String(40), nullable=False),
    Column("facility", String(5), nullable=False, comment="empty: the whole installation"),
    Column("step", String(20), nullable=False, comment="how far it has come; a new step is told anew"),
    Column("severity", String(10), nullable=False),
    Column("text_vi", Text, nullable=False),
    Column("text_en", Text, nullable=False),
    Column("opened_at", Instant, nullable=False),
    Column("closed_at", Instant),
    Column("told_at", Instant, comment="when its start was told; empty: not yet"),
    Column("end_told_at", Instant, comment="when its end was told; empty: not yet"),
    Index(None, "closed_at", "condition", "facility"),
)
