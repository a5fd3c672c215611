"""Resources just large enough, and a source block that reads them."""

from __future__ import annotations

from typing import Any

from connectors.fhir.resources import parse

SPEC: dict[str, Any] = {
    "connector": "fhir",
    "systems": {"cccd": "urn:one", "field": "urn:f:"},
    "encounters": {
        "with": {"doctor": "participant.individual"},
        "columns": {
            "STATUS": "status",
            "NAME": "%patient.name.first().text",
            "CCCD": "%patient.identifier.where(system = %cccd).value",
            "DOCTOR": "%doctor.name.text",
        },
    },
    "collections": {
        "bill": {
            "resource": "ChargeItem",
            "with": {"medicine": "product"},
            "columns": {"ID": "id", "PRICE": "priceOverride.value", "PRODUCT": "%medicine.code.text"},
        },
        "lines": {
            "resource": "Claim",
            "link": "item.encounter",
            "each": "item",
            "columns": {"NUMBER": "sequence", "CLAIM": "%resource.id", "NET": "net.value"},
            "order_by": "NUMBER",
        },
        "allergies": {"resource": "AllergyIntolerance", "of": "patient", "columns": {"NAME": "code.text"}},
    },
}


def patient(**more: Any) -> dict[str, Any]:
    return {
        "resourceType": "Patient",
        "id": "p",
        "name": [{"text": "Nguyễn Thị Mẫu"}],
        "identifier": [{"system": "urn:one", "value": "001"}, {"system": "urn:two", "value": "x"}],
        **more,
    }


def encounter(**more: Any) -> dict[str, Any]:
    return {
        "resourceType": "Encounter",
        "id": "e",
        "status": "finished",
        "class": {"code": "AMB"},
        "subject": {"reference": "Patient/p"},
        **more,
    }


def charge(name: str, price: str = "1.10", **more: Any) -> dict[str, Any]:
    text = f'{{"value": {price}, "currency": "VND"}}'
    return {
        "resourceType": "ChargeItem",
        "id": name,
        "status": "billed",
        "code": {"text": "x"},
        "subject": {"reference": "Patient/p"},
        "context": {"reference": "Encounter/e"},
        "priceOverride": parse(text),
        **more,
    }
