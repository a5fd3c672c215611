"""A file of a list, read and judged: rows that hold, and every fault with file, sheet, row, column and what to do."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from adapter.catalogue.lists import ListSpec, plain, specs
from adapter.catalogue.values import Unfit, value_of
from adapter.errors import ConfigError, Where
from adapter.text.grids import EMPTY, Cell, Grid, read_grids

_HEADING_WITHIN = 30
_NUMBERING = re.compile(r"\(?\d{1,3}\)?(=.*)?|\[\d+\]|[A-Z]|STT", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Entry:
    """One row as a rule reads it. ``since`` None: from the day the import says; ``until``: the last day, None open."""

    code: str
    values: Mapping[str, str]
    since: date | None
    until: date | None
    sheet: str = ""
    line: int = 0

    def identity(self, spec: ListSpec) -> tuple[str, ...]:
        """What makes two rows the same entry at different times: the code and the list's own columns."""
        return (self.code, *(plain(self.values.get(name, "")) for name in spec.identity))


@dataclass(frozen=True, slots=True)
class Problem:
    """A fault of a row. Never the value itself: staff lists are read as well."""

    file: str
    sheet: str
    line: int
    column: str
    message_vi: str
    message_en: str

    def to_dict(self) -> dict[str, Any]:
        """For JSON and pages."""
        return {name: getattr(self, name) for name in ("file", "sheet", "line", "column", "message_vi", "message_en")}


@dataclass(frozen=True, slots=True)
class ReadList:
    """A file as read: of which list, its rows, its faults, and which heading gave which column."""

    spec: ListSpec
    entries: tuple[Entry, ...]
    problems: tuple[Problem, ...]
    headings: Mapping[str, str]


def read_file(path: Path, spec: ListSpec | None = None) -> ReadList:
    """Read one list; without ``spec`` the headings tell which.

    Raises ConfigError when the file is no table, has no heading row of the list, or could be several lists.
    """
    grids = read_grids(path)
    chosen = spec or _recognise(path, grids)
    entries: list[Entry] = []
    problems: list[Problem] = []
    headings: dict[str, str] = {}
    for grid in grids:
        place = _heading(grid, chosen)
        if place is None:
            continue
        at, columns = place
        headings |= {name: grid.rows[at][1][index].text for name, index in columns.items()}
        for line, cells in grid.rows[at + 1 :]:
            if not _is_data(cells, columns):
                continue
            read = _Reading(path.name, grid.sheet, line, chosen, columns)
            entry = read.entry(cells)
            problems += read.problems
            if entry is not None:
                entries.append(entry)
    if not headings:
        raise _no_heading(path, chosen)
    problems += _clashes(path.name, chosen, entries)
    return ReadList(chosen, tuple(entries), tuple(sorted(problems, key=lambda p: (p.sheet, p.line))), headings)


def _recognise(path: Path, grids: Sequence[Grid]) -> ListSpec:
    by_tag = [s for s in specs().values() if any(g.tag and g.tag == s.xml_row for g in grids)]
    if by_tag:
        return by_tag[0]
    scores: dict[str, int] = {}
    for spec in specs().values():
        for grid in grids:
            if (place := _heading(grid, spec)) is not None:
                scores[spec.name] = max(scores.get(spec.name, 0), len(place[1]))
    best = [name for name, score in scores.items() if score == max(scores.values())]
    if len(best) == 1:
        return specs()[best[0]]
    names = ", ".join(best or specs())
    raise ConfigError(
        "Không rõ tệp này là danh mục nào",
        "Which list this file is cannot be told",
        where=Where(path.name),
        hint_vi=f"nêu rõ bằng --list: {names}",
        hint_en=f"say so with --list: {names}",
    )


def _heading(grid: Grid, spec: ListSpec) -> tuple[int, dict[str, int]] | None:
    """Row index of the heading and column → cell index; None when no row has all the required columns."""
    best: tuple[int, dict[str, int]] | None = None
    for at, (_, cells) in enumerate(grid.rows[:_HEADING_WITHIN]):
        found = _columns(cells, spec)
        if all(name in found for name in spec.required) and (best is None or len(found) > len(best[1])):
            best = (at, found)
    return best


def _columns(cells: Sequence[Cell], spec: ListSpec) -> dict[str, int]:
    written = [plain(c.text) for c in cells]
    found: dict[str, int] = {}
    for column in spec.columns.values():
        index = next((written.index(name) for name in column.names if name and name in written), None)
        if index is not None and index not in found.values():
            found[column.name] = index
    return found


def _is_data(cells: Sequence[Cell], columns: Mapping[str, int]) -> bool:
    """Not the line of column numbers under a heading, a title between groups, or a signature below the table."""
    mapped = [cells[i] for i in columns.values() if i < len(cells) and cells[i].text]
    numbering = len(mapped) > 2 and all(_NUMBERING.fullmatch(c.text) for c in mapped)
    if not mapped or numbering:
        return False
    code = cells[columns["code"]].text if columns["code"] < len(cells) else ""
    if " " in code and not any(c.isdigit() for c in code) and len(mapped) <= 2:
        return False  # words where a code should be: a group's title, "Người lập biểu"
    return bool(code) or len(mapped) > 2


class _Reading:
    """One row being read."""

    def __init__(self, file: str, sheet: str, line: int, spec: ListSpec, columns: Mapping[str, int]) -> None:
        self._file, self._sheet, self._line = file, sheet, line
        self._spec, self._columns = spec, columns
        self.problems: list[Problem] = []

    def entry(self, cells: Sequence[Cell]) -> Entry | None:
        """The row; None when it has a fault."""
        values: dict[str, str] = {}
        for name, index in self._columns.items():
            column = self._spec.columns[name]
            try:
                values[name] = value_of(column, cells[index] if index < len(cells) else EMPTY)
            except Unfit as error:
                self._fault(name, error.vi, error.en)
                continue
            if column.required and not values[name] and column.kind != "flag":
                self._fault(name, "ô bắt buộc để trống", "a mandatory cell is empty")
        if self.problems:
            return None
        for name, sources in self._spec.join.items():
            parts = [values.get(s, "") for s in sources]
            if not values.get(name) and all(parts):
                values[name] = ";".join(parts)
        since, until = _as_day(values.pop("since", "")), _as_day(values.pop("until", ""))
        if since and until and until < since:
            self._fault("until", "ngày kết thúc trước ngày bắt đầu", "ends before it begins")
            return None
        code = values.pop("code")
        return Entry(code, {k: v for k, v in values.items() if v}, since, until, self._sheet, self._line)

    def _fault(self, column: str, vi: str, en: str) -> None:
        self.problems.append(Problem(self._file, self._sheet, self._line, column, vi, en))


def _as_day(text: str) -> date | None:
    return date(int(text[:4]), int(text[4:6]), int(text[6:])) if text else None


def _clashes(file: str, spec: ListSpec, entries: Sequence[Entry]) -> Iterator[Problem]:
    """Two rows of one file that say different things about the same entry at the same time."""
    seen: dict[tuple[str, ...], list[Entry]] = {}
    for entry in entries:
        for other in seen.setdefault(entry.identity(spec), []):
            if other.values != entry.values and _overlap(other, entry):
                yield Problem(
                    file,
                    entry.sheet,
                    entry.line,
                    "code",
                    f"trùng với dòng {other.line} trong cùng thời gian nhưng nội dung khác; đóng dòng cũ bằng DEN_NGAY",
                    f"the same entry as line {other.line} at the same time, with other content;"
                    " close the old row with DEN_NGAY",
                )
                break
        seen[entry.identity(spec)].append(entry)


def _overlap(a: Entry, b: Entry) -> bool:
    first, last = date.min, date.max
    return (a.since or first) <= (b.until or last) and (b.since or first) <= (a.until or last)


def _no_heading(path: Path, spec: ListSpec) -> ConfigError:
    wanted_vi = "; ".join(f"{name}" for name in spec.required)
    return ConfigError(
        f"Không thấy dòng tiêu đề của danh mục '{spec.name}'; cần các cột: {wanted_vi}",
        f"No heading row of the list '{spec.name}' was found; it needs the columns: {wanted_vi}",
        where=Where(path.name),
        hint_vi=f"tên cột được nhận: `bhyt catalogue headings {spec.name}`; thêm tên riêng bằng --headings",
        hint_en=f"headings taken: `bhyt catalogue headings {spec.name}`; add your own with --headings",
    )
