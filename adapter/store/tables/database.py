"""One engine per process, and the two kinds of transaction the store knows.

SQLite: WAL, ``synchronous=FULL``, a busy timeout, and BEGIN IMMEDIATE for every writer, so
that a transaction never starts reading and then finds it may not write. PostgreSQL: READ
COMMITTED; every change names the state and fence it expects, and dossiers are locked before
their revisions, so two workers cannot both win nor wait for each other in a circle.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import make_url
from sqlalchemy.engine.interfaces import DBAPICursor
from sqlalchemy.exc import ArgumentError, DBAPIError, InterfaceError, NoSuchModuleError, OperationalError

from adapter.errors import BhytError, ConfigError, StoreBusy

_BUSY_SECONDS = 30
_WAL_PAGES = 8_000
"""Pages (of 4 KB) SQLite's log may hold before they are put in place. Keys are blind, so a batch touches a thousand
pages all over a large store: with SQLite's own 1,000 each batch would write everything twice, and sync it."""
_MIGRATION_LOCK = 0x62687974  # "bhyt": the advisory lock two opening processes meet at

# A machine that is cut off must not keep its rows locked, nor wait for an answer that never comes.
_KEEP_ALIVE = {"keepalives_idle": 20, "keepalives_interval": 5, "keepalives_count": 3, "tcp_user_timeout": 30000}
_IDLE_SECONDS = 60

_RETRYABLE_SQLSTATES = re.compile(r"^(40001|40P01|55P03|57P0[123]|53...|08...)$")


class Database:
    """An engine with the pragmas and transaction habits above."""

    def __init__(self, url: str) -> None:
        """ConfigError when the URL is not SQLite's or PostgreSQL's, or its driver is absent."""
        self.url = _normal_url(url)
        try:
            self.engine = _engine(self.url)
        except (ArgumentError, NoSuchModuleError, ModuleNotFoundError) as error:
            raise _unusable_url() from error
        self.is_postgres = self.engine.dialect.name == "postgresql"

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """A transaction that may write; commits at the end, rolls back on any exception."""
        with self._guard(), self.engine.connect() as connection:
            connection = connection.execution_options(bhyt_write=True)  # noqa: PLW2901 -- the same connection, marked
            with connection.begin():
                yield connection

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A transaction that only reads, over one consistent picture."""
        options: dict[str, Any] = {"bhyt_write": False}
        if self.is_postgres:
            options |= {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
        with self._guard(), self.engine.connect() as connection, connection.execution_options(**options).begin():
            yield connection

    @contextmanager
    def write_directly(self) -> Iterator[DBAPICursor]:
        """:meth:`write` by the driver's own cursor, for :class:`adapter.store.tables.direct.Direct` statements.

        The same transaction and the same errors; what is left out is what makes statements general.
        """
        dialect = self.engine.dialect
        with self._guard():
            pooled = self.engine.raw_connection()
            try:
                cursor = pooled.cursor()
                if not self.is_postgres:
                    cursor.execute("BEGIN IMMEDIATE")
                yield cursor
                pooled.commit()
            except dialect.loaded_dbapi.Error as error:
                # In SQLAlchemy's clothes, so that one guard judges both.
                raise DBAPIError.instance(
                    None, None, error, dialect.loaded_dbapi.Error, hide_parameters=True, dialect=dialect
                ) from error
            finally:
                pooled.close()  # rolls back what was not committed

    @contextmanager
    def exclusive(self) -> Iterator[Connection]:
        """A write transaction that no other process opening this store can be in."""
        with self.write() as connection:
            if self.is_postgres:
                connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_MIGRATION_LOCK})")
            yield connection

    def take_stock(self) -> None:
        """Let SQLite measure what grew, so that it goes on choosing the right index; PostgreSQL does it by itself.

        Samples a few hundred entries of an index: milliseconds, whatever the size. Raises StoreBusy.
        """
        if not self.is_postgres:
            with self._guard(), self.engine.connect() as connection:
                cursor = connection.connection.cursor()
                cursor.execute("PRAGMA analysis_limit=400")
                cursor.execute("ANALYZE")
                cursor.close()

    def close(self) -> None:
        """Give back all connections."""
        self.engine.dispose()

    @contextmanager
    def _guard(self) -> Iterator[None]:
        try:
            yield
        except BhytError:
            raise
        except (OperationalError, InterfaceError) as error:
            raise self._busy(error) from error
        except DBAPIError as error:
            state = getattr(error.orig, "sqlstate", None)
            if error.connection_invalidated or (state and _RETRYABLE_SQLSTATES.match(state)):
                raise self._busy(error) from error
            raise

    def _busy(self, error: DBAPIError) -> StoreBusy:
        what = type(error.orig).__name__ if error.orig is not None else type(error).__name__
        if not self.is_postgres and "locked" not in str(error.orig):
            # A full disk, a read-only file, a damaged page: SQLite's own words name no row.
            what = str(error.orig)
        return StoreBusy(
            f"Kho lưu không phục vụ được lúc này ({what})",
            f"The store cannot serve just now ({what})",
            hint_vi="sẽ tự thử lại; nếu kéo dài, kiểm tra store.url, dung lượng đĩa và máy chủ PostgreSQL",
            hint_en="it is tried again; if it lasts, check store.url, disk space and the PostgreSQL server",
        )


def _normal_url(url: str) -> str:
    # A bare postgresql:// means psycopg 3 here, the driver this product installs.
    return re.sub(r"^postgres(ql)?://", "postgresql+psycopg://", url)


def _engine(url: str) -> Engine:
    name = make_url(url).get_backend_name()
    if name == "sqlite":
        engine = create_engine(
            url, hide_parameters=True, connect_args={"timeout": _BUSY_SECONDS, "check_same_thread": False}
        )
        event.listen(engine, "connect", _sqlite_connect)
        event.listen(engine, "begin", _sqlite_begin)
        return engine
    if name == "postgresql":
        engine = create_engine(
            url, hide_parameters=True, pool_pre_ping=True, connect_args={"connect_timeout": 10, **_KEEP_ALIVE}
        )
        event.listen(engine, "connect", _postgres_connect)
        return engine
    raise _unusable_url()


def _unusable_url() -> ConfigError:
    return ConfigError(
        "store.url không dùng được",
        "store.url cannot be used",
        hint_vi="ví dụ sqlite:///state.db hoặc postgresql://user@host/bhyt (cài thêm: bhyt-adapter[postgres])",
        hint_en="for example sqlite:///state.db or postgresql://user@host/bhyt (extra: bhyt-adapter[postgres])",
    )


def _sqlite_connect(connection: Any, _record: Any) -> None:
    connection.isolation_level = None  # we say BEGIN ourselves
    cursor = connection.cursor()
    cursor.execute(f"PRAGMA busy_timeout={_BUSY_SECONDS * 1000}")
    cursor.execute("PRAGMA journal_mode=WAL")
    cursor.execute("PRAGMA synchronous=FULL")
    cursor.execute(f"PRAGMA wal_autocheckpoint={_WAL_PAGES}")
    cursor.execute("PRAGMA foreign_keys=ON")
    cursor.close()


def _postgres_connect(connection: Any, _record: Any) -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"SET idle_in_transaction_session_timeout = '{_IDLE_SECONDS}s'")
    connection.commit()


def _sqlite_begin(connection: Connection) -> None:
    write = connection.get_execution_options().get("bhyt_write", True)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if write else "BEGIN")
