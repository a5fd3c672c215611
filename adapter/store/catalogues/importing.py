"""One file taken in: read, judged, and only then kept. The command line and the API do the same."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

from adapter.catalogue.lists import ListSpec, spec_of, with_headings
from adapter.catalogue.reader import Entry, ReadList, read_file
from adapter.catalogue.versions import Changes, difference
from adapter.errors import ConfigError
from adapter.store.catalogues.catalogues import NATIONAL, Catalogues, Source


@dataclass(frozen=True, slots=True)
class ImportResult:
    """``changes`` None: nothing was taken in, ``read.problems`` says why. ``kept`` False: it was a trial."""

    read: ReadList
    facility: str
    changes: Changes | None
    kept: bool

    def to_dict(self, *, file: str) -> dict[str, Any]:
        """For JSON and pages."""
        return {
            "file": file,
            "list": self.read.spec.name,
            "facility": self.facility or None,
            "rows": len(self.read.entries),
            "columns": dict(self.read.headings),
            "taken": self.kept,
            "changes": self.changes.counts() if self.changes else None,
            "problems": [p.to_dict() for p in self.read.problems],
        }


def import_file(
    catalogues: Catalogues,
    path: Path,
    *,
    name: str | None,
    facility: str | None,
    known: Iterable[str],
    since: date,
    whole: bool,
    now: datetime,
    actor: str,
    trial: bool = False,
    headings: Path | None = None,
    shown_as: str = "",
) -> ImportResult:
    """Read a list and take it in when no row has a fault. ``known``: the installation's facilities.

    Raises ConfigError when the file is no such list, or the facility is not said or not known.
    """
    spec = spec_of(name) if name else None
    if spec is not None and headings is not None:
        spec = with_headings(spec, headings)
    read = read_file(path, spec)
    if spec is None and headings is not None:
        read = read_file(path, with_headings(read.spec, headings))
    owner = owner_of(read.spec, facility, list(known))
    if read.problems:
        return ImportResult(read, owner, None, kept=False)
    if trial:
        changes = catalogues.preview(read.spec, owner, read.entries, since=since, whole=whole)
        return ImportResult(read, owner, changes, kept=False)
    source = Source.of(shown_as or path.name, path.read_bytes())
    changes = catalogues.take(
        read.spec, owner, read.entries, source=source, since=since, whole=whole, now=now, actor=actor
    )
    return ImportResult(read, owner, changes, kept=True)


def owner_of(spec: ListSpec, facility: str | None, known: list[str]) -> str:
    """Whose list it is: a facility, or all of them. Raises ConfigError."""
    if spec.scope == "national":
        return NATIONAL
    if facility is None and len(known) == 1:
        return known[0]
    if facility is None or facility not in known:
        codes = ", ".join(known)
        raise ConfigError(
            f"Danh mục '{spec.name}' là của từng cơ sở; nêu cơ sở nào: {codes}",
            f"The list '{spec.name}' belongs to one facility; say which: {codes}",
            hint_vi="thêm --facility",
            hint_en="add --facility",
        )
    return facility


def compare(
    catalogues: Catalogues, name: str, owner: str, before: date, after: date
) -> dict[str, list[dict[str, Any]]]:
    """A list on two days: rows added, removed, changed (with the columns that differ)."""
    spec = spec_of(name)
    found = difference(spec, catalogues.rows(name, owner, before), catalogues.rows(name, owner, after))
    return {kind: [_pair(old, new) for old, new in pairs] for kind, pairs in found.items()}


def _pair(old: Entry | None, new: Entry | None) -> dict[str, Any]:
    one = new or old
    assert one is not None  # noqa: S101 -- a difference has at least one side
    told: dict[str, Any] = {"code": one.code, "name": one.values.get("name", "")}
    if old is not None and new is not None:
        names = sorted({*old.values, *new.values})
        told["columns"] = {
            n: [old.values.get(n, ""), new.values.get(n, "")]
            for n in names
            if old.values.get(n, "") != new.values.get(n, "")
        }
    return told


def row_of(entry: Entry) -> Mapping[str, Any]:
    """A row for JSON and tables."""
    return {
        "code": entry.code,
        "since": entry.since.isoformat() if entry.since else None,
        "until": entry.until.isoformat() if entry.until else None,
        **entry.values,
    }
