"""What the overview draws: a month day by day, how long receipts take, what waits longest.

Meant to be asked now and then and kept: over a year of dossiers these take a second, not a millisecond.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from sqlalchemy import Connection, func, select, text

from adapter.clock import VIETNAM
from adapter.store.encounters.expected import MA_LK
from adapter.store.states import State, Verdict
from adapter.store.tables.database import Database
from adapter.store.tables.schema import SETBACK, dossiers, events, findings, pulls, revisions
from adapter.vault import Vault

_SETTLED = timedelta(hours=1)
"""After midnight a receipt of the day before may still be on its way into the store."""
_KEPT_DAYS = 3000


@dataclass(frozen=True, slots=True)
class Day:
    """One day of the charts. ``hours``: end of visit to receipt, percentiles 50 and 90; None without any."""

    day: date
    accepted: int
    refused: int
    blocked: int
    hours_p50: float | None
    hours_p90: float | None


class Trends:
    """Numbers over time; no personal data but the MA_LK of what waits longest."""

    def __init__(self, database: Database, vault: Vault) -> None:
        self._db = database
        self._vault = vault
        self._over: dict[tuple[tuple[str, ...], date], Day] = {}

    def month(self, facilities: Sequence[str], now: datetime, days: int = 30) -> list[Day]:
        """The last ``days`` days in Vietnam's time, today last. Check-ins are left out.

        A day that is over is counted once: receipts and states of the past do not change.
        """
        today = now.astimezone(VIETNAM).date()
        mine = tuple(sorted(facilities))
        found: list[Day] = []
        with self._db.read() as connection:
            for day in (today - timedelta(days=back) for back in range(days - 1, -1, -1)):
                known = self._over.get((mine, day))
                if known is None:
                    known = _day(connection, mine, day)
                    if day < (now - _SETTLED).astimezone(VIETNAM).date():
                        self._over[mine, day] = known
                found.append(known)
        while len(self._over) > _KEPT_DAYS:
            self._over.pop(next(iter(self._over)), None)
        return found

    def today(self, facilities: Sequence[str], now: datetime) -> dict[str, int]:
        """How many dossiers passed each station since midnight: read, checked, signed, sent, receipt, verdict."""
        midnight = datetime.combine(now.astimezone(VIETNAM).date(), time(), VIETNAM)
        counts = dict.fromkeys(("read", "checked", "blocked", "signed", "sent", "receipt", "refused", "verdict"), 0)
        station = {
            State.READY.value: "checked",
            State.BLOCKED.value: "blocked",
            State.SIGNED.value: "signed",
            State.SENDING.value: "sent",
            State.ACCEPTED.value: "receipt",
            State.REFUSED.value: "refused",
        }
        with self._db.read() as connection:
            read = connection.execute(
                select(func.coalesce(func.sum(pulls.c.new + pulls.c.changed), 0)).where(
                    pulls.c.facility.in_(facilities), pulls.c.started_at >= midnight
                )
            )
            counts["read"] = int(read.scalar_one())
            statement = (
                select(events.c.kind, events.c.to_state, func.count(events.c.revision_id.distinct()).label("n"))
                .join(dossiers, dossiers.c.id == events.c.dossier_id)
                .where(events.c.at >= midnight, dossiers.c.facility.in_(facilities))
                .group_by(events.c.kind, events.c.to_state)
            )
            for row in connection.execute(statement):
                if row.kind == "verdict":
                    counts["verdict"] += row.n
                elif row.to_state in station:
                    counts[station[row.to_state]] += row.n
        return counts

    def longest_waiting(self, facilities: Sequence[str], limit: int = 5) -> list[dict[str, Any]]:
        """What waits since when, the oldest first: blocked, refused, unknown, held, or still on its way."""
        states = [s.value for s in State if s not in (State.ACCEPTED, State.SKIPPED, State.SUPERSEDED)]
        found: list[Any] = []
        with self._db.read() as connection:
            for facility in facilities:
                for state in states:
                    found += connection.execute(
                        select(
                            dossiers.c.id,
                            dossiers.c.ma_lk_sealed,
                            dossiers.c.purpose,
                            dossiers.c.state,
                            dossiers.c.held,
                            dossiers.c.updated_at,
                            dossiers.c.deadline,
                        )
                        .where(dossiers.c.facility == facility, dossiers.c.state == state)
                        .order_by(dossiers.c.updated_at)
                        .limit(limit)
                    ).all()
        found.sort(key=lambda row: row.updated_at)
        return [
            {
                "id": row.id,
                "ma_lk": self._vault.open_text(row.ma_lk_sealed, MA_LK),
                "purpose": row.purpose,
                "state": "held" if row.held else row.state,
                "since": row.updated_at.isoformat(),
                "deadline": row.deadline.isoformat(),
            }
            for row in found[:limit]
        ]

    def blocking(self, facilities: Sequence[str]) -> list[dict[str, Any]]:
        """Errors that keep dossiers back now, by rule and field, the most frequent first."""
        statement = (
            select(
                findings.c.rule,
                findings.c.table_name,
                findings.c.field,
                func.count(dossiers.c.id.distinct()).label("n"),
                func.min(dossiers.c.deadline).label("soonest"),
            )
            .join(dossiers, dossiers.c.revision_id == findings.c.revision_id)
            .where(
                dossiers.c.state == State.BLOCKED.value,
                dossiers.c.facility.in_(facilities),
                findings.c.severity == "error",
            )
            .group_by(findings.c.rule, findings.c.table_name, findings.c.field)
        )
        with self._db.read() as connection:
            rows = connection.execute(statement).all()
        return [
            {
                "rule": r.rule,
                "table": r.table_name,
                "field": r.field,
                "dossiers": int(r.n),
                "soonest": r.soonest.isoformat(),
            }
            for r in sorted(rows, key=lambda r: (-r.n, r.rule))
        ]

    def pulse(self, facilities: Sequence[str]) -> dict[str, dict[str, Any]]:
        """Facility → when its source was last read and what came of it, when the gateway last gave a receipt."""
        beat: dict[str, dict[str, Any]] = {}
        with self._db.read() as connection:
            for facility in facilities:
                last = connection.execute(
                    select(pulls.c.started_at, pulls.c.finished_at, pulls.c.read, pulls.c.error)
                    .where(pulls.c.facility == facility)
                    .order_by(pulls.c.started_at.desc())
                    .limit(1)
                ).one_or_none()
                received = connection.execute(
                    select(func.max(revisions.c.accepted_at)).where(revisions.c.facility == facility)
                ).scalar_one_or_none()
                beat[facility] = {
                    "pulled_at": last.started_at.isoformat() if last else None,
                    "pull_error": last.error if last else None,
                    "received_at": received.isoformat() if received else None,
                }
        return beat

    def faulty(self, facilities: Sequence[str]) -> int:
        """Dossiers whose newest accepted content the gateway found faulty."""
        statement = select(func.count()).where(
            dossiers.c.facility.in_(facilities), dossiers.c.verdict == Verdict.FAULTY.value
        )
        with self._db.read() as connection:
            return int(connection.execute(statement).scalar_one())


def _day(connection: Connection, facilities: tuple[str, ...], day: date) -> Day:
    since = datetime.combine(day, time(), VIETNAM)
    until = since + timedelta(days=1)
    accepted, waits = 0, []
    for at, ended in connection.execute(
        select(revisions.c.accepted_at, revisions.c.ended_at).where(
            revisions.c.facility.in_(facilities),
            revisions.c.accepted_at >= since,
            revisions.c.accepted_at < until,
            revisions.c.purpose != "checkin",
        )
    ):
        accepted += 1
        if ended is not None and ended <= at:
            waits.append((at - ended).total_seconds() / 3600)
    setbacks: dict[str, int] = {
        row.to_state: row.n
        for row in connection.execute(
            select(events.c.to_state, func.count(events.c.revision_id.distinct()).label("n"))
            .join(dossiers, dossiers.c.id == events.c.dossier_id)
            .where(
                text(f"events.{SETBACK}"),
                events.c.at >= since,
                events.c.at < until,
                dossiers.c.facility.in_(facilities),
                dossiers.c.purpose != "checkin",
            )
            .group_by(events.c.to_state)
        )
    }
    waits.sort()
    return Day(
        day,
        accepted,
        setbacks.get(State.REFUSED.value, 0),
        setbacks.get(State.BLOCKED.value, 0),
        _percentile(waits, 50),
        _percentile(waits, 90),
    )


def _percentile(ordered: list[float], share: int) -> float | None:
    """Nearest rank: a value that really occurred."""
    if not ordered:
        return None
    return ordered[max(0, -(-len(ordered) * share // 100) - 1)]


__all__ = ["Day", "Trends"]
