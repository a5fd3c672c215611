"""counts by day from indexes alone"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

_SETBACK = sa.text("to_state IN ('refused', 'blocked')")


def upgrade() -> None:
    op.drop_index(op.f("ix_expectations_facility_first_day"), table_name="expectations")
    op.create_index("ix_expectations_by_day", "expectations", ["facility", "first_day", "purpose"], unique=False)
    op.drop_index(op.f("ix_dossiers_facility_first_day"), table_name="dossiers")
    op.create_index(
        "ix_dossiers_by_day", "dossiers", ["facility", "first_day", "purpose", "state", "held"], unique=False
    )
    op.drop_index(op.f("ix_revisions_facility_accepted_at"), table_name="revisions")
    op.create_index(
        "ix_revisions_by_receipt", "revisions", ["facility", "accepted_at", "purpose", "ended_at"], unique=False
    )
    op.create_index("ix_revisions_by_verdict", "revisions", ["facility", "verdict", "purpose"], unique=False)
    op.create_index(
        "ix_events_setbacks",
        "events",
        ["to_state", "at"],
        unique=False,
        sqlite_where=_SETBACK,
        postgresql_where=_SETBACK,
    )


def downgrade() -> None:
    op.drop_index("ix_events_setbacks", table_name="events")
    op.drop_index("ix_revisions_by_verdict", table_name="revisions")
    op.drop_index("ix_revisions_by_receipt", table_name="revisions")
    op.create_index(op.f("ix_revisions_facility_accepted_at"), "revisions", ["facility", "accepted_at"], unique=False)
    op.drop_index("ix_dossiers_by_day", table_name="dossiers")
    op.create_index(op.f("ix_dossiers_facility_first_day"), "dossiers", ["facility", "first_day"], unique=False)
    op.drop_index("ix_expectations_by_day", table_name="expectations")
    op.create_index(op.f("ix_expectations_facility_first_day"), "expectations", ["facility", "first_day"], unique=False)
