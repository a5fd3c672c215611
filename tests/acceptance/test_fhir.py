"""From a FHIR server, from pushed Bundles and from a Bulk export to accepted dossiers, both equations holding."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from adapter.api.fhir import Doors
from adapter.clock import VIETNAM
from adapter.demo.workdir import prepare
from adapter.engine.opening import open_store
from adapter.settings import load_settings
from tests.support.cli import bhyt, bhyt_json, free_port, gateway_of
from tests.support.fhir_generators import clinosim_resources
from tests.support.fhir_server import Server, fhir_server
from tests.support.fhir_world import carebundle_resources, vietnamese

NOW = datetime.now(VIETNAM)
VISITED = NOW.date() - timedelta(days=2 + (NOW.weekday() in (0, 1)) * 2)
"""A working day not long ago."""


@pytest.fixture
def hospital(tmp_path: Path) -> Iterator[Callable[..., Path]]:
    """Makes a workdir whose HIS is FHIR; its practice gateway runs as long as the test."""
    with_gateway: list[Any] = []

    def make(**facility: Any) -> Path:
        workdir = tmp_path / "work"
        url = f"http://127.0.0.1:{free_port()}"
        prepare(workdir, source="his-a", encounters=1, seed=1, now=NOW, gateway_url=url)
        file = workdir / "config.yaml"
        config = yaml.safe_load(file.read_text(encoding="utf-8"))
        config["facilities"][0].pop("source")
        config["facilities"][0] |= {"mapping": "fhir", **facility}
        file.write_text(yaml.safe_dump(config, allow_unicode=True), encoding="utf-8")
        gateway = gateway_of(workdir)
        gateway.__enter__()
        with_gateway.append(gateway)
        return workdir

    yield make
    for gateway in with_gateway:
        gateway.__exit__(None, None, None)


def run_once(workdir: Path) -> dict[str, Any]:
    done = bhyt("run", "--once", "--workdir", workdir)
    assert done.returncode == 0, done.stderr
    status: dict[str, Any] = bhyt_json("status", "--workdir", workdir)
    assert status["conserved"] is True
    return status


def received(workdir: Path) -> dict[str, int]:
    """MA_LK → how often the gateway accepted it."""
    found: dict[str, int] = {}
    for row in bhyt_json("gateway", "received", "--workdir", workdir):
        if row["accepted"]:
            found[row["ma_lk"]] = found.get(row["ma_lk"], 0) + 1
    return found


@pytest.mark.needs("npm")
def test_from_a_foreign_fhir_server_to_receipts_and_again_after_a_change(hospital: Callable[..., Path]) -> None:
    resources = vietnamese(carebundle_resources(12, 3, VISITED))
    visits = [r for r in resources if r["resourceType"] == "Encounter"]
    with fhir_server() as server:
        server.put(resources)
        workdir = hospital(source={"url": server.url})
        status = run_once(workdir)
        assert status["encounters_read"] == status["dossiers"]["accepted"] == len(visits) == 12
        assert received(workdir) == {f"F26{n:06d}": 1 for n in range(1, 13)}

        _raise_price(server, resources, "F26000003")
        server.put([{**visits[0], "id": "broken", "identifier": [], "subject": {"reference": "Patient/nobody"}}])
        status = run_once(workdir)
        assert status["dossiers"]["blocked"] == 1
        assert status["dossiers"]["accepted"] == 12
        again = received(workdir)
        assert again["F26000003"] == 2
        assert sum(again.values()) == 13


def _raise_price(server: Server, resources: list[dict[str, Any]], ma_lk: str) -> None:
    visit = next(r for r in resources if r["resourceType"] == "Encounter" and r["identifier"][0]["value"] == ma_lk)
    line = next(r for r in resources if r["id"] == f"thuoc-{visit['id']}"[:64])
    server.put([{**line, "quantity": {"value": 21, "unit": "Viên"}}])


def test_pushed_bundles_become_receipts_once_however_often_they_come(hospital: Callable[..., Path]) -> None:
    workdir = hospital(feeds=[{"connector": "fhir", "options": {"push": True}}])
    settings = load_settings(workdir=workdir)
    resources = vietnamese(carebundle_resources(4, 9, VISITED))
    entries = [{"fullUrl": f"https://his.example/fhir/{r['resourceType']}/{r['id']}", "resource": r} for r in resources]
    bundle = json.dumps({"resourceType": "Bundle", "type": "collection", "entry": entries}).encode()
    port = free_port()
    config = workdir / "config.yaml"
    document = yaml.safe_load(config.read_text(encoding="utf-8"))
    document["api"]["port"] = port
    config.write_text(yaml.safe_dump(document), encoding="utf-8")
    web = subprocess.Popen(
        [sys.executable, "-m", "adapter.cli.main", "run", "--role", "web", "--workdir", str(workdir)],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        key_file = settings.path(settings.api.key_file)
        _until(lambda: key_file.is_file() and _answers(f"http://127.0.0.1:{port}/livez"))
        headers = {"Authorization": f"Bearer {key_file.read_text(encoding='ascii').strip()}"}
        for _ in range(2):
            answer = httpx.post(f"http://127.0.0.1:{port}/v1/fhir/Bundle", content=bundle, headers=headers, timeout=60)
            assert answer.status_code == 200, answer.text
            assert [i["severity"] for i in answer.json()["issue"]].count("error") == 0
    finally:
        web.terminate()
        web.wait(30)
    status = run_once(workdir)
    assert status["dossiers"]["accepted"] == 4
    assert received(workdir) == {f"F26{n:06d}": 1 for n in range(1, 5)}
    with open_store(settings) as store:
        assert list(Doors(settings, store)()) == [settings.facilities[0].code]


def test_a_bulk_export_of_another_generator_becomes_receipts(hospital: Callable[..., Path], tmp_path: Path) -> None:
    options = {"folder": "bulk", "steady": 0.2, "every": 0.2}
    workdir = hospital(feeds=[{"connector": "fhir", "options": options}])
    resources = vietnamese(clinosim_resources(tmp_path / "clinosim", until=date.today() - timedelta(days=1)))  # noqa: DTZ011
    visits = [r for r in resources if r["resourceType"] == "Encounter"]
    assert len(visits) >= 3
    partial = workdir / "export"
    partial.mkdir()
    for kind in {r["resourceType"] for r in resources}:
        lines = [json.dumps(r) for r in resources if r["resourceType"] == kind]
        (partial / f"{kind}.ndjson").write_text("\n".join(lines), encoding="utf-8")
    (workdir / "bulk" / "in").mkdir(parents=True)
    partial.rename(workdir / "bulk" / "in" / "2026")
    intake = subprocess.Popen(
        [sys.executable, "-m", "adapter.cli.main", "run", "--role", "intake", "--workdir", str(workdir)],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        _until((workdir / "bulk" / "done" / "2026.report.json").is_file)
    finally:
        intake.terminate()
        intake.wait(30)
    status = run_once(workdir)
    assert status["dossiers"]["accepted"] == status["encounters_read"] == len(visits)


def _until(true: Callable[[], bool], seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.1)


def _answers(url: str) -> bool:
    try:
        return httpx.get(url, timeout=2).status_code == 200
    except httpx.HTTPError:
        return False
