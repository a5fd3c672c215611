"""lists and history for the rules"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from adapter.store.tables import types

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "catalogue_imports",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("list", sa.String(length=20), nullable=False),
        sa.Column("facility", sa.String(length=5), nullable=False, comment="empty for a national list"),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("since", sa.Date(), nullable=False, comment="first day of rows that name none"),
        sa.Column("whole", sa.Boolean(), nullable=False),
        sa.Column("rows", sa.Integer(), nullable=False),
        sa.Column("opened", sa.Integer(), nullable=False),
        sa.Column("closed", sa.Integer(), nullable=False),
        sa.Column("retired", sa.Integer(), nullable=False),
        sa.Column("at", types.Instant(timezone=True), nullable=False),
        sa.Column("actor", sa.String(length=120), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_catalogue_imports")),
        comment="every file taken in; the newest id is the version the check stage's index goes by",
    )
    op.create_index(op.f("ix_catalogue_imports_facility_list"), "catalogue_imports", ["facility", "list"], unique=False)
    op.create_table(
        "catalogue_rows",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("list", sa.String(length=20), nullable=False),
        sa.Column("facility", sa.String(length=5), nullable=False),
        sa.Column("import_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("since", sa.Date(), nullable=False),
        sa.Column("until", sa.Date(), nullable=True),
        sa.Column("body", sa.LargeBinary(), nullable=False, comment="code and columns; sealed in lists about people"),
        sa.Column("closed_by", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column(
            "retired_by",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            nullable=True,
            comment="a correction stands in its place",
        ),
        sa.ForeignKeyConstraint(["closed_by"], ["catalogue_imports.id"], name=op.f("fk_catalogue_rows_closed_by")),
        sa.ForeignKeyConstraint(["import_id"], ["catalogue_imports.id"], name=op.f("fk_catalogue_rows_import_id")),
        sa.ForeignKeyConstraint(["retired_by"], ["catalogue_imports.id"], name=op.f("fk_catalogue_rows_retired_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_catalogue_rows")),
    )
    op.create_index(
        op.f("ix_catalogue_rows_facility_list_retired_by"),
        "catalogue_rows",
        ["facility", "list", "retired_by"],
        unique=False,
    )
    op.create_table(
        "history_keys",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("revision_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("kind", sa.String(length=6), nullable=False, comment="person, claim, use, busy"),
        sa.Column("value", sa.LargeBinary(), nullable=False),
        sa.Column("since", sa.String(length=12), nullable=True, comment="busy: from, local time yyyymmddHHMM"),
        sa.Column("until", sa.String(length=12), nullable=True),
        sa.ForeignKeyConstraint(["revision_id"], ["revisions.id"], name=op.f("fk_history_keys_revision_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_history_keys")),
    )
    op.create_index(op.f("ix_history_keys_kind_until"), "history_keys", ["kind", "until"], unique=False)
    op.create_index(op.f("ix_history_keys_revision_id"), "history_keys", ["revision_id"], unique=False)
    op.create_index(op.f("ix_history_keys_value_since"), "history_keys", ["value", "since"], unique=False)
    op.create_table(
        "history_visits",
        sa.Column("revision_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("dossier_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "body", sa.LargeBinary(), nullable=False, comment="MA_LK, kind, times, department and amounts of the visit"
        ),
        sa.ForeignKeyConstraint(["dossier_id"], ["dossiers.id"], name=op.f("fk_history_visits_dossier_id")),
        sa.ForeignKeyConstraint(["revision_id"], ["revisions.id"], name=op.f("fk_history_visits_revision_id")),
        sa.PrimaryKeyConstraint("revision_id", name=op.f("pk_history_visits")),
        comment="one line per revision whose keys are kept",
    )
    op.create_index(op.f("ix_history_visits_dossier_id"), "history_visits", ["dossier_id"], unique=False)


def downgrade() -> None:
    op.drop_index(op.f("ix_history_visits_dossier_id"), table_name="history_visits")
    op.drop_table("history_visits")
    op.drop_index(op.f("ix_history_keys_value_since"), table_name="history_keys")
    op.drop_index(op.f("ix_history_keys_revision_id"), table_name="history_keys")
    op.drop_index(op.f("ix_history_keys_kind_until"), table_name="history_keys")
    op.drop_table("history_keys")
    op.drop_index(op.f("ix_catalogue_rows_facility_list_retired_by"), table_name="catalogue_rows")
    op.drop_table("catalogue_rows")
    op.drop_index(op.f("ix_catalogue_imports_facility_list"), table_name="catalogue_imports")
    op.drop_table("catalogue_imports")
