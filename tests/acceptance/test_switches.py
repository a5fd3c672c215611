"""What a person turns by the command line: the stop switch, a submission, an override, a facility behind a hub."""

from __future__ import annotations

import json
import shutil
import sqlite3
import time
from pathlib import Path

import pytest
import yaml

from adapter.simulator.services.paths import CATALOGUES
from tests.support.cli import bhyt_json, gateway_of
from tests.support.inside import inside, inside_json


@pytest.fixture(scope="module")
def fresh(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A demo hospital after its first day."""
    workdir = tmp_path_factory.mktemp("switches") / "work"
    bhyt_json("demo", "--workdir", workdir, "--encounters", "20", "--seed", "5", "--no-serve")
    return workdir


@pytest.fixture
def work(fresh: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(fresh, tmp_path / "work"))


def forget(workdir: Path) -> None:
    """The same hospital before anything was read or sent."""
    for file in (*workdir.glob("state.db*"), *workdir.glob("gateway.db*")):
        file.unlink()


def received(workdir: Path) -> list[str]:
    with sqlite3.connect(workdir / "gateway.db") as db:
        return [service for (service,) in db.execute("SELECT service FROM received ORDER BY seq")]


def test_after_stop_nothing_leaves_and_after_go_everything_does(work: Path) -> None:
    forget(work)
    stopped = inside_json("gateway", "stop", "--workdir", work, "--reason", "cổng bảo trì")
    assert [gate["closed"] for gate in stopped["gates"]] == [True]
    with gateway_of(work):
        inside("run", "--once", "--workdir", work)
        assert received(work) == []
        waiting = inside_json("status", "--workdir", work)["dossiers"]["waiting"]
        assert waiting > 0, "every other stage went on"
        inside_json("gateway", "go", "--workdir", work, "--reason", "cổng chạy lại")
        inside("run", "--once", "--workdir", work)
    status = inside_json("status", "--workdir", work)
    assert status["dossiers"]["waiting"] == 0
    assert status["dossiers"]["accepted"] == waiting
    assert status["conserved"]


def test_one_operation_can_be_stopped_alone(work: Path) -> None:
    forget(work)
    inside_json("gateway", "stop", "--only", "dossier", "--workdir", work, "--reason", "thử")
    with gateway_of(work):
        inside("run", "--once", "--workdir", work)
    assert set(received(work)) == {"checkin-3176"}
    assert inside("gateway", "stop", "--only", "letters", "--workdir", work, "--reason", "x").returncode == 2


def test_a_catalogue_is_signed_handed_in_and_its_receipt_kept(work: Path, tmp_path: Path) -> None:
    shape = CATALOGUES[5]
    row = f"<{shape.row}><STT>1</STT><MA_CSKCB>01999</MA_CSKCB></{shape.row}>"
    file = tmp_path / "06DM.xml"
    file.write_text(
        f'<HSDANHMUC><{shape.listing} Id="Id-7">{row}</{shape.listing}><CHUKYDONVI></CHUKYDONVI></HSDANHMUC>',
        encoding="utf-8",
    )
    with gateway_of(work):
        proof = inside_json("gateway", "submit", "catalogue-06", file, "--workdir", work)
    assert proof["outcome"] == "accepted"
    kept = json.loads(Path(proof["proof"]).read_text(encoding="utf-8"))
    assert kept["maGiaoDich"] == proof["maGiaoDich"]
    assert received(work)[-1] == "catalogue-06"


def test_dossiers_are_never_submitted_by_hand(work: Path, tmp_path: Path) -> None:
    file = tmp_path / "x.xml"
    file.write_bytes(b"<GIAMDINHHS/>")
    done = inside("gateway", "submit", "dossier-3176", file, "--workdir", work)
    assert done.returncode == 2
    assert "catalogue-06" in done.stderr


def test_a_broken_file_may_not_be_overridden_by_anyone(work: Path) -> None:
    blocked = inside_json("queue", "list", "--state", "blocked", "--workdir", work)["dossiers"]
    fixed = next(row for row in blocked if any(rule.split("-")[1] == "REQ" for rule in row["rules"]))
    arguments = [part for rule in fixed["rules"] for part in ("--rule", rule)]
    done = inside("queue", "override", fixed["ma_lk"], "--workdir", work, "--reason", "thử", *arguments)
    assert done.returncode == 2
    shown = inside_json("queue", "show", fixed["ma_lk"], "--workdir", work)["dossiers"]
    assert [one["state"] for one in shown if one["purpose"] == fixed["purpose"]] == ["blocked"]


def test_a_facility_behind_its_provinces_hub_sends_there_and_learns_the_verdicts(work: Path) -> None:
    forget(work)
    file = work / "config.yaml"
    document = yaml.safe_load(file.read_text(encoding="utf-8"))
    facility = document["facilities"][0]
    facility["hub"] = {
        "base_url": document["gateway"]["base_url"],
        "account": facility["account"],
        "password_file": facility["password_file"],
    }
    file.write_text(yaml.safe_dump(document, allow_unicode=True), encoding="utf-8")
    with gateway_of(work):
        inside("run", "--once", "--workdir", work)
        services = set(received(work))
        assert "hub-dossier" in services
        assert "dossier-3176" not in services
        accepted = inside_json("status", "--workdir", work)["dossiers"]["accepted"]
        for _ in range(60):
            inside_json("verdict", "ask", "--workdir", work)
            verdicts = inside_json("status", "--workdir", work)["verdicts"]
            if not verdicts["pending"]:
                break
            time.sleep(0.5)
    assert verdicts["good"] == accepted
