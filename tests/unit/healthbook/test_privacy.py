"""Each privacy rule: what it withholds is in no view, page, document or log, and no insured claim loses a đồng."""

from __future__ import annotations

import json
import logging
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapter.clock import VIETNAM
from adapter.dossier.model import Dossier, decimal_of
from adapter.errors import ConfigError
from adapter.healthbook.fhir import bundle_json
from adapter.healthbook.pages import book_page, timeline_page
from adapter.healthbook.privacy import Decision, judge, load_rules
from adapter.healthbook.privacy.rules import Haystack
from tests.support.book_world import Visit, visit, visits
from tests.support.privacy_cases import CASES

NOW = datetime(2026, 11, 22, 20, 0, tzinfo=VIETNAM)
RULES = load_rules()


def everything_shown(one: Visit) -> str:
    seen = one.seen()
    return "\n".join(
        (
            json.dumps(seen.book.to_json(), ensure_ascii=False),
            book_page(seen),
            timeline_page([seen.book]),
            bundle_json(seen.book, base="https://fhir.example.org/bhyt", now=NOW),
            repr(seen.withheld),
        )
    )


def money(dossier: Dossier) -> Decimal:
    return sum(
        (
            decimal_of(value) or Decimal(0)
            for table in dossier.tables
            for row in dossier.rows(table)
            for name, value in row.items()
            if name.startswith(("T_", "THANH_TIEN", "DON_GIA", "SO_LUONG", "MUC_HUONG", "TYLE"))
        ),
        Decimal(0),
    )


def test_every_rule_has_a_case() -> None:
    assert set(CASES) == {rule.id for rule in RULES.rules}


@pytest.mark.parametrize("rule", CASES)
def test_withheld_facts_are_in_no_book_page_document_or_log(rule: str, caplog: pytest.LogCaptureFixture) -> None:
    one, secrets = CASES[rule]
    whole = json.dumps(one.book.to_json(), ensure_ascii=False)
    for secret in secrets:
        assert secret in whole, f"the case does not hold {secret}"
    with caplog.at_level(logging.DEBUG):
        shown = everything_shown(one)
    for secret in secrets:
        if len(secret) > 3:
            assert secret not in shown
            assert secret not in caplog.text
    names = (next(r for r in RULES.rules if r.id == rule).name_vi, rule)
    assert not any(name in shown for name in names), "the rule itself must not show"


@pytest.mark.parametrize("rule", CASES)
def test_the_privileged_see_everything_and_by_which_rule_it_is_withheld(rule: str) -> None:
    one, _ = CASES[rule]
    seen = one.seen(privileged=True)
    assert seen.book == one.book
    assert rule in {w.rule for w in seen.withheld}


@pytest.mark.parametrize("rule", CASES)
def test_no_insured_claim_loses_a_row_a_code_or_a_dong(rule: str) -> None:
    one, _ = CASES[rule]
    first = judge(one.dossier, one.extra, RULES)
    accepted = tuple(Decision(c.rule, "accept", "đã xem", "user:a", NOW, c.key) for c in first.cuts)
    for judgement in (first, judge(one.dossier, one.extra, RULES, accepted)):
        assert money(judgement.dossier) == money(one.dossier)
        assert judgement.withheld == (), "an insured claim is never kept back for good"
        for table in one.dossier.tables:
            for before, after in zip(one.dossier.rows(table), judgement.dossier.rows(table), strict=True):
                changed = {name for name in before if before[name] != after[name]}
                assert changed <= set(RULES.free_text.get(table, ()))


@pytest.mark.parametrize("rule", CASES)
def test_a_self_paid_visit_follows_its_own_column(rule: str) -> None:
    about = next(r for r in RULES.rules if r.id == rule)
    one = CASES[rule][0].self_paid()
    judgement = judge(one.dossier, one.extra, RULES)
    assert rule in judgement.matched
    assert (rule in judgement.waiting) == (about.self_paid in {"hold", "review"})
    assert (rule in judgement.withheld) == (about.self_paid == "never")


@pytest.mark.parametrize("rule", [r.id for r in RULES.rules if r.consent_lifts])
def test_written_consent_lets_a_self_paid_visit_go_and_be_seen(rule: str) -> None:
    one = CASES[rule][0].self_paid()
    agreed = one.with_extra(privacy={**one.extra.get("privacy", {}), "consent": "1"})
    assert rule not in judge(agreed.dossier, agreed.extra, RULES).waiting
    assert agreed.seen().book.filled() >= one.seen().book.filled()
    assert agreed.seen().book == agreed.book


@pytest.mark.parametrize("rule", [r.id for r in RULES.rules if r.show not in {"never"} and r.id != "no_consent"])
def test_a_recorded_decision_shows_what_was_withheld(rule: str) -> None:
    one, secrets = CASES[rule]
    decision = Decision(rule, "show", "người bệnh đồng ý", "user:a", NOW)
    shown = json.dumps(one.seen(decision).book.to_json(), ensure_ascii=False)
    assert secrets[0] in shown


@pytest.mark.parametrize("rule", [r.id for r in RULES.rules if r.show == "never"])
def test_what_may_never_be_shown_no_decision_shows(rule: str) -> None:
    one, secrets = CASES[rule]
    decision = Decision(rule, "show", "người bệnh đồng ý", "user:a", NOW)
    shown = json.dumps(one.seen(decision).book.to_json(), ensure_ascii=False)
    assert all(secret not in shown for secret in secrets)


def test_a_decision_to_send_or_to_withhold_ends_the_waiting() -> None:
    one = CASES["hiv"][0].self_paid()
    send = Decision("hiv", "send", "đồng ý bằng văn bản", "user:a", NOW)
    stop = Decision("hiv", "withhold", "không đồng ý", "user:a", NOW)
    assert judge(one.dossier, one.extra, RULES).waiting == ("hiv",)
    assert judge(one.dossier, one.extra, RULES, (send,)).waiting == ()
    assert judge(one.dossier, one.extra, RULES, (stop,)).withheld == ("hiv",)


def test_a_proposed_text_waits_until_it_is_accepted_or_the_old_one_is_kept() -> None:
    one = CASES["fetal_sex"][0]
    first = judge(one.dossier, one.extra, RULES)
    (cut,) = first.cuts
    assert (cut.table, cut.field, cut.row) == ("XML1", "GHI_CHU", 1)
    assert "nữ" not in cut.new
    assert "thai 18 tuần" in cut.new
    assert "tim thai tốt" in cut.new
    assert first.waiting == ("fetal_sex",)
    assert first.dossier == one.dossier, "nothing changes before a person says so"
    accept = Decision("fetal_sex", "accept", "đúng", "user:a", NOW, cut.key)
    keep = Decision("fetal_sex", "keep", "không phải giới tính thai", "user:a", NOW, cut.key)
    accepted = judge(one.dossier, one.extra, RULES, (accept,))
    assert accepted.waiting == ()
    assert accepted.dossier.header["GHI_CHU"] == cut.new
    kept = judge(one.dossier, one.extra, RULES, (keep,))
    assert (kept.waiting, kept.dossier) == ((), one.dossier)
    assert "nữ" in str(one.seen(keep).book.encounter.summary_next_care)


def test_a_file_other_software_signed_is_never_changed_and_goes_only_as_it_is() -> None:
    one = CASES["fetal_sex"][0]
    signed = replace(one.dossier, document=b"<signed/>")
    (cut,) = judge(signed, one.extra, RULES).cuts
    accept = Decision("fetal_sex", "accept", "đúng", "user:a", NOW, cut.key)
    keep = Decision("fetal_sex", "keep", "đã xem", "user:a", NOW, cut.key)
    assert judge(signed, one.extra, RULES, (accept,)).waiting == ("fetal_sex",)
    assert judge(signed, one.extra, RULES, (accept,)).dossier == signed
    assert judge(signed, one.extra, RULES, (keep,)).waiting == ()


@pytest.mark.parametrize(
    "text",
    [
        "giới tính thai nhi: nam",
        "Thai nhi giới tính nữ",
        "thai là bé trai, tim thai 150",
        "Thai nhi nghĩ nhiều đến bé gái",
        "NIPT: không thấy nhiễm sắc thể Y",
        "Karyotype nước ối 46,XY bình thường",
        "thai 22 tuần, con trai",
        "gioi tinh thai nhi: nam",
    ],
)
def test_ways_to_tell_the_sex_of_a_fetus_are_found(text: str) -> None:
    rule = next(r for r in RULES.rules if r.id == "fetal_sex")
    cut = rule.cut_out(text, diseases=("Z34.9",))
    assert "[…]" in cut
    assert not any(word in cut.lower() for word in ("nam", "nữ", "trai", "gái", "xy"))


@pytest.mark.parametrize(
    ("text", "diseases"),
    [
        ("Sinh một bé gái 3200 g", ("O80.0",)),
        ("Thai 12 tuần, tim thai tốt, nước ối bình thường", ("Z34.0",)),
        ("Bệnh nhân nữ, mang thai lần hai", ("O20.0",)),
        ("bé trai 5 tuổi ho sốt", ("J20.9",)),
    ],
)
def test_what_does_not_tell_the_sex_of_a_fetus_is_left_alone(text: str, diseases: tuple[str, ...]) -> None:
    rule = next(r for r in RULES.rules if r.id == "fetal_sex")
    assert rule.cut_out(text, diseases=diseases) is text


@pytest.mark.parametrize("name", [n for n in visits() if n != "hiv_withheld"])
def test_ordinary_visits_are_shown_whole_and_wait_for_nothing(name: str) -> None:
    one = visit(name)
    assert one.seen().book == one.book
    judgement = judge(one.dossier, one.extra, RULES)
    assert (judgement.matched, judgement.waiting, judgement.cuts) == ((), (), ())


def test_words_are_found_at_their_beginning_only_and_without_marks_in_unmarked_text() -> None:
    rule = next(r for r in RULES.rules if r.id == "hiv")
    assert rule.reads("Anti-HIV (nhanh)")
    assert rule.reads("HIV1/2 Ab")
    assert rule.reads("khang retro vi rut")
    assert not rule.reads("archives")
    assert not rule.reads("prepare")


_PIECES = st.sampled_from(
    [word for rule in RULES.rules for word in rule.words]
    + [
        "thai",
        "nuoc oi",
        "người hiến thận: Nguyễn Văn A",
        "Paracetamol 500mg",
        "bình thường",
        "archives",
        "Đau bụng",
        "",
    ]
)
_VISIT_TEXTS = st.lists(st.lists(_PIECES, max_size=3).map(" ".join), max_size=6)


@given(st.lists(_VISIT_TEXTS, max_size=4))
def test_texts_remembered_as_quiet_hide_nothing_from_any_rule(visits: list[list[str]]) -> None:
    contexts = [rule.context.words for rule in RULES.rules if rule.context]
    always = [rule.patterns for rule in RULES.rules if not rule.context]
    for texts in visits:
        loud, all_of_them = RULES.quiet.loud(texts), Haystack(texts)
        for words in (*(rule.words for rule in RULES.rules), *contexts):
            assert loud.holds(words) == all_of_them.holds(words)
        assert [loud.finds(patterns) for patterns in always] == [all_of_them.finds(patterns) for patterns in always]


def test_a_changed_file_of_rules_is_read_again(tmp_path: Path) -> None:
    own = tmp_path / "privacy.yaml"
    text = (
        "rules:\n- {id: own, name_vi: a, name_en: a, words: [WORD], claim: hold, self_paid: hold, show: hold,"
        " basis: b, certainty: {rule: own}}\n"
    )
    for word in ("paracetamol", "ibuprofen"):
        own.write_text(text.replace("WORD", word), encoding="utf-8")
        rules = load_rules(own)
        assert rules.quiet.loud([f"{word} 500mg", "bình thường"]).holds((word,))
        assert load_rules(own) is rules


def test_a_facility_may_change_a_rule_and_a_broken_file_is_refused(tmp_path: Path) -> None:
    own = tmp_path / "privacy.yaml"
    own.write_text(
        "rules:\n- {id: drug_test, name_vi: a, name_en: a, words: [xyz], claim: send, self_paid: send, show: hold,"
        " basis: b, certainty: {rule: own}}\n",
        encoding="utf-8",
    )
    changed = load_rules(own)
    assert len(changed.rules) == len(RULES.rules)
    assert next(r for r in changed.rules if r.id == "drug_test").words == ("xyz",)
    own.write_text("rules:\n- {id: x, cut: ['(']}\n", encoding="utf-8")
    with pytest.raises(ConfigError, match="privacy"):
        load_rules(own)
