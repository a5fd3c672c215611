"""The shipped mappings `fhir` and `claimxml`: their own cases, their own lint, and foreign data through them."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal

import pytest

from adapter.clock import VIETNAM
from adapter.mapping import load_mapping
from adapter.mapping.tools.lint import lint
from adapter.mapping.tools.testing import run_tests
from adapter.resources import shipped
from connectors.fhir.gather import Gatherer
from connectors.fhir.resources import Pool
from connectors.fhir.spec import read_spec
from tests.support.demo_world import check_encounter
from tests.support.fhir_world import carebundle_resources, vietnamese

FOLDER = shipped("mappings") / "fhir"


def test_the_cases_beside_the_mapping_hold() -> None:
    results = run_tests(load_mapping(FOLDER / "mapping.yaml"), FOLDER / "tests.yaml")
    assert len(results) >= 6
    assert [one for one in results if not one.passed] == []


@pytest.mark.parametrize("name", ["fhir", "claimxml"])
def test_lint_finds_no_error(name: str) -> None:
    assert [f for f in lint(shipped("mappings") / name / "mapping.yaml") if f.severity == "error"] == []


def test_every_encounter_of_a_foreign_generator_passes_every_rule() -> None:
    plan = load_mapping(FOLDER / "mapping.yaml")
    pool = Pool()
    for resource in vietnamese(carebundle_resources(6, 21, date(2026, 10, 15))):
        assert pool.add(resource) == []
    found = Gatherer(read_spec(plan.source), {}).encounters(pool)
    assert len(found) == 6
    for encounter in found:
        (checked,) = check_encounter(plan, encounter, now=datetime(2026, 10, 16, 8, tzinfo=VIETNAM))
        assert checked.rules() == set()
        book = plan.healthbook(encounter, facility="01999", now=datetime(2026, 10, 16, 8, tzinfo=VIETNAM))
        assert Decimal("55.5") in {Decimal(row["weight"]) for row in book["vital_signs"] if row["weight"]}
