"""An encounter as demo HIS A keeps it: the same events, other tables, keys, flags, times and texts."""

from __future__ import annotations

from adapter.demo.his_a.dictionaries import Dictionaries
from adapter.demo.his_a.lines import Lines
from adapter.demo.his_a.papers import Papers
from adapter.demo.his_a.tables import Stay, Tables, card_text, day, moment
from adapter.demo.his_b.episode import Episode
from adapter.demo.his_b.memories import APART
from adapter.demo.his_b.money import Row
from adapter.text.charset import encode

MEMORY_KINDS = {
    "ALLERGY": "DI_UNG",
    "PERSONAL": "BAN_THAN",
    "FAMILY": "GIA_DINH",
    "VACCINE": "TIEM_CHUNG",
    "IMPLANT": "CAY_GHEP",
}
RECORD_KINDS = {2: "DTNGT", 3: "NOITRU", 4: "BANNGAY", 5: "MAN_CAPTHUOC", 6: "MAN_DICHVU", 7: "DUOI4H"}


class Converter:
    """Turns episodes into rows; ``take`` hands over what has gathered since the last time."""

    def __init__(self, dictionaries: Dictionaries) -> None:
        self.t = Tables(dictionaries)

    def take(self) -> dict[str, list[Row]]:
        found = dict(self.t.rows)
        self.t.rows.clear()
        return {"dm_Benh": self.t.d.new_diseases(), **found}

    def add(self, e: Episode) -> None:
        """Write one encounter."""
        now = moment(e.row["MODIFY_TIME"])
        person = self._person(e, now)
        visit = self._visit(e, person, now)
        record = self._record(e, visit, now)
        sheet = self._sheets(e, visit, record)
        self._notes(e, record, sheet)
        stay = Stay(e, visit, record, person)
        Lines(self.t, stay, self._bill_head(stay, now)).write()
        Papers(self.t, stay).write()
        for past in e.rows["PATIENT_HISTORY"]:
            self._memory(past, person, now)
        for vital in e.rows["VITAL"]:
            self.t.add(
                "SinhHieu",
                "SinhHieu_Id",
                LuotDen_Id=visit,
                ThoiGian=moment(vital["EXECUTE_TIME"]),
                Mach=vital["PULSE"],
                NhietDo=vital["TEMPERATURE"],
                HuyetApTren=vital["BP_MAX"],
                HuyetApDuoi=vital["BP_MIN"],
                NhipTho=vital["BREATH_RATE"],
                CanNang=vital["WEIGHT"],
                ChieuCao=vital["HEIGHT"],
            )

    def _memory(self, past: Row, person: int, now: str | None) -> None:
        """What an allergy is against stands in a column of its own here."""
        against, _, shows = past["CONTENT"].partition(APART) if past["KIND"] == "ALLERGY" else ("", "", past["CONTENT"])
        self.t.add(
            "TienSu",
            "TienSu_Id",
            BenhNhan_Id=person,
            Loai=MEMORY_KINDS[past["KIND"]],
            NoiDung=shows,
            TacNhan=against or None,
            Benh_Id=self.t.d.disease(past["ICD_CODE"]) if past["ICD_CODE"] else None,
            Ngay=day(past["EVENT_DATE"]),
            NgayCapNhat=now,
        )

    def _person(self, e: Episode, now: str | None) -> int:
        p = e.patient
        old = _in_tcvn3(str(p["VIR_PATIENT_NAME"])) if e.person.number % 20 == 0 else None
        return self.t.add(
            "BenhNhan",
            "BenhNhan_Id",
            MaYTe=p["PATIENT_CODE"],
            HoTen="" if old else p["VIR_PATIENT_NAME"],
            HoTenCu=old,
            GioiTinh={1: "G", 2: "T"}.get(p["GENDER_ID"]),
            NgaySinh=None if p["HAS_NOT_DAY_DOB"] else moment(p["DOB"]),
            NamSinh=int(str(p["DOB"])[:4]),
            SoGiayTo=p["CCCD_NUMBER"] if (p["CCCD_NUMBER"] or "").strip() else p.get("CMND_NUMBER"),
            NgayCapGT=day(p["CCCD_DATE"]),
            NoiCapGT=p["CCCD_PLACE"],
            SoBHXH=p["SOCIAL_INSURANCE_NUMBER"],
            DienThoai=p["MOBILE"],
            SoNha=p["ADDRESS"],
            Tinh_Id=1,
            Xa_Id=self.t.d.communes[p["COMMUNE_CODE"]],
            DanToc_Id=self.t.d.word("DANTOC", p["ETHNIC_CODE"]),
            NgheNghiep_Id=self.t.d.word("NGHENGHIEP", p["CAREER_CODE"]),
            QuocTich_Id=self.t.d.word("QUOCTICH", p["NATIONAL_CODE"]),
            NhomMau=f"{p['BLOOD_ABO']}{p['BLOOD_RH']}" if p["BLOOD_ABO"] else None,
            HoTenMe=p["MOTHER_NAME"],
            HoTenCha=p["FATHER_NAME"],
            NguoiGiamHo=p["GUARDIAN_NAME"],
            NoiLamViec=e.row.get("WORK_PLACE"),
            NgayTao=now,
            NgayCapNhat=now,
        )

    def _visit(self, e: Episode, person: int, now: str | None) -> int:
        row = e.row
        cards = [p for p in e.rows["EPISODE_PAYER"] if p.get("CARD_NUMBER")]
        first: Row = cards[0] if cards else {}
        weights = [v["WEIGHT"] for v in e.rows["VITAL"]]
        last: Row = cards[-1] if cards else {}
        visit = self.t.add(
            "LuotDen",
            "LuotDen_Id",
            SoLuotDen=e.code,
            BenhNhan_Id=person,
            NgayDen=day(row["IN_TIME"]),
            ThoiGianDen=moment(row["IN_TIME"]),
            DoiTuong_Id=self.t.d.word("DOITUONG", "BHYT" if cards else "VP"),
            DoiTuongKcb_Id=self.t.d.word("DOITUONGKCB", last.get("RIGHT_ROUTE_TYPE_CODE")),
            LyDoDen_Id=self.t.d.word("LYDODEN", "XN" if row["TREATMENT_TYPE_ID"] == 9 else "KHAM"),
            LyDoDen=row["VISIT_REASON"],
            SoTheBHYT=card_text(first),
            TheTuNgay=day(first.get("CARD_FROM_TIME")),
            TheDenNgay=day(first.get("CARD_TO_TIME")),
            CoSoGioiThieu_Id=self.t.d.facilities.get(row.get("TRANSFER_IN_ORG_CODE") or ""),
            SoGiayChuyen=row.get("TRANSFER_IN_CODE"),
            NoiSinhSong=last.get("LIVE_AREA_CODE"),
            NgayDu5Nam=day(last.get("JOIN_5_YEAR_TIME")),
            NgayMienCCT=moment(last.get("FREE_CO_PAID_TIME")),
            CanNang=weights[-1] if weights else None,
            TaiNan_Id=self.t.d.word("TAINAN", row.get("ACCIDENT_ID")),
            Huy=0 if e.person.number % 3 else None,
            NgayTao=moment(row["CREATE_TIME"]),
            NgayCapNhat=now,
        )
        for number, card in enumerate(cards[1:], start=2):
            self.t.add(
                "LuotDen_The",
                "Id",
                LuotDen_Id=visit,
                ThuTu=number,
                SoTheBHYT=card_text(card),
                TuNgay=day(card["CARD_FROM_TIME"]),
                DenNgay=day(card["CARD_TO_TIME"]),
                NgayCapNhat=now,
            )
        return visit

    def _record(self, e: Episode, visit: int, now: str | None) -> int | None:
        """A file of treatment; an examination has none."""
        row = e.row
        kind = RECORD_KINDS.get(row["TREATMENT_TYPE_ID"])
        if kind is None:
            return None
        sub = row["ICD_SUB_CODE"]
        return self.t.add(
            "HoSoNoiTru",
            "HoSo_Id",
            SoHoSo=f"{str(row['IN_TIME'])[2:4]}.{e.code[-6:]}/NT",
            LuotDen_Id=visit,
            LoaiHoSo=kind,
            ThoiGianVao=moment(row.get("CLINICAL_IN_TIME") or row["IN_TIME"]),
            ThoiGianRa=moment(row.get("OUT_TIME")),
            SoNgayDieuTri=row.get("DAY_COUNT"),
            ChanDoanVao=row["PROVISIONAL_DIAGNOSIS"],
            ChanDoanRa=row["ICD_TEXT"],
            LyDoNhapVien=row.get("HOSPITALIZE_REASON"),
            BenhChinh_Id=self.t.d.disease(row["ICD_CODE"]),
            BenhKem=", ".join(x.strip() for x in sub.split(";") if x.strip()) if sub else None,
            KetQua_Id=self.t.d.word("KETQUA", row.get("RESULT_ID")),
            LoaiRaVien_Id=self.t.d.word("LOAIRV", row.get("END_TYPE_ID")),
            CoSoChuyenDen_Id=self.t.d.facilities.get(row.get("TRANSFER_OUT_ORG_CODE") or ""),
            KhoaRa_Id=self.t.d.departments[row["END_DEPARTMENT_ID"]],
            PhuongPhapDieuTri=row.get("TREATMENT_METHOD"),
            QuaTrinhBenhLy=row.get("CLINICAL_SUMMARY"),
            TomTatKetQua=row.get("SUBCLINICAL_SUMMARY"),
            KhoaSo=1 if row.get("FEE_LOCK_TIME") else None,
            ThoiGianKhoaSo=moment(row.get("FEE_LOCK_TIME")),
            NgayCapNhat=now,
        )

    def _sheets(self, e: Episode, visit: int, record: int | None) -> int:
        """One sheet of examination, the last word on an out-patient."""
        row = e.row
        sheet = self.t.add(
            "PhieuKham",
            "PhieuKham_Id",
            LuotDen_Id=visit,
            KhoaPhong_Id=self.t.d.departments[row["END_DEPARTMENT_ID"] if record is None else row["IN_DEPARTMENT_ID"]],
            BacSi_Id=self.t.staff(row["DOCTOR_LOGINNAME"])["ID"],
            ThoiGianKham=moment(row["IN_TIME"]),
            ThoiGianKetThuc=moment(row.get("OUT_TIME")) if record is None else moment(row["IN_TIME"]),
            ChanDoan=row["ICD_TEXT"],
            BenhChinh_Id=self.t.d.disease(row["ICD_CODE"]),
            HuongGiaiQuyet_Id=self.t.d.word("HUONGGQ", row.get("RESULT_ID")),
            LoiDan=row.get("ADVISE"),
            Huy=None,
            NgayCapNhat=moment(row["MODIFY_TIME"]),
        )
        codes = dict.fromkeys(x.strip() for x in (row["ICD_SUB_CODE"] or "").split(";") if x.strip())
        for number, code in enumerate(codes, start=1):
            self.t.rows["PhieuKham_Benh"].append(
                {"PhieuKham_Id": sheet, "Benh_Id": self.t.d.disease(code), "ThuTu": number}
            )
        return sheet

    def _notes(self, e: Episode, record: int | None, sheet: int) -> None:
        for note in e.rows["WARD_NOTE"]:
            self._note(record, None if record else sheet, note["NOTE_TIME"], note["CONTENT"], note["LOGINNAME"])
            self.t.rows["DienBien"][-1]["HoiChan"] = note.get("CONSULTATION")
        if record is None and e.row.get("CLINICAL_SUMMARY"):
            self._note(None, sheet, e.row["IN_TIME"], e.row["CLINICAL_SUMMARY"], e.row["DOCTOR_LOGINNAME"])

    def _note(self, record: int | None, sheet: int | None, at: int, text: str, login: str) -> None:
        self.t.add(
            "DienBien",
            "DienBien_Id",
            HoSo_Id=record,
            PhieuKham_Id=sheet,
            ThoiGian=moment(at),
            NoiDung=text,
            BacSi_Id=self.t.staff(login)["ID"],
            NgayCapNhat=moment(at),
        )

    def _bill_head(self, stay: Stay, now: str | None) -> int | None:
        e, record = stay.episode, stay.record
        row = e.row
        if not row.get("FEE_LOCK_TIME"):
            return None
        cards = [p for p in e.rows["EPISODE_PAYER"] if p.get("CARD_NUMBER")]
        values = {
            "LuotDen_Id": stay.visit,
            "HoSo_Id": record,
            "Loai": "NoiTru" if record else "NgoaiTru",
            "SoTheBHYT": card_text(cards[-1]) if cards else None,
            "ThoiGianXacNhan": moment(row["FEE_LOCK_TIME"]),
            "NgayTao": now,
            "NgayCapNhat": now,
        }
        number = self.t.add("QuyetToan", "QuyetToan_Id", SoXacNhan=f"XN{e.code[-8:]}", **values)
        if e.person.number % 15 == 0:  # an earlier bill, undone and replaced by this one
            self.t.add(
                "QuyetToan",
                "QuyetToan_Id",
                **{**values, "SoXacNhan": f"XN{e.code[-8:]}H", "HuyBoi_Id": number, "ThoiGianHuy": now},
            )
        return number


def _in_tcvn3(name: str) -> bytes | None:
    """A name as the hospital's previous system wrote it; None when that alphabet lacks one of its letters."""
    data, lost = encode(name, "tcvn3")
    return None if lost else data
