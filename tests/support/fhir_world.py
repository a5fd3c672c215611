"""Patients from foreign generators (carebundle, clinosim), made Vietnamese: invented numbers, a card, a bill.

The generators give people, encounters, conditions, results and medicines; what a Vietnamese profile adds stands here.
"""

from __future__ import annotations

import json
import random
from datetime import date, datetime, timedelta
from typing import Any

import carebundle

from tests.support.fhir_server import plain

Resource = dict[str, Any]

CORE = "http://fhir.hl7.org.vn/core"
FIELD = "urn:bhyt:xml130:"
LICENCE = "000123/DEMO-GPHN"
PANEL = "23.0001.1494"
"""The service all laboratory results of a visit are billed as."""


def ext(name: str, value: Any) -> Resource:
    """A decree field as an extension."""
    kind = "valueString" if isinstance(value, str) else "valueDecimal"
    return {"url": FIELD + name, kind: value}


def code(name: str, value: str, text: str) -> Resource:
    return {"coding": [{"system": FIELD + name, "code": value}], "text": text}


def carebundle_resources(count: int, seed: int, on: date) -> list[Resource]:
    """Every resource of so many out-patients, with ids and references as a server keeps them."""
    bundles = carebundle.generate_cohort(count=count, seed=seed, reference_date=on)
    lines = carebundle.to_ndjson(bundles).values()
    return [json.loads(line) for text in lines for line in text.splitlines() if line.strip()]


def vietnamese(resources: list[Resource], *, seed: int = 1) -> list[Resource]:
    """The same people with what the shipped mapping reads, and a settled bill for every encounter."""
    chance = random.Random(seed)
    found = [plain(one) for one in resources]
    extra: list[Resource] = [
        {
            "resourceType": "Organization",
            "id": "khoa-kham",
            "name": "Khoa khám bệnh",
            "identifier": [{"system": FIELD + "MA_KHOA", "value": "K01"}],
        },
        {
            "resourceType": "Practitioner",
            "id": "bac-si",
            "name": [{"text": "Lê Văn Thử"}],
            "identifier": [{"system": f"{CORE}/sid/cchn", "value": LICENCE}],
        },
    ]
    by_id = {f"{r['resourceType']}/{r['id']}": r for r in found}
    for number, patient in enumerate(r for r in found if r["resourceType"] == "Patient"):
        _person(patient, number)
        extra.append(_card(patient, number))
    numbers = iter(range(1, 100_000))
    for encounter in [r for r in found if r["resourceType"] == "Encounter"]:
        mine = [r for r in found if (r.get("encounter") or {}).get("reference") == f"Encounter/{encounter['id']}"]
        patient = by_id[encounter["subject"]["reference"]]
        extra += _visit(encounter, patient, mine, next(numbers), chance)
    for one in found:
        _localise(one)
    return found + extra


def _person(patient: Resource, number: int) -> None:
    female = patient.get("gender") == "female"
    born = str(patient["birthDate"])
    century = (2 if int(born[:4]) >= 2000 else 0) + (1 if female else 0)
    patient["name"] = [{"use": "official", "text": f"{'Trần Thị' if female else 'Trần Văn'} Mẫu {_word(number)}"}]
    patient["identifier"] = [
        {"system": f"{CORE}/sid/cccd", "value": f"000{century}{born[2:4]}{number:06d}"},
        {"system": FIELD + "MA_BN", "value": f"BN{number:06d}"},
    ]
    patient["telecom"] = [{"system": "phone", "value": "0900000000"}]
    patient["address"] = [
        {
            "text": "Số 1 đường Thử Nghiệm",
            "extension": [ext("MATINH_CU_TRU", "01"), ext("MAXA_CU_TRU", "00001")],
        }
    ]
    patient["extension"] = [ext("MA_DANTOC", "01"), ext("MA_NGHE_NGHIEP", "10"), ext("MA_QUOCTICH", "000")]


def _word(number: int) -> str:
    letters = ""
    while True:
        letters = chr(ord("A") + number % 26) + letters
        number = number // 26 - 1
        if number < 0:
            return letters


def _card(patient: Resource, number: int) -> Resource:
    return {
        "resourceType": "Coverage",
        "id": f"the-{patient['id']}",
        "status": "active",
        "beneficiary": {"reference": f"Patient/{patient['id']}"},
        "payor": [{"display": "BHXH Việt Nam"}],
        "identifier": [{"system": f"{CORE}/sid/bhyt", "value": f"GD40100{number:08d}"}],
        "period": {"start": "2026-01-01", "end": "2026-12-31"},
        "extension": [ext("MA_DKBD", "01999"), ext("MUC_HUONG", 80)],
    }


def _visit(
    encounter: Resource, patient: Resource, mine: list[Resource], number: int, chance: random.Random
) -> list[Resource]:
    start = _instant(encounter["period"]["start"])
    end = _instant(encounter["period"].get("end", encounter["period"]["start"]))
    if end - start < timedelta(minutes=60):
        end = start + timedelta(minutes=60)
    encounter["period"] = {"start": start.isoformat(), "end": end.isoformat()}
    encounter["status"] = "finished"
    encounter["identifier"] = [{"system": f"{CORE}/sid/ma-lk", "value": f"F26{number:06d}"}]
    encounter["type"] = [{"coding": [{"system": f"{CORE}/CodeSystem/vn-encounter-type-cs", "code": "01"}]}]
    encounter["class"] = {"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "AMB"}
    encounter["serviceProvider"] = {"reference": "Organization/khoa-kham"}
    encounter["participant"] = [{"individual": {"reference": "Practitioner/bac-si"}}]
    encounter["reasonCode"] = [{"text": "Khám theo hẹn"}]
    encounter["extension"] = [
        ext("MA_DOITUONG_KCB", "1.1"),
        ext("KET_QUA_DTRI", "2"),
        ext("MA_TTDV", "000001/DEMO-GPHN"),
        ext("PP_DIEU_TRI", "Dùng thuốc theo đơn"),
        ext("NGAY_TTOAN", end.isoformat()),
    ]
    encounter.pop("hospitalization", None)
    diseases = [r for r in mine if r["resourceType"] == "Condition"]
    made = [] if diseases else [_disease(encounter, patient)]
    diseases = diseases or made
    encounter["diagnosis"] = [
        {"condition": {"reference": f"Condition/{one['id']}"}, "rank": rank} for rank, one in enumerate(diseases, 1)
    ]
    weight = {
        "resourceType": "Observation",
        "id": f"can-{encounter['id']}",
        "status": "final",
        "category": [{"coding": [{"code": "vital-signs"}]}],
        "code": {"coding": [{"system": "http://loinc.org", "code": "29463-7"}], "text": "Cân nặng"},
        "subject": encounter["subject"],
        "encounter": {"reference": f"Encounter/{encounter['id']}"},
        "effectiveDateTime": start.isoformat(),
        "valueQuantity": {"value": 55.5, "unit": "kg"},
    }
    tests = [r for r in mine if _is_test(r)]
    examined = ("MA_DICH_VU", "02.1897", "Khám Nội")
    lines = [_line(encounter, "kham", start + timedelta(minutes=5), examined, group="13", price=50600)]
    for one in tests:
        one["issued"] = (start + timedelta(minutes=30)).isoformat()
        one["performer"] = [{"reference": "Practitioner/bac-si"}]
    if tests:
        panel = ("MA_DICH_VU", PANEL, "Xét nghiệm máu")
        line = _line(encounter, "xn", start + timedelta(minutes=10), panel, group="1", price=88200)
        line["service"] = [{"reference": f"Observation/{one['id']}"} for one in tests]
        lines.append(line)
    medicine, price = ("MA_THUOC", "40.30", "Paracetamol"), chance.choice([450, 510, 600])
    drug = _line(encounter, "thuoc", start + timedelta(minutes=40), medicine, group="4", price=price, quantity=20)
    drug["quantity"]["unit"] = "Viên"
    drug["extension"] += [
        ext("HAM_LUONG", "500mg"), ext("DUONG_DUNG", "1.01"), ext("SO_DANG_KY", "VD-00000-00"),
        ext("TT_THAU", "0000/QĐ-DEMO;G1;N1;2026"), ext("DANG_BAO_CHE", "Viên nén"),
        ext("LIEU_DUNG", "1 viên/lần * 2 lần/ngày * 10 ngày"),
    ]  # fmt: skip
    return [*made, weight, *lines, drug]


def _disease(encounter: Resource, patient: Resource) -> Resource:
    return {
        "resourceType": "Condition",
        "id": f"benh-{encounter['id']}",
        "clinicalStatus": {"coding": [{"code": "active"}]},
        "category": [{"coding": [{"code": "encounter-diagnosis"}]}],
        "code": {"coding": [{"system": "http://hl7.org/fhir/sid/icd-10", "code": "J00"}], "text": "Viêm mũi họng cấp"},
        "subject": {"reference": f"Patient/{patient['id']}"},
        "encounter": {"reference": f"Encounter/{encounter['id']}"},
    }


def _line(
    encounter: Resource,
    name: str,
    at: datetime,
    what: tuple[str, str, str],
    *,
    group: str,
    price: int,
    quantity: int = 1,
) -> Resource:
    done = at + timedelta(minutes=5)
    return {
        "resourceType": "ChargeItem",
        "id": f"{name}-{encounter['id']}"[:64],
        "status": "billed",
        "code": code(*what),
        "subject": encounter["subject"],
        "context": {"reference": f"Encounter/{encounter['id']}"},
        "enteredDate": at.isoformat(),
        "occurrencePeriod": {"start": done.isoformat(), "end": (done + timedelta(minutes=15)).isoformat()},
        "enterer": {"reference": "Practitioner/bac-si"},
        "performer": [{"actor": {"reference": "Practitioner/bac-si"}}],
        "performingOrganization": {"reference": "Organization/khoa-kham"},
        "quantity": {"value": quantity, "unit": "Lần"},
        "priceOverride": {"value": price, "currency": "VND"},
        "extension": [ext("MA_NHOM", group), ext("MUC_HUONG", 80), ext("TYLE_TT_BH", 100)],
    }


def _localise(one: Resource) -> None:
    if one["resourceType"] == "Condition":
        for coding in (one.get("code") or {}).get("coding", []):
            if str(coding.get("system", "")).startswith("http://hl7.org/fhir/sid/icd-10"):
                coding["system"] = "http://hl7.org/fhir/sid/icd-10"
    if _is_test(one):
        one["code"]["coding"].append({"system": FIELD + "MA_DICH_VU", "code": PANEL})


def _is_test(one: Resource) -> bool:
    codings = (c for kind in one.get("category", []) for c in kind.get("coding", []))
    return one["resourceType"] == "Observation" and any(c.get("code") == "laboratory" for c in codings)


def _instant(text: str) -> datetime:
    at = datetime.fromisoformat(text.replace("Z", "+00:00"))
    # Hospitals work by day: the generators' times are moved into the morning.
    return at.replace(hour=1, minute=30, second=0, microsecond=0)
