"""The root schema of demo HIS C: dictionaries, and how this HIS writes what demo HIS B writes otherwise."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from adapter.demo.his_b.catalogue import Catalogue
from adapter.demo.his_b.money import Row
from adapter.demo.his_c.months import month_name

RECORD_KINDS = {3: 1, 1: 3, 4: 5, 5: 6, 6: 7, 7: 8, 9: 9}
"""Treatment type of demo HIS B → ``loaibn``: 1 in-patient, 3 clinic …"""
ROUTES = {"DK": 0, "GT": 1, "HK": 2, "TE": 3, "TD": 4, "TN": 5, "CC": 6}
_GROUPS = {"KB": "01KB", "XN": "03XN", "CDHA": "04CDHA", "TDCN": "05TDCN", "PT": "06PT", "TT": "06TT", "VC": "11VC"}
_GROUPS |= {"GNT": "12NG", "GBN": "12BN"}


def moment(stamp: int | None) -> str | None:
    """14 digits as ISO text."""
    if stamp is None:
        return None
    return datetime.strptime(str(stamp), "%Y%m%d%H%M%S").strftime("%Y-%m-%d %H:%M:%S")  # noqa: DTZ007 -- local time


def typed_day(stamp: int | None) -> str | None:
    """14 digits as a clerk types a day here: 17/05/1990."""
    text = moment(stamp)
    return f"{text[8:10]}/{text[5:7]}/{text[:4]}" if text else None


def month_of(stamp: int) -> str:
    """The schema a row of this time lies in."""
    return month_name(int(str(stamp)[:4]), int(str(stamp)[4:6]))


def root_rows(catalogue: Catalogue) -> dict[str, list[Row]]:
    """The dictionary tables' rows."""
    rows: dict[str, list[Row]] = {}

    def add(table: str, **values: Any) -> None:
        rows.setdefault(f"hisc_{table}", []).append(values)

    parameters = catalogue.parameters
    for key, value in (("MA_CSKCB", parameters["facility"]), ("MA_TTDV", parameters["director_license"])):
        add("thamso", ma=key, giatri=value)
    for d in catalogue.departments.values():
        add("khoa", makp=str(d["ID"]), tenkp=d["DEPARTMENT_NAME"], makp_byt=d["REG_CODE"])
    for staff in catalogue.rows["STAFF"]:
        add("bacsi", mabs=staff["LOGINNAME"], hoten=staff["USERNAME"], chungchi=staff.get("DIPLOMA"))
    for s in catalogue.services.values():
        add(
            "dichvu",
            mavp=s["ID"],
            ten=s["name"],
            nhom=_GROUPS[s["group"]],
            ma_byt=s["reg_code"],
            ma_icd9=s["icd_cm"] or None,
            dvt=s["unit"],
        )
    for indexes in catalogue.indexes.values():
        for x in indexes:
            add(
                "chiso",
                id=x["ID"],
                mavp=x["SERVICE_ID"],
                ma_byt=x["REG_CODE"],
                ten=x["INDEX_NAME"],
                donvi=x["UNIT_NAME"],
            )
    for code, p in catalogue.products.items():
        lot = catalogue.lots[code]
        tender = [lot[c] for c in ("BID_NUMBER", "BID_PACKAGE", "BID_GROUP", "BID_YEAR") if lot[c] is not None]
        add(
            "duoc",
            mavp=p["ID"],
            loai=int(p["kind"]),
            ten=p["name"],
            ma_byt=p["ingredient_code"],
            hamluong=p["concentration"] or None,
            dangbaoche=p["form"] or None,
            duongdung=int(p["route"]) if p["route"] else None,
            sodk=p["register"] or None,
            dvt=p["unit"],
            tt_thau=";".join(map(str, tender)) or None,
            vat=p["vat"] or None,
        )
    return rows
