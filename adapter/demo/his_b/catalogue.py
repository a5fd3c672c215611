"""The dictionaries of demo HIS B: departments, staff, services, products, codes.

They come from ``data/*.csv`` and ``data/parameters.yaml``; codes have the official shape, names and
registration numbers carry DEMO where a real product could be meant.
"""

from __future__ import annotations

import csv
from datetime import datetime, timedelta
from decimal import Decimal
from functools import cached_property
from pathlib import Path
from typing import Any

import yaml

from adapter.demo.his_b.money import Row, text
from adapter.demo.people import Population, licence
from adapter.demo.window import stamp

DATA = Path(__file__).resolve().parent / "data"


def read_csv(name: str) -> list[dict[str, str]]:
    with (DATA / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def read_yaml(name: str) -> Any:
    return yaml.safe_load((DATA / f"{name}.yaml").read_text(encoding="utf-8"))


class Catalogue:
    """Everything an episode refers to, with ids. ``rows`` are the dictionary tables' contents."""

    def __init__(self, people: Population, now: datetime) -> None:
        self.parameters: dict[str, Any] = read_yaml("parameters")
        self.rows: dict[str, list[Row]] = {}
        self._created = stamp(now - timedelta(days=400))
        p = self.parameters
        self._add(
            "BRANCH",
            1,
            BRANCH_CODE=p["branch"]["code"],
            BRANCH_NAME=p["branch"]["name"],
            FACILITY_CODE=p["facility"],
            DIRECTOR_LICENSE=p["director_license"],
        )
        self.departments = self._departments()
        self.staff = self._staff(people, now)
        self._codes()
        self.icd = self._icd()
        groups = self._groups()
        self.services = self._services(groups)
        self.indexes = self._indexes()
        self.products, self.lots = self._products(groups, now.year)

    def _add(self, table: str, number: int, **values: Any) -> Row:
        row: Row = {"ID": number, "CREATE_TIME": self._created, "MODIFY_TIME": self._created, **values}
        self.rows.setdefault(table, []).append(row)
        return row

    def _departments(self) -> dict[str, Row]:
        return {
            d["code"]: self._add(
                "DEPARTMENT",
                100 + i,
                BRANCH_ID=1,
                DEPARTMENT_CODE=d["code"],
                DEPARTMENT_NAME=d["name"],
                REG_CODE=d["reg_code"],
            )
            for i, d in enumerate(read_csv("departments"))
        }

    def _staff(self, people: Population, now: datetime) -> dict[str, list[Row]]:
        """Five people for each department; the licence number is their code on the claim."""
        found: dict[str, list[Row]] = {}
        number = 100
        for code in self.departments:
            for k in range(5):
                number += 1
                person = people.person(now, ages=(26, 60), year_only_share=0)
                found.setdefault(code, []).append(
                    self._add(
                        "STAFF",
                        number,
                        LOGINNAME=f"{code.lower()}{k + 1}",
                        USERNAME=person.full_name,
                        DIPLOMA=licence(number),
                        TITLE="Bác sĩ" if k < 3 or code not in ("XN", "CDHA", "TDCN") else "Kỹ thuật viên",
                    )
                )
        self._add("STAFF", 99, LOGINNAME="chuacogphn", USERNAME="Người chưa khai giấy phép", TITLE="Bác sĩ")
        return found

    def _codes(self) -> None:
        for i, c in enumerate(read_csv("code_list")):
            self._add(
                "CODE_LIST",
                1 + i,
                LIST_CODE=c["list"],
                ITEM_ID=int(c["id"]),
                ITEM_CODE=c["code"],
                ITEM_NAME=c["name"],
                REG_CODE=c["reg_code"] or None,
            )

    def _icd(self) -> dict[str, str]:
        names: dict[str, str] = {}
        for i, c in enumerate(read_csv("icd")):
            self._add("ICD", 1 + i, ICD_CODE=c["code"], ICD_NAME=c["name"])
            names[c["code"]] = c["name"]
        return names

    def _groups(self) -> dict[str, Row]:
        return {
            g["code"]: self._add(
                "BENEFIT_GROUP",
                1 + i,
                GROUP_CODE=g["code"],
                GROUP_NAME=g["name"],
                REG_CODE=g["reg_code"],
                OLD_REG_CODE=g["old_reg_code"] or None,
                REG_CODE_FROM=int(g["reg_code_from"]) if g["reg_code_from"] else None,
            )
            for i, g in enumerate(read_csv("benefit_groups"))
        }

    def _services(self, groups: dict[str, Row]) -> dict[str, Row]:
        found: dict[str, Row] = {}
        for i, s in enumerate(read_csv("services")):
            row = self._add(
                "SERVICE",
                1000 + i,
                SERVICE_CODE=s["code"],
                SERVICE_NAME=s["name"],
                BENEFIT_GROUP_ID=groups[s["group"]]["ID"],
                REG_CODE=s["reg_code"],
                REG_NAME=s["name"],
                ICD_CM_CODE=s["icd_cm"] or None,
                UNIT_NAME=s["unit"],
            )
            found[s["code"]] = {**row, **s, "GROUP": int(groups[s["group"]]["REG_CODE"])}
        return found

    def _indexes(self) -> dict[str, list[Row]]:
        found: dict[str, list[Row]] = {}
        for i, x in enumerate(read_csv("test_indexes")):
            row = self._add(
                "TEST_INDEX",
                1 + i,
                SERVICE_ID=self.services[x["service"]]["ID"],
                INDEX_CODE=x["code"],
                INDEX_NAME=x["name"],
                REG_CODE=x["reg_code"],
                UNIT_NAME=x["unit"],
            )
            found.setdefault(x["service"], []).append({**row, **x})
        return found

    def _products(self, groups: dict[str, Row], year: int) -> tuple[dict[str, Row], dict[str, Row]]:
        products: dict[str, Row] = {}
        lots: dict[str, Row] = {}
        for i, x in enumerate(read_csv("products")):
            row = self._add(
                "PRODUCT",
                500 + i,
                PRODUCT_KIND=int(x["kind"]),
                PRODUCT_CODE=x["code"],
                PRODUCT_NAME=x["name"],
                INGREDIENT_REG_CODE=x["ingredient_code"],
                INGREDIENT_NAME=x["ingredient"] or None,
                CONCENTRA=x["concentration"] or None,
                DOSAGE_FORM=x["form"] or None,
                USE_FORM_ID=int(x["route"]) if x["route"] else None,
                UNIT_NAME=x["unit"],
                BENEFIT_GROUP_ID=groups[x["group"]]["ID"],
            )
            products[x["code"]] = {**row, **x}
            lots[x["code"]] = self._add(
                "PRODUCT_LOT",
                700 + i,
                PRODUCT_ID=row["ID"],
                REGISTER_NUMBER=x["register"] or None,
                BID_NUMBER=f"{100 + i}/QD-DEMO" if x["package"] else None,
                BID_PACKAGE=x["package"] or None,
                BID_GROUP=x["bid_group"] or None,
                BID_YEAR=year if x["package"] else None,
                IMP_PRICE=text(Decimal(x["price"])),
                IMP_VAT_RATIO=text(Decimal(x["vat"])) if x["vat"] else None,
                EXPIRED_DATE=(year + 2) * 10_000_000_000 + 630_000_000,
            )
        return products, lots

    @cached_property
    def communes(self) -> list[dict[str, str]]:
        return read_csv("communes")
