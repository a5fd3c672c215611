"""Fourteen steps: what the store proves, what a person vouches for, and what practice does not count for."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from docx import Document

from adapter.errors import ConfigError
from adapter.readiness import Step, attest, readiness_of, withdraw
from adapter.readiness.documents import write_documents
from adapter.readiness.proofs import PROOFS
from adapter.readiness.steps import steps as steps_data
from adapter.settings import GatewaySettings, Settings
from adapter.store import Store
from tests.support.pipeline_world import FACILITY, Time, World, vault


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    time = Time()
    with Store.open(f"sqlite:///{tmp_path / 'state.db'}", vault(), time) as store:
        yield World(store, time)


def look(world: World, environment: str = "production") -> list[Step]:
    settings = settings_of(world, environment)
    return readiness_of(world.store, settings, settings.facilities[0])


def settings_of(world: World, environment: str = "production") -> Settings:
    made = world.context().settings
    gateway = GatewaySettings(environment=environment, base_url="https://gateway.example")  # type: ignore[arg-type]
    return made.model_copy(update={"gateway": gateway})


def states(steps: list[Step]) -> dict[int, str]:
    return {step.n: step.state for step in steps}


def test_there_are_fourteen_steps_and_each_can_be_met_in_some_way() -> None:
    assert [one["n"] for one in steps_data()] == list(range(1, 15))
    for one in steps_data():
        assert "proof" in one or "attest" in one, one["n"]
        assert {one.get("proof"), *one.get("seen", ())} - {None} <= set(PROOFS)


def test_an_empty_installation_is_missing_everything_and_says_what(world: World) -> None:
    found = look(world)
    assert set(states(found).values()) == {"missing"}
    assert all(step.missing for step in found)


def test_real_receipts_prove_what_practice_does_not(world: World) -> None:
    world.source.put("1")
    world.run()
    world.store.health.ran(FACILITY, "send", now=world.time())
    world.store.health.signs_with(FACILITY, "0A", world.time() + timedelta(days=90), now=world.time())
    assert {n for n, state in states(look(world)).items() if state == "proven"} >= {2, 3, 6, 7, 10}
    practice = states(look(world, "simulator"))
    assert practice[2] == practice[3] == "proven"
    assert {practice[n] for n in (6, 7, 8, 10, 11, 14)} == {"missing"}


def test_a_persons_word_counts_until_it_is_taken_back(world: World) -> None:
    facility = world.context().facility
    attest(world.store, facility, 5, person="Trần Văn Giám Đốc", note="QĐ 12/QĐ-BV", actor="cli:x")
    step = look(world)[4]
    assert (step.state, step.attested_by) == ("attested", "Trần Văn Giám Đốc")
    assert any("QĐ 12/QĐ-BV" in line for line in step.evidence)
    assert withdraw(world.store, facility, 5, actor="cli:x", reason="hết hiệu lực") == 1
    assert look(world)[4].state == "missing"
    assert [row["action"] for row in world.store.audit.export()][-2:] == ["readiness.attest", "readiness.withdraw"]


def test_no_word_covers_what_the_program_knows_to_be_otherwise(world: World) -> None:
    facility = world.context().facility
    world.store.health.signs_with(FACILITY, "0A", world.time() - timedelta(days=1), now=world.time())
    with pytest.raises(ConfigError, match="3"):
        attest(world.store, facility, 3, person="A", note="b", actor="cli:x")
    assert look(world)[2].state == "missing"
    assert any("0A" in line for line in look(world)[2].missing)


def test_a_step_that_does_not_apply_is_said_so_by_name(world: World) -> None:
    facility = world.context().facility
    attest(world.store, facility, 8, person="A", note="chỉ xét nghiệm", actor="cli:x", kind="not_applicable")
    step = look(world)[7]
    assert (step.state, step.missing) == ("not_applicable", ())


@pytest.mark.parametrize(("n", "person", "note"), [(0, "A", "b"), (15, "A", "b"), (5, " ", "b"), (5, "A", " ")])
def test_a_word_without_step_name_or_ground_is_refused(world: World, n: int, person: str, note: str) -> None:
    with pytest.raises(ConfigError):
        attest(world.store, world.context().facility, n, person=person, note=note, actor="cli:x")


def test_the_documents_are_filled_and_leave_no_mark_open(world: World, tmp_path: Path) -> None:
    settings = settings_of(world)
    written = write_documents(
        settings, settings.facilities[0], look(world), tmp_path / "van-ban", today=world.time().date()
    )
    assert len(written) == 2
    for path in written:
        document = Document(str(path))
        cells = [cell.text for table in document.tables for row in table.rows for cell in row.cells]
        text = "\n".join([p.text for p in document.paragraphs] + cells)
        assert "{{" not in text
        assert FACILITY in text
    assert "Mã cơ sở đã đăng ký liên thông" in text
