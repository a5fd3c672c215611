"""The SQL connector's face: preflight, pull, fetch, close."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from sqlalchemy.engine import Connection, Engine

from adapter.clock import VIETNAM, system_clock
from adapter.settings import SourceSettings
from adapter.source import Batch, Cursor, SourceEncounter
from connectors.sql.engine import open_engine, source_url
from connectors.sql.faults import translated
from connectors.sql.options import Pace, SqlOptions
from connectors.sql.preflight import find_months, prove
from connectors.sql.reader import Place, Reader, Types
from connectors.sql.spec import SqlSpec
from connectors.sql.stamps import Position, after_scan, read_cursor, within_scan

_PAGES_AHEAD = 20
_ROWS = 5_000
"""Rows a page should bring: some 15 MB while they are at hand. Out-patient visits fill ``batch_size`` before that."""
_FIRST = 50
"""Encounters of a first page, when nothing is known of their length yet."""


@dataclass(frozen=True, slots=True)
class _Ahead:
    """Places already listed behind the place ``after``; ``whole`` when the scan has no more behind them."""

    after: Place | None
    places: list[Place]
    whole: bool


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
        self._ahead: _Ahead | None = None
        self._page = min(_FIRST, settings.batch_size)
        self._pace = Pace(options.max_rows_per_second)

    def preflight(self) -> None:
        """Prove that every table and column the mapping's source block names can be read."""
        with self._reading("preflight") as connection:
            self._find_months(connection, system_clock())
            prove(connection, self._url, self._spec, self._reader)

    def pull(self, cursor: Cursor | None, *, now: datetime) -> Batch:
        """The next page of encounters; see :mod:`connectors.sql.stamps` for what the cursor holds."""
        if any(span.holds(now) for span in self._options.quiet_hours):
            return Batch((), cursor, done=True)
        self._pace.wait()
        inside = read_cursor(cursor) if cursor is not None else None
        with self._reading("encounters") as connection:
            if inside is None or not self._reader.months:
                self._find_months(connection, now)
            if (types := self._find_types(connection)) is None:
                return Batch((), cursor, done=True)
            if inside is not None:
                began, after, low = inside.began, Place(inside.stamp, inside.key), None
            else:
                began, after = (types.form.at(now) if types.form.at is not None else None), None
                low = self._low(types, cursor) if cursor is not None else None
            places, done = self._next(connection, types, low, after)
            if not places and inside is None:
                return Batch((), cursor, done=True)
            found = self._reader.by_keys(connection, types, [place.key for place in places])
            encounters = self._reader.complete(connection, found)
        self._read(encounters)
        last = places[-1] if places else after
        if last is None:
            return Batch((), cursor, done=True)
        at = Position(last.stamp, last.key, began)
        return Batch(encounters, after_scan(at, cursor) if done else within_scan(at, cursor), done)

    def _next(
        self, connection: Connection, types: Types, low: str | None, after: Place | None
    ) -> tuple[list[Place], bool]:
        """The places of the next page and whether they are the scan's last; lists several pages ahead."""
        ahead = self._ahead
        if after is None or ahead is None or ahead.after != after or not ahead.places:
            limit = self._settings.batch_size * _PAGES_AHEAD
            listed = self._reader.listing(connection, types, low=low, after=after, limit=limit)
            ahead = _Ahead(after, listed, whole=len(listed) < limit)
        size = self._page
        page, rest = ahead.places[:size], ahead.places[size:]
        self._ahead = _Ahead(page[-1], rest, ahead.whole) if page else None
        return page, ahead.whole and not rest

    def _read(self, encounters: Sequence[SourceEncounter]) -> None:
        """Note how many rows came: pages of long stays become short, so that what is at hand has a bound."""
        rows = sum(1 + sum(map(len, one.collections.values())) for one in encounters)
        self._pace.read(rows)
        if rows:
            self._page = max(1, min(self._settings.batch_size, _ROWS * len(encounters) // rows))

    def fetch(self, keys: Sequence[str]) -> Sequence[SourceEncounter]:
        """These encounters as they are now, absent ones left out."""
        if not keys:
            return ()
        with self._reading("encounters") as connection:
            self._find_months(connection, system_clock())
            if (types := self._find_types(connection)) is None:
                return ()
            return self._reader.complete(connection, self._reader.by_keys(connection, types, keys))

    def keys_on(self, day: date) -> frozenset[str]:
        """Keys of all encounters of one source day (column ``encounters.day``), for the daily reconciliation.

        SourceSchemaError when the mapping names no such column.
        """
        with self._reading("reconciliation") as connection:
            self._find_months(connection, system_clock())
            if (types := self._find_types(connection)) is None:
                return frozenset()
            start = datetime.combine(day, time(), VIETNAM)
            return self._reader.keys_between(connection, types, start, start + timedelta(days=1))

    def present(self, keys: Sequence[str]) -> frozenset[str]:
        """Those of ``keys`` that the encounters' query still gives: the others were deleted or reopened."""
        with self._reading("reconciliation") as connection:
            self._find_months(connection, system_clock())
            if not keys or (types := self._find_types(connection)) is None:
                return frozenset()
            return self._reader.present(connection, types, keys)

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

    def _find_months(self, connection: Connection, now: datetime) -> None:
        if self._spec.months is not None:
            self._reader.months = find_months(connection, self._spec.months, self._reader, now)

    def _find_types(self, connection: Connection) -> Types | None:
        if self._types is None:
            self._types = self._reader.types(connection)
        return self._types

    def _low(self, types: Types, cursor: Cursor) -> str:
        return types.form.back(cursor.stamp, self._settings.look_back_minutes, self._spec.encounters.look_back or 0)
