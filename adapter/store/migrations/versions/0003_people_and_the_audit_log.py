"""people and the audit log"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from adapter.store.tables import types

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

# A line of the audit log stays as it was written, whoever is connected.
_SQLITE = (
    "CREATE TRIGGER audit_no_update BEFORE UPDATE ON audit BEGIN SELECT RAISE(ABORT, 'audit rows stay'); END",
    "CREATE TRIGGER audit_no_delete BEFORE DELETE ON audit BEGIN SELECT RAISE(ABORT, 'audit rows stay'); END",
)
_POSTGRES = (
    "CREATE FUNCTION bhyt_audit_stays() RETURNS trigger LANGUAGE plpgsql AS "
    "$$ BEGIN RAISE EXCEPTION 'audit rows stay'; END $$",
    "CREATE TRIGGER audit_stays BEFORE UPDATE OR DELETE ON audit FOR EACH ROW EXECUTE FUNCTION bhyt_audit_stays()",
    "CREATE TRIGGER audit_is_not_emptied BEFORE TRUNCATE ON audit FOR EACH STATEMENT "
    "EXECUTE FUNCTION bhyt_audit_stays()",
)


def upgrade() -> None:
    op.create_table(
        "answers",
        sa.Column("caller", sa.String(length=120), nullable=False),
        sa.Column("key_blind", sa.LargeBinary(), nullable=False),
        sa.Column("request_hash", sa.String(length=64), nullable=False),
        sa.Column("status", sa.Integer(), nullable=True, comment="empty: still at work, or broken off"),
        sa.Column("body_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("at", types.Instant(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("caller", "key_blind", name=op.f("pk_answers")),
        comment="answers to writes with an idempotency key: the same write is told the same again",
    )
    op.create_index(op.f("ix_answers_at"), "answers", ["at"], unique=False)
    op.create_table(
        "api_keys",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("key_hash", sa.LargeBinary(), nullable=False),
        sa.Column("shown", sa.String(length=12), nullable=False, comment="its first letters, to tell keys apart"),
        sa.Column("permissions", sa.Text(), nullable=False),
        sa.Column("facilities", sa.Text(), nullable=False),
        sa.Column("created_at", types.Instant(timezone=True), nullable=False),
        sa.Column("created_by", sa.String(length=120), nullable=False),
        sa.Column("ends_at", types.Instant(timezone=True), nullable=True),
        sa.Column("used_at", types.Instant(timezone=True), nullable=True),
        sa.Column("revoked_at", types.Instant(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_api_keys")),
        sa.UniqueConstraint("key_hash", name=op.f("uq_api_keys_key_hash")),
        sa.UniqueConstraint("name", name=op.f("uq_api_keys_name")),
    )
    op.create_table(
        "audit",
        sa.Column(
            "seq",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=False,
            nullable=False,
            comment="1, 2, 3 … without a gap",
        ),
        sa.Column("at", types.Instant(timezone=True), nullable=False),
        sa.Column("actor", sa.String(length=120), nullable=False),
        sa.Column("via", sa.String(length=12), nullable=False, comment="session, key, cli, engine"),
        sa.Column("action", sa.String(length=40), nullable=False),
        sa.Column("facility", sa.String(length=5), nullable=False, comment="empty: the installation"),
        sa.Column("kind", sa.String(length=20), nullable=False, comment="kind of the object"),
        sa.Column("object", sa.String(length=200), nullable=False, comment="its number or name; never a person's data"),
        sa.Column("about_blind", sa.LargeBinary(), nullable=True, comment="the MA_LK or person it is about, keyed"),
        sa.Column("reason_sealed", sa.LargeBinary(), nullable=True, comment="as typed: may name a person"),
        sa.Column("outcome", sa.String(length=20), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False, comment="JSON; never a person's data"),
        sa.Column("previous", sa.LargeBinary(), nullable=False),
        sa.Column("mac", sa.LargeBinary(), nullable=False, comment="keyed over everything above and the row before"),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_audit")),
    )
    op.create_index(op.f("ix_audit_about_blind"), "audit", ["about_blind"], unique=False)
    op.create_index(op.f("ix_audit_actor_seq"), "audit", ["actor", "seq"], unique=False)
    op.create_index(op.f("ix_audit_at"), "audit", ["at"], unique=False)
    op.create_index(op.f("ix_audit_facility_seq"), "audit", ["facility", "seq"], unique=False)
    op.create_table(
        "audit_head",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("seq", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("mac", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_head")),
        comment="the newest row: whoever adds the next one holds this row",
    )
    op.create_table(
        "login_failures",
        sa.Column("whom", sa.LargeBinary(), nullable=False, comment="a login name or an address, keyed"),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("last_at", types.Instant(timezone=True), nullable=False),
        sa.Column("until", types.Instant(timezone=True), nullable=True, comment="not heard before"),
        sa.PrimaryKeyConstraint("whom", name=op.f("pk_login_failures")),
    )
    op.create_table(
        "users",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("login", sa.String(length=80), nullable=False, comment="folded to lower case"),
        sa.Column("display_name", sa.String(length=200), nullable=False),
        sa.Column(
            "password_hash", sa.String(length=255), nullable=True, comment="argon2id; empty: signs in another way only"
        ),
        sa.Column(
            "subject", sa.String(length=400), nullable=True, comment="issuer and subject at the identity provider"
        ),
        sa.Column("roles", sa.Text(), nullable=False, comment="names, separated by blanks"),
        sa.Column("facilities", sa.Text(), nullable=False, comment="codes separated by blanks, or * for all"),
        sa.Column(
            "staff_sealed",
            sa.LargeBinary(),
            nullable=True,
            comment="name and citizen number for look-ups at the gateway",
        ),
        sa.Column("created_at", types.Instant(timezone=True), nullable=False),
        sa.Column("password_at", types.Instant(timezone=True), nullable=True),
        sa.Column("last_login_at", types.Instant(timezone=True), nullable=True),
        sa.Column("disabled_at", types.Instant(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_users")),
        sa.UniqueConstraint("login", name=op.f("uq_users_login")),
        sa.UniqueConstraint("subject", name=op.f("uq_users_subject")),
    )
    op.create_table(
        "login_links",
        sa.Column("token_hash", sa.LargeBinary(), nullable=False),
        sa.Column("user_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("ends_at", types.Instant(timezone=True), nullable=False),
        sa.Column("used_at", types.Instant(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_login_links_user_id")),
        sa.PrimaryKeyConstraint("token_hash", name=op.f("pk_login_links")),
        comment="each opens one session, once",
    )
    op.create_index(op.f("ix_login_links_user_id"), "login_links", ["user_id"], unique=False)
    op.create_table(
        "sessions",
        sa.Column("token_hash", sa.LargeBinary(), nullable=False),
        sa.Column("user_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("how", sa.String(length=12), nullable=False, comment="password, link, oidc"),
        sa.Column("created_at", types.Instant(timezone=True), nullable=False),
        sa.Column("seen_at", types.Instant(timezone=True), nullable=False),
        sa.Column(
            "ends_at", types.Instant(timezone=True), nullable=False, comment="whatever happens, over at this time"
        ),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_sessions_user_id")),
        sa.PrimaryKeyConstraint("token_hash", name=op.f("pk_sessions")),
    )
    op.create_index(op.f("ix_sessions_ends_at"), "sessions", ["ends_at"], unique=False)
    op.create_index(op.f("ix_sessions_user_id"), "sessions", ["user_id"], unique=False)
    head = sa.table("audit_head", sa.column("id"), sa.column("seq"), sa.column("mac", sa.LargeBinary()))
    op.execute(head.insert().values(id=1, seq=0, mac=bytes(32)))
    for statement in _POSTGRES if op.get_bind().dialect.name == "postgresql" else _SQLITE:
        op.execute(statement)


def downgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP TRIGGER audit_stays ON audit")
        op.execute("DROP TRIGGER audit_is_not_emptied ON audit")
        op.execute("DROP FUNCTION bhyt_audit_stays()")
    op.drop_index(op.f("ix_sessions_user_id"), table_name="sessions")
    op.drop_index(op.f("ix_sessions_ends_at"), table_name="sessions")
    op.drop_table("sessions")
    op.drop_index(op.f("ix_login_links_user_id"), table_name="login_links")
    op.drop_table("login_links")
    op.drop_table("users")
    op.drop_table("login_failures")
    op.drop_table("audit_head")
    op.drop_index(op.f("ix_audit_facility_seq"), table_name="audit")
    op.drop_index(op.f("ix_audit_at"), table_name="audit")
    op.drop_index(op.f("ix_audit_actor_seq"), table_name="audit")
    op.drop_index(op.f("ix_audit_about_blind"), table_name="audit")
    op.drop_table("audit")
    op.drop_table("api_keys")
    op.drop_index(op.f("ix_answers_at"), table_name="answers")
    op.drop_table("answers")
