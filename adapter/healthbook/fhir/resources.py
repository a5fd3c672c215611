"""Single resources out of the book's values. Only what the book holds; nothing is guessed."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from adapter.dossier.model import decimal_of
from adapter.healthbook.model import (
    Allergy,
    Coded,
    Drug,
    FamilyDisease,
    HealthBook,
    Implant,
    Moment,
    Partial,
    PastDisease,
    Procedure,
    Result,
    Vaccination,
)

Resource = dict[str, Any]
_SEX = {"1": "male", "2": "female", "3": "unknown"}
_LOINC = "http://loinc.org"
_UCUM = "http://unitsofmeasure.org"
_TERMS = "http://terminology.hl7.org/CodeSystem"


@dataclass(slots=True)
class Maker:
    """Makes resources of one book. ``base``: where this facility's names of lists begin."""

    book: HealthBook
    base: str
    made: list[Resource] = field(default_factory=list)

    def id(self, kind: str, number: int = 0) -> str:
        """A stable uuid: the same visit gives the same document again."""
        return str(
            uuid.uuid5(uuid.NAMESPACE_URL, f"{self.base}/{self.book.facility}/{self.book.ma_lk}/{kind}/{number}")
        )

    def add(self, kind: str, number: int = 0, **values: Any) -> str:
        """Keep a resource; its reference comes back. Empty values are left out, ``class_`` is ``class``."""
        identity = self.id(kind, number)
        kept = {key.rstrip("_"): value for key, value in values.items() if value not in (None, [], {})}
        self.made.append({"resourceType": kind, "id": identity, **kept})
        return f"urn:uuid:{identity}"

    def reference(self, kind: str) -> Resource:
        """A reference to the one resource of a kind."""
        return {"reference": f"urn:uuid:{self.id(kind)}"}

    def system(self, name: str) -> str:
        """The name of one of the country's lists, under this facility's address."""
        return f"{self.base.rstrip('/')}/CodeSystem/{name}"

    def concept(self, fact: Coded | None, name: str) -> Resource | None:
        """A code with its name."""
        if fact is None:
            return None
        coding = {"system": self.system(name), "code": fact.code, "display": fact.name}
        found = {k: v for k, v in coding.items() if v}
        return {**({"coding": [found]} if fact.code else {}), "text": fact.shown}

    # ---- who and where -------------------------------------------------------------------------

    def patient(self) -> None:
        """The person."""
        a = self.book.administrative
        names = f"{self.base.rstrip('/')}/NamingSystem"
        identifiers = []
        if a.personal_id:
            identifiers.append({"use": "official", "system": f"{names}/personal-id", "value": a.personal_id.value})
        cards = a.insurance_card_no.items if a.insurance_card_no else ()
        identifiers += [{"use": "secondary", "system": f"{names}/bhyt-card", "value": card} for card in cards]
        address = {
            "use": "home",
            "text": a.address_detail.shown if a.address_detail else None,
            "district": a.commune_code.shown if a.commune_code else None,
            "state": a.province_code.shown if a.province_code else None,
            "country": "VN" if a.province_code else None,
        }
        contact = {
            "relationship": [{"text": a.representative_relation.shown}] if a.representative_relation else None,
            "name": {"text": a.representative_name.shown} if a.representative_name else None,
            "telecom": [{"system": "phone", "value": a.representative_phone.value}] if a.representative_phone else None,
        }
        contact = {k: v for k, v in contact.items() if v}
        address = {k: v for k, v in address.items() if v}
        self.add(
            "Patient",
            identifier=identifiers,
            name=[{"use": "official", "text": a.full_name.value}] if a.full_name else None,
            telecom=[{"system": "phone", "value": a.phone.value}] if a.phone else None,
            gender=_SEX.get(a.sex.code) if a.sex else None,
            birthDate=a.birth_date.value[:10] if a.birth_date else None,
            address=[address] if len(address) > 1 else None,
            contact=[contact] if contact else None,
        )

    def organization(self) -> None:
        """The facility."""
        at = self.book.encounter.facility
        name = f"{self.base.rstrip('/')}/NamingSystem/facility-5"
        self.add(
            "Organization",
            identifier=[{"system": name, "value": self.book.facility}],
            name=at.shown if at else self.book.facility,
        )

    def practitioner(self) -> bool:
        """The treating doctor; False when the book names none."""
        e = self.book.encounter
        if e.treating_doctor is None:
            return False
        phone = e.treating_doctor_phone
        self.add(
            "Practitioner",
            name=[{"text": e.treating_doctor.value}],
            telecom=[{"system": "phone", "value": phone.value}] if phone else None,
        )
        return True

    def encounter(self, *, doctor: bool) -> None:
        """The visit. In-patient kinds are IMP, the rest AMB."""
        e = self.book.encounter
        kind = e.visit_type.code if e.visit_type else ""
        inpatient = kind in {"03", "04", "06", "09"}
        period = {"start": _at(e.admitted_at), "end": _at(e.discharged_at)}
        reason = e.visit_reason or e.inpatient_reason
        outcome = self.concept(e.discharge_status, "discharge-type")
        setting = {
            "system": f"{_TERMS}/v3-ActCode",
            "code": "IMP" if inpatient else "AMB",
            "display": "inpatient encounter" if inpatient else "ambulatory",
        }
        self.add(
            "Encounter",
            identifier=[{"system": f"{self.base.rstrip('/')}/NamingSystem/ma-lk", "value": self.book.ma_lk}],
            status="finished" if e.discharged_at else "unknown",
            class_=setting,
            type=[self.concept(e.visit_type, "visit-type")] if e.visit_type else None,
            subject=self.reference("Patient"),
            participant=[{"individual": self.reference("Practitioner")}] if doctor else None,
            period={k: v for k, v in period.items() if v},
            reasonCode=[{"text": reason.value}] if reason else None,
            hospitalization={"dischargeDisposition": outcome} if outcome else None,
            serviceProvider=self.reference("Organization"),
        )

    # ---- what was found and done ---------------------------------------------------------------

    def problems(self) -> Iterator[str]:
        """Diseases of the visit, the main one first."""
        e = self.book.encounter
        others = e.other_diseases.items if e.other_diseases else ()
        traditional = e.tm_diagnosis.items if e.tm_diagnosis else ()
        coded = [(c, "icd10-vn") for c in ((e.main_disease,) if e.main_disease else ()) + others]
        coded += [(c, "tm-diagnosis") for c in traditional]
        for number, (fact, name) in enumerate(coded):
            concept = self.concept(fact, name)
            if number == 0 and concept and e.discharge_diagnosis_text:
                concept["text"] = e.discharge_diagnosis_text.value
            yield self._condition(number, concept, category="encounter-diagnosis")
        if not coded and e.discharge_diagnosis_text:
            yield self._condition(0, {"text": e.discharge_diagnosis_text.value}, category="encounter-diagnosis")

    def past(self, number: int, row: PastDisease) -> str:
        """A disease from the history."""
        onset = row.past_disease_time.value if row.past_disease_time else None
        concept = self.concept(row.past_disease_diagnosis, "icd10-vn") or {"text": "—"}
        return self._condition(1000 + number, concept, category="problem-list-item", onsetDateTime=onset)

    def _condition(self, number: int, code: Resource | None, *, category: str, **more: Any) -> str:
        return self.add(
            "Condition",
            number,
            category=[{"coding": [{"system": f"{_TERMS}/condition-category", "code": category}]}],
            code=code,
            subject=self.reference("Patient"),
            encounter=self.reference("Encounter") if category == "encounter-diagnosis" else None,
            **more,
        )

    def allergy(self, number: int, row: Allergy) -> str:
        """An allergy; whether it was confirmed the book does not say."""
        shows = row.allergy_manifestation
        return self.add(
            "AllergyIntolerance",
            number,
            clinicalStatus={"coding": [{"system": f"{_TERMS}/allergyintolerance-clinical", "code": "active"}]},
            code={"text": row.allergen.value if row.allergen else "—"},
            patient=self.reference("Patient"),
            note=[{"text": row.allergy_type.value}] if row.allergy_type else None,
            reaction=[{"manifestation": [{"text": shows.value}]}] if shows else None,
        )

    def measures(self) -> Iterator[str]:
        """Height, weight, blood group."""
        e = self.book.encounter
        for number, (fact, code, name, unit) in enumerate(
            ((e.height, "8302-2", "Body height", "cm"), (e.weight, "29463-7", "Body weight", "kg"))
        ):
            if fact is not None:
                yield self._observation(
                    number,
                    {"coding": [{"system": _LOINC, "code": code, "display": name}]},
                    category="vital-signs",
                    effectiveDateTime=_at(e.admitted_at),
                    valueQuantity={"value": fact.value, "unit": unit, "system": _UCUM, "code": unit},
                )
        if e.blood_group is not None:
            group = {"coding": [{"system": _LOINC, "code": "883-9", "display": "ABO group [Type] in Blood"}]}
            yield self._observation(2, group, valueCodeableConcept={"text": e.blood_group.code})

    def result(self, number: int, row: Result) -> str:
        """One result: a number with its unit where it is one, otherwise the words as they stand."""
        coding = []
        if row.cls_indicator_code:
            coding.append({"system": self.system("indicator"), "code": row.cls_indicator_code.code})
        if row.cls_service:
            coding.append({"system": self.system("service"), "code": row.cls_service.code})
        name = row.cls_indicator_name or row.cls_service
        value: Resource = {}
        if row.cls_value is not None:
            plain = decimal_of(row.cls_value.value)
            unit = row.cls_unit.value if row.cls_unit else None
            if plain is not None:
                value = {"valueQuantity": {"value": plain, **({"unit": unit} if unit else {})}}
            else:
                value = {"valueString": f"{row.cls_value.value} {unit or ''}".strip()}
        elif row.cls_conclusion is not None:
            value = {"valueString": row.cls_conclusion.value}
        notes = [
            f.value for f in (row.cls_description, row.cls_conclusion) if f and f.value != value.get("valueString")
        ]
        return self._observation(
            100 + number,
            {**({"coding": coding} if coding else {}), "text": name.shown if name else "—"},
            effectiveDateTime=_at(row.cls_result_at),
            note=[{"text": text} for text in notes],
            **value,
        )

    def _observation(self, number: int, code: Resource, *, category: str = "", **more: Any) -> str:
        kind = [{"coding": [{"system": f"{_TERMS}/observation-category", "code": category}]}] if category else None
        return self.add(
            "Observation",
            number,
            status="final",
            category=kind,
            code=code,
            subject=self.reference("Patient"),
            encounter=self.reference("Encounter"),
            **more,
        )

    def drug(self, number: int, row: Drug) -> str:
        """A drug used or handed out."""
        concept = self.concept(row.drug_code, "drug-ingredient") or {}
        name = " ".join(f.value for f in (row.drug_name, row.drug_strength) if f) or concept.get("text") or "—"
        said = "; ".join(f.value for f in (row.drug_dosage, row.drug_instruction) if f)
        dosage: Resource = {"text": said} if said else {}
        route = self.concept(row.drug_route, "drug-route")
        if route:
            dosage["route"] = route
        much = row.drug_quantity
        amount = f"{much.shown} {row.drug_unit.value if row.drug_unit else ''}".strip() if much else ""
        return self.add(
            "MedicationStatement",
            number,
            status="completed",
            medicationCodeableConcept={**concept, "text": name},
            subject=self.reference("Patient"),
            context=self.reference("Encounter"),
            effectiveDateTime=_at(row.drug_ordered_at),
            note=[{"text": amount}] if amount else None,
            dosage=[dosage] if dosage else None,
        )

    def procedure(self, number: int, row: Procedure) -> str:
        """A surgery or procedure."""
        codes = row.procedure_icd9.items if row.procedure_icd9 else ()
        coding = [{"system": self.system("icd9cm"), "code": c.code} for c in codes]
        return self.add(
            "Procedure",
            number,
            status="completed",
            code={
                **({"coding": coding} if coding else {}),
                "text": row.procedure_name.shown if row.procedure_name else "—",
            },
            subject=self.reference("Patient"),
            encounter=self.reference("Encounter"),
            performedDateTime=_at(row.procedure_done_at),
        )

    def vaccination(self, number: int, row: Vaccination) -> str:
        """A dose; without a day only that it was given is known."""
        when = {"occurrenceDateTime": row.vaccine_date.value} if row.vaccine_date else {"occurrenceString": "không rõ"}
        dose = [{"doseNumberPositiveInt": row.vaccine_dose_no.value}] if row.vaccine_dose_no else None
        against = row.vaccine_antigen
        return self.add(
            "Immunization",
            number,
            status="completed",
            vaccineCode={"text": row.vaccine_type.value if row.vaccine_type else "—"},
            patient=self.reference("Patient"),
            **when,
            note=[{"text": against.value}] if against else None,
            protocolApplied=dose,
        )

    def family(self, number: int, row: FamilyDisease) -> str:
        """A disease in the family; who had it stands in the text where the HIS says it."""
        return self.add(
            "FamilyMemberHistory",
            number,
            status="partial",
            patient=self.reference("Patient"),
            relationship={
                "coding": [{"system": f"{_TERMS}/v3-RoleCode", "code": "FAMMEMB", "display": "family member"}]
            },
            condition=[{"code": self.concept(row.family_history, "icd10-vn")}],
        )

    def device(self, number: int, row: Implant) -> str:
        """An implanted device."""
        parts = row.implants.parts if row.implants else {}
        serial, day = parts.get("serial"), parts.get("date")
        name = parts.get("name") or parts.get("code")
        device = self.add(
            "Device",
            number,
            serialNumber=serial.shown if serial else None,
            deviceName=[{"name": name.shown, "type": "user-friendly-name"}] if name else None,
            patient=self.reference("Patient"),
        )
        when = day.value if isinstance(day, Partial) else _at(day) if isinstance(day, Moment) else None
        return self.add(
            "DeviceUseStatement",
            number,
            status="active",
            subject=self.reference("Patient"),
            timingDateTime=when,
            device={"reference": device},
        )


def _at(fact: Moment | None) -> str | None:
    return fact.value.isoformat() if fact is not None else None
