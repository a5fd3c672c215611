"""Everything a service says aloud, kept together to be searched for persons: logs of all parts and of libraries,
errors in both languages, metrics, alerts, the digest, answers of the API to callers without rights."""

from __future__ import annotations

import importlib
import io
import json
import logging
import sqlite3
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest
import structlog

from adapter.access.accounts import Accounts, By
from adapter.api.matrix import addresses
from adapter.engine import logs
from adapter.errors import BhytError
from adapter.pipeline.context import StageResult
from adapter.reception.desk import Desk
from adapter.settings import Settings
from adapter.store.store import Store
from adapter.watch.digest import digest
from adapter.watch.look import look
from adapter.watch.metrics import exposition
from adapter.watch.tell import Message
from adapter.web import web_application
from tests.support.web import serve

_PERSONAL = (
    "NAME",
    "CARD",
    "CCCD",
    "CMND",
    "PASSPORT",
    "SOCIAL_INSURANCE",
    "MOBILE",
    "PHONE",
    "PATIENT_CODE",
    "EPISODE_CODE",
)
_SPEAKERS = ("adapter.engine.distributed", "adapter.engine.embedded", "adapter.engine.intake",
             *(f"connectors.hl7v2.{name}" for name in ("feed", "folder", "gathering", "mllp")))  # fmt: skip
_OF_PERSONS = ("PATIENT", "EPISODE", "EPISODE_PAYER", "NEWBORN")


@dataclass
class Overheard:
    """What was said, each with where it was said."""

    said: list[tuple[str, str]] = field(default_factory=list)
    written: io.StringIO = field(default_factory=io.StringIO)
    _keys: int = 0

    def add(self, where: str, text: object) -> None:
        self.said.append((where, str(text)))

    def error(self, where: str, error: BaseException) -> None:
        """All words of an error, as logs, command line and API show them."""
        self.add(where, f"{error!r} {error}")
        if isinstance(error, BhytError):
            self.add(where, json.dumps(error.to_dict(), ensure_ascii=False))

    def result(self, result: StageResult) -> None:
        for error in result.failures:
            self.error(f"stage {result.stage}", error)
        self.add(f"stage {result.stage}", result.counts)

    def watch(self, store: Store, settings: Settings) -> None:
        """Alerts, digest, metrics, what the store keeps of each stage's health."""

        def tell(what: Message) -> bool:
            self.add("alert", f"{what.title}\n{what.text}")
            return True

        look(store, settings, tell, free_bytes=1)
        self.add("digest", digest(store, settings).text)
        self.add("metrics", exposition(store, settings).decode())
        self.add("alerts kept", [asdict(one) for one in store.alerts.list(standing=False)])
        self.add("stages", [asdict(one) for one in store.health.stages()])
        self.add("gates", [asdict(one) for one in store.gates.all()])

    def strangers(self, store: Store, settings: Settings) -> None:
        """Every address of the web role, asked by nobody and by a key without one right."""
        desk = Desk(settings, store)
        try:
            app = web_application(settings, store, desk, key="bhyt_first-key-of-a-test")
            self._keys += 1
            by = By("cli:test")
            key = Accounts(store, settings).add_key(
                f"k{self._keys}", permissions=["metrics.read"], facilities=None, days=None, by=by
            )
            ids = [row["id"] for row in store.queries.list(limit=3)]
            with serve(app) as url, httpx.Client(base_url=url, timeout=30) as client:
                for address in addresses(app):
                    path = address.path
                    for name in ("dossier_id", "identity", "id"):
                        path = path.replace(f"{{{name}}}", str(ids[0] if ids else 1))
                    for headers in ({}, {"X-API-Key": key}):
                        answer = client.request(address.method, path, headers=headers, follow_redirects=False)
                        self.add(f"{address.method} {path}", answer.text)
        finally:
            desk.close()

    def names(self, persons: set[str]) -> list[tuple[str, str]]:
        """(value, where) of every person's value that was said; empty is what is wanted."""
        everything = [*self.said, ("log", self.written.getvalue())]
        texts = [(where, text.casefold()) for where, text in everything]
        return sorted({(value, where) for value in persons for where, text in texts if value.casefold() in text})


@contextmanager
def overhear(monkeypatch: pytest.MonkeyPatch) -> Iterator[Overheard]:
    """Listen to every logger of ours and to libraries, as a role's process sets them up."""
    heard = Overheard()
    lines = structlog.wrap_logger(
        structlog.PrintLogger(heard.written), processors=[structlog.processors.JSONRenderer(ensure_ascii=False)]
    )
    for name in _SPEAKERS:
        importlib.import_module(name)
    for name, module in list(sys.modules.items()):
        if name.startswith(("adapter.", "connectors.")) and hasattr(getattr(module, "log", None), "bind"):
            monkeypatch.setattr(module, "log", lines)
    root = logging.getLogger()
    monkeypatch.setattr(root, "handlers", [logs._Foreign(logging.WARNING)])
    monkeypatch.setattr(logs, "log", lines)
    yield heard


def people_of(his: Path) -> set[str]:
    """Every name, card, number and code of a person in a demo HIS."""
    found: set[str] = set()
    with closing(sqlite3.connect(his)) as connection:
        for table in _OF_PERSONS:
            columns = [row[1] for row in connection.execute(f"PRAGMA table_info({table})")]
            for column in columns:
                if any(word in column for word in _PERSONAL) and "ICD" not in column and "LOGIN" not in column:
                    rows = connection.execute(f"SELECT DISTINCT {column} FROM {table} WHERE {column} IS NOT NULL")
                    found |= {str(row[0]) for row in rows if len(str(row[0])) >= 6}
    return {value for value in found if " " in value or any(sign.isdigit() for sign in value)}


def store_bytes(folder: Path) -> Any:
    """What lies on the disk of a SQLite store."""
    return b"".join(path.read_bytes() for path in sorted(folder.glob("state.db*")))
