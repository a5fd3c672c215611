"""The SQL connector's face: preflight, pull, fetch, close."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime

from sqlalchemy.engine import Connection, Engine

from adapter.errors import SourceSchemaError
from adapter.settings import SourceSettings
from adapter.source import Batch, Cursor, SourceEncounter
from connectors.sql.engine import open_engine, source_url
from connectors.sql.faults import translated
from connectors.sql.options import SqlOptions
from connectors.sql.position import Position, after_scan, read_cursor, within_scan
from connectors.sql.preflight import prove
from connectors.sql.reader import Reader, Stamped, Types
from connectors.sql.spec import SqlSpec


class SqlSource:
    """One facility's HIS database, read by one mapping. Keeps :class:`connectors.base.PullSource`."""

    def __init__(self, spec: SqlSpec, settings: SourceSettings, options: SqlOptions) -> None:
        self._spec = spec
        self._settings = settings
        self._options = options
        self._url = source_url(settings)
        self._reader = Reader(
            spec, self._url.get_backend_name(), keys_per_statement=min(options.keys_per_statement, settings.batch_size)
        )
        self._engine: Engine | None = None
        self._types: Types | None = None

    def preflight(self) -> None:
        """Prove that every table and column the mapping's source block names can be read."""
        with self._reading("preflight") as connection:
            prove(connection, self._url, self._spec, self._reader)

    def pull(self, cursor: Cursor | None, *, now: datetime) -> Batch:
        """The next page of encounters; see :mod:`connectors.sql.position` for what the cursor holds."""
        if any(span.holds(now) for span in self._options.quiet_hours):
            return Batch((), cursor, done=True)
        with self._reading("encounters") as connection:
            if (types := self._find_types(connection)) is None:
                return Batch((), cursor, done=True)
            began = types.form.at(now) if types.form.at is not None else None
            inside = read_cursor(cursor) if cursor is not None else None
            if inside is not None:
                began = inside.began
            low = self._low(types, cursor) if cursor is not None and inside is None else None
            size = self._settings.batch_size
            found = self._reader.page(
                connection,
                types,
                low=low,
                after=(inside.stamp, inside.key) if inside is not None else None,
                limit=size + 1,
            )
            done = len(found) <= size
            page = found[:size]
            encounters = self._reader.complete(connection, page)
        if page:
            at = Position(page[-1].stamp, page[-1].key, began)
            self._must_move(inside, page)
        elif inside is not None:
            at = inside
        else:
            return Batch((), cursor, done=True)
        return Batch(encounters, after_scan(at, cursor) if done else within_scan(at, cursor), done)

    def fetch(self, keys: Sequence[str]) -> Sequence[SourceEncounter]:
        """These encounters as they are now, absent ones left out."""
        if not keys:
            return ()
        with self._reading("encounters") as connection:
            if (types := self._find_types(connection)) is None:
                return ()
            return self._reader.complete(connection, self._reader.by_keys(connection, types, keys))

    def close(self) -> None:
        """Give the connection back."""
        if self._engine is not None:
            self._engine.dispose()
            self._engine = None

    @contextmanager
    def _reading(self, doing: str) -> Iterator[Connection]:
        """One connection, one read-only transaction: a batch is one picture of the source."""
        with translated(self._url, doing):
            if self._engine is None:
                self._engine = open_engine(self._settings, self._options)
            with self._engine.connect() as connection:
                yield connection
                connection.rollback()

    def _find_types(self, connection: Connection) -> Types | None:
        if self._types is None:
            self._types = self._reader.types(connection)
        return self._types

    def _low(self, types: Types, cursor: Cursor) -> str:
        return types.form.back(cursor.stamp, self._settings.look_back_minutes, self._spec.encounters.look_back or 0)

    def _must_move(self, before: Position | None, page: Sequence[Stamped]) -> None:
        if before is not None and any((one.stamp, one.key) == (before.stamp, before.key) for one in page):
            # The driver lost precision of the stamp on the way back; going on would read one page for ever.
            raise SourceSchemaError(
                "Mốc thay đổi (changed_at) bị mất độ chính xác khi so sánh lại ở nguồn",
                "The change stamp loses precision on its way back to the source",
                hint_vi="trong câu truy vấn, chuyển cột changed_at sang datetime2(3) hoặc văn bản ISO",
                hint_en="in the query, turn the changed_at column into datetime2(3) or ISO text",
            )
