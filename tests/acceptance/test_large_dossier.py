"""A dossier of 6,000 lines goes the whole way: written, signed, verified, received, read back."""

from __future__ import annotations

from pathlib import Path

from adapter.cli.gateway.gateway_cmd import registered
from adapter.clock import system_clock
from adapter.demo.workdir import prepare
from adapter.dossier.model import Dossier, Purpose
from adapter.dossier.reader import read
from adapter.dossier.writer import write
from adapter.gateway.client import GatewayClient
from adapter.gateway.outcome import OutcomeKind
from adapter.gateway.services import service_for
from adapter.settings import load_settings
from adapter.signing import profile1
from adapter.signing.keys import open_signer
from adapter.signing.verify import verify
from adapter.simulator import SimulatorConfig, running
from tests.support import gateway_files


def _large() -> Dossier:
    tables = gateway_files.default_tables()
    services = [gateway_files.service(STT=str(number)) for number in range(1, 6001)]
    rows = {name: tuple(found) for name, found in tables.items()} | {"XML3": tuple(services)}
    header = rows["XML1"][0]
    return Dossier(header["MA_CSKCB"], header["MA_LK"], Purpose.CLAIM, "3176", rows)


def test_a_dossier_of_six_thousand_lines_is_signed_received_and_read_back(tmp_path: Path) -> None:
    work, now = tmp_path / "work", system_clock()
    prepare(work, source="his-b", encounters=40, seed=1, now=now, gateway_url="http://127.0.0.1:9")
    settings = load_settings(workdir=work)
    (facility,) = settings.facilities
    dossier = _large()
    key = open_signer(facility.certificate, work)
    document = profile1.sign(write(dossier, created_on=now.date()), key)
    assert verify(document, at=now).valid
    practice = SimulatorConfig(database=work / "gateway.db", port=0, facilities=(registered(facility, settings),))
    with running(practice) as url:
        gateway = settings.gateway.model_copy(update={"base_url": url})
        client = GatewayClient(facility, settings.model_copy(update={"gateway": gateway}), system_clock)
        outcome = client.send(service_for("claim", "3176").name, document)
        client.close()
    assert outcome.kind is OutcomeKind.ACCEPTED, outcome.message
    (again,) = read(document).dossiers
    assert len(again.rows("XML3")) == 6000
    assert again.rows("XML3")[5999]["STT"] == "6000"
