from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import NoEncryption, load_pem_private_key, pkcs12
from typer.testing import CliRunner

from adapter.cli.gateway.gateway_cmd import app
from adapter.errors import ConfigError
from adapter.simulator import SimulatorConfig, running
from tests.support.gateway_files import ACCOUNT, FACILITY, PASSWORD, dossier_xml, identity, sign1
from tests.support.practice_gateway import RawClient


@pytest.fixture
def workdir(tmp_path: Path) -> Path:
    who = identity()
    key = load_pem_private_key(who.key, None)
    certificate = x509.load_pem_x509_certificate(who.certificate.encode())
    bundle = pkcs12.serialize_key_and_certificates(b"x", key, certificate, None, NoEncryption())  # type: ignore[arg-type]
    (tmp_path / "facility.p12").write_bytes(bundle)
    (tmp_path / "account.pass").write_text(PASSWORD, encoding="utf-8")
    (tmp_path / "config.yaml").write_text(
        "facilities:\n"
        f"  - {{code: '{FACILITY}', account: {ACCOUNT}, password_file: account.pass, mapping: demo,"
        " source: {url: 'sqlite:///his.db'}}\n",
        encoding="utf-8",
    )
    return tmp_path


def test_in_a_workdir_the_facilities_of_the_configuration_are_registered(workdir: Path) -> None:
    command = [sys.executable, "-m", "adapter.cli.main", "gateway", "simulate", "--port", "0", "--json"]
    with subprocess.Popen([*command, "--workdir", str(workdir)], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        told = json.loads(process.stdout.readline())
        assert told["facilities"] == [FACILITY]
        assert httpx.get(told["url"] + "/_sim/ready").json() == {"status": "ready"}
        client = RawClient(told["url"])
        client.login()
        receipt = client.send(sign1(dossier_xml())).json()["maGiaoDich"]
        client.close()
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=10)
    result = CliRunner().invoke(app, ["received", "--workdir", str(workdir), "--json"])
    (row,) = json.loads(result.stdout)
    assert {"seq", "at", "service", "facility", "purpose", "ma_lk", "ma_giao_dich", "sha256", "answer"} <= set(row)
    assert (row["ma_giao_dich"], row["answer"]["maKetQua"], row["accepted"]) == (receipt, "200", True)
    whole = CliRunner().invoke(app, ["received", "--workdir", str(workdir), "--json", "--body"])
    assert json.loads(whole.stdout)[0]["body"].startswith("<?xml")
    plain = CliRunner().invoke(app, ["received", "--workdir", str(workdir)])
    assert receipt in plain.stdout


def test_without_a_port_it_listens_where_the_configuration_expects_it(workdir: Path) -> None:
    with running(SimulatorConfig(database=workdir / "other.db", port=0)) as url:
        free = int(url.rsplit(":", 1)[1])
    text = (workdir / "config.yaml").read_text(encoding="utf-8") + f"gateway: {{base_url: 'http://127.0.0.1:{free}'}}\n"
    (workdir / "config.yaml").write_text(text, encoding="utf-8")
    command = [sys.executable, "-m", "adapter.cli.main", "gateway", "simulate", "--json", "--workdir", str(workdir)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert json.loads(process.stdout.readline())["url"] == f"http://127.0.0.1:{free}"
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=10)


def test_a_configuration_of_its_own_names_database_and_facilities(tmp_path: Path) -> None:
    (tmp_path / "simulator.yaml").write_text(
        f"database: {tmp_path / 'own.db'}\nfacilities: [{{code: '01998', account: a, password: b}}]\n", encoding="utf-8"
    )
    command = [sys.executable, "-m", "adapter.cli.main", "gateway", "simulate", "--json", "--port", "0"]
    with subprocess.Popen(
        [*command, "--simulator", str(tmp_path / "simulator.yaml")], stdout=subprocess.PIPE, text=True, cwd=tmp_path
    ) as process:
        assert process.stdout is not None
        told = json.loads(process.stdout.readline())
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=10)
    assert (told["database"], told["facilities"]) == (str(tmp_path / "own.db"), ["01998"])


def test_a_wrong_configuration_names_its_key(tmp_path: Path) -> None:
    (tmp_path / "simulator.yaml").write_text("replace: sometimes\n", encoding="utf-8")
    with pytest.raises(ConfigError, match="replace"):
        SimulatorConfig.load(tmp_path / "simulator.yaml")
    with pytest.raises(ConfigError):
        SimulatorConfig.load(tmp_path / "absent.yaml")


def test_ping_logs_in_and_sends_nothing(workdir: Path) -> None:
    from adapter.cli.gateway.gateway_cmd import registered
    from adapter.settings import load_settings

    settings = load_settings(workdir=workdir)
    config = SimulatorConfig(
        database=workdir / "gateway.db", port=0, facilities=(registered(settings.facilities[0], settings),)
    )
    with running(config) as url:
        text = (workdir / "config.yaml").read_text(encoding="utf-8") + f"gateway: {{base_url: '{url}'}}\n"
        (workdir / "config.yaml").write_text(text, encoding="utf-8")
        result = CliRunner().invoke(app, ["ping", "--workdir", str(workdir), "--json"])
        state = httpx.get(url + "/_sim/state").json()
    answer = json.loads(result.stdout)
    assert answer["ok"]
    assert answer["facilities"][0]["facility"] == FACILITY
    assert (state["logins"], state["received"]) == (1, 0)


def test_an_absent_database_is_wrong_use(tmp_path: Path) -> None:
    result = CliRunner().invoke(app, ["received", "--workdir", str(tmp_path)])
    assert isinstance(result.exception, ConfigError)
    (tmp_path / "gateway.db").write_text("không phải SQLite", encoding="utf-8")
    result = CliRunner().invoke(app, ["received", "--workdir", str(tmp_path)])
    assert isinstance(result.exception, ConfigError)


def test_a_taken_port_and_an_open_address_without_a_key_are_refused(tmp_path: Path) -> None:
    with running(SimulatorConfig(database=tmp_path / "a.db", port=0)) as url:
        taken = SimulatorConfig(database=tmp_path / "b.db", port=int(url.rsplit(":", 1)[1]))
        with pytest.raises(ConfigError, match="Cannot open port"), running(taken):
            pass
    with (
        pytest.raises(ConfigError, match="control key"),
        running(SimulatorConfig(database=tmp_path / "c.db", host="0.0.0.0", port=0)),
    ):
        pass


def test_with_a_control_key_only_its_holder_sees_what_arrived(tmp_path: Path) -> None:
    with running(SimulatorConfig(database=tmp_path / "a.db", port=0, control_key="khoa-1")) as url:
        assert httpx.get(url + "/_sim/ready").status_code == 200
        assert httpx.get(url + "/_sim/received").status_code == 401
        assert httpx.get(url + "/_sim/received", params={"key": "khoa-1"}).status_code == 200
        assert httpx.post(url + "/_sim/faults", json={}).status_code == 401
