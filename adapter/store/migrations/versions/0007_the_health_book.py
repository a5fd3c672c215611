"""the health book"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from adapter.store.tables import types

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "book_decisions",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("facility", sa.String(length=5), nullable=False),
        sa.Column("ma_lk_blind", sa.LargeBinary(), nullable=False),
        sa.Column("decision_sealed", sa.LargeBinary(), nullable=False, comment="rule, kind, ground, which text"),
        sa.Column("at", types.Instant(timezone=True), nullable=False),
        sa.Column("actor", sa.String(length=120), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_book_decisions")),
        comment="what a person decided about showing or sending, and on what ground; only ever added",
    )
    op.create_index(
        op.f("ix_book_decisions_facility_ma_lk_blind"), "book_decisions", ["facility", "ma_lk_blind"], unique=False
    )
    op.create_table(
        "book_checks",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("dossier_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("seen_at", types.Instant(timezone=True), nullable=False),
        sa.Column("outcome", sa.String(length=10), nullable=False, comment="shown, absent, wrong"),
        sa.Column("note_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("at", types.Instant(timezone=True), nullable=False),
        sa.Column("actor", sa.String(length=120), nullable=False),
        sa.ForeignKeyConstraint(["dossier_id"], ["dossiers.id"], name=op.f("fk_book_checks_dossier_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_book_checks")),
        comment="someone looked at VNeID with the patient; only ever added",
    )
    op.create_index(op.f("ix_book_checks_dossier_id_id"), "book_checks", ["dossier_id", "id"], unique=False)
    op.create_table(
        "book_entries",
        sa.Column("dossier_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("facility", sa.String(length=5), nullable=False),
        sa.Column("ended_at", types.Instant(timezone=True), nullable=True),
        sa.Column("insured", sa.Boolean(), nullable=False),
        sa.Column("visit_type", sa.String(length=4), nullable=False),
        sa.Column(
            "reach", sa.String(length=10), nullable=False, comment="ok, missing, malformed: can it find its person"
        ),
        sa.Column("filled", sa.Text(), nullable=False, comment="ids of fields that hold something"),
        sa.Column("empty", sa.Text(), nullable=False, comment="ids of fields expected and empty"),
        sa.Column(
            "judged_sealed",
            sa.LargeBinary(),
            nullable=False,
            comment="rules that matched, wait or withhold; proposed texts",
        ),
        sa.Column(
            "extra_sealed",
            sa.LargeBinary(),
            nullable=True,
            comment="facts no XML table carries; goes when its time is over",
        ),
        sa.Column("saved_at", types.Instant(timezone=True), nullable=False),
        sa.Column("keep_until", types.Instant(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["dossier_id"], ["dossiers.id"], name=op.f("fk_book_entries_dossier_id")),
        sa.PrimaryKeyConstraint("dossier_id", name=op.f("pk_book_entries")),
        comment="one line per visit, made when its dossier is translated",
    )
    op.create_index(op.f("ix_book_entries_facility_ended_at"), "book_entries", ["facility", "ended_at"], unique=False)
    op.create_index(op.f("ix_book_entries_keep_until"), "book_entries", ["keep_until"], unique=False)


def downgrade() -> None:
    op.drop_index(op.f("ix_book_entries_keep_until"), table_name="book_entries")
    op.drop_index(op.f("ix_book_entries_facility_ended_at"), table_name="book_entries")
    op.drop_table("book_entries")
    op.drop_index(op.f("ix_book_checks_dossier_id_id"), table_name="book_checks")
    op.drop_table("book_checks")
    op.drop_index(op.f("ix_book_decisions_facility_ma_lk_blind"), table_name="book_decisions")
    op.drop_table("book_decisions")
