"""Tables of people and of what they did. Tokens and keys are kept as hashes only; audit rows are only added."""

from __future__ import annotations

from sqlalchemy import Column, ForeignKey, Index, Integer, LargeBinary, String, Table, Text

from adapter.store.tables.schema import metadata
from adapter.store.tables.types import Id, Instant

users = Table(
    "users",
    metadata,
    Column("id", Id, primary_key=True),
    Column("login", String(80), nullable=False, unique=True, comment="folded to lower case"),
    Column("display_name", String(200), nullable=False),
    Column("password_hash", String(255), comment="argon2id; empty: signs in another way only"),
    Column("subject", String(400), unique=True, comment="issuer and subject at the identity provider"),
    Column("roles", Text, nullable=False, comment="names, separated by blanks"),
    Column("facilities", Text, nullable=False, comment="codes separated by blanks, or * for all"),
    Column("staff_sealed", LargeBinary, comment="name and citizen number for look-ups at the gateway"),
    Column("created_at", Instant, nullable=False),
    Column("password_at", Instant),
    Column("last_login_at", Instant),
    Column("disabled_at", Instant),
)

sessions = Table(
    "sessions",
    metadata,
    Column("token_hash", LargeBinary, primary_key=True),
    Column("user_id", Id, ForeignKey("users.id"), nullable=False),
    Column("how", String(12), nullable=False, comment="password, link, oidc"),
    Column("created_at", Instant, nullable=False),
    Column("seen_at", Instant, nullable=False),
    Column("ends_at", Instant, nullable=False, comment="whatever happens, over at this time"),
    Index(None, "user_id"),
    Index(None, "ends_at"),
)

login_links = Table(
    "login_links",
    metadata,
    Column("token_hash", LargeBinary, primary_key=True),
    Column("user_id", Id, ForeignKey("users.id"), nullable=False),
    Column("ends_at", Instant, nullable=False),
    Column("used_at", Instant),
    Index(None, "user_id"),
    comment="each opens one session, once",
)

api_keys = Table(
    "api_keys",
    metadata,
    Column("id", Id, primary_key=True),
    Column("name", String(80), nullable=False, unique=True),
    Column("key_hash", LargeBinary, nullable=False, unique=True),
    Column("shown", String(12), nullable=False, comment="its first letters, to tell keys apart"),
    Column("permissions", Text, nullable=False),
    Column("facilities", Text, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("created_by", String(120), nullable=False),
    Column("ends_at", Instant),
    Column("used_at", Instant),
    Column("revoked_at", Instant),
)

login_failures = Table(
    "login_failures",
    metadata,
    Column("whom", LargeBinary, primary_key=True, comment="a login name or an address, keyed"),
    Column("failures", Integer, nullable=False),
    Column("last_at", Instant, nullable=False),
    Column("until", Instant, comment="not heard before"),
)

answers = Table(
    "answers",
    metadata,
    Column("caller", String(120), primary_key=True),
    Column("key_blind", LargeBinary, primary_key=True),
    Column("request_hash", String(64), nullable=False),
    Column("status", Integer, comment="empty: still at work, or broken off"),
    Column("body_sealed", LargeBinary),
    Column("at", Instant, nullable=False),
    Index(None, "at"),
    comment="answers to writes with an idempotency key: the same write is told the same again",
)

audit = Table(
    "audit",
    metadata,
    Column("seq", Id, primary_key=True, autoincrement=False, comment="1, 2, 3 … without a gap"),
    Column("at", Instant, nullable=False),
    Column("actor", String(120), nullable=False),
    Column("via", String(12), nullable=False, comment="session, key, cli, engine"),
    Column("action", String(40), nullable=False),
    Column("facility", String(5), nullable=False, comment="empty: the installation"),
    Column("kind", String(20), nullable=False, comment="kind of the object"),
    Column("object", String(200), nullable=False, comment="its number or name; never a person's data"),
    Column("about_blind", LargeBinary, comment="the MA_LK or person it is about, keyed"),
    Column("reason_sealed", LargeBinary, comment="as typed: may name a person"),
    Column("outcome", String(20), nullable=False),
    Column("detail", Text, nullable=False, comment="JSON; never a person's data"),
    Column("previous", LargeBinary, nullable=False),
    Column("mac", LargeBinary, nullable=False, comment="keyed over everything above and the row before"),
    Index(None, "at"),
    Index(None, "actor", "seq"),
    Index(None, "about_blind"),
    Index(None, "facility", "seq"),
)

audit_head = Table(
    "audit_head",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("seq", Id, nullable=False),
    Column("mac", LargeBinary, nullable=False),
    comment="the newest row: whoever adds the next one holds this row",
)
