"""The tables. Rows about people are sealed or blind; what operators sort and sum by is clear.

Clear: facility, state, dates, purpose, rule ids, amounts, hashes. Sealed by the vault: MA_LK,
the source's keys, findings' values and texts, the gateway's messages, every body. Found through
keyed blind indexes: MA_LK, source key, card, personal number, each word of the name.
Revisions' content, events, attempts and receipts are only ever added.
"""

from __future__ import annotations

from sqlalchemy import (
    Boolean,
    Column,
    Date,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
    text,
)

from adapter.store.tables.types import Id, Instant, Money

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "pk": "pk_%(table_name)s",
    }
)

SETBACK = "to_state IN ('refused', 'blocked')"
"""Events that charts count by day; a query must repeat it as text to be served by its index."""

meta = Table(
    "meta",
    metadata,
    Column("key", String(40), primary_key=True),
    Column("value", LargeBinary, nullable=False),
    comment="facts about this store itself: the vault's check value",
)

# ---- what was read ------------------------------------------------------------------------------

cursors = Table(
    "cursors",
    metadata,
    Column("facility", String(5), primary_key=True),
    Column("source", String(80), primary_key=True),
    Column("stamp", String(80)),
    Column("key_sealed", LargeBinary),
    Column("version", Integer, nullable=False),
    Column("plan_hash", String(64), comment="the mapping last applied; a new one looks again at what was left"),
    Column("moved_at", Instant, nullable=False),
    comment="moves only in the transaction that saves what was read; version is the fence of two pulls at once",
)

pulls = Table(
    "pulls",
    metadata,
    Column("id", Id, primary_key=True),
    Column("facility", String(5), nullable=False),
    Column("source", String(80), nullable=False),
    Column("started_at", Instant, nullable=False),
    Column("finished_at", Instant),
    Column("read", Integer, nullable=False),
    Column("unchanged", Integer, nullable=False),
    Column("new", Integer, nullable=False),
    Column("changed", Integer, nullable=False),
    Column("skipped", Integer, nullable=False),
    Column("error", Text),
    Index(None, "facility", "started_at"),
)

encounters = Table(
    "encounters",
    metadata,
    Column("id", Id, primary_key=True),
    Column("facility", String(5), nullable=False),
    Column("source", String(80), nullable=False),
    Column("key_blind", LargeBinary, nullable=False),
    Column("key_sealed", LargeBinary, nullable=False),
    Column("ma_lk_blind", LargeBinary),
    Column("content_hash", String(64), nullable=False),
    Column("first_day", Date, nullable=False),
    Column("first_read_at", Instant, nullable=False),
    Column("changed_at", Instant, nullable=False),
    Column("due", Integer, nullable=False, comment="how many dossiers the source is ready for"),
    Column("not_due_reason", Text),
    Column("plan_hash", String(64), comment="the mapping the readiness was judged with"),
    Column("pending", Boolean, nullable=False, comment="true until translated with this content"),
    Column("lease_owner", String(120)),
    Column("lease_until", Instant),
    Column("fence", Integer, nullable=False),
    Column("gone_at", Instant, comment="since when the source no longer gives it"),
    UniqueConstraint("facility", "source", "key_blind"),
    Index(None, "facility", "pending", "id"),
    Index(None, "ma_lk_blind"),
)

expectations = Table(
    "expectations",
    metadata,
    Column("id", Id, primary_key=True),
    Column("facility", String(5), nullable=False),
    Column("encounter_id", Id, ForeignKey("encounters.id"), nullable=False),
    Column("ma_lk_blind", LargeBinary, nullable=False),
    Column("purpose", String(10), nullable=False),
    Column("occasion", String(40), nullable=False),
    Column("first_day", Date, nullable=False),
    UniqueConstraint("facility", "ma_lk_blind", "purpose", "occasion"),
    Index(None, "encounter_id"),
    Index("ix_expectations_by_day", "facility", "first_day", "purpose"),
    comment="what readiness said must come out, written by the pull; the left side of the equation",
)

# ---- dossiers and their revisions ----------------------------------------------------------------

dossiers = Table(
    "dossiers",
    metadata,
    Column("id", Id, primary_key=True),
    Column("facility", String(5), nullable=False),
    Column("encounter_id", Id, ForeignKey("encounters.id"), nullable=False),
    Column("ma_lk_blind", LargeBinary, nullable=False),
    Column("ma_lk_sealed", LargeBinary, nullable=False),
    Column("purpose", String(10), nullable=False),
    Column("occasion", String(40), nullable=False),
    Column("first_day", Date, nullable=False, comment="day of the first pull, Asia/Ho_Chi_Minh"),
    Column("revision_id", Id, comment="the current revision"),
    Column("state", String(12), nullable=False, comment="the current revision's state, moved in the same statement"),
    Column("held", Boolean, nullable=False),
    Column("held_code", String(40)),
    Column("held_reason", Text),
    Column("held_by", String(120)),
    Column("deadline", Instant, nullable=False),
    Column("verdict", String(10)),
    Column("payment_requested", Boolean, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("updated_at", Instant, nullable=False),
    UniqueConstraint("facility", "ma_lk_blind", "purpose", "occasion"),
    Index("ix_dossiers_by_day", "facility", "first_day", "purpose", "state", "held"),
    Index(None, "facility", "state", "held"),
    Index("ix_dossiers_by_deadline", "facility", "purpose", "state", "held", "deadline", "id"),
    Index("ix_dossiers_by_change", "facility", "purpose", "state", "held", "updated_at", "id"),
    Index("ix_dossiers_by_verdict", "facility", "verdict", "deadline", "id"),
    Index(None, "encounter_id"),
    Index(None, "ma_lk_blind"),
    Index(None, "revision_id"),
)

search_words = Table(
    "search_words",
    metadata,
    Column("dossier_id", Id, ForeignKey("dossiers.id"), primary_key=True),
    Column("kind", String(10), primary_key=True),
    Column("value", LargeBinary, primary_key=True),
    Index(None, "kind", "value", "dossier_id"),
    comment="blind values of card, personal number and each word of the name",
)

revisions = Table(
    "revisions",
    metadata,
    Column("id", Id, primary_key=True),
    Column("dossier_id", Id, ForeignKey("dossiers.id"), nullable=False),
    Column("number", Integer, nullable=False),
    Column("facility", String(5), nullable=False),
    Column("purpose", String(10), nullable=False),
    Column("state", String(12), nullable=False),
    Column("content_hash", String(64), nullable=False),
    Column("source_hash", String(64), nullable=False),
    Column("mapping_hash", String(64), nullable=False),
    Column("standard", String(8), nullable=False),
    Column("reason", Text, nullable=False),
    Column("state_reason", Text),
    Column("amount_total", Money),
    Column("amount_insurance", Money),
    Column("ended_at", Instant, comment="end of the visit, when the dossier says one"),
    Column("created_at", Instant, nullable=False),
    # the outbox
    Column("rank", Integer, nullable=False, comment="0 before 1: check-ins are due at once"),
    Column("deadline", Instant, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("unknowns", Integer, nullable=False, comment="answers lost so far for these bytes"),
    Column("next_attempt_at", Instant),
    Column("lease_owner", String(120)),
    Column("lease_until", Instant),
    Column("fence", Integer, nullable=False),
    Column("signing_ticket", Text, comment="a remote signer's transaction id, while signing"),
    Column("sent_sha256", String(64)),
    Column("certificate_serial", String(80)),
    Column("accepted_at", Instant),
    Column("remark", Boolean, nullable=False),
    Column("verdict", String(10)),
    Column("verdict_at", Instant),
    Column("replaced_by", Id, ForeignKey("revisions.id")),
    UniqueConstraint("dossier_id", "number"),
    Index("ix_revisions_queue", "facility", "state", "rank", "deadline", "id"),
    Index(None, "sent_sha256"),
    Index("ix_revisions_by_verdict", "facility", "verdict", "purpose"),
    Index("ix_revisions_by_receipt", "facility", "accepted_at", "purpose", "ended_at"),
)

findings = Table(
    "findings",
    metadata,
    Column("id", Id, primary_key=True),
    Column("revision_id", Id, ForeignKey("revisions.id"), nullable=False),
    Column("rule", String(20), nullable=False),
    Column("severity", String(8), nullable=False),
    Column("table_name", String(10), nullable=False),
    Column("row_number", Integer),
    Column("field", String(40), nullable=False),
    Column("text_sealed", LargeBinary, nullable=False, comment="value and both messages"),
    Index(None, "revision_id"),
    Index(None, "rule", "revision_id"),
)

# ---- what happened -------------------------------------------------------------------------------

events = Table(
    "events",
    metadata,
    Column("id", Id, primary_key=True),
    Column("at", Instant, nullable=False),
    Column("dossier_id", Id, ForeignKey("dossiers.id"), nullable=False),
    Column("revision_id", Id, ForeignKey("revisions.id")),
    Column("kind", String(12), nullable=False, comment="state, hold, release, note, verdict"),
    Column("from_state", String(12)),
    Column("to_state", String(12)),
    Column("actor", String(120), nullable=False),
    Column("detail", Text, nullable=False, comment="never patient data"),
    Index(None, "dossier_id", "id"),
    Index(None, "at"),
    Index("ix_events_setbacks", "to_state", "at", sqlite_where=text(SETBACK), postgresql_where=text(SETBACK)),
)

attempts = Table(
    "attempts",
    metadata,
    Column("id", Id, primary_key=True),
    Column("revision_id", Id, ForeignKey("revisions.id"), nullable=False),
    Column("fence", Integer, nullable=False),
    Column("owner", String(120), nullable=False),
    Column("started_at", Instant, nullable=False),
    Column("sha256", String(64), nullable=False),
    Column("finished_at", Instant),
    Column("outcome", String(20)),
    Column("http_status", Integer),
    Column("ma_ket_qua", String(20)),
    Column("milliseconds", Integer),
    Column("message_sealed", LargeBinary),
    UniqueConstraint("revision_id", "fence"),
    comment="written with `sending`, before the first byte leaves; completed by the answer",
)

receipts = Table(
    "receipts",
    metadata,
    Column("id", Id, primary_key=True),
    Column("revision_id", Id, ForeignKey("revisions.id"), nullable=False),
    Column("at", Instant, nullable=False),
    Column("sha256", String(64), nullable=False),
    Column("ma_giao_dich", String(200), nullable=False),
    Column("thoi_gian_tiep_nhan", Instant),
    Column("thong_diep_sealed", LargeBinary),
    Column("remark", Boolean, nullable=False),
    Column("how", String(12), nullable=False, comment="answer, late, portal"),
    Index(None, "revision_id"),
    Index(None, "ma_giao_dich"),
    comment="never rewritten",
)

gates = Table(
    "gates",
    metadata,
    Column("facility", String(5), primary_key=True),
    Column("service", String(20), primary_key=True, comment="a service, or * for all"),
    Column("kind", String(10), primary_key=True, comment="stop, auth, breaker"),
    Column("closed", Boolean, nullable=False),
    Column("reason", Text, nullable=False),
    Column("until", Instant, comment="empty: until a person opens it"),
    Column("failures", Integer, nullable=False),
    Column("changed_at", Instant, nullable=False),
    Column("changed_by", String(120), nullable=False),
    comment="why a facility does not send just now; seen by every worker",
)

tasks = Table(
    "tasks",
    metadata,
    Column("id", Id, primary_key=True),
    Column("facility", String(5), nullable=False),
    Column("dossier_id", Id, ForeignKey("dossiers.id"), nullable=False),
    Column("revision_id", Id, ForeignKey("revisions.id"), nullable=False),
    Column("kind", String(20), nullable=False),
    Column("opened_at", Instant, nullable=False),
    Column("due_at", Instant, nullable=False),
    Column("text_sealed", LargeBinary),
    Column("closed_at", Instant),
    Column("closed_by", String(120)),
    UniqueConstraint("revision_id", "kind"),
    Index(None, "facility", "closed_at", "due_at"),
)

# ---- bodies: sealed, with a life of their own -----------------------------------------------------

source_bodies = Table(
    "source_bodies",
    metadata,
    Column("encounter_id", Id, ForeignKey("encounters.id"), primary_key=True),
    Column("content_hash", String(64), primary_key=True),
    Column("body", LargeBinary, nullable=False),
    Column("saved_at", Instant, nullable=False),
    Column("keep_until", Instant, nullable=False),
    Index(None, "keep_until"),
)

dossier_bodies = Table(
    "dossier_bodies",
    metadata,
    Column("revision_id", Id, ForeignKey("revisions.id"), primary_key=True),
    Column("body", LargeBinary, nullable=False),
    Column("saved_at", Instant, nullable=False),
    Column("keep_until", Instant, nullable=False),
    Index(None, "keep_until"),
)

signed_bodies = Table(
    "signed_bodies",
    metadata,
    Column("revision_id", Id, ForeignKey("revisions.id"), primary_key=True),
    Column("sha256", String(64), nullable=False),
    Column("body", LargeBinary, nullable=False),
    Column("saved_at", Instant, nullable=False),
    Column("keep_until", Instant, nullable=False),
    Index(None, "keep_until"),
)
