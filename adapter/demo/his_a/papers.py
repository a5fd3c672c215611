"""Papers and programmes: discharge, birth, leave, transfer and appointment letters, HIV, TB, assessment."""

from __future__ import annotations

import json
from datetime import date

from adapter.demo.his_a.tables import Stay, Tables, day, moment
from adapter.demo.his_b.money import Row


class Papers:
    """Writes the papers of one encounter."""

    def __init__(self, tables: Tables, stay: Stay) -> None:
        self.t, self.stay = tables, stay
        row = stay.episode.row
        self._doctor = tables.staff(row.get("END_LOGINNAME") or row["DOCTOR_LOGINNAME"])["ID"]

    def write(self) -> None:
        """All of them."""
        row = self.stay.episode.row
        if self.stay.record is not None and row.get("END_TYPE_ID") in (1, 5) and row["TREATMENT_TYPE_ID"] in (3, 4, 7):
            self._discharge(row)
        for baby in self.stay.episode.rows["NEWBORN"]:
            self._birth(baby)
        if row.get("SICK_LEAVE_CODE") and not str(row["SICK_LEAVE_CODE"]).startswith("RV-"):
            self._leave(row)
        if row.get("TRANSFER_OUT_CODE"):
            self._transfer(row)
        if row.get("APPOINTMENT_CODE"):
            self._appointment(row)
        for program in self.stay.episode.rows["PROGRAM_RECORD"]:
            self._program(program)

    def _discharge(self, row: Row) -> None:
        self.t.add(
            "GiayRaVien",
            "Id",
            HoSo_Id=self.stay.record,
            SoLuuTru=row["STORE_CODE"],
            NgayCT=day(row["OUT_TIME"]),
            GhiChu=row.get("ADVISE"),
            **_rest(row),
            **self._termination(),
            BacSi_Id=self._doctor,
        )

    def _termination(self) -> Row:
        ended = self.stay.episode.termination
        if ended is None:
            return {}
        at = ended.at.strftime("%Y-%m-%d %H:%M:%S")
        return {"DinhChiThai": 1, "NguyenNhanDinhChi": ended.cause, "LucDinhChi": at, "TuoiThai": ended.weeks}

    def _birth(self, baby: Row) -> None:
        midwife = next(s for s in self.t.d.staff.values() if s["USERNAME"] == baby["MIDWIFE"])
        self.t.add(
            "TreSoSinh",
            "Tre_Id",
            HoSoMe_Id=self.stay.record,
            HoTen=baby["BABY_NAME"],
            GioiTinh={1: "G", 2: "T"}[baby["GENDER_ID"]],
            SinhLuc=moment(baby["BORN_TIME"]),
            CanNangGam=baby["WEIGHT"],
            ThuTuCon=baby["BABY_ORDER"],
            SoConSong=baby["ALIVE_COUNT"],
            LanSinh=baby["BIRTH_COUNT"],
            MoLayThai=baby["IS_SURGERY"],
            TinhTrang=baby["CONDITION"],
            MaTheTam=baby["TEMP_CARD_NUMBER"],
            NguoiDoDe_Id=midwife["ID"],
            SoGCS=str(baby["CERT_NUM"]),
            QuyenSo=baby["CERT_BOOK"],
            NgayCT=day(baby["ISSUED_DATE"]),
        )

    def _leave(self, row: Row) -> None:
        antenatal = str(row["SICK_LEAVE_CODE"]).startswith("DT-")
        first, last = day(row["SICK_LEAVE_FROM"]), day(row["SICK_LEAVE_TO"])
        length = (date.fromisoformat(str(last)) - date.fromisoformat(str(first))).days
        self.t.add(
            "GiayNghi",
            "Id",
            LuotDen_Id=self.stay.visit,
            Loai="DUONGTHAI" if antenatal else "BHXH",
            SoSeri=row["SICK_LEAVE_CODE"],
            SoCT=row["SICK_LEAVE_CODE"],
            MauSo=None if antenatal else "CT07",
            SoNgay=length if antenatal else length + 1,
            TuNgay=first,
            DenNgay=last,
            DonVi=row.get("WORK_PLACE"),
            NgayCT=first,
            BacSi_Id=self._doctor,
        )

    def _transfer(self, row: Row) -> None:
        self.t.add(
            "GiayChuyen",
            "Id",
            LuotDen_Id=self.stay.visit,
            SoHoSo=row["STORE_CODE"],
            SoChuyen=row["TRANSFER_OUT_CODE"],
            CoSoDen_Id=self.t.d.facilities[row["TRANSFER_OUT_ORG_CODE"]],
            LyDo_Id=self.t.d.word("LYDOCHUYEN", row["TRANSFER_REASON_ID"]),
            DauHieuLamSang=row["CLINICAL_SUMMARY"],
            TinhTrang=row["CLINICAL_SUMMARY"],
            HuongDieuTri=row["ADVISE"],
            PhuongTien=row["TRANSPORT_VEHICLE"],
            NguoiHoTong=row["TRANSPORTER"],
            ChucDanhHoTong=row["TRANSPORTER_TITLE"],
            NgayCT=moment(row["OUT_TIME"]),
            BacSi_Id=self._doctor,
        )

    def _appointment(self, row: Row) -> None:
        self.t.add(
            "GiayHen",
            "Id",
            LuotDen_Id=self.stay.visit,
            SoGiay=row["APPOINTMENT_CODE"],
            NgayHen=moment(row["APPOINTMENT_TIME"]),
            NgayCT=day(row["OUT_TIME"]),
            BacSi_Id=self._doctor,
        )

    def _program(self, program: Row) -> None:
        values: dict[str, object] = json.loads(program["PAYLOAD"])
        if program["PROGRAM_CODE"] == "GDYK":
            self.t.add(
                "GiamDinhYKhoa",
                "Id",
                BenhNhan_Id=self.stay.person,
                SoBienBan=values["SO_BIEN_BAN"],
                NgayHop=day(self.stay.episode.row["OUT_TIME"]),
                NguoiChuTri=values["NGUOI_CHU_TRI"],
                ChucVu=values["CHUC_VU"],
                NoiDung=json.dumps(values, ensure_ascii=False),
            )
            return
        for key, value in values.items():
            self.t.add(
                "ChuongTrinh",
                "Id",
                BenhNhan_Id=self.stay.person,
                LuotDen_Id=self.stay.visit,
                Loai=program["PROGRAM_CODE"],
                KhoaChiTiet=key,
                GiaTri=str(value),
            )


def _rest(row: Row) -> Row:
    """Days of rest after discharge, written on the discharge letter."""
    if not str(row.get("SICK_LEAVE_CODE") or "").startswith("RV-"):
        return {}
    first, last = str(day(row["SICK_LEAVE_FROM"])), str(day(row["SICK_LEAVE_TO"]))
    length = (date.fromisoformat(last) - date.fromisoformat(first)).days + 1
    return {"SoNgayNghi": length, "NghiTu": first, "NghiDen": last}
