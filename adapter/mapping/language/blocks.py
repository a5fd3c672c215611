"""Tables of a mapping: blocks of fields, one row for the encounter or one for each row of a collection."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from adapter.errors import MappingError, Where
from adapter.mapping.language.compiled import LIST, VALUE, Condition, Place, Value
from adapter.mapping.language.crossing import typed
from adapter.mapping.language.rows import binding_kind, binding_source, compile_binding, compile_rows, order_keys
from adapter.mapping.language.scope import Scope, SparseRow, Thunk, kept
from adapter.mapping.language.values import Compiler
from adapter.mapping.problems import at_field, broken
from adapter.mapping.yamltree import Map, Node, as_list, as_map
from adapter.standard.model import FieldSpec

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
    when: Condition | None
    order: tuple[tuple[Value, bool], ...]
    group: tuple[Value, ...]
    having: Callable[[Scope], bool] | None
    distinct: tuple[Value, ...]
    keep: Callable[[Mapping[str, str], Scope], bool] | None
    fields: tuple[FieldStep, ...]
    inner: Block | None
    names_depend: bool = False
    """A ``with`` or ``let`` of the block reads mapped fields of its row."""
    lets: Mapping[str, Value] = field(default_factory=dict)
    """The values of its own ``let``."""

    def all_fields(self) -> Iterator[FieldStep]:
        """Its assignments and those of its inner blocks."""
        yield from self.fields
        if self.inner is not None:
            yield from self.inner.all_fields()


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
        lets: dict[str, Value] = {}
        place, names_depend = self._with(node, place, names, lets)
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
            self.c.test(node.items["when"], place) if "when" in node.items else None,
            tuple(order_keys(self.c, node.items["order_by"], place)) if "order_by" in node.items else (),
            group,
            self._test(node, "having", place),
            self._values(node, "distinct_by", place),
            self._keep(node),
            tuple(self._fields(node, place)),
            self._inner(node, place, names),
            names_depend,
            lets,
        )

    def _check_keys(self, node: Map, *, inner: bool) -> None:
        for key in node.items:
            if key in BLOCK_OPTIONS and (key != "on" or inner):
                continue
            if key not in self.specs:
                hint = ("`on` chỉ dùng trong inner", "`on` belongs to inner") if key == "on" else ("", "")
                options = [o for o in BLOCK_OPTIONS if o != "on"]
                fields_are_upper = all(name.isupper() for name in self.specs)
                possible = self.specs if key[:1].isupper() else options if fields_are_upper else [*self.specs, *options]
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

    def _with(self, node: Map, place: Place, names: dict[str, Thunk], lets: dict[str, Value]) -> tuple[Place, bool]:
        needs: set[str] = set()
        kinds, found = compile_names(self.c, node, replace(place, depends=needs), lets=lets)
        names.update(found)
        return (Place(kinds, place.source, self.table) if found else place), bool(needs)

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
    c: Compiler, node: Map, place: Place, *, top: bool = False, lets: dict[str, Value] | None = None
) -> tuple[dict[str, str], dict[str, Thunk]]:
    """``with`` and ``let`` of a block: kinds for compiling, functions for running; ``lets`` takes the let's values."""
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
    inside = Place(kinds, place.source, place.table, depends=place.depends)
    found: dict[str, Thunk] = {}
    for name, section, value, at in entries:
        if section == "with":
            compute = compile_binding(c, value, inside)
        else:
            let = c.value(value, inside)
            compute = let.run
            if lets is not None:
                lets[name] = let
        found[name] = kept(name, compute, at)
    return kinds, found
