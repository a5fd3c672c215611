"""The protocols every connector keeps. Third parties implement these and register by entry point.

A connector reads and never writes at the source. It knows the ground floor only
(``adapter.errors``, ``adapter.source``, ``adapter.text``, ``adapter.settings``); the store
keeps its cursor, in the transaction that saves what was read.

Entry point group ``bhyt.connectors``: name → a callable ``(spec, settings) -> PullSource``,
where ``spec`` is the ``source:`` block of the mapping as plain data and ``settings`` the
facility's :class:`adapter.settings.SourceSettings`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from importlib.metadata import entry_points
from typing import Any, Protocol, runtime_checkable

from adapter.errors import ConfigError
from adapter.settings import SourceSettings
from adapter.source import Batch, Cursor, Kept, Message, SourceEncounter


class PullSource(Protocol):
    """A source that is asked for what changed."""

    def preflight(self) -> None:
        """Prove that everything the mapping reads exists.

        Raises SourceUnreachable, or SourceSchemaError naming each missing table or column.
        """
        ...

    def pull(self, cursor: Cursor | None, *, now: datetime) -> Batch:
        """The next batch after ``cursor`` (None: from the beginning), with all collections.

        Encounters changed again are returned again; the caller tells change from repeat by
        content hash. Raises SourceUnreachable or SourceSchemaError.
        """
        ...

    def fetch(self, keys: Sequence[str]) -> Sequence[SourceEncounter]:
        """These encounters as they are now, those that no longer exist left out."""
        ...

    def close(self) -> None:
        """Give back connections."""
        ...


@runtime_checkable
class Reconcilable(Protocol):
    """A source that can also be asked what it holds: for the daily count, and for rows deleted behind our back.

    A cursor sees what changed; a row that was deleted, or that a reopened settlement took out of the query,
    changes no more. Optional: test with ``isinstance(source, Reconcilable)``.
    """

    def keys_on(self, day: date) -> frozenset[str]:
        """Keys of all encounters of one source day (Asia/Ho_Chi_Minh). Raises as ``pull``."""
        ...

    def present(self, keys: Sequence[str]) -> frozenset[str]:
        """Those of ``keys`` the source still gives. Raises as ``pull``."""
        ...


class Inbox(Protocol):
    """Where a feed puts what it was sent. Whatever was put is durable before ``put`` returns."""

    def put(self, encounters: Sequence[SourceEncounter]) -> None:
        """Keep complete encounters; one that was put before with equal content changes nothing.

        Raises StoreBusy: nothing was kept, and the feed must not acknowledge.
        """
        ...


@dataclass(frozen=True, slots=True)
class Followed:
    """What became of one encounter: the worst of its dossiers' states (``held`` when one is held), receipt, findings.

    ``findings``: mappings of rule, severity, table, row, field, message_vi, message_en.
    """

    state: str
    receipt: str | None
    received_at: str | None
    findings: tuple[Mapping[str, Any], ...]


@runtime_checkable
class FollowingInbox(Inbox, Protocol):
    """An inbox that also tells a feed what became of what it put, so that it can answer its sender."""

    def followed(self, key: str) -> Followed | None:
        """The outcome so far; None while the encounter is not translated yet. Raises StoreBusy."""
        ...


@runtime_checkable
class MessageInbox(Inbox, Protocol):
    """An inbox that also keeps single messages, which the engine collects into encounters (:class:`Collector`)."""

    def keep(self, messages: Sequence[Message]) -> Sequence[Kept]:
        """Keep messages, durably, before it returns; one answer each. One known by sender and number has no effect.

        Raises StoreBusy: nothing was kept, and the feed must not acknowledge.
        """
        ...

    def refuse(self, raw: bytes, *, kind: str, reason: str) -> None:
        """Note what could not be taken in, so that people see it. ``reason`` without patient data. Raises StoreBusy."""
        ...


class KeptMessage(Protocol):
    """A message as the store gives it back."""

    @property
    def id(self) -> int: ...
    @property
    def raw(self) -> bytes: ...
    @property
    def charset(self) -> str: ...


class Collector(Protocol):
    """Makes one encounter of all messages kept for a visit. Pure: the same messages give the same encounter.

    Entry point group ``bhyt.collectors``: name → a callable ``(spec) -> Collector``; spec: the mapping's ``source:``.
    """

    def takes_in(self, visit: str, messages: Sequence[KeptMessage]) -> Sequence[str]:
        """Other visits whose messages belong to this one as well (a merge of visits)."""
        ...

    def collect(self, visit: str, messages: Sequence[KeptMessage]) -> SourceEncounter:
        """The encounter these messages, oldest first, add up to. Raises SourceValueError when they cannot be read."""
        ...

    def read_anew(self, raw: bytes, charset: str) -> Message:
        """A message as the rules of the mapping read it now. Raises SourceValueError."""
        ...


class Feed(Protocol):
    """A source that sends by itself (a listener, a watched folder).

    Entry point group ``bhyt.feeds``: name → a callable ``(options, spec) -> Feed`` with the feed's options from
    the configuration and the mapping's ``source:`` block.
    """

    def run(self, inbox: Inbox, stopping: Callable[[], bool]) -> None:
        """Take in until ``stopping()`` is true. An exception ends this feed; it is started again after a pause."""
        ...


FeedFactory = Callable[[Mapping[str, Any], Mapping[str, Any]], Feed]
SourceFactory = Callable[[Mapping[str, Any], SourceSettings], PullSource]


def open_source(spec: Mapping[str, Any], settings: SourceSettings) -> PullSource:
    """The connector a mapping names, built for one facility; ConfigError when nobody offers it."""
    factory: SourceFactory = _registered("bhyt.connectors", str(spec.get("connector", "")))
    return factory(spec, settings)


def open_feed(connector: str, options: Mapping[str, Any], spec: Mapping[str, Any]) -> Feed:
    """The feed a facility names; ConfigError when nobody offers it."""
    factory: FeedFactory = _registered("bhyt.feeds", connector)
    return factory(options, spec)


def open_collector(connector: str, spec: Mapping[str, Any]) -> Collector | None:
    """The collector of a connector whose feed keeps messages; None when its feed puts whole encounters."""
    for point in entry_points(group="bhyt.collectors"):
        if point.name == connector:
            collector: Collector = point.load()(spec)
            return collector
    return None


def _registered(group: str, name: str) -> Any:
    offered = entry_points(group=group)
    for point in offered:
        if point.name == name:
            return point.load()
    known = ", ".join(sorted(p.name for p in offered)) or "-"
    raise ConfigError(
        f"Không có đầu nối tên '{name}'",
        f"No connector is named '{name}'",
        hint_vi=f"các đầu nối có sẵn: {known}",
        hint_en=f"available connectors: {known}",
    )
