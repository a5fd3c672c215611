"""readiness: what people attest about the pilot process"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from adapter.store.tables import types

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "attestations",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("facility", sa.String(length=5), nullable=False),
        sa.Column("step", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False, comment="done, not_applicable"),
        sa.Column("at", types.Instant(timezone=True), nullable=False),
        sa.Column("actor", sa.String(length=120), nullable=False),
        sa.Column("person_sealed", sa.LargeBinary(), nullable=False, comment="who answers for it, by name"),
        sa.Column("note_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("withdrawn_at", types.Instant(timezone=True), nullable=True),
        sa.Column("withdrawn_by", sa.String(length=120), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_attestations")),
        comment="steps of the pilot process that a person vouches for",
    )
    op.create_index(op.f("ix_attestations_facility_step"), "attestations", ["facility", "step"], unique=False)
