"""Rows from collections: join, where, order, and the named rows of ``with``."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from adapter.errors import MappingError, Where
from adapter.expr import ValueProblem, admit
from adapter.mapping.language.compiled import LIST, ROW, Condition, Place, Value
from adapter.mapping.language.scope import NO_ROW, Rows, Scope, SparseRow, Thunk, no_column
from adapter.mapping.language.values import Compiler
from adapter.mapping.lookups import key_text
from adapter.mapping.problems import broken
from adapter.mapping.yamltree import Map, Node, Scalar, as_list, as_map, as_text

COLLECTION_OPTIONS = ("where", "on", "order_by")
BINDINGS = ("first", "last", "all", "pivot")
_BINDING_OPTIONS = (*COLLECTION_OPTIONS, "json", "key", "value")

RowsOf = Callable[[Scope], Rows]


def compile_rows(compiler: Compiler, node: Node, options: Map, place: Place) -> tuple[RowsOf, Place]:
    """The rows of a collection after ``on``, ``where`` and ``order_by``, and the place inside them."""
    name = as_text(node, "collection", options.where).text
    compiler.known_collection(name, node.where, place)
    named = place.names.get(name) == LIST
    source = compiler.row_sources.get(name) if named else name
    inner = compiler.inside(place, source)
    rows = _joined(compiler, name, options, place, source, named=named)
    if (where := options.get("where")) is not None:
        rows = _filtered(rows, compiler.test(where, inner))
    if (order := options.get("order_by")) is not None:
        rows = _sorted(rows, order_keys(compiler, order, inner), order.where)
    return rows, inner


def _joined(compiler: Compiler, name: str, options: Map, place: Place, source: str | None, *, named: bool) -> RowsOf:
    where = options.where
    on = options.get("on")
    if on is None:
        if named:
            return lambda scope: scope.collection(name)
        return lambda scope: scope.run.rows_of(name, where)
    pairs = as_map(on, "on", where).items
    if not pairs:
        raise broken(
            "MAP-SHAPE", on.where, "on trống", "on is empty", hint=("viết {CỘT: GIÁ_TRỊ}", "write {COLUMN: value}")
        )
    columns = tuple(pairs)
    for column in columns:
        compiler.read(source, column)
    keys = tuple(compiler.value(value, place).run for value in pairs.values())
    join_where = on.where

    def wanted(scope: Scope) -> tuple[str, ...] | None:
        found = tuple(key_text(key(scope)) for key in keys)
        return found if all(found) else None  # NULL joins nothing

    if not named:

        def through_index(scope: Scope) -> Rows:
            key = wanted(scope)
            return () if key is None else scope.run.joined(name, columns, key, join_where)

        return through_index

    def through_list(scope: Scope) -> Rows:
        key = wanted(scope)
        rows = scope.collection(name)
        try:
            return [] if key is None else [r for r in rows if tuple(key_text(r[c]) for c in columns) == key]
        except KeyError as error:
            raise no_column(join_where, str(error.args[0]), rows[0], name) from None

    return through_list


def _filtered(rows: RowsOf, condition: Condition) -> RowsOf:
    def kept(scope: Scope) -> Rows:
        every = rows(scope)
        found = condition.kept_rows(every, scope)
        return [at.row for at in condition.kept([scope.inner(row) for row in every])] if found is None else found

    return kept


def order_keys(compiler: Compiler, node: Node, inner: Place) -> list[tuple[Value, bool]]:
    """(value, descending) for each part of ``order_by``."""
    keys: list[tuple[Value, bool]] = []
    for item in as_list(node):
        if isinstance(item, Scalar) and item.text.startswith("-"):
            keys.append((compiler.value(Scalar(item.text[1:].strip(), item.where, item.plain), inner), True))
        else:
            keys.append((compiler.value(item, inner), False))
    return keys


def _sorted(rows: RowsOf, keys: list[tuple[Value, bool]], where: Where) -> RowsOf:
    def ordered(scope: Scope) -> Rows:
        found = rows(scope)
        return found if len(found) < 2 else [s.row for s in sort_scopes([scope.inner(r) for r in found], keys, where)]

    return ordered


def sort_scopes(scopes: list[Scope], keys: list[tuple[Value, bool]], where: Where) -> list[Scope]:
    """Scopes in order; equal ones stay as they came, empty values come first."""
    for value, descending in reversed(keys):
        run = value.run
        try:
            scopes = sorted(scopes, key=lambda s: _sort_key(run(s)), reverse=descending)
        except (TypeError, ValueProblem):
            raise broken(
                "MAP-ORDER",
                where,
                f"Không sắp thứ tự được theo {value.label}: giá trị khác kiểu",
                f"Cannot order by {value.label}: values of different kinds",
            ) from None
    return scopes


def _sort_key(value: Any) -> tuple[int, Any]:
    return (0, 0) if value is None else (1, admit(value))


# ---- `with` -----------------------------------------------------------------------------------


def binding_kind(name: str, node: Node) -> str:
    """Whether an entry of ``with`` is a row or a list of rows. Raises MappingError."""
    block = as_map(node, f"with.{name}", node.where)
    named = [key for key in block.items if key in BINDINGS]
    if len(named) != 1:
        raise broken(
            "MAP-WITH",
            block.where,
            f"with.{name} cần đúng một trong: {', '.join(BINDINGS)}",
            f"with.{name} needs exactly one of: {', '.join(BINDINGS)}",
        )
    for key in block.items:
        if key not in (*BINDINGS, *_BINDING_OPTIONS):
            raise broken(
                "MAP-OPTION",
                block.at(key),
                f"with.{name} không có tùy chọn '{key}'",
                f"with.{name} has no option '{key}'",
                near=(key, (*BINDINGS, *_BINDING_OPTIONS)),
            )
    return LIST if named[0] == "all" else ROW


def binding_source(node: Node) -> str | None:
    """The collection whose columns the named rows have; None for JSON and pivots."""
    block = as_map(node, "with", node.where)
    if "json" in block.items or "pivot" in block.items:
        return None
    collection = next(block.items[key] for key in BINDINGS if key in block.items)
    return collection.text if isinstance(collection, Scalar) else None


def compile_binding(compiler: Compiler, node: Node, place: Place) -> Thunk:
    """The row, or the rows, a ``with`` entry stands for."""
    block = as_map(node, "with", node.where)
    kind = next(key for key in BINDINGS if key in block.items)
    rows, inner = compile_rows(compiler, block.items[kind], block, place)
    if kind == "pivot":
        return _pivot(compiler, block, rows, inner)
    if (column := block.get("json")) is not None:
        rows = _json_rows(compiler.value(column, inner), rows, column.where)
    if kind == "all":
        return lambda scope: list(rows(scope))
    index = 0 if kind == "first" else -1

    def one(scope: Scope) -> Mapping[str, Any]:
        found = rows(scope)
        return found[index] if found else NO_ROW

    return one


def _pivot(compiler: Compiler, block: Map, rows: RowsOf, inner: Place) -> Thunk:
    parts: list[Value] = []
    for key in ("key", "value"):
        part = block.get(key)
        if part is None:
            raise broken("MAP-WITH", block.where, f"pivot cần {key}", f"pivot needs {key}")
        parts.append(compiler.value(part, inner))
    key_of, value_of = (p.run for p in parts)

    def pivot(scope: Scope) -> Mapping[str, Any]:
        found = SparseRow()
        for row in rows(scope):
            at = scope.inner(row)
            name = key_text(key_of(at))
            if found.get(name) in (None, ""):  # the first value that is there stands
                found[name] = value_of(at)
        return found

    return pivot


def _json_rows(column: Value, rows: RowsOf, where: Where) -> RowsOf:
    def parsed(scope: Scope) -> Rows:
        result: list[Mapping[str, Any]] = []
        for row in rows(scope):
            document = parse_json(column.run(scope.inner(row)), where, column.label)
            for item in document if isinstance(document, list) else [document]:
                if isinstance(item, dict):
                    result.append(flatten(item))
        return result

    return parsed


def parse_json(text: Any, where: Where, label: str) -> Any:
    """JSON with exact numbers; None for empty text. Raises MappingError without showing the text."""
    if text is None or text == "":
        return None
    try:
        return json.loads(text, parse_float=Decimal, parse_constant=_refuse_constant)
    except (ValueError, TypeError, RecursionError):
        raise broken(
            "MAP-JSON", where, f"{label}: nội dung không phải JSON hợp lệ", f"{label}: the content is not valid JSON"
        ) from None


def _refuse_constant(_name: str) -> None:
    raise ValueError


def flatten(document: Mapping[str, Any], prefix: str = "", into: SparseRow | None = None) -> SparseRow:
    """Nested objects and lists as dotted names: ``a.b``, ``a.0``."""
    row = SparseRow() if into is None else into
    for key, value in document.items():
        name = f"{prefix}{key}"
        if isinstance(value, dict):
            flatten(value, f"{name}.", row)
        elif isinstance(value, list):
            flatten({str(i): v for i, v in enumerate(value)}, f"{name}.", row)
        else:
            row[name] = value
    return row


__all__ = [
    "BINDINGS",
    "COLLECTION_OPTIONS",
    "MappingError",
    "Sequence",
    "binding_kind",
    "binding_source",
    "compile_binding",
    "compile_rows",
    "flatten",
    "order_keys",
    "parse_json",
    "sort_scopes",
]
