"""Rules an integrator writes: run like the built-in ones, every fault of the file told with its place."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import pytest
from typer.testing import CliRunner

from adapter.cli.authoring.rules_cmd import app as rules_app
from adapter.dossier.model import Purpose
from adapter.errors import ConfigError
from adapter.rules import Context, Options, Report, check
from adapter.rules.context import Override
from adapter.rules.local import lint, load
from adapter.standard.spec import effective_on
from tests.support.rule_cases import build

_GOOD = """\
rules:
  - id: LOCAL-SO-LUONG
    severity: warning
    table: XML2
    field: SO_LUONG
    violated_when: SO_LUONG > 25 and MA_NHOM == 4
    message_vi: Số lượng lớn.
    message_en: Large quantity.
  - id: LOCAL-KHOA
    severity: error
    table: XML3
    field: MA_KHOA
    violated_when: MA_KHOA != XML1["MA_KHOA"]
    purposes: [claim, book]
    message_vi: Khác khoa.
    message_en: Other department.
"""


def _write(folder: Path, text: str) -> Path:
    path = folder / "rules.local.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def _run(rules: Path, options: Options | None = None, **patch: str) -> Report:
    dossier = build({"@base": "outpatient", **patch})
    standard = effective_on(date(2026, 9, 1))
    return check(dossier, standard=standard, context=Context(options=options or Options()), local=load(rules))


def _local(report: Report) -> list[tuple[str, str, int | None, str, str]]:
    return [(f.rule, f.severity, f.row, f.field, f.value) for f in report.findings if f.rule.startswith("LOCAL-")]


def test_a_local_rule_finds_the_row_at_fault(tmp_path: Path) -> None:
    rules = _write(tmp_path, _GOOD)
    assert _local(_run(rules)) == [("LOCAL-SO-LUONG", "warning", 2, "SO_LUONG", "30.000")]
    assert ("LOCAL-KHOA", "error", 2, "MA_KHOA", "K02") in _local(_run(rules, **{"XML3.2.MA_KHOA": "K02"}))


def test_a_local_rule_is_silent_on_empty_values(tmp_path: Path) -> None:
    assert _local(_run(_write(tmp_path, _GOOD), **{"XML2.2.SO_LUONG": ""})) == []


def test_a_local_rule_that_cannot_be_worked_out_is_told(tmp_path: Path) -> None:
    rules = _write(tmp_path, _GOOD.replace("SO_LUONG > 25", "decimal(TEN_THUOC) > 1"))
    report = _run(rules)
    assert [n.rule for n in report.not_checked if n.rule.startswith("LOCAL-")] == ["LOCAL-SO-LUONG"]
    assert "Thuốc" not in str([n.needs for n in report.not_checked])


def test_a_local_rule_can_be_switched_off_and_keeps_to_its_purposes(tmp_path: Path) -> None:
    rules = _write(tmp_path, _GOOD)
    assert _local(_run(rules, Options(overrides=(Override("LOCAL-SO-LUONG", "off"),)))) == []
    assert load(rules)[0].purposes == {Purpose.CLAIM}
    assert load(rules)[1].purposes == {Purpose.CLAIM, Purpose.BOOK}


@pytest.mark.parametrize(
    ("old", "new", "code", "line"),
    [
        ("    severity: warning\n", "", "LOCAL-KEY", 2),
        ("severity: warning", "severity: fatal", "LOCAL-SEVERITY", 3),
        ("table: XML2", "table: XML99", "LOCAL-TABLE", 4),
        ("field: SO_LUONG", "field: SO_LUONGG", "LOCAL-FIELD", 5),
        ("SO_LUONG > 25", "SO_LUONGG > 25", "LOCAL-EXPR", 6),
        ("SO_LUONG > 25 and", "__import__('os') and", "LOCAL-EXPR", 6),
        ("id: LOCAL-KHOA", "id: X2-MONEY-001", "LOCAL-ID", 9),
        ("id: LOCAL-KHOA", "id: LOCAL-SO-LUONG", "LOCAL-ID", 9),
        ("[claim, book]", "[claim, books]", "LOCAL-PURPOSE", 14),
        ("    message_en: Other", "    colour: red\n    message_en: Other", "LOCAL-KEY", 16),
        ("rules:", "rules: [", "LOCAL-YAML", 2),
        ("rules:", "rule:", "LOCAL-SHAPE", 1),
    ],
)
def test_every_fault_has_its_line(tmp_path: Path, old: str, new: str, code: str, line: int) -> None:
    assert old in _GOOD
    path = _write(tmp_path, _GOOD.replace(old, new, 1))
    assert [(f.code, f.line) for f in lint(path)][:1] == [(code, line)]
    with pytest.raises(ConfigError) as raised:
        load(path)
    assert raised.value.where is not None
    assert raised.value.where.line == line


def test_the_lint_command_speaks_the_contract(tmp_path: Path) -> None:
    runner = CliRunner()
    good = _write(tmp_path, _GOOD)
    assert runner.invoke(rules_app, ["lint", str(good)]).exit_code == 0
    bad = _write(tmp_path, _GOOD.replace("warning", "fatal"))
    result = runner.invoke(rules_app, ["lint", str(bad), "--json"])
    assert result.exit_code == 1
    (finding,) = json.loads(result.stdout)["findings"]
    assert set(finding) == {"code", "severity", "file", "line", "column", "message_vi", "message_en", "hint"}
