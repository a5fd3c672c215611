"""Invented people, in number ranges that no real person can have.

Names come from Faker (``vi_VN``); every number carries a mark that the issuing offices
never use: personal ids start with 000 (no province), insurance numbers with 00 (no issuing
office), phone numbers with 01 (withdrawn in 2018), licences end in ``/DEMO-GPHN``. All of
them still pass the format rules. ``docs/demo.md`` lists the ranges.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import datetime, timedelta

from faker import Faker

FEMALE, MALE = 1, 2
"""Sex as demo HIS B writes it; the decrees turn it round."""


@dataclass(frozen=True, slots=True)
class Person:
    """One invented person. ``birth`` is local time; ``year_only`` when the day is unknown."""

    number: int
    last_name: str
    first_name: str
    sex: int
    birth: datetime
    year_only: bool
    cccd: str
    insurance: str
    phone: str

    @property
    def full_name(self) -> str:
        return f"{self.last_name} {self.first_name}"

    def age_at(self, day: datetime) -> int:
        """Completed years of life."""
        return day.year - self.birth.year - ((day.month, day.day) < (self.birth.month, self.birth.day))


class Population:
    """Draws people from a seeded generator: the same seed, the same people."""

    def __init__(self, seed: int, rng: random.Random) -> None:
        fake = Faker("vi_VN")
        fake.seed_instance(seed)
        self._rng = rng
        self._serial = 0
        self._last = [fake.last_name() for _ in range(60)]
        self._middle = {FEMALE: ["Thị", "Ngọc", "Thu", "Thanh"], MALE: ["Văn", "Hữu", "Đức", "Minh"]}
        self._first = {
            FEMALE: [fake.first_name_female() for _ in range(80)],
            MALE: [fake.first_name_male() for _ in range(80)],
        }

    def person(
        self, at: datetime, *, ages: tuple[int, int], sex: int | None = None, year_only_share: float = 0.04
    ) -> Person:
        """Someone whose age in years at ``at`` lies in ``ages`` (both ends included)."""
        rng = self._rng
        youngest, oldest = ages
        days = rng.randint(youngest * 366, max(youngest * 366, oldest * 365 + 180))
        birth = (at - timedelta(days=days)).replace(hour=0, minute=0, second=0, microsecond=0)
        year_only = oldest > 20 and rng.random() < year_only_share
        if year_only:
            birth = birth.replace(month=1, day=1)
        return self.born(birth, sex or rng.choice((FEMALE, MALE)), year_only=year_only)

    def born(self, birth: datetime, sex: int, *, year_only: bool = False, last_name: str | None = None) -> Person:
        """A person with a given birth."""
        rng = self._rng
        self._serial += 1
        century = (0 if birth.year < 2000 else 2) + (1 if sex == FEMALE else 0)
        last = last_name or f"{rng.choice(self._last)} {rng.choice(self._middle[sex])}"
        return Person(
            number=self._serial,
            last_name=last,
            first_name=rng.choice(self._first[sex]),
            sex=sex,
            birth=birth,
            year_only=year_only,
            cccd=f"000{century}{birth.year % 100:02d}{self._serial:06d}",
            insurance=f"00{self._serial:08d}",
            phone=f"01{rng.randint(0, 99_999_999):08d}",
        )


def licence(number: int) -> str:
    """A practice licence number that no health department issues."""
    return f"{number:06d}/DEMO-GPHN"
