"""Bad input that no single broken file shows: circles over files, bombs, a spreadsheet's lookup files, lost columns."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pytest

from adapter.clock import VIETNAM
from adapter.dossier.model import Purpose
from adapter.errors import MappingError
from adapter.mapping import load_mapping
from adapter.mapping.readiness import Due
from adapter.mapping.tools.lint import lint
from adapter.source import SourceEncounter

BROKEN = Path(__file__).parent / "broken"
NOW = datetime(2026, 11, 22, 20, 30, tzinfo=VIETNAM)


def test_two_files_that_extend_each_other_are_named_where_the_circle_closes() -> None:
    findings = lint(BROKEN / "parts" / "extends_there.yaml")
    assert [(f.code, Path(f.where.file or "").name, f.where.line, f.where.column) for f in findings] == [
        ("MAP-EXTENDS", "extends_back.yaml", 2, 10)
    ]
    assert "remove extends" in findings[0].hint


@pytest.mark.parametrize("file", ["bom.csv", "semicolons.csv"])
def test_a_lookup_file_as_a_spreadsheet_writes_it_is_read_as_it_was_meant(tmp_path: Path, file: str) -> None:
    path = tmp_path / "mapping.yaml"
    path.write_text(
        f"mapping: m\nlookups: {{sex: {{file: {BROKEN / 'codes' / file}, key: SEX}}}}\n"
        "tables: {XML1: {MA_LK: ID, GIOI_TINH: {lookup: sex, from: SEX}}}\n",
        encoding="utf-8",
    )
    plan = load_mapping(path)
    encounter = SourceEncounter("1", "1", {"ID": "K1", "SEX": 1}, {})
    dossier = plan.translate(encounter, Due(Purpose.CLAIM), facility="01999", now=NOW)
    assert dossier.header["GIOI_TINH"] == "2"


def test_a_bomb_of_aliases_ends_at_its_first_anchor_before_anything_unfolds() -> None:
    lines = ["mapping: m", "let:", "  a: &a [x, x, x, x, x, x, x, x, x, x]"]
    lines += [
        f"  {new}: &{new} [{', '.join([f'*{old}'] * 10)}]" for old, new in zip("abcdefgh", "bcdefghi", strict=True)
    ]
    path = BROKEN / "anchor_bomb.yaml"
    assert [f.code for f in lint(path)] == ["MAP-ANCHOR"]
    from adapter.mapping.yamltree import parse_tree

    with pytest.raises(MappingError) as caught:
        parse_tree("\n".join(lines), "bomb.yaml")
    assert (caught.value.code, caught.value.where and caught.value.where.line) == ("MAP-ANCHOR", 3)


@pytest.mark.parametrize(
    ("row", "collections", "place", "says"),
    [
        ({"ID": "K1", "NAMES": "x"}, {}, (7, 13), "NAMES"),
        ({"ID": "K1", "NAME": "x"}, {"items": [{"CODES": "A"}]}, (11, 17), "CODES"),
    ],
    ids=["encounter", "collection"],
)
def test_a_column_missing_at_run_time_is_named_with_its_place_and_the_nearest_one(
    tmp_path: Path,
    row: dict[str, object],
    collections: dict[str, list[dict[str, object]]],
    place: tuple[int, int],
    says: str,
) -> None:
    path = tmp_path / "mapping.yaml"
    path.write_text(
        """\
mapping: m
source:
  connector: sql
  encounters: {query: SELECT *, key: ID, changed_at: ID}
  collections: {items: {query: SELECT *, parent: ID}}
tables: {XML1: {MA_LK: ID,
    HO_TEN: NAME},
  XML2: {
    each: items,
    rows: {
      MA_THUOC: CODE}}}
""",
        encoding="utf-8",
    )
    plan = load_mapping(path)
    with pytest.raises(MappingError) as caught:
        plan.translate(
            SourceEncounter("1", "1", row, {"items": [], **collections}), Due(Purpose.CLAIM), facility="01999", now=NOW
        )
    error = caught.value
    assert error.code == "MAP-COLUMN"
    assert error.where is not None
    assert (error.where.file, error.where.line, error.where.column) == (str(path), *place)
    assert says in error.hint_en
    whole = SourceEncounter("2", "2", {"ID": "K2", "NAME": "y"}, {"items": [{"CODE": "A"}]})
    assert plan.translate(whole, Due(Purpose.CLAIM), facility="01999", now=NOW).rows("XML2")
