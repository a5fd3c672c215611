"""Blocks bound to one day's layout: which rows a table gets, and the text of each of their fields."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Protocol

from adapter.errors import BhytError, ExpressionError, MappingError, Where
from adapter.expr import ValueProblem
from adapter.mapping.language.blocks import Block, FieldStep
from adapter.mapping.language.rows import sort_scopes
from adapter.mapping.language.scope import Mapped, Note, Run, Scope
from adapter.mapping.language.values import Place, Value, value_error
from adapter.mapping.language.wire import writer_for
from adapter.mapping.lookups import key_text
from adapter.mapping.problems import at_field
from adapter.standard.model import FieldSpec, Standard
from adapter.standard.wire import formatter
from adapter.text import clean

Maker = Callable[[Scope], str]


class Target(Protocol):
    """What blocks are bound to: a table of the decree, or a section of the health book."""

    @property
    def name(self) -> str: ...
    @property
    def names(self) -> tuple[str, ...]: ...
    @property
    def by_name(self) -> Mapping[str, FieldSpec]: ...


@dataclass(frozen=True, slots=True)
class _Bound:
    block: Block
    makers: Mapping[str, Maker]
    inner: _Bound | None
    template: dict[str, str]  # every field of the layout, constants filled in
    todo: tuple[tuple[str, Maker], ...]


class Layout:
    """The mapping's blocks with the writers of one standard's fields."""

    def __init__(
        self, standard: Standard, blocks: Mapping[str, Sequence[Block]], book: Mapping[str, Target] | None = None
    ) -> None:
        """``blocks`` by table; ``book`` are the targets that stand beside the layout's tables."""
        self.standard = standard
        targets: Mapping[str, Target] = {**standard.tables, **(book or {})}
        self._tables = {
            name: (targets[name], [_bind(block, targets[name]) for block in parts])
            for name, parts in blocks.items()
            if name in targets
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

    def _row(self, run: Run, spec: Target, bound: _Bound, scope: Scope) -> dict[str, str] | None:
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


def _bind(block: Block, table: Target, outer: frozenset[str] = frozenset()) -> _Bound:
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


def _automatic(table: Target) -> dict[str, Maker]:
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
