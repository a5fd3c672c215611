"""The dictionaries of demo HIS A, filled from the same catalogue as demo HIS B.

Traps kept on purpose: the decree's code sits in a "secondary name" (``TenPhu``), a facility's code in
its English name, an old service code beside the new one.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from adapter.demo.his_b.catalogue import Catalogue, read_csv
from adapter.demo.his_b.money import MILLI, Row

GROUPS = {
    "XN": "XN",
    "CDHA": "CDHA",
    "TDCN": "TDCN",
    "PT": "PT",
    "TT": "TT",
    "VC": "VC",
    "KB": "CK",
    "GNT": "GIUONG",
    "GBN": "GIUONG_BN",
}
KINDS = {"1": "T", "2": "V", "3": "M"}
_WORDS = (
    # Loai, Ma, Ten, TenPhu
    ("DOITUONG", "BHYT", "Bảo hiểm y tế", ""),
    ("DOITUONG", "VP", "Viện phí", ""),
    ("DOITUONGKCB", "DK", "Đúng nơi đăng ký", "1.1"),
    ("DOITUONGKCB", "GT", "Có phiếu chuyển", "1.3"),
    ("DOITUONGKCB", "HK", "Có phiếu hẹn", "1.5"),
    ("DOITUONGKCB", "TE", "Trẻ sơ sinh", "1.7"),
    ("DOITUONGKCB", "TD", "Tự đến ngoại trú", "1.12"),
    ("DOITUONGKCB", "TN", "Tự đến nội trú", "1.15"),
    ("DOITUONGKCB", "CC", "Cấp cứu", "2"),
    ("LYDODEN", "KHAM", "Đến khám", "01"),
    ("LYDODEN", "XN", "Chỉ làm xét nghiệm, giám định", "10"),
    ("DUONGDUNG", "1", "Uống", "1.01"),
    ("DUONGDUNG", "2", "Tiêm tĩnh mạch", "2.15"),
    ("DUONGDUNG", "3", "Truyền tĩnh mạch", "2.16"),
    ("KETQUA", "11", "Khỏi", "1"),
    ("KETQUA", "12", "Đỡ, giảm", "2"),
    ("KETQUA", "13", "Không thay đổi", "3"),
    ("KETQUA", "14", "Nặng hơn", "4"),
    ("KETQUA", "17", "Chưa xác định", "7"),
    ("LOAIRV", "1", "Ra viện", "1"),
    ("LOAIRV", "2", "Chuyển viện", "2"),
    ("LOAIRV", "5", "Về, hẹn khám lại", "1"),
    ("HUONGGQ", "11", "Kê đơn cho về, khỏi", "1"),
    ("HUONGGQ", "12", "Kê đơn, điều trị nội khoa", "2"),
    ("HUONGGQ", "13", "Cho về theo dõi", "3"),
    ("HUONGGQ", "17", "Trả kết quả, không điều trị", "7"),
    ("DANTOC", "01", "Kinh", "01"),
    ("DANTOC", "02", "Tày", "02"),
    ("DANTOC", "03", "Thái", "03"),
    ("QUOCTICH", "VN", "Việt Nam", "000"),
    ("TAINAN", "1", "Tai nạn giao thông", "1"),
    ("TAINAN", "2", "Tai nạn lao động", "2"),
    ("TAINAN", "8", "Tai nạn khác", "8"),
    ("VOCAM", "1", "Gây mê", "1"),
    ("VOCAM", "2", "Gây tê", "2"),
    ("LYDOCHUYEN", "2", "Vượt khả năng", "2"),
)


_TRADITIONAL = {"M54.5": "U57.071", "M17.9": "U57.011"}


class Dictionaries:
    """Rows of the ``dm_`` tables, and the numbers by which events refer to them."""

    def __init__(self, catalogue: Catalogue) -> None:
        self.rows: dict[str, list[Row]] = {}
        self._catalogue = catalogue
        self._words: dict[tuple[str, str], int] = {}
        self._diseases: dict[str, int] = {}
        parameters = catalogue.parameters
        for key, value in (("MA_CSKCB", parameters["facility"]), ("MA_TTDV", parameters["director_license"])):
            self._add("dm_ThamSo", Ma=key, GiaTri=value)
        for kind, code, name, decree in _WORDS:
            self.word(kind, code, name, decree)
        for career in ("00000", *parameters["careers"]):
            self.word("NGHENGHIEP", career, "Nghề nghiệp", career[:2])
        self.facilities = self._facilities()
        self.communes = self._communes()
        self.departments = {d["ID"]: n for n, d in enumerate(catalogue.departments.values(), start=1)}
        self.department_codes = {d["ID"]: str(d["REG_CODE"]) for d in catalogue.departments.values()}
        self._department_rows()
        self.staff = self._staff()
        self.machines = self._machines()
        self.services = self._services()
        self._indexes()
        self.products = self._products()
        for letter, table in (("A", "ChiDinhCT"), ("X", "XuatKho"), ("G", "NamKhoa")):
            self._add("dm_LoaiNguon", LoaiNguon=letter, TenBang=table)

    def _add(self, table: str, **values: Any) -> None:
        self.rows.setdefault(table, []).append(values)

    def word(self, kind: str, code: object, name: str = "", decree: str = "") -> int | None:
        """The number of a dictionary entry; None for an empty or unknown code."""
        key = (kind, str(code))
        if code is None:
            return None
        if key not in self._words and name:
            self._words[key] = len(self._words) + 1
            self._add(
                "dm_TuDien",
                TuDien_Id=self._words[key],
                Loai=kind,
                Ma=str(code),
                Ten=name,
                TenPhu=decree or None,
                TamNgung=0 if len(self._words) % 2 else None,
            )
        return self._words.get(key)

    def disease(self, code: str | None) -> int | None:
        """The number of an ICD-10 code; a code a clerk made up becomes an entry of its own."""
        if code is None:
            return None
        if code not in self._diseases:
            self._diseases[code] = len(self._diseases) + 1
            self._add(
                "dm_Benh",
                Benh_Id=self._diseases[code],
                MaIcd=code,
                Ten=self._catalogue.icd.get(code, "Bệnh khác"),
                MaYhct=_TRADITIONAL.get(code),
            )
        return self._diseases[code]

    def new_diseases(self) -> list[Row]:
        """Diseases not yet written; called before each flush."""
        return self.rows.pop("dm_Benh", [])

    def _facilities(self) -> dict[str, int]:
        codes = [self._catalogue.parameters["facility"], *self._catalogue.parameters["other_facilities"]]
        own = self._catalogue.parameters["branch"]["name"]
        for number, code in enumerate(codes, start=1):
            self._add("dm_CoSoYTe", CoSo_Id=number, Ten=own if number == 1 else f"Cơ sở {code}", TenTiengAnh=code)
        return {code: number for number, code in enumerate(codes, start=1)}

    def _communes(self) -> dict[str, int]:
        rows = read_csv("communes")
        self._add("dm_DonViHanhChinh", Dvhc_Id=1, MaDonVi=rows[0]["province"], Ten=rows[0]["province_name"], Cap=1)
        found = {}
        for number, row in enumerate(rows, start=2):
            self._add(
                "dm_DonViHanhChinh",
                Dvhc_Id=number,
                MaDonVi=row["commune"],
                Ten=row["commune_name"],
                Cap=3,
                Cha_Id=1,
                HieuLucTu="2025-07-01",
            )
            found[row["commune"]] = number
        return found

    def _department_rows(self) -> None:
        for d in self._catalogue.departments.values():
            self._add(
                "dm_KhoaPhong",
                KhoaPhong_Id=self.departments[d["ID"]],
                Ten=d["DEPARTMENT_NAME"],
                MaTheoQuyDinh=d["REG_CODE"],
            )

    def _staff(self) -> dict[str, Row]:
        found = {}
        for row in self._catalogue.rows["STAFF"]:
            self._add(
                "dm_NhanVien",
                NhanVien_Id=row["ID"],
                HoTen=row["USERNAME"],
                SoChungChi=row.get("DIPLOMA"),
                ChucVu=row["TITLE"],
            )
            found[row["LOGINNAME"]] = row
        return found

    def _machines(self) -> dict[str, int]:
        codes = sorted({s["machine"] for s in self._catalogue.services.values() if s["machine"]})
        for number, code in enumerate(codes, start=1):
            self._add("dm_ThietBi", ThietBi_Id=number, Ten=f"Máy {number}", MaMay=code)
        return {code: number for number, code in enumerate(codes, start=1)}

    def _services(self) -> dict[int, int]:
        found = {}
        for number, s in enumerate(self._catalogue.services.values(), start=1):
            price = f"{Decimal(s['price']):.2f}"
            self._add(
                "dm_DichVu",
                DichVu_Id=number,
                Ten=s["name"],
                NhomBaoCao=GROUPS[s["group"]],
                MaQuyDinh=s["reg_code"],
                MaQuyDinhCu=f"{s['reg_code']}.CU",
                NgayDoiMa="2025-07-01",
                MaPtttQt=s["icd_cm"] or None,
                DonViTinh=s["unit"],
                DonGiaBV=price,
                DonGiaBH=f"{Decimal(s['hein_price']):.2f}" if s["hein_price"] else price,
            )
            found[s["ID"]] = number
        return found

    def _indexes(self) -> None:
        for rows in self._catalogue.indexes.values():
            for x in rows:
                self._add(
                    "dm_ChiSo",
                    ChiSo_Id=x["ID"],
                    DichVu_Id=self.services[x["SERVICE_ID"]],
                    MaChiSo=x["REG_CODE"],
                    Ten=x["INDEX_NAME"],
                    DonVi=x["UNIT_NAME"],
                    ThapNhat=x["low"],
                    CaoNhat=x["high"],
                )

    def _products(self) -> dict[int, tuple[int, Row]]:
        """By lot: (number here, what a line needs to know)."""
        found = {}
        for number, (code, p) in enumerate(self._catalogue.products.items(), start=1):
            lot = self._catalogue.lots[code]
            tender = ";".join(str(x) for x in _tender(lot))
            self._add(
                "dm_DuocPham",
                Duoc_Id=number,
                LoaiHang=KINDS[p["kind"]],
                Ten=p["name"],
                HoatChat=p["ingredient"] or None,
                MaBhyt=p["ingredient_code"],
                HamLuong=p["concentration"] or None,
                DangBaoChe=p["form"] or None,
                DuongDung_Id=self.word("DUONGDUNG", p["route"] or None),
                SoDangKy=p["register"] or None,
                DonViTinh=p["unit"],
                MaPpCheBien=p["preparation"] or None,
                ThuocTinh2=tender or None,
            )
            price = (Decimal(p["price"]) * (1 + Decimal(p["vat"] or 0))).quantize(MILLI)
            found[lot["ID"]] = (number, {"kind": KINDS[p["kind"]], "price": price, "tender": tender or None})
        return found


def _tender(lot: Row) -> Iterator[object]:
    for column in ("BID_NUMBER", "BID_PACKAGE", "BID_GROUP", "BID_YEAR"):
        if lot[column] is not None:
            yield lot[column]
