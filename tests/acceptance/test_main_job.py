"""The main job, as its users run it: from a demo HIS to receipts, by the command line alone."""

from __future__ import annotations

import json
import shutil
import sqlite3
from pathlib import Path
from typing import Any

import pytest

from tests.support.cli import bhyt, bhyt_json, gateway_of
from tests.support.xmldsig import jdk_judges, xmlsec1_accepts


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any]]:
    """One demo run of 150 encounters: its workdir, and the object it printed."""
    workdir = tmp_path_factory.mktemp("demo") / "work"
    document = bhyt_json("demo", "--workdir", workdir, "--encounters", "150", "--seed", "5", "--no-serve")
    return workdir, document


@pytest.fixture
def again(run: tuple[Path, dict[str, Any]], tmp_path: Path) -> Path:
    """A copy of the finished workdir that a test may go on with."""
    return Path(shutil.copytree(run[0], tmp_path / "work"))


def test_everything_read_is_accounted_for_and_everything_clean_is_accepted(run: tuple[Path, dict[str, Any]]) -> None:
    _, document = run
    assert document["conserved"] is True
    assert document["encounters_read"] == 150
    assert document["dossiers"]["accepted"] > 80
    assert document["planted"]["late"] == []
    assert document["dossiers"]["refused"] == document["dossiers"]["unknown"] == 0
    assert document["checkins"]["accepted"] > 0
    assert document["failures"] == []


def test_each_planted_defect_meets_its_rule_and_no_other(run: tuple[Path, dict[str, Any]]) -> None:
    planted = run[1]["planted"]
    assert planted["total"] >= 8
    assert planted["missed"] == []
    assert planted["beyond"] == []
    assert planted["met"] == planted["total"]


def test_the_gateway_holds_each_accepted_revision_exactly_once(run: tuple[Path, dict[str, Any]]) -> None:
    workdir, document = run
    received = bhyt_json("gateway", "received", "--workdir", workdir)
    accepted = [row for row in received if row["accepted"]]
    dossiers = [row["ma_lk"] for row in accepted if row["purpose"] != "checkin"]
    assert len(dossiers) == len(set(dossiers)) == document["dossiers"]["accepted"]
    assert len({row["sha256"] for row in accepted}) == len(accepted)


def test_sent_files_are_what_the_gateway_received_with_their_receipts(run: tuple[Path, dict[str, Any]]) -> None:
    workdir, _ = run
    index = json.loads((workdir / "sent" / "index.json").read_text(encoding="utf-8"))
    received = {row["sha256"]: row["ma_giao_dich"] for row in bhyt_json("gateway", "received", "--workdir", workdir)}
    assert index
    for file, entry in index.items():
        assert (workdir / "sent" / file).is_file()
        assert received[entry["sha256"]] == entry["receipt"]


@pytest.mark.needs("xmlsec1", "jdk")
def test_every_sent_file_verifies_in_foreign_programs_and_fails_after_one_byte(
    run: tuple[Path, dict[str, Any]], tmp_path: Path
) -> None:
    workdir, _ = run
    files = sorted((workdir / "sent").rglob("*.xml"))
    ca = workdir / "ca.pem"
    assert jdk_judges(files, ca) == ["valid"] * len(files)
    assert all(xmlsec1_accepts(file, ca) for file in files)
    broken = [_one_byte_changed(file, tmp_path / f"{number}.xml") for number, file in enumerate(files)]
    assert [line.split(":")[0] for line in jdk_judges(broken, ca)] == ["invalid"] * len(files)
    assert not any(xmlsec1_accepts(file, ca) for file in broken)
    done = bhyt("verify", *broken[:5], "--trust", ca)
    assert done.returncode == 1


def _one_byte_changed(file: Path, target: Path) -> Path:
    """A copy with another digit in NGAYLAP, or in a check-in's NGAY_SINH."""
    data = file.read_bytes()
    for tag in (b"<NGAYLAP>", b"<NGAY_SINH>"):
        at = data.find(tag)
        if at >= 0:
            place = at + len(tag) + 3
            digit = b"1" if data[place : place + 1] != b"1" else b"2"
            target.write_bytes(data[:place] + digit + data[place + 1 :])
            return target
    raise AssertionError(f"no date in {file}")


def test_a_second_pass_sends_nothing(again: Path) -> None:
    with gateway_of(again):
        document = bhyt_json("run", "--once", "--workdir", again)
    assert document["this_run"]["sent"] == 0
    assert document["conserved"] is True


def test_a_change_in_the_his_makes_one_revision_and_the_first_receipt_stands(again: Path) -> None:
    accepted = bhyt_json("queue", "list", "--workdir", again, "--state", "accepted", "--purpose", "claim")["dossiers"]
    ma_lk = accepted[0]["ma_lk"]
    before = bhyt_json("queue", "show", ma_lk, "--workdir", again)["dossiers"]
    bhyt_json(
        "demo", "change", "--workdir", again, "--ma-lk", ma_lk, "--set", "EPISODE.ADVISE=Tái khám khi có dấu hiệu lạ"
    )
    bhyt_json(
        "demo", "change", "--workdir", again, "--ma-lk", ma_lk, "--set", "EPISODE.TREATMENT_METHOD=Nội khoa, nghỉ ngơi"
    )
    with gateway_of(again):
        document = bhyt_json("run", "--once", "--workdir", again)
    assert document["this_run"]["sent"] == 1
    after = bhyt_json("queue", "show", ma_lk, "--workdir", again)["dossiers"]
    claim_before = next(d for d in before if d["purpose"] == "claim")
    claim_after = next(d for d in after if d["purpose"] == "claim")
    assert len(claim_after["revisions"]) == len(claim_before["revisions"]) + 1
    first, second = claim_after["revisions"][-2:]
    assert first["receipts"] == claim_before["revisions"][-1]["receipts"]
    assert first["state"] == second["state"] == "accepted"
    assert first["replaced_by"] == second["number"]


def test_touching_a_row_without_changing_what_is_sent_makes_no_revision(again: Path) -> None:
    with sqlite3.connect(again / "his.db") as connection:
        connection.execute("UPDATE EPISODE SET MODIFY_TIME = MODIFY_TIME + 1, CREATOR = 'x' WHERE IS_DELETE IS NULL")
    with gateway_of(again):
        document = bhyt_json("run", "--once", "--workdir", again)
    assert document["this_run"]["sent"] == 0


@pytest.fixture
def broken(tmp_path: Path) -> Path:
    """A small fresh workdir without a gateway, for things that go wrong."""
    workdir = tmp_path / "work"
    bhyt_json("demo", "--workdir", workdir, "--encounters", "20", "--seed", "3", "--no-serve")
    (workdir / "state.db").unlink()
    for leftover in workdir.glob("state.db-*"):
        leftover.unlink()
    return workdir


def _edit(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")


def test_without_a_gateway_nothing_is_lost_and_the_next_run_goes_on(broken: Path) -> None:
    document = bhyt_json("run", "--once", "--workdir", broken, code=1)
    assert document["conserved"] is True
    assert document["dossiers"]["accepted"] == 0
    assert {row["code"] for row in document["failures"]} == {"GATEWAY-DOWN"}
    with gateway_of(broken):
        document = bhyt_json("run", "--once", "--workdir", broken)
    assert document["dossiers"]["accepted"] > 0
    assert document["dossiers"]["waiting"] == 0


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        ("sqlite:///his.db", "sqlite:///gone/his.db", "SOURCE-DOWN"),
        ("mapping: demo-his-b", "mapping: broken.yaml", "MAP-TAB"),
        ("path: facility.p12", "path: other.p12", "CERTIFICATE"),
    ],
)
def test_what_is_missing_is_one_clear_message_and_the_rest_goes_on(broken: Path, old: str, new: str, code: str) -> None:
    (broken / "broken.yaml").write_text("mapping: x\ntables:\n\tXML1: {}\n", encoding="utf-8")
    with gateway_of(broken):
        _edit(broken / "config.yaml", old, new)
        document = bhyt_json("run", "--once", "--workdir", broken, code=1)
        assert {row["code"] for row in document["failures"]} == {code}
        assert document["conserved"] is True
        _edit(broken / "config.yaml", new, old)
        document = bhyt_json("run", "--once", "--workdir", broken)
    assert document["failures"] == []
    assert document["dossiers"]["accepted"] > 0
