"""A visit's document: a Composition with sections, and every resource it speaks of. Checked before it is given."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal
from html import escape
from typing import Any

from fhir.resources.R4B.bundle import Bundle

from adapter.healthbook.fhir.resources import Maker, Resource
from adapter.healthbook.model import HealthBook

_LOINC = "http://loinc.org"
_EMPTY = "http://terminology.hl7.org/CodeSystem/list-empty-reason"
_SECTIONS = {
    "allergies": ("48765-2", "Dị ứng"),
    "medication": ("10160-0", "Thuốc"),
    "problems": ("11450-4", "Bệnh"),
    "procedures": ("47519-4", "Phẫu thuật, thủ thuật"),
    "devices": ("46264-8", "Vật tư cấy ghép"),
    "results": ("30954-2", "Kết quả cận lâm sàng"),
    "vitals": ("8716-3", "Chỉ số cơ thể"),
    "immunizations": ("11369-6", "Tiêm chủng"),
    "past": ("11348-0", "Bệnh đã mắc"),
    "family": ("10157-6", "Tiền sử gia đình"),
}
_ALWAYS = ("allergies", "medication", "problems")
"""Sections a patient summary shows even when nothing is known: then with the reason."""
_COURSE = ("8648-8", "Quá trình bệnh và điều trị")
_PLAN = ("18776-5", "Hướng điều trị tiếp, lời dặn")


def bundle_json(book: HealthBook, *, base: str, now: datetime) -> str:
    """The document as JSON text, numbers exact."""
    return json.dumps(bundle(book, base=base, now=now), ensure_ascii=False, default=_plain)


def bundle(book: HealthBook, *, base: str, now: datetime) -> Resource:
    """A FHIR R4 document Bundle of what a reader sees of a visit.

    Raises pydantic's ValidationError when what was made is no R4: a defect of ours, never of the visit.
    """
    make = Maker(book, base.rstrip("/"))
    make.patient()
    make.organization()
    doctor = make.practitioner()
    make.encounter(doctor=doctor)
    e, h = book.encounter, book.history
    found: dict[str, list[str]] = {
        "allergies": [make.allergy(n, row) for n, row in enumerate(h.allergies)],
        "medication": [make.drug(n, row) for n, row in enumerate(e.drugs)],
        "problems": list(make.problems()),
        "procedures": [make.procedure(n, row) for n, row in enumerate(e.procedures)],
        "devices": [make.device(n, row) for n, row in enumerate(book.papers.implants)],
        "results": [make.result(n, row) for n, row in enumerate(e.results)],
        "vitals": list(make.measures()),
        "immunizations": [make.vaccination(n, row) for n, row in enumerate(h.vaccinations)],
        "past": [make.past(n, row) for n, row in enumerate(h.past_diseases)],
        "family": [make.family(n, row) for n, row in enumerate(h.family_history)],
    }
    sections = [_section(name, found[name]) for name in _SECTIONS if found[name] or name in _ALWAYS]
    course = [t for t in (e.summary_history_course, e.summary_key_results, e.summary_treatment) if t]
    plan = [t for t in (e.summary_next_care, e.revisit_date) if t]
    sections += [_words(*_COURSE, (t.shown for t in course))] if course else []
    sections += [_words(*_PLAN, (t.shown for t in plan))] if plan else []
    stamp = now.isoformat()
    composition = {
        "resourceType": "Composition",
        "id": make.id("Composition"),
        "status": "final",
        "type": {"coding": [{"system": _LOINC, "code": "60591-5", "display": "Patient summary Document"}]},
        "subject": make.reference("Patient"),
        "encounter": make.reference("Encounter"),
        "date": stamp,
        "author": [make.reference("Practitioner" if doctor else "Organization")],
        "title": "Sổ sức khỏe điện tử: một đợt khám bệnh, chữa bệnh",
        "custodian": make.reference("Organization"),
        "section": sections,
    }
    document = {
        "resourceType": "Bundle",
        "id": make.id("Bundle"),
        "identifier": {"system": f"{make.base}/NamingSystem/health-book-document", "value": make.id("Bundle")},
        "type": "document",
        "timestamp": stamp,
        "entry": [
            {"fullUrl": f"urn:uuid:{resource['id']}", "resource": resource} for resource in (composition, *make.made)
        ],
    }
    Bundle.model_validate(document)
    return document


def _section(name: str, references: list[str]) -> Resource:
    code, title = _SECTIONS[name]
    section: Resource = {"title": title, "code": {"coding": [{"system": _LOINC, "code": code}]}}
    if references:
        return {**section, "entry": [{"reference": reference} for reference in references]}
    return {
        **section,
        "text": _narrative(["Cơ sở chưa ghi nhận."]),
        "emptyReason": {"coding": [{"system": _EMPTY, "code": "unavailable", "display": "Unavailable"}]},
    }


def _words(code: str, title: str, texts: Iterable[str]) -> Resource:
    return {"title": title, "code": {"coding": [{"system": _LOINC, "code": code}]}, "text": _narrative(texts)}


def _narrative(texts: Iterable[str]) -> Resource:
    paragraphs = "".join(f"<p>{escape(text)}</p>" for text in texts)
    return {"status": "generated", "div": f'<div xmlns="http://www.w3.org/1999/xhtml">{paragraphs}</div>'}


def _plain(value: Any) -> Any:
    if isinstance(value, Decimal):
        # JSON numbers in FHIR are decimals; a quantity of a laboratory fits a float's 15 digits and is checked to.
        number = float(value)
        if Decimal(repr(number)) != value:
            raise ValueError("a quantity has more digits than a JSON number keeps")
        return int(value) if value == value.to_integral_value() and value.as_tuple().exponent == 0 else number
    raise TypeError(f"not JSON: {type(value).__name__}")
