"""One encounter of demo HIS B while it is being written: its rows in every table.

Methods add what happens at a hospital (an examination, a test with its results, a drug,
a surgery, a night in a bed); :meth:`Episode.close` settles the bill.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from adapter.demo.his_b.acts import Acts
from adapter.demo.his_b.memories import remember
from adapter.demo.his_b.money import INSURED, SELF_PAID, Row, settle, text
from adapter.demo.his_b.record import Hospital
from adapter.demo.people import FEMALE, MALE, Person
from adapter.demo.window import stamp


@dataclass(frozen=True, slots=True)
class Termination:
    """An ended pregnancy: why, when, and its age in weeks. Demo HIS B keeps no such columns, demo HIS A does."""

    cause: str
    at: datetime
    weeks: int


class Episode(Acts):
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
        super().__init__(hospital, arrival=arrival, end=end, department=department, icd=icd)
        self.kind, self.person = kind, person
        self.exempt = False
        self.termination: Termination | None = None
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

    # -- what is written down --------------------------------------------------------------

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
        settle(self.billed, payers, self.h.catalogue.parameters, self.arrival, exempt=self.exempt)
