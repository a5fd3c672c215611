from __future__ import annotations

from pathlib import Path

import pytest

from adapter.simulator.config import SimFacility, SimulatorConfig
from adapter.simulator.faults import Fault, FaultRule
from adapter.simulator.services.filings import filings
from adapter.simulator.services.paths import RECEPTIONS

ROOT = Path(__file__).resolve().parents[3]
PAGES = [ROOT / "docs" / "simulator.md", ROOT / "docs" / "vi" / "simulator.md"]


@pytest.mark.parametrize("page", PAGES, ids=["en", "vi"])
def test_the_documentation_names_every_fault_setting_and_service(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    services = [r.service for r in RECEPTIONS] + [f.service for f in filings() if not f.service.startswith("catalogue")]
    settings = [name for name in SimulatorConfig.model_fields if name != "clock"]
    chosen = [name for name in FaultRule.model_fields if name not in ("fault",)]
    wanted = [
        *Fault,
        *services,
        *settings,
        *SimFacility.model_fields,
        *chosen,
        "catalogue-06",
        "hub-status",
        "copayment",
    ]
    assert [name for name in wanted if name not in text] == []


def test_the_example_configuration_can_be_used() -> None:
    config = SimulatorConfig.load(ROOT / "config" / "simulator.example.yaml")
    assert config.facilities[0].code == "01999"
    assert config.faults.rules[0].fault is Fault.LATENCY
