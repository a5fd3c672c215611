"""Every path of the gateway with the name its service has in ``received``, in ``calls`` and in fault rules."""

from __future__ import annotations

from dataclasses import dataclass

TOKEN_PATH = "/api/token/take"  # noqa: S105


@dataclass(frozen=True, slots=True)
class Reception:
    """One path of the 130 family: what it takes and by which layout. ``table`` None: a whole dossier."""

    path: str
    service: str
    kind: str  # loaiHoSo
    layout: str
    table: str | None


RECEPTIONS = (
    Reception("/api/qd130/checkInKcbQd130", "checkin-130", "0", "130", "XML0"),
    Reception("/api/qd130/checkInKcbQd4750", "checkin-4750", "0", "4750", "XML0"),
    Reception("/api/qd130/checkInKcbQd3176", "checkin-3176", "0", "3176", "XML0"),
    Reception("/api/qd130/guiHoSoXmlQD130", "dossier-130", "130", "130", None),
    Reception("/api/qd130/guiHoSoXmlQD4750", "dossier-4750", "130", "4750", None),
    Reception("/api/qd130/guiHoSoXmlQD3176", "dossier-3176", "130", "3176", None),
    Reception("/api/qd130/guiDuLieuGdykQd130", "assessment-130", "12", "130", "XML12"),
)


@dataclass(frozen=True, slots=True)
class Catalogue:
    """One catalogue form of TT 12/2026: path tail, ``loaiHs``, tags of list and row."""

    form: str
    tail: str
    kind: str
    listing: str
    row: str

    @property
    def path(self) -> str:
        return f"/api/DanhMucGW/{self.tail}"

    @property
    def service(self) -> str:
        return f"catalogue-{self.form}"


CATALOGUES = (
    Catalogue("01", "GuiDanhMuc01_BPCMKBCB", "70", "DANHSACH_DMBOPHANCHUYENMON", "DMBOPHANCHUYENMON"),
    Catalogue("02", "GuiDanhMuc02_NLKCB", "71", "DANHSACH_DMNHANLUCKBCB", "DMNHANLUCKBCB"),
    Catalogue("03", "GuiDanhMuc03_DMTHUOC", "10", "DANHSACH_DMTHUOCMAUCHEPHAMMAU", "DMTHUOCMAUCHEPHAMMAU"),
    Catalogue("04", "GuiDanhMuc04_DMVTYT", "11", "DSACH_TBYT", "DM_TBYT"),
    Catalogue("05", "GuiDanhMuc05_DVKT", "12", "DANHSACH_DMDICHVUKBCB", "DMDICHVUKBCB"),
    Catalogue("06", "GuiDanhMuc06_DMTBYT", "72", "DSACH_TBYTTHDV", "DM_TBYTTHDV"),
)

SUMMARY_PATH = "/api/HoSoTongHop7980/GuiHoSoTongHop01BH"
ADJUSTMENT_PATH = "/api/HSDCTT12/GuiHoSoDieuChinh09BH"
CERTIFICATES_PATH = "/api/chungtugw/GuiHoSoChungTu2025"
E_PAPERS_PATH = "/api/hososuckhoe/guiGiayToDienTu"
CARD_PATH = "/api/egw/KQNhanLichSuKCB2024"
HISTORY_PATH = "/api/egw/Lskcb2025"
COPAYMENT_PATH = "/api/TraCuuCCT/TraCuuTienMCCT"
RETIRED_PATHS = tuple(f"/api/egw/KQNhanLichSuKCB{tail}" for tail in ("595", "2018", "2019"))
HUB_TOKEN_PATH = "/api/auth/token/take"  # noqa: S105
HUB_DOSSIER_PATH = "/api/kcb/xml/qd3176/guiHoSoXml"
HUB_STATUS_PATH = "/api/kcb/tra-cuu-trang-thai"

_SERVICES = {
    TOKEN_PATH: "token",
    **{reception.path: reception.service for reception in RECEPTIONS},
    **{catalogue.path: catalogue.service for catalogue in CATALOGUES},
    SUMMARY_PATH: "summary-01bh",
    ADJUSTMENT_PATH: "adjustment-09bh",
    CERTIFICATES_PATH: "certificates",
    E_PAPERS_PATH: "epapers",
    CARD_PATH: "card",
    HISTORY_PATH: "history",
    COPAYMENT_PATH: "copayment",
    HUB_TOKEN_PATH: "hub-token",
    HUB_DOSSIER_PATH: "hub-dossier",
    **dict.fromkeys(RETIRED_PATHS, "retired"),
}


def service_of(path: str) -> str | None:
    """The service behind a path; None when it belongs to the simulator itself (page, control) or to nobody."""
    if path.startswith(f"{HUB_STATUS_PATH}/"):
        return "hub-status"
    return _SERVICES.get(path)
