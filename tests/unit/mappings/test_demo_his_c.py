"""Demo HIS C, one schema per month: its mapping against that of demo HIS B as an oracle, and its planted faults."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

import pytest

from adapter.clock import VIETNAM
from adapter.demo import seed
from adapter.demo.defects import planted
from adapter.demo.seed import NO_TABLE_IN_C, seed_his_b, seed_his_c
from adapter.dossier.model import Dossier
from adapter.mapping import load_mapping
from adapter.mapping.plan import Plan
from adapter.resources import shipped
from tests.support.demo_world import FACILITY, Checked, check_encounter, open_demo, read_all

BEGIN_OF_MONTH = datetime(2026, 12, 3, 9, 0, tzinfo=VIETNAM)  # stays, payments and refunds cross the month's border
SAID_OTHERWISE = {("XML3", "MA_BENH"), ("XML1", "MA_LK"), ("XML8", "MA_THE_TAM")}
_ORDER = ("NGAY_YL", "THOI_DIEM_DBLS", "NGAY_KQ", "MA_DICH_VU", "MA_VAT_TU", "MA_THUOC", "MA_CHI_SO", "TEN_CHI_SO")


@pytest.fixture(scope="module")
def plan() -> Plan:
    return load_mapping(shipped("mappings") / "demo-his-c" / "mapping.yaml")


def _dossiers(mapping: str, path: Path) -> dict[tuple[int, str, str], Dossier]:
    plan, source = open_demo(mapping, f"sqlite:///{path}")
    found = {}
    for encounter in read_all(source, now=BEGIN_OF_MONTH):
        for due in plan.readiness(encounter).due:
            dossier = plan.translate(encounter, due, facility=FACILITY, now=BEGIN_OF_MONTH)
            found[int(dossier.ma_lk[-6:]), due.purpose.value, due.occasion] = dossier
    source.close()
    return found


def _in_order(table: str, rows: list[Mapping[str, str]]) -> list[Mapping[str, str]]:
    if table in ("XML2", "XML3", "XML4", "XML5"):
        rows = sorted(rows, key=lambda row: [row.get(field, "") for field in _ORDER])
    return [{k: v for k, v in row.items() if k not in ("STT", "MA_LK")} for row in rows]


@pytest.fixture
def same_scenarios(monkeypatch: pytest.MonkeyPatch) -> None:
    """Demo B sown with the scenarios C has tables for."""
    mix = seed._mix
    monkeypatch.setattr(seed, "_mix", lambda h, p: mix(h, dataclasses.replace(p, kinds_without=NO_TABLE_IN_C)))


def test_monthly_schemas_make_the_same_dossiers_of_the_same_events(tmp_path: Path, same_scenarios: None) -> None:
    seed_his_c(tmp_path / "c.db", encounters=120, seed=4, now=BEGIN_OF_MONTH, defect_share=0)
    seed_his_b(tmp_path / "b.db", encounters=120, seed=4, now=BEGIN_OF_MONTH, defect_share=0)
    left, right = _dossiers("demo-his-c", tmp_path / "c.db"), _dossiers("demo-his-b", tmp_path / "b.db")
    assert left.keys() == right.keys()
    different: dict[tuple[str, str], tuple[object, str, str]] = {}
    compared = 0
    for key, c in left.items():
        b = right[key]
        assert c.tables.keys() == b.tables.keys(), key
        for table in c.tables:
            for x, y in zip(_in_order(table, list(c.rows(table))), _in_order(table, list(b.rows(table))), strict=True):
                for field in x:
                    compared += 1
                    if x[field] != y[field] and (table, field) not in SAID_OTHERWISE:
                        different[table, field] = (key, x[field], y[field])
    assert different == {}
    assert compared > 30_000


def test_clean_encounters_are_clean_and_planted_faults_are_named(tmp_path: Path, plan: Plan) -> None:
    path = tmp_path / "his.db"
    seed_his_c(path, encounters=160, seed=11, now=BEGIN_OF_MONTH, defect_share=0.2)
    faults = {p.ma_lk: p for p in planted(path)}
    _, source = open_demo("demo-his-c", f"sqlite:///{path}")
    checked: dict[str, list[Checked]] = {
        str(e.row["maql"]): list(check_encounter(plan, e, now=BEGIN_OF_MONTH))
        for e in read_all(source, now=BEGIN_OF_MONTH)
    }
    source.close()
    assert len(faults) > 15
    for ma_lk, found in checked.items():
        errors = {rule for c in found for rule in c.rules()}
        if ma_lk in faults:
            assert faults[ma_lk].must <= errors <= faults[ma_lk].must | faults[ma_lk].may, faults[ma_lk].defect
        else:
            assert errors == set()
