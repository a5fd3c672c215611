"""Alerts that stand, and whether their start and end were told. One row per condition and facility at a time."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, insert, select, update

from adapter.store.tables.database import Database
from adapter.store.watch.schema import alerts


@dataclass(frozen=True, slots=True)
class Standing:
    """A condition that holds now. ``step``: a new one is told anew; texts carry counts and codes, no patient data."""

    condition: str
    facility: str
    severity: str
    text_vi: str
    text_en: str
    step: str = ""

    @property
    def key(self) -> tuple[str, str]:
        """What makes it the same one tomorrow."""
        return self.condition, self.facility


@dataclass(frozen=True, slots=True)
class Alert:
    """An alert as kept."""

    id: int
    condition: str
    facility: str
    step: str
    severity: str
    text_vi: str
    text_en: str
    opened_at: datetime
    closed_at: datetime | None
    told_at: datetime | None
    end_told_at: datetime | None


class Alerts:
    """Compare what holds with what stood, list what is to be told."""

    def __init__(self, database: Database) -> None:
        self._db = database

    def observe(self, holding: Iterable[Standing], *, now: datetime) -> None:
        """Open what began, refresh what goes on, close what ended. One that comes a step further opens anew."""
        wanted = {one.key: one for one in holding}
        with self._db.write() as connection:
            open_rows = connection.execute(select(alerts).where(alerts.c.closed_at.is_(None))).all()
            for row in open_rows:
                one = wanted.pop((row.condition, row.facility), None)
                if one is None:
                    values: dict[str, Any] = {"closed_at": now}
                    if row.told_at is None:
                        values |= {"told_at": now, "end_told_at": now}  # over before anyone was told: say nothing
                elif one.step != row.step:
                    values = {"closed_at": now, "told_at": now, "end_told_at": now}
                    wanted[one.key] = one
                else:
                    values = {"text_vi": one.text_vi, "text_en": one.text_en, "severity": one.severity}
                connection.execute(update(alerts).where(alerts.c.id == row.id).values(**values))
            for one in wanted.values():
                if self._back_again(connection, one):
                    continue
                connection.execute(
                    insert(alerts).values(
                        condition=one.condition,
                        facility=one.facility,
                        step=one.step,
                        severity=one.severity,
                        text_vi=one.text_vi,
                        text_en=one.text_en,
                        opened_at=now,
                    )
                )

    def _back_again(self, connection: Connection, one: Standing) -> bool:
        """What ended a moment ago, and nobody was told, goes on: a condition that flickers is one alert."""
        again = connection.execute(
            update(alerts)
            .where(
                alerts.c.condition == one.condition,
                alerts.c.facility == one.facility,
                alerts.c.step == one.step,
                alerts.c.closed_at.is_not(None),
                alerts.c.end_told_at.is_(None),
            )
            .values(closed_at=None, text_vi=one.text_vi, text_en=one.text_en, severity=one.severity)
        )
        return bool(again.rowcount)

    def to_tell(self, *, ended_before: datetime) -> tuple[list[Alert], list[Alert]]:
        """(Starts, ends) that nobody was told of yet, oldest first; ends only when they have lasted."""
        with self._db.read() as connection:
            starts = connection.execute(select(alerts).where(alerts.c.told_at.is_(None)).order_by(alerts.c.id)).all()
            ends = connection.execute(
                select(alerts)
                .where(alerts.c.closed_at <= ended_before, alerts.c.end_told_at.is_(None))
                .order_by(alerts.c.id)
            ).all()
        return [_alert(row) for row in starts], [_alert(row) for row in ends]

    def told(self, starts: Iterable[Alert], ends: Iterable[Alert], *, now: datetime) -> None:
        """They were told."""
        with self._db.write() as connection:
            for one in starts:
                connection.execute(update(alerts).where(alerts.c.id == one.id).values(told_at=now))
            for one in ends:
                connection.execute(update(alerts).where(alerts.c.id == one.id).values(end_told_at=now))

    def list(self, *, standing: bool = True, limit: int = 200) -> list[Alert]:
        """Alerts that stand, or the newest ones whether they stand or not."""
        statement = select(alerts).order_by(alerts.c.id.desc()).limit(limit)
        if standing:
            statement = statement.where(alerts.c.closed_at.is_(None))
        with self._db.read() as connection:
            return [_alert(row) for row in connection.execute(statement)]


def _alert(row: Row[Any]) -> Alert:
    return Alert(**row._mapping)
