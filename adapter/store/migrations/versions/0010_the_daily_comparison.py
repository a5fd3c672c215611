"""the daily comparison with the source"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from adapter.store.tables import types

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "reconciliations",
        sa.Column("facility", sa.String(length=5), nullable=False),
        sa.Column("source", sa.String(length=80), nullable=False),
        sa.Column("day", sa.Date(), nullable=False, comment="of the source"),
        sa.Column("checked_at", types.Instant(timezone=True), nullable=False),
        sa.Column("at_source", sa.Integer(), nullable=False, comment="encounters the source holds for the day"),
        sa.Column("known", sa.Integer(), nullable=False, comment="of them, read before the comparison"),
        sa.Column("reread", sa.Integer(), nullable=False, comment="of the others, read by the comparison"),
        sa.Column("missing", sa.Integer(), nullable=False, comment="still not read"),
        sa.PrimaryKeyConstraint("facility", "source", "day", name=op.f("pk_reconciliations")),
        comment="the newest comparison of each source day",
    )
    op.add_column(
        "encounters",
        sa.Column(
            "gone_at",
            types.Instant(timezone=True),
            nullable=True,
            comment="since when the source no longer gives it",
        ),
    )
