"""One schema per month, as one HIS family keeps its events: read as one, missing months left out."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

import pytest
from sqlalchemy import create_engine, text

from adapter.clock import VIETNAM
from adapter.errors import MappingError, SourceSchemaError
from adapter.settings import SourceSettings
from connectors.base import PullSource, open_source
from connectors.sql.months import MonthlySchemas
from tests.support import mariadb, postgres
from tests.support.mariadb import mariadb_server
from tests.support.postgres import postgres_server

__all__ = ["mariadb_server", "postgres_server"]

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=VIETNAM)
SPEC: dict[str, Any] = {
    "connector": "sql",
    "columns": "lower",
    "months": {"name": "hisc{MM}{YY}", "first": "2025-11", "back": 6},
    "encounters": {
        "query": "SELECT maql, mabn, ngayud FROM {month}.tiepdon",
        "key": "maql",
        "changed_at": "ngayud",
    },
    "collections": {
        "lines": {"query": "SELECT * FROM {month}.v_ttrvct WHERE maql IN :keys", "parent": "maql", "order_by": "id"},
        "refunds": {"query": "SELECT * FROM {month}.v_hoantra WHERE maql IN :keys", "parent": "maql"},
    },
}
BIG = 260_115_083_012_345_678  # an 18-digit episode number, beyond 2^53


class Hospital:
    def __init__(self, url: str) -> None:
        self.url = url
        self.engine = create_engine(url)
        self.opened: list[PullSource] = []

    def run(self, *statements: str) -> None:
        with self.engine.begin() as connection:
            for statement in statements:
                connection.execute(text(statement))

    def month(self, name: str) -> None:
        self.run(
            f"CREATE SCHEMA {name}",
            f"CREATE TABLE {name}.tiepdon (maql BIGINT PRIMARY KEY, mabn VARCHAR(10), ngayud TIMESTAMP NULL)",
            f"CREATE TABLE {name}.v_ttrvct (id INT, maql BIGINT, sotien DECIMAL(15,2))",
            f"CREATE TABLE {name}.v_hoantra (id INT, maql BIGINT, sotien DECIMAL(15,2))",
        )

    def source(self, **spec: Any) -> PullSource:
        source = open_source({**SPEC, **spec}, SourceSettings(url=self.url, batch_size=10))
        self.opened.append(source)
        return source


@pytest.fixture(
    params=[
        pytest.param("postgres", marks=pytest.mark.needs("postgres")),
        pytest.param("mariadb", marks=pytest.mark.needs("mariadb")),
    ]
)
def hospital(request: pytest.FixtureRequest) -> Iterator[Hospital]:
    server = request.getfixturevalue(f"{request.param}_server")
    made = Hospital((postgres if request.param == "postgres" else mariadb).new_database(server))
    months = ("hisc0126", "hisc0326", "hisc1025")  # February is missing, October lies before `first`
    for name in months:
        made.month(name)
    made.run(
        f"INSERT INTO hisc0126.tiepdon VALUES ({BIG}, '26000001', '2026-01-15 08:30:00')",
        "INSERT INTO hisc0326.tiepdon VALUES (7, '26000002', '2026-03-01 08:00:00')",
        "INSERT INTO hisc1025.tiepdon VALUES (1, '25000001', '2025-10-01 08:00:00')",
        f"INSERT INTO hisc0126.v_ttrvct VALUES (1, {BIG}, 1000.50)",
        f"INSERT INTO hisc0326.v_ttrvct VALUES (2, {BIG}, 2000.25)",
        f"INSERT INTO hisc0326.v_hoantra VALUES (1, {BIG}, -500.00)",  # refunded in a later month
    )
    yield made
    for source in made.opened:
        source.close()
    if request.param == "mariadb":  # schemas are the server's own databases there
        made.run(*(f"DROP SCHEMA {name}" for name in (*months, "hisc0426") if _exists(made, name)))
    made.engine.dispose()


def _exists(hospital: Hospital, name: str) -> bool:
    with hospital.engine.connect() as connection:
        found = connection.execute(
            text("SELECT 1 FROM information_schema.schemata WHERE schema_name = :n"), {"n": name}
        )
        return found.scalar() is not None


def test_months_are_read_as_one_and_missing_ones_left_out(hospital: Hospital) -> None:
    source = hospital.source()
    batch = source.pull(None, now=NOW)
    assert [e.key for e in batch.encounters] == [str(BIG), "7"]
    first = batch.encounters[0]
    assert [row["id"] for row in first.collections["lines"]] == [1, 2]
    assert [row["id"] for row in first.collections["refunds"]] == [1]
    assert batch.done


def test_a_new_month_is_found_without_a_restart(hospital: Hospital) -> None:
    source = hospital.source()
    cursor = source.pull(None, now=NOW).cursor
    hospital.month("hisc0426")
    hospital.run("INSERT INTO hisc0426.tiepdon VALUES (8, '26000003', '2026-04-01 00:10:00')")
    batch = source.pull(cursor, now=NOW.replace(month=4, day=1))
    assert "8" in [e.key for e in batch.encounters]


def test_since_works_over_months_too(hospital: Hospital) -> None:
    encounters = {**SPEC["encounters"], "query": "SELECT maql, ngayud FROM {month}.tiepdon WHERE ngayud >= :since"}
    source = hospital.source(encounters=encounters)
    assert [e.key for e in source.pull(None, now=NOW).encounters] == [str(BIG), "7"]


def test_no_month_at_all_is_an_error_that_names_them(hospital: Hospital) -> None:
    source = hospital.source(months={"name": "medi{MM}{YY}", "first": "2026-01"})
    with pytest.raises(SourceSchemaError, match="medi0126, medi0226, medi0326, medi0426"):
        source.pull(None, now=NOW)


def test_a_missing_column_is_named_for_the_newest_month(hospital: Hospital) -> None:
    hospital.run("ALTER TABLE hisc0326.tiepdon DROP COLUMN mabn")
    source: Any = hospital.source()
    with pytest.raises(SourceSchemaError, match="mabn"):
        source.pull(None, now=NOW)


@pytest.mark.parametrize(
    "change",
    [
        {"months": None},
        {"months": {"name": "x; DROP TABLE y {MM}", "first": "2026-01"}},
        {"months": {"name": "hisc{MM}{YY}", "first": "2026-13"}},
        {"encounters": {**SPEC["encounters"], "query": "WITH a AS (SELECT 1) SELECT * FROM {month}.tiepdon"}},
        {"collections": {"l": {"query": "SELECT * FROM {month}.a WHERE k IN :keys ORDER BY b", "parent": "k"}}},
        {"encounters": {**SPEC["encounters"], "query": "DELETE FROM {month}.tiepdon"}},
    ],
)
def test_wrong_monthly_queries_are_refused_before_a_connection(change: dict[str, Any]) -> None:
    with pytest.raises(MappingError, match="source"):
        open_source({**SPEC, **change}, SourceSettings(url="postgresql://u@nowhere.invalid/his"))


def test_the_months_asked_for_pass_the_turn_of_the_year() -> None:
    months = MonthlySchemas(name="h{MM}{YYYY}", first="2025-01", back=2, ahead=1)
    assert list(months.candidates(NOW.replace(month=1))) == ["h112025", "h122025", "h012026", "h022026"]
    assert list(months.candidates(datetime(2025, 12, 31, 18, 0, tzinfo=VIETNAM)))[-1] == "h012026"
