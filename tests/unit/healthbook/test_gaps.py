"""What a book lacks and why: per visit, per facility, and for the two demo hospitals field by field."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from adapter.demo.seed import seed_his_a, seed_his_b
from adapter.dossier.model import Purpose
from adapter.errors import ConfigError
from adapter.healthbook.catalogue import fields
from adapter.healthbook.completeness import Completeness, assess, reach, unmapped
from adapter.healthbook.gaps import read_absent, report
from adapter.mapping import Plan, load_mapping
from adapter.pipeline.books.mapped import mapped_of
from adapter.resources import shipped
from tests.support.book_world import visit
from tests.support.demo_hospital import NOW
from tests.support.demo_world import FACILITY, open_demo, read_all

REMOVED = {
    "phone": "tables.XML1.DIEN_THOAI",
    "blood_group": "tables.XML1.NHOM_MAU",
    "summary_key_results": "tables.XML8.TOMTAT_KQ",
    "drug_dosage": "tables.XML2.LIEU_DUNG",
    "allergen": "healthbook.allergies.allergen",
    "vaccine_type": "healthbook.vaccinations.vaccine",
    "height": "healthbook.vital_signs.height",
}
NEVER = {"district_code": "the level is gone since 2025-07-01, and the demo's visits are of 2026"}
"""Fields a mapping carries and no visit of the demo holds, with the reason."""


def lines(plan: Plan, url: str, name: str) -> Iterator[Completeness]:
    _, source = open_demo(name, url)
    for encounter in read_all(source, now=NOW):
        for due in plan.readiness(encounter).due:
            if due.purpose is not Purpose.CHECKIN:
                dossier = plan.translate(encounter, due, facility=FACILITY, now=NOW)
                yield assess(dossier, plan.healthbook(encounter, facility=FACILITY, now=NOW))


@pytest.fixture(scope="module")
def his(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    folder = tmp_path_factory.mktemp("his")
    seed_his_a(folder / "a.db", encounters=60, seed=7, now=NOW, defect_share=0)
    seed_his_b(folder / "b.db", encounters=60, seed=7, now=NOW, defect_share=0)
    return {"demo-his-a": f"sqlite:///{folder / 'a.db'}", "demo-his-b": f"sqlite:///{folder / 'b.db'}"}


@pytest.mark.parametrize("name", ["demo-his-a", "demo-his-b"])
def test_every_field_the_schema_can_supply_is_filled_somewhere_and_the_rest_has_its_reason(
    name: str, his: dict[str, str]
) -> None:
    plan = load_mapping(shipped("mappings") / name / "mapping.yaml")
    filled: set[str] = set()
    for line in lines(plan, his[name], name):
        filled |= line.filled
    absent = read_absent(plan.path)
    assert filled.isdisjoint(absent), "a field with a reason is filled after all"
    assert set(fields()) - filled - set(absent) == set(NEVER)
    assert set(unmapped(mapped_of(plan))) == set(absent), "each field with a reason is one that is not mapped"


def test_the_gap_report_of_a_thin_mapping_names_exactly_what_was_taken_away(
    tmp_path: Path, his: dict[str, str]
) -> None:
    whole = load_mapping(shipped("mappings") / "demo-his-a" / "mapping.yaml")
    thin_file = tmp_path / "mapping.yaml"
    base = shipped("mappings") / "demo-his-a" / "mapping.yaml"
    removed = ", ".join(REMOVED.values())
    thin_file.write_text(f"mapping: thin\nextends: {base}\nremove: [{removed}]\n", encoding="utf-8")
    (tmp_path / "book_absent.csv").write_bytes((base.parent / "book_absent.csv").read_bytes())
    thin = load_mapping(thin_file)
    full = report(lines(whole, his["demo-his-a"], "demo-his-a"), mapped_of(whole), read_absent(whole.path))
    less = report(lines(thin, his["demo-his-a"], "demo-his-a"), mapped_of(thin), read_absent(thin.path))
    assert [g.field for g in full.gaps if g.cause == "mapping"] == []
    assert {g.field for g in less.gaps if g.cause == "mapping"} == set(REMOVED)
    phone = next(g for g in less.gaps if g.field == "phone")
    assert (phone.filled, phone.empty, phone.todo_en) == (0, less.visits, "Map XML1.DIEN_THOAI")
    assert {g.field for g in less.gaps if g.cause == "his"} == {g.field for g in full.gaps if g.cause == "his"} - set(
        REMOVED
    )


def test_a_mapped_field_that_is_empty_is_the_hospitals_to_enter() -> None:
    one = visit("foreigner")
    found = report([assess(one.dossier, one.extra)], {"XML1": frozenset({"DIEN_THOAI"})}, {})
    phone = next(g for g in found.gaps if g.field == "phone")
    assert (phone.cause, phone.empty, phone.expected) == ("his", 1, 1)
    assert "HIS" in phone.todo_vi


def test_a_reason_without_a_field_or_a_text_is_refused(tmp_path: Path) -> None:
    (tmp_path / "book_absent.csv").write_text("field,reason_vi,reason_en\nnonsense,a,b\n", encoding="utf-8")
    with pytest.raises(ConfigError, match="health book"):
        read_absent(tmp_path / "mapping.yaml")
    assert read_absent(tmp_path / "elsewhere" / "mapping.yaml") == {}


@pytest.mark.parametrize(
    ("number", "country", "found"),
    [
        ("000058000001", "000", "ok"),
        ("", "000", "missing"),
        ("   ", "000", "missing"),
        ("012345678", "000", "malformed"),
        ("000000000000", "000", "malformed"),
        ("X0000010", "000", "malformed"),
        ("X0000010", "840", "ok"),
        ("??", "840", "malformed"),
    ],
)
def test_a_visit_reaches_its_person_only_with_a_number_of_the_right_form(number: str, country: str, found: str) -> None:
    assert reach({"SO_CCCD": number, "MA_QUOCTICH": country}) == found


@pytest.mark.parametrize(
    ("name", "field", "empty"),
    [
        ("child", "representative_name", False),
        ("in_patient", "representative_name", False),
        ("in_patient", "insurance_card_no", False),
        ("uninsured", "insurance_card_no", False),
        ("uninsured", "phone", True),
        ("transfer", "referral", False),
        ("out_patient", "summary_history_course", False),
        ("tuberculosis", "summary_history_course", False),
        ("transfer", "cls_value", False),
        ("newborn_and_mother", "inpatient_reason", False),
        ("out_patient", "discharge_paper", False),
        ("in_patient", "discharge_paper", False),
    ],
)
def test_a_field_is_missing_only_where_it_is_expected(name: str, field: str, empty: bool) -> None:
    one = visit(name)
    assert (field in assess(one.dossier, one.extra).empty) is empty


def test_a_child_without_a_guardian_and_a_transfer_without_its_paper_are_gaps() -> None:
    child = visit("child").with_extra(guardian={})
    assert "representative_name" in assess(child.dossier, child.extra).empty
    sent = visit("out_patient").with_values("XML1", MA_LOAI_RV="2")
    assert "referral" in assess(sent.dossier, sent.extra).empty


def test_an_uninsured_visit_without_its_summary_has_a_gap() -> None:
    one = visit("uninsured").with_values("XML8", QT_BENHLY="")
    assert "summary_history_course" in assess(one.dossier, one.extra).empty
