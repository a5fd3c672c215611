"""What a person or a script is told about a day, and about what it changes."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from adapter.cli.authoring.standard_cmd import app
from adapter.errors import ConfigError
from adapter.standard import report
from adapter.standard.spec import use_layers

TODAY = date(2026, 11, 22)


@pytest.fixture(autouse=True)
def _shipped_decisions_only() -> Iterator[None]:
    yield
    use_layers(())


def _json(*arguments: str) -> Any:
    result = CliRunner().invoke(app, [*arguments, "--json"], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    assert result.stdout.count("\n") == 1
    return json.loads(result.stdout)


def test_a_day_is_shown_with_its_decisions_tables_codes_and_parameters() -> None:
    shown = report.show(TODAY)
    assert (shown["on"], shown["layout"], shown["fields"], len(shown["tables"])) == ("2026-11-22", "3176", 479, 16)
    assert [x["id"] for x in shown["layers"]][:3] == ["QD130", "QD824/2023", "QD4750"]
    assert {x["selected_by"] for x in shown["layers"]} == {"end_of_visit", "admission"}
    assert shown["to_come"] == []
    assert shown["parameters"]["base_salary"] == "2530000"
    sets = {x["set"]: x for x in shown["code_sets"]}
    assert sets["MA_DOITUONG_KCB"] == {
        "set": "MA_DOITUONG_KCB", "closed": True, "prefix": False, "count": 27, "tolerated_count": 0,
    }  # fmt: skip
    assert "QD3176" in [x["id"] for x in report.show(date(2024, 10, 1))["to_come"]]
    json.dumps(shown)


def test_july_2026_changes_the_benefit_level_the_salary_and_the_disease_list_and_nothing_else() -> None:
    changes = report.diff(date(2026, 6, 30), date(2026, 7, 1))
    assert changes["layers"] == {"added": ["QD1931/2026", "SALARY/2026", "TT06/2026"], "removed": []}
    assert changes["fields"] == [
        {"table": t, "field": "MUC_HUONG", "change": "changed", "attributes": {"max_len": [3, 4]}}
        for t in ("XML2", "XML3")
    ]
    assert changes["code_sets"] == []
    assert changes["tables"] == {"added": [], "removed": []}
    assert changes["parameters"] == {
        "base_salary": ["2340000", "2530000"],
        "icd10_list": ["QD4469/2020", "TT06/2026"],
    }


def test_between_layouts_renamed_added_and_removed_fields_are_told_apart() -> None:
    changes = report.diff(TODAY, TODAY, "4750", "3176")
    by_field = {(x["table"], x["field"]): x for x in changes["fields"]}
    assert by_field["XML13", "MA_CSKCB_DI"]["change"] == "renamed"
    assert by_field["XML13", "MA_CSKCB_DI"]["attributes"]["name"] == ["MA_NOI_DI", "MA_CSKCB_DI"]
    assert by_field["XML13", "TEN_THUOC"]["change"] == "removed"
    assert ("XML13", "MA_NOI_DI") not in by_field
    assert by_field["XML14", "NGAY_HEN_KL"]["attributes"]["max_len"] == [12, 8]
    older = report.diff(TODAY, TODAY, "130", "4750")
    added = [x for x in older["fields"] if x["change"] == "added"]
    assert older["tables"]["added"] == ["XML13", "XML14", "XML15"]
    assert len(added) == 8 + 1 + 1 + 16 + 1 + 1 + 1 + 1
    assert ("XML1", "MA_QUOCTICH") in {(x["table"], x["field"]) for x in older["fields"] if x["change"] == "changed"}


def test_changed_code_sets_list_their_codes() -> None:
    (change,) = report.diff(date(2026, 7, 31), date(2026, 8, 1))["code_sets"]
    assert change["set"] == "MA_LOAI_KCB"
    assert sorted(change["added"]) == ["11", "12", "13", "14", "15", "16"]
    assert change["removed"] == {}
    assert change["relabelled"]["04"][1].startswith("Điều trị ban ngày")
    (change,) = [x for x in report.diff(date(2025, 6, 30), date(2025, 7, 1))["code_sets"] if x["removed"]]
    assert set(change["removed"]) == {"1.8", "1.9", "1.10", "3.4", "3.5", "3.7", "7.1"} == set(change["tolerated"])


def test_a_table_and_a_code_set_are_shown_whole_or_not_at_all() -> None:
    table = report.show_table(date(2026, 6, 30), "XML2")
    assert table is not None
    assert len(table["fields"]) == 39
    assert {f["name"]: f for f in table["fields"]}["MUC_HUONG"]["max_len"] == 3
    assert report.show_table(TODAY, "XML13", "130") is None
    codes = report.show_codes(date(2026, 7, 1), "MA_LOAI_KCB")
    assert codes is not None
    assert (len(codes["codes"]), sorted(codes["tolerated"])) == (10, ["11", "12", "13", "14", "15", "16"])
    assert report.show_codes(TODAY, "KHONG_CO") is None


def test_the_command_prints_one_json_document_for_the_day_asked() -> None:
    for text in ("2026-06-30", "20260630", "30/06/2026"):
        assert _json("show", "--on", text)["on"] == "2026-06-30"
    assert _json("show", "--on", "2024-08-01")["layout"] == "4750"
    assert _json("show", "--standard", "130")["fields"] == 370
    assert _json("show", "--on", "2026-07-01", "--table", "xml3")["fields"][21]["max_len"] == 4
    assert _json("show", "--codes", "GIOI_TINH")["codes"]["3"] == "Chưa xác định"


def test_diff_compares_with_the_day_before_unless_told_otherwise() -> None:
    assert _json("diff", "--on", "2026-08-01") == _json("diff", "--on", "2026-08-01", "--against", "2026-07-31")
    assert _json("diff", "--on", "2026-08-02")["code_sets"] == []
    assert _json("diff", "--standard", "3176", "--against-standard", "4750")["before"]["layout"] == "4750"


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["show", "--on", "2026-07-01"], ["QĐ 1931/QĐ-BYT", "base_salary = 2530000", "XML15"]),
        (["show", "--table", "XML7"], ["MA_YTE", "Giấy ra viện"]),
        (["show", "--codes", "MA_LOAI_KCB", "--on", "2026-07-01"], ["01  Khám bệnh", "chấp nhận trong chuyển tiếp"]),
        (["diff", "--on", "2026-07-01"], ["~ XML2.MUC_HUONG  max_len: 3 → 4", "+ TT06/2026"]),
        (["diff", "--on", "2026-07-02"], ["Không có gì thay đổi"]),
        (["diff", "--standard", "3176", "--against-standard", "4750"], ["max_len: 15 → n", "- XML13.TEN_THUOC"]),
    ],
)
def test_people_read_it_in_vietnamese_first(arguments: list[str], expected: list[str]) -> None:
    result = CliRunner().invoke(app, arguments, catch_exceptions=False)
    assert result.exit_code == 0
    for text in expected:
        assert text in result.stdout


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["show", "--on", "2026-13-01"], "Cannot read the day"),
        (["show", "--table", "XML99"], "no table or code set 'XML99'"),
        (["show", "--standard", "4210"], "no layout '4210'"),
    ],
)
def test_a_question_without_an_answer_is_wrong_use(arguments: list[str], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        CliRunner().invoke(app, arguments, catch_exceptions=False)


def test_decisions_of_the_installation_are_shown_too(tmp_path: Path) -> None:
    folder = tmp_path / "quyet-dinh" / "bia"
    folder.mkdir(parents=True)
    (folder / "layer.yaml").write_text(
        "id: BIA/2031\ndecision: Bịa\ntitle_vi: Bịa\ntitle_en: Invented\neffective: 2031-01-01\n"
        "selected_by: sending\nparameters: {fee: '5'}\n",
        encoding="utf-8",
    )
    (tmp_path / "config.yaml").write_text("standard: {extra_layers: [quyet-dinh]}\n", encoding="utf-8")
    shown = _json("show", "--on", "2031-01-01", "--workdir", str(tmp_path))
    assert shown["parameters"]["fee"] == "5"
    assert shown["layers"][-1]["selected_by"] == "sending"
