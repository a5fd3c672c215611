"""Scenarios without a night in hospital. Each function writes one whole encounter."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import Decimal

from adapter.demo.his_b.episode import Episode, Hospital
from adapter.demo.people import FEMALE
from adapter.demo.window import stamp

Scenario = Callable[[Hospital, str], Episode]

HOME, BY_APPOINTMENT, SELF_CHOSEN, EMERGENCY = "DK", "HK", "TD", "CC"

COMPLAINTS = {
    "J02.9": ("Đau họng, sốt nhẹ", "KB-NOI", ("PARA500", "AMOX500")),
    "J20.9": ("Ho có đờm, sốt", "KB-NOI", ("AUGM", "PARA500")),
    "K29.7": ("Đau thượng vị", "KB-NOI", ("OMEP20",)),
    "M54.5": ("Đau lưng sau gắng sức", "KB-NGOAI", ("PARA500", "OMEP20")),
    "N39.0": ("Tiểu buốt, tiểu rắt", "KB-NOI", ("AMOX500",)),
    "R10.4": ("Đau bụng âm ỉ", "KB-NOI", ("OMEP20", "PARA500")),
}


def _visit(
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


def _insure(e: Episode) -> None:
    """Mostly registered here; some come by their own choice."""
    home = e.h.rng.random() < 0.8
    e.insure(route=HOME if home else SELF_CHOSEN, at_home=home)


def _at(e: Episode, minutes: int) -> datetime:
    return e.arrival + timedelta(minutes=minutes)


def _prescribe(e: Episode, codes: tuple[str, ...], days: int = 5) -> None:
    at = e.end - timedelta(minutes=12)
    order = e.order(
        at, performer="KKB", start=e.end - timedelta(minutes=4), finish=e.end - timedelta(minutes=2), kind=6
    )
    for code in codes:
        e.drug(code, at, per="1", times=2, days=days, order=order)


def _go_home(e: Episode, *, days: int | None = 0, advice: str = "Uống thuốc theo đơn", end_type: int = 1) -> Episode:
    e.close(end_type=end_type, result=12, days=days, TREATMENT_METHOD="Điều trị nội khoa", ADVISE=advice)
    return e


def exam(h: Hospital, kind: str) -> Episode:
    icd = h.rng.choice(sorted(COMPLAINTS))
    reason, service, drugs = COMPLAINTS[icd]
    e = _visit(h, kind, icd, reason)
    _insure(e)
    e.examine(service, _at(e, 6))
    if h.rng.random() < 0.6:
        e.tests(h.rng.choice((("CTM",), ("CTM", "GLU"), ("CTM", "URE", "CRE"), ("NT",))), _at(e, 28))
    if h.rng.random() < 0.3:
        e.report("SA-BUNG", _at(e, 35), "Gan, mật, tuỵ, lách, hai thận bình thường.", "Chưa thấy bất thường")
    _prescribe(e, drugs)
    return _go_home(e)


def exam_extra_cost(h: Hospital, kind: str) -> Episode:
    """A drug outside the list (PHAM_VI 2) and an examination on demand, paid above the insured price."""
    e = _visit(h, kind, "J20.9", "Ho kéo dài")
    _insure(e)
    e.examine("KB-YC", _at(e, 6))
    e.report("XQ-NGUC", _at(e, 30), "Hai phế trường sáng, bóng tim không to.", "Hình ảnh viêm phế quản")
    _prescribe(e, ("AUGM", "VITC"))
    return _go_home(e)


def exam_second_consultation(h: Hospital, kind: str) -> Episode:
    e = _visit(h, kind, "K29.7", "Đau thượng vị, đau lưng", sub_icd=("M54.5",))
    _insure(e)
    e.examine("KB-NOI", _at(e, 6))
    e.examine("KB-NGOAI", _at(e, 40), ratio="0.3")
    _prescribe(e, ("OMEP20", "PARA500"))
    return _go_home(e)


def exam_reappointment(h: Hospital, kind: str) -> Episode:
    e = _visit(h, kind, "J45.9", "Khó thở về đêm, tái khám")
    e.insure(route=BY_APPOINTMENT, at_home=False)
    e.row.update(TRANSFER_IN_CODE=f"HK{e.code[-6:]}")
    e.examine("KB-NOI", _at(e, 6))
    e.report("DTD", _at(e, 30), "Nhịp xoang đều, trục trung gian.", "Điện tim trong giới hạn bình thường")
    _prescribe(e, ("LORA10",), days=7)
    e.close(
        end_type=5,
        result=12,
        days=0,
        TREATMENT_METHOD="Điều trị nội khoa",
        ADVISE="Tái khám đúng hẹn",
        APPOINTMENT_TIME=stamp((e.end + timedelta(days=14)).replace(hour=8, minute=0)),
        APPOINTMENT_CODE=f"GH{e.code[-8:]}",
    )
    return e


def exam_sick_leave(h: Hospital, kind: str) -> Episode:
    e = _visit(h, kind, "J18.9", "Sốt cao, ho, mệt", ages=(20, 55))
    e.insure("DN4", route=HOME)
    e.examine("KB-NOI", _at(e, 6))
    e.tests(("CTM", "CRP"), _at(e, 26))
    e.report("XQ-NGUC", _at(e, 30), "Đám mờ thuỳ dưới phổi phải.", "Theo dõi viêm phổi")
    _prescribe(e, ("AUGM", "PARA500"), days=7)
    first = e.end.replace(hour=0, minute=0)
    e.close(
        end_type=1,
        result=12,
        days=0,
        TREATMENT_METHOD="Điều trị nội khoa",
        ADVISE="Nghỉ ngơi, uống thuốc theo đơn",
        SICK_LEAVE_FROM=stamp(first),
        SICK_LEAVE_TO=stamp(first + timedelta(days=2)),
        SICK_LEAVE_CODE=f"BHXH-{e.code[-6:]}",
        WORK_PLACE="Công ty TNHH Minh Hoạ",
    )
    return e


def pregnancy_leave(h: Hospital, kind: str) -> Episode:
    e = _visit(h, kind, "O20.0", "Thai 10 tuần, ra ít máu", ages=(20, 38), sex=FEMALE)
    e.insure("DN4", route=HOME)
    e.examine("KB-SAN", _at(e, 6))
    e.report("SA-THAI", _at(e, 30), "Một thai trong tử cung, tim thai dương tính.", "Thai 10 tuần, dọa sẩy")
    _prescribe(e, ("PARA500",), days=3)
    first = e.end.replace(hour=0, minute=0)
    e.close(
        end_type=1,
        result=13,
        days=0,
        ICD_TEXT="O20.0 - Dọa sẩy thai; nghỉ dưỡng thai",
        TREATMENT_METHOD="Nghỉ ngơi, theo dõi",
        ADVISE="Nghỉ dưỡng thai tại nhà",
        SICK_LEAVE_FROM=stamp(first),
        SICK_LEAVE_TO=stamp(first + timedelta(days=14)),
        SICK_LEAVE_CODE=f"DT-{e.code[-6:]}",
        WORK_PLACE="Công ty TNHH Minh Hoạ",
    )
    return e


def child_exam(h: Hospital, kind: str) -> Episode:
    e = _visit(h, kind, "J00", "Sổ mũi, sốt nhẹ", ages=(1, 5))
    e.insure("TE1", route=HOME)
    e.examine("KB-NHI", _at(e, 6))
    if h.rng.random() < 0.5:
        e.tests(("CTM",), _at(e, 28))
    at = e.end - timedelta(minutes=12)
    e.drug("PARA500", at, per="0.5", times=2, days=4)
    return _go_home(e)


def emergency_exam(h: Hospital, kind: str) -> Episode:
    e = _visit(h, kind, "S61.9", "Vết thương bàn tay do tai nạn", department="HSCC")
    e.insure(route=EMERGENCY, at_home=h.rng.random() < 0.5)
    e.row.update(ACCIDENT_ID=h.rng.choice((1, 2, 8)))
    e.examine("KB-NGOAI", _at(e, 5))
    dressing = e.procedure("TB-VT", _at(e, 25))
    e.product("GAC", _at(e, 25), Decimal(2), PARENT_ID=dressing["ID"])
    _prescribe(e, ("AMOX500", "PARA500"))
    return _go_home(e)


def _covered(e: Episode, days: int) -> tuple[datetime, int]:
    """Last covered day at 23:59, kept in the financial year, and the days up to it."""
    last = min((e.end + timedelta(days=days - 1)).replace(hour=23, minute=59), e.h.window.year_end)
    return last, (last.date() - e.end.date()).days + 1


def chronic_drugs(h: Hospital, kind: str) -> Episode:
    e = _visit(h, kind, "I10", "Khám và lĩnh thuốc tăng huyết áp", ages=(45, 80), treatment=5, sub_icd=("E78.5",))
    e.insure(route=HOME)
    out, days = _covered(e, 28)
    e.row["IS_CHRONIC"] = 1
    e.examine("KB-NOI", _at(e, 6))
    at = e.end - timedelta(minutes=12)
    for code in ("AMLO5", "LOSA50", "ATOR20"):
        e.drug(code, at, per="1", times=1, days=days)
    e.note(_at(e, 20), "Huyết áp kiểm soát được, không đau ngực, không phù.")
    e.close(
        end_type=5,
        result=12,
        out=out,
        days=days,
        TREATMENT_METHOD="Thuốc hạ áp, hạ mỡ máu",
        ADVISE="Ăn nhạt, tái khám theo hẹn",
        APPOINTMENT_TIME=stamp((out + timedelta(days=1)).replace(hour=8, minute=0)),
        APPOINTMENT_CODE=f"GH{e.code[-8:]}",
    )
    return e


def chronic_services(h: Hospital, kind: str) -> Episode:
    e = _visit(h, kind, "E11.9", "Tái khám đái tháo đường", ages=(40, 80), treatment=6, sub_icd=("I10",))
    e.insure(route=HOME)
    e.row["IS_CHRONIC"] = 1
    e.examine("KB-NOI", _at(e, 6))
    e.tests(("GLU", "HBA1C", "CRE", "CHO"), _at(e, 24))
    e.report("DTD", _at(e, 30), "Nhịp xoang, tần số 78 lần/phút.", "Điện tim bình thường")
    e.note(_at(e, 22), "Đường huyết đói ổn định, không có cơn hạ đường huyết.")
    _prescribe(e, ("METF850", "AMLO5"), days=28)
    return _go_home(e, days=1)


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
    e.examine("KB-YHCT", _at(e, 6))
    for day in range(5):
        at = _at(e, 25) + timedelta(days=day)
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


def tuberculosis(h: Hospital, kind: str) -> Episode:
    e = _visit(h, kind, "A15.0", "Tái khám lao phổi", minutes=260, ages=(25, 65), treatment=6)
    e.insure(route=HOME)
    e.row["IS_TUBERCULOSIS"] = 1
    e.examine("KB-LAO", _at(e, 6))
    e.tests(("AFB",), _at(e, 26))
    e.note(_at(e, 22), "Hết sốt, còn ho nhẹ, tăng 1 kg, dung nạp thuốc tốt.")
    drug = e.drug("RHZE", e.end - timedelta(minutes=12), per="3", times=1, days=28)
    drug.update(HEIN_LIMIT_RATIO="0.0000", OTHER_SOURCE_ID=1)
    amount = (Decimal(drug["PRICE"]) * Decimal("1.05")).quantize(Decimal("0.001")) * Decimal(drug["AMOUNT"])
    drug["OTHER_SOURCE_PRICE"] = f"{amount:.4f}"
    started = (e.arrival - timedelta(days=60)).strftime("%Y%m%d")
    with_hiv = h.next_id("tb with hiv") % 2 == 1
    both: dict[str, object] = {"PHANLOAI_LAO_HIV": 1, "NGAYKD_HIV": started, "BDDT_ARV": started}
    both["NGAY_BAT_DAU_DT_CTX"] = started
    e.program(
        "LAO",
        {
            "PHANLOAI_LAO_VITRI": 1,
            "PHANLOAI_LAO_TS": 1,
            "PHANLOAI_LAO_HIV": 2,
            "PHANLOAI_LAO_VK": 1,
            "PHANLOAI_LAO_KT": 1,
            "LOAI_DTRI_LAO": 2,
            "NGAYBD_DTRI_LAO": started,
            "PHACDO_DTRI_LAO": 2,
            "KET_QUA_DTRI_LAO": 6,
            **(both if with_hiv else {}),
        },
    )
    return _go_home(e, days=1)


def hiv(h: Hospital, kind: str) -> Episode:
    e = _visit(h, kind, "B20", "Khám định kỳ, lĩnh thuốc", minutes=260, ages=(22, 55), treatment=6)
    e.insure(route=HOME)
    e.row["IS_HIV"] = 1
    own = h.catalogue.parameters["facility"]
    e.examine("KB-NOI", _at(e, 6))
    e.tests(("HIV-TL",), _at(e, 24))
    e.note(_at(e, 22), "Tuân thủ điều trị tốt, không tác dụng phụ, cân nặng ổn định.")
    e.drug("TLD", e.end - timedelta(minutes=12), per="1", times=1, days=30)
    day = e.arrival
    e.program(
        "HIV",
        {
            "NGAYKD_HIV": (day - timedelta(days=700)).strftime("%Y%m%d"),
            "NOI_LAY_MAU_XN": own,
            "NOI_XN_KD": own,
            "NOI_BDDT_ARV": own,
            "BDDT_ARV": (day - timedelta(days=690)).strftime("%Y%m%d"),
            "MA_PHAC_DO_DIEU_TRI_BD": "1f",
            "MA_BAC_PHAC_DO_BD": 1,
            "MA_LYDO_DTRI": 3,
            "LOAI_DTRI_LAO": 0,
            "SANG_LOC_LAO": 2,
            "KQ_DTRI_LAO": 7,
            "MA_LYDO_XNTL_VR": 1,
            "NGAY_XN_TLVR": day.strftime("%Y%m%d"),
            "KQ_XNTL_VR": 2,
            "NGAY_KQ_XN_TLVR": day.strftime("%Y%m%d"),
            "MA_LOAI_BN": 1,
            "GIAI_DOAN_LAM_SANG": 1,
            "NHOM_DOI_TUONG": 11,
            "MA_TINH_TRANG_DK": "9",
            "MA_XU_TRI": "1",
            "NGAY_BAT_DAU_XU_TRI": day.strftime("%Y%m%d"),
            "NGAY_KET_THUC_XU_TRI": (day + timedelta(days=30)).strftime("%Y%m%d"),
            "MA_PHAC_DO_DIEU_TRI": "1f",
            "MA_BAC_PHAC_DO": 1,
            "SO_NGAY_CAP_THUOC_ARV": 30,
            **(_tb_prevention(day) if h.next_id("hiv with tb prevention") % 2 else {}),
        },
    )
    return _go_home(e, days=1)


def _tb_prevention(day: datetime) -> dict[str, object]:
    """A person on preventive treatment of tuberculosis and cotrimoxazole, moved to a newer regimen."""
    start = day - timedelta(days=40)
    return {
        "LOAI_DTRI_LAO": 1,
        "PHACDO_DTRI_LAO": 22,
        "NGAYBD_DTRI_LAO": start.strftime("%Y%m%d"),
        "NGAYKT_DTRI_LAO": (start + timedelta(days=90)).strftime("%Y%m%d"),
        "KQ_DTRI_LAO": 1,
        "NGAY_BAT_DAU_DT_CTX": start.strftime("%Y%m%d"),
        "NGAY_CHUYEN_PHAC_DO": start.strftime("%Y%m%d"),
        "LY_DO_CHUYEN_PHAC_DO": 5,
    }


def uninsured_exam(h: Hospital, kind: str) -> Episode:
    e = _visit(h, kind, "K21.9", "Ợ chua, nóng rát sau xương ức")
    e.self_pay()
    e.examine("KB-NOI", _at(e, 6))
    e.tests(("CTM", "GLU"), _at(e, 28))
    _prescribe(e, ("OMEP20",), days=14)
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
    e.tests(("CTM", "GLU", "CHO"), _at(e, 10))
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
    e = _visit(h, kind, "Z00.0", "Xét nghiệm theo phiếu chuyển", treatment=9, department="XN")
    e.insure(route="GT", at_home=False)
    e.row.update(TRANSFER_IN_ORG_CODE="01998", TRANSFER_IN_CODE=f"CT{e.code[-6:]}")
    return _laboratory(e)


def lab_on_demand(h: Hospital, kind: str) -> Episode:
    """Tests only, paid by the person: no claim, a health book entry."""
    e = _visit(h, kind, "Z00.0", "Xét nghiệm theo yêu cầu", treatment=9, department="XN")
    e.self_pay()
    return _laboratory(e)


def medical_assessment(h: Hospital, kind: str) -> Episode:
    """A hearing of the medical assessment board: table XML12, entered on the portal."""
    e = _visit(h, kind, "S61.9", "Giám định tỷ lệ tổn thương", ages=(25, 58), treatment=9)
    e.self_pay()
    e.examine("KB-NGOAI", _at(e, 6))
    day = e.end.strftime("%Y%m%d")
    e.program(
        "GDYK",
        {
            "NGUOI_CHU_TRI": e.doctor["USERNAME"],
            "CHUC_VU": 1,
            "NGAY_HOP": day,
            "MA_DOI_TUONG": "TNLĐ",
            "KHAM_GIAM_DINH": 1,
            "SO_BIEN_BAN": f"{e.code[-5:]}/GĐYK-DEMO",
            "NGAY_CHUNG_TU": day,
            "SO_GIAY_GIOI_THIEU": f"GT-{e.code[-5:]}",
            "NGAY_DE_NGHI": day,
            "MA_DONVI": "DEMO01",
            "GIOI_THIEU_CUA": "Công ty TNHH Minh Hoạ",
            "KET_QUA_KHAM": "Sẹo bàn tay phải, hạn chế gấp ngón 2",
            "SO_VAN_BAN_CAN_CU": "22/2019/TT-BYT",
            "TYLE_TTCT_MOI": 12,
            "DE_NGHI": "Hưởng chế độ theo quy định",
            "DUOC_XACDINH": "Tỷ lệ tổn thương cơ thể 12%",
            "NGHE_NGHIEP": "Công nhân",
            **(_former_assessment() if h.next_id("former assessment") % 2 else {}),
        },
    )
    e.close(
        end_type=1,
        result=17,
        days=0,
        TREATMENT_METHOD="Không điều trị",
        CLINICAL_SUMMARY="Khám giám định y khoa theo giấy giới thiệu.",
        SUBCLINICAL_SUMMARY="Không có chỉ định cận lâm sàng trong buổi giám định.",
    )
    return e


def _former_assessment() -> dict[str, object]:
    """Somebody assessed before: rates are combined and a benefit is already drawn."""
    return {
        "KHAM_GIAM_DINH": 8,
        "TYLE_TTCT_CU": 11,
        "TONG_TYLE_TTCT": 22,
        "DANG_HUONG_CHE_DO": "4",
        "DANG_KHUYETTAT": 1,
        "MUC_DO_KHUYETTAT": 1,
    }


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
    e.examine("KB-NOI", _at(e, 6))
    e.bill()
    e.row["MODIFY_TIME"] = stamp(_at(e, 24))
    return e
