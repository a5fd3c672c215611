"""Uninsured visits, laboratory work only, and a visit that is still open."""

from __future__ import annotations

from datetime import timedelta

from adapter.demo.his_b.episode import Episode
from adapter.demo.his_b.record import Hospital
from adapter.demo.his_b.scenarios.visits import HOME, after, prescribe, refer, visit
from adapter.demo.window import stamp


def uninsured_exam(h: Hospital, kind: str) -> Episode:
    e = visit(h, kind, "K21.9", "Ợ chua, nóng rát sau xương ức")
    e.self_pay()
    e.examine("KB-NOI", after(e, 6))
    e.tests(("CTM", "GLU"), after(e, 28))
    prescribe(e, ("OMEP20",), days=14)
    e.close(
        end_type=1,
        result=12,
        days=0,
        TREATMENT_METHOD="Điều trị nội khoa",
        CLINICAL_SUMMARY="Ợ chua nhiều tuần nay, không sụt cân, bụng mềm.",
        SUBCLINICAL_SUMMARY="Công thức máu và đường huyết trong giới hạn bình thường.",
    )
    return e


def _laboratory(e: Episode) -> Episode:
    e.tests(("CTM", "GLU", "CHO"), after(e, 10))
    e.close(
        end_type=1,
        result=17,
        days=0,
        TREATMENT_METHOD="Không điều trị",
        CLINICAL_SUMMARY="Người đến xét nghiệm theo yêu cầu, không khám.",
        SUBCLINICAL_SUMMARY="Công thức máu, đường huyết, cholesterol: xem phiếu kết quả.",
    )
    return e


def lab_only(h: Hospital, kind: str) -> Episode:
    """A person sent by another facility for tests only; no check-in is due."""
    e = visit(h, kind, "Z00.0", "Xét nghiệm theo phiếu chuyển", treatment=9, department="XN")
    refer(e)
    return _laboratory(e)


def lab_on_demand(h: Hospital, kind: str) -> Episode:
    """Tests only, paid by the person: no claim, a health book entry."""
    e = visit(h, kind, "Z00.0", "Xét nghiệm theo yêu cầu", treatment=9, department="XN")
    e.self_pay()
    return _laboratory(e)


def open_exam(h: Hospital, kind: str) -> Episode:
    """Still waiting for results: only a check-in is due."""
    end = h.now
    arrival = end - timedelta(minutes=h.rng.randint(60, 100))
    person = h.people.person(arrival, ages=(20, 75))
    e = Episode(
        h,
        kind,
        person,
        arrival=arrival,
        end=end,
        treatment=1,
        department="KKB",
        icd="R10.4",
        reason="Đau bụng",
    )
    e.insure(route=HOME)
    e.examine("KB-NOI", after(e, 6))
    e.bill()
    e.row["MODIFY_TIME"] = stamp(after(e, 24))
    return e
