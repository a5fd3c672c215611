"""Engines that can only read: one connection, time-outs, and a read-only transaction wherever there is one.

What makes an engine read only, what gives a batch one picture of the source, and what ends a slow statement:

* PostgreSQL: read-only transaction; REPEATABLE READ; ``statement_timeout``
* MariaDB, MySQL: ``SET SESSION TRANSACTION READ ONLY``; REPEATABLE READ; ``max_statement_time``, ``max_execution_time``
* SQLite: ``PRAGMA query_only``; a deferred transaction; the busy time-out only
* DuckDB: file opened read only, no access outside it; its transactions; nothing
* Oracle: ``SET TRANSACTION READ ONLY``; the same; ``call_timeout``
* SQL Server: only the SELECT fence and the account's rights; ``isolation: snapshot`` where allowed; driver's time-out
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from sqlalchemy import create_engine, event, exc, make_url
from sqlalchemy.engine import URL, Connection, Engine
from sqlalchemy.pool import QueuePool

from adapter.errors import ConfigError, SourceUnreachable
from adapter.settings import SourceSettings, read_secret
from connectors.sql.faults import place, translated
from connectors.sql.guard import DIALECTS
from connectors.sql.options import SqlOptions

_DRIVERS = {
    "postgresql": "postgresql+psycopg",
    "mysql": "mysql+pymysql",
    "mariadb": "mariadb+pymysql",
    "mssql": "mssql+pymssql",
    "oracle": "oracle+oracledb",
}


def source_url(settings: SourceSettings) -> URL:
    """The source's URL with driver and password in place; ConfigError without echoing the URL."""
    try:
        url = make_url(settings.url)
    except (exc.ArgumentError, ValueError):
        raise ConfigError(
            "source.url không phải địa chỉ SQLAlchemy hợp lệ",
            "source.url is not a valid SQLAlchemy URL",
            hint_vi="ví dụ postgresql://tai_khoan@may_chu:5432/his với password_file",
            hint_en="for example postgresql://account@host:5432/his together with password_file",
        ) from None
    if url.get_backend_name() not in DIALECTS:
        raise ConfigError(
            f"Không hỗ trợ hệ quản trị '{url.get_backend_name()}'",
            f"The engine '{url.get_backend_name()}' is not supported",
            hint_vi=f"dùng một trong: {', '.join(sorted(DIALECTS))}",
            hint_en=f"use one of: {', '.join(sorted(DIALECTS))}",
        )
    if "+" not in url.drivername and url.drivername in _DRIVERS:
        url = url.set(drivername=_DRIVERS[url.drivername])
    if settings.password_file is not None:
        url = url.set(password=read_secret(settings.password_file, "facilities[].source"))
    return url


def open_engine(settings: SourceSettings, options: SqlOptions) -> Engine:
    """An engine of one connection that cannot write. Opens nothing yet but local files' existence."""
    url = source_url(settings)
    backend = url.get_backend_name()
    _local_file_exists(url)
    arguments = _CONNECT[backend](settings, options) if backend in _CONNECT else {}
    with translated(url, "connect"):
        engine = create_engine(
            url,
            connect_args=arguments,
            poolclass=QueuePool,
            pool_size=1,
            max_overflow=0,
            pool_timeout=settings.connect_timeout,
            pool_pre_ping=backend not in ("sqlite", "duckdb"),
            hide_parameters=True,
            **(_ENGINE_ARGS[backend](options) if backend in _ENGINE_ARGS else {}),
        )
    if backend in _ON_CONNECT:
        event.listen(engine, "connect", _ON_CONNECT[backend](options))
    if backend in _ON_BEGIN:
        event.listen(engine, "begin", _ON_BEGIN[backend](options))
    return engine


def _local_file_exists(url: URL) -> None:
    """SQLite and DuckDB would otherwise make an empty database of that name."""
    if url.get_backend_name() not in ("sqlite", "duckdb") or url.database in (None, "", ":memory:"):
        return
    if not Path(str(url.database)).is_file():
        raise SourceUnreachable(
            f"Không có tệp cơ sở dữ liệu nguồn {place(url)}",
            f"There is no source database file {place(url)}",
            hint_vi="kiểm tra facilities[].source.url; đường dẫn tương đối tính từ thư mục làm việc",
            hint_en="check facilities[].source.url; relative paths count from the workdir",
        )


def _postgresql(settings: SourceSettings, options: SqlOptions) -> dict[str, Any]:
    limit = int(options.statement_timeout * 1000)
    return {
        "connect_timeout": settings.connect_timeout,
        "options": f"-c default_transaction_read_only=on -c statement_timeout={limit}",
        "application_name": "bhyt-adapter",
    }


def _mysql(settings: SourceSettings, options: SqlOptions) -> dict[str, Any]:
    # The driver's own read time-out is the net below the server's.
    return {
        "connect_timeout": settings.connect_timeout,
        "read_timeout": int(options.statement_timeout) + 5,
        "charset": "utf8mb4",
    }


def _mssql(settings: SourceSettings, options: SqlOptions) -> dict[str, Any]:
    return {
        "login_timeout": settings.connect_timeout,
        "timeout": int(options.statement_timeout),
        "appname": "bhyt-adapter",
    }


_CONNECT: dict[str, Callable[[SourceSettings, SqlOptions], dict[str, Any]]] = {
    "postgresql": _postgresql,
    "mysql": _mysql,
    "mariadb": _mysql,
    "mssql": _mssql,
    "oracle": lambda settings, _: {"tcp_connect_timeout": settings.connect_timeout},
    "sqlite": lambda settings, _: {"timeout": settings.connect_timeout, "check_same_thread": False},
    "duckdb": lambda _, __: {"read_only": True, "config": {"enable_external_access": "false"}},
}

_ENGINE_ARGS: dict[str, Callable[[SqlOptions], dict[str, Any]]] = {
    "postgresql": lambda _: {"isolation_level": "REPEATABLE READ"},
    "mysql": lambda _: {"isolation_level": "REPEATABLE READ"},
    "mariadb": lambda _: {"isolation_level": "REPEATABLE READ"},
    "oracle": lambda options: {"thick_mode": True} if options.oracle_thick else {},
}

_Hook = Callable[..., None]


def _sqlite_connect(_: SqlOptions) -> _Hook:
    def hook(connection: Any, _record: Any) -> None:
        connection.isolation_level = None  # transactions are begun below, so that reads share one snapshot
        connection.execute("PRAGMA query_only = ON")

    return hook


def _mysql_connect(options: SqlOptions) -> _Hook:
    def hook(connection: Any, _record: Any) -> None:
        with connection.cursor() as cursor:
            cursor.execute("SET SESSION TRANSACTION READ ONLY")
            cursor.execute("SELECT VERSION()")
            if "mariadb" in str(cursor.fetchone()[0]).lower():
                cursor.execute(f"SET SESSION max_statement_time = {float(options.statement_timeout)}")
            else:
                cursor.execute(f"SET SESSION max_execution_time = {int(options.statement_timeout * 1000)}")

    return hook


def _oracle_connect(options: SqlOptions) -> _Hook:
    def hook(connection: Any, _record: Any) -> None:
        connection.call_timeout = int(options.statement_timeout * 1000)

    return hook


def _statement(sql: str) -> Callable[[SqlOptions], _Hook]:
    def build(_: SqlOptions) -> _Hook:
        def hook(connection: Connection) -> None:
            connection.exec_driver_sql(sql)

        return hook

    return build


def _mssql_begin(options: SqlOptions) -> _Hook:
    levels = {"snapshot": "SNAPSHOT", "read_uncommitted": "READ UNCOMMITTED", "default": "READ COMMITTED"}
    return _statement(f"SET TRANSACTION ISOLATION LEVEL {levels[options.isolation]}")(options)


_ON_CONNECT = {
    "sqlite": _sqlite_connect,
    "mysql": _mysql_connect,
    "mariadb": _mysql_connect,
    "oracle": _oracle_connect,
}
_ON_BEGIN = {
    "sqlite": _statement("BEGIN"),
    "oracle": _statement("SET TRANSACTION READ ONLY"),
    "mssql": _mssql_begin,
}
