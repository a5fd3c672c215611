"""The service as it is installed: units and containers start commands that exist, with no needless rights."""

from __future__ import annotations

import re
import shlex
import subprocess
from collections import defaultdict
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.main import get_command

from adapter.cli.main import COMMANDS, build

ROOT = Path(__file__).parents[3]
SYSTEMD = ROOT / "config" / "systemd"
SERVICES = sorted(SYSTEMD.glob("*.service"))
COMPOSE = sorted((ROOT / "config" / "compose").glob("*.yaml"))

HARDENED = {
    "NoNewPrivileges": "yes",
    "ProtectSystem": "strict",
    "ProtectHome": "yes",
    "PrivateTmp": "yes",
    "PrivateDevices": "yes",
    "ProtectKernelTunables": "yes",
    "ProtectKernelModules": "yes",
    "ProtectKernelLogs": "yes",
    "ProtectControlGroups": "yes",
    "ProtectClock": "yes",
    "ProtectHostname": "yes",
    "RestrictNamespaces": "yes",
    "RestrictRealtime": "yes",
    "RestrictSUIDSGID": "yes",
    "RestrictAddressFamilies": "AF_INET AF_INET6 AF_UNIX",
    "LockPersonality": "yes",
    "SystemCallArchitectures": "native",
    "CapabilityBoundingSet": "",
    "UMask": "0077",
    "User": "bhyt",
}


def unit(path: Path) -> dict[str, dict[str, list[str]]]:
    """A unit's sections, each key with all its values."""
    sections: dict[str, dict[str, list[str]]] = {}
    current: dict[str, list[str]] = {}
    for line in path.read_text(encoding="utf-8").splitlines():
        if re.fullmatch(r"\[\w+\]", line):
            current = sections.setdefault(line[1:-1], defaultdict(list))
        elif line and not line.startswith("#"):
            key, _, value = line.partition("=")
            current[key].append(value)
    return sections


def commands_of(text: str) -> list[str]:
    """The bhyt commands a command line starts."""
    return re.findall(r"bhyt ([a-z]+)", text)


def test_there_is_a_service_a_worker_and_a_backup() -> None:
    assert [path.stem for path in SERVICES] == ["bhyt-backup", "bhyt-worker", "bhyt"]
    assert (SYSTEMD / "bhyt-backup.timer").is_file()


@pytest.mark.parametrize("path", SERVICES, ids=lambda path: path.stem)
def test_a_unit_starts_a_command_that_exists_with_no_more_rights_than_it_needs(path: Path) -> None:
    service = unit(path)["Service"]
    for key, wanted in HARDENED.items():
        assert service.get(key) == [wanted], key
    assert "~@privileged @resources" in service["SystemCallFilter"]
    (start,) = service["ExecStart"]
    (command,) = commands_of(start)
    assert command in COMMANDS
    assert "BHYT_WORKDIR=/var/lib/bhyt" in service["Environment"][0]
    typed = shlex.split(start)
    assert "--password" not in " ".join(typed), "no secret stands in a unit"


@pytest.mark.parametrize("name", ["bhyt", "bhyt-worker"])
def test_the_long_running_units_are_watched_and_come_back(name: str) -> None:
    service = unit(SYSTEMD / f"{name}.service")["Service"]
    assert service["Type"] == ["notify"]
    assert int(service["WatchdogSec"][0]) > 60, "longer than a role may be frozen before it is started anew"
    assert service["Restart"] == ["always"]
    assert int(service["TimeoutStopSec"][0]) >= 30


def test_the_timer_names_the_backups_time_and_catches_up() -> None:
    timer = unit(SYSTEMD / "bhyt-backup.timer")["Timer"]
    assert timer["Persistent"] == ["true"]
    assert re.fullmatch(r"\*-\*-\* \d\d:\d\d", timer["OnCalendar"][0])


@pytest.mark.needs("systemd")
def test_systemd_itself_understands_every_line(tmp_path: Path) -> None:
    program = tmp_path / "bhyt"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    copies = []
    for path in [*SERVICES, SYSTEMD / "bhyt-backup.timer"]:
        copy = tmp_path / path.name
        copy.write_text(path.read_text(encoding="utf-8").replace("/opt/bhyt/bin/bhyt", str(program)), encoding="utf-8")
        copies.append(str(copy))
    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", "--recursive-errors=no", *copies],
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    ours = [line for line in done.stderr.splitlines() if "bhyt" in line]
    assert (done.returncode, ours) == (0, []), done.stderr


@pytest.mark.parametrize("path", COMPOSE, ids=lambda path: path.stem)
def test_containers_run_as_nobody_on_a_read_only_root_and_are_watched(path: Path) -> None:
    document = yaml.safe_load(path.read_text(encoding="utf-8"))
    ours = {name: one for name, one in document["services"].items() if one.get("image") == "bhyt-adapter"}
    assert ours
    for name, one in ours.items():
        assert one["user"] == "10001:10001", name
        assert one["read_only"] is True
        assert one["tmpfs"] == ["/tmp"]
        assert one["cap_drop"] == ["ALL"]
        assert one["security_opt"] == ["no-new-privileges:true"]
        assert one["init"] is True
        assert [place.split(":")[1] for place in one["volumes"]] == ["/var/lib/bhyt"]
        assert one.get("command", ["run"])[0] in COMMANDS
        assert one["healthcheck"]["test"][:3] == ["CMD", "python", "-c"]
        compile(one["healthcheck"]["test"][3], name, "exec")
        assert all(place.startswith("127.0.0.1:") for place in one.get("ports", [])), "not open to the network"
    for one in document["services"].values():
        assert one["healthcheck"]["test"]
        assert not [key for key in one.get("environment", {}) if key.endswith("PASSWORD")], "secrets by file only"


def test_a_workers_health_is_its_sign_of_life(tmp_path: Path) -> None:
    document = yaml.safe_load((ROOT / "config" / "compose" / "postgres.yaml").read_text(encoding="utf-8"))
    worker = document["services"]["worker"]
    place = worker["environment"]["BHYT_HEARTBEAT"]
    assert worker["environment"]["BHYT_STORE__URL"] == document["services"]["bhyt"]["environment"]["BHYT_STORE__URL"]
    sign = tmp_path / "sign"
    asks = worker["healthcheck"]["test"][3].replace(place, str(sign))

    def healthy() -> bool:
        return subprocess.run(["python3", "-c", asks], capture_output=True, check=False).returncode == 0

    assert not healthy()
    sign.touch()
    assert healthy()


def test_the_image_runs_as_the_user_the_compose_files_name_and_asks_itself_whether_it_lives() -> None:
    lines = (ROOT / "Dockerfile").read_text(encoding="utf-8")
    assert re.search(r"useradd .*--uid 10001\b", lines)
    stages = lines.split("\nFROM ")
    assert len(stages) == 3, "built in one stage, kept in another"
    last = stages[-1]
    assert "\nUSER bhyt\n" in last
    assert last.index("\nUSER bhyt\n") < last.index("HEALTHCHECK") < last.index("ENTRYPOINT")
    assert "--require-hashes" in lines
    assert 'ENTRYPOINT ["bhyt"]' in last
    assert "livez" in last


@pytest.mark.parametrize("name", ["config.example.yaml", "simulator.example.yaml"])
def test_the_example_configurations_are_yaml_without_a_secret(name: str) -> None:
    document: Any = yaml.safe_load((ROOT / "config" / name).read_text(encoding="utf-8"))
    assert isinstance(document, dict)

    def walk(value: Any, path: str) -> None:
        if isinstance(value, dict):
            for key, inner in value.items():
                walk(inner, f"{path}.{key}")
        elif isinstance(value, list):
            for inner in value:
                walk(inner, path)
        elif path.endswith((".password", ".secret", ".pin")):
            raise AssertionError(f"{path} stands in an example")

    if name == "config.example.yaml":
        walk(document, "")


def test_commands_named_in_the_operations_pages_exist() -> None:
    application = get_command(build([]))
    known = set(application.list_commands(None))  # type: ignore[attr-defined]
    for page in (ROOT / "docs" / "operations.md", ROOT / "docs" / "vi" / "operations.md"):
        named = set(re.findall(r"`bhyt ([a-z]+)", page.read_text(encoding="utf-8")))
        assert named
        assert named <= known, f"{page.name}: {named - known}"
