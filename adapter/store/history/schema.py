"""Tables of the history. Nothing about a person is readable: keyed values, clear times, one sealed line per visit."""

from __future__ import annotations

from sqlalchemy import Column, ForeignKey, Index, LargeBinary, String, Table

from adapter.store.tables.schema import metadata
from adapter.store.tables.types import Id

history_visits = Table(
    "history_visits",
    metadata,
    Column("revision_id", Id, ForeignKey("revisions.id"), primary_key=True),
    Column("dossier_id", Id, ForeignKey("dossiers.id"), nullable=False),
    Column("body", LargeBinary, nullable=False, comment="MA_LK, kind, times, department and amounts of the visit"),
    Index(None, "dossier_id"),
    comment="one line per revision whose keys are kept",
)

history_keys = Table(
    "history_keys",
    metadata,
    Column("id", Id, primary_key=True),
    Column("revision_id", Id, ForeignKey("revisions.id"), nullable=False),
    # busy: a time within one day; `long`: one over midnight
    Column("kind", String(6), nullable=False, comment="person, claim, use, busy"),
    Column("value", LargeBinary, nullable=False),
    Column("since", String(12), comment="busy: from, local time yyyymmddHHMM"),
    Column("until", String(12)),
    Index(None, "value", "kind", "since"),
    Index(None, "revision_id"),
    Index(None, "kind", "until"),
)
