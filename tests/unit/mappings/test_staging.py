"""The staging way: tables generated from the field list, filled as a HIS would, read back as the very same dossiers."""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest
import sqlglot
from sqlalchemy import Connection, create_engine, text
from typer.testing import CliRunner

from adapter.cli.authoring.map_cmd import app
from adapter.demo.seed import seed_his_b
from adapter.dossier.model import Dossier
from adapter.mapping import load_mapping
from adapter.mapping.plan import Plan
from adapter.mapping.tools.generated.staging import CONTROL, DIALECTS, columns, ddl, mapping_text, staging_tables
from adapter.mapping.tools.generated.template import template_text
from adapter.mapping.tools.lint import lint
from adapter.resources import shipped
from adapter.settings import SourceSettings
from connectors.base import PullSource, open_source
from tests.support.demo_hospital import NOW
from tests.support.demo_world import FACILITY, open_demo, read_all
from tests.support.mariadb import mariadb_server, mariadb_url  # noqa: F401 -- fixtures
from tests.support.postgres import new_database, postgres_server  # noqa: F401 -- fixtures

FOLDER = shipped("mappings") / "staging"
BOOK = ("XML1", "XML8", "XML12")
TABLES = [t.name for t in staging_tables()]
Dossiers = dict[tuple[str, str, str], Dossier]


def translated(plan: Plan, source: PullSource) -> tuple[Dossiers, dict[str, set[str]]]:
    """Every dossier that is due, and what each encounter is due for."""
    found: Dossiers = {}
    due_for: dict[str, set[str]] = {}
    for encounter in read_all(source, now=NOW):
        for due in plan.readiness(encounter).due:
            dossier = plan.translate(encounter, due, facility=FACILITY, now=NOW, uninsured_tables=BOOK)
            found[dossier.ma_lk, due.purpose.value, due.occasion] = dossier
            told = due_for.setdefault(dossier.ma_lk, set())
            told |= {f"{due.purpose.value} {due.occasion}".strip(), *(["exempt"] if due.exempt_reason else [])}
    source.close()
    return found, due_for


def hospital(path: Path) -> tuple[Dossiers, dict[str, set[str]]]:
    seed_his_b(path, encounters=40, seed=4, now=NOW, defect_share=0)
    return translated(*open_demo("demo-his-b", f"sqlite:///{path}"))


def statements(dialect: str) -> Iterator[str]:
    """The shipped DDL without its remarks, one statement each."""
    script = re.sub(r"--.*$", "", (FOLDER / "ddl" / f"{dialect}.sql").read_text(encoding="utf-8"), flags=re.M)
    yield from (part for part in script.split(";") if part.strip())


def fill(connection: Connection, dossiers: Dossiers, due_for: dict[str, set[str]]) -> None:
    """What a vendor's procedure does: rows first, the control row last."""
    for (ma_lk, purpose, occasion), dossier in dossiers.items():
        for table in staging_tables():
            if (table.name == "XML0") is not (purpose == "checkin"):
                continue
            for number, row in enumerate(dossier.rows(table.name), start=1):
                values: dict[str, object] = {"MA_LK": ma_lk, "ROW_NO": number}
                if table.name == "XML0":
                    values |= {"ROW_NO": 1 + (occasion != "first_cost"), "OCCASION": occasion}
                for field in columns(table):
                    wire = row.get(field.name, "")
                    numeric = field.kind == "N" and wire and connection.dialect.name != "sqlite"
                    values[field.name] = Decimal(wire) if numeric else wire or None
                names = ", ".join(values)
                marks = ", ".join(f":{name}" for name in values)
                connection.execute(text(f"INSERT INTO {table.name} ({names}) VALUES ({marks})"), values)
    for ma_lk, due in due_for.items():
        connection.execute(
            text(
                f"INSERT INTO {CONTROL} (MA_LK, CHANGED_AT, INSURED, READY_CHECKIN, READY_TREATING, READY_CLAIM, "
                "READY_BOOK, CHECKIN_EXEMPT) VALUES (:k, '2026-11-22 10:00:00', :i, :a, :b, :c, :d, :e)"
            ),
            {
                "k": ma_lk,
                "i": int("book" not in due),
                "a": int("checkin first_cost" in due),
                "b": int("checkin treating_department" in due),
                "c": int("claim" in due),
                "d": int("book" in due),
                "e": int("exempt" in due),
            },
        )


def _round_trip(url: str, dialect: str, tmp_path: Path) -> None:
    dossiers, due_for = hospital(tmp_path / "his.db")
    engine = create_engine(url)
    with engine.begin() as connection:
        for statement in statements(dialect):
            connection.execute(text(statement))
        fill(connection, dossiers, due_for)
    engine.dispose()
    plan = load_mapping(FOLDER / "mapping.yaml")
    source = open_source(plan.source, SourceSettings(url=url, batch_size=15))
    source.preflight()
    found, due = translated(plan, source)
    assert due == due_for
    assert found.keys() == dossiers.keys()
    for key, dossier in dossiers.items():
        assert found[key].tables == dossier.tables, key
    assert {t for d in found.values() for t in d.tables} == set(TABLES)


def test_a_filled_staging_database_gives_the_very_dossiers_it_was_filled_from(tmp_path: Path) -> None:
    _round_trip(f"sqlite:///{tmp_path / 'staging.db'}", "sqlite", tmp_path)


@pytest.mark.needs("postgres")
def test_the_postgresql_tables_hold_every_field_without_loss(postgres_server: str, tmp_path: Path) -> None:  # noqa: F811
    _round_trip(new_database(postgres_server), "postgresql", tmp_path)


@pytest.mark.needs("mariadb")
def test_the_mysql_tables_hold_every_field_without_loss(mariadb_url: str, tmp_path: Path) -> None:  # noqa: F811
    _round_trip(mariadb_url, "mysql", tmp_path)


@pytest.mark.parametrize(("dialect", "grammar"), [("mssql", "tsql"), ("oracle", "oracle"), ("mysql", "mysql")])
def test_the_ddl_is_grammatical_in_dialects_without_a_server_here(dialect: str, grammar: str) -> None:
    parsed = [sqlglot.parse_one(s, read=grammar) for s in statements(dialect)]
    tables = [p.find(sqlglot.exp.Schema).this.name for p in parsed if p.kind == "TABLE"]
    assert tables == [CONTROL, *TABLES]


def test_what_ships_is_what_the_field_list_says_today() -> None:
    assert (FOLDER / "mapping.yaml").read_text(encoding="utf-8") == mapping_text()
    assert {p.stem for p in (FOLDER / "ddl").iterdir()} == set(DIALECTS)
    for dialect in DIALECTS:
        assert (FOLDER / "ddl" / f"{dialect}.sql").read_text(encoding="utf-8") == ddl(dialect)
    template = shipped("mappings") / "template" / "mapping.yaml"
    assert template.read_text(encoding="utf-8") == template_text()


def test_the_command_writes_the_same_files_again_and_prints_any_dialect(tmp_path: Path) -> None:
    result = CliRunner().invoke(app, ["staging", "--out", str(tmp_path)])
    assert result.exit_code == 0
    for path in tmp_path.rglob("*.*"):
        if path.is_file():
            assert path.read_bytes() == (FOLDER / path.relative_to(tmp_path)).read_bytes()
    assert CliRunner().invoke(app, ["staging", "--dialect", "oracle"]).stdout == ddl("oracle")
    assert CliRunner().invoke(app, ["template"]).stdout == template_text()


@pytest.mark.parametrize("name", ["staging", "template"])
def test_both_lint_clean(name: str) -> None:
    assert lint(shipped("mappings") / name / "mapping.yaml") == []


def test_the_template_names_every_field_of_every_table_once() -> None:
    tables = template_text().partition("\ntables:\n")[2]
    for table in staging_tables():
        block = tables.partition(f"{table.name}:")[2].partition("\n\n")[0]
        for field in columns(table):
            assert len(re.findall(rf"^[ #]*{field.name}:", block, flags=re.M)) == 1, (table.name, field.name)


def test_a_visit_changed_in_the_staging_tables_comes_again(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'staging.db'}"
    dossiers, due_for = hospital(tmp_path / "his.db")
    engine = create_engine(url)
    with engine.begin() as connection:
        for statement in statements("sqlite"):
            connection.execute(text(statement))
        fill(connection, dossiers, due_for)
    plan = load_mapping(FOLDER / "mapping.yaml")
    source = open_source(plan.source, SourceSettings(url=url, look_back_minutes=0))
    cursor = source.pull(None, now=NOW).cursor
    chosen = next(k for k, purpose, _ in dossiers if purpose == "claim")
    with engine.begin() as connection:
        connection.execute(text("UPDATE XML1 SET CHAN_DOAN_RV = 'sửa' WHERE MA_LK = :k"), {"k": chosen})
        at = "2026-11-22 11:00:00"
        connection.execute(text(f"UPDATE {CONTROL} SET CHANGED_AT = :t WHERE MA_LK = :k"), {"t": at, "k": chosen})
    again = [e.key for e in source.pull(cursor, now=NOW).encounters]
    source.close()
    engine.dispose()
    assert again.count(chosen) == 1


@pytest.mark.parametrize("guide", ["mapping", "vi/mapping"])
def test_the_guides_example_of_other_table_names_loads_and_lints(guide: str, tmp_path: Path) -> None:
    text = (Path(__file__).resolve().parents[3] / "docs" / guide / "staging.md").read_text(encoding="utf-8")
    example = re.findall(r"^```yaml\n(mapping: .*?)^```", text, flags=re.M | re.S)
    assert len(example) == 1
    (tmp_path / "mapping.yaml").write_text(example[0], encoding="utf-8")
    assert [f for f in lint(tmp_path / "mapping.yaml") if f.severity == "error"] == []
