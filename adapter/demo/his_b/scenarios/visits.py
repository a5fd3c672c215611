"""What out-patient scenarios share: arriving, being insured, drugs to take home, going home."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from adapter.demo.his_b.episode import Episode
from adapter.demo.his_b.record import Hospital
from adapter.demo.window import stamp

HOME, BY_APPOINTMENT, SELF_CHOSEN, SELF_CHOSEN_WARD, EMERGENCY = "DK", "HK", "TD", "TN", "CC"
REFERRED, NEWBORN = "GT", "TE"


def visit(
    h: Hospital,
    kind: str,
    icd: str,
    reason: str,
    *,
    minutes: int = 170,
    ages: tuple[int, int] = (18, 78),
    sex: int | None = None,
    treatment: int = 1,
    sub_icd: tuple[str, ...] = (),
    department: str = "KKB",
) -> Episode:
    end = h.window.end(h.rng)
    arrival = end - timedelta(minutes=minutes + h.rng.randint(0, 40))
    person = h.people.person(arrival, ages=ages, sex=sex)
    return Episode(
        h,
        kind,
        person,
        arrival=arrival,
        end=end,
        treatment=treatment,
        department=department,
        icd=icd,
        reason=reason,
        sub_icd=sub_icd,
    )


def insure(e: Episode) -> None:
    """Mostly registered here; some come by their own choice."""
    home = e.h.rng.random() < 0.8
    e.insure(route=HOME if home else SELF_CHOSEN, at_home=home)


def after(e: Episode, minutes: int) -> datetime:
    return e.arrival + timedelta(minutes=minutes)


def prescribe(e: Episode, codes: tuple[str, ...], days: int = 5) -> None:
    at = e.end - timedelta(minutes=12)
    order = e.order(
        at, performer="KKB", start=e.end - timedelta(minutes=4), finish=e.end - timedelta(minutes=2), kind=6
    )
    for code in codes:
        e.drug(code, at, per="1", times=2, days=days, order=order)


def go_home(
    e: Episode, *, days: int | None = 0, advice: str = "Uống thuốc theo đơn", end_type: int = 1, **more: Any
) -> Episode:
    e.close(end_type=end_type, result=12, days=days, TREATMENT_METHOD="Điều trị nội khoa", ADVISE=advice, **more)
    return e


def covered(e: Episode, days: int) -> tuple[datetime, int]:
    """Last covered day at 23:59, kept in the financial year, and the days up to it."""
    last = min((e.end + timedelta(days=days - 1)).replace(hour=23, minute=59), e.h.window.year_end)
    return last, (last.date() - e.end.date()).days + 1


def refer(e: Episode, prefix: str | None = None) -> None:
    """Sent here by a neighbouring facility with a transfer letter."""
    e.insure(prefix, route=REFERRED, at_home=False)
    e.row.update(TRANSFER_IN_ORG_CODE="01998", TRANSFER_IN_CODE=f"CT{e.code[-6:]}")


def return_visit(e: Episode, day: datetime) -> dict[str, Any]:
    """The columns of an appointment at eight on a day."""
    return {"APPOINTMENT_TIME": stamp(day.replace(hour=8, minute=0)), "APPOINTMENT_CODE": f"GH{e.code[-8:]}"}


def off_work(e: Episode, papers: str, days: int) -> dict[str, Any]:
    """The columns of a leave certificate: from the last day to ``days`` later; ``papers`` is BHXH, DT or RV."""
    first = e.end.replace(hour=0, minute=0)
    return {
        "SICK_LEAVE_FROM": stamp(first),
        "SICK_LEAVE_TO": stamp(first + timedelta(days=days)),
        "SICK_LEAVE_CODE": f"{papers}-{e.code[-6:]}",
    }
