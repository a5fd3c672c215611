"""Lint: everything that can be said about a mapping without touching a patient.

An error means the mapping does not load, or cannot work; a warning that it probably loses or
misses something; info that a line does nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from adapter.errors import MappingError, Where
from adapter.mapping.extending import resolve
from adapter.mapping.language.blocks import Block, FieldStep
from adapter.mapping.loading import compile_mapping
from adapter.mapping.plan import Plan
from adapter.mapping.problems import suggest
from adapter.mapping.yamltree import Map, Node, Scalar, Seq
from adapter.standard.healthbook import PREFIX, book_sections
from adapter.standard.model import FieldSpec
from adapter.standard.spec import layouts, written_as

Severity = Literal["error", "warning", "info"]

_AUTOMATIC = ("MA_LK", "STT", "MA_CSKCB")


@dataclass(frozen=True, slots=True)
class LintFinding:
    """One complaint about a mapping file: stable code, severity, place, texts, what to do."""

    code: str
    severity: Severity
    where: Where
    message_vi: str
    message_en: str
    hint: str = ""

    def to_dict(self) -> dict[str, Any]:
        """The shape of ``map lint --json``."""
        return {
            "code": self.code,
            "severity": self.severity,
            "file": self.where.file,
            "line": self.where.line,
            "column": self.where.column,
            "message_vi": self.message_vi,
            "message_en": self.message_en,
            "hint": self.hint,
        }


def lint(path: Path) -> list[LintFinding]:
    """All findings on a mapping file, in the order of the file. Raises nothing for a bad mapping."""
    errors: list[MappingError] = []
    try:
        plan = compile_mapping(resolve(path), path, errors)
    except MappingError as error:
        return [_of_error(e) for e in _unique([*errors, error])]
    findings = [_of_error(e) for e in errors]
    if not errors:
        for check in _CHECKS:
            findings.extend(check(plan))
    return sorted(findings, key=lambda f: (f.where.file or "", f.where.line or 0, f.where.column or 0, f.code))


def _unique(errors: list[MappingError]) -> list[MappingError]:
    return list({id(e): e for e in errors}.values())


def _of_error(error: MappingError) -> LintFinding:
    hint = " / ".join(dict.fromkeys(h for h in (error.hint_vi, error.hint_en) if h))
    return LintFinding(error.code, "error", error.where or Where(), error.message_vi, error.message_en, hint)


def _fields(plan: Plan) -> Iterator[tuple[FieldStep, Block]]:
    def walk(block: Block) -> Iterator[tuple[FieldStep, Block]]:
        for step in block.fields:
            yield step, block
        if block.inner is not None:
            yield from walk(block.inner)

    for blocks in (*plan.tables.values(), *plan.book.values()):
        for block in blocks:
            yield from walk(block)


def _newest(plan: Plan) -> dict[str, dict[str, FieldSpec]]:
    """The layout a mapping is written for: a field that only an older decree asked for is not missed."""
    return {t.name: dict(t.by_name) for t in written_as(plan.standard or layouts()[-1]).tables.values()}


# ---- required fields ------------------------------------------------------------------------------


def _unmapped(plan: Plan) -> Iterator[LintFinding]:
    specs = _newest(plan) | {s.name: dict(s.by_name) for s in book_sections().values()}
    for table, blocks in {**plan.tables, **{PREFIX + name: parts for name, parts in plan.book.items()}}.items():
        for block in blocks:
            mapped: set[str] = set(_AUTOMATIC)
            at: Block | None = block
            while at is not None:
                mapped |= {step.name for step in at.fields}
                at = at.inner
            missing = [s.name for s in specs[table].values() if s.required == "Y" and s.name not in mapped]
            for name in missing:
                spec = specs[table][name]
                yield LintFinding(
                    "MAP-REQUIRED",
                    "warning",
                    block.where,
                    f"{table}: chưa ánh xạ trường bắt buộc {name} ({spec.meaning_vi})",
                    f"{table}: required field {name} is not mapped ({spec.meaning_en})",
                    f"{name}: TÊN_CỘT / {name}: COLUMN",
                )


# ---- columns the query does not give ---------------------------------------------------------------


def _columns(plan: Plan) -> Iterator[LintFinding]:
    from adapter.mapping.tools.queries import columns_of  # brings an SQL parser, 24 MB

    given = columns_of(plan.source)
    for source, read in sorted(plan.reads.items()):
        known = given.get(source)
        if known is None:
            continue
        for column in sorted(read - set(known.names)):
            hint = suggest(column, known.names)
            where = _first_use(plan.tree, column) or plan.tree.where
            of = source or "encounters"
            yield LintFinding(
                "MAP-COLUMN",
                "error",
                where,
                f"Câu truy vấn {of} không có cột '{column}'",
                f"Query {of} has no column '{column}'",
                " / ".join(hint) if hint else "",
            )
        for column in sorted(read & known.floats):
            where = _first_use(plan.tree, column) or plan.tree.where
            yield LintFinding(
                "MAP-FLOAT",
                "error",
                where,
                f"Cột '{column}' bị truy vấn đổi thành số thực nhị phân (float)",
                f"The query turns column '{column}' into a binary float",
                "CAST(… AS DECIMAL(19,4)), hoặc VARCHAR / or VARCHAR",
            )


def _first_use(node: Node, column: str) -> Where | None:
    """The first scalar outside ``source`` that is or names the column, then the one in its conditions."""
    import re

    word = re.compile(rf"(?<![\w.]){re.escape(column)}(?!\w)|(?:encounter|\w)\.{re.escape(column)}(?!\w)")

    def search(at: Node) -> Where | None:
        if isinstance(at, Scalar):
            found = word.search(at.text)
            if found is None:
                return None
            offset = 0 if "\n" in at.text[: found.start()] else found.start()
            return Where(at.where.file, at.where.line, (at.where.column or 1) + offset)
        parts = at.items.values() if isinstance(at, Map) else at.items
        return next((place for part in parts if (place := search(part)) is not None), None)

    if not isinstance(node, Map):
        return None
    for key in ("tables", "with", "let", "visit_date", "healthbook"):
        part = node.get(key)
        if part is not None and (place := search(part)) is not None:
            return place
    source = node.get("source")
    encounters = source.get("encounters") if isinstance(source, Map) else None
    for block in (encounters, source):
        for key in ("ready", "insured", "exempt"):
            part = block.get(key) if isinstance(block, Map) else None
            if part is not None and (place := search(part)) is not None:
                return place
    return None


# ---- lookups ------------------------------------------------------------------------------------


def _steps_of(node: Node) -> Iterator[Map]:
    """Every map inside a value, itself included."""
    if isinstance(node, Map):
        yield node
        for part in node.items.values():
            yield from _steps_of(part)
    elif isinstance(node, Seq):
        for part in node.items:
            yield from _steps_of(part)


def _lookups(plan: Plan) -> Iterator[LintFinding]:
    for step, _ in _fields(plan):
        for block in _steps_of(step.node):
            name = block.get("lookup")
            if isinstance(name, Scalar) and not {"default", "on_missing"} & set(block.items):
                yield LintFinding(
                    "MAP-NO-DEFAULT",
                    "info",
                    block.at("lookup"),
                    f"{step.place.table}.{step.name}: giá trị ngoài bảng mã '{name.text}' sẽ chặn cả hồ sơ",
                    f"{step.place.table}.{step.name}: a value outside lookup '{name.text}' will block the dossier",
                    "default: …, on_missing: keep|empty|report",
                )
    declared = plan.tree.get("lookups")
    for table in plan.lookups:
        if table not in plan.used_lookups and isinstance(declared, Map):
            yield _unused("bảng mã", "lookup", table, declared.at(table))


def _codes(plan: Plan) -> Iterator[LintFinding]:
    """Constants and lookup results that no closed code set of the field holds."""
    from adapter.clock import system_clock
    from adapter.standard.spec import effective_on

    standard = effective_on(system_clock().date(), plan.standard)
    for step, _ in _fields(plan):
        spec = standard.tables.get(step.place.table or "")
        target = spec.by_name.get(step.name) if spec is not None else step.place.spec
        codes = standard.code_set(target.code_list) if target is not None and target.code_list else None
        if target is None or codes is None or not codes.closed or codes.prefix:
            continue
        for value, where in _constants(step.node, plan):
            if value and codes.accepts(value) is None and not (target.separator and target.separator in value):
                yield LintFinding(
                    "MAP-CODE",
                    "warning",
                    where,
                    f"{step.place.table}.{step.name}: '{value}' không có trong danh mục {target.code_list}",
                    f"{step.place.table}.{step.name}: '{value}' is not in code set {target.code_list}",
                    f"bhyt standard show --table {step.place.table}",
                )


def _constants(node: Node, plan: Plan) -> Iterator[tuple[str, Where]]:
    if not isinstance(node, Map):
        return
    for key in ("const", "default"):
        value = node.get(key)
        if isinstance(value, Scalar) and not value.null:
            yield value.text, value.where
    name = node.get("lookup")
    table = plan.lookups.get(name.text) if isinstance(name, Scalar) else None
    column = node.get("column")
    if table is not None and table.columns:
        wanted = column.text if isinstance(column, Scalar) else table.column
        far = max((p for periods in table.entries.values() for p in periods), key=lambda p: p.last, default=None)
        for periods in table.entries.values():
            newest = max(periods, key=lambda p: p.last)
            if far is not None and newest.last == far.last:
                yield newest.values[wanted], node.at("lookup")


# ---- casts that lose ---------------------------------------------------------------------------------


def _casts(plan: Plan) -> Iterator[LintFinding]:
    for step, _ in _fields(plan):
        spec, node = step.place.spec, step.node
        if spec is None or not isinstance(node, Map):
            continue
        places = node.get("places")
        kept = {"decimal2": 2, "decimal3": 3, "decimal2_text": 2, "integer": 0}.get(spec.xml_type)
        if isinstance(places, Scalar) and kept is not None and int(places.text) > kept:
            yield _lossy(step, places.where, f"places: {places.text} > {kept}", f"places: {kept}")
        form = node.get("as")
        if isinstance(form, Scalar) and form.text == "date8" and spec.xml_type == "datetime12":
            yield _lossy(step, form.where, "giờ và phút mất / hour and minute are lost", "as: datetime12")
        const = node.get("const")
        if isinstance(const, Scalar) and spec.max_len is not None and len(const.text) > spec.max_len:
            yield _lossy(step, const.where, f"{len(const.text)} > {spec.max_len}", f"tối đa / at most {spec.max_len}")
        cut = node.get("too_long")
        if isinstance(cut, Scalar) and cut.text == "cut" and spec.kind == "N":
            yield _lossy(step, cut.where, "cắt một con số / cuts a number", "decimal, integer")


def _lossy(step: FieldStep, where: Where, what: str, hint: str) -> LintFinding:
    name = f"{step.place.table}.{step.name}"
    return LintFinding(
        "MAP-LOSSY", "warning", where, f"{name}: mất dữ liệu: {what}", f"{name}: loses data: {what}", hint
    )


# ---- what does nothing -------------------------------------------------------------------------------


def _dead(plan: Plan) -> Iterator[LintFinding]:
    for step, _ in _fields(plan):
        for block in _steps_of(step.node):
            branches = block.get("choose")
            if isinstance(branches, Seq):
                yield from _dead_branches(step, branches)
            when = block.get("when")
            if isinstance(when, Scalar) and (fixed := _fixed(when)) is not None and "then" not in block.items:
                yield _dead_at(step, when.where, fixed=fixed)
    for blocks in (*plan.tables.values(), *plan.book.values()):
        for each in blocks:
            node = _block_node(plan.tree, each)
            when = node.get("when") if node is not None else None
            if isinstance(when, Scalar) and (fixed := _fixed(when)) is not None:
                vi = "luôn đúng" if fixed else "không bao giờ đúng"
                en = "always holds" if fixed else "never holds"
                yield LintFinding(
                    "MAP-DEAD",
                    "warning",
                    when.where,
                    f"{each.table}: điều kiện {vi}",
                    f"{each.table}: the condition {en}",
                    "bỏ when / remove when",
                )


def _block_node(tree: Map, block: Block) -> Map | None:
    tables = tree.get("healthbook" if block.table.startswith(PREFIX) else "tables")
    node = tables.get(block.table.removeprefix(PREFIX)) if isinstance(tables, Map) else None
    parts = node.items if isinstance(node, Seq) else (node,)
    return next((p for p in parts if isinstance(p, Map) and p.where == block.where), None)


def _dead_branches(step: FieldStep, branches: Seq) -> Iterator[LintFinding]:
    for index, branch in enumerate(branches.items):
        when = branch.get("when") if isinstance(branch, Map) else None
        if isinstance(when, Scalar):
            fixed = _fixed(when)
            if fixed is False:
                yield _dead_at(step, when.where, fixed=False)
            elif fixed and index < len(branches.items) - 1:
                yield _dead_at(step, branches.items[index + 1].where, fixed=False)


def _fixed(expression: Scalar) -> bool | None:
    """What a condition without any name always is; None when it depends on something."""
    from adapter.errors import ExpressionError
    from adapter.expr import compile_expression

    try:
        found = compile_expression(expression.text, names=None, where=expression.where)
        return None if found.names or found.collections or found.columns else bool(found({}))
    except ExpressionError:
        return None


def _dead_at(step: FieldStep, where: Where, *, fixed: bool) -> LintFinding:
    name = f"{step.place.table}.{step.name}"
    vi, en = ("luôn đúng", "always holds") if fixed else ("không bao giờ tới", "is never reached")
    return LintFinding(
        "MAP-DEAD", "warning", where, f"{name}: nhánh này {vi}", f"{name}: this branch {en}", "bỏ nhánh này / remove it"
    )


def _unused_names(plan: Plan) -> Iterator[LintFinding]:
    for section, vi, en in (("with", "hàng", "row"), ("let", "giá trị", "value")):
        block = plan.tree.get(section)
        for name in block.items if isinstance(block, Map) else ():
            if name not in plan.used_names and isinstance(block, Map):
                yield _unused(vi, en, name, block.at(name))
    source = plan.tree.get("source")
    collections = source.get("collections") if isinstance(source, Map) else None
    if isinstance(collections, Map):
        for name in collections.items:
            if name not in plan.used_names:
                yield _unused("tập dòng", "collection", name, collections.at(name))


def _unused(vi: str, en: str, name: str, where: Where) -> LintFinding:
    return LintFinding(
        "MAP-UNUSED", "info", where, f"Không ai dùng {vi} '{name}'", f"Nothing uses the {en} '{name}'", "xóa / remove"
    )


_CHECKS: tuple[Callable[[Plan], Iterator[LintFinding]], ...] = (
    _unmapped,
    _columns,
    _lookups,
    _codes,
    _casts,
    _dead,
    _unused_names,
)
