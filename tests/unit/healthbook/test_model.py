"""The book's classes and the book's list of fields are one thing said twice; here they are held equal."""

from __future__ import annotations

import typing
from collections import Counter
from typing import Any

import pytest

from adapter.healthbook import model
from adapter.healthbook.catalogue import HIS, fields, groups, projection, rules_of
from adapter.healthbook.projection import partial_iso
from adapter.standard.healthbook import book_sections
from adapter.standard.spec import layouts, written_as

KINDS = {
    ("text", "one"): {model.Text}, ("text", "list"): {model.Words}, ("text", "rows"): {model.Text},
    ("code", "one"): {model.Coded}, ("code", "list"): {model.Codes}, ("code", "rows"): {model.Coded, model.Codes},
    ("partial", "one"): {model.Partial}, ("partial", "rows"): {model.Partial}, ("date", "rows"): {model.Partial},
    ("date", "list"): {model.Days}, ("datetime", "one"): {model.Moment}, ("datetime", "rows"): {model.Moment},
    ("decimal", "one"): {model.Number}, ("decimal", "rows"): {model.Number}, ("integer", "rows"): {model.Whole},
    ("document", "one"): {model.Paper}, ("list", "rows"): {model.Paper},
}  # fmt: skip


def leaves(kind: type[Any]) -> dict[str, set[type[Any]]]:
    """Field → its possible classes, through rows."""
    found: dict[str, set[type[Any]]] = {}
    for name, hint in typing.get_type_hints(kind).items():
        options = [a for a in typing.get_args(hint) if a is not type(None) and a is not Ellipsis]
        if any(issubclass(a, model.Fact) for a in options if isinstance(a, type)):
            found[name] = set(options)
        else:
            for option in options:
                found |= leaves(option) if isinstance(option, type) and issubclass(option, model._Row) else {}
    return found


SECTIONS = {
    "administrative": model.Administrative,
    "history": model.History,
    "encounter": model.Encounter,
    "linked_papers": model.LinkedPapers,
}


def test_there_are_81_fields_in_the_four_parts() -> None:
    assert len(fields()) == 81
    assert Counter(f.section for f in fields().values()) == {
        "administrative": 20,
        "history": 12,
        "encounter": 45,
        "linked_papers": 4,
    }


@pytest.mark.parametrize("section", SECTIONS)
def test_classes_hold_exactly_the_fields_of_their_part(section: str) -> None:
    assert set(leaves(SECTIONS[section])) == {f.id for f in fields().values() if f.section == section}


@pytest.mark.parametrize("name", list(fields()))
def test_each_value_has_the_class_its_type_asks_for(name: str) -> None:
    about = fields()[name]
    allowed = KINDS[about.type, about.repeat]
    assert leaves(SECTIONS[about.section])[name] <= allowed | ({model.Coded} if name == "procedure_name" else set())


def test_every_field_says_how_sure_it_is_and_what_it_is_called_in_both_languages() -> None:
    for about in fields().values():
        assert about.certainty in {"official-text", "secondary", "inferred"}
        assert about.mapping_level in {"attested-field", "attested-table", "defined-meaning", "none-in-xml", "unknown"}
        assert about.label_vi
        assert about.label_en


def test_every_field_has_a_source_that_exists_in_the_standard_or_among_the_further_facts() -> None:
    known: dict[str, set[str]] = {}
    for layout in layouts():
        for table in written_as(layout).tables.values():
            known.setdefault(table.name, set()).update(table.names)
    assert set(rules_of()) == set(fields())
    for rule in projection():
        if rule.table.startswith(f"{HIS}:"):
            section = book_sections()[rule.table.removeprefix(f"{HIS}:")]
            assert set(rule.columns) <= set(section.names), rule
        else:
            assert set(rule.columns) <= known[rule.table], rule


def test_groups_of_rows_and_rules_name_each_other() -> None:
    named = {(r.group, r.table) for r in projection() if r.group}
    assert {(g.name, g.table) for g in groups()} == named
    assert {g.name for g in groups()} == set(model.ROWS)


@pytest.mark.parametrize(
    ("text", "iso"),
    [
        ("198000000000", "1980"),
        ("198005000000", "1980-05"),
        ("198005120000", "1980-05-12"),
        ("202611090857", "2026-11-09T08:57"),
        ("20230920", "2023-09-20"),
        ("2015", "2015"),
        ("20150000", "2015"),
    ],
)
def test_what_is_not_known_of_a_date_is_not_made_up(text: str, iso: str) -> None:
    assert partial_iso(text) == iso


@pytest.mark.parametrize("text", ["", "abc", "20261301", "202602300000", "2026110"])
def test_what_is_no_date_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"not a |unconverted|out of range|must be|does not match"):
        partial_iso(text)
