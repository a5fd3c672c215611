"""All logs, metrics and alerts of a demo with failures: no name, card or number of anybody in its HIS."""

from __future__ import annotations

import io
import sqlite3
from contextlib import closing
from dataclasses import asdict
from pathlib import Path

import pytest
import structlog

from adapter.clock import system_clock
from adapter.demo.workdir import prepare
from adapter.engine.installation import open_installation
from adapter.engine.logs import Teller
from adapter.engine.passes import one_pass
from adapter.settings import load_settings
from adapter.watch.digest import digest
from adapter.watch.look import look
from adapter.watch.metrics import exposition
from adapter.watch.tell import Message

_PERSONAL = ("NAME", "CARD", "CCCD", "IDENT", "PHONE", "ADDRESS", "HEIN", "CMND")


def people(his: Path) -> set[str]:
    """Every long text of a column that names, numbers or places a person."""
    found: set[str] = set()
    with closing(sqlite3.connect(his)) as connection:
        for (table,) in connection.execute("SELECT name FROM sqlite_master WHERE type='table'").fetchall():
            columns = [row[1] for row in connection.execute(f"PRAGMA table_info({table})")]
            personal = [c for c in columns if any(word in c.upper() for word in _PERSONAL)]
            if "PATIENT" not in table.upper() and "EPISODE" not in table.upper():
                continue
            for column in personal:
                rows = connection.execute(f"SELECT DISTINCT {column} FROM {table} WHERE {column} IS NOT NULL")
                found |= {str(row[0]) for row in rows if len(str(row[0])) >= 8 and not str(row[0]).isalpha()}
    return found


def test_nothing_that_leaves_the_store_names_anybody(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    work = tmp_path / "work"
    # A gateway that is away, planted defects, a certificate about to end: every message the demo can give.
    prepare(work, source="his-b", encounters=40, seed=3, now=system_clock(), gateway_url="http://127.0.0.1:9")
    settings = load_settings(workdir=work)
    searched = people(work / "his.db")
    assert len(searched) > 40
    written = io.StringIO()
    lines = structlog.wrap_logger(
        structlog.PrintLogger(written), processors=[structlog.processors.JSONRenderer(ensure_ascii=False)]
    )
    monkeypatch.setattr("adapter.engine.logs.log", lines)
    told: list[Message] = []
    with open_installation(settings) as installation:
        tell = {line.facility.code: Teller(line.facility.code) for line in installation.lines}
        done = one_pass(installation, lambda code, result: tell[code](result))
        assert done.failures, "the gateway is away"
        store = installation.store
        look(store, settings, lambda what: bool(told.append(what)) or True, free_bytes=1)
        texts = [exposition(store, settings).decode(), *(f"{one.title}\n{one.text}" for one in told)]
        texts += [digest(store, settings).text, *(str(asdict(one)) for one in store.alerts.list(standing=False))]
    assert told
    logged = written.getvalue()
    assert "stage" in logged
    everything = "\n".join([logged, *texts]).casefold()
    assert [value for value in searched if value.casefold() in everything] == []
