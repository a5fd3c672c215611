"""The metrics say what the status says, in Prometheus's own format, and name no patient."""

from __future__ import annotations

from prometheus_client.parser import text_string_to_metric_families

from adapter.watch.metrics import exposition
from tests.support.pipeline_world import FACILITY, World


def test_the_metrics_agree_with_the_status_and_name_nobody(world: World) -> None:
    world.source.put("1", name="NGUYEN VAN BI MAT")
    world.source.put("2", rule="X1-REQ-001")
    world.run()
    world.store.health.ran(FACILITY, "pull", now=world.time(), failure=("SOURCE-DOWN", "x", "x"))
    text = exposition(world.store, world.context().settings).decode()
    values = {
        (sample.name, *sorted(sample.labels.values())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }
    summary = world.summary()
    assert summary["dossiers"]["blocked"] == 1
    for state, count in summary["dossiers"].items():
        assert values["bhyt_dossiers", *sorted([FACILITY, "dossiers", state])] == count
    assert values["bhyt_encounters_read_total", FACILITY] == 2
    assert values["bhyt_equation_holds", FACILITY] == 1
    assert values["bhyt_stage_works", FACILITY, "pull"] == 0
    assert "BI MAT" not in text
    assert "LK1" not in text
