"""A facility's line: what a run says of its stage, and a certificate that is renewed while it runs."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from adapter.demo.pki import make_authority
from adapter.engine.installation import FacilityLine
from adapter.pipeline import StageResult
from adapter.settings import CertificateSettings
from adapter.signing.checks import serial_hex
from adapter.store import Store
from tests.support.pipeline_world import FACILITY, START, FakeGateway, Time, World, unreachable, vault


class Line(FacilityLine):
    gateway = FakeGateway()

    def _open_gateway(self) -> FakeGateway:
        return self.gateway


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    time = Time()
    with Store.open(f"sqlite:///{tmp_path / 'state.db'}", vault(), time) as store:
        yield World(store, time, facility={"certificate": CertificateSettings(password_file=Path("facility.pass"))})


def line_of(world: World, folder: Path) -> Line:
    settings = world.context().settings.model_copy(update={"workdir": folder})
    return Line(settings, settings.facilities[0], world.store, world.time)


def failing(world: World) -> bool:
    return any(one.stage == "send" and one.failing_since for one in world.store.health.stages())


def test_a_sending_with_nothing_due_ends_no_failure_of_the_gateway(world: World, tmp_path: Path) -> None:
    world.source.put("1")
    world.run("pull", "translate", "check", "sign")
    line = line_of(world, tmp_path)
    line.gateway = FakeGateway(lambda *_: unreachable())
    assert line.run("send").failures
    for _ in range(3):
        world.time.pass_(seconds=2)  # the dossier waits its pause out; nobody asks the gateway
        assert line.run("send").ok
        assert failing(world)
    line.gateway.answer = None
    world.time.pass_(minutes=20)
    assert line.run("send").done == 1
    assert not failing(world)


def test_a_renewed_certificate_counts_without_a_restart_and_the_watch_knows_its_end(
    world: World, tmp_path: Path
) -> None:
    authority = make_authority(START)
    (tmp_path / "facility.pass").write_text("pass\n")
    line = line_of(world, tmp_path)
    for days in (20, 700):
        issued = authority.issue("BV Ví Dụ", START, days=days)
        (tmp_path / "facility.p12").write_bytes(issued.p12("pass"))
        assert line.run("sign") == StageResult("sign")
        (seen,) = world.store.health.certificates()
        assert (seen.facility, seen.serial) == (FACILITY, serial_hex(issued.certificate))
        assert seen.not_after - START == timedelta(days=days)
    line.close()
