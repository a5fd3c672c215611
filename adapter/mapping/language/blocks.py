"""Tables of a mapping: blocks of fields, one row for the encounter or one for each row of a collection."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from adapter.errors import BhytError, ExpressionError, MappingError, Where
from adapter.expr import ValueProblem
from adapter.mapping.language.rows import (
    binding_kind,
    binding_source,
    compile_binding,
    compile_rows,
    order_keys,
    sort_scopes,
)
from adapter.mapping.language.scope import Mapped, Note, Run, Scope, SparseRow, Thunk, kept
from adapter.mapping.language.values import LIST, VALUE, Compiler, Place, Value, value_error
from adapter.mapping.language.wire import writer_for
from adapter.mapping.lookups import key_text
from adapter.mapping.problems import at_field, broken
from adapter.mapping.yamltree import Map, Node, as_list, as_map
from adapter.standard.model import FieldSpec, Standard, Table
from adapter.standard.wire import formatter
from adapter.text import clean

BLOCK_OPTIONS = (
    "each",
    "when",
    "with",
    "let",
    "order_by",
    "group_by",
    "having",
    "distinct_by",
    "on",
    "inner",
    "keep",
    "rows",
)

Maker = Callable[[Scope], str]


@dataclass(frozen=True, slots=True)
class FieldStep:
    """One assignment: the target's name, its value, where it was written, what it depends on."""

    name: str
    value: Value
    place: Place
    node: Node

    @property
    def where(self) -> Where:
        return at_field(self.value.where, self.place.table, self.name)


@dataclass(frozen=True, slots=True)
class Block:
    """One block of a table, compiled, not yet bound to a layout."""

    table: str
    where: Where
    each: Callable[[Scope], Sequence[Mapping[str, Any]]] | None
    source: str | None
    names: Mapping[str, Thunk]
    when: Callable[[Scope], bool] | None
    order: tuple[tuple[Value, bool], ...]
    group: tuple[Value, ...]
    having: Callable[[Scope], bool] | None
    distinct: tuple[Value, ...]
    keep: Callable[[Mapping[str, str], Scope], bool] | None
    fields: tuple[FieldStep, ...]
    inner: Block | None


class BlockCompiler:
    """Compiles the blocks of one table."""

    def __init__(
        self, compiler: Compiler, table: str, specs: Mapping[str, FieldSpec], names: Mapping[str, Thunk]
    ) -> None:
        self.c, self.table, self.specs, self.names = compiler, table, specs, names

    def block(self, node: Map, outer: Place | None = None, outer_names: Mapping[str, Thunk] | None = None) -> Block:
        """Compile a block. Raises MappingError."""
        self._check_keys(node, inner=outer is not None)
        place = outer or Place(self.c.top, "", self.table)
        each = None
        names = dict(outer_names or self.names)
        if "each" in node.items:
            each, place, names = self._each(node, place, inner=outer is not None)
        elif outer is not None:
            raise broken("MAP-BLOCK", node.where, "inner cần each", "inner needs each")
        place = self._with(node, place, names)
        for option in ("group_by", "having", "distinct_by", "order_by"):
            if option in node.items and each is None:
                raise broken("MAP-BLOCK", node.at(option), f"{option} cần each", f"{option} needs each")
        group = self._values(node, "group_by", place)
        if group:
            self.c.row_sources["group"] = place.source
            place = Place({**place.names, "group": LIST}, place.source, self.table)
            names["group"] = lambda scope: scope.cache["group"]
        return Block(
            self.table,
            node.where,
            each,
            place.source,
            names,
            self._test(node, "when", place),
            tuple(order_keys(self.c, node.items["order_by"], place)) if "order_by" in node.items else (),
            group,
            self._test(node, "having", place),
            self._values(node, "distinct_by", place),
            self._keep(node),
            tuple(self._fields(node, place)),
            self._inner(node, place, names),
        )

    def _check_keys(self, node: Map, *, inner: bool) -> None:
        for key in node.items:
            if key in BLOCK_OPTIONS and (key != "on" or inner):
                continue
            if key not in self.specs:
                hint = ("`on` chỉ dùng trong inner", "`on` belongs to inner") if key == "on" else ("", "")
                possible = self.specs if key[:1].isupper() else [o for o in BLOCK_OPTIONS if o != "on"]
                raise broken(
                    "MAP-FIELD",
                    node.at(key),
                    f"Bảng {self.table} không có trường hay tùy chọn '{key}'",
                    f"Table {self.table} has no field or option '{key}'",
                    near=(key, possible),
                    hint=hint,
                )

    def _each(
        self, node: Map, place: Place, *, inner: bool
    ) -> tuple[Callable[[Scope], Sequence[Mapping[str, Any]]], Place, dict[str, Thunk]]:
        options = Map({k: v for k, v in node.items.items() if k == "on" and inner}, node.where, node.keys)
        each, _ = compile_rows(self.c, node.items["each"], options, place)
        name = node.items["each"].text if hasattr(node.items["each"], "text") else ""
        source = self.c.row_sources.get(name) if place.names.get(name) == LIST else name
        kinds = {**self.c.top}
        fresh = dict(self.names)
        if inner:
            kinds["parent"] = "row"
            fresh["parent"] = lambda scope: scope.outer
        return each, Place(kinds, source, self.table), fresh

    def _with(self, node: Map, place: Place, names: dict[str, Thunk]) -> Place:
        kinds, found = compile_names(self.c, node, place)
        names.update(found)
        return Place(kinds, place.source, self.table) if found else place

    def _values(self, node: Map, option: str, place: Place) -> tuple[Value, ...]:
        if option not in node.items:
            return ()
        return tuple(self.c.value(item, place) for item in as_list(node.items[option]))

    def _test(self, node: Map, option: str, place: Place) -> Callable[[Scope], bool] | None:
        return self.c.condition(node.items[option], place) if option in node.items else None

    def _keep(self, node: Map) -> Callable[[Mapping[str, str], Scope], bool] | None:
        expression = node.get("keep")
        if expression is None:
            return None
        from adapter.mapping.language.crossing import typed

        place = Place({**self.c.top, **dict.fromkeys(self.specs, VALUE)}, None, self.table)
        found = self.c.expression(expression, place)
        unknown = sorted(found.names - set(place.names))
        if unknown:
            raise broken(
                "MAP-FIELD",
                expression.where,
                f"Bảng {self.table} không có trường '{unknown[0]}'",
                f"Table {self.table} has no field '{unknown[0]}'",
                near=(unknown[0], self.specs),
            )
        used = found.names & set(self.specs)

        def keep(row: Mapping[str, str], scope: Scope) -> bool:
            values = SparseRow({name: typed(self.specs[name], row.get(name, "")) for name in used})
            return bool(found(Scope(scope.run, values, scope, scope.run.inner_names)))

        return keep

    def _fields(self, node: Map, place: Place) -> Iterator[FieldStep]:
        own = {k: v for k, v in node.items.items() if k in self.specs}
        rows = as_map(node.items["rows"], "rows", node.where) if "rows" in node.items else None
        for name, value in (rows.items if rows else {}).items():
            if rows is not None and name not in self.specs:
                raise broken(
                    "MAP-FIELD",
                    rows.at(name),
                    f"Bảng {self.table} không có trường '{name}'",
                    f"Table {self.table} has no field '{name}'",
                    near=(name, self.specs),
                )
            if name in own:
                raise broken("MAP-DUPLICATE", node.at(name), f"Trường {name} có hai lần", f"Field {name} stands twice")
            own[name] = value
        for name, value in own.items():
            depends: set[str] = set()
            at = Place(place.names, place.source, self.table, self.specs[name], depends)
            try:
                yield FieldStep(name, self._field(value, at), at, value)
            except MappingError as error:
                if self.c.errors is None:
                    raise
                self.c.errors.append(error)

    def _field(self, node: Node, place: Place) -> Value:
        try:
            return self.c.value(node, place)
        except MappingError as error:
            error.where = at_field(error.where or node.where, self.table, place.field)
            raise

    def _inner(self, node: Map, place: Place, names: Mapping[str, Thunk]) -> Block | None:
        inner = node.get("inner")
        if inner is None:
            return None
        return self.block(as_map(inner, "inner", node.where), place, names)


def compile_names(
    c: Compiler, node: Map, place: Place, *, top: bool = False
) -> tuple[dict[str, str], dict[str, Thunk]]:
    """``with`` and ``let`` of a block: kinds for compiling, functions for running."""
    entries: list[tuple[str, str, Node, Where]] = []
    kinds = dict(place.names)
    taken: set[str] = set()
    for section in ("with", "let"):
        part = node.get(section)
        for name, value in (as_map(part, section, node.where).items if part is not None else {}).items():
            at = as_map(part, section, node.where).at(name)
            if not name.isidentifier() or name in ("encounter", "parent", "facility", "occasion", "now", "group"):
                raise broken("MAP-NAME", at, f"'{name}' không dùng làm tên được", f"'{name}' cannot be a name")
            if name in taken:
                raise broken("MAP-DUPLICATE", at, f"Tên '{name}' có hai lần", f"Name '{name}' stands twice")
            taken.add(name)
            kinds[name] = binding_kind(name, value) if section == "with" else VALUE
            if section == "with":
                c.row_sources[name] = binding_source(value)
            entries.append((name, section, value, at))
    if top:
        c.top.update(kinds)  # readable from every row, those of `with` included
    inside = Place(kinds, place.source, place.table)
    found: dict[str, Thunk] = {}
    for name, section, value, at in entries:
        compute = compile_binding(c, value, inside) if section == "with" else c.value(value, inside).run
        found[name] = kept(name, compute, at)
    return kinds, found


# ---- bound to a layout -----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Bound:
    block: Block
    makers: Mapping[str, Maker]
    inner: _Bound | None
    template: dict[str, str]  # every field of the layout, constants filled in
    todo: tuple[tuple[str, Maker], ...]


class Layout:
    """The mapping's blocks with the writers of one standard's fields."""

    def __init__(self, standard: Standard, blocks: Mapping[str, Sequence[Block]]) -> None:
        self.standard = standard
        self._tables = {
            name: (standard.tables[name], [_bind(block, standard.tables[name]) for block in parts])
            for name, parts in blocks.items()
            if name in standard.tables
        }

    def __contains__(self, table: str) -> bool:
        return table in self._tables

    def single(self, run: Run, table: str) -> Mapped:
        """The row of a table that has one block without ``each``."""
        if table not in self._tables:
            return Mapped(Scope(run, run.encounter.row, None, {}), {})
        bound = self._tables[table][1][0]
        return Mapped(Scope(run, run.encounter.row, None, bound.block.names), bound.makers)

    def rows(self, run: Run, table: str) -> list[dict[str, str]]:
        """The finished rows of a table, every field of the layout in its order. Raises MappingError."""
        return [row for _, _, row in self.trace(run, table)]

    def trace(self, run: Run, table: str) -> Iterator[tuple[Block, Scope, dict[str, str]]]:
        """Each finished row with the block and the scope it came from."""
        if table not in self._tables:
            return
        spec, blocks = self._tables[table]
        number = 0
        for bound in blocks:
            for scope, filled in _scopes(run, bound, run.root):
                scope.number = number + 1
                row = self._row(run, spec, filled, scope)
                if row is not None:
                    number += 1
                    yield filled.block, scope, row

    def _row(self, run: Run, spec: Table, bound: _Bound, scope: Scope) -> dict[str, str] | None:
        single = bound.block.each is None
        mapped = run.single(spec.name) if single and self._is_single(spec.name) else Mapped(scope, bound.makers)
        if mapped.scope is not scope:
            mapped.scope.number = scope.number
        try:
            texts, at = mapped.texts, mapped.scope
            for name, maker in bound.todo:
                if name not in texts:
                    texts[name] = maker(at)
        except BhytError as error:
            if error.where is not None and error.where.row is None:
                error.where = at_field(error.where, error.where.table, error.where.field, scope.number)
            raise
        row = {**bound.template, **texts}
        return row if bound.block.keep is None or bound.block.keep(row, scope) else None

    def _is_single(self, table: str) -> bool:
        blocks = self._tables[table][1]
        return len(blocks) == 1 and blocks[0].block.each is None


def _scopes(run: Run, bound: _Bound, outer: Scope) -> Iterator[tuple[Scope, _Bound]]:
    """The scopes of a block's rows, after when, grouping and order."""
    block = bound.block
    if block.each is None:
        scopes = [Scope(run, run.encounter.row, None, block.names)]
    else:
        scopes = [Scope(run, row, outer, block.names) for row in block.each(outer)]
    if block.when is not None:
        scopes = [s for s in scopes if block.when(s)]
    if block.group:
        scopes = _grouped(scopes, block.group)
    if block.having is not None:
        scopes = [s for s in scopes if block.having(s)]
    if block.distinct:
        scopes = [same[0] for same in _by(scopes, block.distinct).values()]
    if block.order:
        scopes = sort_scopes(scopes, list(block.order), block.where)
    for scope in scopes:
        if bound.inner is None:
            yield scope, bound
        else:
            Mapped(scope, bound.makers)
            yield from _scopes(run, bound.inner, scope)


def _by(scopes: list[Scope], keys: Sequence[Value]) -> dict[tuple[str, ...], list[Scope]]:
    found: dict[tuple[str, ...], list[Scope]] = {}
    for scope in scopes:
        found.setdefault(tuple(key_text(k.run(scope)) for k in keys), []).append(scope)
    return found


def _grouped(scopes: list[Scope], keys: Sequence[Value]) -> list[Scope]:
    result: list[Scope] = []
    for same in _by(scopes, keys).values():
        same[0].cache["group"] = [s.row for s in same]
        result.append(same[0])
    return result


def _bind(block: Block, table: Table, outer: frozenset[str] = frozenset()) -> _Bound:
    own = {step.name: _maker(step, table.by_name[step.name]) for step in block.fields if step.name in table.by_name}
    # fields of the outer block are the inner rows' defaults, read on the outer row
    inherited = {name: _on_outer(name) for name in outer}
    inner = _bind(block.inner, table, outer | frozenset(own)) if block.inner is not None else None
    makers = {**_automatic(table), **inherited, **own}
    constants = {
        step.name: own[step.name] for step in block.fields if step.name in own and step.value.const is not None
    }
    template = dict.fromkeys(table.names, "") | {name: maker(_NOWHERE) for name, maker in constants.items()}
    todo = tuple((name, makers[name]) for name in table.names if name in makers and name not in constants)
    return _Bound(block, makers, inner, template, todo)


_NOWHERE: Any = None  # constants do not look at the scope


def _on_outer(name: str) -> Maker:
    def read(scope: Scope) -> str:
        outer = scope.outer
        return outer.mapped.text(name) if outer is not None and outer.mapped is not None else ""

    return read


def _automatic(table: Table) -> dict[str, Maker]:
    """Fields that need no mapping: MA_LK, STT, MA_CSKCB."""
    makers: dict[str, Maker] = {}
    if "MA_LK" in table.by_name:
        makers["MA_LK"] = lambda scope: scope.run.ma_lk()
    if "STT" in table.by_name:
        makers["STT"] = lambda scope: str(scope.number or 1)
    if "MA_CSKCB" in table.by_name:
        makers["MA_CSKCB"] = lambda scope: scope.run.facility
    return makers


def _maker(step: FieldStep, spec: FieldSpec) -> Maker:
    """The function that gives a field's text; every problem leaves it as a MappingError naming the field."""
    run, write = step.value.run, writer_for(spec)
    label, where, place = step.value.label, step.value.where, step.place
    const = step.value.const
    if const is not None:
        text = _written(write, const, label, where, place)
        return lambda _scope: text

    column = step.value.column
    number = spec.kind == "N"
    plain = not number and spec.xml_type == "string"
    shortest: Callable[[Any], str] = str.strip if plain else write
    exact: Callable[[Any], str] = formatter(spec) if number else write

    def direct(value: Any) -> str:
        return exact(value) if number and type(value) is Decimal else shortest(value)

    def make(scope: Scope) -> str:
        try:
            value = run(scope)
        except MappingError as error:
            if error.where is None or error.where.table is None:
                error.where = at_field(error.where or where, place.table, spec.name)
            raise
        except ExpressionError as error:
            raise MappingError(
                error.message_vi,
                error.message_en,
                hint_vi=error.hint_vi,
                hint_en=error.hint_en,
                where=at_field(error.where or where, place.table, spec.name),
                code="MAP-EXPR-RUN",
            ) from error
        if value is None:
            return ""
        if (number and type(value) is Decimal) or (type(value) is str and value.isascii() and value.isprintable()):
            try:
                return direct(value)
            except (ValueProblem, ValueError):
                return finish(value, scope)  # raises with the source named
        return finish(value, scope)

    def make_from_column(scope: Scope) -> str:
        try:
            value = scope.row[column or ""]
        except KeyError:
            return make(scope)  # raises with the nearest name
        if value is None:
            return ""
        if plain and type(value) is str and value.isascii() and value.isprintable():
            return value.strip()
        return finish(value, scope)

    def finish(value: Any, scope: Scope) -> str:
        if type(value) is str and not value.isprintable():
            value, removed = clean(value)
            if removed:
                vi = f"{label}: bỏ {removed} ký tự mà XML không chứa được"
                en = f"{label}: removed {removed} characters XML cannot hold"
                scope.run.notes.append(
                    Note("MAP-ILLEGAL-CHARACTERS", place.table or "", scope.number, spec.name, vi, en)
                )
        try:
            return write(value)
        except ValueProblem as problem:
            raise value_error(problem, value, label, where, place) from None

    return make if column is None else make_from_column


def _written(write: Callable[[Any], str], const: str, label: str, where: Where, place: Place) -> str:
    try:
        return write(const)
    except ValueProblem as problem:
        raise value_error(problem, const, label, where, place) from None
