"""A sown demo HIS that a test may spoil with SQL before it is read and mapped."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from adapter.clock import VIETNAM
from adapter.demo.change import change
from adapter.dossier.model import Dossier, Purpose
from adapter.mapping.plan import Plan
from adapter.settings import SourceSettings
from adapter.source import SourceEncounter
from connectors.base import PullSource, open_source
from tests.support.demo_world import FACILITY, check_encounter

NOW = datetime(2026, 11, 22, 20, 30, tzinfo=VIETNAM)


class Hospital:
    """One demo HIS file. ``select`` finds the source key of an MA_LK."""

    def __init__(self, path: Path, plan: Plan, select: str) -> None:
        self.path, self.plan, self._select = path, plan, select

    def sql(self, statement: str, values: Sequence[object] = ()) -> list[Any]:
        connection = sqlite3.connect(self.path)
        try:
            with connection:
                return connection.execute(statement, values).fetchall()
        finally:
            connection.close()

    def one(self, kind: str) -> str:
        """MA_LK of the first encounter of a scenario."""
        return str(self.sql("SELECT MIN(EPISODE_CODE) FROM DEMO_KIND WHERE KIND = ?", [kind])[0][0])

    def key(self, ma_lk: str) -> Any:
        return self.sql(self._select, [ma_lk])[0][0]

    def set(self, ma_lk: str, table: str, column: str, value: object) -> None:
        change(self.path, ma_lk, table, column, None if value is None else str(value), now=NOW)

    def open(self, **settings: Any) -> PullSource:
        return open_source(self.plan.source, SourceSettings(url=f"sqlite:///{self.path}", **settings))

    def read(self, ma_lk: str) -> SourceEncounter:
        source = self.open()
        try:
            return source.fetch([str(self.key(ma_lk))])[0]
        finally:
            source.close()

    def purposes(self, ma_lk: str) -> set[Purpose]:
        return {due.purpose for due in self.plan.readiness(self.read(ma_lk)).due}

    def dossier(self, ma_lk: str, purpose: Purpose = Purpose.CLAIM) -> Dossier:
        encounter = self.read(ma_lk)
        due = next(d for d in self.plan.readiness(encounter).due if d.purpose is purpose)
        return self.plan.translate(encounter, due, facility=FACILITY, now=NOW)

    def rules(self, ma_lk: str) -> set[str]:
        """Rules of severity error on any of its dossiers."""
        return {rule for c in check_encounter(self.plan, self.read(ma_lk), now=NOW) for rule in c.rules()}
