"""A connector of somebody else: installed beside ours it is found, kept to the protocol and mapped like our own."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from adapter.errors import ConfigError, SourceSchemaError, SourceUnreachable
from adapter.mapping import load_mapping
from adapter.settings import SourceSettings
from adapter.source import SourceEncounter
from connectors.base import PullSource, open_source

ROOT = Path(__file__).parents[3]
EXAMPLE = ROOT / "tests" / "support" / "example_connector"
NOW = datetime(2026, 11, 22, tzinfo=UTC)
MAPPING = """
mapping: example
source:
  connector: example-his
  lines: items
  encounters:
    insured: CARD is not None
    ready: {claim: DONE == 1}
tables:
  XML1: {MA_LK: id, HO_TEN: NAME, MA_THE_BHYT: CARD, T_THUOC: {sum: XML2.THANH_TIEN_BV}}
  XML2:
    each: items
    rows: {MA_THUOC: CODE, THANH_TIEN_BV: {decimal: AMOUNT}}
"""


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The example package, built and installed into a folder of its own."""
    place = tmp_path_factory.mktemp("site")
    source = tmp_path_factory.mktemp("package") / "example"
    shutil.copytree(EXAMPLE, source)
    subprocess.run(
        [sys.executable, "-m", "pip", "install", "--quiet", "--no-index", "--no-deps", "--no-build-isolation",
         "--disable-pip-version-check", "--target", str(place), str(source)],
        check=True,
    )  # fmt: skip
    return place


@pytest.fixture
def his(installed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.syspath_prepend(str(installed))
    yield tmp_path / "visits.jsonl"
    for name in [n for n in sys.modules if n.split(".")[0] == "example_his"]:
        del sys.modules[name]


def write(file: Path, *visits: dict[str, Any]) -> None:
    file.write_text("".join(json.dumps(visit) + "\n" for visit in visits), encoding="utf-8")


def visit(number: int, **more: Any) -> dict[str, Any]:
    items = [{"CODE": "40.1", "AMOUNT": 1250.125}, {"CODE": "40.2", "AMOUNT": 0.1}]
    return {"id": f"V{number}", "changed": "20261122080000", "NAME": "Nguyễn Thử", "CARD": "DN4", "DONE": 1,
            "items": items, **more}  # fmt: skip


def opened(file: Path, size: int = 2) -> PullSource:
    return open_source(
        {"connector": "example-his", "lines": "items"},
        SourceSettings(url="example:", batch_size=size, options={"file": str(file)}),
    )


def read(source: PullSource) -> list[SourceEncounter]:
    cursor = None
    found: list[SourceEncounter] = []
    while True:
        batch = source.pull(cursor, now=NOW)
        found += batch.encounters
        cursor = batch.cursor
        if batch.done:
            return found


def test_an_installed_package_is_found_by_its_entry_point_and_keeps_the_protocol(his: Path) -> None:
    write(his, *(visit(n) for n in range(5)))
    source = opened(his)
    source.preflight()
    found = read(source)
    assert {e.key for e in found} == {f"V{n}" for n in range(5)}  # equal stamps at the borders of pages
    assert SourceEncounter.from_bytes(found[0].to_bytes()) == found[0]
    assert [e.key for e in source.fetch(["V3", "nobody"])] == ["V3"]
    source.close()


def test_its_encounters_are_mapped_with_exact_money(his: Path, tmp_path: Path) -> None:
    write(his, visit(1))
    (tmp_path / "mapping.yaml").write_text(MAPPING, encoding="utf-8")
    plan = load_mapping(tmp_path / "mapping.yaml")
    (encounter,) = read(open_source(plan.source, SourceSettings(url="x", options={"file": str(his)})))
    assert encounter.collections["items"][0]["AMOUNT"] == Decimal("1250.125")
    (due,) = plan.readiness(encounter).due
    dossier = plan.translate(encounter, due, facility="01999", now=NOW, uninsured_tables=())
    assert [row["THANH_TIEN_BV"] for row in dossier.rows("XML2")] == ["1250.13", "0.10"]
    assert dossier.header["T_THUOC"] == "1250.23"


def test_its_errors_are_of_our_tree(his: Path) -> None:
    with pytest.raises(SourceUnreachable):
        opened(his).preflight()
    write(his, {"id": "V1", "changed": "1"})
    with pytest.raises(SourceSchemaError, match="items"):
        opened(his).preflight()
    with pytest.raises(ConfigError, match="example-his"):
        open_source({"connector": "exampel"}, SourceSettings(url="x"))


def test_the_guide_shows_the_package_as_it_is() -> None:
    for page in ("docs/connectors/write-your-own.md", "docs/vi/connectors/write-your-own.md"):
        text = (ROOT / page).read_text(encoding="utf-8")
        (code,) = re.findall(r"```python\n(.*?)```", text, re.S)
        assert code in (EXAMPLE / "example_his" / "__init__.py").read_text(encoding="utf-8")
        (toml,) = re.findall(r"```toml\n(.*?)```", text, re.S)
        assert toml in (EXAMPLE / "pyproject.toml").read_text(encoding="utf-8")
