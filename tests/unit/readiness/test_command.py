"""`bhyt readiness` and all under it as typed at the hospital; the documents as the head of the facility gets them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from docx import Document
from typer.testing import CliRunner, Result

from adapter.api.document import describe
from adapter.api.matrix import addresses
from adapter.cli.main import build
from adapter.errors import ConfigError
from adapter.settings import load_settings
from tests.support.api_world import KEY, api_world

CONFIG = """
facilities:
  - code: "01999"
    name: Bệnh viện Ví Dụ
    account: 01999_BV
    password_file: gateway.pass
    certificate: {serial: 54AB}
    mapping: demo-his-b
    source: {url: "sqlite:///his.db"}
gateway: {base_url: "https://gateway.example", environment: production, registered_address: 203.0.113.7}
alerts: ["json://127.0.0.1:9/a"]
"""


@pytest.fixture
def work(tmp_path: Path) -> Path:
    (tmp_path / "config.yaml").write_text(CONFIG, encoding="utf-8")
    return tmp_path


def readiness(work: Path, *arguments: str) -> Result:
    typed = ["readiness", *arguments]
    return CliRunner().invoke(build(typed), [*typed, "--workdir", str(work)])


def document(work: Path, *arguments: str) -> Any:
    done = readiness(work, *arguments, "--json")
    assert done.exit_code == 0, done.output
    return json.loads(done.stdout.strip().splitlines()[-1])


def test_fourteen_steps_are_printed_and_given_as_one_json_document(work: Path) -> None:
    found = document(work)
    assert [step["n"] for step in found["steps"]] == list(range(1, 15))
    assert set(found["steps"][0]) >= {"n", "title_vi", "state", "evidence", "missing"}
    assert found["facilities"][0]["facility"] == "01999"
    printed = readiness(work).output
    assert "Bệnh viện Ví Dụ" in printed
    assert "thiếu / missing" in printed


def test_a_word_is_given_seen_and_taken_back(work: Path) -> None:
    given = document(work, "attest", "5", "--person", "Trần Văn Giám Đốc", "--note", "QĐ 12/QĐ-BV")
    step = given["steps"][4]
    assert (step["state"], any("QĐ 12/QĐ-BV" in line for line in step["evidence"])) == ("attested", True)
    assert document(work)["steps"][4]["state"] == "attested"
    assert readiness(work, "withdraw", "5", "--reason", "hết hiệu lực").exit_code == 0
    assert document(work)["steps"][4]["state"] == "missing"
    assert readiness(work, "withdraw", "5", "--reason", "lần nữa").exit_code == 1, "there is nothing to take back"


def test_a_step_that_does_not_apply_is_marked_by_a_person(work: Path) -> None:
    given = document(work, "attest", "8", "--person", "A", "--note", "chỉ xét nghiệm", "--not-applicable")
    assert given["steps"][7]["state"] == "not_applicable"


@pytest.mark.parametrize(
    "typed",
    [
        ("attest", "15", "--note", "x"),
        ("attest", "5", "--note", " "),
        ("attest", "5", "--note", "x", "--facility", "99999"),
        ("documents", "out", "--facility", "99999"),
        ("--facility", "99999"),
    ],
)
def test_what_cannot_be_is_refused_by_name(work: Path, typed: tuple[str, ...]) -> None:
    done = readiness(work, *typed)
    assert isinstance(done.exception, ConfigError)
    assert done.exception.message_vi
    assert done.exception.message_en


def test_the_documents_carry_what_the_configuration_knows_and_what_is_still_open(work: Path) -> None:
    document(work, "attest", "5", "--person", "Trần Văn Giám Đốc", "--note", "QĐ 12/QĐ-BV")
    done = readiness(work, "documents", str(work / "van-ban"))
    assert done.exit_code == 0, done.output
    paths = sorted((work / "van-ban").glob("*.docx"))
    assert [str(path) for path in paths] == sorted(done.stdout.split())
    assert len(paths) == 2
    for path in paths:
        text = text_of(path)
        assert "{{" not in text
        for known in ("Bệnh viện Ví Dụ", "01999"):
            assert known in text, (path, known)
    everything = "\n".join(text_of(path) for path in paths)
    for known in ("01999_BV", "203.0.113.7", "54AB", "cổng tiếp nhận của BHXH Việt Nam", "demo-his-b", "SQLite"):
        assert known in everything, known
    states = [state for path in paths for state in states_of(path)]
    assert states.count("Đã xác nhận") == 1
    assert states.count("Còn thiếu") == 13, "an empty installation has all else before it"


def text_of(path: Path) -> str:
    opened = Document(str(path))
    cells = [cell.text for table in opened.tables for row in table.rows for cell in row.cells]
    return "\n".join([paragraph.text for paragraph in opened.paragraphs] + cells)


def states_of(path: Path) -> list[str]:
    """The third column of the table of steps."""
    tables = [table for table in Document(str(path)).tables if table.rows[0].cells[0].text == "Bước"]
    return [row.cells[2].text for table in tables for row in table.rows[1:]]


def test_the_configuration_of_these_tests_is_one_that_loads(work: Path) -> None:
    assert load_settings(workdir=work).facilities[0].code == "01999"


def test_the_same_over_the_api_attested_once_per_key(tmp_path: Path) -> None:
    with api_world(tmp_path) as world:
        client = world.with_key(KEY)
        assert len(client.get("/v1/readiness").json()["steps"]) == 14
        asked = {"person": "Nguyễn Thị Ví Dụ", "note": "QĐ 12/QĐ-BV"}
        answers = [
            client.post("/v1/readiness/5/attest", json=asked, headers={"Idempotency-Key": "attest-step-5"})
            for _ in range(2)
        ]
        assert [answer.status_code for answer in answers] == [200, 200]
        assert answers[0].json() == answers[1].json()
        assert answers[0].json()["steps"][4]["state"] == "attested"
        acts = [entry["action"] for entry in world.store.audit.export()]
        assert acts.count("readiness.attest") == 1
        for wrong in ({}, {"person": " ", "note": "x"}, {**asked, "more": 1}):
            assert client.post("/v1/readiness/5/attest", json=wrong).status_code == 422
        assert client.post("/v1/readiness/15/attest", json=asked).status_code == 422
        bound = world.scoped("readiness.read", facilities=("01998",))
        assert bound.get("/v1/readiness?facility=01999").status_code == 404
        assert bound.post("/v1/readiness/5/attest", json=asked).status_code == 403


def test_the_matrix_and_the_open_api_document_know_the_steps(tmp_path: Path) -> None:
    with api_world(tmp_path) as world:
        permissions = {(one.method, one.path): one.permission for one in addresses(world.app)}
        assert permissions["GET", "/v1/readiness"] == "readiness.read"
        assert permissions["POST", "/v1/readiness/{n}/attest"] == "readiness.attest"
        assert {"/v1/readiness", "/v1/readiness/{n}/attest"} <= set(describe(world.app)["paths"])
