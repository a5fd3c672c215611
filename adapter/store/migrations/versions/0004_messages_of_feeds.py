"""messages of feeds"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from adapter.store.tables import types

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "messages",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("facility", sa.String(length=5), nullable=False),
        sa.Column("feed", sa.String(length=80), nullable=False),
        sa.Column("received_at", types.Instant(timezone=True), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column(
            "number_blind",
            sa.LargeBinary(),
            nullable=True,
            comment="sender and its own number, keyed; empty for what was refused",
        ),
        sa.Column("content_blind", sa.LargeBinary(), nullable=True, comment="what it says, keyed"),
        sa.Column("state", sa.String(length=10), nullable=False, comment="waiting, collected, aside, refused"),
        sa.Column("reason", sa.Text(), nullable=True, comment="why aside or refused; never patient data"),
        sa.Column("visit_blind", sa.LargeBinary(), nullable=True),
        sa.Column("visit_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("charset", sa.String(length=20), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("keep_until", types.Instant(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_messages")),
        sa.UniqueConstraint("facility", "number_blind", name=op.f("uq_messages_facility_number_blind")),
    )
    op.create_index(op.f("ix_messages_facility_state_id"), "messages", ["facility", "state", "id"], unique=False)
    op.create_index(op.f("ix_messages_keep_until"), "messages", ["keep_until"], unique=False)
    op.create_index(op.f("ix_messages_visit_blind"), "messages", ["visit_blind"], unique=False)
    op.create_table(
        "message_links",
        sa.Column("message_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("value", sa.LargeBinary(), nullable=False),
        sa.Column(
            "touches",
            sa.Boolean(),
            nullable=False,
            comment="true: changes encounters of that name; false: belongs to it",
        ),
        sa.ForeignKeyConstraint(
            ["message_id"], ["messages.id"], name=op.f("fk_message_links_message_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("message_id", "value", "touches", name=op.f("pk_message_links")),
        comment="blind names by which visits and merges of patients or visits find each other",
    )
    op.create_index(op.f("ix_message_links_value_touches"), "message_links", ["value", "touches"], unique=False)


def downgrade() -> None:
    op.drop_table("message_links")
    op.drop_table("messages")
