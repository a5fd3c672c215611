"""The book by the command line, over a demo hospital that went the whole way."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from openpyxl import load_workbook

from tests.support.cli import bhyt, bhyt_json


@pytest.fixture(scope="module")
def workdir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = Path(tmp_path_factory.mktemp("book"))
    done = bhyt("demo", "--workdir", folder, "--source", "his-a", "--encounters", "34", "--seed", "7", "--no-serve")
    assert done.returncode == 0, done.stderr
    return folder


def of_kind(workdir: Path, kind: str) -> str:
    """MA_LK of the first encounter of a scenario."""
    with closing(sqlite3.connect(workdir / "his.db")) as his:
        return str(his.execute("SELECT MIN(EPISODE_CODE) FROM DEMO_KIND WHERE KIND = ?", [kind]).fetchone()[0])


def test_a_visit_is_shown_as_page_paper_and_data_and_a_look_at_vneid_is_kept(workdir: Path, tmp_path: Path) -> None:
    ma_lk = of_kind(workdir, "chronic_services")
    assert bhyt("book", "seen", ma_lk, "--outcome", "shown", "--workdir", workdir).returncode == 0
    shown = bhyt_json("book", "show", ma_lk, "--workdir", workdir)
    assert shown["book"]["ma_lk"] == ma_lk
    assert "withheld" not in shown
    assert [c["outcome"] for c in shown["checks"]] == ["shown"]
    person = shown["book"]["administrative"]
    assert person["full_name"]["value"] in bhyt("book", "show", ma_lk, "--html", "--workdir", workdir).stdout
    pdf = tmp_path / "book.pdf"
    assert bhyt("book", "show", ma_lk, "--pdf", "--out", pdf, "--workdir", workdir).returncode == 0
    assert pdf.read_bytes().startswith(b"%PDF-")
    visits = bhyt_json("book", "timeline", person["personal_id"]["value"], "--workdir", workdir)["visits"]
    assert ma_lk in [v["ma_lk"] for v in visits]


def test_the_gap_report_and_the_half_year_count_every_visit(workdir: Path, tmp_path: Path) -> None:
    (facility,) = bhyt_json("book", "gaps", "--workdir", workdir)["facilities"]
    assert {g["cause"] for g in facility["gaps"]} == {"his", "declared"}
    out = tmp_path / "report.xlsx"
    counts = bhyt_json("book", "report", "--out", out, "--workdir", workdir)["counts"]
    assert 0 < sum(c["visits"] for c in counts) <= facility["visits"]
    assert load_workbook(out).sheetnames == [facility["facility"]]


def test_hiv_is_nowhere_without_the_right_and_there_with_it(workdir: Path) -> None:
    ma_lk = of_kind(workdir, "hiv")
    full = bhyt_json("book", "show", ma_lk, "--withheld", "--workdir", workdir)
    assert full["privacy"]["judged"]["matched"] == ["hiv"]
    assert "HIV" in json.dumps(full["withheld"], ensure_ascii=False)
    plain = json.dumps(bhyt_json("book", "show", ma_lk, "--workdir", workdir), ensure_ascii=False)
    fhir = bhyt("book", "show", ma_lk, "--fhir", "--workdir", workdir).stdout
    assert json.loads(fhir)["type"] == "document"
    assert not any(word in plain + fhir for word in ("HIV", "B20", "ARV", "TLD"))


def test_wrong_use_is_said_with_code_two(workdir: Path) -> None:
    assert bhyt("book", "show", "nobody", "--workdir", workdir).returncode == 2
