"""Names of codes on the day of a visit: the standard's own sets, our lists, and lists of the facility.

The decrees point to lists nobody publishes as data (ICD-10 of TT 06/2026, communes, facilities). A facility
drops them as CSV into the folder of setting ``book.names_folder``; a code without a name is shown as a code.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import lru_cache
from pathlib import Path

from adapter.errors import ConfigError, Where
from adapter.healthbook.catalogue import DATA
from adapter.standard.spec import effective_on

COLUMNS = ("code", "name", "from", "until")


@dataclass(frozen=True, slots=True)
class _Entry:
    name: str
    since: date
    until: date


NameList = Mapping[str, tuple[_Entry, ...]]


@dataclass(frozen=True, slots=True)
class Names:
    """Resolves codes. ``own``: names a single visit brings along, list → code → name, weaker than the lists."""

    lists: Mapping[str, NameList]
    own: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    def label(self, name: str, code: str, on: date) -> str:
        """The name in force on a day, empty when no list knows the code."""
        if not name or not code:
            return ""
        for entry in self.lists.get(name, {}).get(code, ()):
            if entry.since <= on <= entry.until:
                return entry.name
        found = effective_on(on).code_set(name)
        if found is not None and not found.prefix:
            label = found.codes.get(code) or found.tolerated.get(code)
            if label:
                return label
        return self.own.get(name, {}).get(code, "")

    def with_own(self, own: Mapping[str, Mapping[str, str]]) -> Names:
        """The same lists with what one visit brings along."""
        return Names(self.lists, {**self.own, **own})


def load_names(folder: Path | None = None, *, own: Mapping[str, Mapping[str, str]] | None = None) -> Names:
    """Our lists, and those of a facility over them. Raises ConfigError naming file and line."""
    lists = dict(_shipped())
    if folder is not None:
        if not folder.is_dir():
            raise ConfigError(
                "Không có thư mục danh mục tên (book.names_folder)",
                "There is no folder of name lists (book.names_folder)",
                where=Where(str(folder)),
            )
        for path in sorted(folder.glob("*.csv")):
            lists[path.stem] = {**lists.get(path.stem, {}), **_read(path)}
    return Names(lists, own or {})


@lru_cache(maxsize=1)
def _shipped() -> Mapping[str, NameList]:
    return {path.stem: _read(path) for path in sorted((DATA / "names").glob("*.csv"))}


def _read(path: Path) -> NameList:
    found: dict[str, list[_Entry]] = {}
    with path.open(encoding="utf-8-sig", newline="") as file:
        reader = csv.DictReader(file)
        if not {"code", "name"} <= set(reader.fieldnames or ()):
            raise ConfigError(
                "Danh mục tên phải có cột code và name",
                "A list of names needs the columns code and name",
                where=Where(str(path), 1),
            )
        for row in reader:
            try:
                entry = _Entry(row["name"], _day(row.get("from")) or date.min, _day(row.get("until")) or date.max)
            except ValueError as error:
                raise ConfigError(
                    "Ngày hiệu lực phải có dạng yyyy-mm-dd",
                    "Days of validity are written yyyy-mm-dd",
                    where=Where(str(path), reader.line_num),
                ) from error
            found.setdefault(row["code"], []).append(entry)
    return {code: tuple(entries) for code, entries in found.items()}


def _day(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None
