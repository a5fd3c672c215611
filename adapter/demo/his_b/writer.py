"""Lays a demo HIS down in one SQLite file."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

_RECORD = """
CREATE TABLE DEMO_PLANTED (EPISODE_CODE TEXT PRIMARY KEY, DEFECT TEXT, MUST TEXT, MAY TEXT);
CREATE TABLE DEMO_SEED (SOURCE TEXT, SEED INTEGER, ENCOUNTERS INTEGER, SEEDED_AT TEXT);
CREATE TABLE DEMO_KIND (EPISODE_CODE TEXT PRIMARY KEY, KIND TEXT);
"""


class Writer:
    """Inserts rows by table; keys a table does not have are an error of the seed."""

    def __init__(self, path: Path, schema: Path) -> None:
        self._connection = sqlite3.connect(path)
        self._connection.execute("PRAGMA journal_mode = WAL")
        self._connection.execute("PRAGMA synchronous = OFF")  # a demo file is cheap to make again
        self._connection.executescript(schema.read_text(encoding="utf-8") + _RECORD)
        self._columns: dict[str, list[str]] = {}

    def script(self, sql: str) -> None:
        """Further tables."""
        self._connection.executescript(sql)

    def insert(self, table: str, rows: Sequence[Mapping[str, Any]]) -> None:
        columns = self._columns_of(table)
        for row in rows:
            if not row.keys() <= set(columns):
                raise KeyError(f"{table}: {sorted(row.keys() - set(columns))}")
        marks = ", ".join("?" for _ in columns)
        self._connection.executemany(
            f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({marks})",  # noqa: S608 -- names come from the schema
            [tuple(row.get(column) for column in columns) for row in rows],
        )

    def _columns_of(self, table: str) -> list[str]:
        if table not in self._columns:
            found = self._connection.execute(f"PRAGMA table_info({table})").fetchall()
            self._columns[table] = [row[1] for row in found]
        return self._columns[table]

    def close(self) -> None:
        self._connection.commit()
        self._connection.execute("PRAGMA synchronous = FULL")
        self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        self._connection.close()
