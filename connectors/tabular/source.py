"""The pull face: a folder of deliveries that is read and never touched.

Which deliveries were read, and with what content, stands in the cursor, which moves in the transaction that saves
what was read. A delivery that changes is read again; where it is older than another one with the same encounter, the
newer one's holds.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from adapter.errors import SourceSchemaError, SourceUnreachable, SourceValueError
from adapter.settings import SourceSettings
from adapter.source import Batch, Cursor, SourceEncounter
from connectors.folders import write
from connectors.tabular.deliveries import Delivery, Overdue, deliveries, overdue_error
from connectors.tabular.gather import Gathered, gather, keys_of
from connectors.tabular.options import SourceOptions
from connectors.tabular.spec import TabularSpec


@dataclass(frozen=True, slots=True)
class _Entry:
    """What is known of a delivery. ``vi``, ``en``: why it could not be read; empty when it was."""

    looks: str
    content: str
    spec: str
    vi: str = ""
    en: str = ""


Ledger = dict[str, _Entry]


@dataclass(slots=True)
class _Under:
    """A delivery under way: the rest of its encounters, and the ledger once they are saved."""

    cursor: Cursor | None
    rest: list[SourceEncounter]
    name: str
    after: Ledger


class TabularSource:
    """Keeps :class:`connectors.base.PullSource`."""

    def __init__(self, spec: TabularSpec, settings: SourceSettings, options: SourceOptions) -> None:
        self._spec, self._digest = spec, spec.digest()
        self._size = settings.batch_size
        self._options = options
        self._under: _Under | None = None

    def preflight(self) -> None:
        """The folder can be listed. Raises SourceSchemaError when there is none."""
        if not self._options.folder.is_dir():
            raise SourceSchemaError(
                f"Không có thư mục {self._options.folder.name}",
                f"There is no folder {self._options.folder.name}",
                hint_vi="xem facilities[].source.options.folder",
                hint_en="see facilities[].source.options.folder",
            )
        self._list()

    def pull(self, cursor: Cursor | None, *, now: datetime) -> Batch:  # noqa: ARG002 -- files have their own clock
        """The next encounters of the first delivery that is new or changed.

        A delivery that cannot be read stops no other: SourceValueError names it when all others are read, again and
        again until it is corrected or taken away; so it is with one that waits too long for its marker.
        """
        under = self._under
        if under is None or under.cursor != cursor:
            under = self._under = self._open(cursor)
        if under is None:
            return self._settled(cursor)
        page, under.rest = under.rest[: self._size], under.rest[self._size :]
        if under.rest:
            return Batch(page, cursor, done=False)
        self._under = None
        return Batch(page, _cursor(under.name, under.after), done=False)

    def fetch(self, keys: Sequence[str]) -> Sequence[SourceEncounter]:
        """These encounters as the newest delivery that holds each one has them."""
        wanted, found = set(keys), {}
        for delivery in reversed(self._list()):
            if not wanted:
                break
            try:
                gathered = gather(self._spec, delivery.name, delivery.files)
            except SourceValueError:
                continue  # pull tells about it
            for encounter in gathered.encounters:
                if encounter.key in wanted:
                    wanted.discard(encounter.key)
                    found[encounter.key] = encounter
        return [found[key] for key in keys if key in found]

    def close(self) -> None:
        """Nothing is held open."""
        self._under = None

    # ---- the next delivery -----------------------------------------------------------------------

    def _open(self, cursor: Cursor | None) -> _Under | None:
        """The first delivery to be read; those that cannot be read are noted on the way."""
        before = read_ledger(cursor)
        listed = self._list()
        ledger = {one.name: before[one.name] for one in listed if one.name in before}
        for delivery in listed:
            entry = ledger.get(delivery.name)
            if entry is not None and (entry.looks, entry.spec) == (delivery.looks, self._digest):
                continue
            if not delivery.complete(self._options.marker, steady=self._options.steady, now=time.time()):
                continue
            with _reachable():
                content = delivery.content()
            if entry is not None and (entry.content, entry.spec) == (content, self._digest):
                ledger[delivery.name] = _Entry(delivery.looks, content, entry.spec, entry.vi, entry.en)
                continue
            try:
                gathered = gather(self._spec, delivery.name, delivery.files)
            except SourceValueError as error:
                ledger[delivery.name] = _Entry(
                    delivery.looks, content, self._digest, error.text("vi"), error.text("en")
                )
                self._report(delivery.name, {"delivery": delivery.name, "problems": [error.to_dict()]})
                continue
            if self._changed(delivery):
                continue  # written to while it was read; the next pull sees it whole
            encounters = self._newest_only(delivery, gathered, ledger, listed)
            ledger[delivery.name] = _Entry(delivery.looks, content, self._digest)
            self._report(
                delivery.name,
                {**gathered.report(delivery.name), "left_to_newer": len(gathered.encounters) - len(encounters)},
            )
            return _Under(cursor, encounters, delivery.name, ledger)
        if ledger != before:
            last = max(ledger, default="")
            return _Under(cursor, [], last, ledger)
        return None

    def _newest_only(
        self, delivery: Delivery, gathered: Gathered, ledger: Ledger, listed: Sequence[Delivery]
    ) -> list[SourceEncounter]:
        newer: set[str] = set()
        for one in listed:
            entry = ledger.get(one.name)
            if one.name > delivery.name and entry is not None and entry.spec == self._digest and not entry.vi:
                newer |= keys_of(self._spec, one.files)
        return [encounter for encounter in gathered.encounters if encounter.key not in newer]

    def _settled(self, cursor: Cursor | None) -> Batch:
        bad = {name: entry for name, entry in read_ledger(cursor).items() if entry.vi}
        if bad:
            name, entry = next(iter(bad.items()))
            more = f" (+{len(bad) - 1})" if len(bad) > 1 else ""
            raise SourceValueError(
                f"Đợt giao {name}{more} không đọc được: {entry.vi}", f"Delivery {name}{more} is unreadable: {entry.en}"
            )
        if late := self._overdue(cursor):
            raise overdue_error(late)
        return Batch((), cursor, done=True)

    def _overdue(self, cursor: Cursor | None) -> list[Overdue]:
        """Deliveries that are new or changed and wait for something that does not come."""
        read, marker, hours = read_ledger(cursor), self._options.marker, self._options.overdue_hours
        fresh = [one for one in self._list() if one.name not in read or read[one.name].looks != one.looks]
        late = (one.waits_for(marker, hours=hours, now=time.time()) for one in fresh)
        return [one for one in late if one is not None]

    def _changed(self, delivery: Delivery) -> bool:
        now = {one.name: one.looks for one in self._list()}
        return now.get(delivery.name) != delivery.looks

    def _list(self) -> list[Delivery]:
        with _reachable():
            return deliveries(self._options.folder, self._options.group)

    def _report(self, name: str, report: object) -> None:
        if self._options.reports is not None:
            text = json.dumps(report, ensure_ascii=False, indent=2)
            write(self._options.reports.folder / f"{name}.report.json", text.encode("utf-8"))


class _reachable:  # noqa: N801 -- reads as a statement
    """Errors of the file system as the stage understands them."""

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, OSError):
            raise SourceUnreachable(
                f"Không đọc được thư mục nguồn ({type(error).__name__})",
                f"The source folder cannot be read ({type(error).__name__})",
            ) from error


def read_ledger(cursor: Cursor | None) -> Ledger:
    """What a cursor knows of deliveries."""
    return {name: _Entry(*told) for name, told in _entries(cursor)}


def _entries(cursor: Cursor | None) -> Iterator[tuple[str, list[str]]]:
    if cursor is not None:
        yield from json.loads(cursor.key).items()


def _cursor(name: str, ledger: Ledger) -> Cursor:
    told = {name: [e.looks, e.content, e.spec, *([e.vi, e.en] if e.vi else [])] for name, e in sorted(ledger.items())}
    return Cursor(name[:80], json.dumps(told, ensure_ascii=False, separators=(",", ":")))
