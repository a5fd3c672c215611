"""The FHIR document: valid for two validators, complete, and silent about what a reader does not see."""

from __future__ import annotations

import json
import shutil
import subprocess
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from fhir.resources.R4B.bundle import Bundle
from pydantic import ValidationError

from adapter.clock import VIETNAM
from adapter.healthbook.fhir import bundle, bundle_json
from tests.support.book_world import visit, visits
from tests.support.fhir_server import _install as install

NOW = datetime(2026, 11, 22, 20, 0, tzinfo=VIETNAM)
BASE = "https://fhir.example.org/bhyt"
MEDPLUM = Path(__file__).resolve().parents[2] / "support" / "medplum"


def document(name: str, base: str = BASE) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(bundle_json(visit(name).seen().book, base=base, now=NOW))
    return found


def resources(found: dict[str, Any], kind: str) -> list[dict[str, Any]]:
    return [e["resource"] for e in found["entry"] if e["resource"]["resourceType"] == kind]


@pytest.mark.parametrize("name", list(visits()))
def test_a_document_is_valid_r4_begins_with_its_composition_and_resolves_every_reference(name: str) -> None:
    found = document(name)
    Bundle.model_validate(found)
    assert found["type"] == "document"
    assert found["entry"][0]["resource"]["resourceType"] == "Composition"
    there = {entry["fullUrl"] for entry in found["entry"]}
    assert len(there) == len(found["entry"])

    def references(value: Any) -> set[str]:
        if isinstance(value, dict):
            own = {value["reference"]} if isinstance(value.get("reference"), str) else set()
            return own.union(*(references(v) for v in value.values()))
        if isinstance(value, list):
            return set().union(*(references(v) for v in value))
        return set()

    assert references(found) <= there


def test_no_profile_is_claimed_that_was_not_checked() -> None:
    assert '"profile"' not in json.dumps(document("in_patient"))


def test_the_facility_names_its_own_lists_by_configuration() -> None:
    text = json.dumps(document("in_patient", "https://benhvien.example.vn/fhir/"))
    assert "https://benhvien.example.vn/fhir/CodeSystem/icd10-vn" in text
    assert "fhir.example.org" not in text


def test_the_same_visit_gives_the_same_ids() -> None:
    assert [e["fullUrl"] for e in document("surgery")["entry"]] == [e["fullUrl"] for e in document("surgery")["entry"]]


def test_a_number_is_a_quantity_and_words_stay_words() -> None:
    results = {r["code"]["text"]: r for r in resources(document("in_patient"), "Observation") if "text" in r["code"]}
    assert results["Số lượng bạch cầu (WBC)"]["valueQuantity"] == {"value": 15.2, "unit": "G/L"}
    afb = {r["code"]["text"]: r for r in resources(document("tuberculosis"), "Observation") if "text" in r["code"]}
    assert afb["AFB trực tiếp nhuộm Ziehl-Neelsen"]["valueString"] == "2+"


def test_an_unknown_list_says_that_it_is_unavailable() -> None:
    sections = {s["title"]: s for s in document("tuberculosis")["entry"][0]["resource"]["section"]}
    assert sections["Dị ứng"]["emptyReason"]["coding"][0]["code"] == "unavailable"


def test_text_of_people_is_escaped_in_the_narrative() -> None:
    book = visit("in_patient").with_values("XML1", GHI_CHU="<b onclick='x'>a & b</b>").seen().book
    text = bundle_json(book, base=BASE, now=NOW)
    assert "<b onclick" not in text
    assert "a &amp; b" in text


def test_what_is_no_r4_is_never_handed_out() -> None:
    book = visit("in_patient").book
    born = book.administrative.birth_date
    assert born is not None
    person = book.administrative.model_copy(update={"birth_date": born.model_copy(update={"value": "never"})})
    with pytest.raises(ValidationError):
        bundle(book.model_copy(update={"administrative": person}), base=BASE, now=NOW)


@pytest.mark.needs("npm")
def test_documents_pass_the_validator_of_medplum_and_a_spoilt_one_does_not(tmp_path: Path) -> None:
    install()
    files = []
    for name in visits():
        files.append(tmp_path / f"{name}.json")
        files[-1].write_text(json.dumps(document(name)), encoding="utf-8")
    spoilt = document("in_patient")
    spoilt["entry"][0]["resource"]["colour"] = "red"
    files.append(tmp_path / "spoilt.json")
    files[-1].write_text(json.dumps(spoilt), encoding="utf-8")
    node = shutil.which("node")
    assert node is not None
    done = subprocess.run(
        [node, "validate.mjs", *map(str, files)], cwd=MEDPLUM, capture_output=True, text=True, check=True, timeout=120
    )
    said = json.loads(done.stdout)
    assert len(said[str(files[-1])]) == 1
    assert {Path(f).stem: said[str(f)] for f in files[:-1]} == {name: [] for name in visits()}
