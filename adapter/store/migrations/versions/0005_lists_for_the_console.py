"""lists for the console"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from adapter.store.tables import types

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "mapping_versions",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("facility", sa.String(length=5), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column(
            "files",
            sa.Text(),
            nullable=False,
            comment="path in the mapping's folder → text, as JSON; never patient data",
        ),
        sa.Column("plan_hash", sa.String(length=64), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False, comment="review, active, retired, rejected"),
        sa.Column("author", sa.String(length=120), nullable=False),
        sa.Column("created_at", types.Instant(timezone=True), nullable=False),
        sa.Column("decided_by", sa.String(length=120), nullable=True),
        sa.Column("decided_at", types.Instant(timezone=True), nullable=True),
        sa.Column("decision", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_mapping_versions")),
        sa.UniqueConstraint("facility", "number", name=op.f("uq_mapping_versions_facility_number")),
        comment="mappings as people changed them; at most one of a facility is active",
    )
    op.create_index(op.f("ix_mapping_versions_facility_state"), "mapping_versions", ["facility", "state"], unique=False)
    op.create_index(
        "ix_dossiers_by_change", "dossiers", ["facility", "purpose", "state", "held", "updated_at", "id"], unique=False
    )
    op.create_index(
        "ix_dossiers_by_deadline", "dossiers", ["facility", "purpose", "state", "held", "deadline", "id"], unique=False
    )
    op.create_index("ix_dossiers_by_verdict", "dossiers", ["facility", "verdict", "deadline", "id"], unique=False)
    op.create_index(op.f("ix_dossiers_revision_id"), "dossiers", ["revision_id"], unique=False)
    op.drop_index(op.f("ix_findings_rule"), table_name="findings")
    op.create_index(op.f("ix_findings_rule_revision_id"), "findings", ["rule", "revision_id"], unique=False)
    op.create_index(op.f("ix_revisions_facility_accepted_at"), "revisions", ["facility", "accepted_at"], unique=False)
    op.drop_index(op.f("ix_search_words_kind_value"), table_name="search_words")
    op.create_index(
        op.f("ix_search_words_kind_value_dossier_id"), "search_words", ["kind", "value", "dossier_id"], unique=False
    )


def downgrade() -> None:
    op.drop_index(op.f("ix_search_words_kind_value_dossier_id"), table_name="search_words")
    op.create_index(op.f("ix_search_words_kind_value"), "search_words", ["kind", "value"], unique=False)
    op.drop_index(op.f("ix_revisions_facility_accepted_at"), table_name="revisions")
    op.drop_index(op.f("ix_findings_rule_revision_id"), table_name="findings")
    op.create_index(op.f("ix_findings_rule"), "findings", ["rule"], unique=False)
    op.drop_index(op.f("ix_dossiers_revision_id"), table_name="dossiers")
    op.drop_index("ix_dossiers_by_verdict", table_name="dossiers")
    op.drop_index("ix_dossiers_by_deadline", table_name="dossiers")
    op.drop_index("ix_dossiers_by_change", table_name="dossiers")
    op.drop_index(op.f("ix_mapping_versions_facility_state"), table_name="mapping_versions")
    op.drop_table("mapping_versions")
