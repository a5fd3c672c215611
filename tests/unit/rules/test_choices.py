"""A site's own choices: weights and doubtful points with dates and reasons, rules of its own, all recorded."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import yaml

from adapter.clock import from_datetime12
from adapter.errors import ConfigError
from adapter.pipeline.workbench import CheckJob, InlineBench
from adapter.resources import shipped
from adapter.rules import Context, Options, check
from adapter.rules.catalogue import catalogue, overridable
from adapter.rules.finding import Report
from adapter.rules.local import lint, load
from adapter.rules.setup import setup_of
from adapter.settings import RulesSettings, Settings, load_settings
from adapter.standard.spec import effective_on
from tests.support.inside import inside, inside_json
from tests.support.rule_cases import build

_AT = from_datetime12("202609030800")
_WRONG = {"@base": "outpatient", "XML2.1.THANH_TIEN_BV": "9000"}
_FACILITY = {
    "code": "01999",
    "account": "a",
    "password_file": "p",
    "mapping": "demo-his-b",
    "source": {"url": "sqlite:///x.db"},
}


def _settings(**rules: Any) -> Settings:
    return Settings.model_validate({"facilities": [_FACILITY], "rules": rules})


def _options(facility: str = "01999", **rules: Any) -> Options:
    return Options.from_settings(RulesSettings.model_validate(rules), facility)


def _found(options: Options, rule: str) -> list[tuple[str, str]]:
    report = check(build(_WRONG), standard=effective_on(date(2026, 9, 1)), context=Context(at=_AT, options=options))
    return [(f.severity, f.override) for f in report.findings if f.rule == rule]


_OVERRIDE = {"rule": "X2-MONEY-001", "severity": "warning", "reason": "chờ công văn"}


def test_an_override_holds_in_its_days_at_its_facility_and_says_why_in_the_finding() -> None:
    inside_ = _options(overrides=[{**_OVERRIDE, "since": "2026-09-01", "until": "2026-09-30"}])
    assert _found(inside_, "X2-MONEY-001") == [("warning", "từ / since 2026-09-01 đến / until 2026-09-30 chờ công văn")]
    before = _options(overrides=[{**_OVERRIDE, "since": "2026-10-01"}])
    assert _found(before, "X2-MONEY-001") == [("error", "")]
    elsewhere = _options(overrides=[{**_OVERRIDE, "facility": "01002"}])
    assert _found(elsewhere, "X2-MONEY-001") == [("error", "")]


def test_an_override_without_a_reason_is_refused() -> None:
    with pytest.raises(ValueError, match="reason"):
        _options(overrides=[{"rule": "X2-MONEY-001", "severity": "off"}])


def test_an_override_of_a_rule_that_does_not_exist_is_refused() -> None:
    with pytest.raises(ConfigError, match="X2-MONEY-999"):
        setup_of(_settings(overrides=[{**_OVERRIDE, "rule": "X2-MONEY-999"}]))


def test_what_is_switched_off_is_told_with_the_report() -> None:
    off = _options(overrides=[{**_OVERRIDE, "severity": "off"}])
    report = check(build(_WRONG), standard=effective_on(date(2026, 9, 1)), context=Context(at=_AT, options=off))
    assert report.switched_off == ("X2-MONEY-001 (chờ công văn)",)


def test_a_doubtful_point_is_decided_from_a_day_on() -> None:
    options = _options(
        choices=[
            {"option": "info_up_to", "value": "5.00", "since": "2026-07-01", "reason": "thoả thuận với BHXH"},
            {"option": "summary_kinds", "value": ["03"], "reason": "chỉ nội trú"},
        ]
    )
    assert options.on("202606301000").info_up_to == Decimal("1.00")
    assert options.on("202607010000").info_up_to == Decimal("5.00")
    assert options.on("202606301000").summary_kinds == frozenset({"03"})
    assert options.on("").info_up_to == Decimal("1.00")


@pytest.mark.parametrize(
    ("option", "value"),
    [("no_such_option", 1), ("info_up_to", 0.5), ("prescription_days", "sixty"), ("signature_required", "no")],
)
def test_a_choice_that_is_none_is_refused_with_the_options_there_are(option: str, value: Any) -> None:
    with pytest.raises(ConfigError) as refused:
        _options(choices=[{"option": option, "value": value, "reason": "thử xem"}])
    assert option in refused.value.message_en


def test_every_option_can_be_chosen_in_the_settings_and_is_documented() -> None:
    from dataclasses import fields

    page = (Path(__file__).parents[3] / "docs" / "rules" / "options.md").read_text(encoding="utf-8")
    names = [f.name for f in fields(Options) if f.name not in {"overrides", "choices"}]
    assert [name for name in names if f"`{name}`" not in page] == []


def test_no_broken_file_or_foreign_identity_can_be_overridden() -> None:
    never = [i for i in catalogue() if i.startswith("PKG-")]
    never += ["X1-REQ-001", "REQ-XML2-STT", "MA-LK-TWICE", "CHECK-ERROR", "no such rule"]
    assert [i for i in never if overridable(i)] == []
    assert overridable("X2-MONEY-001")
    assert overridable("X1-ELIG-003")


def test_the_shipped_example_of_local_rules_has_no_fault() -> None:
    file = shipped("config") / "rules.local.yaml"
    assert lint(file) == []
    assert len(load(file)) == 3


@pytest.fixture
def workdir(tmp_path: Path) -> Path:
    example = shipped("config") / "rules.local.yaml"
    (tmp_path / "rules.local.yaml").write_text(example.read_text(encoding="utf-8"), encoding="utf-8")
    document = {"facilities": [_FACILITY], "rules": {"local_file": "rules.local.yaml", "overrides": [_OVERRIDE]}}
    (tmp_path / "config.yaml").write_text(yaml.safe_dump(document, allow_unicode=True), encoding="utf-8")
    return tmp_path


def test_local_rules_run_where_dossiers_are_checked_before_sending(workdir: Path) -> None:
    settings = load_settings(workdir=workdir)
    bench = InlineBench(settings, settings.facilities[0])
    body = build({"@base": "outpatient", "XML1.1.DIEN_THOAI": ""}).to_bytes()
    (report,) = bench.check_many([CheckJob(body, 1, _AT)])
    assert isinstance(report, Report)
    assert "LOCAL-DIEN-THOAI" in {f.rule for f in report.findings}


def test_the_command_lists_and_shows_local_rules_and_choices(workdir: Path) -> None:
    listed = inside_json("rules", "list", "--workdir", workdir)
    assert len(listed["rules"]) == 461
    assert {r["id"] for r in listed["local_rules"]} >= {"LOCAL-DIEN-THOAI"}
    shown = inside_json("rules", "show", "X2-MONEY-001", "--workdir", workdir)
    assert shown["overrides"][0]["reason"] == "chờ công văn"
    assert shown["overridable"] is True
    assert inside_json("rules", "show", "LOCAL-DIEN-THOAI", "--workdir", workdir)["kind"] == "local"


def test_a_faulty_local_file_stops_checking_with_its_place(workdir: Path) -> None:
    (workdir / "rules.local.yaml").write_text("rules:\n  - id: A\n    colour: red\n", encoding="utf-8")
    done = inside("rules", "list", "--workdir", workdir)
    assert done.returncode == 2
    assert "rules.local.yaml:2" in done.stderr
