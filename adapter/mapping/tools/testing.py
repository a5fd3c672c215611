"""Tests of a mapping as data: given rows, expected fields, in ``tests.yaml`` beside it.

    tests:
      - name: birth year only
        row: {EPISODE_CODE: "000000000001", DOB: 19850101000000, HAS_NOT_DAY_DOB: 1}
        collections: {items: [{ID: 1, AMOUNT: "2.0000"}]}
        expect:
          XML1: {NGAY_SINH: "198500000000"}
          XML2: [{SO_LUONG: "2.000"}]

Columns the mapping reads and a case does not name are NULL; collections not named are empty. Other
keys: ``purpose`` (claim), ``occasion``, ``facility``, ``now`` (12 digits), ``due`` (the list that must be
due), ``error`` (the code that must be raised), ``absent`` (tables that must not be there), ``notes`` (codes
that must be noted).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from adapter.clock import from_datetime12, system_clock
from adapter.dossier.model import Dossier, Purpose
from adapter.errors import BhytError, Where
from adapter.mapping.plan import Plan
from adapter.mapping.problems import broken
from adapter.mapping.readiness import Due
from adapter.mapping.yamltree import Map, Node, Scalar, Seq, as_list, as_map, as_text, read_tree
from adapter.source import SourceEncounter

CASE_KEYS = (
    "name", "row", "collections", "purpose", "occasion", "facility", "now", "due", "expect", "error", "absent", "notes",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Case:
    """One test case as read."""

    name: str
    where: Where
    encounter: SourceEncounter
    purpose: Purpose
    occasion: str
    facility: str
    now: datetime
    due: tuple[str, ...] | None
    expect: Mapping[str, Node]
    error: str | None
    absent: tuple[str, ...]
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Result:
    """A case and what differed; ``problems`` is empty when it passed."""

    name: str
    where: Where
    problems: tuple[str, ...] = field(default=())

    @property
    def passed(self) -> bool:
        return not self.problems

    def to_dict(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "file": self.where.file,
            "line": self.where.line,
            "passed": self.passed,
            "problems": list(self.problems),
        }


def tests_file(mapping: Path) -> Path:
    """Where the tests of a mapping lie."""
    return mapping.parent / "tests.yaml"


def run_tests(plan: Plan, file: Path) -> list[Result]:
    """Every case of a tests file. Raises MappingError when the file itself is wrong."""
    return [run_case(plan, case) for case in read_cases(plan, file)]


def read_cases(plan: Plan, file: Path) -> list[Case]:
    """The cases of a tests file."""
    tree = read_tree(file)
    cases = tree.get("tests")
    if not isinstance(cases, Seq) or set(tree.items) != {"tests"}:
        raise broken(
            "MAP-TESTS",
            tree.where,
            "Tệp cần đúng một khóa: tests, là danh sách",
            "The file needs one key: tests, a list",
        )
    return [_case(plan, as_map(node, "tests", cases.where)) for node in cases.items]


def _case(plan: Plan, node: Map) -> Case:
    for key in node.items:
        if key not in CASE_KEYS:
            raise broken(
                "MAP-TESTS", node.at(key), f"Không có khóa '{key}'", f"There is no key '{key}'", near=(key, CASE_KEYS)
            )
    row = as_map(node.get("row"), "row", node.where) if "row" in node.items else Map({}, node.where)
    given = (
        as_map(node.items["collections"], "collections", node.where)
        if "collections" in node.items
        else Map({}, node.where)
    )
    names = {name for name in plan.reads if name} | set(given.items) | _declared(plan)
    collections = {
        name: [
            _row(plan, name, as_map(r, name, node.where))
            for r in (as_list(given.items[name]) if name in given.items else ())
        ]
        for name in names
    }
    expect = as_map(node.items["expect"], "expect", node.where).items if "expect" in node.items else {}
    now = from_datetime12(_text(node, "now")) if "now" in node.items else system_clock()
    return Case(
        name=_text(node, "name"),
        where=node.where,
        encounter=SourceEncounter("test", "test", _row(plan, "", row), collections),
        purpose=Purpose(_text(node, "purpose")) if "purpose" in node.items else Purpose.CLAIM,
        occasion=_text(node, "occasion") if "occasion" in node.items else "",
        facility=_text(node, "facility") if "facility" in node.items else "01999",
        now=now,
        due=_texts(node, "due") if "due" in node.items else None,
        expect=expect,
        error=_text(node, "error") if "error" in node.items else None,
        absent=_texts(node, "absent"),
        notes=_texts(node, "notes"),
    )


def _declared(plan: Plan) -> set[str]:
    collections = plan.source.get("collections")
    return set(collections) if isinstance(collections, Mapping) else set()


def _text(node: Map, key: str) -> str:
    return as_text(node.get(key), key, node.where).text


def _texts(node: Map, key: str) -> tuple[str, ...]:
    return tuple(as_text(n, key, node.where).text for n in as_list(node.items[key])) if key in node.items else ()


def _row(plan: Plan, source: str, row: Map) -> dict[str, Any]:
    return {
        **dict.fromkeys(plan.reads.get(source, ()), None),
        **{name: given(value) for name, value in row.items.items()},
    }


def given(node: Node) -> Any:
    """A source value of a test: whole numbers and decimals exact, quoted text as text, null as None."""
    if not isinstance(node, Scalar):
        raise broken(
            "MAP-TESTS", node.where, "Giá trị của cột phải là chữ hoặc số", "A column's value must be text or a number"
        )
    if node.null:
        return None
    if node.plain and re.fullmatch(r"-?(0|[1-9]\d*)", node.text):
        return int(node.text)
    if node.plain and re.fullmatch(r"-?\d+\.\d+", node.text):
        return Decimal(node.text)
    if node.plain and node.text in ("true", "false"):
        return node.text == "true"
    return node.text


def run_case(plan: Plan, case: Case) -> Result:
    """Run one case."""
    problems: list[str] = []
    error: str | None = None
    try:
        if case.due is not None:
            due = tuple(f"{d.purpose.value} {d.occasion}".strip() for d in plan.readiness(case.encounter).due)
            if due != case.due:
                problems.append(f"due: {list(due)} ≠ {list(case.due)}")
        if case.expect or case.error or case.absent or case.notes:
            found = plan.translate_noted(
                case.encounter, Due(case.purpose, case.occasion), facility=case.facility, now=case.now
            )
            problems.extend(_differences(case, found.dossier))
            noted = {note.code for note in found.notes}
            problems.extend(f"notes: {code} không có / is missing" for code in case.notes if code not in noted)
    except BhytError as raised:
        error = raised.code
        if case.error is None:
            problems.append(str(raised))
    if case.error is not None and error != case.error:
        problems.append(f"error: {error} ≠ {case.error}")
    return Result(case.name, case.where, tuple(problems))


def _differences(case: Case, dossier: Dossier) -> list[str]:
    problems = [f"{t}: phải vắng / must be absent" for t in case.absent if dossier.rows(t)]
    for table, wanted in case.expect.items():
        rows = dossier.rows(table)
        if isinstance(wanted, Seq):
            if len(rows) != len(wanted.items):
                problems.append(f"{table}: {len(rows)} ≠ {len(wanted.items)} dòng / rows")
            pairs: Sequence[tuple[int, Node]] = list(enumerate(wanted.items[: len(rows)]))
        else:
            pairs = [(0, wanted)] if rows else []
            if not rows:
                problems.append(f"{table}: không có dòng / no row")
        for index, node in pairs:
            for name, value in as_map(node, table, case.where).items.items():
                text = "" if not isinstance(value, Scalar) or value.null else value.text
                actual = rows[index].get(name)
                if actual != text:
                    problems.append(f"{table}[{index + 1}].{name}: {actual!r} ≠ {text!r}")
    return problems
