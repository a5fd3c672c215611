"""From resources to rows: exact values, followed references, no mistakes, and what is broken said."""

from __future__ import annotations

import random
from decimal import Decimal
from typing import Any

import pytest

from adapter.errors import ConfigError, MappingError, SourceValueError
from adapter.settings import SourceSettings
from connectors.fhir.gather import Gatherer
from connectors.fhir.options import read_options
from connectors.fhir.resources import Pool, faults, parse
from connectors.fhir.selectors import Selector
from connectors.fhir.spec import read_spec
from tests.support.fhir_small import SPEC, charge, encounter, patient


def gathered(*resources: Any, systems: dict[str, str] | None = None) -> Any:
    pool = Pool()
    for one in resources:
        pool.add(one)
    (only,) = Gatherer(read_spec(SPEC), systems or {}).encounters(pool)
    return only


def test_a_row_holds_what_the_paths_find_with_every_digit() -> None:
    found = gathered(patient(), encounter(), charge("c", "1234567890123.10"))
    assert found.key == "e"
    assert dict(found.row) == {"STATUS": "finished", "NAME": "Nguyễn Thị Mẫu", "CCCD": "001", "DOCTOR": None}
    price = found.collections["bill"][0]["PRICE"]
    assert isinstance(price, Decimal)
    assert str(price) == "1234567890123.10"


def test_a_facility_may_name_another_system_for_a_number() -> None:
    assert gathered(patient(), encounter(), systems={"cccd": "urn:two"}).row["CCCD"] == "x"


def test_references_are_followed_to_other_resources_and_to_contained_ones() -> None:
    doctor = {"resourceType": "Practitioner", "id": "d", "name": [{"text": "Bác sĩ"}]}
    inside = charge(
        "c",
        contained=[{"resourceType": "Medication", "id": "m", "code": {"text": "Thuốc"}}],
        productReference={"reference": "#m"},
    )
    found = gathered(
        patient(),
        encounter(participant=[{"individual": {"reference": "https://his.vn/fhir/Practitioner/d/_history/3"}}]),
        doctor,
        inside,
    )
    assert found.row["DOCTOR"] == "Bác sĩ"
    assert found.collections["bill"][0]["PRODUCT"] == "Thuốc"


def test_elements_of_a_resource_become_rows_of_their_own() -> None:
    claim = {
        "resourceType": "Claim", "id": "k", "status": "active", "use": "claim", "type": {"text": "x"},
        "patient": {"reference": "Patient/p"}, "created": "2026-10-15", "provider": {"display": "x"},
        "priority": {"text": "x"}, "insurance": [{"sequence": 1, "focal": True, "coverage": {"display": "x"}}],
        "item": [
            {"sequence": n, "productOrService": {"text": "x"}, "encounter": [{"reference": "Encounter/e"}],
             "net": {"value": n, "currency": "VND"}} for n in (2, 1)
        ],
    }  # fmt: skip
    found = gathered(patient(), encounter(), claim)
    assert [(row["NUMBER"], row["CLAIM"], row["NET"]) for row in found.collections["lines"]] == [
        (1, "k", 1),
        (2, "k", 2),
    ]


def test_a_record_entered_in_error_never_becomes_a_row() -> None:
    wrong = {
        "resourceType": "AllergyIntolerance",
        "id": "a",
        "patient": {"reference": "Patient/p"},
        "code": {"text": "Bụi"},
        "verificationStatus": {"coding": [{"code": "entered-in-error"}]},
    }
    found = gathered(patient(), encounter(), charge("good"), charge("bad", status="entered-in-error"), wrong)
    assert [row["ID"] for row in found.collections["bill"]] == ["good"]
    assert found.collections["allergies"] == []


def test_the_servers_order_changes_nothing() -> None:
    resources = [patient(), encounter(), *(charge(f"c{n}") for n in range(20))]
    first = gathered(*resources).content_hash()
    for seed in range(5):
        random.Random(seed).shuffle(resources)
        assert gathered(*resources).content_hash() == first


@pytest.mark.parametrize(
    ("resources", "said"),
    [
        ([encounter()], "referenced Patient is missing"),
        ([patient(), encounter(), charge("c", status=3)], "ChargeItem/c: status"),
        ([patient(gender=["x"]), encounter()], "Patient/p: gender"),
        ([patient(), encounter(), charge("c", priceOverride={"value": "a lot"})], "ChargeItem/c: priceOverride"),
    ],
)
def test_an_encounter_with_a_broken_record_is_handed_over_as_unreadable(resources: list[Any], said: str) -> None:
    problem = gathered(*resources).problem
    assert problem is not None
    assert said in problem[1]
    assert "a lot" not in problem[1]


def test_a_path_that_ends_at_an_element_is_refused_with_its_key() -> None:
    spec = {"encounters": {"columns": {"CLASS": "class"}}}
    pool = Pool()
    pool.add(patient())
    pool.add(encounter())
    (found,) = Gatherer(read_spec(spec), {}).encounters(pool)
    assert found.problem is not None
    assert "source.encounters.columns.CLASS" in found.problem[1]


def test_several_values_are_one_text() -> None:
    assert Selector("identifier.value", "k").value(patient(), {}) == "001;x"
    assert Selector("name.nothing", "k").value(patient(), {}) is None


@pytest.mark.parametrize("path", ["name.where(", "name[[", "name.nosuchfunction()"])
def test_a_wrong_path_is_an_error_of_the_mapping_or_of_the_encounter_never_a_silent_blank(path: str) -> None:
    with pytest.raises((MappingError, SourceValueError)) as told:
        Selector(path, "encounters.columns.X").value(patient(), {})
    assert "encounters.columns.X" in str(told.value)


@pytest.mark.parametrize(
    "spec", [{}, {"encounters": {"columns": {}, "colums": {}}}, {"encounters": {"columns": {"A": 1}}}]
)
def test_a_wrong_source_block_names_its_key(spec: dict[str, Any]) -> None:
    with pytest.raises(MappingError, match=r"source\.encounters"):
        read_spec(spec)


@pytest.mark.parametrize(
    ("document", "place"),
    [
        ([], "not an object"),
        ({"id": "x"}, "resourceType"),
        ({"resourceType": "Nonsense"}, "resourceType"),
        ({"resourceType": "Patient", "birthDate": "hôm qua"}, "birthDate"),
        ({"resourceType": "Encounter", "status": "finished"}, "class"),
    ],
)
def test_faults_name_the_place_and_never_the_value(document: Any, place: str) -> None:
    told = faults(document)
    assert told
    assert place in " ".join(told)
    assert "hôm qua" not in " ".join(told)


@pytest.mark.parametrize("text", ["", "{", "NaN", '{"a": Infinity}', "[" * 100_000])
def test_what_is_no_json_is_refused(text: str) -> None:
    with pytest.raises(SourceValueError):
        parse(text)


@pytest.mark.parametrize(
    "options", [{"login": {"kind": "basic"}}, {"login": {"kind": "client_credentials", "user": "u"}}, {"nonsense": 1}]
)
def test_half_a_login_is_a_configuration_error(options: dict[str, Any]) -> None:
    with pytest.raises(ConfigError, match=r"facilities\[\]\.source\.options"):
        read_options(SourceSettings(url="https://his.vn/fhir", options=options))


def test_patient_data_do_not_travel_in_the_clear_unless_somebody_says_so() -> None:
    with pytest.raises(ConfigError, match="https"):
        read_options(SourceSettings(url="http://his.vn/fhir"))
    assert read_options(SourceSettings(url="http://his.vn/fhir", options={"allow_http": True})).allow_http
    assert read_options(SourceSettings(url="http://127.0.0.1:8/fhir")).allow_http is False
