"""Demo D: what a HIS exported as files is read back as the very same dossiers its database would have given."""

from __future__ import annotations

from pathlib import Path

from adapter.demo.his_d.export import export_his_d
from adapter.demo.seed import seed_his_b
from adapter.dossier.model import Dossier
from adapter.mapping import load_mapping
from adapter.resources import shipped
from adapter.settings import SourceSettings
from connectors.base import open_source
from tests.support.demo_hospital import NOW
from tests.support.demo_world import FACILITY, open_demo, read_all


def _dossiers(mapping: str, url: str = "", options: dict[str, object] | None = None) -> dict[object, Dossier]:
    if url:
        plan, source = open_demo(mapping, url)
    else:
        plan = load_mapping(shipped("mappings") / mapping / "mapping.yaml")
        source = open_source(plan.source, SourceSettings(url="tabular:", options=options or {}))
    found: dict[object, Dossier] = {}
    for encounter in read_all(source, now=NOW):
        assert encounter.problem is None
        for due in plan.readiness(encounter).due:
            dossier = plan.translate(
                encounter, due, facility=FACILITY, now=NOW, uninsured_tables=("XML1", "XML8", "XML12")
            )
            found[dossier.ma_lk, due.purpose, due.occasion, bool(due.exempt_reason)] = dossier
    source.close()
    return found


def test_files_give_the_dossiers_the_database_gives(tmp_path: Path) -> None:
    seed_his_b(tmp_path / "his.db", encounters=60, seed=4, now=NOW, defect_share=0)
    days = export_his_d(tmp_path / "export", facility=FACILITY, encounters=60, seed=4, now=NOW)
    expected = _dossiers("demo-his-b", f"sqlite:///{tmp_path / 'his.db'}")
    found = _dossiers("demo-his-d", options={"folder": str(tmp_path / "export"), "steady": 0})
    assert days > 3
    assert set(found) == set(expected)
    assert {table for dossier in found.values() for table in dossier.tables} >= {"XML0", "XML1", "XML2", "XML3", "XML5"}
    for key, dossier in expected.items():
        assert found[key].content_hash() == dossier.content_hash(), key
