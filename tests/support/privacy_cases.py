"""One visit for each privacy rule, and the words that stand in what it withholds."""

from __future__ import annotations

from adapter.dossier.model import Dossier
from tests.support.book_world import Visit, visit

PREGNANT = {
    "MA_BENH_CHINH": "O20.0",
    "CHAN_DOAN_RV": "Dọa sẩy thai",
    "GHI_CHU": "Siêu âm: thai 18 tuần, giới tính thai nhi: nữ, tim thai tốt",
}


def result(name: str, **values: str) -> dict[str, str]:
    return {"STT": "9", "MA_DICH_VU": "99.0001", "TEN_CHI_SO": name, **values}


def with_result(one: Visit, row: dict[str, str]) -> Visit:
    d = one.dossier
    tables = {**d.tables, "XML4": [*d.rows("XML4"), row]}
    return Visit(Dossier(d.facility, d.ma_lk, d.purpose, d.standard, tables), one.extra)


BASE = visit("out_patient")
CASES: dict[str, tuple[Visit, tuple[str, ...]]] = {
    "hiv": (visit("hiv_withheld"), ("HIV", "TLD", "B20", "ARV", "Z21", "Không phát hiện", "A09", "57")),
    "opioid_substitution": (
        BASE.with_values("XML1", MA_BENH_CHINH="F11.2", CHAN_DOAN_RV="Nghiện chất dạng thuốc phiện").with_values(
            "XML2", TEN_THUOC="Methadon DEMO"
        ),
        ("F11.2", "thuốc phiện", "Methadon", "Uống sau ăn"),
    ),
    "drug_test": (
        with_result(BASE, result("Test Heroin niệu", GIA_TRI="Dương tính lần 1")),
        ("Heroin", "Dương tính lần 1"),
    ),
    "fetal_sex": (BASE.with_values("XML1", **PREGNANT), ("giới tính thai nhi", "nữ, tim")),
    "donor_identity": (
        BASE.with_values("XML1", GHI_CHU="Ghép thận; người hiến thận là bà Nguyễn Thị Ân Nhân, CCCD: 000111222333"),
        ("Ân Nhân", "000111222333"),
    ),
    "domestic_violence": (
        BASE.with_extra(privacy={"domestic_violence": "1"}),
        ("Viêm họng", "Amoxicilin", "HK-26-0007"),
    ),
    "mental_health": (
        BASE.with_values("XML8", QT_BENHLY="Ghi chép trị liệu tâm lý: bệnh nhân kể về thời thơ ấu."),
        ("thời thơ ấu", "trị liệu tâm lý"),
    ),
    "genetic": (
        with_result(
            BASE, result("Xét nghiệm di truyền", MO_TA="Giải trình tự: c.68_69del BRCA1", KET_LUAN="Có nguy cơ")
        ),
        ("c.68_69del",),
    ),
    "anonymous_test": (BASE.with_extra(privacy={"anonymous_test": "1"}), ("Viêm họng", "Amoxicilin")),
    "state_secret": (BASE.with_extra(privacy={"state_secret": "1"}), ("Viêm họng", "Amoxicilin")),
    "no_consent": (BASE.with_extra(privacy={"no_consent": "1"}), ("Viêm họng", "Amoxicilin")),
}
