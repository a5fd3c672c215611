"""The integrators' tools: schema, preview, diff, coverage, tests, resolved view, skeleton, and the command line."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml
from sqlalchemy import create_engine, text
from typer.testing import CliRunner

from adapter.cli.authoring.map_cmd import app
from adapter.dossier.model import Purpose
from adapter.errors import MappingError
from adapter.mapping import load_mapping
from adapter.mapping.extending import resolve
from adapter.mapping.tools.compare import coverage, diff
from adapter.mapping.tools.lint import lint
from adapter.mapping.tools.preview import preview
from adapter.mapping.tools.schema import schema
from adapter.mapping.tools.shown import resolved_lines
from adapter.mapping.tools.skeleton import SourceTable, likely_columns, skeleton
from adapter.mapping.tools.testing import run_tests
from adapter.resources import shipped
from adapter.standard.spec import written_as
from tests.support.mapping import FACILITY, NOW, encounter

SHIPPED = sorted(shipped("mappings").glob("*/mapping.yaml"))
VALIDATOR = jsonschema.Draft7Validator(schema())

SMALL = """\
mapping: small
standard: "3176"
source:
  connector: sql
  encounters:
    query: SELECT ID, NAME, SEX, FEE, STAMP FROM VISIT
    key: ID
    changed_at: STAMP
    ready: {claim: FEE is not None}
  collections:
    items: {query: "SELECT VISIT_ID, CODE, QTY FROM LINE WHERE VISIT_ID IN :keys", parent: VISIT_ID}
lookups:
  sex: {M: "1", F: "2"}
tables:
  XML1:
    MA_LK: ID
    HO_TEN: NAME
    GIOI_TINH: {lookup: sex, from: SEX, default: "3"}
    T_BHTT: {decimal: FEE}
  XML2: {each: items, rows: {MA_THUOC: CODE, SO_LUONG: {decimal: QTY}}}
"""


def document(text_: str) -> Any:
    """YAML as an editor's language server sees it: 1.2, keys are text, ``on`` is a word."""

    class Loader(yaml.SafeLoader):
        pass

    Loader.yaml_implicit_resolvers = {
        first: [(tag, rule) for tag, rule in rules if tag != "tag:yaml.org,2002:bool"]
        for first, rules in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }
    import re

    Loader.add_implicit_resolver("tag:yaml.org,2002:bool", re.compile(r"^(true|false)$"), list("tf"))
    return _text_keys(yaml.load(text_, Loader=Loader))


def _text_keys(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(k): _text_keys(v) for k, v in value.items()}
    return [_text_keys(v) for v in value] if isinstance(value, list) else value


@pytest.fixture
def small(tmp_path: Path) -> Path:
    path = tmp_path / "mapping.yaml"
    path.write_text(SMALL, encoding="utf-8")
    return path


@pytest.fixture
def his(tmp_path: Path) -> str:
    url = f"sqlite:///{tmp_path / 'his.db'}"
    engine = create_engine(url)
    with engine.begin() as db:
        db.execute(text("CREATE TABLE VISIT (ID TEXT PRIMARY KEY, NAME TEXT, SEX TEXT, FEE TEXT, STAMP TEXT)"))
        db.execute(text("CREATE TABLE LINE (VISIT_ID TEXT, CODE TEXT, QTY TEXT)"))
        for n, sex in ((1, "M"), (2, "F"), (3, "?")):
            values = {"id": f"K{n}", "sex": sex, "stamp": f"2026010{n}080000"}
            db.execute(text("INSERT INTO VISIT VALUES (:id, 'Trần Thị Sáu', :sex, '10.005', :stamp)"), values)
            db.execute(text("INSERT INTO LINE VALUES (:id, 'T1', '2')"), values)
    engine.dispose()
    return url


# ---- schema --------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", SHIPPED, ids=lambda p: p.parent.name)
def test_the_schema_accepts_every_shipped_mapping(path: Path) -> None:
    errors = [
        (list(e.absolute_path), e.message[:200]) for e in VALIDATOR.iter_errors(document(path.read_text("utf-8")))
    ]
    assert errors == []


WRONG: list[Callable[[dict[str, Any]], object]] = [
    lambda d: d.pop("mapping"),
    lambda d: d.update(lookup={}),
    lambda d: d.update(standard="9999"),
    lambda d: d["tables"].update(XML16={}),
    lambda d: d["tables"]["XML1"].update(HOTEN="NAME"),
    lambda d: d["tables"]["XML1"].update(HO_TEN={"lokup": "sex"}),
    lambda d: d["tables"]["XML1"].update(HO_TEN={"decimal": "A", "place": 2}),
    lambda d: d["tables"]["XML1"].update(HO_TEN=5),
    lambda d: d["tables"]["XML1"].update(HO_TEN={"lookup": "sex"}),
    lambda d: d["tables"]["XML1"].update(HO_TEN={"from": "A", "case": "title"}),
    lambda d: d["tables"]["XML2"].update(eech="items"),
    lambda d: d["source"]["encounters"].update(ready={"claims": "x"}),
    lambda d: d.update({"with": {"x": {"first": "items", "last": "items"}}}),
]


@pytest.mark.parametrize("spoil", WRONG)
def test_the_schema_rejects_what_the_loader_rejects(spoil: Callable[[dict[str, Any]], object], tmp_path: Path) -> None:
    wrong = document(SMALL)
    assert list(VALIDATOR.iter_errors(wrong)) == []
    spoil(wrong)
    assert list(VALIDATOR.iter_errors(wrong))
    path = tmp_path / "mapping.yaml"
    path.write_text(yaml.safe_dump(wrong, allow_unicode=True), encoding="utf-8")
    with pytest.raises(MappingError):
        load_mapping(path)


@pytest.mark.parametrize("path", SHIPPED, ids=lambda p: p.parent.name)
def test_shipped_mappings_lint_without_an_error(path: Path) -> None:
    assert [f.to_dict() for f in lint(path) if f.severity == "error"] == []


# ---- preview, diff, coverage ---------------------------------------------------------------------------


def test_preview_shows_the_way_of_each_value_and_hides_what_it_says(small: Path) -> None:
    one = encounter({"ID": "K1", "NAME": "Trần Thị Sáu", "SEX": "F", "FEE": "10.005"}, items=[{"CODE": "T", "QTY": 1}])
    found = preview(load_mapping(small), one, facility=FACILITY, now=NOW)
    assert "Sáu" not in json.dumps(found, ensure_ascii=False)
    rows = {(r["table"], r["row"]): {f["field"]: f for f in r["fields"]} for r in found["dossiers"][0]["rows"]}
    name = rows["XML1", 1]["HO_TEN"]
    assert (name["from"], name["source"], name["value"], name["line"]) == ("NAME", "xxxx xxx xxx", "xxxx xxx xxx", 17)
    assert rows["XML1", 1]["GIOI_TINH"]["step"] == '{lookup: sex, from: SEX, default: "3"}'
    assert rows["XML2", 1]["SO_LUONG"]["source"] == "9"
    shown = preview(load_mapping(small), one, facility=FACILITY, now=NOW, unmask=True)
    assert shown["dossiers"][0]["rows"][0]["fields"][2]["value"] == "Trần Thị Sáu"


def test_preview_lists_errors_and_shows_purposes_that_are_not_due(small: Path) -> None:
    broken = encounter({"ID": "K1", "NAME": "x", "SEX": "F", "FEE": "z"})
    found = preview(load_mapping(small), broken, facility=FACILITY, now=NOW)
    assert [(e["code"], e["table"], e["field"]) for e in found["errors"]] == [("MAP-VALUE", "XML1", "T_BHTT")]
    waiting = encounter({"ID": "K1", "NAME": "x", "SEX": "F", "FEE": None})
    found = preview(load_mapping(small), waiting, facility=FACILITY, now=NOW, purpose=Purpose.BOOK)
    assert found["due"] == []
    assert found["dossiers"][0]["purpose"] == "book"


def test_diff_counts_changed_fields_and_compares_the_money(small: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.yaml"
    other.write_text(
        SMALL.replace("{decimal: FEE}", "{decimal: FEE, scale: 2}").replace('"2"}', '"1"}'), encoding="utf-8"
    )
    seen = [encounter({"ID": f"K{n}", "NAME": "x", "SEX": "MF"[n % 2], "FEE": "10.00"}) for n in range(4)]
    found = diff(load_mapping(small), load_mapping(other), seen, facility=FACILITY, now=NOW, unmask=True)
    assert (found["encounters"], found["dossiers"], found["changed"]) == (4, 4, 4)
    assert {(f["table"], f["field"], f["dossiers"], f["before"], f["after"]) for f in found["fields"]} == {
        ("XML1", "T_BHTT", 4, "10.00", "20.00"),
        ("XML1", "GIOI_TINH", 2, "2", "1"),
    }
    assert found["sums"] == [{"table": "XML1", "field": "T_BHTT", "before": "40.00", "after": "80.00"}]
    same = diff(load_mapping(small), load_mapping(small), seen, facility=FACILITY, now=NOW)
    assert (same["changed"], same["fields"], same["sums"]) == (0, [], [])


def test_the_layout_a_facility_is_pinned_to_holds_for_every_tool(small: Path) -> None:
    plan = load_mapping(small)
    one = encounter({"ID": "K1", "NAME": "x", "SEX": "F", "FEE": "1"})
    shown = preview(plan, one, facility=FACILITY, now=NOW, standard="4750")
    assert [d["standard"] for d in shown["dossiers"]] == ["4750"] * len(shown["dossiers"])
    assert shown["dossiers"]
    found = coverage(plan, [one], facility=FACILITY, now=NOW, standard="4750")
    fields = {t["table"]: {f["field"] for f in t["fields"]} for t in found["tables"]}
    assert "MA_NOI_DEN" in fields["XML13"]  # 3176 says MA_CSKCB_DEN
    same = diff(plan, plan, [one], facility=FACILITY, now=NOW, standard="4750")
    assert (same["changed"], same["failed_new"]) == (0, 0)


def test_coverage_tells_filled_from_mapped_from_forgotten(small: Path) -> None:
    seen = [
        encounter({"ID": "K1", "NAME": None, "SEX": "F", "FEE": "1"}),
        encounter({"ID": "", "NAME": "", "SEX": "", "FEE": ""}),
    ]
    found = coverage(load_mapping(small), seen, facility=FACILITY, now=NOW)
    assert found["failed"] == {"MAP-NO-KEY": 1}
    xml1 = next(t for t in found["tables"] if t["table"] == "XML1")
    fields = {f["field"]: (f["mapped"], f["filled"]) for f in xml1["fields"]}
    assert fields["HO_TEN"] == ("yes", 0)
    assert fields["GIOI_TINH"] == ("yes", 1)
    assert fields["STT"] == ("automatic", 1)
    assert fields["GHI_CHU"] == ("no", 0)


# ---- tests as data -----------------------------------------------------------------------------------------

CASES = """\
tests:
  - name: passes
    row: {ID: K1, NAME: "A", SEX: M, FEE: 10.005}
    collections: {items: [{CODE: T1, QTY: 2}]}
    due: [claim]
    expect:
      XML1: {T_BHTT: "10.01", GIOI_TINH: "1"}
      XML2: [{MA_THUOC: T1, SO_LUONG: "2.000"}]
    absent: [XML3]
  - name: fails
    row: {ID: K1, FEE: "1"}
    expect: {XML1: {T_BHTT: "2.00"}, XML2: []}
  - name: expects an error
    row: {ID: K1, FEE: x}
    error: MAP-VALUE
  - name: expects an error that does not come
    row: {ID: K1}
    error: MAP-VALUE
  - name: raises
    row: {ID: K1, FEE: x}
    expect: {XML1: {}}
"""


def test_cases_beside_a_mapping_prove_it(small: Path) -> None:
    file = small.with_name("tests.yaml")
    file.write_text(CASES, encoding="utf-8")
    results = run_tests(load_mapping(small), file)
    assert [(r.name, r.passed) for r in results] == [
        ("passes", True),
        ("fails", False),
        ("expects an error", True),
        ("expects an error that does not come", False),
        ("raises", False),
    ]
    assert results[1].problems == ("XML1[1].T_BHTT: '1.00' ≠ '2.00'",)
    assert results[1].where.line == 10


def test_shipped_mappings_pass_their_own_tests() -> None:
    failed = [
        (path.parent.name, result.to_dict())
        for path in SHIPPED
        if path.with_name("tests.yaml").is_file()
        for result in run_tests(load_mapping(path), path.with_name("tests.yaml"))
        if not result.passed
    ]
    assert failed == []


# ---- extends ---------------------------------------------------------------------------------------------------


def test_a_hospital_overrides_its_vendor_s_mapping_and_each_line_knows_its_origin(small: Path) -> None:
    vendor = small.parent / "vendor"
    vendor.mkdir()
    (vendor / "sex.csv").write_text("key;value\nM;1\nF;2\n")
    (vendor / "mapping.yaml").write_text(SMALL.replace('{M: "1", F: "2"}', "sex.csv"), encoding="utf-8")
    own = small.parent / "own.yaml"
    own.write_text(
        "mapping: own\nextends: vendor\nremove: [tables.XML2.SO_LUONG]\n"
        "source: {encounters: {ready: {book: FEE is None}}}\n"
        "tables:\n  XML1: {rows: {HO_TEN: {const: X}, GHI_CHU: NAME}}\n  XML2: {when: CODE == 'T1'}\n",
        encoding="utf-8",
    )
    plan = load_mapping(own)
    assert plan.name == "own"
    row = {"ID": "K1", "NAME": "n", "SEX": "F", "FEE": "1"}
    items = [{"CODE": "T1", "QTY": "2"}, {"CODE": "T2", "QTY": "2"}]
    due = plan.readiness(encounter(row, items=items)).due
    dossier = plan.translate(encounter(row, items=items), due[0], facility=FACILITY, now=NOW)
    header = dossier.header
    assert (header["HO_TEN"], header["GHI_CHU"], header["GIOI_TINH"], header["T_BHTT"]) == ("X", "n", "2", "1.00")
    assert [(r["MA_THUOC"], r["SO_LUONG"]) for r in dossier.rows("XML2")] == [("T1", "")]
    origins = {line.strip(): Path(origin.rpartition(":")[0]).name for line, origin in resolved_lines(plan)}
    assert origins["HO_TEN: {const: X}"] == "own.yaml"
    assert origins["T_BHTT: {decimal: FEE}"] == "mapping.yaml"


@pytest.mark.parametrize("path", [*SHIPPED], ids=lambda p: p.parent.name)
def test_the_resolved_view_is_the_mapping_itself(path: Path, tmp_path: Path) -> None:
    plan = load_mapping(path)
    copy = path.parent / "mapping.yaml"
    lines = "\n".join(line for line, _ in resolved_lines(plan))
    from adapter.mapping.extending import Resolved
    from adapter.mapping.loading import compile_mapping
    from adapter.mapping.yamltree import parse_tree

    again = compile_mapping(Resolved(parse_tree(lines, "resolved.yaml")), copy)
    assert set(again.tables) == set(plan.tables)
    assert {t: [f.name for b in blocks for f in b.fields] for t, blocks in again.tables.items()} == {
        t: [f.name for b in blocks for f in b.fields] for t, blocks in plan.tables.items()
    }


def test_removing_what_is_not_there_and_unknown_bases_are_mistakes(tmp_path: Path) -> None:
    base = tmp_path / "base.yaml"
    base.write_text("mapping: b\ntables: {XML1: {MA_LK: ID}}\n")
    own = tmp_path / "own.yaml"
    own.write_text("mapping: o\nextends: base.yaml\nremove: [tables.XML1.MALK]\n")
    with pytest.raises(MappingError) as caught:
        resolve(own)
    assert (caught.value.code, caught.value.where.line) == ("MAP-REMOVE", 3)  # type: ignore[union-attr]
    own.write_text("mapping: o\nextends: nobody\n")
    with pytest.raises(MappingError) as caught:
        resolve(own)
    assert caught.value.code == "MAP-EXTENDS"


# ---- skeleton ------------------------------------------------------------------------------------------------------

VENDOR_A = SourceTable(
    "LuotDen",
    {"LuotDen_Id": "int", "SoTheBHYT": "varchar", "NgayCapNhat": "datetime", "NgayDen": "date"},
    ("LuotDen_Id",),
)
VENDOR_B = SourceTable(
    "BenhNhan",
    {"BenhNhan_Id": "int", "HoTen": "nvarchar", "GioiTinh": "char", "NgaySinh": "datetime"},
    ("BenhNhan_Id",),
)


def test_a_skeleton_loads_lints_and_guesses_by_name(tmp_path: Path) -> None:
    path = tmp_path / "mapping.yaml"
    path.write_text(skeleton("new", [VENDOR_A, VENDOR_B]), encoding="utf-8")
    assert load_mapping(path).source["encounters"]["changed_at"] == "NgayCapNhat"
    assert {f.code for f in lint(path)} == {"MAP-REQUIRED"}
    assert list(VALIDATOR.iter_errors(document(path.read_text("utf-8")))) == []
    fields = written_as("3176").tables["XML1"].by_name
    guessed = {
        name: likely_columns(fields[name], [VENDOR_A, VENDOR_B])[:1]
        for name in ("HO_TEN", "GIOI_TINH", "NGAY_SINH", "MA_THE_BHYT")
    }
    assert guessed == {
        "HO_TEN": [("BenhNhan", "HoTen")],
        "GIOI_TINH": [("BenhNhan", "GioiTinh")],
        "NGAY_SINH": [("BenhNhan", "NgaySinh")],
        "MA_THE_BHYT": [("LuotDen", "SoTheBHYT")],
    }


# ---- the command line ---------------------------------------------------------------------------------------------


def run(*arguments: str) -> tuple[int, str]:
    result = CliRunner().invoke(app, list(arguments))
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result.exit_code, result.stdout


def test_the_commands_answer_in_json_with_honest_exit_codes(
    small: Path, his: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(small.parent)
    code, out = run("lint", str(small), "--json")
    assert code == 0
    assert set(json.loads(out)) == {"findings"}
    code, out = run("preview", str(small), "--url", his, "--key", "K2", "--json")
    assert code == 0
    assert json.loads(out)["dossiers"][0]["rows"][0]["table"] == "XML1"
    assert "Sáu" not in out
    code, out = run("coverage", str(small), "--url", his, "--json")
    assert (code, json.loads(out)["encounters"]) == (0, 3)
    code, out = run("diff", str(small), str(small), "--url", his, "--sample", "2", "--json")
    assert (code, json.loads(out)["changed"], json.loads(out)["encounters"]) == (0, 0, 2)
    code, out = run("show", str(small), "--resolved", "--json")
    assert (code, json.loads(out)["hash"]) == (0, load_mapping(small).hash)
    code, out = run("schema")
    assert (code, json.loads(out)["$schema"]) == (0, "http://json-schema.org/draft-07/schema#")
    small.with_name("tests.yaml").write_text(CASES, encoding="utf-8")
    code, out = run("test", str(small), "--json")
    assert (code, json.loads(out)["failed"]) == (1, 3)


def test_the_commands_speak_to_people_too(small: Path, his: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(small.parent)
    assert run("lint", str(small))[0] == 0
    assert "HO_TEN" in run("preview", str(small), "--url", his, "--key", "K1")[1]
    assert "XML1" in run("coverage", str(small), "--url", his)[1]
    assert "0 đổi / changed" in run("diff", str(small), str(small), "--url", his)[1]
    assert "# small " in run("show", str(small), "--resolved")[1]


def test_init_writes_a_mapping_that_previews_at_once(his: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    code, out = run("init", "fresh", "--url", his)
    assert code == 0
    path = Path(out.strip())
    assert run("lint", str(path))[0] == 0
    code, out = run("preview", str(path), "--url", his, "--key", "K1", "--unmask", "--json")
    assert (code, json.loads(out)["ma_lk"]) == (0, "K1")
    assert run("test", str(path))[0] == 0


def test_a_broken_mapping_is_exit_code_1_for_lint_and_2_elsewhere(tmp_path: Path, his: str) -> None:
    path = tmp_path / "mapping.yaml"
    path.write_text("mapping: m\ntables: {XML1: {HOTEN: A}}\n")
    assert run("lint", str(path))[0] == 1
    assert run("preview", str(path), "--url", his, "--key", "K1")[0] == 2
