"""Scenarios with admission to a ward. Each function writes one whole encounter."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from adapter.demo.his_b.episode import Episode, Hospital
from adapter.demo.his_b.memories import implanted
from adapter.demo.people import FEMALE, MALE
from adapter.demo.window import stamp

HOME, EMERGENCY, NEWBORN, REFERRED, SELF_CHOSEN = "DK", "CC", "TE", "GT", "TN"


def _stay(
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


def _rounds(e: Episode, clinical_in: datetime, drugs: tuple[str, ...], course: tuple[str, ...]) -> None:
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


def _discharge(e: Episode, *, end_type: int = 1, result: int = 12, **values: Any) -> Episode:
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


def _admit(e: Episode, service: str, tests: tuple[str, ...]) -> None:
    e.examine(service, e.arrival + timedelta(minutes=6))
    if tests:
        e.tests(tests, e.arrival + timedelta(minutes=24), asker="KKB")


CASES = (
    ("NTH", "J18.9", "Sốt cao, ho, khó thở", "G-NOI", ("CEFT1G", "PARA500")),
    ("NTM", "I50.0", "Khó thở khi gắng sức, phù chân", "G-TM", ("LOSA50", "AMLO5")),
    ("TN", "A90", "Sốt cao liên tục, mệt", "G-TN", ("NACL", "PARA500")),
    ("NTH", "N39.0", "Sốt, đau hông lưng", "G-NOI", ("CEFT1G", "NACL")),
)


def inpatient(h: Hospital, kind: str) -> Episode:
    department, icd, reason, bed, drugs = h.rng.choice(CASES)
    e, clinical_in = _stay(h, kind, department, icd, reason, nights=h.rng.randint(2, 7), sub_icd=("I10",))
    _any_card(e)
    _admit(e, "KB-NOI", ("CTM", "CRP"))
    e.report("XQ-NGUC", e.arrival + timedelta(minutes=26), "Rốn phổi đậm hai bên.", "Theo dõi viêm phổi", asker="KKB")
    e.beds(bed, clinical_in)
    _rounds(e, clinical_in, drugs, ("còn sốt, mệt.", "đỡ sốt, ăn được.", "hết sốt, toàn trạng tốt."))
    return _discharge(e)


def _any_card(e: Episode) -> None:
    chance = e.h.rng.random()
    if chance < 0.7:
        e.insure(route=HOME)
    elif chance < 0.85:
        e.insure(route=REFERRED, at_home=False)
        e.row.update(TRANSFER_IN_ORG_CODE="01998", TRANSFER_IN_CODE=f"CT{e.code[-6:]}")
    else:
        e.insure(route=SELF_CHOSEN, at_home=False)


def inpatient_two_cards(h: Hospital, kind: str) -> Episode:
    """The card changes in mid-stay: each row takes the rate of the card valid at its order."""
    e, clinical_in = _stay(h, kind, "NTM", "I20.0", "Đau ngực trái", nights=6, ages=(60, 75))
    change = (clinical_in + timedelta(days=3)).replace(hour=0, minute=0)
    e.insure("GD4", route=HOME, until=change - timedelta(days=1))
    e.insure("HT3", route=HOME, since=change)
    _admit(e, "KB-NOI", ("CTM", "CRE"))
    e.beds("G-TM", clinical_in)
    _rounds(e, clinical_in, ("LOSA50", "ATOR20", "NACL"), ("đau ngực thưa dần.", "không đau ngực.", "ổn định."))
    return _discharge(e)


def child_inpatient(h: Hospital, kind: str) -> Episode:
    e, clinical_in = _stay(h, kind, "NHI", "J18.9", "Ho, sốt, thở nhanh", nights=h.rng.randint(2, 5), ages=(1, 5))
    e.insure("TE1", route=HOME)
    _admit(e, "KB-NHI", ("CTM", "CRP"))
    shared = h.rng.random() < 0.4
    e.beds("G-NHI", clinical_in, ratio="0.5" if shared else "1", share=2 if shared else None)
    _rounds(e, clinical_in, ("CEFT1G",), ("ho nhiều, sốt.", "đỡ ho, bú được.", "hết sốt, phổi thông khí tốt."))
    return _discharge(e)


def inpatient_albumin(h: Hospital, kind: str) -> Episode:
    """A drug the fund pays at 70 %, and a unit of blood."""
    e, clinical_in = _stay(h, kind, "HSCC", "K29.7", "Nôn ra máu, mệt", nights=4, ages=(40, 75))
    e.insure(route=EMERGENCY, at_home=False)
    _admit(e, "KB-NOI", ("CTM", "URE", "CRE"))
    e.beds("G-HSCC", clinical_in)
    _rounds(e, clinical_in, ("ALBU", "NACL"), ("da xanh, mạch nhanh.", "hết nôn máu.", "ổn định."))
    at = clinical_in + timedelta(hours=1)
    e.note(at, "Huyết sắc tố thấp, chỉ định truyền máu.", consultation="Hội chẩn khoa: truyền khối hồng cầu 250 ml")
    order = e.order(at, performer="HSCC", start=at + timedelta(minutes=30), finish=at + timedelta(minutes=90))
    e.drug("KHC", at, per="1", times=1, days=1, order=order)
    return _discharge(e)


def _operate(e: Episode, code: str, at: datetime, supplies: tuple[str, ...], anaesthesia: int) -> None:
    operation = e.procedure(code, at, anaesthesia=anaesthesia, minutes_to_start=30)
    for supply in supplies:
        e.product(supply, at, Decimal(1), PARENT_ID=operation["ID"])
    used_up = e.product("GAC", at, Decimal(5), PARENT_ID=operation["ID"])
    used_up["IS_EXPEND"] = 1


def surgery(h: Hospital, kind: str) -> Episode:
    e, clinical_in = _stay(h, kind, "NGTH", "K35.8", "Đau hố chậu phải", nights=h.rng.randint(3, 6), ages=(12, 60))
    e.insure(route=EMERGENCY, at_home=False)
    _admit(e, "KB-NGOAI", ("CTM", "CRP"))
    e.report(
        "SA-BUNG", e.arrival + timedelta(minutes=25), "Ruột thừa 9 mm, thâm nhiễm mỡ.", "Viêm ruột thừa", asker="KKB"
    )
    e.beds("G-NGOAI", clinical_in)
    _operate(e, "PT-RT", clinical_in + timedelta(minutes=40), ("CHI", "TROCAR"), 1)
    _rounds(e, clinical_in, ("CEFT1G", "PARA500"), ("đau vết mổ.", "trung tiện được.", "vết mổ khô."))
    day = e.end.replace(hour=0, minute=0)
    return _discharge(
        e,
        result=11,
        end_type=5,
        TREATMENT_METHOD="Phẫu thuật nội soi cắt ruột thừa",
        SICK_LEAVE_FROM=stamp(day),
        SICK_LEAVE_TO=stamp(day + timedelta(days=6)),
        SICK_LEAVE_CODE=f"RV-{e.code[-6:]}",
        APPOINTMENT_TIME=stamp((e.end + timedelta(days=7)).replace(hour=8, minute=0)),
        APPOINTMENT_CODE=f"GH{e.code[-8:]}",
    )


def hernia_mesh(h: Hospital, kind: str) -> Episode:
    """A supply dearer than the level the fund pays."""
    e, clinical_in = _stay(h, kind, "NGTH", "K40.9", "Khối vùng bẹn phải", nights=4, ages=(40, 75), sex=MALE)
    e.insure(route=HOME)
    _admit(e, "KB-NGOAI", ("CTM", "GLU"))
    e.beds("G-NGOAI", clinical_in)
    _operate(e, "PT-TV", clinical_in + timedelta(hours=2), ("LUOI", "CHI"), 2)
    implanted(e, "Lưới thoát vị DEMO 15x15", clinical_in + timedelta(hours=2))
    _rounds(e, clinical_in, ("CEFT1G", "PARA500"), ("chuẩn bị mổ.", "vết mổ đau ít.", "đi lại được."))
    return _discharge(e, result=11, TREATMENT_METHOD="Phẫu thuật đặt lưới điều trị thoát vị bẹn")


def _birth(h: Hospital, kind: str, icd: str, service: str, children: int, *, surgical: bool) -> Episode:
    e, clinical_in = _stay(
        h,
        kind,
        "SAN",
        icd,
        "Thai đủ tháng, đau bụng",
        nights=5 if surgical else 3,
        ages=(20, 38),
        sex=FEMALE,
        year_only_share=0,
    )
    e.insure("DN4", route=HOME)
    _admit(e, "KB-SAN", ("CTM", "NT"))
    e.beds("G-SAN", clinical_in)
    at = clinical_in + timedelta(minutes=50)
    if surgical:
        _operate(e, service, at, ("CHI",), 2)
    else:
        e.procedure(service, at)
    _rounds(e, clinical_in, ("OXYT", "PARA500"), ("sau đẻ, co hồi tốt.", "sản dịch vừa.", "mẹ và con ổn định."))
    parameters = h.catalogue.parameters
    for order in range(1, children + 1):
        born = at + timedelta(minutes=35 + 7 * order)
        sex = h.rng.choice((FEMALE, MALE))
        baby = h.people.born(born, sex)
        number = h.next_id("NEWBORN")
        e.add(
            "NEWBORN",
            number=number,
            at=born,
            EPISODE_ID=e.row["ID"],
            BABY_NAME=baby.full_name,
            GENDER_ID=sex,
            BORN_TIME=stamp(born),
            WEIGHT=h.rng.randint(2400, 3600),
            BABY_ORDER=order,
            ALIVE_COUNT=children,
            BIRTH_COUNT=1,
            IS_SURGERY=1 if surgical else None,
            WEEK_COUNT=39 if children == 1 else 37,
            MIDWIFE=e.someone("SAN")["USERNAME"],
            CERT_NUM=number - 1_000_000_000,
            CERT_BOOK=f"{born.year}/01",
            ISSUED_DATE=stamp(e.end.replace(hour=0, minute=0)),
            TEMP_CARD_NUMBER=f"TE1{parameters['province']}{baby.insurance}",
            CONDITION="Khoẻ mạnh, khóc to, hồng hào",
            NOTE="Sinh con phải phẫu thuật" if surgical else None,
        )
    return _discharge(
        e,
        result=11,
        TREATMENT_METHOD="Mổ lấy thai" if surgical else "Đỡ đẻ thường",
        ADVISE="Cho con bú sớm, tái khám sau 6 tuần",
    )


def delivery(h: Hospital, kind: str) -> Episode:
    return _birth(h, kind, "O80.0", "DE-THUONG", 1, surgical=False)


def caesarean(h: Hospital, kind: str) -> Episode:
    return _birth(h, kind, "O82.0", "MLT", 1, surgical=True)


def twins(h: Hospital, kind: str) -> Episode:
    return _birth(h, kind, "O30.0", "DE-DOI", 2, surgical=False)


def newborn(h: Hospital, kind: str) -> Episode:
    """A child of a few days with the temporary card of its birth certificate."""
    end = h.window.end(h.rng)
    clinical_in = end - timedelta(days=3, minutes=30)
    arrival = clinical_in - timedelta(minutes=100)
    baby = h.people.born(arrival - timedelta(days=2, minutes=45), h.rng.choice((FEMALE, MALE)))
    e = Episode(
        h,
        kind,
        baby,
        arrival=arrival,
        end=end,
        treatment=3,
        department="NHI",
        icd="P59.9",
        reason="Vàng da ngày thứ hai",
    )
    e.rows["VITAL"].clear()
    e.vital(arrival + timedelta(minutes=4), "3.1")
    e.row.update(CLINICAL_IN_TIME=stamp(clinical_in), HOSPITALIZE_REASON="Vàng da sơ sinh")
    payer = e.insure("TE1", route=NEWBORN, at_home=False, since=baby.birth.replace(hour=0, minute=0))
    payer.update(CARD_ORG_CODE=h.catalogue.parameters["temporary_registration"], HAS_BIRTH_CERTIFICATE=None)
    e.patient["CCCD_NUMBER"] = None
    _admit(e, "KB-NHI", ("CTM",))
    e.beds("G-NHI", clinical_in)
    _rounds(e, clinical_in, ("NACL",), ("vàng da đến bụng.", "vàng da giảm.", "bú tốt, hết vàng."))
    return _discharge(e, result=11, TREATMENT_METHOD="Chiếu đèn, theo dõi")


def _same_day(
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


def day_care(h: Hospital, kind: str) -> Episode:
    e = _same_day(h, kind, treatment=4, hours=Decimal(6), department="YHCT", icd="M17.9", reason="Đau khớp gối")
    e.row["TRADITIONAL_ICD_CODE"] = "U57.011"
    clinical_in = e.end - timedelta(hours=6)
    e.examine("KB-YHCT", e.arrival + timedelta(minutes=6))
    e.beds("G-BN-YHCT", clinical_in)
    e.procedure("DCHAM", clinical_in + timedelta(minutes=40))
    e.procedure("XBBH", clinical_in + timedelta(minutes=90))
    e.note(clinical_in + timedelta(minutes=20), "Đau gối phải khi vận động, không sưng nóng.")
    return _discharge(e, TREATMENT_METHOD="Điện châm, xoa bóp bấm huyệt")


def short_stay(h: Hospital, kind: str) -> Episode:
    """Admitted for less than four hours (setting 09): no bed is payable."""
    e = _same_day(h, kind, treatment=7, hours=Decimal(3), department="HSCC", icd="A09", reason="Tiêu chảy, mất nước")
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
    return _discharge(e, days=0, TREATMENT_METHOD="Bù dịch")


def referral(h: Hospital, kind: str) -> Episode:
    e, clinical_in = _stay(h, kind, "NTM", "I20.0", "Đau thắt ngực", nights=2, ages=(50, 80), sub_icd=("I10",))
    prefix = h.rng.choice(("HN2", "BT2")) if e.person.age_at(e.arrival) >= 60 else "HN2"
    if h.rng.random() < 0.5:
        e.insure(prefix, route=HOME)
    else:
        e.insure(prefix, route=REFERRED, at_home=False)
        e.row.update(TRANSFER_IN_ORG_CODE="01998", TRANSFER_IN_CODE=f"CT{e.code[-6:]}")
    _admit(e, "KB-NOI", ("CTM", "CRE"))
    e.report("DTD", e.arrival + timedelta(minutes=26), "ST chênh xuống V4–V6.", "Thiếu máu cơ tim", asker="KKB")
    e.beds("G-TM", clinical_in)
    _rounds(e, clinical_in, ("ATOR20", "NACL"), ("đau ngực từng cơn.", "còn đau ngực, chỉ định chuyển viện."))
    at = e.end - timedelta(minutes=15)
    order = e.order(at, performer="HSCC", start=at + timedelta(minutes=5), finish=e.end - timedelta(minutes=1))
    e.service("VC-XE", order, at, amount="12")
    return _discharge(
        e,
        end_type=2,
        result=14,
        TRANSFER_OUT_ORG_CODE="01996",
        TRANSFER_OUT_CODE=f"GC{e.code[-6:]}",
        TRANSFER_REASON_ID=2,
        TRANSPORT_VEHICLE="Xe cứu thương",
        TRANSPORTER=e.someone("HSCC")["USERNAME"],
        TRANSPORTER_TITLE="Bác sĩ",
        ADVISE="Chuyển cơ sở có can thiệp mạch vành",
    )


def uninsured_inpatient(h: Hospital, kind: str) -> Episode:
    e, clinical_in = _stay(h, kind, "NTH", "K29.7", "Đau thượng vị dữ dội", nights=3)
    e.self_pay()
    _admit(e, "KB-NOI", ("CTM",))
    e.beds("G-NOI", clinical_in)
    _rounds(e, clinical_in, ("OMEP20", "NACL"), ("đau bụng nhiều.", "đỡ đau.", "hết đau."))
    return _discharge(e)


def open_inpatient(h: Hospital, kind: str) -> Episode:
    """On the ward today: two check-ins (first cost, first cost in the department), no claim."""
    e, clinical_in = _stay(h, kind, "NTH", "J18.9", "Sốt, ho", nights=1, end=h.now + timedelta(hours=2))
    e.insure(route=HOME)
    _admit(e, "KB-NOI", ("CTM",))
    e.beds("G-NOI", clinical_in)
    _rounds(e, clinical_in, ("CEFT1G",), ("còn sốt.", "đỡ sốt."))
    e.rows["BED_STAY"][0]["FINISH_TIME"] = None
    e.bill()
    e.row["MODIFY_TIME"] = stamp(clinical_in + timedelta(minutes=45))
    return e
