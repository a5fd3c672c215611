"""What scenarios with a ward share: admission, rounds, operations, discharge."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from adapter.demo.his_b.episode import Episode
from adapter.demo.his_b.record import Hospital
from adapter.demo.his_b.scenarios.visits import HOME
from adapter.demo.window import stamp


def stay(
    h: Hospital,
    kind: str,
    department: str,
    icd: str,
    reason: str,
    *,
    nights: int,
    ages: tuple[int, int] = (20, 82),
    sex: int | None = None,
    sub_icd: tuple[str, ...] = (),
    end: datetime | None = None,
    year_only_share: float = 0.04,
) -> tuple[Episode, datetime]:
    """An encounter and the time of its admission; at least 24 hours for each night."""
    end = end or h.window.end(h.rng)
    clinical_in = end - timedelta(days=nights, minutes=h.rng.randint(10, 50))
    arrival = clinical_in - timedelta(minutes=h.rng.randint(95, 120))
    person = h.people.person(arrival, ages=ages, sex=sex, year_only_share=year_only_share)
    e = Episode(
        h,
        kind,
        person,
        arrival=arrival,
        end=end,
        treatment=3,
        department=department,
        icd=icd,
        reason=reason,
        sub_icd=sub_icd,
    )
    e.row.update(CLINICAL_IN_TIME=stamp(clinical_in), HOSPITALIZE_REASON=reason)
    return e, clinical_in


def rounds(e: Episode, clinical_in: datetime, drugs: tuple[str, ...], course: tuple[str, ...]) -> None:
    """A note and the day's drugs for each day on the ward."""
    last = (e.end.date() - clinical_in.date()).days
    for day in range(last + 1):
        at = clinical_in + timedelta(minutes=20)
        if day:
            at = datetime.combine(clinical_in.date() + timedelta(days=day), at.time()).replace(hour=8, minute=30)
        if at > min(e.end, e.h.now) - timedelta(minutes=20):
            continue
        text = course[min(day, len(course) - 1)]
        e.note(at, f"Ngày điều trị {day + 1}: {text} CSST<M{80 - day}_T37_HA120/80_NT18>")
        order = e.order(at, performer=e.department, start=at + timedelta(minutes=10), finish=at + timedelta(minutes=12))
        for code in drugs:
            times = 1 if code in ("NACL", "ALBU", "OXYT") else 2
            e.drug(code, at, per="1", times=times, days=1, order=order)


def discharge(e: Episode, *, end_type: int = 1, result: int = 12, **values: Any) -> Episode:
    e.close(
        end_type=end_type,
        result=result,
        **{
            "WORK_PLACE": "Công ty TNHH Minh Hoạ" if 20 <= e.person.age_at(e.arrival) < 55 else None,
            "days": (e.end.date() - e.arrival.date()).days + 1,
            "TREATMENT_METHOD": "Điều trị nội khoa",
            "ADVISE": "Tái khám khi có dấu hiệu bất thường",
            "CLINICAL_SUMMARY": f"Vào viện vì {e.row['VISIT_REASON'].lower()}; điều trị tại khoa, diễn biến ổn định.",
            "SUBCLINICAL_SUMMARY": "Xét nghiệm và hình ảnh trong hồ sơ: phù hợp với chẩn đoán ra viện.",
            **values,
        },
    )
    return e


def admit(e: Episode, service: str, tests: tuple[str, ...]) -> None:
    e.examine(service, e.arrival + timedelta(minutes=6))
    if tests:
        e.tests(tests, e.arrival + timedelta(minutes=24), asker="KKB")


def operate(e: Episode, code: str, at: datetime, supplies: tuple[str, ...], anaesthesia: int) -> None:
    operation = e.procedure(code, at, anaesthesia=anaesthesia, minutes_to_start=30)
    for supply in supplies:
        e.product(supply, at, Decimal(1), PARENT_ID=operation["ID"])
    used_up = e.product("GAC", at, Decimal(5), PARENT_ID=operation["ID"])
    used_up["IS_EXPEND"] = 1


def same_day(
    h: Hospital, kind: str, *, treatment: int, hours: Decimal, department: str, icd: str, reason: str
) -> Episode:
    end = h.window.end(h.rng)
    clinical_in = end - timedelta(minutes=int(hours * 60))
    arrival = clinical_in - timedelta(minutes=70)
    person = h.people.person(arrival, ages=(30, 78))
    e = Episode(
        h,
        kind,
        person,
        arrival=arrival,
        end=end,
        treatment=treatment,
        department=department,
        icd=icd,
        reason=reason,
    )
    e.row.update(CLINICAL_IN_TIME=stamp(clinical_in), HOSPITALIZE_REASON=reason)
    e.insure(route=HOME)
    return e
