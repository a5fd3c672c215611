"""Values that come from elsewhere than the row at hand: lookups, mapped fields, sums of mapped columns."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from decimal import Decimal, localcontext
from operator import itemgetter
from typing import Any

from adapter.errors import ExpressionError, MappingError, Where
from adapter.expr import ValueProblem, to_date, to_decimal
from adapter.expr.generate import Names, NotInlineError, Pool, generated
from adapter.expr.values import CONTEXT, text_to_decimal
from adapter.mapping.language.compiled import VALUE, Place, Value
from adapter.mapping.language.scope import Note, Scope, SparseRow
from adapter.mapping.language.values import Compiler, as_mapping_error, is_empty, value_error
from adapter.mapping.lookups import Lookup, key_text
from adapter.mapping.problems import broken
from adapter.mapping.yamltree import Map, Node, Scalar, as_list, as_text
from adapter.standard.model import FieldSpec
from adapter.text import mask

ON_MISSING = ("error", "keep", "empty", "report")


def typed(spec: FieldSpec | None, text: str) -> Any:
    """A mapped field's text as a value: number fields as numbers, empty as None."""
    if not text:
        return None
    return to_decimal(text) if spec is not None and spec.kind == "N" else text


# ---- lookup -----------------------------------------------------------------------------------------


def compile_lookup(c: Compiler, m: Map, place: Place) -> Value:
    """The step ``lookup``: the source value's code on the day of effect."""
    lookup = _known(c, as_text(m.get("lookup"), "lookup", m.where))
    source = m.get("from")
    if source is None:
        raise broken(
            "MAP-OPTION",
            m.where,
            "lookup cần from",
            "lookup needs from",
            hint=("thêm from: TÊN_CỘT", "add from: COLUMN"),
        )
    value = c.value(source, place)
    column = _column(m, lookup)
    policy = _policy(m)
    at = c.value(m.items["at"], place).run if "at" in m.items else None
    run, label, where = value.run, value.label, m.at("lookup")
    dated, undated = lookup.dated, lookup.find

    def translate(scope: Scope) -> Any:
        found = run(scope)
        if is_empty(found):
            return None
        key = key_text(found)
        day = _day(at(scope) if at else scope.run.visit_date, found, label, where, place) if dated else None
        result = undated(key, day, column)
        return result if result is not None else policy(scope, found, label, lookup, where, place)

    if dated:
        return Value(translate, label, where)
    values = {key: periods[0].values[column or lookup.column] for key, periods in lookup.entries.items()}
    at_once = {key: text for key, text in values.items() if key and key == key_text(key)}
    numbers = {int(key): text for key, text in at_once.items() if _WHOLE.fullmatch(key)}
    empty = policy is _empty

    def of_table(found: Any) -> str | None:
        kind = type(found)
        known = at_once.get(found) if kind is str else numbers.get(found) if kind is int else None
        if known is not None:
            return known
        if is_empty(found):
            return None
        text = key_text(found)
        # KeyError ends the quick form: the policy speaks in the exact one
        return values.get(text) if empty else values[text]

    return Value(translate, label, where, quick=lambda w: w.call(of_table, w.value(value), alike=True))


_WHOLE = re.compile(r"0|[1-9][0-9]{0,17}")
"""Keys a whole number of the source is looked up by as it is."""


def _day(value: Any, found: Any, label: str, where: Where, place: Place) -> date | None:
    try:
        return to_date(value)
    except ValueProblem as problem:
        raise value_error(problem, found, label, where, place) from None


def _known(c: Compiler, name: Scalar) -> Lookup:
    lookup = c.lookups.get(name.text)
    if lookup is None:
        raise broken(
            "MAP-LOOKUP",
            name.where,
            f"Không có bảng mã '{name.text}'",
            f"There is no lookup '{name.text}'",
            near=(name.text, c.lookups),
            hint=("khai báo trong lookups", "declare it in lookups"),
        )
    c.used_lookups.add(name.text)
    return lookup


def _column(m: Map, lookup: Lookup) -> str | None:
    node = m.get("column")
    if node is None:
        return None
    name = as_text(node, "column", m.where).text
    if name not in lookup.columns:
        raise broken(
            "MAP-LOOKUP-COLUMN",
            node.where,
            f"Bảng mã {lookup.name} không có cột '{name}'",
            f"Lookup {lookup.name} has no column '{name}'",
            near=(name, lookup.columns),
        )
    return name


Policy = Callable[[Scope, Any, str, Lookup, Where, Place], Any]


def _policy(m: Map) -> Policy:
    node = m.get("on_missing")
    if node is None:
        return _empty if "default" in m.items else _error
    text = as_text(node, "on_missing", m.where).text
    if text not in ON_MISSING:
        raise broken(
            "MAP-OPTION",
            node.where,
            f"on_missing không có '{text}'",
            f"on_missing has no '{text}'",
            near=(text, ON_MISSING),
        )
    return {"error": _error, "keep": _keep, "empty": _empty, "report": _report}[text]


def _empty(_scope: Scope, _found: Any, _label: str, _lookup: Lookup, _where: Where, _place: Place) -> Any:
    return None


def _keep(_scope: Scope, found: Any, _label: str, _lookup: Lookup, _where: Where, _place: Place) -> Any:
    return key_text(found)


def _error(_scope: Scope, found: Any, label: str, lookup: Lookup, where: Where, place: Place) -> Any:
    raise MappingError(
        f"{label}: bảng mã '{lookup.name}' không có giá trị này (giá trị {mask(found)})",
        f"{label}: lookup '{lookup.name}' does not know this value (value {mask(found)})",
        hint_vi="thêm dòng vào bảng mã, hoặc đặt default hay on_missing",
        hint_en="add a line to the lookup, or set default or on_missing",
        where=Where(where.file, where.line, where.column, place.table, None, place.field),
        code="MAP-LOOKUP-MISSING",
    )


def _report(scope: Scope, found: Any, label: str, lookup: Lookup, _where: Where, place: Place) -> Any:
    scope.run.notes.append(
        Note(
            "MAP-LOOKUP-MISSING",
            place.table or "",
            scope.number,
            place.field or "",
            f"{label}: bảng mã '{lookup.name}' không có giá trị này, giữ nguyên (giá trị {mask(found)})",
            f"{label}: lookup '{lookup.name}' does not know this value, kept (value {mask(found)})",
        )
    )
    return key_text(found)


def lookup_function(c: Compiler) -> Callable[..., Any]:
    """``lookup("name", x[, date])`` of expressions; an unknown value gives None."""

    def look(scope: Any, name: str, value: Any, on: Any = None) -> Any:
        lookup = c.lookups.get(name)
        if lookup is None:
            raise ValueProblem(f"không có bảng mã '{name}'", f"there is no lookup '{name}'")
        if is_empty(value):
            return None
        run = scope.run
        return lookup.find(key_text(value), to_date(on) if on is not None else run.visit_date)

    return look


# ---- mapped fields -------------------------------------------------------------------------------------


def compile_field(c: Compiler, node: Node, place: Place) -> Value:
    """The step ``field``: this row's own field, or one of a one-row table."""
    name = as_text(node, "field", node.where)
    table, spec = _target(c, name.text, name.where, place)
    read = _reader(table if table != place.table else None, spec)
    return Value(
        lambda scope: typed(spec, read(scope)), name.text, name.where, quick=lambda w: w.own_field(table, spec)
    )


class FieldFunction:
    """``field("NAME")`` of expressions; targets are found when the mapping is loaded."""

    def __init__(self, c: Compiler, place: Place) -> None:
        self._compiler, self._place = c, place
        self._known: dict[str, tuple[Callable[[Scope], str], FieldSpec]] = {}
        self.targets: dict[str, tuple[str, FieldSpec]] = {}

    def prepare(self, name: str, where: Where) -> None:
        """Resolve one name. Raises MappingError."""
        table, spec = _target(self._compiler, name, where, self._place)
        self._known[name] = (_reader(table if table != self._place.table else None, spec), spec)
        self.targets[name] = (table, spec)

    def __call__(self, scope: Any, name: str) -> Any:
        read, spec = self._known[name]
        return typed(spec, read(scope))


def _target(c: Compiler, text: str, where: Where, place: Place) -> tuple[str, FieldSpec]:
    prefix, dot, name = text.partition(".")
    table = prefix if dot else place.table
    name = name if dot else prefix
    if table is None:
        raise broken(
            "MAP-FIELD",
            where,
            f"'{text}': cần nói rõ bảng",
            f"'{text}': name the table too",
            hint=(f"viết XML1.{text}", f"write XML1.{text}"),
        )
    target = c.targets.get(table)
    if target is None:
        raise broken(
            "MAP-FIELD",
            where,
            f"Bảng {table} không có trong ánh xạ",
            f"Table {table} is not in the mapping",
            near=(table, c.targets),
        )
    spec = target.fields.get(name)
    if spec is None:
        raise broken(
            "MAP-FIELD",
            where,
            f"Bảng {table} không có trường '{name}'",
            f"Table {table} has no field '{name}'",
            near=(name, target.fields),
        )
    if table != place.table and not target.single:
        raise broken(
            "MAP-FIELD",
            where,
            f"{table} có nhiều dòng, không lấy được một trường",
            f"{table} has many rows; no single field",
            hint=("dùng sum, count", "use sum or count"),
        )
    place.depends.add(f"{table}.{name}")
    return table, spec


def _reader(table: str | None, spec: FieldSpec) -> Callable[[Scope], str]:
    name = spec.name
    if table is not None:
        return lambda scope: scope.run.single(table).text(name)

    def own(scope: Scope) -> str:
        at: Scope | None = scope
        while at is not None:
            if at.makers is not None:
                return at.text(name)
            at = at.outer
        return ""

    return own


# ---- sums over mapped tables ------------------------------------------------------------------------------


def is_mapped(node: Node, c: Compiler) -> bool:
    """Whether the argument of sum or count names mapped tables rather than a collection of the source."""
    first = as_list(node)[0] if as_list(node) else node
    if not isinstance(first, Scalar):
        return False
    table = first.text.partition(".")[0]
    return table in c.targets or (table.startswith("XML") and table[3:].isdigit())


def compile_aggregate(c: Compiler, m: Map, step: str, place: Place) -> Value:
    """``sum: XML2.FIELD`` (or several), ``count: XML2``, with ``where`` over the mapped fields."""
    for key in m.items:
        if key in ("value", "distinct", "on", "order_by"):
            raise broken(
                "MAP-OPTION",
                m.at(key),
                f"'{key}' chỉ dùng với tập dòng của nguồn",
                f"'{key}' is for collections of the source",
            )
    parts = [_part(c, item, step, place) for item in as_list(m.items[step])]
    condition = _mapped_condition(c, m, [table for table, _ in parts], place)

    def total(scope: Scope) -> Any:
        count, result = 0, Decimal(0)
        for table, spec in parts:
            rows = scope.run.rows(table)
            if condition is not None:
                rows = condition(scope, table, rows)
            if spec is None:
                count += len(rows)
            else:
                result = CONTEXT.add(result, _sum(rows, spec.name))
        return result if step == "sum" else count

    label = ", ".join(f"{t}.{s.name}" if s else t for t, s in parts)
    return Value(total, label, m.at(step))


def _sum(rows: Sequence[Mapping[str, str]], field: str) -> Decimal:
    """The exact total of a number field over finished rows."""
    if not rows or field not in rows[0]:  # rows of one table have the same fields; an older layout lacks some
        return Decimal(0)
    with localcontext(CONTEXT):
        return sum(filter(None, map(text_to_decimal, map(itemgetter(field), rows))), Decimal(0))


def _part(c: Compiler, node: Node, step: str, place: Place) -> tuple[str, FieldSpec | None]:
    text = as_text(node, step, node.where)
    table, dot, name = text.text.partition(".")
    target = c.targets.get(table)
    if target is None:
        raise broken(
            "MAP-FIELD",
            node.where,
            f"Bảng {table} không có trong ánh xạ",
            f"Table {table} is not in the mapping",
            near=(table, c.targets),
        )
    place.depends.add(f"{table}.*")
    if not dot and step == "count":
        return table, None
    spec = target.fields.get(name)
    if spec is None or (step == "sum" and spec.kind != "N"):
        numbers = [f for f, s in target.fields.items() if s.kind == "N"]
        raise broken(
            "MAP-FIELD",
            node.where,
            f"Bảng {table} không có trường số '{name}'",
            f"Table {table} has no number field '{name}'",
            near=(name, numbers),
            hint=(f"viết {table}.TRƯỜNG", f"write {table}.FIELD"),
        )
    return table, spec if step == "sum" else None


class _FieldNames(Names):
    """Names of a condition over a finished row: its fields, typed as the field is."""

    def __init__(self, fields: Mapping[str, FieldSpec]) -> None:
        self.fields = fields

    def name(self, name: str, pool: Pool) -> str:
        spec = self.fields.get(name)
        if spec is None:
            raise NotInlineError
        text = pool.temporary()
        value = f"{pool.give(text_to_decimal)}({text})" if spec.kind == "N" else text
        return f"({value} if ({text} := s.get({pool.give(name)})) else None)"

    def column(self, row: str, column: str, pool: Pool) -> str:  # noqa: ARG002 -- another row than the one at hand
        raise NotInlineError

    def host(self, name: str, host: Any, node: ast.Call, arguments: list[str], pool: Pool) -> str:  # noqa: ARG002
        raise NotInlineError  # hosts want a scope, and here is only a row


def _mapped_condition(
    c: Compiler, m: Map, tables: list[str], place: Place
) -> Callable[[Scope, str, Sequence[Mapping[str, str]]], Sequence[Mapping[str, str]]] | None:
    """Which rows of a mapped table the ``where`` keeps."""
    node = m.get("where")
    if node is None:
        return None
    fields = set.intersection(*(set(c.targets[t].fields) for t in tables))
    inside = Place({**c.top, **dict.fromkeys(fields, VALUE)}, None, place.table, place.spec, place.depends)
    found = c.expression(node, inside)
    unknown = sorted(found.names - set(inside.names))
    if unknown:
        raise broken(
            "MAP-FIELD",
            node.where,
            f"Bảng {tables[0]} không có trường '{unknown[0]}'",
            f"Table {tables[0]} has no field '{unknown[0]}'",
            near=(unknown[0], fields),
        )

    def holds(scope: Scope, table: str, row: Mapping[str, str]) -> bool:
        values = SparseRow(
            {name: typed(c.targets[table].fields[name], row.get(name, "")) for name in found.names & fields}
        )
        try:
            return bool(found(Scope(scope.run, values, scope, scope.run.inner_names)))
        except ExpressionError as error:
            raise as_mapping_error(error, place, "MAP-EXPR-RUN") from error

    tests = {table: generated(found.checked, _FieldNames(c.targets[table].fields)) for table in tables}

    def kept(scope: Scope, table: str, rows: Sequence[Mapping[str, str]]) -> Sequence[Mapping[str, str]]:
        if (test := tests[table]) is not None:
            try:
                return [row for row in rows if test(row)]
            except Exception:  # noqa: BLE001, S110 -- nothing is swallowed: the exact way runs next and raises
                pass
        return [row for row in rows if holds(scope, table, row)]

    return kept
