"""What a facility must do so that its books are whole: the gap report, from one line per visit."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from adapter.errors import ConfigError, Where
from adapter.healthbook.catalogue import fields, rules_of
from adapter.healthbook.completeness import Completeness, Mapped, unmapped

Cause = Literal["mapping", "declared", "his"]
ABSENT_FILE = "book_absent.csv"
"""Beside a mapping: fields its HIS cannot give, with the reason: ``field,reason_vi,reason_en``."""


@dataclass(frozen=True, slots=True)
class Gap:
    """One field of the book that is empty where it should not be, over all visits.

    ``cause``: ``mapping`` does not carry it, ``declared`` as not in this HIS, ``his`` holds nothing for ``empty`` of
    ``expected`` visits.
    """

    field: str
    label_vi: str
    label_en: str
    cause: Cause
    empty: int
    expected: int
    filled: int
    sources: tuple[str, ...]
    todo_vi: str
    todo_en: str


@dataclass(frozen=True, slots=True)
class GapReport:
    """``unreachable``: visits that cannot reach the book, by reason (missing, malformed)."""

    visits: int
    unreachable: Mapping[str, int]
    gaps: tuple[Gap, ...]

    def to_dict(self) -> dict[str, Any]:
        """For ``--json`` and the API."""
        return {
            "visits": self.visits,
            "unreachable": dict(self.unreachable),
            "gaps": [
                {
                    "field": g.field,
                    "label_vi": g.label_vi,
                    "label_en": g.label_en,
                    "cause": g.cause,
                    "empty": g.empty,
                    "expected": g.expected,
                    "filled": g.filled,
                    "sources": list(g.sources),
                    "todo_vi": g.todo_vi,
                    "todo_en": g.todo_en,
                }
                for g in self.gaps
            ],
        }


def report(lines: Iterable[Completeness], mapped: Mapped, absent: Mapping[str, tuple[str, str]]) -> GapReport:
    """Sum up visits. ``absent``: field → reason (vi, en), see :func:`read_absent`."""
    visits, filled, empty, cut_off = 0, Counter[str](), Counter[str](), Counter[str]()
    for line in lines:
        visits += 1
        filled.update(line.filled)
        empty.update(line.empty)
        if line.reach != "ok":
            cut_off[line.reach] += 1
    without = set(unmapped(mapped))
    gaps = []
    for about in fields().values():
        missing = empty[about.id]
        if about.id not in without and not missing:
            continue
        reason = absent.get(about.id)
        cause: Cause = "his" if about.id not in without else "declared" if reason else "mapping"
        sources = tuple(dict.fromkeys(f"{r.table}.{c}" for r in rules_of()[about.id] for c in r.columns))
        if cause == "declared" and reason:
            todo = reason
        elif cause == "mapping":
            todo = (f"Ánh xạ {sources[0]}", f"Map {sources[0]}")
        else:
            todo = (f"Nhập “{about.label_vi}” trong HIS", f"Enter the {about.label_en} in the HIS")
        gaps.append(
            Gap(
                about.id,
                about.label_vi,
                about.label_en,
                cause,
                missing,
                missing + filled[about.id],
                filled[about.id],
                sources,
                *todo,
            )
        )
    order = {"mapping": 0, "his": 1, "declared": 2}
    gaps.sort(key=lambda g: (order[g.cause], -g.empty))
    return GapReport(visits, dict(cut_off), tuple(gaps))


def read_absent(mapping: Path) -> dict[str, tuple[str, str]]:
    """Fields a HIS cannot give, told in a file beside its mapping; empty when there is none.

    Raises ConfigError for an unknown field or a reason left out.
    """
    path = mapping.parent / ABSENT_FILE
    if not path.is_file():
        return {}
    found = {}
    with path.open(encoding="utf-8-sig", newline="") as file:
        reader = csv.DictReader(file)
        for row in reader:
            reason = ((row.get("reason_vi") or "").strip(), (row.get("reason_en") or "").strip())
            if row.get("field") not in fields() or not all(reason):
                raise ConfigError(
                    "Trường không có trong sổ sức khỏe, hoặc thiếu lý do",
                    "No such field of the health book, or a reason is missing",
                    where=Where(str(path), reader.line_num),
                )
            found[row["field"]] = reason
    return found
