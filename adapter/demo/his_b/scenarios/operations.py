"""Operations. Each function writes one whole encounter."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

from adapter.demo.his_b.episode import Episode
from adapter.demo.his_b.memories import implanted
from adapter.demo.his_b.money import text
from adapter.demo.his_b.record import Hospital
from adapter.demo.his_b.scenarios.stays import admit, discharge, operate, rounds, stay
from adapter.demo.his_b.scenarios.visits import EMERGENCY, HOME, off_work, return_visit
from adapter.demo.people import MALE


def surgery(h: Hospital, kind: str) -> Episode:
    e, clinical_in = stay(h, kind, "NGTH", "K35.8", "Đau hố chậu phải", nights=h.rng.randint(3, 6), ages=(12, 60))
    e.insure(route=EMERGENCY, at_home=False)
    admit(e, "KB-NGOAI", ("CTM", "CRP"))
    e.report(
        "SA-BUNG", e.arrival + timedelta(minutes=25), "Ruột thừa 9 mm, thâm nhiễm mỡ.", "Viêm ruột thừa", asker="KKB"
    )
    e.beds("G-NGOAI", clinical_in)
    operate(e, "PT-RT", clinical_in + timedelta(minutes=40), ("CHI", "TROCAR"), 1)
    rounds(e, clinical_in, ("CEFT1G", "PARA500"), ("đau vết mổ.", "trung tiện được.", "vết mổ khô."))
    return discharge(
        e,
        result=11,
        end_type=5,
        TREATMENT_METHOD="Phẫu thuật nội soi cắt ruột thừa",
        **off_work(e, "RV", 6),
        **return_visit(e, e.end + timedelta(days=7)),
    )


def hernia_mesh(h: Hospital, kind: str) -> Episode:
    """A supply dearer than the level the fund pays."""
    e, clinical_in = stay(h, kind, "NGTH", "K40.9", "Khối vùng bẹn phải", nights=4, ages=(40, 75), sex=MALE)
    e.insure(route=HOME)
    admit(e, "KB-NGOAI", ("CTM", "GLU"))
    e.beds("G-NGOAI", clinical_in)
    operate(e, "PT-TV", clinical_in + timedelta(hours=2), ("LUOI", "CHI"), 2)
    implanted(e, "Lưới thoát vị DEMO 15x15", clinical_in + timedelta(hours=2))
    rounds(e, clinical_in, ("CEFT1G", "PARA500"), ("chuẩn bị mổ.", "vết mổ đau ít.", "đi lại được."))
    return discharge(e, result=11, TREATMENT_METHOD="Phẫu thuật đặt lưới điều trị thoát vị bẹn")


def coronary_stent(h: Hospital, kind: str) -> Episode:
    """Two stents in one operation: the second is paid at half the level of the first."""
    e, clinical_in = stay(h, kind, "NTM", "I21.9", "Đau ngực trái dữ dội", nights=4, ages=(50, 78))
    e.insure("GD4", route=HOME)
    admit(e, "KB-NOI", ("CTM", "CRE"))
    e.report("DTD", e.arrival + timedelta(minutes=26), "ST chênh lên V1–V4.", "Nhồi máu cơ tim cấp", asker="KKB")
    e.beds("G-TM", clinical_in)
    at = clinical_in + timedelta(minutes=40)
    operation = e.procedure("CT-DMV", at, anaesthesia=2, minutes_to_start=30)
    level = Decimal(h.catalogue.products["STENT"]["limit_price"])
    for number in (1, 2):
        stent = e.product("STENT", at + timedelta(minutes=number), Decimal(1), PARENT_ID=operation["ID"])
        stent.update(STENT_ORDER=number, HEIN_LIMIT_PRICE=text(level / number))
    implanted(e, "Stent động mạch vành DEMO 3.0x18", at)
    rounds(e, clinical_in, ("ATOR20", "LOSA50"), ("còn đau ngực nhẹ.", "hết đau ngực.", "đi lại được."))
    return discharge(e, result=12, TREATMENT_METHOD="Đặt stent động mạch vành")
