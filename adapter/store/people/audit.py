"""The audit log: who did what to which object, when, why, and what came of it.

Rows form one chain: each carries a keyed digest over itself and the row before, so a row that is
changed, taken out or put in between shows. The key is the vault's; whoever holds the database
alone cannot write a chain that fits. Both databases refuse UPDATE and DELETE on the table.
"""

from __future__ import annotations

import hmac
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, Row, func, insert, select, update

from adapter.clock import Clock
from adapter.store.people.schema import audit, audit_head
from adapter.store.tables.database import Database
from adapter.vault import Vault

START = b"\x00" * 32
ABOUT = "audit-about"
REASON = "audit-reason"
_MAC = "audit-chain"
_PAGE = 2000
_VIA = {"user": "session", "key": "key", "cli": "cli"}


@dataclass(frozen=True, slots=True)
class Entry:
    """One line. ``about`` (an MA_LK, a card) is kept keyed, ``reason`` sealed; nothing else may name a person.

    ``via`` is told by the actor's prefix unless given: ``user:`` a session, ``key:``, ``cli:``, else the engine.
    """

    action: str
    actor: str
    via: str = ""
    facility: str = ""
    kind: str = ""
    object: str = ""
    about: str = ""
    reason: str = ""
    outcome: str = "done"
    detail: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Verified:
    """What a walk along the chain found. ``problem`` is empty when it holds; ``seq`` is the first bad row then."""

    rows: int
    head: str
    problem: str = ""
    seq: int | None = None


def is_person(actor: str) -> bool:
    """True for somebody (or a program with a key) who acts, false for the engine's own doing."""
    return actor.partition(":")[0] in _VIA


class Audit:
    """Append, walk, look. There is no method to change anything."""

    def __init__(self, database: Database, vault: Vault, clock: Clock) -> None:
        self._db = database
        self._vault = vault
        self._clock = clock

    def record(self, entry: Entry) -> int:
        """Add one line in a transaction of its own; its number."""
        with self._db.write() as connection:
            return self.append(connection, entry)

    def append(self, connection: Connection, entry: Entry) -> int:
        """Add one line in the transaction of the act itself, as its last statement.

        Last, because the head row is one for all: whoever holds it must not wait for another row.
        """
        head = connection.execute(select(audit_head).where(audit_head.c.id == 1).with_for_update()).one()
        row: dict[str, Any] = {
            "seq": head.seq + 1,
            "at": self._clock(),
            "actor": entry.actor[:120],
            "via": entry.via or _VIA.get(entry.actor.partition(":")[0], "engine"),
            "action": entry.action,
            "facility": entry.facility,
            "kind": entry.kind,
            "object": entry.object[:200],
            "about_blind": self._vault.blind(entry.about, ABOUT) if entry.about else None,
            "reason_sealed": self._vault.seal_text(entry.reason, REASON) if entry.reason else None,
            "outcome": entry.outcome,
            "detail": json.dumps(dict(entry.detail), ensure_ascii=False, sort_keys=True),
            "previous": bytes(head.mac),
        }
        row["mac"] = self._mac(row)
        connection.execute(insert(audit).values(**row))
        connection.execute(update(audit_head).where(audit_head.c.id == 1).values(seq=row["seq"], mac=row["mac"]))
        return int(row["seq"])

    def verify(self, known: Mapping[int, str] | None = None) -> Verified:
        """Walk the whole chain. ``known``: row number → digest (hex) noted earlier, which must still be there."""
        before, count = START, 0
        wanted = dict(known or {})
        for row in self._walk():
            problem = self._fault(row, count + 1, before)
            if not problem:
                count, before = count + 1, bytes(row.mac)
                problem = "" if wanted.pop(count, before.hex()).lower() == before.hex() else "other-chain"
            if problem:
                return Verified(count, before.hex(), problem, row.seq)
        with self._db.read() as connection:
            head = connection.execute(select(audit_head).where(audit_head.c.id == 1)).one()
            newest = connection.execute(select(func.max(audit.c.seq))).scalar_one() or 0
        # Rows added while we walked are not judged; a head behind or before the newest row is.
        if wanted or head.seq != newest or (newest == count and bytes(head.mac) != before):
            return Verified(count, before.hex(), "end", min(wanted, default=count + 1))
        return Verified(count, before.hex())

    def _fault(self, row: Row[Any], number: int, before: bytes) -> str:
        if row.seq != number:
            return "gap"
        if bytes(row.previous) != before:
            return "link"
        kept = {name: getattr(row, name) for name in row._fields}
        return "" if hmac.compare_digest(self._mac(kept), bytes(row.mac)) else "changed"

    def list(
        self,
        *,
        facilities: frozenset[str] | None = None,
        actor: str | None = None,
        action: str | None = None,
        about: str | None = None,
        first: datetime | None = None,
        last: datetime | None = None,
        before: int | None = None,
        limit: int = 100,
    ) -> list[dict[str, Any]]:
        """Lines, newest first, as JSON-ready dicts. ``about``: an MA_LK or a card; ``before``: smaller numbers only."""
        statement = select(audit).order_by(audit.c.seq.desc()).limit(limit)
        if facilities is not None:
            statement = statement.where(audit.c.facility.in_(sorted(facilities)))
        if actor is not None:
            statement = statement.where(audit.c.actor == actor)
        if action is not None:
            statement = statement.where(audit.c.action.startswith(action, autoescape=True))
        if about is not None:
            statement = statement.where(audit.c.about_blind == self._vault.blind(about, ABOUT))
        if first is not None:
            statement = statement.where(audit.c.at >= first)
        if last is not None:
            statement = statement.where(audit.c.at < last)
        if before is not None:
            statement = statement.where(audit.c.seq < before)
        with self._db.read() as connection:
            return [self._shown(row) for row in connection.execute(statement)]

    def export(self, *, after: int = 0, last: int | None = None) -> Iterator[dict[str, Any]]:
        """Every line, oldest first, one page in memory at a time."""
        for row in self._walk(after):
            if last is not None and row.seq > last:
                return
            yield self._shown(row)

    def _walk(self, after: int = 0) -> Iterator[Row[Any]]:
        while True:
            with self._db.read() as connection:
                page = connection.execute(
                    select(audit).where(audit.c.seq > after).order_by(audit.c.seq).limit(_PAGE)
                ).all()
            yield from page
            if len(page) < _PAGE:
                return
            after = page[-1].seq

    def _mac(self, row: Mapping[str, Any]) -> bytes:
        parts = [
            row["seq"],
            row["at"].astimezone(UTC).isoformat(timespec="microseconds"),
            *(row[name] for name in ("actor", "via", "action", "facility", "kind", "object", "outcome", "detail")),
            *("" if row[name] is None else bytes(row[name]).hex() for name in ("about_blind", "reason_sealed")),
            bytes(row["previous"]).hex(),
        ]
        return self._vault.mac(json.dumps(parts, ensure_ascii=False).encode("utf-8"), _MAC)

    def _shown(self, row: Row[Any]) -> dict[str, Any]:
        return {
            "seq": row.seq,
            "at": row.at.isoformat(),
            "actor": row.actor,
            "via": row.via,
            "action": row.action,
            "facility": row.facility,
            "kind": row.kind,
            "object": row.object,
            "about": None if row.about_blind is None else bytes(row.about_blind).hex(),
            "reason": "" if row.reason_sealed is None else self._vault.open_text(row.reason_sealed, REASON),
            "outcome": row.outcome,
            "detail": json.loads(row.detail),
            "digest": bytes(row.mac).hex(),
        }
