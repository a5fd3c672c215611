"""An encounter as demo HIS C keeps it: every row in the schema of the month it happened in."""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime
from decimal import Decimal
from typing import Any

from adapter.demo.his_a.tables import prices, share
from adapter.demo.his_b.catalogue import Catalogue
from adapter.demo.his_b.episode import Episode
from adapter.demo.his_b.money import SELF_PAID, Row, counts, r2
from adapter.demo.his_c.dictionaries import RECORD_KINDS, ROUTES, moment, month_of, typed_day
from adapter.demo.window import stamp
from adapter.text.charset import encode

_RETURNED = 2
_REFUND_EVERY, _REDONE_EVERY, _VNI_EVERY = 12, 15, 20


def episode_number(e: Episode) -> int:
    """``maql``: arrival and serial in 18 digits; MA_LK of this HIS."""
    return int(f"{e.arrival:%y%m%d%H%M%S}{int(e.code):06d}")


class Converter:
    """Turns episodes into rows; ``take`` hands over what has gathered since the last time."""

    def __init__(self, catalogue: Catalogue, now: datetime) -> None:
        self._product_of = {lot["ID"]: lot["PRODUCT_ID"] for lot in catalogue.lots.values()}
        self._now = now
        self._rows: dict[str, list[Row]] = defaultdict(list)
        self._ids: dict[str, int] = defaultdict(int)

    def take(self) -> dict[str, list[Row]]:
        found = dict(self._rows)
        self._rows.clear()
        return found

    def add(self, e: Episode) -> None:
        """Write one encounter."""
        number = episode_number(e)
        self._person(e)
        self._registration(e, number)
        self._cards(e, number)
        orders = {o["ID"]: o for o in e.rows["SERVICE_ORDER"]}
        self._orders(e, number, orders)
        self._findings(e, number)
        if e.row.get("FEE_LOCK_TIME"):
            self._payment(e, number, orders)

    def _put(self, table: str, at: int, **values: Any) -> int:
        """A numbered row in the month of ``at``; its number comes back."""
        self._ids[table] += 1
        self._rows[f"{month_of(at)}_{table}"].append({"id": self._ids[table], **values})
        return self._ids[table]

    def _person(self, e: Episode) -> None:
        p = e.patient
        name = str(p["VIR_PATIENT_NAME"])
        old = encode(name, "vni") if e.person.number % _VNI_EVERY == 0 else None
        if old is not None and not old[1]:
            name = old[0].decode("cp1252")
        self._rows["hisc_nguoibenh"].append(
            {
                "mabn": f"{p['PATIENT_CODE']}",
                "hoten": name,
                "ngaysinh": "" if p["HAS_NOT_DAY_DOB"] else typed_day(p["DOB"]),
                "namsinh": int(str(p["DOB"])[:4]),
                "phai": {1: 1, 2: 0}.get(p["GENDER_ID"]),
                "cmnd": p["CCCD_NUMBER"] if (p["CCCD_NUMBER"] or "").strip() else p.get("CMND_NUMBER"),
                "ngaycap": typed_day(p["CCCD_DATE"]),
                "noicap": p["CCCD_PLACE"],
                "sobhxh": p["SOCIAL_INSURANCE_NUMBER"],
                "dienthoai": p["MOBILE"],
                "sonha": p["ADDRESS"],
                "matinh": p["PROVINCE_CODE"],
                "maxa": p["COMMUNE_CODE"],
                "madantoc": p["ETHNIC_CODE"],
                "mann": p["CAREER_CODE"],
                "maquoctich": p["NATIONAL_CODE"],
                "nhommau": f"{p['BLOOD_ABO']}{p['BLOOD_RH']}" if p["BLOOD_ABO"] else None,
                "hotencha": p["FATHER_NAME"],
                "hotenme": p["MOTHER_NAME"],
                "nguoigiamho": p["GUARDIAN_NAME"],
                "noilam": e.row.get("WORK_PLACE"),
                "ngayud": moment(e.row["MODIFY_TIME"]),
            }
        )

    def _registration(self, e: Episode, number: int) -> None:
        row = e.row
        payers = e.rows["EPISODE_PAYER"]
        weights = [v["WEIGHT"] for v in e.rows["VITAL"]]
        self._rows[f"{month_of(row['IN_TIME'])}_dangky"].append(
            {
                "maql": number,
                "mabn": e.patient["PATIENT_CODE"],
                "loaibn": RECORD_KINDS[row["TREATMENT_TYPE_ID"]],
                "madoituong": 1 if e.insured else 2,
                "doituongkcb": ROUTES.get(payers[-1].get("RIGHT_ROUTE_TYPE_CODE") or "") if payers else None,
                "ngay": moment(row["IN_TIME"]),
                "nhapkhoa": moment(row.get("CLINICAL_IN_TIME")),
                "ngayra": moment(row.get("OUT_TIME")),
                "lydo": row["VISIT_REASON"],
                "lydonhapvien": row.get("HOSPITALIZE_REASON"),
                "chandoanvao": row["PROVISIONAL_DIAGNOSIS"],
                "chandoan": row["ICD_TEXT"],
                "maicd": row["ICD_CODE"],
                "maicdkem": row["ICD_SUB_CODE"],
                "mayhct": row.get("TRADITIONAL_ICD_CODE"),
                "ketqua": row.get("RESULT_ID"),
                "ttlucrv": row.get("END_TYPE_ID"),
                "tainan": row.get("ACCIDENT_ID"),
                "makp": str(row["END_DEPARTMENT_ID"]),
                "mabs": row.get("END_LOGINNAME") or row["DOCTOR_LOGINNAME"],
                "songay": row.get("DAY_COUNT"),
                "sobenhan": row["STORE_CODE"],
                "noigioithieu": row.get("TRANSFER_IN_ORG_CODE"),
                "sogiaychuyen": row.get("TRANSFER_IN_CODE"),
                "noichuyenden": row.get("TRANSFER_OUT_ORG_CODE"),
                "sochuyen": row.get("TRANSFER_OUT_CODE"),
                "lydochuyen": row.get("TRANSFER_REASON_ID"),
                "phuongtien": row.get("TRANSPORT_VEHICLE"),
                "nguoihotong": row.get("TRANSPORTER"),
                "chucdanhhotong": row.get("TRANSPORTER_TITLE"),
                "ppdieutri": row.get("TREATMENT_METHOD"),
                "tomtatbenhly": row.get("CLINICAL_SUMMARY"),
                "tomtatcls": row.get("SUBCLINICAL_SUMMARY"),
                "loidan": row.get("ADVISE"),
                "ngayhen": moment(row.get("APPOINTMENT_TIME")),
                "sogiayhen": row.get("APPOINTMENT_CODE"),
                "nghitu": moment(row.get("SICK_LEAVE_FROM")),
                "nghiden": moment(row.get("SICK_LEAVE_TO")),
                "sogiaynghi": row.get("SICK_LEAVE_CODE"),
                "cannang": weights[-1] if weights else None,
                "ketthuc": row.get("IS_PAUSE"),
                "huy": 0 if e.person.number % 3 else None,
                "ngayud": moment(row["MODIFY_TIME"]),
            }
        )

    def _cards(self, e: Episode, number: int) -> None:
        cards = [p for p in e.rows["EPISODE_PAYER"] if p.get("CARD_NUMBER")]
        for order, card in enumerate(cards, start=1):
            # A second card is entered on the day it begins.
            at = e.row["IN_TIME"] if order == 1 else card["LOG_TIME"]
            self._put(
                "thebhyt",
                min(at, stamp(self._now)),
                maql=number,
                stt=order,
                sothe=card["CARD_NUMBER"],
                tungay=moment(card["CARD_FROM_TIME"]),
                denngay=moment(card["CARD_TO_TIME"]),
                madkbd=card["CARD_ORG_CODE"],
                khuvuc=card.get("LIVE_AREA_CODE"),
                ngay5nam=moment(card.get("JOIN_5_YEAR_TIME")),
                ngaymienct=moment(card.get("FREE_CO_PAID_TIME")),
            )

    def _orders(self, e: Episode, number: int, orders: dict[int, Row]) -> None:
        uses = {u["ITEM_ID"]: u for u in e.rows["ITEM_DRUG_USE"]}
        surgeries = {s["ITEM_ID"]: s for s in e.rows["ITEM_SURGERY"]}
        for item in e.rows["SERVED_ITEM"]:
            order = orders[item["ORDER_ID"]]
            surgery = surgeries.get(item["ID"], {})
            self._rows[f"{month_of(min(order['INSTRUCTION_TIME'], stamp(self._now)))}_chidinh"].append(
                {
                    "id": item["ID"],
                    "maql": number,
                    "mavp": self._content(item),
                    "idcha": item["PARENT_ID"],
                    "soluong": f"{Decimal(item['AMOUNT']):.3f}",
                    "ngay": moment(order["INSTRUCTION_TIME"]),
                    "ngayth": moment(order["START_TIME"]),
                    "ngaykq": moment(order["FINISH_TIME"]),
                    "makp": str(order["REQUEST_DEPARTMENT_ID"]),
                    "mabs": order["REQUEST_LOGINNAME"],
                    "mabsth": order["EXECUTE_LOGINNAME"],
                    "mamay": order["MACHINE_CODE"],
                    "giuong": item.get("BED_CODE"),
                    "cachdung": uses.get(item["ID"], {}).get("TUTORIAL"),
                    "vocam": surgery.get("ANAESTHESIA_ID"),
                    "tuongtrinh": surgery.get("NARRATIVE"),
                    "done": 0 if item["IS_NO_EXECUTE"] else 1,
                    "huy": item["IS_DELETE"],
                    "haophi": item["IS_EXPEND"],
                }
            )

    def _content(self, item: Row) -> int:
        return int(item["SERVICE_ID"] or self._product_of[item["PRODUCT_LOT_ID"]])

    def _findings(self, e: Episode, number: int) -> None:
        at = stamp(self._now)
        for test in e.rows["ITEM_TEST"]:
            when = min(test["CREATE_TIME"], at)
            self._put(
                "ketqua",
                when,
                maql=number,
                idchidinh=test["ITEM_ID"],
                idchiso=test["TEST_INDEX_ID"],
                giatri=test["RESULT_VALUE"],
                ngay=moment(test["CREATE_TIME"]),
            )
        for report in e.rows["ITEM_REPORT"]:
            self._put(
                "baocao",
                min(report["END_TIME"], at),
                maql=number,
                idchidinh=report["ITEM_ID"],
                mota=report["DESCRIPTION"],
                ketluan=report["CONCLUDE"],
                ngay=moment(report["END_TIME"]),
                mabs=report["RESULT_LOGINNAME"],
            )
        for note in e.rows["WARD_NOTE"]:
            self._put(
                "dienbien",
                min(note["NOTE_TIME"], at),
                maql=number,
                ngay=moment(note["NOTE_TIME"]),
                noidung=note["CONTENT"],
                hoichan=note.get("CONSULTATION"),
                mabs=note["LOGINNAME"],
            )

    def _payment(self, e: Episode, number: int, orders: dict[int, Row]) -> None:
        paid = int(e.row["FEE_LOCK_TIME"])
        if e.person.number % _REDONE_EVERY == 0:  # an earlier receipt, cancelled and replaced
            self._put("thanhtoan", paid, maql=number, sobienlai=f"{e.code[-7:]}H", ngay=moment(paid), huy=1)
        receipt = f"{e.code[-7:]}"
        bill = self._put("thanhtoan", paid, maql=number, sobienlai=receipt, ngay=moment(paid), huy=None)
        to_return = e.person.number % _REFUND_EVERY == 0
        for item in e.rows["SERVED_ITEM"]:
            if not counts(item):
                continue
            back = to_return and item["PRODUCT_LOT_ID"] is not None and item.get("TOTAL_HEIN_PRICE") is not None
            to_return = to_return and not back
            self._line((number, bill, paid), item, orders[item["ORDER_ID"]], more=_RETURNED if back else 0)
            if back:
                self._refund(number, receipt, paid, item)

    def _line(self, bill: tuple[int, int, int], item: Row, order: Row, *, more: int) -> None:
        """A line of the bill; ``more`` units were billed at first and given back later."""
        price, insured = prices(item)
        own = item["PAYER_TYPE_ID"] == SELF_PAID
        fund, copay = _paid(item, more)
        self._put(
            "thanhtoanct",
            bill[2],
            idthanhtoan=bill[1],
            maql=bill[0],
            idchidinh=item["ID"],
            mavp=self._content(item),
            ngay=moment(order["INSTRUCTION_TIME"]),
            soluong=f"{Decimal(item['AMOUNT']) + more:.3f}",
            dongia=f"{price:.3f}",
            dongiabh=f"{insured:.3f}",
            tyle=f"{share(item):.0f}",
            muchuong=f"{Decimal(item.get('HEIN_RATIO') or 0) * 100:.0f}",
            bhyttra=None if own else f"{fund:.2f}",
            cungchitra=None if own else f"{copay:.2f}",
            madoituong=2 if own else 1,
            nguonkhac=item.get("OTHER_SOURCE_ID"),
            tiennguonkhac=item["OTHER_SOURCE_PRICE"],
        )

    def _refund(self, number: int, receipt: str, paid: int, item: Row) -> None:
        """Paid out on the first morning of the next month where that has come, else at once."""
        year, month = divmod(int(str(paid)[:4]) * 12 + int(str(paid)[4:6]), 12)
        later = (year * 100 + month + 1) * 100_000_000 + 1_080_000
        at = later if later <= stamp(self._now) else paid
        (fund, copay), (kept_fund, kept_copay) = _paid(item, _RETURNED), _paid(item, 0)
        self._put(
            "hoantra",
            at,
            maql=number,
            sobienlai=receipt,
            idchidinh=item["ID"],
            soluong=f"{_RETURNED}.000",
            bhyttra=f"{fund - kept_fund:.2f}",
            cungchitra=f"{copay - kept_copay:.2f}",
            ngay=moment(at),
        )


def _paid(item: Row, more: int) -> tuple[Decimal, Decimal]:
    """The fund's and the patient's share when ``more`` units than consumed are billed."""
    factor = (Decimal(item["AMOUNT"]) + more) / Decimal(item["AMOUNT"])
    return r2(Decimal(item.get("TOTAL_HEIN_PRICE") or 0) * factor), r2(Decimal(item.get("TOTAL_COPAY") or 0) * factor)
