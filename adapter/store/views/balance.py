"""The two equations, counted from the store. Their two sides come from different rows.

Per pull: encounters read = unchanged + new + changed + skipped. Per facility and day of the
first pull (Asia/Ho_Chi_Minh): dossiers expected = accepted + refused + unknown + waiting +
blocked + held + skipped. ``expected`` is what readiness noted when the encounter was read;
the other side is where dossiers stand, and what waits for its translation.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from sqlalchemy import Connection, case, exists, func, select

from adapter.store.states import COLUMNS, COUNTED_AS, State, Verdict
from adapter.store.tables.database import Database
from adapter.store.tables.schema import dossiers, encounters, expectations, pulls, revisions
from adapter.store.tables.statements import Facilities, only

_GROUPS = {"claim": "dossiers", "book": "dossiers", "checkin": "checkins"}


@dataclass(slots=True)
class Line:
    """One facility and day of one group (``dossiers`` or ``checkins``)."""

    facility: str
    day: date
    group: str
    expected: int = 0
    counts: dict[str, int] = field(default_factory=lambda: dict.fromkeys(COLUMNS, 0))

    @property
    def conserved(self) -> bool:
        """True when nothing is missing and nothing is there twice."""
        return self.expected == sum(self.counts.values())

    def to_dict(self) -> dict[str, Any]:
        """For status, alerts and the console."""
        return {
            "facility": self.facility,
            "day": self.day.isoformat(),
            "of": self.group,
            "expected": self.expected,
            **self.counts,
            "conserved": self.conserved,
        }


class Balance:
    """Counts for status, alerts and the console."""

    def __init__(self, database: Database) -> None:
        self._db = database

    def equations(self, facility: Facilities = None) -> dict[str, Any]:
        """Both equations with every line that does not hold, over one consistent picture."""
        with self._db.read() as connection:
            return _equations(connection, _lines(connection, facility), facility)

    def lines(self, facility: Facilities = None) -> list[Line]:
        """Every facility and day, both sides."""
        with self._db.read() as connection:
            return _lines(connection, facility)

    def summary(self, facility: Facilities = None) -> dict[str, Any]:
        """The counts of the status object: encounters, dossiers, check-ins, verdicts, conserved, equation."""
        with self._db.read() as connection:
            lines = _lines(connection, facility)
            detail = _equations(connection, lines, facility)
            totals = {group: dict.fromkeys(COLUMNS, 0) for group in ("dossiers", "checkins")}
            for line in lines:
                for column, count in line.counts.items():
                    totals[line.group][column] += count
            read = connection.execute(_mine(select(func.count()).select_from(encounters), encounters, facility))
            return {
                "encounters_read": int(read.scalar_one()),
                "dossiers": totals["dossiers"],
                "checkins": totals["checkins"],
                "verdicts": _verdicts(connection, facility),
                "conserved": detail["conserved"],
                "equation": detail,
            }


_PULL_COLUMNS = ("read", "unchanged", "new", "changed", "skipped")


def _unbalanced() -> Any:
    return pulls.c.read != pulls.c.unchanged + pulls.c.new + pulls.c.changed + pulls.c.skipped


def _mine(statement: Any, table: Any, facility: Facilities) -> Any:
    return only(statement, table.c.facility, facility)


def _equations(connection: Connection, lines: list[Line], facility: Facilities) -> dict[str, Any]:
    sums = connection.execute(
        _mine(
            select(
                func.count().label("pulls"),
                *(func.coalesce(func.sum(pulls.c[c]), 0).label(c) for c in _PULL_COLUMNS),
                func.coalesce(func.sum(case((_unbalanced(), 1), else_=0)), 0).label("unbalanced"),
            ).select_from(pulls),
            pulls,
            facility,
        )
    ).one()
    pull = {key: int(value) for key, value in sums._mapping.items()}
    broken = [line.to_dict() for line in lines if not line.conserved]
    expected = sum(line.expected for line in lines)
    columns = {c: sum(line.counts[c] for line in lines) for c in COLUMNS}
    return {
        "pull": pull,
        "dossiers": {"expected": expected, **columns, "days": len(lines)},
        "broken": broken,
        "conserved": not broken and pull["unbalanced"] == 0,
    }


def _lines(connection: Connection, facility: Facilities) -> list[Line]:
    lines: dict[tuple[str, date, str], Line] = {}

    def line(of: str, day: date, purpose: str) -> Line:
        key = (of, day, _GROUPS[purpose])
        return lines.setdefault(key, Line(*key))

    for row in connection.execute(
        _mine(
            select(expectations.c.facility, expectations.c.first_day, expectations.c.purpose, func.count().label("n"))
            .select_from(expectations)
            .group_by(expectations.c.facility, expectations.c.first_day, expectations.c.purpose),
            expectations,
            facility,
        )
    ):
        line(row.facility, row.first_day, row.purpose).expected += row.n
    for row in connection.execute(
        _mine(
            select(
                dossiers.c.facility,
                dossiers.c.first_day,
                dossiers.c.purpose,
                dossiers.c.state,
                dossiers.c.held,
                func.count().label("n"),
            )
            .select_from(dossiers)
            .group_by(dossiers.c.facility, dossiers.c.first_day, dossiers.c.purpose, dossiers.c.state, dossiers.c.held),
            dossiers,
            facility,
        )
    ):
        column = "held" if row.held else COUNTED_AS[State(row.state)]
        line(row.facility, row.first_day, row.purpose).counts[column] += row.n
    # Read, due, and not yet translated: waiting, known by the encounter's own flag.
    met = exists().where(
        dossiers.c.facility == expectations.c.facility,
        dossiers.c.ma_lk_blind == expectations.c.ma_lk_blind,
        dossiers.c.purpose == expectations.c.purpose,
        dossiers.c.occasion == expectations.c.occasion,
    )
    for row in connection.execute(
        _mine(
            select(expectations.c.facility, expectations.c.first_day, expectations.c.purpose, func.count().label("n"))
            .select_from(expectations.join(encounters, encounters.c.id == expectations.c.encounter_id))
            .where(encounters.c.pending, ~met)
            .group_by(expectations.c.facility, expectations.c.first_day, expectations.c.purpose),
            expectations,
            facility,
        )
    ):
        line(row.facility, row.first_day, row.purpose).counts["waiting"] += row.n
    return sorted(lines.values(), key=lambda x: (x.facility, x.day, x.group))


def _verdicts(connection: Connection, facility: Facilities) -> dict[str, int]:
    counts: dict[str, int] = defaultdict(int)
    statement = (
        select(revisions.c.verdict, func.count().label("n"))
        .where(revisions.c.verdict.is_not(None), revisions.c.purpose != "checkin")
        .group_by(revisions.c.verdict)
    )
    for row in connection.execute(_mine(statement, revisions, facility)):
        counts[row.verdict] = row.n
    return {verdict.value: counts[verdict.value] for verdict in Verdict}
