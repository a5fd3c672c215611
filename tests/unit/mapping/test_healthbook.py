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
  guardian: {name: GUARDIAN, relation: {const: mẹ}}
  privacy: {consent: {expr: AGREED == 1}, donor: DONOR}
  vital_signs:
    each: measured
    height: {decimal: HEIGHT, places: 1}
    weight: WEIGHT
    measured_at: {date: AT}
  allergies:
    each: allergies
    when: KIND == 1
    rows:
      allergen: {from: NAME, charset: auto}
      type: null
  vaccinations:
    - {each: shots, vaccine: NAME, dose_no: DOSE, date: {date: AT}}
  past_diseases: {each: diseases, icd: CODE, time: SINCE}
  family_history: {each: diseases, icd: CODE, relation: WHO}
"""


def plan(text: str) -> Plan:
    return plan_of(SOURCE + text)


def book_of(mapped: Plan, row: dict[str, object], **collections: list[dict[str, object]]) -> dict[str, object]:
    return dict(mapped.healthbook(encounter(row, **collections), facility=FACILITY, now=NOW))


def filled(rows: object) -> list[dict[str, str]]:
    assert isinstance(rows, list)
    return [{k: v for k, v in row.items() if v} for row in rows]


def test_sections_give_a_row_or_rows_as_wire_text_and_unmapped_sections_are_absent() -> None:
    found = book_of(
        plan(HEAD + BOOK),
        {"ID": "K1", "NAME": "x", "GUARDIAN": " Trần Thị B ", "AGREED": 0, "DONOR": None},
        measured=[{"HEIGHT": "161.25", "WEIGHT": "50.0", "AT": "202611201530"}],
        allergies=[{"KIND": 1, "NAME": "Penicillin"}, {"KIND": 2, "NAME": "không"}],
        shots=[{"NAME": "BCG", "DOSE": 1, "AT": 20240301}, {"NAME": None, "DOSE": None, "AT": None}],
        diseases=[{"CODE": "I10", "SINCE": 2019, "WHO": "cha"}, {"CODE": "E11", "SINCE": "202107", "WHO": None}],
    )
    assert set(found) == {
        "guardian", "privacy", "vital_signs", "allergies", "vaccinations", "past_diseases", "family_history",
    }  # fmt: skip
    assert found["guardian"] == {"name": "Trần Thị B", "relation": "mẹ", "personal_id": "", "phone": ""}
    assert (found["privacy"]["consent"], found["privacy"]["donor"]) == ("0", "")
    assert filled(found["vital_signs"]) == [{"measured_at": "202611201530", "height": "161.3", "weight": "50"}]
    assert found["allergies"] == [{"type": "", "allergen": "Penicillin", "manifestation": ""}]
    assert filled(found["vaccinations"]) == [{"vaccine": "BCG", "dose_no": "1", "date": "20240301"}]
    assert [r["time"] for r in found["past_diseases"]] == ["20190000", "20210700"]
    assert filled(found["family_history"])[1] == {"icd": "E11"}


def test_a_mapping_without_the_section_has_nothing_for_the_book() -> None:
    mapped = plan(HEAD)
    assert book_of(mapped, {"ID": "K1", "NAME": "x"}) == {}
    assert mapped.book_fields == {}


def test_what_is_mapped_is_told_apart_from_what_is_written_as_null() -> None:
    fields = plan(HEAD + BOOK).book_fields
    assert fields["allergies"] == {"allergen"}
    assert fields["vital_signs"] == {"height", "weight", "measured_at"}


def test_the_section_may_refer_to_mapped_fields_and_to_its_own() -> None:
    mapped = plan(
        HEAD + "healthbook:\n  doctor:\n    name: {field: XML1.HO_TEN}\n"
        "    phone: {join: [{field: name}, {const: '0900'}], separator: ': '}\n"
    )
    found = book_of(mapped, {"ID": "K1", "NAME": "A"})
    assert found["doctor"] == {"name": "A", "licence": "", "phone": "A: 0900"}


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
        ("healthbook: {guardian: {each: items, name: X}}", "MAP-BLOCK", "first"),
        ("healthbook: {guardian: [{name: X}, {phone: Y}]}", "MAP-BLOCK", "first"),
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
    mapped = plan(HEAD + "healthbook:\n  vaccinations: {each: shots, vaccine: NAME, dose_no: DOSE}\n")
    with pytest.raises(MappingError) as caught:
        book_of(mapped, {"ID": "K1", "NAME": "x"}, shots=[{"NAME": "BCG", "DOSE": "hai mũi"}])
    assert caught.value.where is not None
    assert (caught.value.where.table, caught.value.where.row, caught.value.where.field) == (
        "healthbook.vaccinations",
        1,
        "dose_no",
    )
    assert "hai mũi" not in caught.value.text("en")


def test_a_flag_is_one_or_zero_and_nothing_else() -> None:
    mapped = plan(HEAD + "healthbook: {privacy: {consent: AGREED}}\n")
    for value, text in ((True, "1"), (False, "0"), (1, "1"), ("0", "0"), (None, "")):
        assert book_of(mapped, {"ID": "K1", "NAME": "x", "AGREED": value})["privacy"]["consent"] == text
    with pytest.raises(MappingError, match="1 or 0"):
        book_of(mapped, {"ID": "K1", "NAME": "x", "AGREED": "perhaps"})


def test_lint_knows_the_dead_conditions_of_the_book(tmp_path: Path) -> None:
    file = tmp_path / "mapping.yaml"
    file.write_text(
        "mapping: t\n" + HEAD + "healthbook:\n  allergies: {each: a, when: 1 == 2, type: KIND}\n",
        encoding="utf-8",
    )
    found = {(f.code, f.where.line) for f in lint(file) if "healthbook.allergies" in f.message_en}
    assert found == {("MAP-DEAD", 5)}


def test_overrides_of_a_hospital_meet_the_vendor_s_base(tmp_path: Path) -> None:
    (tmp_path / "base.yaml").write_text("mapping: base\n" + HEAD + BOOK, encoding="utf-8")
    own = tmp_path / "own.yaml"
    own.write_text(
        "mapping: own\nextends: base.yaml\nremove: [healthbook.vaccinations]\n"
        "healthbook:\n  allergies: {type: KIND}\n  vital_signs: {weight: KG}\n",
        encoding="utf-8",
    )
    mapped = load_mapping(own)
    assert mapped.book_fields["allergies"] == {"allergen", "type"}
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
