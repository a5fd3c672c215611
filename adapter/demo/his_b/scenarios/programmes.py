"""Visits with a record of a care programme (HIV, tuberculosis) or of the assessment board."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal

from adapter.demo.his_b.episode import Episode
from adapter.demo.his_b.record import Hospital
from adapter.demo.his_b.scenarios.visits import HOME, after, go_home, visit
from adapter.demo.people import FEMALE


def tuberculosis(h: Hospital, kind: str) -> Episode:
    e = visit(h, kind, "A15.0", "Tái khám lao phổi", minutes=260, ages=(25, 65), treatment=6)
    e.insure(route=HOME)
    e.row["IS_TUBERCULOSIS"] = 1
    e.examine("KB-LAO", after(e, 6))
    e.tests(("AFB",), after(e, 26))
    e.note(after(e, 22), "Hết sốt, còn ho nhẹ, tăng 1 kg, dung nạp thuốc tốt.")
    drug = e.drug("RHZE", e.end - timedelta(minutes=12), per="3", times=1, days=28)
    drug.update(HEIN_LIMIT_RATIO="0.0000", OTHER_SOURCE_ID=1)
    amount = (Decimal(drug["PRICE"]) * Decimal("1.05")).quantize(Decimal("0.001")) * Decimal(drug["AMOUNT"])
    drug["OTHER_SOURCE_PRICE"] = f"{amount:.4f}"
    started = (e.arrival - timedelta(days=60)).strftime("%Y%m%d")
    with_hiv = h.next_id("tb with hiv") % 2 == 1
    both: dict[str, object] = {"PHANLOAI_LAO_HIV": 1, "NGAYKD_HIV": started, "BDDT_ARV": started}
    both |= {"NGAY_BAT_DAU_DT_CTX": started, "NGAYKT_DTRI_LAO": e.end.strftime("%Y%m%d"), "KET_QUA_DTRI_LAO": 2}
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
    return go_home(e, days=1)


def hiv(h: Hospital, kind: str) -> Episode:
    turn = h.next_id("hiv") % 3
    if turn == 0:
        return _exposed_infant(h, kind)
    pregnant = turn == 2
    ages, sex = ((20, 38), FEMALE) if pregnant else ((22, 55), None)
    e = visit(h, kind, "B20", "Khám định kỳ, lĩnh thuốc", minutes=260, ages=ages, sex=sex, treatment=6)
    e.insure(route=HOME)
    e.row["IS_HIV"] = 1
    own = h.catalogue.parameters["facility"]
    e.examine("KB-NOI", after(e, 6))
    e.tests(("HIV-TL",), after(e, 24))
    e.note(after(e, 22), "Tuân thủ điều trị tốt, không tác dụng phụ, cân nặng ổn định.")
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
            "MA_TINH_TRANG_DK": "4" if pregnant else "9",
            "MA_XU_TRI": "1",
            "NGAY_BAT_DAU_XU_TRI": day.strftime("%Y%m%d"),
            "NGAY_KET_THUC_XU_TRI": (day + timedelta(days=30)).strftime("%Y%m%d"),
            "MA_PHAC_DO_DIEU_TRI": "1f",
            "MA_BAC_PHAC_DO": 1,
            "SO_NGAY_CAP_THUOC_ARV": 30,
            **({"NGAY_NHAN_TT_MANG_THAI": (day - timedelta(days=20)).strftime("%Y%m%d")} if pregnant else {}),
            **(_tb_prevention(day) if h.next_id("hiv with tb prevention") % 2 else {}),
        },
    )
    return go_home(e, days=1)


def _exposed_infant(h: Hospital, kind: str) -> Episode:
    """A child of a mother with HIV, tested for the second time and not treated."""
    e = visit(h, kind, "Z20.6", "Trẻ phơi nhiễm HIV, xét nghiệm lần 2", minutes=260, ages=(1, 1))
    e.insure("TE1", route=HOME)
    own = h.catalogue.parameters["facility"]
    e.examine("KB-NHI", after(e, 6))
    e.tests(("CTM",), after(e, 24))
    taken, found = e.arrival - timedelta(days=14), e.arrival - timedelta(days=7)
    e.program(
        "HIV",
        {
            "NOI_LAY_MAU_XN": own,
            "NOI_XN_KD": own,
            "NOI_BDDT_ARV": own,
            "MA_LYDO_DTRI": 3,
            "LOAI_DTRI_LAO": 0,
            "SANG_LOC_LAO": 2,
            "KQ_DTRI_LAO": 7,
            "MA_LOAI_BN": 2,
            "GIAI_DOAN_LAM_SANG": 1,
            "NHOM_DOI_TUONG": 11,
            "MA_TINH_TRANG_DK": "1",
            "MA_XU_TRI": "1",
            "NGAY_BAT_DAU_XU_TRI": taken.strftime("%Y%m%d"),
            "NGAY_KET_THUC_XU_TRI": (taken + timedelta(days=42)).strftime("%Y%m%d"),
            "SO_NGAY_CAP_THUOC_ARV": 42,
            "MA_PHAC_DO_DIEU_TRI": "1f",
            "LAN_XN_PCR": 2,
            "NGAY_XN_PCR": taken.strftime("%Y%m%d"),
            "NGAY_KQ_XN_PCR": found.strftime("%Y%m%d"),
            "MA_KQ_XN_PCR": 0,
        },
    )
    return go_home(e, advice="Xét nghiệm lại theo hẹn")


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


def medical_assessment(h: Hospital, kind: str) -> Episode:
    """A hearing of the medical assessment board: table XML12, entered on the portal."""
    e = visit(h, kind, "S61.9", "Giám định tỷ lệ tổn thương", ages=(25, 58), treatment=9)
    e.self_pay()
    e.examine("KB-NGOAI", after(e, 6))
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
