"""What each source can supply is supplied: a field is filled in some encounter, or listed with the reason why not."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner

from adapter.cli.authoring.map_cmd import app
from adapter.demo.his_d.export import export_his_d
from adapter.demo.omop import lay_out
from adapter.demo.seed import SeedReport, seed_his_a, seed_his_b, seed_his_c
from adapter.errors import MappingError
from adapter.mapping import load_mapping
from adapter.mapping.tools.compare import coverage
from adapter.mapping.tools.supply import FILE, explain, read_reasons, unexplained
from adapter.resources import shipped
from adapter.settings import SourceSettings
from connectors.base import open_source
from tests.support.demo_hospital import NOW
from tests.support.demo_world import FACILITY, read_all


def _covered(mapping: Path, url: str, **options: object) -> dict[str, object]:
    plan = load_mapping(mapping)
    source = open_source(plan.source, SourceSettings(url=url, batch_size=200, options=options))
    try:
        found = coverage(plan, read_all(source, now=NOW), facility=FACILITY, now=NOW)
    finally:
        source.close()
    assert found["failed"] == {}
    return explain(found, read_reasons(mapping))


@pytest.mark.parametrize(
    ("name", "seed"), [("demo-his-a", seed_his_a), ("demo-his-b", seed_his_b), ("demo-his-c", seed_his_c)]
)
def test_every_field_the_schema_can_supply_is_filled_and_every_other_has_its_reason(
    tmp_path: Path, name: str, seed: Callable[..., SeedReport]
) -> None:
    seed(tmp_path / "his.db", encounters=260, seed=4, now=NOW, defect_share=0)
    found = _covered(shipped("mappings") / name / "mapping.yaml", f"sqlite:///{tmp_path / 'his.db'}")
    assert unexplained(found) == []
    assert found["contradictions"] == []


def test_of_the_exported_files_every_field_is_filled_or_explained_too(tmp_path: Path) -> None:
    export_his_d(tmp_path, facility=FACILITY, encounters=260, seed=4, now=NOW)
    found = _covered(shipped("mappings") / "demo-his-d" / "mapping.yaml", "tabular:", folder=str(tmp_path), steady=0)
    assert unexplained(found) == []
    assert found["contradictions"] == []


def test_of_the_foreign_database_every_field_is_filled_or_explained_too(tmp_path: Path) -> None:
    lay_out(tmp_path, now=NOW)
    found = _covered(tmp_path / "omop" / "mapping.yaml", f"duckdb:///{tmp_path / 'omop.duckdb'}")
    assert unexplained(found) == []
    assert found["contradictions"] == []


def test_the_command_prints_filled_fields_and_the_reason_of_each_other(tmp_path: Path) -> None:
    seed_his_a(tmp_path / "his.db", encounters=50, seed=4, now=NOW, defect_share=0)
    url = ["--url", f"sqlite:///{tmp_path / 'his.db'}"]
    result = CliRunner().invoke(app, ["coverage", "demo-his-a", *url])
    assert result.exit_code == 0
    assert "HIS này không có cột chứa thông tin này / this HIS has no column for it: GIAI_DOAN_BENH" in result.stdout
    document = json.loads(CliRunner().invoke(app, ["coverage", "demo-his-a", *url, "--json"]).stdout)
    fields = {f["field"]: f for t in document["tables"] if t["table"] == "XML5" for f in t["fields"]}
    assert fields["GIAI_DOAN_BENH"]["reason"]["code"] == "no_column"
    assert "reason" not in fields["DIEN_BIEN_LS"]


def test_a_field_listed_as_empty_but_filled_is_a_contradiction(tmp_path: Path) -> None:
    (tmp_path / FILE).write_text(
        "reasons: {none: {vi: không, en: none}}\ntables: {XML1: {HO_TEN: none}, XML2: none}\n", encoding="utf-8"
    )
    tables = [
        {"table": "XML1", "fields": [{"field": "HO_TEN", "filled": 1}, {"field": "MA_BN", "filled": 0}]},
        {"table": "XML2", "fields": [{"field": "MA_THUOC", "filled": 0}]},
    ]
    found = explain({"tables": tables}, read_reasons(tmp_path / "mapping.yaml"))
    assert found["contradictions"] == ["XML1.HO_TEN"]
    assert unexplained(found) == ["XML1.MA_BN"]


def test_an_unknown_reason_is_named_with_its_place_and_the_nearest_one(tmp_path: Path) -> None:
    (tmp_path / FILE).write_text(
        "reasons: {reserved: {vi: để dành, en: reserved}}\ntables:\n  XML1: {DU_PHONG: reservd}\n", encoding="utf-8"
    )
    with pytest.raises(MappingError, match=r"not_supplied\.yaml:3:20.*reserved") as caught:
        read_reasons(tmp_path / "mapping.yaml")
    assert caught.value.code == "MAP-SUPPLY"
