"""A short storm in every test run; ``make chaos`` raises the long one."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest


@pytest.mark.slow
@pytest.mark.parametrize("store", ["sqlite", pytest.param("postgres", marks=pytest.mark.needs("postgres"))])
def test_a_short_storm_loses_nothing_doubles_nothing_and_keeps_the_order(store: str) -> None:
    command = [sys.executable, "-m", "tests.chaos", "--json", "--store", store, "--seed", "11"]
    done = subprocess.run(
        [*command, "--dossiers", "30", "--kills", "10", "--fault-rate", "0.03"],
        check=False, capture_output=True, text=True, timeout=280,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr[-3000:]
    report = json.loads(done.stdout.splitlines()[-1])
    assert (report["lost"], report["doubled"], report["order_breaks"], report["conserved"]) == (0, 0, 0, True)
    assert report["kills"] == 10
    assert report["at_gateway"] >= 25
    assert report["successors"] >= 1, "no correction reached the gateway: the order was never at stake"
