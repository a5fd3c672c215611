"""What is done for a patient: orders, examinations, tests, reports, procedures, products, nights in a bed."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from adapter.demo.his_b.money import Row, text
from adapter.demo.his_b.record import Record
from adapter.demo.window import stamp


class Acts(Record):
    """Methods that write an order, the line it costs, and its results."""

    def order(
        self,
        at: datetime,
        *,
        performer: str,
        asker: str | None = None,
        start: datetime | None = None,
        finish: datetime | None = None,
        machine: str | None = None,
        kind: int = 1,
    ) -> Row:
        """A request of department ``asker`` carried out by department ``performer``."""
        asker = asker or self.department
        number = self.h.next_id("SERVICE_ORDER")
        doctor = self.doctor if asker == self.department else self.someone(asker)
        return self.add(
            "SERVICE_ORDER",
            number=number,
            at=at,
            ORDER_CODE=f"{number - 1_000_000_000:012d}",
            EPISODE_ID=self.row["ID"],
            ORDER_TYPE_ID=kind,
            STATE_ID=3 if finish else 1,
            INSTRUCTION_TIME=stamp(at),
            START_TIME=stamp(start) if start else None,
            FINISH_TIME=stamp(finish) if finish else None,
            REQUEST_LOGINNAME=doctor["LOGINNAME"],
            EXECUTE_LOGINNAME=self.someone(performer, but=doctor["LOGINNAME"])["LOGINNAME"] if start else None,
            REQUEST_DEPARTMENT_ID=self.department_id(asker),
            EXECUTE_DEPARTMENT_ID=self.department_id(performer),
            ICD_CODE=self.icd,
            MACHINE_CODE=machine,
        )

    def _item(self, order: Row, kind: int | None, at: datetime, **values: Any) -> Row:
        row = self.add(
            "SERVED_ITEM",
            at=at,
            ORDER_ID=order["ID"],
            TDL_EPISODE_ID=self.row["ID"],
            **{
                "SERVICE_ID": None,
                "PRODUCT_LOT_ID": None,
                "PARENT_ID": None,
                "AMOUNT": text(1),
                "VAT_RATIO": None,
                "HEIN_LIMIT_PRICE": None,
                "HEIN_LIMIT_RATIO": None,
                "OTHER_SOURCE_PRICE": None,
                "PAYER_TYPE_ID": self.payer,
                "IS_EXPEND": None,
                "IS_NO_EXECUTE": None,
                "IS_DELETE": None,
                **values,
            },
        )
        self.billed.append((row, kind, at))
        return row

    def service(
        self, code: str, order: Row, at: datetime, *, amount: str = "1", ratio: str = "1", **values: Any
    ) -> Row:
        """A service, billed at ``ratio`` of its list price (second examination 0.3, shared bed 0.5)."""
        s = self.h.catalogue.services[code]
        price = Decimal(s["price"])
        return self._item(
            order,
            None,
            at,
            SERVICE_ID=s["ID"],
            BENEFIT_GROUP_ID=s["BENEFIT_GROUP_ID"],
            TDL_REG_CODE=s["REG_CODE"],
            TDL_REG_NAME=s["REG_NAME"],
            AMOUNT=text(Decimal(amount)),
            ORIGINAL_PRICE=text(price),
            PRICE=text(price * Decimal(ratio)),
            HEIN_LIMIT_PRICE=text(Decimal(s["hein_price"])) if s["hein_price"] else None,
            **values,
        )

    def examine(self, code: str, at: datetime, *, ratio: str = "1") -> Row:
        order = self.order(
            at,
            performer="KKB",
            asker="KKB",
            start=at + timedelta(minutes=3),
            finish=at + timedelta(minutes=15),
            kind=9,
        )
        order["EXECUTE_LOGINNAME"] = order["REQUEST_LOGINNAME"]
        return self.service(code, order, at, ratio=ratio)

    def tests(self, codes: tuple[str, ...], at: datetime, *, asker: str | None = None) -> None:
        """Laboratory work: one order for each machine, a result row for each index."""
        rng = self.h.rng
        for code in codes:
            s = self.h.catalogue.services[code]
            start = at + timedelta(minutes=rng.randint(6, 14))
            finish = start + timedelta(minutes=int(s["minutes"]))
            order = self.order(
                at, performer="XN", asker=asker, start=start, finish=finish, machine=s["machine"], kind=2
            )
            item = self.service(code, order, at)
            for index in self.h.catalogue.indexes[code]:
                low, high = Decimal(index["low"]), Decimal(index["high"])
                value = low + (high - low) * Decimal(rng.randint(0, 1000)) / 1000
                self.add(
                    "ITEM_TEST",
                    at=finish,
                    ITEM_ID=item["ID"],
                    TDL_EPISODE_ID=self.row["ID"],
                    TEST_INDEX_ID=index["ID"],
                    RESULT_VALUE=f"{value:.{int(index['places'])}f}",
                )

    def report(self, code: str, at: datetime, description: str, conclusion: str, *, asker: str | None = None) -> Row:
        """Imaging or a function test with its written report."""
        s = self.h.catalogue.services[code]
        start = at + timedelta(minutes=self.h.rng.randint(8, 20))
        finish = start + timedelta(minutes=int(s["minutes"]))
        order = self.order(
            at,
            performer=s["department"],
            asker=asker,
            start=start,
            finish=finish,
            machine=s["machine"],
            kind=3,
        )
        item = self.service(code, order, at)
        self.add(
            "ITEM_REPORT",
            at=finish,
            ITEM_ID=item["ID"],
            BEGIN_TIME=stamp(start),
            END_TIME=stamp(finish),
            DESCRIPTION=description,
            CONCLUDE=conclusion,
            RESULT_LOGINNAME=order["EXECUTE_LOGINNAME"],
            MACHINE_CODE=s["machine"],
        )
        return item

    def procedure(self, code: str, at: datetime, *, anaesthesia: int | None = None, minutes_to_start: int = 15) -> Row:
        """Surgery or a smaller procedure; surgery gets its protocol."""
        s = self.h.catalogue.services[code]
        start = at + timedelta(minutes=minutes_to_start)
        finish = start + timedelta(minutes=int(s["minutes"]))
        order = self.order(at, performer=s["department"], start=start, finish=finish, machine=s["machine"], kind=4)
        item = self.service(code, order, at)
        self.add(
            "ITEM_SURGERY",
            at=finish,
            ITEM_ID=item["ID"],
            BEGIN_TIME=stamp(start),
            END_TIME=stamp(finish),
            ANAESTHESIA_ID=anaesthesia,
            ICD_CM_CODE=s["ICD_CM_CODE"],
            BEFORE_ICD_CODE=self.icd,
            AFTER_ICD_CODE=self.icd,
            NARRATIVE=f"{s['SERVICE_NAME']}: tiến hành theo quy trình, diễn biến thuận lợi.",
            TEAM_LOGINNAMES=order["EXECUTE_LOGINNAME"],
        )
        return item

    def product(self, code: str, at: datetime, amount: Decimal, *, order: Row | None = None, **values: Any) -> Row:
        """A drug, supply or blood unit from the pharmacy."""
        p, lot = self.h.catalogue.products[code], self.h.catalogue.lots[code]
        order = order or self.order(at, performer=self.department, kind=6)
        price = text(Decimal(p["price"]))
        return self._item(
            order,
            int(p["kind"]),
            at,
            PRODUCT_LOT_ID=lot["ID"],
            BENEFIT_GROUP_ID=p["BENEFIT_GROUP_ID"],
            TDL_REG_CODE=p["INGREDIENT_REG_CODE"],
            TDL_REG_NAME=p["PRODUCT_NAME"],
            AMOUNT=text(amount),
            ORIGINAL_PRICE=price,
            PRICE=price,
            VAT_RATIO=text(Decimal(p["vat"])) if p["vat"] else None,
            HEIN_LIMIT_PRICE=text(Decimal(p["limit_price"])) if p["limit_price"] else None,
            HEIN_LIMIT_RATIO=text(Decimal(p["pay_ratio"])) if p["pay_ratio"] else None,
            **values,
        )

    def drug(
        self, code: str, at: datetime, *, per: str, times: int, days: int, order: Row | None = None, **values: Any
    ) -> Row:
        """A prescription line: ``per`` units each time, ``times`` a day, for ``days`` days."""
        unit = self.h.catalogue.products[code]["UNIT_NAME"].lower()
        amount = Decimal(per) * times * days
        item = self.product(code, at, amount, order=order, **values)
        spoken = {"0.5": "1/2"}.get(per, per)
        self.add(
            "ITEM_DRUG_USE",
            at=at,
            ITEM_ID=item["ID"],
            TUTORIAL=f"{per} {unit}/lần * {times} lần/ngày * {days} ngày [{Decimal(per) * times} {unit}/ngày]",
            MORNING=spoken,
            EVENING=spoken if times > 1 else None,
            USE_TIME_FROM=stamp(at),
            USE_TIME_TO=stamp(at + timedelta(days=days)),
        )
        return item

    def beds(self, code: str, clinical_in: datetime, *, ratio: str = "1", share: int | None = None) -> None:
        """One row for each payable day: discharge day minus admission day."""
        ward = self.h.catalogue.services[code]["department"]
        bed = f"H{self.h.rng.randint(1, 180):03d}"
        days = (self.end.date() - clinical_in.date()).days or (1 if self.end - clinical_in >= timedelta(hours=4) else 0)
        for day in range(days):
            at = clinical_in + timedelta(minutes=10)
            if day:
                at = datetime.combine(clinical_in.date() + timedelta(days=day), at.time()).replace(hour=8, minute=5)
            order = self.order(at, performer=ward, asker=ward, kind=8)
            self.service(code, order, at, ratio=ratio, BED_CODE=bed, SHARE_COUNT=share)
        self.add(
            "BED_STAY",
            at=clinical_in,
            EPISODE_ID=self.row["ID"],
            DEPARTMENT_ID=self.department_id(ward),
            BED_CODE=bed,
            START_TIME=stamp(clinical_in),
            FINISH_TIME=stamp(self.end),
            SHARE_COUNT=share,
        )
