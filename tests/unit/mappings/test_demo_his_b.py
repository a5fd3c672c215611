"""The shipped mapping of demo HIS B: clean encounters are clean, planted faults are named."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import pytest

from adapter.clock import VIETNAM
from adapter.demo.defects import Planted, planted
from adapter.demo.seed import seed_his_b
from adapter.dossier.model import Dossier, Purpose
from tests.support.demo_world import Checked, check_encounter, open_demo, read_all

NOW = datetime(2026, 11, 22, 20, 30, tzinfo=VIETNAM)

KNOWN_WARNINGS = {"X1-REQ-013"}  # a newborn has no personal id yet


@dataclass(frozen=True)
class World:
    """Every dossier of a sown hospital by MA_LK, with its scenario."""

    checked: dict[str, list[Checked]]
    kinds: dict[str, str]
    faults: dict[str, Planted]

    def of_kind(self, kind: str, purpose: Purpose = Purpose.CLAIM) -> Iterator[Dossier]:
        for ma_lk, found in self.checked.items():
            if self.kinds[ma_lk] == kind and ma_lk not in self.faults:
                yield from (c.dossier for c in found if c.dossier.purpose is purpose)


def _world(path: Path, now: datetime) -> World:
    plan, source = open_demo("demo-his-b", f"sqlite:///{path}")
    source.preflight()
    checked = {}
    for encounter in read_all(source, now=now):
        checked[str(encounter.row["EPISODE_CODE"])] = list(check_encounter(plan, encounter, now=now))
    source.close()
    connection = sqlite3.connect(path)
    kinds = dict(connection.execute("SELECT EPISODE_CODE, KIND FROM DEMO_KIND").fetchall())
    connection.close()
    return World(checked, kinds, {p.ma_lk: p for p in planted(path)})


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    path = tmp_path_factory.mktemp("his-b") / "his.db"
    seed_his_b(path, encounters=220, seed=11, now=NOW, defect_share=0.25)
    return _world(path, NOW)


def test_clean_encounters_break_no_rule_of_severity_error_or_warning(world: World) -> None:
    loud = [
        (ma_lk, world.kinds[ma_lk], f.rule, f.table, f.field)
        for ma_lk, found in world.checked.items()
        if ma_lk not in world.faults
        for c in found
        for f in c.report.findings
        if f.severity != "info" and f.rule not in KNOWN_WARNINGS
    ]
    assert loud == []


def test_every_planted_fault_meets_its_rule_and_no_undeclared_one(world: World) -> None:
    assert len(world.faults) > 35
    for ma_lk, fault in world.faults.items():
        found = {rule for c in world.checked[ma_lk] for rule in c.rules()}
        assert fault.must <= found, (fault.defect, found)
        assert found <= fault.must | fault.may, (fault.defect, found)


@pytest.mark.parametrize(
    "now",
    [datetime(2027, 1, 1, 7, 0, tzinfo=VIETNAM), datetime(2026, 12, 31, 23, 0, tzinfo=VIETNAM)],
    ids=["new year's morning", "new year's eve"],
)
def test_clean_stays_clean_at_the_turn_of_the_year(tmp_path: Path, now: datetime) -> None:
    seed_his_b(tmp_path / "his.db", encounters=40, seed=3, now=now, defect_share=0)
    world = _world(tmp_path / "his.db", now)
    errors = {(world.kinds[k], *sorted(c.rules())) for k, found in world.checked.items() for c in found if c.rules()}
    assert errors == set()


def test_insured_go_as_claims_uninsured_as_books_and_open_ones_only_check_in(world: World) -> None:
    for ma_lk, found in world.checked.items():
        kind = world.kinds[ma_lk]
        purposes = {c.dossier.purpose for c in found}
        if kind in ("uninsured_exam", "uninsured_inpatient", "medical_assessment", "lab_on_demand"):
            assert purposes == {Purpose.BOOK}
            assert {"XML1", "XML8"} <= found[0].dossier.tables.keys()
        elif kind.startswith("open"):
            assert purposes == {Purpose.CHECKIN}
        else:
            assert Purpose.CLAIM in purposes


def test_emergencies_and_lab_only_visits_are_exempt_from_check_in_with_a_reason(world: World) -> None:
    seen = set()
    for ma_lk, found in world.checked.items():
        if ma_lk in world.faults:
            continue
        notices = [c for c in found if c.dossier.purpose is Purpose.CHECKIN]
        if world.kinds[ma_lk] in ("emergency_exam", "surgery", "inpatient_albumin", "lab_only"):
            assert all(c.exempt for c in notices)
            seen |= {world.kinds[ma_lk] for _ in notices}
        else:
            assert not any(c.exempt for c in notices)
    assert {"emergency_exam", "lab_only"} <= seen


def test_an_admission_checks_in_at_the_first_cost_and_again_in_the_department(world: World) -> None:
    for dossiers in (
        [c.dossier for c in found if c.dossier.purpose is Purpose.CHECKIN]
        for ma_lk, found in world.checked.items()
        if world.kinds[ma_lk] == "open_inpatient"
    ):
        first, second = sorted(dossiers, key=lambda d: d.occasion)
        assert (first.occasion, second.occasion) == ("first_cost", "treating_department")
        assert first.header["NGAY_VAO_NOI_TRU"] == ""
        assert second.header["NGAY_YL"] >= second.header["NGAY_VAO_NOI_TRU"] > first.header["NGAY_YL"]


def test_twins_give_two_certificates_and_two_discharge_letters(world: World) -> None:
    dossiers = [
        c.dossier
        for ma_lk, found in world.checked.items()
        for c in found
        if world.kinds[ma_lk] == "twins" and c.dossier.purpose is Purpose.CLAIM
    ]
    assert dossiers
    for dossier in dossiers:
        assert len(dossier.rows("XML9")) == len(dossier.rows("XML7")) == 2
        assert len(dossier.header["CAN_NANG_CON"].split(";")) == 2
        assert len({row["MA_THE_TAM"] for row in dossier.rows("XML7")}) == 2


@pytest.mark.parametrize(
    ("kind", "table"),
    [
        ("referral", "XML13"),
        ("exam_reappointment", "XML14"),
        ("tuberculosis", "XML15"),
        ("hiv", "XML6"),
        ("exam_sick_leave", "XML11"),
        ("pregnancy_leave", "XML10"),
        ("inpatient", "XML7"),
        ("day_care", "XML8"),
        ("delivery", "XML9"),
    ],
)
def test_each_paper_comes_with_the_visits_that_need_it_and_no_other(world: World, kind: str, table: str) -> None:
    dossiers = list(world.of_kind(kind))
    assert all(dossier.rows(table) for dossier in dossiers)
    assert dossiers or any(world.kinds[ma_lk] == kind for ma_lk in world.faults)
    assert not any(dossier.rows(table) for dossier in world.of_kind("exam"))
