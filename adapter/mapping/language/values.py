"""Compiling values: from the tree of a mapping file to functions of a scope.

A value is a selector, a list (the first that is not empty), null, or a step in braces. Which
steps exist is data in :mod:`adapter.mapping.language.steps`; the options every step shares are in
:mod:`adapter.mapping.language.options`.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from adapter.errors import ExpressionError, MappingError, Where
from adapter.expr import Expression, HostFunction, ValueProblem, compile_expression
from adapter.expr.generate import ExpressionText, Names, NotInlineError, Pool
from adapter.mapping.language.compiled import LIST, ROW, VALUE, Condition, Place, Pure, RowsTest, Target, Value
from adapter.mapping.language.scope import SPECIAL, Scope, Thunk, no_column
from adapter.mapping.lookups import Lookup
from adapter.mapping.problems import broken
from adapter.mapping.yamltree import Map, Node, Scalar, Seq
from adapter.text import mask

if TYPE_CHECKING:
    pass

_NOT_A_COLUMN = set("()+*/<>=\"'{}[],;\n") | {"|"}


class Compiler:
    """Shared by all values of one mapping."""

    def __init__(self, lookups: Mapping[str, Lookup], collections: Iterable[str] | None) -> None:
        self.lookups = lookups
        self.collections = None if collections is None else frozenset(collections)
        self.reads: dict[str, set[str]] = {"": set()}
        self.used_lookups: set[str] = set()
        self.used_names: set[str] = set()
        self.used_collections: set[str] = set()
        self.errors: list[MappingError] | None = None
        self.top: dict[str, str] = dict.fromkeys(SPECIAL, VALUE) | {"encounter": ROW}
        self.row_sources: dict[str, str | None] = {}
        self.targets: Mapping[str, Target] = {}

    def inside(self, place: Place, collection: str | None) -> Place:
        """The place of ``where``, ``value`` and ``order_by`` over a collection's row."""
        return replace(place, names={**self.top, "parent": ROW}, source=collection)

    # ---- values ---------------------------------------------------------------------------------

    def value(self, node: Node, place: Place) -> Value:
        """Compile any form of value. Raises MappingError."""
        if isinstance(node, Scalar):
            return self.selector(node, place)
        if isinstance(node, Seq):
            return self._first_filled(node, place)
        return self._step(node, place)

    def selector(self, node: Scalar, place: Place) -> Value:
        """A column, a named value, or a column of a named row."""
        text = node.text.strip()
        if node.null or not text:
            return Value(lambda _scope: None, "null", node.where, const="", quick=lambda _w: "None")
        kind = place.names.get(text)
        self.used_names.update((text, text.partition(".")[0]))
        if kind == VALUE:
            return Value(lambda scope: scope.names[text](scope), text, node.where, quick=lambda w: w.named(text))
        if kind in (ROW, LIST):
            raise broken(
                "MAP-SELECTOR",
                node.where,
                f"'{text}' là một hàng, không phải giá trị",
                f"'{text}' is a row, not a value",
                hint=(f"viết {text}.TÊN_CỘT", f"write {text}.COLUMN"),
            )
        prefix, dot, column = text.partition(".")
        if dot and (kind := place.names.get(prefix)) is not None:
            if kind != ROW:
                raise broken(
                    "MAP-SELECTOR", node.where, f"'{prefix}' không phải một hàng", f"'{prefix}' is not a single row"
                )
            return self._of_row(node, prefix, column)
        self._refuse_strange(node, text)
        self.read(place.source, text)
        where = node.where

        def column_of_row(scope: Scope) -> Any:
            try:
                return scope.row[text]
            except KeyError:
                raise no_column(where, text, scope, place.source or "") from None

        return Value(
            column_of_row,
            text,
            where,
            column=text,
            quick=lambda w: w.column(text),
            pure=Pure(text, (), lambda found: found),
        )

    def _of_row(self, node: Scalar, name: str, column: str) -> Value:
        where = node.where
        self.read("" if name == "encounter" else self.row_sources.get(name), column)

        def read(scope: Scope) -> Any:
            row = scope.names[name](scope)
            try:
                return row[column]
            except KeyError:
                raise no_column(where, column, row, name) from None

        return Value(read, node.text, where, quick=lambda w: w.of_row(name, column))

    def _refuse_strange(self, node: Scalar, text: str) -> None:
        if set(text) & _NOT_A_COLUMN:
            raise broken(
                "MAP-SELECTOR",
                node.where,
                "Đây không phải tên cột",
                "This is not a column's name",
                hint=(
                    'viết {expr: "…"} cho biểu thức, {const: …} cho hằng số',
                    'write {expr: "…"} for an expression, {const: …} for a constant',
                ),
            )
        if text.replace(".", "").isdigit():
            raise broken(
                "MAP-SELECTOR",
                node.where,
                "Con số không phải tên cột",
                "A number is not a column's name",
                hint=(f'viết {{const: "{text}"}}', f'write {{const: "{text}"}}'),
            )

    def _first_filled(self, node: Seq, place: Place) -> Value:
        values = [self.value(item, place) for item in node.items]
        if not values:
            raise broken("MAP-SHAPE", node.where, "Danh sách trống", "The list is empty")
        runs = tuple(v.run for v in values)

        def first(scope: Scope) -> Any:
            for run in runs:
                found = run(scope)
                if not is_empty(found):
                    return found
            return None

        return Value(first, ", ".join(v.label for v in values), node.where, quick=lambda w: w.first_filled(values))

    def _step(self, node: Map, place: Place) -> Value:
        from adapter.mapping.language.options import OPTIONS, apply_options
        from adapter.mapping.language.steps import STEPS

        named = [key for key in node.items if key in STEPS]
        # {split: X, join: " "}, {lookup: sex, from: X}: a name that is another step's option belongs to it.
        named = [key for key in named if not any(key in STEPS[other].options for other in named if other != key)]
        if len(named) != 1 or (named[0] != "lookup" and "from" in node.items and named[0] != "from"):
            self._refuse_steps(node, named, STEPS)
        step = STEPS[named[0]]
        allowed = {named[0], *step.options, *OPTIONS}
        for key in node.items:
            if key not in allowed:
                raise broken(
                    "MAP-OPTION",
                    node.at(key),
                    f"Bước '{named[0]}' không có tùy chọn '{key}'",
                    f"Step '{named[0]}' has no option '{key}'",
                    near=(key, allowed - {named[0]}),
                )
        value = step.compile(self, node, place)
        return apply_options(self, value, node, place, skip=frozenset({named[0], *step.options}))

    def _refuse_steps(self, node: Map, named: list[str], steps: Mapping[str, Any]) -> None:
        if named:
            raise broken(
                "MAP-STEP",
                node.at(named[-1]),
                f"Chỉ một bước trong một ngoặc, có: {', '.join(named)}",
                f"Exactly one step per braces, found: {', '.join(named)}",
                hint=("lồng bước này làm tham số của bước kia", "nest one step as the other's argument"),
            )
        key = next(iter(node.items), "")
        raise broken(
            "MAP-STEP",
            node.at(key),
            f"Không có bước '{key}'",
            f"There is no step '{key}'",
            near=(key, steps),
            hint=("xem docs/mapping/reference.md", "see docs/mapping/reference.md"),
        )

    # ---- what values are made of ----------------------------------------------------------------------

    def read(self, source: str | None, column: str) -> None:
        """Remember that a column of the source is needed."""
        if source is not None:
            self.reads.setdefault(source, set()).add(column)

    def expression(self, node: Node, place: Place) -> Expression:
        """Compile an expression and note what it reads. Raises MappingError."""
        from adapter.mapping.language.crossing import FieldFunction, lookup_function

        if not isinstance(node, Scalar) or node.null:
            raise broken(
                "MAP-EXPR",
                node.where,
                "Cần một biểu thức",
                "An expression is needed",
                hint=("đặt biểu thức trong nháy kép", "put the expression in quotes"),
            )
        field = FieldFunction(self, place)
        functions = {
            "field": HostFunction(1, 1, field, literal=1),
            "lookup": HostFunction(2, 3, lookup_function(self), literal=1),
        }
        try:
            found = compile_expression(
                node.text,
                names=None,
                where=node.where,
                functions=functions,
                reader=_reader(place),
                inline=ScopeNames(place.names, self.top),
            )
        except ExpressionError as error:
            raise as_mapping_error(error, place, "MAP-EXPR") from error
        for name, arguments in found.calls:
            if name == "field":
                field.prepare(arguments[0], node.where)
            elif arguments[0] not in self.lookups:
                raise broken(
                    "MAP-LOOKUP",
                    node.where,
                    f"Không có bảng mã '{arguments[0]}'",
                    f"There is no lookup '{arguments[0]}'",
                    near=(arguments[0], self.lookups),
                )
            else:
                self.used_lookups.add(arguments[0])
        self._note_reads(found, place)
        return found

    def _note_reads(self, found: Expression, place: Place) -> None:
        rows = {name for name, _ in found.columns}
        self.used_names.update(found.names, rows, found.collections)
        for name in found.names - rows:
            kind = place.names.get(name)
            if kind is None:
                self.read(place.source, name)
            elif kind != VALUE:
                raise broken(
                    "MAP-EXPR",
                    found.where,
                    f"'{name}' là một hàng, không phải giá trị",
                    f"'{name}' is a row, not a value",
                    hint=(f'viết {name}["CỘT"]', f'write {name}["COLUMN"]'),
                )
        for name, column in found.columns:
            known = {*place.names, "parent"} if found.collections else set(place.names)
            if name not in known:
                raise broken(
                    "MAP-EXPR",
                    found.where,
                    f"Không có hàng tên '{name}'",
                    f"There is no row named '{name}'",
                    near=(name, [n for n, kind in place.names.items() if kind == ROW]),
                )
            self.read("" if name == "encounter" else self.row_sources.get(name), column)
        for name, columns in found.collections.items():
            if place.names.get(name) == LIST:
                continue
            self.known_collection(name, found.where, place)
            for column in columns:
                if column not in self.top and column != "parent":
                    self.read(name, column)

    def known_collection(self, name: str, where: Where, place: Place) -> None:
        """MappingError when neither the source nor a ``with`` offers this collection."""
        self.used_collections.add(name)
        self.used_names.add(name)
        if place.names.get(name) == LIST or self.collections is None or name in self.collections:
            return
        lists = [n for n, kind in place.names.items() if kind == LIST]
        raise broken(
            "MAP-COLLECTION",
            where,
            f"Không có tập dòng '{name}'",
            f"There is no collection '{name}'",
            near=(name, [*self.collections, *lists]),
            hint=("khai báo trong source.collections", "declare it in source.collections"),
        )

    def condition(self, node: Node, place: Place) -> Callable[[Scope], bool]:
        """An expression as a yes or no."""
        return self.test(node, place).run

    def test(self, node: Node, place: Place) -> Condition:
        """:meth:`condition` with its generated form."""
        found = self.expression(node, place)

        run = found.run

        def holds(scope: Scope) -> bool:
            try:
                return bool(run(scope))
            except ExpressionError as error:
                raise as_mapping_error(error, place, "MAP-EXPR-RUN") from error

        return Condition(holds, lambda w: w.expression(found), found.fast, _rows_test(found, place.names, self.top))


class ScopeNames(Names):
    """Names of an expression read from a scope."""

    def __init__(self, names: Mapping[str, str], top: Mapping[str, str]) -> None:
        self.names, self.top = names, top

    def name(self, name: str, pool: Pool) -> str:
        return f"s[{pool.give(name)}]" if name in self.names else f"s.row[{pool.give(name)}]"

    def column(self, row: str, column: str, pool: Pool) -> str:
        if row == "encounter" and column not in self.top:
            return f"s.run.root.row[{pool.give(column)}]"
        return super().column(row, column, pool)


class _RowNames(Names):
    """Names of an expression that asks only the row ``r`` and the encounter's row ``e``; it needs no scope."""

    def __init__(self, names: Mapping[str, str], top: Mapping[str, str]) -> None:
        self.names, self.top = names, top

    def name(self, name: str, pool: Pool) -> str:
        if name in self.names:
            raise NotInlineError
        return f"r[{pool.give(name)}]"

    def column(self, row: str, column: str, pool: Pool) -> str:
        if row != "encounter" or column in self.top:
            raise NotInlineError
        return f"e[{pool.give(column)}]"

    def host(self, name: str, host: Any, node: ast.Call, arguments: list[str], pool: Pool) -> str:  # noqa: ARG002
        raise NotInlineError  # hosts want a scope


def _rows_test(found: Expression, names: Mapping[str, str], top: Mapping[str, str]) -> RowsTest | None:
    """The generated function that picks rows without making a scope for each; None when one is needed."""
    pool = Pool()
    try:
        text = ExpressionText(found.checked, _RowNames(names, top), pool).node(found.checked.body)
    except NotInlineError:
        return None
    lines = ["def f(rows, e):", " kept = []", " for r in rows:", f"  if {text}:", "   kept.append(r)", " return kept"]
    return pool.function("f", "\n".join([*lines, ""]))


def _reader(place: Place) -> Callable[[str], Thunk | None]:
    """The short way to a name in expressions that is nothing but a column of the row."""

    def reader(name: str) -> Thunk | None:
        if name in place.names:
            return None
        return lambda scope: scope.row[name]

    return reader


def is_empty(value: Any) -> bool:
    """None, empty text or only blanks."""
    return value is None or (type(value) is str and not value.strip())


def on_value(
    value: Value, change: Callable[[Any], Any], where: Where, place: Place, key: tuple[Any, ...] | None = None
) -> Value:
    """A value changed by a function; its ValueProblem becomes an error that names the source, masked.

    ``key`` names the change where equal names mean equal functions; such a change treats equal numbers alike.
    """
    run, label, column = value.run, value.label, value.column

    def changed_column(scope: Scope) -> Any:
        try:
            found = scope.row[column or ""]
        except KeyError:
            found = run(scope)  # raises with the nearest name
        try:
            return change(found)
        except ValueProblem as problem:
            raise value_error(problem, found, label, where, place) from None

    def changed(scope: Scope) -> Any:
        found = run(scope)
        try:
            return change(found)
        except ValueProblem as problem:
            raise value_error(problem, found, label, where, place) from None

    return Value(
        changed if column is None else changed_column,
        label,
        where,
        quick=lambda w: w.call(change, w.value(value), alike=key is not None),
        pure=then(value.pure, change, key),
    )


def then(pure: Pure | None, change: Callable[[Any], Any], key: tuple[Any, ...] | None) -> Pure | None:
    """A further change behind a pure one; None when either is not known to be pure."""
    if pure is None or key is None:
        return None
    before = pure.change
    return Pure(pure.column, (*pure.key, key), lambda found: change(before(found)))


def value_error(problem: ValueProblem, found: Any, label: str, where: Where, place: Place) -> MappingError:
    """A MappingError for a source value that cannot be used."""
    target = Where(where.file, where.line, where.column, place.table, None, place.field)
    shown = mask(found)
    return MappingError(
        f"{label}: {problem.vi} (giá trị {shown})",
        f"{label}: {problem.en} (value {shown})",
        hint_vi="sửa dữ liệu ở HIS hoặc bước này của ánh xạ",
        hint_en="repair the data in the HIS, or this step of the mapping",
        where=target,
        code="MAP-VALUE",
    )


def as_mapping_error(error: ExpressionError, place: Place, code: str) -> MappingError:
    """The same message as a mapping's error, with the target named."""
    at = error.where or Where()
    return MappingError(
        error.message_vi,
        error.message_en,
        hint_vi=error.hint_vi,
        hint_en=error.hint_en,
        where=Where(at.file, at.line, at.column, place.table, at.row, place.field),
        code=code,
    )
