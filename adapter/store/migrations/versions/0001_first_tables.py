"""first tables"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from adapter.store.tables import types

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "cursors",
        sa.Column("facility", sa.String(length=5), nullable=False),
        sa.Column("source", sa.String(length=80), nullable=False),
        sa.Column("stamp", sa.String(length=80), nullable=True),
        sa.Column("key_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column(
            "plan_hash",
            sa.String(length=64),
            nullable=True,
            comment="the mapping last applied; a new one looks again at what was left",
        ),
        sa.Column("moved_at", types.Instant(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("facility", "source", name=op.f("pk_cursors")),
        comment="moves only in the transaction that saves what was read; version is the fence of two pulls at once",
    )
    op.create_table(
        "encounters",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("facility", sa.String(length=5), nullable=False),
        sa.Column("source", sa.String(length=80), nullable=False),
        sa.Column("key_blind", sa.LargeBinary(), nullable=False),
        sa.Column("key_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("ma_lk_blind", sa.LargeBinary(), nullable=True),
        sa.Column("content_hash", sa.String(length=64), nullable=False),
        sa.Column("first_day", sa.Date(), nullable=False),
        sa.Column("first_read_at", types.Instant(timezone=True), nullable=False),
        sa.Column("changed_at", types.Instant(timezone=True), nullable=False),
        sa.Column("due", sa.Integer(), nullable=False, comment="how many dossiers the source is ready for"),
        sa.Column("not_due_reason", sa.Text(), nullable=True),
        sa.Column(
            "plan_hash", sa.String(length=64), nullable=True, comment="the mapping the readiness was judged with"
        ),
        sa.Column("pending", sa.Boolean(), nullable=False, comment="true until translated with this content"),
        sa.Column("lease_owner", sa.String(length=120), nullable=True),
        sa.Column("lease_until", types.Instant(timezone=True), nullable=True),
        sa.Column("fence", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_encounters")),
        sa.UniqueConstraint("facility", "source", "key_blind", name=op.f("uq_encounters_facility_source_key_blind")),
    )
    op.create_index(
        op.f("ix_encounters_facility_pending_id"), "encounters", ["facility", "pending", "id"], unique=False
    )
    op.create_index(op.f("ix_encounters_ma_lk_blind"), "encounters", ["ma_lk_blind"], unique=False)
    op.create_table(
        "gates",
        sa.Column("facility", sa.String(length=5), nullable=False),
        sa.Column("service", sa.String(length=20), nullable=False, comment="a service, or * for all"),
        sa.Column("kind", sa.String(length=10), nullable=False, comment="stop, auth, breaker"),
        sa.Column("closed", sa.Boolean(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("until", types.Instant(timezone=True), nullable=True, comment="empty: until a person opens it"),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("changed_at", types.Instant(timezone=True), nullable=False),
        sa.Column("changed_by", sa.String(length=120), nullable=False),
        sa.PrimaryKeyConstraint("facility", "service", "kind", name=op.f("pk_gates")),
        comment="why a facility does not send just now; seen by every worker",
    )
    op.create_table(
        "meta",
        sa.Column("key", sa.String(length=40), nullable=False),
        sa.Column("value", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_meta")),
        comment="facts about this store itself: the vault's check value",
    )
    op.create_table(
        "pulls",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("facility", sa.String(length=5), nullable=False),
        sa.Column("source", sa.String(length=80), nullable=False),
        sa.Column("started_at", types.Instant(timezone=True), nullable=False),
        sa.Column("finished_at", types.Instant(timezone=True), nullable=True),
        sa.Column("read", sa.Integer(), nullable=False),
        sa.Column("unchanged", sa.Integer(), nullable=False),
        sa.Column("new", sa.Integer(), nullable=False),
        sa.Column("changed", sa.Integer(), nullable=False),
        sa.Column("skipped", sa.Integer(), nullable=False),
        sa.Column("error", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_pulls")),
    )
    op.create_index(op.f("ix_pulls_facility_started_at"), "pulls", ["facility", "started_at"], unique=False)
    op.create_table(
        "dossiers",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("facility", sa.String(length=5), nullable=False),
        sa.Column("encounter_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("ma_lk_blind", sa.LargeBinary(), nullable=False),
        sa.Column("ma_lk_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("purpose", sa.String(length=10), nullable=False),
        sa.Column("occasion", sa.String(length=40), nullable=False),
        sa.Column("first_day", sa.Date(), nullable=False, comment="day of the first pull, Asia/Ho_Chi_Minh"),
        sa.Column(
            "revision_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            nullable=True,
            comment="the current revision",
        ),
        sa.Column(
            "state",
            sa.String(length=12),
            nullable=False,
            comment="the current revision's state, moved in the same statement",
        ),
        sa.Column("held", sa.Boolean(), nullable=False),
        sa.Column("held_code", sa.String(length=40), nullable=True),
        sa.Column("held_reason", sa.Text(), nullable=True),
        sa.Column("held_by", sa.String(length=120), nullable=True),
        sa.Column("deadline", types.Instant(timezone=True), nullable=False),
        sa.Column("verdict", sa.String(length=10), nullable=True),
        sa.Column("payment_requested", sa.Boolean(), nullable=False),
        sa.Column("created_at", types.Instant(timezone=True), nullable=False),
        sa.Column("updated_at", types.Instant(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["encounter_id"], ["encounters.id"], name=op.f("fk_dossiers_encounter_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_dossiers")),
        sa.UniqueConstraint(
            "facility",
            "ma_lk_blind",
            "purpose",
            "occasion",
            name=op.f("uq_dossiers_facility_ma_lk_blind_purpose_occasion"),
        ),
    )
    op.create_index(op.f("ix_dossiers_encounter_id"), "dossiers", ["encounter_id"], unique=False)
    op.create_index(op.f("ix_dossiers_facility_first_day"), "dossiers", ["facility", "first_day"], unique=False)
    op.create_index(op.f("ix_dossiers_facility_state_held"), "dossiers", ["facility", "state", "held"], unique=False)
    op.create_index(op.f("ix_dossiers_ma_lk_blind"), "dossiers", ["ma_lk_blind"], unique=False)
    op.create_table(
        "expectations",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("facility", sa.String(length=5), nullable=False),
        sa.Column("encounter_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("ma_lk_blind", sa.LargeBinary(), nullable=False),
        sa.Column("purpose", sa.String(length=10), nullable=False),
        sa.Column("occasion", sa.String(length=40), nullable=False),
        sa.Column("first_day", sa.Date(), nullable=False),
        sa.ForeignKeyConstraint(["encounter_id"], ["encounters.id"], name=op.f("fk_expectations_encounter_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_expectations")),
        sa.UniqueConstraint(
            "facility",
            "ma_lk_blind",
            "purpose",
            "occasion",
            name=op.f("uq_expectations_facility_ma_lk_blind_purpose_occasion"),
        ),
        comment="what readiness said must come out, written by the pull; the left side of the equation",
    )
    op.create_index(op.f("ix_expectations_encounter_id"), "expectations", ["encounter_id"], unique=False)
    op.create_index(op.f("ix_expectations_facility_first_day"), "expectations", ["facility", "first_day"], unique=False)
    op.create_table(
        "source_bodies",
        sa.Column("encounter_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("content_hash", sa.String(length=64), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("saved_at", types.Instant(timezone=True), nullable=False),
        sa.Column("keep_until", types.Instant(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["encounter_id"], ["encounters.id"], name=op.f("fk_source_bodies_encounter_id")),
        sa.PrimaryKeyConstraint("encounter_id", "content_hash", name=op.f("pk_source_bodies")),
    )
    op.create_index(op.f("ix_source_bodies_keep_until"), "source_bodies", ["keep_until"], unique=False)
    op.create_table(
        "revisions",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("dossier_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("facility", sa.String(length=5), nullable=False),
        sa.Column("purpose", sa.String(length=10), nullable=False),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("content_hash", sa.String(length=64), nullable=False),
        sa.Column("source_hash", sa.String(length=64), nullable=False),
        sa.Column("mapping_hash", sa.String(length=64), nullable=False),
        sa.Column("standard", sa.String(length=8), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("state_reason", sa.Text(), nullable=True),
        sa.Column("amount_total", types.Money(), nullable=True),
        sa.Column("amount_insurance", types.Money(), nullable=True),
        sa.Column(
            "ended_at",
            types.Instant(timezone=True),
            nullable=True,
            comment="end of the visit, when the dossier says one",
        ),
        sa.Column("created_at", types.Instant(timezone=True), nullable=False),
        sa.Column("rank", sa.Integer(), nullable=False, comment="0 before 1: check-ins are due at once"),
        sa.Column("deadline", types.Instant(timezone=True), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("unknowns", sa.Integer(), nullable=False, comment="answers lost so far for these bytes"),
        sa.Column("next_attempt_at", types.Instant(timezone=True), nullable=True),
        sa.Column("lease_owner", sa.String(length=120), nullable=True),
        sa.Column("lease_until", types.Instant(timezone=True), nullable=True),
        sa.Column("fence", sa.Integer(), nullable=False),
        sa.Column(
            "signing_ticket", sa.Text(), nullable=True, comment="a remote signer's transaction id, while signing"
        ),
        sa.Column("sent_sha256", sa.String(length=64), nullable=True),
        sa.Column("certificate_serial", sa.String(length=80), nullable=True),
        sa.Column("accepted_at", types.Instant(timezone=True), nullable=True),
        sa.Column("remark", sa.Boolean(), nullable=False),
        sa.Column("verdict", sa.String(length=10), nullable=True),
        sa.Column("verdict_at", types.Instant(timezone=True), nullable=True),
        sa.Column("replaced_by", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.ForeignKeyConstraint(["dossier_id"], ["dossiers.id"], name=op.f("fk_revisions_dossier_id")),
        sa.ForeignKeyConstraint(["replaced_by"], ["revisions.id"], name=op.f("fk_revisions_replaced_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_revisions")),
        sa.UniqueConstraint("dossier_id", "number", name=op.f("uq_revisions_dossier_id_number")),
    )
    op.create_index("ix_revisions_queue", "revisions", ["facility", "state", "rank", "deadline", "id"], unique=False)
    op.create_index(op.f("ix_revisions_sent_sha256"), "revisions", ["sent_sha256"], unique=False)
    op.create_table(
        "search_words",
        sa.Column("dossier_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("kind", sa.String(length=10), nullable=False),
        sa.Column("value", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["dossier_id"], ["dossiers.id"], name=op.f("fk_search_words_dossier_id")),
        sa.PrimaryKeyConstraint("dossier_id", "kind", "value", name=op.f("pk_search_words")),
        comment="blind values of card, personal number and each word of the name",
    )
    op.create_index(op.f("ix_search_words_kind_value"), "search_words", ["kind", "value"], unique=False)
    op.create_table(
        "attempts",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("revision_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("fence", sa.Integer(), nullable=False),
        sa.Column("owner", sa.String(length=120), nullable=False),
        sa.Column("started_at", types.Instant(timezone=True), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("finished_at", types.Instant(timezone=True), nullable=True),
        sa.Column("outcome", sa.String(length=20), nullable=True),
        sa.Column("http_status", sa.Integer(), nullable=True),
        sa.Column("ma_ket_qua", sa.String(length=20), nullable=True),
        sa.Column("milliseconds", sa.Integer(), nullable=True),
        sa.Column("message_sealed", sa.LargeBinary(), nullable=True),
        sa.ForeignKeyConstraint(["revision_id"], ["revisions.id"], name=op.f("fk_attempts_revision_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_attempts")),
        sa.UniqueConstraint("revision_id", "fence", name=op.f("uq_attempts_revision_id_fence")),
        comment="written with `sending`, before the first byte leaves; completed by the answer",
    )
    op.create_table(
        "dossier_bodies",
        sa.Column("revision_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("saved_at", types.Instant(timezone=True), nullable=False),
        sa.Column("keep_until", types.Instant(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["revision_id"], ["revisions.id"], name=op.f("fk_dossier_bodies_revision_id")),
        sa.PrimaryKeyConstraint("revision_id", name=op.f("pk_dossier_bodies")),
    )
    op.create_index(op.f("ix_dossier_bodies_keep_until"), "dossier_bodies", ["keep_until"], unique=False)
    op.create_table(
        "events",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("at", types.Instant(timezone=True), nullable=False),
        sa.Column("dossier_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("revision_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("kind", sa.String(length=12), nullable=False, comment="state, hold, release, note, verdict"),
        sa.Column("from_state", sa.String(length=12), nullable=True),
        sa.Column("to_state", sa.String(length=12), nullable=True),
        sa.Column("actor", sa.String(length=120), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False, comment="never patient data"),
        sa.ForeignKeyConstraint(["dossier_id"], ["dossiers.id"], name=op.f("fk_events_dossier_id")),
        sa.ForeignKeyConstraint(["revision_id"], ["revisions.id"], name=op.f("fk_events_revision_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_events")),
    )
    op.create_index(op.f("ix_events_at"), "events", ["at"], unique=False)
    op.create_index(op.f("ix_events_dossier_id_id"), "events", ["dossier_id", "id"], unique=False)
    op.create_table(
        "findings",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("revision_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("rule", sa.String(length=20), nullable=False),
        sa.Column("severity", sa.String(length=8), nullable=False),
        sa.Column("table_name", sa.String(length=10), nullable=False),
        sa.Column("row_number", sa.Integer(), nullable=True),
        sa.Column("field", sa.String(length=40), nullable=False),
        sa.Column("text_sealed", sa.LargeBinary(), nullable=False, comment="value and both messages"),
        sa.ForeignKeyConstraint(["revision_id"], ["revisions.id"], name=op.f("fk_findings_revision_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_findings")),
    )
    op.create_index(op.f("ix_findings_revision_id"), "findings", ["revision_id"], unique=False)
    op.create_index(op.f("ix_findings_rule"), "findings", ["rule"], unique=False)
    op.create_table(
        "receipts",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("revision_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("at", types.Instant(timezone=True), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("ma_giao_dich", sa.String(length=200), nullable=False),
        sa.Column("thoi_gian_tiep_nhan", types.Instant(timezone=True), nullable=True),
        sa.Column("thong_diep_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("remark", sa.Boolean(), nullable=False),
        sa.Column("how", sa.String(length=12), nullable=False, comment="answer, late, portal"),
        sa.ForeignKeyConstraint(["revision_id"], ["revisions.id"], name=op.f("fk_receipts_revision_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_receipts")),
        comment="never rewritten",
    )
    op.create_index(op.f("ix_receipts_ma_giao_dich"), "receipts", ["ma_giao_dich"], unique=False)
    op.create_index(op.f("ix_receipts_revision_id"), "receipts", ["revision_id"], unique=False)
    op.create_table(
        "signed_bodies",
        sa.Column("revision_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("saved_at", types.Instant(timezone=True), nullable=False),
        sa.Column("keep_until", types.Instant(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["revision_id"], ["revisions.id"], name=op.f("fk_signed_bodies_revision_id")),
        sa.PrimaryKeyConstraint("revision_id", name=op.f("pk_signed_bodies")),
    )
    op.create_index(op.f("ix_signed_bodies_keep_until"), "signed_bodies", ["keep_until"], unique=False)
    op.create_table(
        "tasks",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("facility", sa.String(length=5), nullable=False),
        sa.Column("dossier_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("revision_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("opened_at", types.Instant(timezone=True), nullable=False),
        sa.Column("due_at", types.Instant(timezone=True), nullable=False),
        sa.Column("text_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("closed_at", types.Instant(timezone=True), nullable=True),
        sa.Column("closed_by", sa.String(length=120), nullable=True),
        sa.ForeignKeyConstraint(["dossier_id"], ["dossiers.id"], name=op.f("fk_tasks_dossier_id")),
        sa.ForeignKeyConstraint(["revision_id"], ["revisions.id"], name=op.f("fk_tasks_revision_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tasks")),
        sa.UniqueConstraint("revision_id", "kind", name=op.f("uq_tasks_revision_id_kind")),
    )
    op.create_index(
        op.f("ix_tasks_facility_closed_at_due_at"), "tasks", ["facility", "closed_at", "due_at"], unique=False
    )


def downgrade() -> None:
    op.drop_index(op.f("ix_tasks_facility_closed_at_due_at"), table_name="tasks")
    op.drop_table("tasks")
    op.drop_index(op.f("ix_signed_bodies_keep_until"), table_name="signed_bodies")
    op.drop_table("signed_bodies")
    op.drop_index(op.f("ix_receipts_revision_id"), table_name="receipts")
    op.drop_index(op.f("ix_receipts_ma_giao_dich"), table_name="receipts")
    op.drop_table("receipts")
    op.drop_index(op.f("ix_findings_rule"), table_name="findings")
    op.drop_index(op.f("ix_findings_revision_id"), table_name="findings")
    op.drop_table("findings")
    op.drop_index(op.f("ix_events_dossier_id_id"), table_name="events")
    op.drop_index(op.f("ix_events_at"), table_name="events")
    op.drop_table("events")
    op.drop_index(op.f("ix_dossier_bodies_keep_until"), table_name="dossier_bodies")
    op.drop_table("dossier_bodies")
    op.drop_table("attempts")
    op.drop_index(op.f("ix_search_words_kind_value"), table_name="search_words")
    op.drop_table("search_words")
    op.drop_index(op.f("ix_revisions_sent_sha256"), table_name="revisions")
    op.drop_index("ix_revisions_queue", table_name="revisions")
    op.drop_table("revisions")
    op.drop_index(op.f("ix_source_bodies_keep_until"), table_name="source_bodies")
    op.drop_table("source_bodies")
    op.drop_index(op.f("ix_expectations_facility_first_day"), table_name="expectations")
    op.drop_index(op.f("ix_expectations_encounter_id"), table_name="expectations")
    op.drop_table("expectations")
    op.drop_index(op.f("ix_dossiers_ma_lk_blind"), table_name="dossiers")
    op.drop_index(op.f("ix_dossiers_facility_state_held"), table_name="dossiers")
    op.drop_index(op.f("ix_dossiers_facility_first_day"), table_name="dossiers")
    op.drop_index(op.f("ix_dossiers_encounter_id"), table_name="dossiers")
    op.drop_table("dossiers")
    op.drop_index(op.f("ix_pulls_facility_started_at"), table_name="pulls")
    op.drop_table("pulls")
    op.drop_table("meta")
    op.drop_table("gates")
    op.drop_index(op.f("ix_encounters_ma_lk_blind"), table_name="encounters")
    op.drop_index(op.f("ix_encounters_facility_pending_id"), table_name="encounters")
    op.drop_table("encounters")
    op.drop_table("cursors")
