"""A delivery as source encounters: each with all its lines, or the reason why it cannot be believed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from adapter.errors import SourceValueError
from adapter.source import SourceEncounter
from connectors.tabular.lines import Files, Line, Lines, Told, read_lines
from connectors.tabular.spec import Collection, Table, TabularSpec

_TOLD_IN_MESSAGE = 5
_TOLD_IN_REPORT = 1000


@dataclass(frozen=True, slots=True)
class Gathered:
    """What a delivery holds. ``problems``: one per line (place, vi, en), for the report."""

    encounters: Sequence[SourceEncounter]
    lines: Mapping[str, int]
    problems: Sequence[Mapping[str, str]]

    def report(self, delivery: str) -> dict[str, Any]:
        """The report as plain data; never a value of a patient."""
        return {
            "delivery": delivery,
            "encounters": len(self.encounters),
            "unusable": sum(1 for one in self.encounters if one.problem is not None),
            "lines": dict(self.lines),
            "problems": list(self.problems[:_TOLD_IN_REPORT]),
            "more_problems": max(0, len(self.problems) - _TOLD_IN_REPORT),
        }


def gather(spec: TabularSpec, name: str, files: Sequence[Path]) -> Gathered:
    """Join the tables of a delivery by key.

    Raises SourceValueError when a file is missing, is no table, lacks a heading, or has lines without key: then
    lines of any encounter may be missing, and none of the delivery may be used.
    """
    opened = Files(files)
    own = _lines(spec.encounters, spec.encounters.key, opened, optional=False)
    collections = {
        collection: (one, _lines(one, one.parent, opened, optional=one.optional))
        for collection, one in spec.collections.items()
    }
    encounters: dict[str, _Visit] = {}
    for line in own.lines:
        encounters.setdefault(line.key, _Visit(list(spec.collections))).take(line)
    problems = [
        _problem(place, "dòng không có khóa, bỏ qua", "a line without key, passed over") for place in own.keyless
    ]
    for collection, (one, read) in collections.items():
        problems += [
            _problem(place, "dòng không có khóa, bỏ qua", "a line without key, passed over") for place in read.keyless
        ]
        for line in read.lines:
            _join(encounters, collection, one, line, problems=problems, collections=list(spec.collections))
    gathered = [visit.encounter(key, name) for key, visit in encounters.items()]
    for visit in encounters.values():
        problems += [_problem(place, vi, en) for place, (vi, en) in visit.faults]
    counts = {"encounters": len(own.lines)} | {c: len(read.lines) for c, (_, read) in collections.items()}
    return Gathered(gathered, counts, problems)


def keys_of(spec: TabularSpec, files: Sequence[Path]) -> set[str]:
    """The keys of a delivery's encounters. Raises as :func:`gather`."""
    return {line.key for line in _lines(spec.encounters, spec.encounters.key, Files(files), optional=False).lines}


class _Visit:
    """One encounter while its lines come together."""

    def __init__(self, collections: Sequence[str]) -> None:
        self.row: Mapping[str, Any] | None = None
        self.rows: dict[str, list[Mapping[str, Any]]] = {name: [] for name in collections}
        self.faults: list[tuple[str, Told]] = []

    def take(self, line: Line) -> None:
        """Its own line; the same line again (a file exported twice) says nothing new."""
        if self.row is not None and dict(self.row) != dict(line.row):
            self.faults.append((line.place, ("hai dòng khác nhau cùng một khóa", "two different lines of one key")))
        self.row = line.row
        self.faults += [(line.place, told) for told in line.faults]

    def encounter(self, key: str, delivery: str) -> SourceEncounter:
        if self.row is not None and not self.faults:
            return SourceEncounter(key, delivery, self.row, self.rows)
        told = self.faults[:_TOLD_IN_MESSAGE]
        more = f" (+{len(self.faults) - len(told)})" if len(self.faults) > len(told) else ""
        vi = "; ".join(f"{place}: {vi}" for place, (vi, _) in told)
        en = "; ".join(f"{place}: {en}" for place, (_, en) in told)
        return SourceEncounter.unreadable(
            key, delivery, f"Dữ liệu trong tệp không tin được: {vi}{more}", f"The files cannot be believed: {en}{more}"
        )


def _join(
    encounters: dict[str, _Visit],
    name: str,
    collection: Collection,
    line: Line,
    *,
    problems: list[dict[str, str]],
    collections: Sequence[str],
) -> None:
    visit = encounters.get(line.key)
    if visit is None or visit.row is None:
        vi, en = f"{name}: dòng của lượt không có trong đợt giao", f"{name}: a line of an encounter not delivered"
        if collection.orphans == "report":
            problems.append(_problem(line.place, vi, en))
            return
        visit = encounters.setdefault(line.key, _Visit(collections))
        visit.faults.append((line.place, (vi, en)))
        return
    visit.rows[name].append(line.row)
    visit.faults += [(line.place, told) for told in line.faults]


def _lines(table: Table, key: str, files: Files, *, optional: bool) -> Lines:
    read = read_lines(table, key, files)
    if not read.files and not optional:
        wanted = ", ".join(table.file)
        raise SourceValueError(
            f"Thiếu tệp {wanted}",
            f"The file {wanted} is missing",
            hint_vi="đợt giao phải có đủ tệp; bảng không bắt buộc thì ghi optional: true",
            hint_en="a delivery needs all its files; mark a table that may be absent with optional: true",
        )
    if read.keyless and table.without_key == "refuse":
        places = ", ".join(read.keyless[:_TOLD_IN_MESSAGE])
        raise SourceValueError(
            f"{len(read.keyless)} dòng không có khóa {key}: {places}",
            f"{len(read.keyless)} lines without the key {key}: {places}",
            hint_vi="dòng tổng cộng thì ghi without_key: skip; ô gộp thì ghi merged: repeat",
            hint_en="for lines of totals write without_key: skip; for merged cells merged: repeat",
        )
    return read


def _problem(place: str, vi: str, en: str) -> dict[str, str]:
    return {"at": place, "vi": vi, "en": en}
