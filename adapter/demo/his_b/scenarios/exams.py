"""Examinations without a night in hospital. Each function writes one whole encounter."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

from adapter.demo.his_b.episode import Episode
from adapter.demo.his_b.record import Hospital
from adapter.demo.his_b.scenarios.visits import (
    BY_APPOINTMENT,
    EMERGENCY,
    HOME,
    NEWBORN,
    after,
    go_home,
    insure,
    off_work,
    prescribe,
    return_visit,
    visit,
)
from adapter.demo.people import FEMALE, MALE

COMPLAINTS = {
    "J02.9": ("Đau họng, sốt nhẹ", "KB-NOI", ("PARA500", "AMOX500")),
    "J20.9": ("Ho có đờm, sốt", "KB-NOI", ("AUGM", "PARA500")),
    "K29.7": ("Đau thượng vị", "KB-NOI", ("OMEP20",)),
    "M54.5": ("Đau lưng sau gắng sức", "KB-NGOAI", ("PARA500", "OMEP20")),
    "N39.0": ("Tiểu buốt, tiểu rắt", "KB-NOI", ("AMOX500",)),
    "R10.4": ("Đau bụng âm ỉ", "KB-NOI", ("OMEP20", "PARA500")),
}


def exam(h: Hospital, kind: str) -> Episode:
    icd = h.rng.choice(sorted(COMPLAINTS))
    reason, service, drugs = COMPLAINTS[icd]
    e = visit(h, kind, icd, reason)
    insure(e)
    e.examine(service, after(e, 6))
    if h.rng.random() < 0.6:
        e.tests(h.rng.choice((("CTM",), ("CTM", "GLU"), ("CTM", "URE", "CRE"), ("NT",))), after(e, 28))
    if h.rng.random() < 0.3:
        e.report("SA-BUNG", after(e, 35), "Gan, mật, tuỵ, lách, hai thận bình thường.", "Chưa thấy bất thường")
    prescribe(e, drugs)
    return go_home(e)


def exam_extra_cost(h: Hospital, kind: str) -> Episode:
    """A drug outside the list (PHAM_VI 2) and an examination on demand, paid above the insured price."""
    e = visit(h, kind, "J20.9", "Ho kéo dài")
    insure(e)
    e.examine("KB-YC", after(e, 6))
    e.report("XQ-NGUC", after(e, 30), "Hai phế trường sáng, bóng tim không to.", "Hình ảnh viêm phế quản")
    prescribe(e, ("AUGM", "VITC"))
    return go_home(e)


def exam_second_consultation(h: Hospital, kind: str) -> Episode:
    e = visit(h, kind, "K29.7", "Đau thượng vị, đau lưng", sub_icd=("M54.5",))
    insure(e)
    e.examine("KB-NOI", after(e, 6))
    e.examine("KB-NGOAI", after(e, 40), ratio="0.3")
    prescribe(e, ("OMEP20", "PARA500"))
    return go_home(e)


def exam_reappointment(h: Hospital, kind: str) -> Episode:
    e = visit(h, kind, "J45.9", "Khó thở về đêm, tái khám")
    e.insure(route=BY_APPOINTMENT, at_home=False)
    e.row.update(TRANSFER_IN_CODE=f"HK{e.code[-6:]}")
    e.examine("KB-NOI", after(e, 6))
    e.report("DTD", after(e, 30), "Nhịp xoang đều, trục trung gian.", "Điện tim trong giới hạn bình thường")
    prescribe(e, ("LORA10",), days=7)
    e.close(
        end_type=5,
        result=12,
        days=0,
        TREATMENT_METHOD="Điều trị nội khoa",
        ADVISE="Tái khám đúng hẹn",
        **return_visit(e, e.end + timedelta(days=14)),
    )
    return e


def exam_sick_leave(h: Hospital, kind: str) -> Episode:
    e = visit(h, kind, "J18.9", "Sốt cao, ho, mệt", ages=(20, 55))
    e.insure("DN4", route=HOME)
    e.examine("KB-NOI", after(e, 6))
    e.tests(("CTM", "CRP"), after(e, 26))
    e.report("XQ-NGUC", after(e, 30), "Đám mờ thuỳ dưới phổi phải.", "Theo dõi viêm phổi")
    prescribe(e, ("AUGM", "PARA500"), days=7)
    e.close(
        end_type=1,
        result=12,
        days=0,
        TREATMENT_METHOD="Điều trị nội khoa",
        ADVISE="Nghỉ ngơi, uống thuốc theo đơn",
        **off_work(e, "BHXH", 2),
        WORK_PLACE="Công ty TNHH Minh Hoạ",
    )
    return e


def pregnancy_leave(h: Hospital, kind: str) -> Episode:
    e = visit(h, kind, "O20.0", "Thai 10 tuần, ra ít máu", ages=(20, 38), sex=FEMALE)
    e.insure("DN4", route=HOME)
    e.examine("KB-SAN", after(e, 6))
    e.report("SA-THAI", after(e, 30), "Một thai trong tử cung, tim thai dương tính.", "Thai 10 tuần, dọa sẩy")
    prescribe(e, ("PARA500",), days=3)
    e.close(
        end_type=1,
        result=13,
        days=0,
        ICD_TEXT="O20.0 - Dọa sẩy thai; nghỉ dưỡng thai",
        TREATMENT_METHOD="Nghỉ ngơi, theo dõi",
        ADVISE="Nghỉ dưỡng thai tại nhà",
        **off_work(e, "DT", 14),
        WORK_PLACE="Công ty TNHH Minh Hoạ",
    )
    return e


def child_exam(h: Hospital, kind: str) -> Episode:
    e = visit(h, kind, "J00", "Sổ mũi, sốt nhẹ", ages=(1, 5))
    e.insure("TE1", route=HOME)
    e.examine("KB-NHI", after(e, 6))
    if h.rng.random() < 0.5:
        e.tests(("CTM",), after(e, 28))
    at = e.end - timedelta(minutes=12)
    e.drug("PARA500", at, per="0.5", times=2, days=4)
    leave = _parents_leave(e) if h.next_id("parent's leave") % 3 == 1 else {}
    return go_home(e, **leave)


def newborn_exam(h: Hospital, kind: str) -> Episode:
    """A child of a few days at the clinic, still on the temporary card; a parent stays at home with it."""
    end = h.window.end(h.rng)
    arrival = end - timedelta(minutes=150)
    baby = h.people.born(arrival - timedelta(days=9, minutes=35), h.rng.choice((FEMALE, MALE)))
    e = Episode(
        h,
        kind,
        baby,
        arrival=arrival,
        end=end,
        treatment=1,
        department="KKB",
        icd="J00",
        reason="Ngạt mũi, bú kém",
    )
    e.rows["VITAL"].clear()
    e.vital(arrival + timedelta(minutes=4), "3.4")
    payer = e.insure("TE1", route=NEWBORN, at_home=False, since=baby.birth.replace(hour=0, minute=0))
    payer.update(CARD_ORG_CODE=h.catalogue.parameters["temporary_registration"], HAS_BIRTH_CERTIFICATE=None)
    e.patient["CCCD_NUMBER"] = None
    e.examine("KB-NHI", after(e, 6))
    e.tests(("CTM",), after(e, 28))
    return go_home(e, advice="Nhỏ mũi nước muối, cho bú nhiều lần", **_parents_leave(e))


def _parents_leave(e: Episode) -> dict[str, Any]:
    """Leave for the parent who nurses a sick child."""
    return {**off_work(e, "BHXH", 2), "WORK_PLACE": "Công ty TNHH Minh Hoạ"}


def emergency_exam(h: Hospital, kind: str) -> Episode:
    e = visit(h, kind, "S61.9", "Vết thương bàn tay do tai nạn", department="HSCC")
    e.insure(route=EMERGENCY, at_home=h.rng.random() < 0.5)
    e.row.update(ACCIDENT_ID=h.rng.choice((1, 2, 8)))
    e.examine("KB-NGOAI", after(e, 5))
    dressing = e.procedure("TB-VT", after(e, 25))
    e.product("GAC", after(e, 25), Decimal(2), PARENT_ID=dressing["ID"])
    prescribe(e, ("AMOX500", "PARA500"))
    return go_home(e)
