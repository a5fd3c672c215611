"""One encounter of demo HIS B while it is being written: its rows in every table.

Methods add what happens at a hospital (an examination, a test with its results, a drug,
a surgery, a night in a bed); :meth:`Episode.close` settles the bill. Times are local and
naive, as a HIS of this kind keeps them; ``stamp`` turns them into 14 digits.
"""

from __future__ import annotations

import json
import random
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from adapter.demo.his_b.catalogue import Catalogue
from adapter.demo.his_b.memories import remember
from adapter.demo.his_b.money import INSURED, SELF_PAID, Row, settle, text
from adapter.demo.people import FEMALE, MALE, Person, Population
from adapter.demo.window import Window, stamp

TESTS, IMAGING, FUNCTION, SURGERY, PROCEDURE = 1, 2, 3, 8, 18


@dataclass
class Hospital:
    """What all encounters share: dictionaries, people, the calendar and id counters."""

    catalogue: Catalogue
    people: Population
    window: Window
    now: datetime
    rng: random.Random
    ids: dict[str, int] = field(default_factory=lambda: defaultdict(lambda: 1_000_000_000))

    def next_id(self, table: str) -> int:
        self.ids[table] += 1
        return self.ids[table]


class Episode:
    """Rows of one encounter, by table. ``kind`` names the scenario that wrote it."""

    def __init__(
        self,
        hospital: Hospital,
        kind: str,
        person: Person,
        *,
        arrival: datetime,
        end: datetime,
        treatment: int,
        department: str,
        icd: str,
        reason: str,
        sub_icd: tuple[str, ...] = (),
    ) -> None:
        self.h, self.kind, self.person = hospital, kind, person
        self.arrival, self.end, self.department, self.icd = arrival, end, department, icd
        self.rows: dict[str, list[Row]] = defaultdict(list)
        self.insured = False
        self.exempt = False
        self._billed: list[tuple[Row, int | None, datetime]] = []
        names = hospital.catalogue.icd
        self.patient = self._patient(person)
        number = hospital.next_id("EPISODE")
        self.code = f"{number - 1_000_000_000:012d}"
        self.doctor = self.someone(department)
        diagnosis = "; ".join(f"{code} - {names[code]}" for code in (icd, *sub_icd))
        self.row = self.add(
            "EPISODE",
            number=number,
            at=arrival,
            EPISODE_CODE=self.code,
            PATIENT_ID=self.patient["ID"],
            BRANCH_ID=1,
            TDL_PATIENT_CODE=self.patient["PATIENT_CODE"],
            TDL_PATIENT_NAME=person.full_name,
            TDL_PATIENT_DOB=stamp(person.birth),
            TDL_PATIENT_GENDER_ID=person.sex,
            TDL_PAYER_TYPE_ID=SELF_PAID,
            TREATMENT_TYPE_ID=treatment,
            IN_TIME=stamp(arrival),
            IN_DEPARTMENT_ID=self.department_id("KKB"),
            END_DEPARTMENT_ID=self.department_id(department),
            DOCTOR_LOGINNAME=self.doctor["LOGINNAME"],
            VISIT_REASON=reason,
            PROVISIONAL_DIAGNOSIS=names[icd],
            ICD_CODE=icd,
            ICD_NAME=names[icd],
            ICD_SUB_CODE=";" + ";".join(sub_icd) if sub_icd else None,
            ICD_TEXT=diagnosis,
            STORE_CODE=f"BA{number - 1_000_000_000:08d}",
            IS_ACTIVE=1,
        )
        self.vital(arrival + timedelta(minutes=4))
        remember(self)

    # -- rows -----------------------------------------------------------------------------

    def add(self, table: str, *, at: datetime, number: int | None = None, **values: Any) -> Row:
        """A row with id and time stamps."""
        when = stamp(at)
        row: Row = {"ID": number or self.h.next_id(table), "CREATE_TIME": when, "MODIFY_TIME": when, **values}
        self.rows[table].append(row)
        return row

    def department_id(self, code: str) -> int:
        return int(self.h.catalogue.departments[code]["ID"])

    def someone(self, department: str, *, but: str | None = None) -> Row:
        """A member of staff, not ``but``."""
        return self.h.rng.choice([s for s in self.h.catalogue.staff[department] if s["LOGINNAME"] != but])

    def _patient(self, person: Person) -> Row:
        rng, cat = self.h.rng, self.h.catalogue
        commune = rng.choice(cat.communes)
        child = person.age_at(self.arrival) < 16
        mother = self.h.people.born(datetime(1990, 1, 1), FEMALE) if child else None  # noqa: DTZ001 -- a name only
        father = self.h.people.born(datetime(1988, 1, 1), MALE) if child else None  # noqa: DTZ001 -- a name only
        return self.add(
            "PATIENT",
            at=self.arrival,
            PATIENT_CODE=f"{person.number:010d}",
            LAST_NAME=person.last_name,
            FIRST_NAME=person.first_name,
            VIR_PATIENT_NAME=person.full_name,
            DOB=stamp(person.birth),
            HAS_NOT_DAY_DOB=1 if person.year_only else None,
            GENDER_ID=person.sex,
            CCCD_NUMBER=person.cccd,
            CCCD_DATE=stamp(person.birth.replace(year=2022, month=5, day=10)),
            CCCD_PLACE="Cục Cảnh sát quản lý hành chính về trật tự xã hội",
            SOCIAL_INSURANCE_NUMBER=person.insurance,
            MOBILE=person.phone,
            ETHNIC_CODE=rng.choice(("01", "01", "01", "02", "03")),
            CAREER_CODE="00000" if child else rng.choice(cat.parameters["careers"]),
            NATIONAL_CODE="VN",
            ADDRESS=f"Số {rng.randint(1, 300)}, {commune['commune_name']}, {commune['province_name']}",
            PROVINCE_CODE=commune["province"],
            COMMUNE_CODE=commune["commune"],
            BLOOD_ABO=rng.choice((None, "A", "B", "O", "AB")),
            BLOOD_RH="+",
            MOTHER_NAME=mother.full_name if mother else None,
            FATHER_NAME=father.full_name if father else None,
            GUARDIAN_NAME=mother.full_name if mother and rng.random() < 0.5 else None,
        )

    def vital(self, at: datetime, weight: str | None = None) -> Row:
        rng, age = self.h.rng, self.person.age_at(self.arrival)
        kilos = Decimal(weight) if weight else Decimal(rng.randint(420, 780)) / 10
        if weight is None and age < 16:
            kilos = Decimal(35 + age * 22 + rng.randint(0, 20)) / 10
        adult = age >= 16
        return self.add(
            "VITAL",
            at=at,
            EPISODE_ID=self.row["ID"],
            EXECUTE_TIME=stamp(at),
            WEIGHT=f"{kilos:.2f}",
            HEIGHT=f"{rng.randint(148, 176) if adult else 50 + age * 6}.0",
            PULSE=rng.randint(70, 95),
            TEMPERATURE=f"{Decimal(rng.randint(365, 385)) / 10}",
            BP_MAX=rng.randint(105, 145) if adult else 95,
            BP_MIN=rng.randint(62, 88) if adult else 60,
            BREATH_RATE=rng.randint(16, 22),
        )

    # -- payment --------------------------------------------------------------------------

    def insure(
        self,
        prefix: str | None = None,
        *,
        route: str,
        at_home: bool = True,
        since: datetime | None = None,
        until: datetime | None = None,
    ) -> Row:
        """A card of this person: 3 characters of prefix, province, insurance number."""
        parameters, rng = self.h.catalogue.parameters, self.h.rng
        prefix = prefix or self._prefix()
        own = parameters["facility"]
        year = self.arrival.year
        card = f"{prefix}{parameters['province']}{self.person.insurance}"
        if not self.insured:
            self.row.update(TDL_CARD_NUMBER=card, TDL_PAYER_TYPE_ID=INSURED)
        self.insured = True
        return self.add(
            "EPISODE_PAYER",
            at=self.arrival,
            EPISODE_ID=self.row["ID"],
            PAYER_TYPE_ID=INSURED,
            LOG_TIME=stamp((since or self.arrival) + timedelta(minutes=2)),
            CARD_NUMBER=card,
            CARD_FROM_TIME=stamp(since or datetime(year - 1, 1, 1)),  # noqa: DTZ001 -- local day
            CARD_TO_TIME=stamp(until or datetime(year + 1, 12, 31)),  # noqa: DTZ001 -- local day
            CARD_ORG_CODE=own if at_home else rng.choice(parameters["other_facilities"]),
            RIGHT_ROUTE_CODE="DT",
            RIGHT_ROUTE_TYPE_CODE=route,
            LIVE_AREA_CODE=rng.choice(("K1", "K2", "K3")) if rng.random() < 0.05 else None,
            JOIN_5_YEAR_TIME=stamp(datetime(year - 2, 1, 1)) if prefix in ("DN4", "HT3") else None,  # noqa: DTZ001
            HAS_BIRTH_CERTIFICATE=1,
        )

    def _prefix(self) -> str:
        age = self.person.age_at(self.arrival)
        cards = self.h.catalogue.parameters["cards"]
        fit = [(p, c["weight"]) for p, c in cards.items() if c["ages"][0] <= age <= c["ages"][1]]
        return str(self.h.rng.choices([p for p, _ in fit], [w for _, w in fit])[0])

    def self_pay(self) -> None:
        self.add(
            "EPISODE_PAYER",
            at=self.arrival,
            EPISODE_ID=self.row["ID"],
            PAYER_TYPE_ID=SELF_PAID,
            LOG_TIME=stamp(self.arrival + timedelta(minutes=2)),
        )

    # -- what is done ---------------------------------------------------------------------

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
                "PAYER_TYPE_ID": INSURED if self.insured else SELF_PAID,
                "IS_EXPEND": None,
                "IS_NO_EXECUTE": None,
                "IS_DELETE": None,
                **values,
            },
        )
        self._billed.append((row, kind, at))
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

    def note(self, at: datetime, content: str, *, consultation: str | None = None) -> None:
        self.add(
            "WARD_NOTE",
            at=at,
            EPISODE_ID=self.row["ID"],
            NOTE_TIME=stamp(at),
            CONTENT=content,
            CONSULTATION=consultation,
            LOGINNAME=self.doctor["LOGINNAME"],
        )

    def program(self, code: str, values: dict[str, object]) -> None:
        """A record of a care programme, JSON text in this HIS: HIV, LAO, GDYK."""
        self.add(
            "PROGRAM_RECORD",
            at=self.end,
            PATIENT_ID=self.patient["ID"],
            EPISODE_ID=self.row["ID"],
            PROGRAM_CODE=code,
            PAYLOAD=json.dumps(values, ensure_ascii=False),
        )

    # -- the end --------------------------------------------------------------------------

    def close(
        self,
        *,
        end_type: int,
        result: int,
        out: datetime | None = None,
        days: int | None = None,
        locked: bool = True,
        **values: Any,
    ) -> None:
        """Discharge, bill and lock. ``out`` differs from the end of work when drugs cover later days."""
        lock = min(self.end + timedelta(minutes=self.h.rng.randint(5, 18)), self.h.now)
        self.row.update(
            OUT_TIME=stamp(out or self.end),
            IS_PAUSE=1,
            END_TYPE_ID=end_type,
            RESULT_ID=result,
            DAY_COUNT=days,
            END_LOGINNAME=self.doctor["LOGINNAME"],
            FEE_LOCK_TIME=stamp(lock) if locked else None,
            HEIN_LOCK_TIME=stamp(lock) if locked and self.insured else None,
            IS_LOCK_HEIN=1 if locked and self.insured else None,
            MODIFY_TIME=stamp(lock if locked else self.end),
            **values,
        )
        self.bill()
        if locked:
            number = self.h.next_id("PAY_TRANSACTION")
            self.add(
                "PAY_TRANSACTION",
                number=number,
                at=lock,
                TRANSACTION_CODE=f"{number - 1_000_000_000:012d}",
                EPISODE_ID=self.row["ID"],
                KIND_ID=3,
                AMOUNT=text(sum((Decimal(i["VIR_TOTAL_PRICE"]) for i in self.rows["SERVED_ITEM"]), Decimal(0))),
                TRANSACTION_TIME=stamp(lock),
            )

    def bill(self) -> None:
        """Work out every line's amounts from the whole visit."""
        payers = [p for p in self.rows["EPISODE_PAYER"] if p.get("CARD_NUMBER")]
        settle(self._billed, payers, self.h.catalogue.parameters, self.arrival, exempt=self.exempt)
