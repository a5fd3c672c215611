"""who was busy when: intervals within one day apart from longer ones, found by day"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(
        sa.text(
            "UPDATE history_keys SET kind = 'long' WHERE kind = 'busy' AND substr(since, 1, 8) <> substr(until, 1, 8)"
        )
    )
    op.drop_index(op.f("ix_history_keys_value_since"), table_name="history_keys")
    op.create_index(op.f("ix_history_keys_value_kind_since"), "history_keys", ["value", "kind", "since"], unique=False)


def downgrade() -> None:
    op.drop_index(op.f("ix_history_keys_value_kind_since"), table_name="history_keys")
    op.create_index(op.f("ix_history_keys_value_since"), "history_keys", ["value", "since"], unique=False)
    op.execute(sa.text("UPDATE history_keys SET kind = 'busy' WHERE kind = 'long'"))
