"""Stays on a ward. Each function writes one whole encounter."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

from adapter.demo.his_b.episode import Episode
from adapter.demo.his_b.record import Hospital
from adapter.demo.his_b.scenarios.stays import admit, discharge, rounds, same_day, stay
from adapter.demo.his_b.scenarios.visits import EMERGENCY, HOME, SELF_CHOSEN_WARD, refer, return_visit
from adapter.demo.window import stamp

CASES = (
    ("NTH", "J18.9", "Sốt cao, ho, khó thở", "G-NOI", ("CEFT1G", "PARA500")),
    ("NTM", "I50.0", "Khó thở khi gắng sức, phù chân", "G-TM", ("LOSA50", "AMLO5")),
    ("TN", "A90", "Sốt cao liên tục, mệt", "G-TN", ("NACL", "PARA500")),
    ("NTH", "N39.0", "Sốt, đau hông lưng", "G-NOI", ("CEFT1G", "NACL")),
)


def inpatient(h: Hospital, kind: str) -> Episode:
    department, icd, reason, bed, drugs = h.rng.choice(CASES)
    e, clinical_in = stay(h, kind, department, icd, reason, nights=h.rng.randint(2, 7), sub_icd=("I10",))
    _any_card(e)
    admit(e, "KB-NOI", ("CTM", "CRP"))
    e.report("XQ-NGUC", e.arrival + timedelta(minutes=26), "Rốn phổi đậm hai bên.", "Theo dõi viêm phổi", asker="KKB")
    e.beds(bed, clinical_in)
    rounds(e, clinical_in, drugs, ("còn sốt, mệt.", "đỡ sốt, ăn được.", "hết sốt, toàn trạng tốt."))
    return discharge(e)


def _any_card(e: Episode) -> None:
    chance = e.h.rng.random()
    if chance < 0.7:
        e.insure(route=HOME)
    elif chance < 0.85:
        refer(e)
    else:
        e.insure(route=SELF_CHOSEN_WARD, at_home=False)


def inpatient_two_cards(h: Hospital, kind: str) -> Episode:
    """The card changes in mid-stay: each row takes the rate of the card valid at its order."""
    e, clinical_in = stay(h, kind, "NTM", "I20.0", "Đau ngực trái", nights=6, ages=(60, 75))
    change = (clinical_in + timedelta(days=3)).replace(hour=0, minute=0)
    e.insure("GD4", route=HOME, until=change - timedelta(days=1))
    e.insure("HT3", route=HOME, since=change)
    admit(e, "KB-NOI", ("CTM", "CRE"))
    e.beds("G-TM", clinical_in)
    rounds(e, clinical_in, ("LOSA50", "ATOR20", "NACL"), ("đau ngực thưa dần.", "không đau ngực.", "ổn định."))
    return discharge(e)


def child_inpatient(h: Hospital, kind: str) -> Episode:
    e, clinical_in = stay(h, kind, "NHI", "J18.9", "Ho, sốt, thở nhanh", nights=h.rng.randint(2, 5), ages=(1, 5))
    e.insure("TE1", route=HOME)
    admit(e, "KB-NHI", ("CTM", "CRP"))
    shared = h.rng.random() < 0.4
    e.beds("G-NHI", clinical_in, ratio="0.5" if shared else "1", share=2 if shared else None)
    rounds(e, clinical_in, ("CEFT1G",), ("ho nhiều, sốt.", "đỡ ho, bú được.", "hết sốt, phổi thông khí tốt."))
    return discharge(e)


def inpatient_albumin(h: Hospital, kind: str) -> Episode:
    """A drug the fund pays at 70 %, and a unit of blood."""
    e, clinical_in = stay(h, kind, "HSCC", "K29.7", "Nôn ra máu, mệt", nights=4, ages=(40, 75))
    e.insure(route=EMERGENCY, at_home=False)
    admit(e, "KB-NOI", ("CTM", "URE", "CRE"))
    e.beds("G-HSCC", clinical_in)
    rounds(e, clinical_in, ("ALBU", "NACL"), ("da xanh, mạch nhanh.", "hết nôn máu.", "ổn định."))
    at = clinical_in + timedelta(hours=1)
    e.note(at, "Huyết sắc tố thấp, chỉ định truyền máu.", consultation="Hội chẩn khoa: truyền khối hồng cầu 250 ml")
    order = e.order(at, performer="HSCC", start=at + timedelta(minutes=30), finish=at + timedelta(minutes=90))
    e.drug("KHC", at, per="1", times=1, days=1, order=order)
    return discharge(e)


def day_care(h: Hospital, kind: str) -> Episode:
    e = same_day(h, kind, treatment=4, hours=Decimal(6), department="YHCT", icd="M17.9", reason="Đau khớp gối")
    e.row["TRADITIONAL_ICD_CODE"] = "U57.011"
    clinical_in = e.end - timedelta(hours=6)
    e.examine("KB-YHCT", e.arrival + timedelta(minutes=6))
    e.product("KIM", clinical_in + timedelta(minutes=5), Decimal(10))
    e.beds("G-BN-YHCT", clinical_in)
    at = clinical_in + timedelta(minutes=15)
    e.drug(
        "CAMTHAO", at, per="6", times=1, days=1, order=e.order(at, performer="YHCT", start=at + timedelta(minutes=9))
    )
    e.procedure("DCHAM", clinical_in + timedelta(minutes=40))
    e.procedure("XBBH", clinical_in + timedelta(minutes=90))
    e.note(clinical_in + timedelta(minutes=20), "Đau gối phải khi vận động, không sưng nóng.")
    back = return_visit(e, e.end + timedelta(days=14))
    return discharge(e, end_type=5, TREATMENT_METHOD="Điện châm, xoa bóp bấm huyệt", **back)


def traditional_referral(h: Hospital, kind: str) -> Episode:
    """A back pain that traditional medicine cannot help: sent on from day care."""
    e = same_day(h, kind, treatment=4, hours=Decimal(5), department="YHCT", icd="M54.5", reason="Đau lưng, yếu chân")
    e.row["TRADITIONAL_ICD_CODE"] = "U57.071"
    clinical_in = e.end - timedelta(hours=5)
    e.examine("KB-YHCT", e.arrival + timedelta(minutes=6))
    e.beds("G-BN-YHCT", clinical_in)
    e.procedure("XBBH", clinical_in + timedelta(minutes=60))
    e.note(clinical_in + timedelta(minutes=20), "Đau lưng lan chân trái, sức cơ chân trái 4/5.")
    return _send_on(e, "Chuyển cơ sở có chuyên khoa cột sống")


def short_stay(h: Hospital, kind: str) -> Episode:
    """Admitted for less than four hours (setting 09): no bed is payable."""
    e = same_day(h, kind, treatment=7, hours=Decimal(3), department="HSCC", icd="A09", reason="Tiêu chảy, mất nước")
    clinical_in = e.end - timedelta(hours=3)
    e.examine("KB-NOI", e.arrival + timedelta(minutes=6))
    e.note(clinical_in + timedelta(minutes=10), "Tiêu chảy 6 lần, môi khô, cho truyền dịch.")
    order = e.order(
        clinical_in + timedelta(minutes=12),
        performer="HSCC",
        start=clinical_in + timedelta(minutes=20),
        finish=clinical_in + timedelta(minutes=90),
    )
    e.drug("NACL", clinical_in + timedelta(minutes=12), per="1", times=2, days=1, order=order)
    return discharge(e, days=0, TREATMENT_METHOD="Bù dịch")


def referral(h: Hospital, kind: str) -> Episode:
    e, clinical_in = stay(h, kind, "NTM", "I20.0", "Đau thắt ngực", nights=2, ages=(50, 80), sub_icd=("I10",))
    prefix = h.rng.choice(("HN2", "BT2")) if e.person.age_at(e.arrival) >= 60 else "HN2"
    if h.rng.random() < 0.5:
        e.insure(prefix, route=HOME)
    else:
        refer(e, prefix)
    admit(e, "KB-NOI", ("CTM", "CRE"))
    e.report("DTD", e.arrival + timedelta(minutes=26), "ST chênh xuống V4–V6.", "Thiếu máu cơ tim", asker="KKB")
    e.beds("G-TM", clinical_in)
    rounds(e, clinical_in, ("ATOR20", "NACL"), ("đau ngực từng cơn.", "còn đau ngực, chỉ định chuyển viện."))
    at = e.end - timedelta(minutes=15)
    order = e.order(at, performer="HSCC", start=at + timedelta(minutes=5), finish=e.end - timedelta(minutes=1))
    e.service("VC-XE", order, at, amount="12")
    return _send_on(e, "Chuyển cơ sở có can thiệp mạch vành")


def _send_on(e: Episode, why: str) -> Episode:
    return discharge(
        e,
        end_type=2,
        result=14,
        TRANSFER_OUT_ORG_CODE="01996",
        TRANSFER_OUT_CODE=f"GC{e.code[-6:]}",
        TRANSFER_REASON_ID=2,
        TRANSPORT_VEHICLE="Xe cứu thương",
        TRANSPORTER=e.someone("HSCC")["USERNAME"],
        TRANSPORTER_TITLE="Bác sĩ",
        ADVISE=why,
    )


def uninsured_inpatient(h: Hospital, kind: str) -> Episode:
    e, clinical_in = stay(h, kind, "NTH", "K29.7", "Đau thượng vị dữ dội", nights=3)
    e.self_pay()
    admit(e, "KB-NOI", ("CTM",))
    e.beds("G-NOI", clinical_in)
    rounds(e, clinical_in, ("OMEP20", "NACL"), ("đau bụng nhiều.", "đỡ đau.", "hết đau."))
    return discharge(e)


def open_inpatient(h: Hospital, kind: str) -> Episode:
    """On the ward today: two check-ins (first cost, first cost in the department), no claim."""
    e, clinical_in = stay(h, kind, "NTH", "J18.9", "Sốt, ho", nights=1, end=h.now + timedelta(hours=2))
    e.insure(route=HOME)
    admit(e, "KB-NOI", ("CTM",))
    e.beds("G-NOI", clinical_in)
    rounds(e, clinical_in, ("CEFT1G",), ("còn sốt.", "đỡ sốt."))
    e.rows["BED_STAY"][0]["FINISH_TIME"] = None
    e.bill()
    e.row["MODIFY_TIME"] = stamp(clinical_in + timedelta(minutes=45))
    return e
