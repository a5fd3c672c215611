"""The SQL connector's line: a hospital's first load, 100,000 encounters of 60 lines, must not grow in memory."""

from __future__ import annotations

import multiprocessing
import resource
import sqlite3
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from time import perf_counter
from typing import Any

from benchmarks.bar import Bar

_ENCOUNTERS, _LINES, _EARLY = 100_000, 60, 10_000
_SPEC: dict[str, Any] = {
    "connector": "sql",
    "encounters": {"query": "SELECT id, code, name, changed FROM visit", "key": "id", "changed_at": "changed"},
    "collections": {
        "items": {
            "query": "SELECT visit_id, line, code, amount, price, day FROM item WHERE visit_id IN :keys",
            "parent": "visit_id",
            "order_by": "line",
        }
    },
}


def sql_bars() -> list[Bar]:
    """Peak memory after all of it against after a tenth, and how fast it went."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "his.db"
        _sow(path)
        with multiprocessing.get_context("spawn").Pool(1) as pool:  # a process of its own: nothing else in its memory
            told = pool.apply(_pull, (str(path),))
    return [
        Bar("sql_encounters", told["encounters"], _ENCOUNTERS, "encounters pulled"),
        Bar("sql_lines", told["lines"], _ENCOUNTERS * _LINES, "lines pulled"),
        Bar("sql_memory_growth", round(told["late"] / told["early"], 3), 1.1, "× peak, all ÷ first tenth", "at most"),
        Bar("sql_memory", round(told["late"] / 1024, 1), 0, "MB peak (no bar)"),
        Bar("sql_lines_per_second", round(told["lines"] / told["seconds"]), 0, "lines/s (no bar)"),
    ]


def _sow(path: Path) -> None:
    with sqlite3.connect(path) as his:
        his.executescript(
            f"""
            PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF;
            CREATE TABLE visit (id INTEGER PRIMARY KEY, code TEXT, name TEXT, changed INTEGER);
            CREATE TABLE item (visit_id INTEGER, line INTEGER, code TEXT, amount TEXT, price TEXT, day INTEGER,
                               PRIMARY KEY (visit_id, line)) WITHOUT ROWID;
            WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {_ENCOUNTERS})
              INSERT INTO visit SELECT i, printf('%012d', i), 'Người bệnh ' || i,
                CAST(strftime('%Y%m%d%H%M%S', 1767225600 + i, 'unixepoch') AS INTEGER) FROM n;
            WITH RECURSIVE l(k) AS (SELECT 1 UNION ALL SELECT k + 1 FROM l WHERE k < {_LINES})
              INSERT INTO item SELECT id, k, '40.' || k, '1.000', (k * 125) || '.500', changed FROM visit, l;
            CREATE INDEX by_change ON visit (changed, id);
            """
        )
    his.close()


def _pull(path: str) -> dict[str, float]:
    """Read everything as the stage does, and let it go."""
    from adapter.settings import SourceSettings
    from connectors.base import open_source

    source = open_source(_SPEC, SourceSettings(url=f"sqlite:///{path}", batch_size=200))
    cursor, encounters, lines, early, late = None, 0, 0, 0, 0
    began = perf_counter()
    while True:
        batch = source.pull(cursor, now=datetime(2026, 11, 22, tzinfo=UTC))
        encounters += len(batch.encounters)
        lines += sum(len(one.collections["items"]) for one in batch.encounters)
        cursor = batch.cursor
        late = max(late, _resident())
        if encounters <= _EARLY:
            early = late
        if batch.done:
            break
    seconds = perf_counter() - began
    source.close()
    return {"encounters": encounters, "lines": lines, "early": early, "late": late, "seconds": seconds}


def _resident() -> int:
    """What this process holds now, in KiB (ru_maxrss would still tell of the process it was started from)."""
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * resource.getpagesize() // 1024
