"""Tables of what comes from outside the pipeline. Rows are added, marked as over, never removed."""

from __future__ import annotations

from sqlalchemy import Column, ForeignKey, Index, Integer, LargeBinary, String, Table, Text, UniqueConstraint

from adapter.store.tables.schema import metadata
from adapter.store.tables.types import Id, Instant

portal_imports = Table(
    "portal_imports",
    metadata,
    Column("id", Id, primary_key=True),
    Column("facility", String(5), nullable=False),
    Column("kind", String(10), nullable=False, comment="sent, errors, dossiers"),
    Column("sha256", String(64), nullable=False),
    Column("name_sealed", LargeBinary, nullable=False, comment="a file may be named after a patient"),
    Column("exported_at", Instant, nullable=False),
    Column("rows", Integer, nullable=False),
    Column("matched", Integer, nullable=False),
    Column("at", Instant, nullable=False),
    Column("actor", String(120), nullable=False),
    comment="every list of the portal that was taken in",
)

sent_elsewhere = Table(
    "sent_elsewhere",
    metadata,
    Column("id", Id, primary_key=True),
    Column("facility", String(5), nullable=False),
    Column("ma_lk_blind", LargeBinary, nullable=False),
    Column("ma_lk_sealed", LargeBinary, nullable=False),
    Column("import_id", Id, ForeignKey("portal_imports.id"), nullable=False),
    Column("revoked_at", Instant),
    Column("revoked_by", String(120)),
    Column("revoke_reason", Text),
    Index(None, "facility", "ma_lk_blind"),
    Index(None, "import_id"),
    comment="MA_LK another program sent before the cut-over: known or read later, they are skipped",
)

confirmations = Table(
    "confirmations",
    metadata,
    Column("id", Id, primary_key=True),
    Column("kind", String(20), nullable=False),
    Column("facility", String(5), nullable=False),
    Column("at", Instant, nullable=False),
    Column("actor", String(120), nullable=False),
    Column("detail", Text, nullable=False),
    Index(None, "facility", "kind"),
    comment="what a person answered for by typing it",
)

lookups = Table(
    "lookups",
    metadata,
    Column("reference", String(40), primary_key=True),
    Column("facility", String(5), nullable=False),
    Column("service", String(20), nullable=False),
    Column("question_blind", LargeBinary, nullable=False, comment="number, name and birth date, keyed"),
    Column("asked_at", Instant, nullable=False),
    Column("asked_by", String(120), nullable=False),
    Column("outcome", String(20), comment="empty: asked, and the answer never came back to us"),
    Column("case_id", String(60)),
    Column("http_status", Integer),
    Column("milliseconds", Integer),
    Index(None, "facility", "asked_at"),
    comment="proof that the reception asked, also when the gateway did not answer",
)

mapping_versions = Table(
    "mapping_versions",
    metadata,
    Column("id", Id, primary_key=True),
    Column("facility", String(5), nullable=False),
    Column("number", Integer, nullable=False),
    Column("files", Text, nullable=False, comment="path in the mapping's folder → text, as JSON; never patient data"),
    Column("plan_hash", String(64), nullable=False),
    Column("note", Text, nullable=False),
    Column("state", String(10), nullable=False, comment="review, active, retired, rejected"),
    Column("author", String(120), nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("decided_by", String(120)),
    Column("decided_at", Instant),
    Column("decision", Text),
    UniqueConstraint("facility", "number"),
    Index(None, "facility", "state"),
    comment="mappings as people changed them; at most one of a facility is active",
)
