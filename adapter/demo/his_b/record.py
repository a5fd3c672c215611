"""The rows of one encounter while they gather, and what every encounter of the hospital shares."""

from __future__ import annotations

import random
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from adapter.demo.his_b.catalogue import Catalogue
from adapter.demo.his_b.money import INSURED, SELF_PAID, Row
from adapter.demo.people import Population
from adapter.demo.window import Window, stamp


@dataclass
class Hospital:
    """What all encounters share: dictionaries, people, the calendar and id counters."""

    catalogue: Catalogue
    people: Population
    window: Window
    now: datetime
    rng: random.Random
    ids: dict[str, int] = field(default_factory=lambda: defaultdict(lambda: 1_000_000_000))

    def next_id(self, table: str) -> int:
        self.ids[table] += 1
        return self.ids[table]


class Record:
    """Rows by table, and who does things: the part of an encounter that knows no medicine.

    Times are local and naive, as a HIS of this kind keeps them; ``stamp`` turns them into 14 digits.
    """

    row: Row
    """The encounter's own row, table EPISODE."""
    patient: Row
    doctor: Row

    def __init__(self, hospital: Hospital, *, arrival: datetime, end: datetime, department: str, icd: str) -> None:
        self.h = hospital
        self.arrival, self.end, self.department, self.icd = arrival, end, department, icd
        self.rows: dict[str, list[Row]] = defaultdict(list)
        self.insured = False
        self.billed: list[tuple[Row, int | None, datetime]] = []

    @property
    def payer(self) -> int:
        """Who pays a line written now."""
        return INSURED if self.insured else SELF_PAID

    def add(self, table: str, *, at: datetime, number: int | None = None, **values: Any) -> Row:
        """A row with id and time stamps."""
        when = stamp(at)
        row: Row = {"ID": number or self.h.next_id(table), "CREATE_TIME": when, "MODIFY_TIME": when, **values}
        self.rows[table].append(row)
        return row

    def department_id(self, code: str) -> int:
        return int(self.h.catalogue.departments[code]["ID"])

    def someone(self, department: str, *, but: str | None = None) -> Row:
        """A member of staff, not ``but``."""
        return self.h.rng.choice([s for s in self.h.catalogue.staff[department] if s["LOGINNAME"] != but])
