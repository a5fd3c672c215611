"""what the portal and people tell"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from adapter.store.tables import types

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "confirmations",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("facility", sa.String(length=5), nullable=False),
        sa.Column("at", types.Instant(timezone=True), nullable=False),
        sa.Column("actor", sa.String(length=120), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_confirmations")),
        comment="what a person answered for by typing it",
    )
    op.create_index(op.f("ix_confirmations_facility_kind"), "confirmations", ["facility", "kind"], unique=False)
    op.create_table(
        "lookups",
        sa.Column("reference", sa.String(length=40), nullable=False),
        sa.Column("facility", sa.String(length=5), nullable=False),
        sa.Column("service", sa.String(length=20), nullable=False),
        sa.Column("question_blind", sa.LargeBinary(), nullable=False, comment="number, name and birth date, keyed"),
        sa.Column("asked_at", types.Instant(timezone=True), nullable=False),
        sa.Column("asked_by", sa.String(length=120), nullable=False),
        sa.Column(
            "outcome", sa.String(length=20), nullable=True, comment="empty: asked, and the answer never came back to us"
        ),
        sa.Column("case_id", sa.String(length=60), nullable=True),
        sa.Column("http_status", sa.Integer(), nullable=True),
        sa.Column("milliseconds", sa.Integer(), nullable=True),
        sa.PrimaryKeyConstraint("reference", name=op.f("pk_lookups")),
        comment="proof that the reception asked, also when the gateway did not answer",
    )
    op.create_index(op.f("ix_lookups_facility_asked_at"), "lookups", ["facility", "asked_at"], unique=False)
    op.create_table(
        "portal_imports",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("facility", sa.String(length=5), nullable=False),
        sa.Column("kind", sa.String(length=10), nullable=False, comment="sent, errors, dossiers"),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("name_sealed", sa.LargeBinary(), nullable=False, comment="a file may be named after a patient"),
        sa.Column("exported_at", types.Instant(timezone=True), nullable=False),
        sa.Column("rows", sa.Integer(), nullable=False),
        sa.Column("matched", sa.Integer(), nullable=False),
        sa.Column("at", types.Instant(timezone=True), nullable=False),
        sa.Column("actor", sa.String(length=120), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_portal_imports")),
        comment="every list of the portal that was taken in",
    )
    op.create_table(
        "sent_elsewhere",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("facility", sa.String(length=5), nullable=False),
        sa.Column("ma_lk_blind", sa.LargeBinary(), nullable=False),
        sa.Column("ma_lk_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("import_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("revoked_at", types.Instant(timezone=True), nullable=True),
        sa.Column("revoked_by", sa.String(length=120), nullable=True),
        sa.Column("revoke_reason", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["import_id"], ["portal_imports.id"], name=op.f("fk_sent_elsewhere_import_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sent_elsewhere")),
        comment="MA_LK another program sent before the cut-over: known or read later, they are skipped",
    )
    op.create_index(
        op.f("ix_sent_elsewhere_facility_ma_lk_blind"), "sent_elsewhere", ["facility", "ma_lk_blind"], unique=False
    )
    op.create_index(op.f("ix_sent_elsewhere_import_id"), "sent_elsewhere", ["import_id"], unique=False)


def downgrade() -> None:
    op.drop_index(op.f("ix_sent_elsewhere_import_id"), table_name="sent_elsewhere")
    op.drop_index(op.f("ix_sent_elsewhere_facility_ma_lk_blind"), table_name="sent_elsewhere")
    op.drop_table("sent_elsewhere")
    op.drop_table("portal_imports")
    op.drop_index(op.f("ix_lookups_facility_asked_at"), table_name="lookups")
    op.drop_table("lookups")
    op.drop_index(op.f("ix_confirmations_facility_kind"), table_name="confirmations")
    op.drop_table("confirmations")
