"""Long-term illnesses and courses of treatment. Each function writes one whole encounter."""

from __future__ import annotations

from datetime import timedelta

from adapter.demo.his_b.episode import Episode
from adapter.demo.his_b.record import Hospital
from adapter.demo.his_b.scenarios.visits import HOME, after, covered, go_home, prescribe, return_visit, visit
from adapter.demo.window import stamp


def chronic_drugs(h: Hospital, kind: str) -> Episode:
    e = visit(h, kind, "I10", "Khám và lĩnh thuốc tăng huyết áp", ages=(45, 80), treatment=5, sub_icd=("E78.5",))
    e.insure(route=HOME)
    out, days = covered(e, 28)
    e.row["IS_CHRONIC"] = 1
    e.examine("KB-NOI", after(e, 6))
    at = e.end - timedelta(minutes=12)
    for code in ("AMLO5", "LOSA50", "ATOR20"):
        e.drug(code, at, per="1", times=1, days=days)
    e.note(after(e, 20), "Huyết áp kiểm soát được, không đau ngực, không phù.")
    e.close(
        end_type=5,
        result=12,
        out=out,
        days=days,
        TREATMENT_METHOD="Thuốc hạ áp, hạ mỡ máu",
        ADVISE="Ăn nhạt, tái khám theo hẹn",
        **return_visit(e, out + timedelta(days=1)),
    )
    return e


def chronic_services(h: Hospital, kind: str) -> Episode:
    e = visit(h, kind, "E11.9", "Tái khám đái tháo đường", ages=(40, 80), treatment=6, sub_icd=("I10",))
    e.insure(route=HOME)
    e.row["IS_CHRONIC"] = 1
    e.examine("KB-NOI", after(e, 6))
    e.tests(("GLU", "HBA1C", "CRE", "CHO"), after(e, 24))
    e.report("DTD", after(e, 30), "Nhịp xoang, tần số 78 lần/phút.", "Điện tim bình thường")
    e.note(after(e, 22), "Đường huyết đói ổn định, không có cơn hạ đường huyết.")
    prescribe(e, ("METF850", "AMLO5"), days=28)
    return go_home(e, days=1)


def acupuncture_course(h: Hospital, kind: str) -> Episode:
    """A course of out-patient treatment (setting 02): several days, ended at 23:59."""
    last = h.window.end(h.rng)
    start = last - timedelta(days=4, minutes=60)
    person = h.people.person(start, ages=(35, 75))
    e = Episode(
        h,
        kind,
        person,
        arrival=start,
        end=last,
        treatment=2,
        department="YHCT",
        icd="M54.5",
        reason="Đau lưng, điều trị châm cứu",
    )
    e.row["TRADITIONAL_ICD_CODE"] = "U57.071"
    e.insure(route=HOME)
    e.examine("KB-YHCT", after(e, 6))
    for day in range(5):
        at = after(e, 25) + timedelta(days=day)
        if at + timedelta(minutes=100) > last.replace(hour=23, minute=59):
            break
        e.note(at - timedelta(minutes=2), f"Buổi {day + 1}: đau lưng mức {6 - day}/10, cho điện châm, xoa bóp.")
        e.procedure("DCHAM", at, minutes_to_start=3)
        e.procedure("XBBH", at, minutes_to_start=3)
    out = last.replace(hour=23, minute=59)
    days = (out.date() - start.date()).days + 1
    e.close(end_type=1, result=12, out=out, days=days, TREATMENT_METHOD="Điện châm, xoa bóp bấm huyệt")
    return e


def exemption(h: Hospital, kind: str) -> Episode:
    """Five years insured and six base salaries paid: no co-payment from that day on."""
    e = chronic_services(h, kind)
    payer = e.rows["EPISODE_PAYER"][0]
    payer["FREE_CO_PAID_TIME"] = stamp((e.arrival - timedelta(days=3)).replace(hour=0, minute=0))
    e.exempt = True
    e.bill()
    return e
