"""Tables of the health book. Which privacy rule matched is as secret as the diagnosis: it is sealed everywhere."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, ForeignKey, Index, LargeBinary, String, Table, Text

from adapter.store.tables.schema import metadata
from adapter.store.tables.types import Id, Instant

book_entries = Table(
    "book_entries",
    metadata,
    Column("dossier_id", Id, ForeignKey("dossiers.id"), primary_key=True),
    Column("facility", String(5), nullable=False),
    Column("ended_at", Instant),
    Column("insured", Boolean, nullable=False),
    Column("visit_type", String(4), nullable=False),
    Column("reach", String(10), nullable=False, comment="ok, missing, malformed: can it find its person"),
    Column("filled", Text, nullable=False, comment="ids of fields that hold something"),
    Column("empty", Text, nullable=False, comment="ids of fields expected and empty"),
    Column(
        "judged_sealed", LargeBinary, nullable=False, comment="rules that matched, wait or withhold; proposed texts"
    ),
    Column("extra_sealed", LargeBinary, comment="facts no XML table carries; goes when its time is over"),
    Column("saved_at", Instant, nullable=False),
    Column("keep_until", Instant, nullable=False),
    Index(None, "facility", "ended_at"),
    Index(None, "keep_until"),
    comment="one line per visit, made when its dossier is translated",
)

book_decisions = Table(
    "book_decisions",
    metadata,
    Column("id", Id, primary_key=True),
    Column("facility", String(5), nullable=False),
    Column("ma_lk_blind", LargeBinary, nullable=False),
    Column("decision_sealed", LargeBinary, nullable=False, comment="rule, kind, ground, which text"),
    Column("at", Instant, nullable=False),
    Column("actor", String(120), nullable=False),
    Index(None, "facility", "ma_lk_blind"),
    comment="what a person decided about showing or sending, and on what ground; only ever added",
)

book_checks = Table(
    "book_checks",
    metadata,
    Column("id", Id, primary_key=True),
    Column("dossier_id", Id, ForeignKey("dossiers.id"), nullable=False),
    Column("seen_at", Instant, nullable=False),
    Column("outcome", String(10), nullable=False, comment="shown, absent, wrong"),
    Column("note_sealed", LargeBinary),
    Column("at", Instant, nullable=False),
    Column("actor", String(120), nullable=False),
    Index(None, "dossier_id", "id"),
    comment="someone looked at VNeID with the patient; only ever added",
)
