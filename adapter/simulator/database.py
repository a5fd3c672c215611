"""The practice gateway's own memory: one SQLite file, plain SQL, safe for many threads and readers.

``received`` keeps every file that reached a service with a valid token or without, taken or
refused, together with the answer the gateway decided on (also when a fault kept it from arriving).
"""

from __future__ import annotations

import json
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from adapter.clock import VIETNAM

_SCHEMA = """
CREATE TABLE IF NOT EXISTS received (
  seq INTEGER PRIMARY KEY AUTOINCREMENT,
  at TEXT NOT NULL,                     -- ISO 8601, Vietnam's time
  service TEXT NOT NULL,
  facility TEXT NOT NULL,
  purpose TEXT NOT NULL,                -- claim, book, checkin, or empty for other services
  ma_lk TEXT NOT NULL,
  ma_giao_dich TEXT NOT NULL,           -- empty when refused
  sha256 TEXT NOT NULL,
  body BLOB NOT NULL,                   -- the decoded file
  answer TEXT NOT NULL,                 -- JSON as the gateway decided it
  accepted INTEGER NOT NULL,            -- 1: code 200, the gateway holds it
  code TEXT NOT NULL,                   -- maKetQua
  fault TEXT NOT NULL DEFAULT '',
  account TEXT NOT NULL DEFAULT '',
  replaced_by INTEGER,                  -- seq of a later dossier of the same MA_LK
  verdict_at TEXT,                      -- from when on the verdict is known
  findings TEXT NOT NULL DEFAULT '[]',  -- JSON: what the later, deeper check found
  summary TEXT NOT NULL DEFAULT '{}'    -- JSON: what the portal's list shows
);
CREATE INDEX IF NOT EXISTS received_ma_lk ON received (facility, ma_lk, accepted);
CREATE INDEX IF NOT EXISTS received_receipt ON received (ma_giao_dich);
CREATE TABLE IF NOT EXISTS calls (
  seq INTEGER PRIMARY KEY AUTOINCREMENT, at TEXT NOT NULL, service TEXT NOT NULL, address TEXT NOT NULL,
  status INTEGER NOT NULL, code TEXT NOT NULL, fault TEXT NOT NULL, milliseconds REAL NOT NULL
);
CREATE TABLE IF NOT EXISTS accounts (account TEXT PRIMARY KEY, facility TEXT NOT NULL, document TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS tokens (
  token_id TEXT PRIMARY KEY, account TEXT NOT NULL, address TEXT NOT NULL, stamp TEXT NOT NULL,
  expires_at TEXT NOT NULL, revoked INTEGER NOT NULL DEFAULT 0
);
CREATE TABLE IF NOT EXISTS settings (name TEXT PRIMARY KEY, value TEXT NOT NULL);
"""

_COLUMNS = (
    "seq, at, service, facility, purpose, ma_lk, ma_giao_dich, sha256, answer, accepted, code, fault, account,"
    " replaced_by, verdict_at, findings, summary, length(body) AS size"
)


@dataclass(frozen=True, slots=True)
class Arrival:
    """One file that arrived and what the gateway decided. ``body`` is the decoded file."""

    at: datetime
    service: str
    facility: str
    body: bytes
    sha256: str
    answer: dict[str, Any]
    code: str
    accepted: bool
    purpose: str = ""
    ma_lk: str = ""
    ma_giao_dich: str = ""
    fault: str = ""
    account: str = ""
    verdict_at: datetime | None = None
    findings: list[dict[str, Any]] = field(default_factory=list)
    summary: dict[str, Any] = field(default_factory=dict)
    replaces: bool = False


@dataclass(frozen=True, slots=True)
class CallLine:
    """One call as the log keeps it. ``status`` 0: the caller got no answer."""

    service: str
    address: str
    status: int
    code: str
    fault: str
    milliseconds: float


class Database:
    """One connection behind a lock: SQLite has one writer anyway, and statements here are short."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self.path = path
        self._lock = threading.Lock()
        self._connection = sqlite3.connect(path, check_same_thread=False, isolation_level=None, timeout=30)
        self._connection.row_factory = sqlite3.Row
        self._connection.execute("PRAGMA journal_mode=WAL")
        # A receipt must survive the death of this process; it need not survive the loss of power.
        self._connection.execute("PRAGMA synchronous=NORMAL")
        self._connection.executescript(_SCHEMA)

    def close(self) -> None:
        with self._lock:
            self._connection.close()

    @contextmanager
    def _write(self) -> Iterator[sqlite3.Connection]:
        with self._lock:
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield self._connection
            except BaseException:
                self._connection.execute("ROLLBACK")
                raise
            self._connection.execute("COMMIT")

    def rows(self, query: str, *values: object) -> list[dict[str, Any]]:
        """Rows of a query as plain dictionaries."""
        with self._lock:
            return [dict(row) for row in self._connection.execute(query, values)]

    def execute(self, statement: str, *values: object) -> int:
        """One statement in a transaction of its own; the number of rows it touched."""
        with self._write() as connection:
            return connection.execute(statement, values).rowcount

    def setting(self, name: str, default: str) -> str:
        """A value kept for good; ``default`` is stored at the first call."""
        with self._write() as connection:
            connection.execute("INSERT OR IGNORE INTO settings (name, value) VALUES (?, ?)", (name, default))
            row = connection.execute("SELECT value FROM settings WHERE name = ?", (name,)).fetchone()
        return str(row[0])

    def record(self, arrival: Arrival) -> int:
        """Keep one arrival; an accepted dossier marks its predecessors as replaced, in the same transaction."""
        values = (
            arrival.at.astimezone(VIETNAM).isoformat(),
            arrival.service,
            arrival.facility,
            arrival.purpose,
            arrival.ma_lk,
            arrival.ma_giao_dich,
            arrival.sha256,
            arrival.body,
            json.dumps(arrival.answer, ensure_ascii=False),
            int(arrival.accepted),
            arrival.code,
            arrival.fault,
            arrival.account,
            arrival.verdict_at.astimezone(VIETNAM).isoformat() if arrival.verdict_at else None,
            json.dumps(arrival.findings, ensure_ascii=False),
            json.dumps(arrival.summary, ensure_ascii=False),
        )
        with self._write() as connection:
            cursor = connection.execute(
                "INSERT INTO received (at, service, facility, purpose, ma_lk, ma_giao_dich, sha256, body, answer,"
                " accepted, code, fault, account, verdict_at, findings, summary)"
                " VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)",
                values,
            )
            seq = int(cursor.lastrowid or 0)
            if arrival.accepted and arrival.replaces:
                connection.execute(
                    "UPDATE received SET replaced_by = ? WHERE facility = ? AND ma_lk = ? AND accepted = 1"
                    " AND purpose IN ('claim', 'book') AND (service = 'hub-dossier') = ? AND seq < ?"
                    " AND replaced_by IS NULL",
                    (seq, arrival.facility, arrival.ma_lk, arrival.service == "hub-dossier", seq),
                )
        return seq

    def holds(self, facility: str, ma_lk: str) -> bool:
        """True when a dossier of this MA_LK was accepted before."""
        return bool(
            self.rows(
                "SELECT 1 FROM received WHERE facility = ? AND ma_lk = ? AND accepted = 1"
                " AND purpose IN ('claim', 'book') LIMIT 1",
                facility,
                ma_lk,
            )
        )

    def arrivals(
        self,
        *,
        after: int = 0,
        before: int | None = None,
        limit: int = 1000,
        newest_first: bool = False,
        ma_lk: str = "",
        facility: str = "",
    ) -> list[dict[str, Any]]:
        """Rows of ``received`` without bodies, between two ``seq`` (both excluded); ``size``: bytes of the body."""
        order = "DESC" if newest_first else "ASC"
        return self.rows(
            f"SELECT {_COLUMNS} FROM received WHERE seq > ? AND (? IS NULL OR seq < ?)"  # noqa: S608 -- constants only
            f" AND ? IN ('', ma_lk) AND ? IN ('', facility) ORDER BY seq {order} LIMIT ?",
            after,
            before,
            before,
            ma_lk,
            facility,
            limit,
        )

    def arrival(self, seq: int) -> dict[str, Any] | None:
        """One row of ``received`` with its body, or None."""
        found = self.rows(f"SELECT {_COLUMNS}, body FROM received WHERE seq = ?", seq)  # noqa: S608 -- constants only
        return found[0] if found else None

    def forget(self) -> int:
        """Throw away everything received and the log of calls; how many files that were."""
        with self._write() as connection:
            connection.execute("DELETE FROM calls")
            return connection.execute("DELETE FROM received").rowcount

    def log_call(self, at: datetime, call: CallLine) -> None:
        """One line per gateway call, also of those a fault kept from reaching its service."""
        self.execute(
            "INSERT INTO calls (at, service, address, status, code, fault, milliseconds) VALUES (?,?,?,?,?,?,?)",
            at.astimezone(VIETNAM).isoformat(),
            call.service,
            call.address,
            call.status,
            call.code,
            call.fault,
            round(call.milliseconds, 2),
        )
