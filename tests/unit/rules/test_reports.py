"""The command and its reports: exit codes, the JSON contract, a page a clerk can read, a harmless spreadsheet."""

from __future__ import annotations

import json
import re
import zipfile
from datetime import date
from html.parser import HTMLParser
from pathlib import Path

import pytest
import typer
from openpyxl import load_workbook
from typer.testing import CliRunner

from adapter.cli.authoring.rules_cmd import app as rules_app
from adapter.cli.dossiers.check_cmd import check_command
from adapter.dossier.writer import write
from adapter.rules.catalogue import catalogue, reviewed
from adapter.rules.report.reference import markdown
from adapter.rules.scan import Item, Job, items, scan
from tests.support.rule_cases import build, context_of

AT = "202609030800"
_app = typer.Typer()
_app.command("check")(check_command)
_runner = CliRunner()
_REFERENCE = Path(__file__).resolve().parents[3] / "docs" / "rules" / "reference.md"


def _file(folder: Path, name: str, patch: dict[str, object]) -> Path:
    path = folder / name
    path.write_bytes(write(build({"@base": "outpatient", **patch}), created_on=date(2026, 9, 2)))
    return path


@pytest.fixture
def clean(tmp_path: Path) -> Path:
    return _file(tmp_path, "clean.xml", {})


@pytest.fixture
def faulty(tmp_path: Path) -> Path:
    return _file(tmp_path, "faulty.xml", {"XML2.1.THANH_TIEN_BV": "9000", "XML1.1.HO_TEN": "=CMD() <b>X</b>"})


@pytest.fixture(autouse=True)
def _away_from_any_installation(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def _check(*arguments: str) -> tuple[int, dict[str, object]]:
    result = _runner.invoke(_app, [*arguments, "--json", "--at", AT])
    return result.exit_code, json.loads(result.stdout)


def test_a_clean_unsigned_file_passes_when_no_signature_is_asked_for(clean: Path) -> None:
    code, document = _check(str(clean), "--unsigned")
    assert code == 0
    assert document["errors"] == document["warnings"] == 0
    (entry,) = document["files"]  # type: ignore[misc]
    assert "problem" not in entry
    (dossier,) = entry["dossiers"]
    assert (dossier["ma_lk"], dossier["standard"], dossier["purpose"]) == ("TEST-0001", "3176", "claim")
    assert {"rule": "X1-CODE-009", "needs": "catalogue: icd10"} in dossier["not_checked"]


def test_an_unsigned_file_is_an_error_otherwise(clean: Path) -> None:
    code, document = _check(str(clean))
    assert code == 1
    assert [f["rule"] for f in document["files"][0]["dossiers"][0]["findings"]] == ["PKG-012"]  # type: ignore[index]


def test_findings_have_the_shape_of_the_contract(faulty: Path) -> None:
    code, document = _check(str(faulty), "--unsigned")
    assert code == 1
    findings = document["files"][0]["dossiers"][0]["findings"]  # type: ignore[index]
    money = next(f for f in findings if f["rule"] == "X2-MONEY-001")
    assert set(money) == {"rule", "severity", "table", "row", "field", "value", "message_vi", "message_en"}
    assert (money["table"], money["row"], money["field"], money["value"]) == ("XML2", 1, "THANH_TIEN_BV", "9000")


def test_mask_hides_every_value(faulty: Path) -> None:
    _, document = _check(str(faulty), "--unsigned", "--mask")
    assert "CMD" not in json.dumps(document)


def test_strict_fails_on_a_warning(tmp_path: Path) -> None:
    warned = str(_file(tmp_path, "warned.xml", {"XML1.1.SO_CCCD": ""}))
    assert _check(warned, "--unsigned")[0] == 0
    assert _check(warned, "--unsigned", "--strict")[0] == 1


def test_a_broken_file_is_a_finding_and_an_absent_one_is_wrong_use(tmp_path: Path) -> None:
    (tmp_path / "broken.xml").write_bytes(b"<GIAMDINHHS><a>")
    code, document = _check(str(tmp_path / "broken.xml"))
    assert code == 1
    (entry,) = document["files"]  # type: ignore[misc]
    assert entry["problem"]["message_vi"]
    assert [f["rule"] for f in entry["dossiers"][0]["findings"]] == ["PKG-001"]
    result = _runner.invoke(_app, [str(tmp_path / "absent.xml")])
    assert result.exception is not None
    assert getattr(result.exception, "code", "") == "CONFIG"


@pytest.mark.parametrize(
    "arguments", [("--at", "2026"), ("--standard", "9999"), ("--purpose", "x"), ("--report", "r.pdf")], ids=str
)
def test_wrong_options_are_wrong_use(clean: Path, arguments: tuple[str, str]) -> None:
    result = _runner.invoke(_app, [str(clean), *arguments])
    assert getattr(result.exception, "code", "") == "CONFIG"


def test_folders_and_zips_are_searched(tmp_path: Path, clean: Path, faulty: Path) -> None:
    inner = tmp_path / "deep"
    inner.mkdir()
    with zipfile.ZipFile(inner / "many.zip", "w") as archive:
        archive.write(clean, "a/clean.xml")
        archive.writestr("read.me", "x")
    (inner / "not-a-zip.zip").write_bytes(b"PK nonsense")
    expected = [str(clean), str(faulty), f"{inner / 'many.zip'}!a/clean.xml", str(inner / "not-a-zip.zip")]
    assert sorted(i.label for i in items([tmp_path])) == sorted(expected)
    code, document = _check(str(tmp_path), "--unsigned")
    assert code == 1
    by_name = {Path(e["file"]).name: e for e in document["files"]}  # type: ignore[attr-defined]
    assert by_name["clean.xml"]["dossiers"][0]["findings"] == []
    assert by_name["not-a-zip.zip"]["problem"]


def test_layout_and_purpose_can_be_forced(clean: Path) -> None:
    _, document = _check(str(clean), "--unsigned", "--purpose", "book", "--standard", "3176")
    assert document["files"][0]["dossiers"][0]["purpose"] == "book"  # type: ignore[index]


def test_several_processes_tell_the_same_as_one(tmp_path: Path, clean: Path, faulty: Path) -> None:
    found = [Item(str(clean)), Item(str(faulty))] * 15
    job = Job(context=context_of({"@base": "outpatient"}))
    assert list(scan(found, job, workers=2)) == list(scan(found, job, workers=1))


class _Page(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text.append(data)


def test_the_page_stands_alone_and_says_what_where_why_and_how(tmp_path: Path, clean: Path, faulty: Path) -> None:
    report = tmp_path / "report.html"
    result = _runner.invoke(_app, [str(clean), str(faulty), "--unsigned", "--at", AT, "--report", str(report)])
    assert result.exit_code == 1
    text = report.read_text(encoding="utf-8")
    page = _Page()
    page.feed(text)
    shown = " ".join(" ".join(page.text).split())
    assert "Thành tiền BV phải bằng số lượng nhân đơn giá" in shown
    assert "Cách sửa:" in shown
    assert "How to fix:" in shown
    assert "XML2 , dòng 1" in shown or "XML2, dòng 1" in shown
    assert "QĐ 130" in shown
    assert not [tag for tag, _ in page.tags if tag in {"script", "link", "img", "iframe"}]
    assert not re.search(r"""(?:src|href)\s*=|url\(|@import""", text)
    assert "<b>X</b>" not in text


def test_the_spreadsheet_lists_every_finding_and_holds_no_formula(tmp_path: Path, faulty: Path) -> None:
    report = tmp_path / "report.xlsx"
    _runner.invoke(_app, [str(faulty), "--unsigned", "--at", AT, "--report", str(report)])
    _, document = _check(str(faulty), "--unsigned")
    book = load_workbook(report)
    rows = list(book["Chi tiết"].iter_rows(min_row=2))
    assert len(rows) == len(document["files"][0]["dossiers"][0]["findings"])  # type: ignore[index]
    assert {cell.data_type for row in rows for cell in row} <= {"s", "n"}
    assert any(cell.value == "=CMD() <b>X</b>" for row in rows for cell in row)


def test_rules_list_gives_the_whole_catalogue() -> None:
    result = _runner.invoke(rules_app, ["list", "--json"])
    document = json.loads(result.stdout)
    assert [r["id"] for r in document["rules"]] == list(reviewed())
    assert len(document["rules"]) == 461
    assert {r["id"] for part in document.values() for r in part} == set(catalogue())
    for r in document["rules"]:
        assert r["status"] == "implemented" or r["reason"]


def test_rules_show_tells_what_why_source_and_fix() -> None:
    result = _runner.invoke(rules_app, ["show", "x2-money-001"])
    assert result.exit_code == 0
    for word in ("round2(SO_LUONG*DON_GIA)", "QĐ 130", "Cách sửa"):
        assert word in result.stdout
    assert getattr(_runner.invoke(rules_app, ["show", "NO-SUCH"]).exception, "code", "") == "CONFIG"


def test_the_reference_page_is_what_the_command_writes_now() -> None:
    assert _REFERENCE.read_text(encoding="utf-8") == markdown(), "run: bhyt rules docs --out docs/rules/reference.md"
