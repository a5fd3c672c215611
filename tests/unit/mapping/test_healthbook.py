"""``healthbook:`` says what the book needs and no table carries, in the same language as the tables."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from jsonschema import Draft7Validator

from adapter.errors import MappingError
from adapter.mapping import Plan, load_mapping
from adapter.mapping.tools.lint import lint
from adapter.mapping.tools.schema import schema
from adapter.mapping.tools.shown import resolved_lines
from adapter.standard.healthbook import book_sections
from tests.support.mapping import FACILITY, NOW, encounter, plan_of

SOURCE = "mapping: t\nstandard: '3176'\n"  # a connector that does not declare its collections
HEAD = "tables:\n  XML1: {MA_LK: ID, HO_TEN: NAME}\n"
BOOK = """
healthbook:
  guardian: {representative_name: GUARDIAN, representative_relation: {const: mẹ}}
  measures:
    height: {decimal: HEIGHT, places: 1}
    weight: WEIGHT
  allergies:
    each: allergies
    when: KIND == 1
    rows:
      allergen: {from: NAME, charset: auto}
      allergy_type: null
  vaccinations:
    - {each: shots, vaccine_type: NAME, vaccine_dose_no: DOSE, vaccine_date: {date: AT}}
  past_diseases: {each: diseases, past_disease_diagnosis: CODE, past_disease_time: {date: SINCE, birth: true}}
"""


def plan(text: str) -> Plan:
    return plan_of(SOURCE + text)


def book_of(mapped: Plan, row: dict[str, object], **collections: list[dict[str, object]]) -> dict[str, object]:
    return dict(mapped.healthbook(encounter(row, **collections), facility=FACILITY, now=NOW))


def test_sections_give_a_row_or_rows_as_wire_text_and_unmapped_sections_are_absent() -> None:
    found = book_of(
        plan(HEAD + BOOK),
        {"ID": "K1", "NAME": "x", "GUARDIAN": " Trần Thị B ", "HEIGHT": "161.25", "WEIGHT": None},
        allergies=[{"KIND": 1, "NAME": "Penicillin"}, {"KIND": 2, "NAME": "không"}],
        shots=[{"NAME": "BCG", "DOSE": 1, "AT": 20240301}, {"NAME": None, "DOSE": None, "AT": None}],
        diseases=[{"CODE": "I10", "SINCE": 2019}],
    )
    assert set(found) == {"guardian", "measures", "allergies", "vaccinations", "past_diseases"}
    assert found["guardian"] == {
        "representative_name": "Trần Thị B",
        "representative_relation": "mẹ",
        "representative_id": "",
        "representative_phone": "",
    }
    assert found["measures"] == {"height": "161.3", "weight": "", "blood_group": ""}
    assert found["allergies"] == [{"allergy_type": "", "allergen": "Penicillin", "allergy_manifestation": ""}]
    assert [(r["vaccine_type"], r["vaccine_dose_no"], r["vaccine_date"]) for r in found["vaccinations"]] == [
        ("BCG", "1", "20240301")
    ]
    assert found["past_diseases"][0]["past_disease_time"] == "20190000"


def test_a_mapping_without_the_section_has_nothing_for_the_book() -> None:
    mapped = plan(HEAD)
    assert book_of(mapped, {"ID": "K1", "NAME": "x"}) == {}
    assert mapped.book_fields == {}


def test_what_is_mapped_is_told_apart_from_what_is_written_as_null() -> None:
    fields = plan(HEAD + BOOK).book_fields
    assert fields["allergies"] == {"allergen"}
    assert fields["measures"] == {"height", "weight"}


def test_the_section_may_refer_to_mapped_fields_and_to_its_own() -> None:
    mapped = plan(
        HEAD + "healthbook:\n  encounter:\n    treating_doctor: {field: XML1.HO_TEN}\n"
        "    next_care: {join: [{field: treating_doctor}, {const: tái khám}], separator: ': '}\n"
    )
    found = book_of(mapped, {"ID": "K1", "NAME": "A"})
    assert found["encounter"]["next_care"] == "A: tái khám"


def test_the_columns_it_reads_are_known_and_its_content_is_part_of_the_hash() -> None:
    with_book, without = plan(HEAD + BOOK), plan(HEAD)
    assert with_book.reads["shots"] == {"NAME", "DOSE", "AT"}
    assert "GUARDIAN" in with_book.reads[""]
    assert with_book.hash != without.hash


@pytest.mark.parametrize(
    ("text", "code", "hint"),
    [
        ("healthbook: {alergies: {allergen: X}}", "MAP-TABLE", "'allergies'"),
        ("healthbook: {allergies: {alergen: X}}", "MAP-FIELD", "'allergen'"),
        ("healthbook: {allergies: {each: items, ordr_by: X}}", "MAP-FIELD", "'order_by'"),
        ("healthbook: {guardian: {each: items, representative_name: X}}", "MAP-BLOCK", "first"),
        ("healthbook: {guardian: [{representative_name: X}, {representative_id: Y}]}", "MAP-BLOCK", "first"),
    ],
)
def test_a_wrong_target_names_the_nearest_right_one(text: str, code: str, hint: str) -> None:
    with pytest.raises(MappingError) as caught:
        plan(HEAD + text + "\n")
    assert caught.value.code == code
    assert hint in caught.value.hint_en
    assert caught.value.where is not None
    assert caught.value.where.line is not None


def test_a_value_that_does_not_fit_names_the_field_and_hides_the_value() -> None:
    mapped = plan(HEAD + "healthbook:\n  vaccinations: {each: shots, vaccine_type: NAME, vaccine_dose_no: DOSE}\n")
    with pytest.raises(MappingError) as caught:
        book_of(mapped, {"ID": "K1", "NAME": "x"}, shots=[{"NAME": "BCG", "DOSE": "hai mũi"}])
    assert caught.value.where is not None
    assert (caught.value.where.table, caught.value.where.row, caught.value.where.field) == (
        "healthbook.vaccinations",
        1,
        "vaccine_dose_no",
    )
    assert "hai mũi" not in caught.value.text("en")


def test_lint_knows_required_fields_and_dead_conditions_of_the_book(tmp_path: Path) -> None:
    file = tmp_path / "mapping.yaml"
    file.write_text(
        "mapping: t\n" + HEAD + "healthbook:\n  allergies: {each: a, when: 1 == 2, allergy_type: KIND}\n",
        encoding="utf-8",
    )
    found = {(f.code, f.where.line) for f in lint(file) if "healthbook.allergies" in f.message_en}
    assert found == {("MAP-REQUIRED", 5), ("MAP-DEAD", 5)}


def test_overrides_of_a_hospital_meet_the_vendor_s_base(tmp_path: Path) -> None:
    (tmp_path / "base.yaml").write_text("mapping: base\n" + HEAD + BOOK, encoding="utf-8")
    own = tmp_path / "own.yaml"
    own.write_text(
        "mapping: own\nextends: base.yaml\nremove: [healthbook.vaccinations]\n"
        "healthbook:\n  allergies: {allergy_type: KIND}\n  measures: {weight: KG}\n",
        encoding="utf-8",
    )
    mapped = load_mapping(own)
    assert mapped.book_fields["allergies"] == {"allergen", "allergy_type"}
    assert "vaccinations" not in mapped.book
    again = tmp_path / "again.yaml"
    again.write_text("\n".join(line for line, _ in resolved_lines(mapped)), encoding="utf-8")
    assert load_mapping(again).book_fields == mapped.book_fields


def test_the_schema_knows_the_book() -> None:
    validator = Draft7Validator(schema())
    good = yaml.safe_load("mapping: t\n" + HEAD + BOOK)
    assert not list(validator.iter_errors(good))
    for wrong in ("allergies: {alergen: X}", "nonsense: {x: Y}", "guardian: 3"):
        bad = yaml.safe_load("mapping: t\n" + HEAD + "healthbook: {" + wrong + "}\n")
        assert list(validator.iter_errors(bad)), wrong


def test_every_target_has_texts_in_both_languages() -> None:
    for section in book_sections().values():
        assert all(f.meaning_vi and f.meaning_en for f in section.fields)
        assert len(set(section.names)) == len(section.names)
