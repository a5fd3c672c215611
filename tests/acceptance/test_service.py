"""The service as it runs for months: roles, API, a change in the HIS picked up by itself, a killed role."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.support.cli import bhyt_json, free_port, gateway_of, wait_for


def _until(condition: Callable[[], bool], seconds: float = 90) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited too long"
        time.sleep(0.3)


def _role_pid(parent: int, role: str) -> int | None:
    """The process of one role, found among the supervisor's children."""
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            stat = (entry / "stat").read_text()
            name = (entry / "comm").read_text().strip()
        except OSError:
            continue
        if int(stat.rpartition(")")[2].split()[1]) == parent and name == f"bhyt-{role}":
            return int(entry.name)
    return None


def test_the_service_answers_picks_up_a_change_and_survives_a_killed_and_a_frozen_engine(tmp_path: Path) -> None:
    work = tmp_path / "work"
    bhyt_json("demo", "--workdir", work, "--encounters", "15", "--seed", "2", "--no-serve")
    port = free_port()
    environment = {
        **os.environ,
        "BHYT_API__PORT": str(port),
        "BHYT_SCHEDULE": json.dumps({"pull": 1, "translate": 1, "check": 1, "sign": 1, "send": 1, "frozen_seconds": 8}),
    }
    base = f"http://127.0.0.1:{port}"

    def status() -> dict[str, Any]:
        key = (work / "api.key").read_text().strip()
        request = urllib.request.Request(f"{base}/v1/status", headers={"X-API-Key": key})
        with urllib.request.urlopen(request, timeout=10) as answer:
            document: dict[str, Any] = json.load(answer)
        return document

    def revisions() -> int:
        shown = bhyt_json("queue", "show", ma_lk, "--workdir", work)["dossiers"]
        accepted = [r for d in shown if d["purpose"] == "claim" for r in d["revisions"] if r["state"] == "accepted"]
        return len(accepted)

    ma_lk = bhyt_json("queue", "list", "--workdir", work, "--state", "accepted", "--purpose", "claim")["dossiers"][0][
        "ma_lk"
    ]
    with gateway_of(work):
        service = subprocess.Popen(
            [sys.executable, "-m", "adapter.cli.main", "run", "--workdir", str(work)],
            env=environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )
        try:
            wait_for(f"{base}/readyz", service, 60)
            assert status()["conserved"] is True
            first = _role_pid(service.pid, "engine")
            assert first is not None
            os.kill(first, signal.SIGKILL)
            _until(lambda: _role_pid(service.pid, "engine") not in (None, first))
            _change(work, ma_lk, "lần một")
            _until(lambda: revisions() == 2)
            second = _role_pid(service.pid, "engine")
            assert second is not None
            os.kill(second, signal.SIGSTOP)  # alive, and stuck
            _change(work, ma_lk, "lần hai")
            _until(lambda: _role_pid(service.pid, "engine") not in (None, second))
            _until(lambda: revisions() == 3)
        finally:
            service.terminate()
            _, told = service.communicate(timeout=60)
    assert service.returncode == 0
    assert _role_pid(service.pid, "engine") is None
    assert ma_lk not in told


def _change(work: Path, ma_lk: str, text: str) -> None:
    bhyt_json("demo", "change", "--workdir", work, "--ma-lk", ma_lk, "--set", f"EPISODE.TREATMENT_METHOD={text}")


@pytest.mark.needs("postgres")
def test_the_demo_runs_on_postgresql_by_changing_one_url(tmp_path: Path, postgres_url: str) -> None:
    document = bhyt_json(
        "demo", "--workdir", tmp_path / "work", "--encounters", "25", "--no-serve", "--store-url", postgres_url
    )
    assert document["conserved"] is True
    assert document["dossiers"]["accepted"] > 10
    assert document["planted"]["missed"] == document["planted"]["late"] == []
    assert not (tmp_path / "work" / "state.db").exists()


def test_the_wheel_alone_runs_the_demo_in_an_empty_folder(tmp_path: Path) -> None:
    root = Path(__file__).parents[2]
    build = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(tmp_path), str(root)]
    subprocess.run(build, check=True, capture_output=True, timeout=300)
    (wheel,) = tmp_path.glob("bhyt_adapter-*.whl")
    site = tmp_path / "site"
    install = [sys.executable, "-m", "pip", "install", "-q", "--no-deps", "--no-index", "--target", str(site)]
    subprocess.run([*install, str(wheel)], check=True, capture_output=True, timeout=300)
    empty = tmp_path / "empty"
    empty.mkdir()
    done = subprocess.run(
        [sys.executable, "-m", "adapter.cli.main", "demo", "--encounters", "15", "--no-serve", "--json"],
        cwd=empty,
        env={**os.environ, "PYTHONPATH": str(site), "PYTHONSAFEPATH": "1"},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    document = json.loads(done.stdout.strip().splitlines()[-1])
    assert document["dossiers"]["accepted"] > 5
    where = subprocess.run(
        [sys.executable, "-c", "import adapter; print(adapter.__file__)"],
        cwd=empty,
        env={**os.environ, "PYTHONPATH": str(site), "PYTHONSAFEPATH": "1"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert Path(where.stdout.strip()).is_relative_to(site)
