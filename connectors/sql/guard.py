"""Only SELECT passes: every query of a mapping is parsed before it may reach a hospital's database.

This is the first of two fences; the second is a read-only transaction wherever the engine has one
(:mod:`connectors.sql.engine`). What cannot be parsed is refused, not tried.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

from adapter.errors import MappingError

DIALECTS = {
    "sqlite": "sqlite",
    "postgresql": "postgres",
    "duckdb": "duckdb",
    "mysql": "mysql",
    "mariadb": "mysql",
    "mssql": "tsql",
    "oracle": "oracle",
}
"""SQLAlchemy's name of an engine → sqlglot's name of its dialect."""

_WRITES = (
    exp.Insert,
    exp.Update,
    exp.Delete,
    exp.Merge,
    exp.Create,
    exp.Drop,
    exp.Alter,
    exp.TruncateTable,
    exp.Command,
    exp.Into,
    exp.Lock,
    exp.Copy,
    exp.Set,
    exp.Pragma,
    exp.Attach,
    exp.Detach,
    exp.Use,
    exp.Transaction,
    exp.Commit,
    exp.Rollback,
)

# Functions that change something, read the server's files, or hold the server up, although they stand in a SELECT.
_HARMFUL = re.compile(
    r"^(nextval|setval|set_config|pg_(sleep|terminate_backend|cancel_backend|read_|write_|ls_|advisory|try_advisory"
    r"|reload_conf|rotate|logical|create_|drop_|switch_wal|promote|notify).*|dblink.*|lo_.*|query_to_xml.*"
    r"|load_extension|load_file|sleep|benchmark|get_lock|release_lock|sys_exec|sys_eval"
    r"|openrowset|opendatasource|openquery|xp_.*|sp_.*|dbms_.*|utl_.*|read_(csv|json|parquet|text|blob).*"
    r"|(csv|json|parquet|sqlite|postgres|mysql)_scan)$",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class CheckedQuery:
    """A query that may be sent. ``names`` are the columns it states itself (none for ``*``)."""

    sql: str
    binds: frozenset[str]
    names: tuple[str, ...]
    tree: exp.Query


def check_query(sql: str, *, engine: str, place: str, binds: frozenset[str], paged: bool = False) -> CheckedQuery:
    """Parse ``sql`` for ``engine`` and prove that it is a single SELECT using no other binds than ``binds``.

    ``paged`` queries are put into a larger one and cut into pages by the connector, so their own ORDER BY or
    LIMIT is refused. Raises MappingError with ``place`` (such as ``source.encounters.query``).
    """
    text = sql.strip().rstrip(";").rstrip()
    if re.search(r"/\*M?!", text):
        # MySQL and MariaDB execute what stands in such a comment, the parser does not see it.
        raise _refuse(place, "không cho phép chú thích /*! … */", "comments of the form /*! … */ are not allowed")
    try:
        statements = [s for s in sqlglot.parse(text, dialect=DIALECTS.get(engine)) if s is not None]
    except (SqlglotError, RecursionError) as error:
        line, column = _position(error)
        raise _refuse(
            place,
            f"không phân tích được câu SQL (dòng {line}, cột {column})",
            f"the SQL cannot be parsed (line {line}, column {column})",
            hint_vi="sửa câu lệnh; cú pháp đặc thù thì đưa vào một VIEW ở nguồn",
            hint_en="correct it; put syntax special to the engine into a VIEW at the source",
        ) from None
    if len(statements) != 1:
        raise _refuse(place, "phải là đúng một câu lệnh", "must be exactly one statement")
    tree = statements[0]
    if not isinstance(tree, exp.Query):
        raise _refuse(place, "chỉ cho phép SELECT", "only SELECT is allowed")
    for node in tree.walk():
        if isinstance(node, _WRITES):
            kind = type(node).__name__.upper()
            raise _refuse(place, f"chỉ cho phép SELECT, không cho phép {kind}", f"only SELECT is allowed, not {kind}")
    for name in _functions(tree):
        if _HARMFUL.match(name):
            raise _refuse(place, f"không cho phép hàm {name}", f"the function {name} is not allowed")
    used = frozenset(n.name for n in tree.find_all(exp.Placeholder) if n.name)
    if unknown := used - binds:
        allowed = ", ".join(f":{n}" for n in sorted(binds))
        raise _refuse(
            place,
            f"tham số lạ :{sorted(unknown)[0]} (được dùng: {allowed})",
            f"unknown parameter :{sorted(unknown)[0]} (allowed: {allowed})",
        )
    if paged and (tree.args.get("order") or tree.args.get("limit") or tree.args.get("offset")):
        raise _refuse(
            place,
            "không được có ORDER BY, LIMIT, TOP, FETCH hay OFFSET: đầu nối tự thêm",
            "may not have ORDER BY, LIMIT, TOP, FETCH or OFFSET: the connector adds its own",
        )
    return CheckedQuery(text, used, tuple(n for n in tree.named_selects if n and n != "*"), tree)


def _functions(tree: exp.Expr) -> Iterator[str]:
    for node in tree.find_all(exp.Func):
        yield node.name if isinstance(node, exp.Anonymous) else node.sql_name()
        # A dotted call (dbms_lock.sleep(1), pg_catalog.pg_sleep(1)) keeps its owner in the node around it.
        parent = node.parent
        while isinstance(parent, exp.Dot):
            yield parent.this.name
            parent = parent.parent


def _position(error: Exception) -> tuple[object, object]:
    details = getattr(error, "errors", None) or [{}]
    return details[0].get("line", "?"), details[0].get("col", "?")


def _refuse(place: str, vi: str, en: str, *, hint_vi: str = "", hint_en: str = "") -> MappingError:
    return MappingError(
        f"{place}: {vi}",
        f"{place}: {en}",
        hint_vi=hint_vi or "nguồn chỉ được đọc; xem docs/connectors/sql.md",
        hint_en=hint_en or "the source is read only; see docs/connectors/sql.md",
    )
