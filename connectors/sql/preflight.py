"""Proof before the first read: every query runs, and what is missing is named, all of it at once."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime

import sqlglot
from sqlalchemy import Connection, exc, text
from sqlalchemy.engine import URL
from sqlglot import exp
from sqlglot.optimizer.normalize_identifiers import normalize_identifiers
from sqlglot.optimizer.scope import traverse_scope

from adapter.errors import SourceSchemaError
from connectors.sql.faults import DENIED, place, translate
from connectors.sql.guard import DIALECTS, CheckedQuery
from connectors.sql.months import PLACE, MonthlySchemas, existing
from connectors.sql.reader import Reader
from connectors.sql.rows import column
from connectors.sql.spec import SqlSpec


def prove(connection: Connection, url: URL, spec: SqlSpec, reader: Reader) -> None:
    """Run every query for no rows. SourceSchemaError names all that is missing; rights in the engine's words."""
    missing: list[str] = []
    for where, query, columns in _queries(spec, reader):
        try:
            names = _columns_of(connection, where, reader)
        except exc.DBAPIError as error:
            refused = translate(error, url, where)
            connection.rollback()
            if not isinstance(refused, SourceSchemaError):
                raise refused from None
            found = list(_missing(connection, query, reader))
            if not found:
                raise refused from None
            missing.extend(f"{where}: {name}" for name in found)
            continue
        for wanted in columns:
            try:
                column(names, wanted, place=where)
            except SourceSchemaError:
                missing.append(f"{where}: {wanted}")
    if missing:
        listed = "; ".join(missing)
        raise SourceSchemaError(
            f"Nguồn {place(url)} thiếu: {listed}",
            f"The source {place(url)} lacks: {listed}",
            hint_vi="so tên bảng, cột trong tệp ánh xạ với cơ sở dữ liệu của bệnh viện",
            hint_en="compare the names in the mapping with the hospital's database",
        )


def _queries(spec: SqlSpec, reader: Reader) -> Iterator[tuple[str, CheckedQuery, list[str]]]:
    linked = [c.by for c in spec.collections.values() if c.by is not None]
    own = [spec.encounters.key, *spec.encounters.changed_at, *filter(None, [spec.encounters.day]), *linked]
    yield "encounters", reader.encounters, own
    for name, collection in spec.collections.items():
        yield f"collections.{name}", reader.collections[name], [collection.parent, *collection.order_by]


def _columns_of(connection: Connection, where: str, reader: Reader) -> list[str]:
    """The names of the result's columns, without a row being read."""
    if where == "encounters":
        statement = text(f"SELECT q.* FROM ({reader.encounters_sql()}\n) q WHERE 1 = 0")  # noqa: S608 -- checked query
        nothing: dict[str, object] = dict.fromkeys(reader.encounters.binds)
    else:
        statement = reader.collection_statement(where.removeprefix("collections."))
        nothing = {"keys": [None]}
    return list(connection.execute(statement, nothing).keys())


def find_months(connection: Connection, months: MonthlySchemas, reader: Reader, now: datetime) -> list[str]:
    """The months whose schema is there; see :func:`connectors.sql.months.existing`. [] when no query names one."""
    table = reader.monthly_table()
    if table is None:
        return []
    # Without the alias the query may give it: an alias cannot be read back as part of a name.
    bare = exp.table_(table.this, db=table.args.get("db"), catalog=table.args.get("catalog"))
    sampled = bare.sql(dialect=DIALECTS[connection.dialect.name])

    def readable(name: str) -> bool:
        real = re.sub(re.escape(reader.sample_month()), name, sampled, flags=re.IGNORECASE)
        wanted = exp.to_table(real, dialect=DIALECTS[connection.dialect.name])
        try:
            _columns(connection, wanted)
        except exc.DBAPIError as error:
            connection.rollback()
            refused = translate(error, connection.engine.url, name)
            if isinstance(refused, SourceSchemaError) and refused.code != DENIED:
                return False
            raise refused from None
        return True

    return existing(months, now, readable)


def _missing(connection: Connection, query: CheckedQuery, reader: Reader) -> Iterator[str]:
    dialect = DIALECTS[connection.dialect.name]
    tree: exp.Expr = query.tree.copy()
    if reader.months and PLACE in query.sql:
        # What is missing is named for the newest month.
        sql = re.sub(
            re.escape(reader.sample_month()), reader.months[-1], tree.sql(dialect=dialect), flags=re.IGNORECASE
        )
        tree = sqlglot.parse_one(sql, dialect=dialect)
    tree = normalize_identifiers(tree, dialect=dialect)
    named = {cte.alias.lower() for cte in tree.find_all(exp.CTE)}
    columns: dict[str, set[str] | None] = {}
    for table in tree.find_all(exp.Table):
        full = _table_name(table)
        if full in columns or (not table.db and table.name.lower() in named):
            continue
        try:
            columns[full] = _columns(connection, table)
        except exc.DBAPIError as error:
            connection.rollback()
            columns[full] = None
            denied = translate(error, connection.engine.url, full).code == DENIED
            yield f"quyền SELECT/right to read {full}" if denied else f"bảng/table {full}"
    yield from _missing_columns(tree, columns)


def _missing_columns(tree: exp.Expr, columns: dict[str, set[str] | None]) -> Iterator[str]:
    known = set().union(*(c for c in columns.values() if c))
    every_table_known = all(c is not None for c in columns.values())
    seen: set[str] = set()
    for scope in traverse_scope(tree):
        aliases = {alias.alias.lower() for alias in scope.expression.find_all(exp.Alias)}
        only_tables = all(isinstance(s, exp.Table) for s in scope.sources.values())
        for one in scope.columns:
            source = scope.sources.get(one.table) if one.table else None
            name = one.name.lower()
            if isinstance(source, exp.Table):
                present = columns.get(_table_name(source))
                lacking = present is not None and name not in present
                label = f"{_table_name(source)}.{one.name}"
            else:
                lacking = (
                    not one.table and only_tables and every_table_known and name not in known and name not in aliases
                )
                label = one.name
            if lacking and label not in seen:
                seen.add(label)
                yield f"cột/column {label}"


def _table_name(table: exp.Table) -> str:
    return ".".join(part for part in (table.catalog, table.db, table.name) if part)


def _columns(connection: Connection, table: exp.Table) -> set[str]:
    """Lower-cased column names, asked of the table itself."""
    bare = exp.table_(table.this, db=table.args.get("db"), catalog=table.args.get("catalog"))
    name = bare.sql(dialect=DIALECTS[connection.dialect.name])
    result = connection.execute(text(f"SELECT * FROM {name} WHERE 1 = 0"))  # noqa: S608 -- a parsed name
    return {str(column_name).lower() for column_name in result.keys()}  # noqa: SIM118 -- a method of results
