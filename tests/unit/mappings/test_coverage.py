"""What each demo schema can supply is supplied: the fields no encounter fills, each with its reason."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from pathlib import Path

import pytest

from adapter.demo.seed import SeedReport, seed_his_a, seed_his_b
from adapter.standard.spec import effective_on
from tests.support.demo_hospital import NOW
from tests.support.demo_world import FACILITY, open_demo, read_all

NO_LIST = "no list was issued for it"
RESERVED = "reserved by the decree"
NO_COLUMN = "neither schema has a column for it"
OLD = "since 1 July 2025 there are no districts"
NO_SCENARIO = "the schema could hold it, no scenario has it"

EVERYWHERE = {"DU_PHONG": RESERVED, "MAHUYEN_CU_TRU": OLD, "MA_LY_DO_VNT": NO_LIST, "VI_TRI_TH_DVKT": NO_LIST}
UNFILLED = {
    "XML0": {"MA_VAT_TU": NO_SCENARIO, "TEN_VAT_TU": NO_SCENARIO},
    "XML2": {
        "MA_PP_CHEBIEN": NO_SCENARIO,
        "MA_CSKCB_THUOC": NO_COLUMN,
        "MA_DICH_VU": NO_COLUMN,
        "VET_THUONG_TP": NO_COLUMN,
    },
    "XML3": {
        "MA_BENH_YHCT": NO_COLUMN,
        "VET_THUONG_TP": NO_COLUMN,
        "MA_HIEU_SP": NO_COLUMN,
        "TAI_SU_DUNG": NO_COLUMN,
        "GOI_VTYT": "only demo B keeps packages",
    },
    "XML5": {"GIAI_DOAN_BENH": NO_COLUMN},
    "XML6": {
        "LAN_XN_PCR": NO_SCENARIO,
        "NGAY_XN_PCR": NO_SCENARIO,
        "NGAY_KQ_XN_PCR": NO_SCENARIO,
        "MA_KQ_XN_PCR": NO_SCENARIO,
        "NGAY_NHAN_TT_MANG_THAI": NO_SCENARIO,
    },
    "XML7": {
        "MA_DINH_CHI_THAI": NO_SCENARIO,
        "NGUYENNHAN_DINHCHI": NO_SCENARIO,
        "THOIGIAN_DINHCHI": NO_SCENARIO,
        "TUOI_THAI": NO_SCENARIO,
        "MA_CHA": NO_COLUMN,
        "MA_ME": NO_COLUMN,
    },
    "XML8": {"NGAY_SINHCON": NO_COLUMN, "NGAY_CONCHET": NO_COLUMN, "SO_CONCHET": NO_COLUMN, "GHI_CHU": NO_COLUMN},
    "XML9": {"HO_TEN_CHA": NO_COLUMN},
    "XML11": {
        "MA_DINH_CHI_THAI": NO_COLUMN,
        "NGUYENNHAN_DINHCHI": NO_COLUMN,
        "TUOI_THAI": NO_COLUMN,
        "HO_TEN_CHA": NO_SCENARIO,
        "HO_TEN_ME": NO_SCENARIO,
        "MA_THE_TAM": NO_SCENARIO,
    },
    "XML12": {"MA_THE_BHYT": "board hearings are not paid by a card here"},
    "XML13": {"MA_BENH_YHCT": NO_SCENARIO},
    "XML14": {"MA_BENH_YHCT": NO_SCENARIO},
    "XML15": {"NGAYKT_DTRI_LAO": NO_SCENARIO},
}


@pytest.mark.parametrize(("mapping", "seed"), [("demo-his-a", seed_his_a), ("demo-his-b", seed_his_b)])
def test_every_field_the_schema_can_supply_is_filled_in_some_encounter(
    tmp_path: Path, mapping: str, seed: Callable[..., SeedReport]
) -> None:
    seed(tmp_path / "his.db", encounters=260, seed=4, now=NOW, defect_share=0)
    plan, source = open_demo(mapping, f"sqlite:///{tmp_path / 'his.db'}")
    filled: dict[str, set[str]] = defaultdict(set)
    for encounter in read_all(source, now=NOW):
        for due in plan.readiness(encounter).due:
            dossier = plan.translate(
                encounter, due, facility=FACILITY, now=NOW, uninsured_tables=("XML1", "XML8", "XML12")
            )
            for table, rows in dossier.tables.items():
                filled[table].update(name for row in rows for name, value in row.items() if value)
    source.close()
    for name, table in effective_on(NOW.date()).tables.items():
        known = {*EVERYWHERE, *UNFILLED.get(name, {})}
        assert {field.name for field in table.fields} - filled[name] <= known, name
