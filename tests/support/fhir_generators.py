"""clinosim, run as its users run it: a hospital simulated from physiology, exported as Bulk Data."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import date, timedelta
from pathlib import Path
from typing import Any


def clinosim_resources(folder: Path, *, until: date, population: int = 40, seed: int = 7) -> list[dict[str, Any]]:
    """Everything of the weeks before ``until`` that a claim could be made of."""
    subprocess.run(
        [str(Path(sys.executable).parent / "clinosim"), "simulate", "-o", str(folder), "-p", str(population),
         "-s", str(seed), "--country", "US", "--start", str(until - timedelta(days=40)), "--end", str(until),
         "--format", "fhir-r4"],
        check=True, capture_output=True, timeout=300,
    )  # fmt: skip
    kinds = (
        "Patient",
        "Encounter",
        "Condition",
        "Observation",
        "MedicationRequest",
        "AllergyIntolerance",
        "Immunization",
    )
    found: list[dict[str, Any]] = []
    for kind in kinds:
        file = folder / "fhir_r4" / f"{kind}.ndjson"
        if file.is_file():
            found.extend(json.loads(line) for line in file.read_text(encoding="utf-8").splitlines() if line.strip())
    return found
