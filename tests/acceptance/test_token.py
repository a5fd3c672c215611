"""The key on a token: SoftHSM2 through PKCS#11 signs the demo; a wrong PIN or a pulled plug stops signing only."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
import yaml

from adapter.clock import system_clock
from adapter.demo.workdir import prepare
from adapter.signing.checks import serial_hex
from tests.support import xmldsig_softhsm as hsm
from tests.support.cli import bhyt_json, free_port, gateway_of
from tests.support.xmldsig import xmlsec1_accepts
from tests.support.xmldsig_world import world

pytestmark = pytest.mark.needs("softhsm", "xmlsec1")


@pytest.fixture
def work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A demo workdir whose certificate lies on a token, registered at the practice gateway by its serial."""
    folder = tmp_path / "work"
    address = f"http://127.0.0.1:{free_port()}"
    prepare(folder, source="his-b", encounters=12, seed=4, now=system_clock(), gateway_url=address)
    monkeypatch.setenv("SOFTHSM2_CONF", str(hsm.make_token(tmp_path / "hsm")))
    (folder / "ca.pem").write_bytes(world().authority.pem)
    (folder / "token.pin").write_text(hsm.PIN, encoding="ascii")
    config = folder / "config.yaml"
    document: dict[str, Any] = yaml.safe_load(config.read_text(encoding="utf-8"))
    document["facilities"][0]["certificate"] = {
        "kind": "pkcs11",
        "serial": serial_hex(world().facility.certificate),
        "password_file": "token.pin",
        "options": {"module": str(hsm.driver()), "token": hsm.LABEL},
    }
    config.write_text(yaml.safe_dump(document, allow_unicode=True), encoding="utf-8")
    return folder


def _codes(document: dict[str, Any]) -> set[str]:
    return {row["code"] for row in document["failures"]}


def test_a_token_signs_the_demo_after_a_wrong_pin_and_a_pulled_plug_lost_nothing(work: Path) -> None:
    assert os.environ["SOFTHSM2_CONF"]
    with gateway_of(work):
        (work / "token.pin").write_text("0000", encoding="ascii")
        for _ in range(2):  # the second run must not present the wrong PIN again; see test_pkcs11 for the counter
            document = bhyt_json("run", "--once", "--workdir", work, code=1)
            assert _codes(document) == {"TOKEN-PIN"}
            assert document["conserved"] is True
            assert document["dossiers"]["accepted"] == 0
        (work / "token.pin").write_text(hsm.PIN, encoding="ascii")
        hsm.take_away(work.parent / "hsm")
        document = bhyt_json("run", "--once", "--workdir", work, code=1)
        assert _codes(document) == {"SIGNER-DOWN"}
        assert document["dossiers"]["waiting"] > 0
        hsm.put_back(work.parent / "hsm")
        document = bhyt_json("run", "--once", "--workdir", work)
        assert document["dossiers"]["accepted"] > 5
        assert document["dossiers"]["waiting"] == 0
    bhyt_json("export", "sent", "--workdir", work, "--out", work / "sent")
    files = sorted((work / "sent").glob("*.xml"))
    assert files
    assert all(xmlsec1_accepts(file, work / "ca.pem") for file in files)
