"""The book as typed values. Every value knows the field it fills, where it came from and how sure the field is.

Classes hold one attribute per field of ``data/fields.csv``; a test keeps both equal. ``shown`` is the text a
citizen reads. Instants are timezone-aware, amounts are Decimal, times known only in part stay so.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from adapter.clock import VIETNAM
from adapter.healthbook.catalogue import Certainty


class _Frozen(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Fact(_Frozen, ABC):
    """What every value carries. ``row`` counts the source table's rows from 1."""

    field: str
    source: str
    row: int | None = None
    certainty: Certainty

    @property
    @abstractmethod
    def shown(self) -> str:
        """The text a person reads."""


class Text(Fact):
    """Words, kept as they are."""

    value: str

    @property
    def shown(self) -> str:
        return self.value


class Coded(Fact):
    """A code and its name on the day of the visit; the name is empty when no list says it."""

    code: str
    name: str = ""

    @property
    def shown(self) -> str:
        return self.name or self.code


class Codes(Fact):
    """Several codes that stand in one element."""

    items: tuple[Coded, ...]

    @property
    def shown(self) -> str:
        return "; ".join(item.shown for item in self.items)


class Number(Fact):
    """A quantity with its unit."""

    value: Decimal
    unit: str = ""

    @property
    def shown(self) -> str:
        plain = format(self.value.normalize(), "f").replace(".", ",")
        return f"{plain} {self.unit}".strip()


class Whole(Fact):
    """A count."""

    value: int

    @property
    def shown(self) -> str:
        return str(self.value)


class Partial(Fact):
    """A time of which perhaps only the year or the month is known: ISO text cut where knowledge ends."""

    value: Annotated[str, Field(pattern=r"^\d{4}(-\d\d(-\d\d(T\d\d:\d\d)?)?)?$")]

    @property
    def shown(self) -> str:
        day, _, time = self.value.partition("T")
        turned = "/".join(reversed(day.split("-")))
        return f"{time} {turned}".strip()


class Moment(Fact):
    """An instant, timezone-aware."""

    value: datetime

    @property
    def shown(self) -> str:
        return self.value.astimezone(VIETNAM).strftime("%H:%M %d/%m/%Y")


class Days(Fact):
    """Several days that stand in one element."""

    items: tuple[date, ...]

    @property
    def shown(self) -> str:
        return "; ".join(day.strftime("%d/%m/%Y") for day in self.items)


class Words(Fact):
    """Several texts that stand in one element."""

    items: tuple[str, ...]

    @property
    def shown(self) -> str:
        return "; ".join(self.items)


class Paper(Fact):
    """A paper or a device: named parts, each a value of its own."""

    parts: dict[str, Text | Coded | Moment | Partial]

    @property
    def shown(self) -> str:
        return " · ".join(part.shown for part in self.parts.values())


AnyFact = Text | Coded | Codes | Number | Whole | Partial | Moment | Days | Words | Paper


class _Row(_Frozen):
    """Facts that belong together."""

    def facts(self) -> Iterator[AnyFact]:
        """Every value there is, in the book's order."""
        for name in type(self).model_fields:
            value = getattr(self, name)
            if isinstance(value, Fact):
                yield value  # type: ignore[misc]  # the kinds of Fact are exactly AnyFact
            elif isinstance(value, tuple):
                for one in value:
                    yield from one.facts()


class Administrative(_Row):
    """I. The person."""

    full_name: Text | None = None
    birth_date: Partial | None = None
    sex: Coded | None = None
    ethnicity: Coded | None = None
    nationality: Coded | None = None
    occupation: Coded | None = None
    personal_id: Text | None = None
    insurance_card_no: Words | None = None
    registered_facility: Codes | None = None
    phone: Text | None = None
    insurance_valid_from: Days | None = None
    insurance_valid_to: Days | None = None
    address_detail: Text | None = None
    commune_code: Coded | None = None
    district_code: Coded | None = None
    province_code: Coded | None = None
    representative_name: Text | None = None
    representative_relation: Coded | None = None
    representative_id: Text | None = None
    representative_phone: Text | None = None


class Allergy(_Row):
    """One allergy."""

    allergy_type: Text | None = None
    allergen: Text | None = None
    allergy_manifestation: Text | None = None


class PastDisease(_Row):
    """One disease the person had."""

    past_disease_time: Partial | None = None
    past_disease_place: Text | None = None
    past_disease_diagnosis: Coded | None = None


class FamilyDisease(_Row):
    """One disease in the family."""

    family_history: Coded | None = None


class Vaccination(_Row):
    """One dose."""

    vaccine_type: Text | None = None
    vaccine_antigen: Text | None = None
    vaccine_dose_no: Whole | None = None
    vaccine_date: Partial | None = None
    vaccine_place: Text | None = None


class History(_Row):
    """II. What was before this visit."""

    allergies: tuple[Allergy, ...] = ()
    past_diseases: tuple[PastDisease, ...] = ()
    vaccinations: tuple[Vaccination, ...] = ()
    family_history: tuple[FamilyDisease, ...] = ()


class Result(_Row):
    """One test, image or function result."""

    cls_service: Coded | None = None
    cls_indicator_code: Coded | None = None
    cls_indicator_name: Text | None = None
    cls_value: Text | None = None
    cls_unit: Text | None = None
    cls_description: Text | None = None
    cls_conclusion: Text | None = None
    cls_result_at: Moment | None = None


class Drug(_Row):
    """One drug line."""

    drug_name: Text | None = None
    drug_code: Coded | None = None
    drug_strength: Text | None = None
    drug_unit: Text | None = None
    drug_quantity: Number | None = None
    drug_dosage: Text | None = None
    drug_instruction: Text | None = None
    drug_route: Coded | None = None
    drug_ordered_at: Moment | None = None


class Procedure(_Row):
    """One surgery or procedure."""

    procedure_name: Text | Coded | None = None
    procedure_icd9: Codes | None = None
    procedure_done_at: Moment | None = None


class Prescribed(_Row):
    """One drug of the prescription taken home."""

    summary_prescription: Text | None = None


class Encounter(_Row):
    """III. The visit."""

    episode_key: Text | None = None
    facility: Coded | None = None
    admitted_at: Moment | None = None
    inpatient_admitted_at: Moment | None = None
    discharged_at: Moment | None = None
    visit_type: Coded | None = None
    visit_reason: Text | None = None
    inpatient_reason: Text | None = None
    discharge_status: Coded | None = None
    treatment_result: Coded | None = None
    discharge_diagnosis_text: Text | None = None
    main_disease: Coded | None = None
    other_diseases: Codes | None = None
    tm_diagnosis: Codes | None = None
    blood_group: Coded | None = None
    height: Number | None = None
    weight: Number | None = None
    results: tuple[Result, ...] = ()
    drugs: tuple[Drug, ...] = ()
    procedures: tuple[Procedure, ...] = ()
    summary_history_course: Text | None = None
    summary_key_results: Text | None = None
    summary_treatment: Text | None = None
    summary_next_care: Text | None = None
    prescription: tuple[Prescribed, ...] = ()
    revisit_date: Days | None = None
    treating_doctor: Text | None = None
    treating_doctor_phone: Text | None = None


class Implant(_Row):
    """One implanted device."""

    implants: Paper | None = None


class LinkedPapers(_Row):
    """Papers that go with the visit, and what was implanted."""

    followup_slip: Paper | None = None
    referral: Paper | None = None
    discharge_paper: Paper | None = None
    implants: tuple[Implant, ...] = ()


class Unreadable(_Frozen):
    """A source value that is there and cannot be read as what the field holds; never the value itself."""

    field: str
    source: str
    row: int | None = None


class HealthBook(_Frozen):
    """One visit of one person as the book holds it. ``on``: the day whose names of codes count."""

    facility: str
    ma_lk: str
    insured: bool
    on: date
    administrative: Administrative
    history: History
    encounter: Encounter
    papers: LinkedPapers
    unreadable: tuple[Unreadable, ...] = ()

    @property
    def sections(self) -> tuple[_Row, ...]:
        """The four parts in the book's order."""
        return (self.administrative, self.history, self.encounter, self.papers)

    def facts(self) -> Iterator[AnyFact]:
        """Every value of the book."""
        for section in self.sections:
            yield from section.facts()

    def filled(self) -> frozenset[str]:
        """Ids of the fields that hold something."""
        return frozenset(fact.field for fact in self.facts())

    def to_json(self) -> dict[str, Any]:
        """The whole book for a program; times ISO, amounts decimal text."""
        return self.model_dump(mode="json", exclude_none=True)


ROWS: dict[str, type[_Row]] = {
    "allergies": Allergy,
    "past_diseases": PastDisease,
    "family_history": FamilyDisease,
    "vaccinations": Vaccination,
    "results": Result,
    "drugs": Drug,
    "procedures": Procedure,
    "prescription": Prescribed,
    "implants": Implant,
}
"""Group of ``data/groups.csv`` → the class of its rows."""
