"""the watch: health of stages, certificates in use, alerts"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from adapter.store.tables import types

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "stage_health",
        sa.Column("facility", sa.String(length=5), nullable=False),
        sa.Column("stage", sa.String(length=20), nullable=False),
        sa.Column("last_run_at", types.Instant(timezone=True), nullable=False),
        sa.Column("last_ok_at", types.Instant(timezone=True), nullable=True),
        sa.Column("failing_since", types.Instant(timezone=True), nullable=True, comment="empty while it works"),
        sa.Column("code", sa.String(length=40), nullable=True, comment="of the failure that stands"),
        sa.Column("message_vi", sa.Text(), nullable=True),
        sa.Column("message_en", sa.Text(), nullable=True),
        sa.Column("done", sa.Integer(), nullable=False, comment="units finished by the last run that had work"),
        sa.PrimaryKeyConstraint("facility", "stage", name=op.f("pk_stage_health")),
    )
    op.create_table(
        "certificates_seen",
        sa.Column("facility", sa.String(length=5), nullable=False),
        sa.Column("serial", sa.String(length=60), nullable=False),
        sa.Column("not_after", types.Instant(timezone=True), nullable=False),
        sa.Column("seen_at", types.Instant(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("facility", name=op.f("pk_certificates_seen")),
        comment="what signing last used, so that its end is known without opening a token",
    )
    op.create_table(
        "alerts",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("condition", sa.String(length=40), nullable=False),
        sa.Column("facility", sa.String(length=5), nullable=False, comment="empty: the whole installation"),
        sa.Column(
            "step",
            sa.String(length=20),
            nullable=False,
            comment="how far it has come; a new step is told anew",
        ),
        sa.Column("severity", sa.String(length=10), nullable=False),
        sa.Column("text_vi", sa.Text(), nullable=False),
        sa.Column("text_en", sa.Text(), nullable=False),
        sa.Column("opened_at", types.Instant(timezone=True), nullable=False),
        sa.Column("closed_at", types.Instant(timezone=True), nullable=True),
        sa.Column(
            "told_at", types.Instant(timezone=True), nullable=True, comment="when its start was told; empty: not yet"
        ),
        sa.Column(
            "end_told_at",
            types.Instant(timezone=True),
            nullable=True,
            comment="when its end was told; empty: not yet",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_alerts")),
    )
    op.create_index(
        op.f("ix_alerts_closed_at_condition_facility"), "alerts", ["closed_at", "condition", "facility"], unique=False
    )
