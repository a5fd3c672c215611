"""Tables of received messages. Bodies and names are sealed or blind; they end with their visit's retention."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, ForeignKey, Index, LargeBinary, String, Table, Text, UniqueConstraint

from adapter.store.tables.schema import metadata
from adapter.store.tables.types import Id, Instant

messages = Table(
    "messages",
    metadata,
    Column("id", Id, primary_key=True),
    Column("facility", String(5), nullable=False),
    Column("feed", String(80), nullable=False),
    Column("received_at", Instant, nullable=False),
    Column("kind", String(20), nullable=False),
    Column("number_blind", LargeBinary, comment="sender and its own number, keyed; empty for what was refused"),
    Column("content_blind", LargeBinary, comment="what it says, keyed"),
    Column("state", String(10), nullable=False, comment="waiting, collected, aside, refused"),
    Column("reason", Text, comment="why aside or refused; never patient data"),
    Column("visit_blind", LargeBinary),
    Column("visit_sealed", LargeBinary),
    Column("charset", String(20), nullable=False),
    Column("body", LargeBinary, nullable=False),
    Column("keep_until", Instant, nullable=False),
    UniqueConstraint("facility", "number_blind"),
    Index(None, "facility", "state", "id"),
    Index(None, "visit_blind"),
    Index(None, "keep_until"),
)

message_links = Table(
    "message_links",
    metadata,
    Column("message_id", Id, ForeignKey("messages.id", ondelete="CASCADE"), primary_key=True),
    Column("value", LargeBinary, primary_key=True),
    Column("touches", Boolean, primary_key=True, comment="true: changes encounters of that name; false: belongs to it"),
    Index(None, "value", "touches"),
    comment="blind names by which visits and merges of patients or visits find each other",
)
