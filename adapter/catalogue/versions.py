"""What an import changes: TT 12/2026 closes the old row and opens a new one, nothing is overwritten."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta

from adapter.catalogue.lists import ListSpec
from adapter.catalogue.reader import Entry


@dataclass(frozen=True, slots=True)
class Kept:
    """A row the installation holds already."""

    id: int
    entry: Entry


@dataclass(slots=True)
class Changes:
    """``opened``: new rows. ``closed``: id → its last day now. ``retired``: ids a correction replaces wholly."""

    opened: list[Entry] = field(default_factory=list)
    closed: dict[int, date] = field(default_factory=dict)
    retired: list[int] = field(default_factory=list)
    unchanged: int = 0

    def counts(self) -> dict[str, int]:
        """For people and JSON."""
        return {
            "opened": len(self.opened),
            "closed": len(self.closed),
            "retired": len(self.retired),
            "unchanged": self.unchanged,
        }


def plan_changes(
    spec: ListSpec, kept: Iterable[Kept], entries: Sequence[Entry], *, since: date, whole: bool = False
) -> Changes:
    """How the rows held become those of the file. A row without a first day holds from ``since``.

    ``whole``: the file is the complete list, so what it does not name ends the day before ``since``.
    A row the file says nothing about stays otherwise.
    """
    now: dict[tuple[str, ...], list[Kept]] = {}
    for one in kept:
        now.setdefault(one.entry.identity(spec), []).append(one)
    changes = Changes()
    named: set[tuple[str, ...]] = set()
    for entry in sorted(entries, key=lambda e: e.since or since):
        key = entry.identity(spec)
        named.add(key)
        rows = now.setdefault(key, [])
        _take(changes, rows, entry, since)
    if whole:
        day_before = since - timedelta(days=1)
        for key, rows in now.items():
            if key not in named:
                _end(changes, [r for r in rows if r.id], day_before)
    return changes


def _take(changes: Changes, rows: list[Kept], entry: Entry, default: date) -> None:
    """Fit one row of the file into the history of its entry."""
    same = [r for r in rows if r.entry.values == entry.values and _meets(r.entry, entry, default)]
    if same and _says_the_same(same[-1].entry, entry, default):
        changes.unchanged += 1
        return
    if same and entry.until is not None and (entry.since in {None, same[-1].entry.since}):
        # The old row sent again with its last day: it is closed, not opened a second time.
        _end(changes, [same[-1]] if same[-1].id else [], entry.until)
        rows[rows.index(same[-1])] = Kept(same[-1].id, replace(same[-1].entry, until=entry.until))
        return
    opened = replace(entry, since=entry.since or default)
    assert opened.since is not None  # noqa: S101 -- given in the line above
    for row in [r for r in rows if _meets(r.entry, opened, default)]:
        rows.remove(row)
        rest = _after(row.entry, opened)
        if rest is not None:
            changes.opened.append(rest)
            rows.append(Kept(0, rest))
        if (row.entry.since or date.min) >= opened.since:
            if row.id:
                changes.retired.append(row.id)
            elif row.entry in changes.opened:
                changes.opened.remove(row.entry)
            continue
        last = opened.since - timedelta(days=1)
        closed = Kept(row.id, replace(row.entry, until=last))
        rows.append(closed)
        if row.id:
            changes.closed[row.id] = last
        else:
            changes.opened[changes.opened.index(row.entry)] = closed.entry
    changes.opened.append(opened)
    rows.append(Kept(0, opened))


def _after(held: Entry, opened: Entry) -> Entry | None:
    """What a row that ends sooner leaves of the one it interrupts; nothing when it stands in its place."""
    if opened.until is None or held.since == opened.since or (held.until or date.max) <= opened.until:
        return None
    return replace(held, since=opened.until + timedelta(days=1))


def _says_the_same(held: Entry, entry: Entry, default: date) -> bool:
    """The file repeats what is held; a first day it leaves open is the one held, when that has come."""
    begun = (held.since or date.min) <= default if entry.since is None else entry.since == held.since
    return begun and entry.until == held.until


def _meets(held: Entry, entry: Entry, default: date) -> bool:
    first, last = entry.since or default, entry.until or date.max
    return (held.since or date.min) <= last and first <= (held.until or date.max)


def _end(changes: Changes, rows: Iterable[Kept], last: date) -> None:
    for row in rows:
        if row.entry.until is not None and row.entry.until <= last:
            continue
        if (row.entry.since or date.min) > last:
            changes.retired.append(row.id)
        else:
            changes.closed[row.id] = last


def difference(
    spec: ListSpec, before: Iterable[Entry], after: Iterable[Entry]
) -> Mapping[str, list[tuple[Entry | None, Entry | None]]]:
    """Rows in force at two moments compared: ``added``, ``removed``, ``changed`` as (before, after)."""
    old = {e.identity(spec): e for e in before}
    new = {e.identity(spec): e for e in after}
    return {
        "added": [(None, e) for k, e in new.items() if k not in old],
        "removed": [(e, None) for k, e in old.items() if k not in new],
        "changed": [(old[k], e) for k, e in new.items() if k in old and old[k].values != e.values],
    }
