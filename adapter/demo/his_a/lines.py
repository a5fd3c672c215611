"""Orders, results, drugs dispensed, beds, and the lines of the bill that point at them."""

from __future__ import annotations

from collections import defaultdict
from decimal import Decimal

from adapter.demo.his_a.tables import Stay, Tables, moment, prices, quantity, rate_text, share
from adapter.demo.his_b.money import SELF_PAID, Row, counts

_SOURCES = {1: "NSNN", 2: "VTNN", 3: "VTTN", 4: "CL"}


class Lines:
    """Writes what was ordered in one encounter, and its bill when there is one."""

    def __init__(self, tables: Tables, stay: Stay, bill: int | None) -> None:
        self.t, self.stay, self._bill = tables, stay, bill
        rows = stay.episode.rows
        self._orders = {o["ID"]: o for o in rows["SERVICE_ORDER"]}
        self._uses = {u["ITEM_ID"]: u for u in rows["ITEM_DRUG_USE"]}
        self._reports = {r["ITEM_ID"]: r for r in rows["ITEM_REPORT"]}
        self._surgeries = {s["ITEM_ID"]: s for s in rows["ITEM_SURGERY"]}
        self._tests: dict[int, list[Row]] = defaultdict(list)
        for test in rows["ITEM_TEST"]:
            self._tests[test["ITEM_ID"]].append(test)
        self._beds: dict[str, int] = {}
        self._made: dict[int, int] = {}
        self._sheets: dict[int, int] = {}

    def write(self) -> None:
        """Every order with its result, and every line of the bill."""
        for item in self.stay.episode.rows["SERVED_ITEM"]:
            self._item(item, self._orders[item["ORDER_ID"]])

    def _item(self, item: Row, order: Row) -> None:
        if item["PRODUCT_LOT_ID"] is not None:
            letter, (source, content) = "X", self._dispense(item, order)
        elif item.get("BED_CODE"):
            letter, (source, content) = "G", self._bed(item, order)
        else:
            letter, (source, content) = "A", self._carry_out(item, order)
            self._made[item["ID"]] = source
        if self._bill is not None and counts(item):
            self._line(self._bill, (letter, source, content), item, order)

    def _request(self, order: Row, *, cancelled: bool) -> int:
        return self.t.add(
            "ChiDinh",
            "ChiDinh_Id",
            LuotDen_Id=self.stay.visit,
            HoSo_Id=self.stay.record,
            ThoiGianYeuCau=moment(order["INSTRUCTION_TIME"]),
            BacSi_Id=self.t.staff(order["REQUEST_LOGINNAME"])["ID"],
            NoiYeuCau_Id=self.t.d.departments[order["REQUEST_DEPARTMENT_ID"]],
            NoiThucHien_Id=self.t.d.departments[order["EXECUTE_DEPARTMENT_ID"]],
            Huy=1 if cancelled else 0,
            NgayCapNhat=moment(order["MODIFY_TIME"]),
        )

    def _carry_out(self, item: Row, order: Row) -> tuple[int, int]:
        service = self.t.d.services[item["SERVICE_ID"]]
        cancelled = bool(item["IS_DELETE"] or item["IS_NO_EXECUTE"])
        request = self._request(order, cancelled=cancelled)
        done = self.t.add(
            "ChiDinhCT",
            "ChiDinhCT_Id",
            ChiDinh_Id=request,
            DichVu_Id=service,
            SoLuong=quantity(item),
            DonGiaBV=f"{Decimal(item['ORIGINAL_PRICE']):.2f}",
            Huy=1 if cancelled else None,
            NgayCapNhat=moment(item["MODIFY_TIME"]),
        )
        report = self._reports.get(item["ID"], {})
        if order["START_TIME"] is not None:
            doer = self.t.staff(order["EXECUTE_LOGINNAME"])["ID"]
            result = self.t.add(
                "KetQua",
                "KetQua_Id",
                ChiDinh_Id=request,
                ChiDinhCT_Id=done,
                ThoiGianThucHien=moment(order["START_TIME"]),
                ThoiGianKetQua=moment(order["FINISH_TIME"]),
                ThietBi_Id=self.t.d.machines.get(order["MACHINE_CODE"] or ""),
                NguoiThucHien_Id=doer,
                BacSiDoc_Id=doer,
                MoTa=report.get("DESCRIPTION"),
                KetLuan=report.get("CONCLUDE"),
                DaDuyet=1,
                NgayCapNhat=moment(order["FINISH_TIME"]),
            )
            for test in self._tests.get(item["ID"], ()):
                self.t.add(
                    "KetQuaCT",
                    "KetQuaCT_Id",
                    KetQua_Id=result,
                    ChiSo_Id=test["TEST_INDEX_ID"],
                    GiaTri=test["RESULT_VALUE"],
                    NgayCapNhat=moment(test["MODIFY_TIME"]),
                )
        if (surgery := self._surgeries.get(item["ID"])) is not None:
            self.t.add(
                "PhauThuat",
                "PhauThuat_Id",
                ChiDinhCT_Id=done,
                BatDau=moment(surgery["BEGIN_TIME"]),
                KetThuc=moment(surgery["END_TIME"]),
                VoCam_Id=self.t.d.word("VOCAM", surgery["ANAESTHESIA_ID"]),
                TrinhTu=surgery["NARRATIVE"],
                PhauThuatVien_Id=self.t.staff(order["EXECUTE_LOGINNAME"])["ID"],
            )
        return done, service

    def _dispense(self, item: Row, order: Row) -> tuple[int, int]:
        product, known = self.t.d.products[item["PRODUCT_LOT_ID"]]
        prescribed = None
        if (use := self._uses.get(item["ID"])) is not None:
            if order["ID"] not in self._sheets:
                self._sheets[order["ID"]] = self.t.add(
                    "DonThuoc",
                    "DonThuoc_Id",
                    LuotDen_Id=self.stay.visit,
                    HoSo_Id=self.stay.record,
                    ThoiGianKe=moment(order["INSTRUCTION_TIME"]),
                    BacSi_Id=self.t.staff(order["REQUEST_LOGINNAME"])["ID"],
                    NgayCapNhat=moment(order["MODIFY_TIME"]),
                )
            prescribed = self.t.add(
                "DonThuocCT",
                "DonThuocCT_Id",
                DonThuoc_Id=self._sheets[order["ID"]],
                Duoc_Id=product,
                SoLuong=quantity(item),
                CachDung=use["TUTORIAL"],
                Huy=1 if item["IS_DELETE"] else None,
            )
        parent = self._made.get(item["PARENT_ID"] or 0)
        dispensed = {
            "DonThuocCT_Id": prescribed,
            "ChiDinhCT_Id": parent,
            "Duoc_Id": product,
            "DonGiaMua": f"{known['price']:.3f}",
            "TT_Thau": known["tender"],
            "ThoiGianXuat": moment(order["START_TIME"]),
            "KhoaPhong_Id": self.t.d.departments[order["REQUEST_DEPARTMENT_ID"]],
        }
        return self.t.add("XuatKho", "XuatKho_Id", SoLuong=quantity(item), **dispensed), product

    def _bed(self, item: Row, order: Row) -> tuple[int, int]:
        code = str(item["BED_CODE"])
        if code not in self._beds:
            stay = self.stay.episode.rows["BED_STAY"][0]
            self._beds[code] = self.t.add(
                "NamKhoa",
                "NamKhoa_Id",
                HoSo_Id=self.stay.record,
                KhoaPhong_Id=self.t.d.departments[order["REQUEST_DEPARTMENT_ID"]],
                MaGiuong=code,
                VaoLuc=moment(stay["START_TIME"]),
                RaLuc=moment(stay["FINISH_TIME"]),
            )
        return self._beds[code], self.t.d.services[item["SERVICE_ID"]]

    def _line(self, bill: int, source: tuple[str, int, int], item: Row, order: Row) -> None:
        price, insured = prices(item)
        fund = item.get("TOTAL_HEIN_PRICE")
        own_purse = item["PAYER_TYPE_ID"] == SELF_PAID
        number = self.t.add(
            "QuyetToanCT",
            "QuyetToanCT_Id",
            QuyetToan_Id=bill,
            LoaiNguon=source[0],
            Nguon_Id=source[1],
            NoiDung_Id=source[2],
            SoLuong=quantity(item),
            DonGiaBV=f"{price:.3f}",
            DonGiaBH=f"{insured:.3f}",
            BHYTTra=None if own_purse else f"{Decimal(fund or 0):.2f}",
            NguoiBenhCCT=None if own_purse else f"{Decimal(item.get('TOTAL_COPAY') or 0):.2f}",
            TyLeTT=rate_text(share(item), self.t.ids["QuyetToanCT"]),
            MucHuong=rate_text(Decimal(item.get("HEIN_RATIO") or 0) * 100, self.t.ids["QuyetToanCT"] + 1),
            MaKhoa=self.t.d.department_codes[order["REQUEST_DEPARTMENT_ID"]],
            MaBacSi=self.t.staff(order["REQUEST_LOGINNAME"]).get("DIPLOMA"),
            NgayYL=moment(order["INSTRUCTION_TIME"]),
            NgayKQ=moment(order["FINISH_TIME"]),
            MaGiuong=item.get("BED_CODE"),
            NgayCapNhat=moment(item["MODIFY_TIME"]),
        )
        if item["OTHER_SOURCE_PRICE"] is not None:
            self.t.add(
                "NguonKhac",
                "Id",
                QuyetToanCT_Id=number,
                Nguon=_SOURCES[item["OTHER_SOURCE_ID"]],
                SoTien=f"{Decimal(item['OTHER_SOURCE_PRICE']):.2f}",
            )
