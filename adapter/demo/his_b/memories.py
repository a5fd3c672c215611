"""What demo patients bring along: allergies, earlier diseases, the family's, vaccinations, an implant.

Drawn from the person's own number, so that nothing else a seed gives moves.
"""

from __future__ import annotations

import random
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from adapter.demo.window import stamp

if TYPE_CHECKING:
    from adapter.demo.his_b.episode import Episode

ALLERGIES = (
    "Penicilin - nổi mề đay, ngứa toàn thân",
    "Hải sản (tôm, cua) - ban đỏ, phù môi",
    "Ibuprofen - khó thở, khò khè",
    "Cephalexin - ban dát sẩn",
)
DISEASES = (
    ("I10", "Tăng huyết áp"),
    ("E11.9", "Đái tháo đường típ 2"),
    ("J45.9", "Hen phế quản"),
    ("K29.7", "Viêm dạ dày"),
)
VACCINES = ("BCG", "DPT-VGB-Hib mũi 3", "Sởi - Rubella", "Cúm mùa", "Viêm gan B mũi 3")
APART = " - "
"""Between what causes an allergy and how it shows."""


def remember(e: Episode) -> None:
    """Rows of PATIENT_HISTORY for about two persons in three."""
    rng = random.Random(f"memories {e.person.number}")
    age = e.person.age_at(e.arrival)
    if age >= 3 and e.person.number % 3 == 0:
        _write(e, "ALLERGY", rng.choice(ALLERGIES), None, e.arrival - timedelta(days=rng.randint(200, 2000)))
    if age >= 30 and e.person.number % 2 == 0:
        code, name = rng.choice(DISEASES)
        _write(e, "PERSONAL", name, code, e.arrival - timedelta(days=rng.randint(400, 4000)))
        code, name = rng.choice(DISEASES)
        _write(e, "FAMILY", name, code, None)
    if age < 16 or e.person.number % 5 == 0:
        for vaccine in rng.sample(VACCINES, 2):
            _write(e, "VACCINE", vaccine, None, e.arrival - timedelta(days=rng.randint(20, max(21, age * 300))))


def implanted(e: Episode, name: str, at: datetime) -> None:
    """A device that stays in the body."""
    _write(e, "IMPLANT", name, None, at)


def _write(e: Episode, kind: str, content: str, icd: str | None, at: datetime | None) -> None:
    e.add(
        "PATIENT_HISTORY",
        at=e.arrival,
        PATIENT_ID=e.patient["ID"],
        KIND=kind,
        CONTENT=content,
        ICD_CODE=icd,
        EVENT_DATE=stamp(at) if at else None,
    )
