"""A reader of a SQL source in a process of its own, meant to be killed: what it read and its cursor are saved together.

A miniature of what the store does: one SQLite file, one transaction per batch; an encounter whose content equals
the last one saved under its key has no effect.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Mapping
from contextlib import closing
from datetime import datetime, timedelta
from itertools import count
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from adapter.settings import SourceSettings
from adapter.source import Cursor
from connectors.sql import open_sql

SCHEMA = """
CREATE TABLE IF NOT EXISTS cursor (id INTEGER PRIMARY KEY CHECK (id = 1), stamp TEXT, key TEXT);
CREATE TABLE IF NOT EXISTS effects (seq INTEGER PRIMARY KEY AUTOINCREMENT, key TEXT, hash TEXT);
CREATE TABLE IF NOT EXISTS latest (key TEXT PRIMARY KEY, hash TEXT);
CREATE TABLE IF NOT EXISTS scans (seq INTEGER PRIMARY KEY AUTOINCREMENT, ended REAL);
"""


class Time:
    """Time that runs faster than the clock, the same in every process of a test."""

    def __init__(self, start: datetime, began: float, speed: float) -> None:
        self._start, self._began, self._speed = start, began, speed

    def now(self) -> datetime:
        return self._start + timedelta(seconds=(time.time() - self._began) * self._speed)


def open_state(path: Path) -> sqlite3.Connection:
    db = sqlite3.connect(path, isolation_level=None, timeout=30)
    db.execute("PRAGMA journal_mode=WAL")
    db.executescript(SCHEMA)
    return db


def read(
    spec: Mapping[str, Any],
    settings: Mapping[str, Any],
    state: Path,
    clock: Time,
    ready: Connection | None = None,
    *,
    after: int = 0,
    scans: int | None = None,
) -> None:
    """Pull for ever (or until so many scans have ended) and save every batch; ``ready`` hears of batch ``after``."""
    source = open_sql(spec, SourceSettings(**settings))
    with closing(open_state(state)) as db:
        for number in count():
            if ready is not None and number == after:
                ready.send_bytes(b"r")
            row = db.execute("SELECT stamp, key FROM cursor").fetchone()
            batch = source.pull(Cursor(*row) if row else None, now=clock.now())
            db.execute("BEGIN IMMEDIATE")
            for one in batch.encounters:
                digest = one.content_hash()
                known = db.execute("SELECT hash FROM latest WHERE key = ?", (one.key,)).fetchone()
                if known is None or known[0] != digest:
                    db.execute("INSERT OR REPLACE INTO latest VALUES (?, ?)", (one.key, digest))
                    db.execute("INSERT INTO effects (key, hash) VALUES (?, ?)", (one.key, digest))
            if batch.cursor is not None:
                db.execute("INSERT OR REPLACE INTO cursor VALUES (1, ?, ?)", (batch.cursor.stamp, batch.cursor.key))
            if batch.done:
                db.execute("INSERT INTO scans (ended) VALUES (?)", (time.time(),))
                scans = scans - 1 if scans is not None else None
            db.execute("COMMIT")
            if scans == 0:
                source.close()
                return


def warm() -> None:
    """Load what a reader loads at its first call, so that a forked one is at work at once."""
    encounters = {"query": "SELECT ID, M FROM A", "key": "ID", "changed_at": "M"}
    for engine in ("sqlite", "postgresql", "mariadb"):
        open_sql({"encounters": encounters}, SourceSettings(url=f"{engine}://"))
