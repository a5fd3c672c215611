"""Going live by the command line: guards, shadow, taking over, verdicts; against the practice gateway's own lists."""

from __future__ import annotations

import shutil
import time
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from adapter.clock import system_clock
from tests.support.cli import bhyt_json, gateway_of
from tests.support.inside import inside, inside_json
from tests.support.portal_lists import DOSSIERS, dossier_line, workbook


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One finished demo run."""
    workdir = tmp_path_factory.mktemp("cutover") / "work"
    bhyt_json("demo", "--workdir", workdir, "--encounters", "25", "--seed", "3", "--no-serve")
    return workdir


@pytest.fixture
def work(demo: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(demo, tmp_path / "work"))


def configure(workdir: Path, facility: dict[str, Any] | None = None, **changes: Any) -> None:
    file = workdir / "config.yaml"
    document = yaml.safe_load(file.read_text(encoding="utf-8"))
    document["facilities"][0] |= facility or {}
    for key, value in changes.items():
        document[key] = {**document[key], **value} if isinstance(value, dict) else value
    file.write_text(yaml.safe_dump(document, allow_unicode=True), encoding="utf-8")


def forget_the_past(workdir: Path) -> None:
    """The same hospital before its first day with this program."""
    for file in (*workdir.glob("state.db*"), *workdir.glob("gateway.db*")):
        file.unlink()


def portal(workdir: Path, sheet: str) -> Path:
    """The list as the practice gateway's portal exports it, once everything there is judged."""
    with gateway_of(workdir) as base:
        patience = time.monotonic() + 30
        while httpx.get(f"{base}/_sim/state").json()["verdicts"]["pending"]:
            assert time.monotonic() < patience, "the practice gateway judges nothing"
            time.sleep(0.2)
        answer = httpx.get(f"{base}/_sim/portal/{sheet}.xlsx", params={"facility": "01999"})
    assert answer.status_code == 200
    file = workdir / f"{sheet}.xlsx"
    file.write_bytes(answer.content)
    return file


def arrived(workdir: Path) -> set[str]:
    """MA_LK of the dossiers that reached the gateway; check-ins of open visits are another matter."""
    rows = inside_json("gateway", "received", "--workdir", workdir)
    return {row["ma_lk"] for row in rows if row["purpose"] != "checkin"}


def test_the_portals_own_list_gives_every_dossier_its_verdict_and_shows_no_difference(work: Path) -> None:
    accepted = inside_json("status", "--workdir", work)["dossiers"]["accepted"]
    listed = portal(work, "dossiers")
    document = inside_json("verdict", "import", listed, portal(work, "errors"), "--workdir", work)
    assert document["files"][0]["unmatched"] == []
    assert sum(inside_json("status", "--workdir", work)["verdicts"].values()) == accepted
    assert document["counts"]["good"] == accepted
    difference = inside_json("verdict", "difference", listed, "--workdir", work)
    assert (difference["same"], difference["both"], difference["verdicts"]) == (True, accepted, [])


def test_a_dossier_the_portal_lost_and_one_it_has_from_others_are_named(work: Path) -> None:
    ours = inside_json("queue", "list", "--workdir", work, "--state", "accepted", "--limit", "500")["dossiers"]
    kept = [row["ma_lk"] for row in ours if row["purpose"] != "checkin"]
    today = system_clock().strftime("%d/%m/%Y")
    lines = [dossier_line(ma_lk, "Thành công", sent=today) for ma_lk in [*kept[1:], "CUA-PHAN-MEM-CU"]]
    file = workbook(work / "list.xlsx", DOSSIERS, lines)
    document = inside_json("verdict", "difference", file, "--workdir", work, code=1)
    assert [row["ma_lk"] for row in document["ours_only"]] == [kept[0]]
    assert [row["ma_lk"] for row in document["portal_only"]] == ["CUA-PHAN-MEM-CU"]


def test_a_faulty_dossier_is_work_in_status_until_its_correction_is_sent(work: Path) -> None:
    ours = inside_json("queue", "list", "--workdir", work, "--state", "accepted", "--purpose", "claim")["dossiers"]
    ma_lk = ours[0]["ma_lk"]
    file = workbook(work / "loi.xlsx", ("MÃ LỖI", "Mô tả lỗi", "Mã LK"), [["E07", "Sai chẩn đoán", ma_lk]])
    assert inside_json("verdict", "import", file, "--workdir", work)["tasks"] == {"open": 1, "overdue": 0}
    assert inside_json("status", "--workdir", work)["tasks"]["open"] == 1
    task = inside_json("verdict", "tasks", "--workdir", work)["tasks"][0]
    assert (task["ma_lk"], task["faults"]) == (ma_lk, [{"code": "E07", "text": "Sai chẩn đoán"}])
    inside_json("demo", "change", "--workdir", work, "--ma-lk", ma_lk, "--set", "EPISODE.ADVISE=Tái khám sau một tuần")
    inside_json(
        "demo", "change", "--workdir", work, "--ma-lk", ma_lk, "--set", "EPISODE.TREATMENT_METHOD=Nội khoa, nghỉ ngơi"
    )
    with gateway_of(work):
        assert inside_json("run", "--once", "--workdir", work)["tasks"]["open"] == 0


def test_what_the_old_software_sent_never_reaches_the_gateway(work: Path) -> None:
    sent = sorted(arrived(work))
    listed = portal(work, "dossiers")
    forget_the_past(work)
    document = inside_json("golive", "import", listed, "--workdir", work)
    assert (document["imported"], document["marked"], document["not_read_yet"]) == (True, len(sent), len(sent))
    with gateway_of(work):
        after = inside_json("run", "--once", "--workdir", work)
        assert after["conserved"] is True
        assert arrived(work) == set()
        inside("golive", "revoke", "--ma-lk", sent[0], "--reason", "thử", "--workdir", work)
        inside_json("run", "--once", "--workdir", work)
        assert arrived(work) == {sent[0]}


def test_a_list_with_one_bad_line_marks_nothing(work: Path) -> None:
    forget_the_past(work)
    file = workbook(work / "l.xlsx", DOSSIERS, [dossier_line("A", "Thành công"), dossier_line("B", "???")])
    document = inside_json("golive", "import", file, "--workdir", work, code=1)
    assert (document["imported"], document["marked"]) == (False, 0)
    assert [(row["line"], row["column"]) for row in document["problems"]] == [(3, "TRANG_THAI_HS")]
    assert inside("golive", "import", work / "absent.xlsx", "--workdir", work).returncode == 2


def test_shadow_signs_and_sends_nothing_and_shows_in_status(work: Path) -> None:
    forget_the_past(work)
    configure(work, {"mode": "shadow"})
    document = inside_json("run", "--once", "--workdir", work)  # no gateway runs: nothing may want one
    assert (document["this_run"]["sent"], document["this_run"]["logins"], document["failures"]) == (0, 0, [])
    assert document["dossiers"]["waiting"] > 0
    facility = document["facilities"][0]
    assert (facility["mode"], facility["signed_waiting"] > 0) == ("shadow", True)
    assert "chạy bóng" in inside("status", "--workdir", work).stdout


def test_outside_the_simulator_a_start_without_start_at_is_refused_by_name(work: Path) -> None:
    configure(work, demo=False, gateway={"environment": "training"})
    for command in (["run", "--once"], ["config", "check"]):
        done = inside(*command, "--workdir", work)
        assert done.returncode == 2
        assert "facilities[0].start_at" in done.stderr


def test_production_starts_only_after_the_typed_word(work: Path) -> None:
    start = (system_clock() - timedelta(days=400)).isoformat()
    configure(work, {"start_at": start}, demo=False, gateway={"environment": "production"})
    for command in (["run", "--once"], ["run"], ["run", "--role", "engine"], ["worker"]):
        done = inside(*command, "--workdir", work)
        assert done.returncode == 2
        assert "bhyt golive confirm" in done.stderr
    assert inside("golive", "confirm", "--typed", "01998", "--workdir", work).returncode == 2
    assert inside("golive", "confirm", "--typed", "01999", "--workdir", work).returncode == 0
    facility = inside_json("golive", "status", "--workdir", work)["facilities"][0]
    assert facility["confirmed"]["actor"].startswith("cli:")
    # It starts now; what keeps it from sending is only that a real gateway needs https.
    done = inside("run", "--once", "--workdir", work)
    assert done.returncode in (0, 1)
    assert "golive" not in done.stderr


@pytest.mark.parametrize(
    "gateway", [{"environment": "production"}, {"base_url": "https://egw.example"}], ids=["environment", "address"]
)
def test_a_demo_workdir_refuses_every_other_gateway(work: Path, gateway: dict[str, str]) -> None:
    configure(work, gateway=gateway)
    for command in (["run", "--once"], ["gateway", "ping"], ["status"]):
        done = inside(*command, "--workdir", work)
        assert done.returncode == 2
        assert "Demo data never leaves the practice gateway" in done.stderr
