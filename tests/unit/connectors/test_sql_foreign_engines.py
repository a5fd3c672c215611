"""SQL Server and Oracle, of which no server is obtainable here: what can be proven without one.

The statements the connector would send are compiled by SQLAlchemy's own dialects and parsed back by sqlglot;
values, error numbers and sessions are checked with doubles. What this does not prove stands in docs/connectors/sql.md.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import sqlglot
from sqlalchemy import exc, make_url
from sqlalchemy.dialects import mssql, oracle

from adapter.clock import VIETNAM
from adapter.errors import SourceSchemaError, SourceUnreachable
from adapter.settings import SourceSettings
from connectors.sql.engine import open_engine, source_url
from connectors.sql.faults import DENIED, translate
from connectors.sql.options import SqlOptions
from connectors.sql.reader import Place, Reader, Types
from connectors.sql.rows import plain
from connectors.sql.spec import read_spec
from connectors.sql.stamps import FORMS

SPEC: dict[str, Any] = {
    "connector": "sql",
    "encounters": {
        "query": "SELECT t.LuotDen_Id, q.ThoiGianXacNhan, q.NgayCapNhat FROM dbo.LuotDen t "
        "JOIN dbo.QuyetToan q ON q.LuotDen_Id = t.LuotDen_Id",
        "key": "LuotDen_Id",
        "changed_at": ["ThoiGianXacNhan", "NgayCapNhat"],
        "day": "ThoiGianXacNhan",
    },
    "collections": {"lines": {"query": "SELECT * FROM dbo.CT WHERE QuyetToan_Id IN (:keys)", "parent": "QuyetToan_Id"}},
}
AT = datetime(2026, 11, 22, 9, 0)  # noqa: DTZ001 -- as such columns hold it


class Recorder:
    """Stands in for a connection: compiles what it is asked to run and answers nothing."""

    def __init__(self, dialect: Any) -> None:
        self._dialect = dialect
        self.sent: list[str] = []
        self.binds: list[dict[str, Any]] = []

    def execute(self, statement: Any, binds: dict[str, Any] | None = None) -> Any:
        expanded = statement.compile(dialect=self._dialect).construct_expanded_state(binds or {})
        self.sent.append(expanded.statement)
        self.binds.append(dict(expanded.parameters))
        return _Nothing(AT)


class _Nothing:
    def __init__(self, value: Any) -> None:
        self._value = value

    def scalar(self) -> Any:
        return self._value

    def first(self) -> Any:
        return None

    def keys(self) -> list[str]:
        return ["LuotDen_Id", "ThoiGianXacNhan", "NgayCapNhat", "bhyt_stamp"]

    def fetchall(self) -> list[Any]:
        return []

    def __iter__(self) -> Iterator[Any]:
        return iter(())


DIALECTS = [("mssql", mssql.dialect(), "tsql"), ("oracle", oracle.dialect(), "oracle")]


def everything(engine: str, dialect: Any) -> Recorder:
    """Run every kind of statement the connector has."""
    connection: Any = Recorder(dialect)
    reader = Reader(read_spec(SPEC), engine, keys_per_statement=500)
    types = Types(FORMS["datetime"], integer_keys=True)
    reader.types(connection)
    reader.listing(connection, types, low=None, after=None, limit=10)
    reader.listing(connection, types, low="2026-11-22T08:50:00.000000", after=None, limit=10)
    reader.listing(connection, types, low=None, after=Place("2026-11-22T08:50:00.000000", "7"), limit=10)
    reader.by_keys(connection, types, [str(k) for k in range(1200)])
    reader.present(connection, types, ["1", "2"])
    reader.keys_between(connection, types, AT.replace(tzinfo=VIETNAM), AT.replace(day=23, tzinfo=VIETNAM))
    connection.execute(reader.collection_statement("lines"), {"keys": [1, 2, 3]})
    recorder: Recorder = connection
    return recorder


@pytest.mark.parametrize(("engine", "dialect", "grammar"), DIALECTS, ids=["mssql", "oracle"])
def test_every_statement_is_of_the_engines_own_grammar(engine: str, dialect: Any, grammar: str) -> None:
    sent = everything(engine, dialect).sent
    assert len(sent) == 11
    for sql in sent:
        # sqlglot reads neither SQLAlchemy's %(name)s nor [POSTCOMPILE] names as parameters.
        bare = re.sub(r"%\((\w+)\)s|:(\w+)", "1", sql)
        trees = sqlglot.parse(bare, dialect=grammar)
        assert [type(t).__name__ for t in trees] == ["Select"]
        assert "LIMIT" not in sql
    paged = [sql for sql in sent if "ORDER BY" in sql]
    assert len(paged) == 3
    assert all(("TOP" if engine == "mssql" else "FETCH FIRST") in sql for sql in paged)


@pytest.mark.parametrize(("engine", "dialect", "grammar"), DIALECTS, ids=["mssql", "oracle"])
def test_keys_travel_as_numbers_times_as_times_and_never_more_than_the_engine_takes(
    engine: str, dialect: Any, grammar: str
) -> None:
    recorder = everything(engine, dialect)
    for binds in recorder.binds:
        values = [v for v in binds.values() if not isinstance(v, list)]
        assert len(values) <= 1000  # Oracle's limit of an IN list; SQL Server takes 2,100 parameters
        assert all(isinstance(v, int | datetime | list) for v in binds.values())
    continued = recorder.binds[3]
    assert continued["bhyt_low"] == datetime(2026, 11, 22, 8, 50)  # noqa: DTZ001
    assert continued["bhyt_key"] == 7


def test_the_latest_stamp_is_computed_without_functions_older_servers_lack() -> None:
    sql_server, oracle_sql = (everything(engine, dialect).sent[1] for engine, dialect, _ in DIALECTS)
    assert "GREATEST" not in sql_server  # since 2022 only
    assert "VALUES (q.ThoiGianXacNhan), (q.NgayCapNhat)" in sql_server
    assert oracle_sql.count("COALESCE") == 2  # one NULL would make Oracle's GREATEST NULL


@pytest.mark.parametrize(
    ("url", "driver"),
    [
        ("mssql://u@h/d", "mssql+pymssql"),
        ("mssql+pyodbc://u@h/d?driver=x", "mssql+pyodbc"),
        ("oracle://u@h:1521/?service_name=his", "oracle+oracledb"),
    ],
)
def test_drivers_are_chosen_unless_the_url_names_one(url: str, driver: str, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("p@ss/word:1\n")
    made = source_url(SourceSettings(url=url, password_file=secret))
    assert (made.drivername, made.password) == (driver, "p@ss/word:1")


@pytest.mark.parametrize("isolation", ["default", "snapshot", "read_uncommitted"])
def test_engines_are_built_with_time_outs_and_without_connecting(isolation: Any) -> None:
    options = SqlOptions(isolation=isolation)
    for url in ("mssql://u:p@nowhere.invalid/d", "oracle://u:p@nowhere.invalid/?service_name=d"):
        engine = open_engine(SourceSettings(url=url), options)
        assert engine.hide_parameters
        engine.dispose()


class Driver(Exception):
    """What a driver raises: the number first, as pymssql, or an error object, as oracledb."""

    def __init__(self, *args: Any, code: int | None = None) -> None:
        super().__init__(*(args or (type("Error", (), {"code": code, "message": "x"})(),)))


@pytest.mark.parametrize(
    ("url", "error", "kind", "code"),
    [
        ("mssql://h/d", Driver(208, b"Invalid object name 'dbo.X'."), SourceSchemaError, "SOURCE-SCHEMA"),
        ("mssql://h/d", Driver(207, b"Invalid column name 'Y'."), SourceSchemaError, "SOURCE-SCHEMA"),
        ("mssql://h/d", Driver(229, b"The SELECT permission was denied"), SourceSchemaError, DENIED),
        ("mssql://h/d", Driver((18456, b"Login failed for user 'u'.")), SourceSchemaError, DENIED),
        ("mssql://h/d", Driver((20009, b"server is unavailable or does not exist")), SourceUnreachable, "SOURCE-DOWN"),
        ("mssql://h/d", Driver(1222, b"Lock request time out period exceeded."), SourceUnreachable, "SOURCE-DOWN"),
        ("oracle://h/d", Driver(code=942), SourceSchemaError, "SOURCE-SCHEMA"),
        ("oracle://h/d", Driver(code=904), SourceSchemaError, "SOURCE-SCHEMA"),
        ("oracle://h/d", Driver(code=1017), SourceSchemaError, DENIED),
        ("oracle://h/d", Driver(code=28000), SourceSchemaError, DENIED),
        ("oracle://h/d", Driver(code=3113), SourceUnreachable, "SOURCE-DOWN"),
        ("oracle://h/d", Driver(code=12541), SourceUnreachable, "SOURCE-DOWN"),
    ],
    ids=lambda v: str(v)[:30] if isinstance(v, str) else "",
)
def test_error_numbers_are_told_apart(url: str, error: Driver, kind: type, code: str) -> None:
    wrapped = exc.OperationalError("SELECT secret", {"name": "patient"}, error)
    made = translate(wrapped, make_url(url), "encounters")
    assert (type(made), made.code) == (kind, code)
    assert "secret" not in str(made)
    assert "patient" not in str(made)


@pytest.mark.parametrize(
    ("value", "kept"),
    [
        (Decimal("12345678901234567.1234"), Decimal("12345678901234567.1234")),
        (260_115_083_012_345_678, 260_115_083_012_345_678),
        (AT, AT),
        (b"\x8a\x01", b"\x8a\x01"),
        (None, None),
    ],
)
def test_values_of_these_engines_pass_untouched(value: Any, kept: Any) -> None:
    made = plain(value, place="x", column="y")
    assert made == kept
    assert type(made) is type(kept)
