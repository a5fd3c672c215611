"""Blocks bound to one day's layout: which rows a table gets, and the text of each of their fields."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from adapter.errors import BhytError
from adapter.mapping.language.blocks import Block
from adapter.mapping.language.compiled import Condition, Value
from adapter.mapping.language.fields import Finish, Maker, maker_of
from adapter.mapping.language.rowfunction import RowFunction, RowParts, row_function
from adapter.mapping.language.rows import sort_scopes
from adapter.mapping.language.scope import Rows, Run, Scope
from adapter.mapping.lookups import key_text
from adapter.mapping.problems import at_field
from adapter.standard.model import FieldSpec, Standard


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
    quick: RowFunction


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

    def single(self, run: Run, table: str) -> Scope:
        """The row of a table that has one block without ``each``."""
        if table not in self._tables:
            return Scope(run, run.encounter.row, None, {}).map({})
        bound = self._tables[table][1][0]
        return Scope(run, run.encounter.row, None, bound.block.names).map(bound.makers)

    def rows(self, run: Run, table: str) -> list[dict[str, str]]:
        """The finished rows of a table, every field of the layout in its order. Raises MappingError."""
        if table not in self._tables:
            return []
        spec, blocks = self._tables[table]
        found: list[dict[str, str]] = []
        for bound in blocks:
            if not self._barely(run, spec, bound, found):
                found += [row for _, _, row in self._traced(run, spec, bound, len(found))]
        return found

    def trace(self, run: Run, table: str) -> Iterator[tuple[Block, Scope, dict[str, str]]]:
        """Each finished row with the block and the scope it came from."""
        if table not in self._tables:
            return
        spec, blocks = self._tables[table]
        number = 0
        for bound in blocks:
            for found in self._traced(run, spec, bound, number):
                number += 1
                yield found

    def _traced(
        self, run: Run, spec: Target, bound: _Bound, number: int
    ) -> Iterator[tuple[Block, Scope, dict[str, str]]]:
        """Those of one block; ``number``: rows of the table that were made before."""
        for scope, filled in _scopes(run, bound, run.root):
            scope.number = number + 1
            row = self._row(run, spec, filled, scope)
            if row is not None:
                number += 1
                yield filled.block, scope, row

    def _barely(self, run: Run, spec: Target, bound: _Bound, found: list[dict[str, str]]) -> bool:
        """Add the rows of a block whose function wants no scopes; False when it has none, and nothing was done.

        A row its function does not take is left to the makers, which name what is wrong.
        """
        made = bound.quick.bare
        if made is None:
            return False
        rows = _plain_rows(run, bound)
        try:
            ma_lk = run.ma_lk() if rows and "MA_LK" in spec.by_name else ""
        except BhytError:
            return False  # said with the place of the row that wanted it
        encounter, facility = run.root.row, run.facility
        for row in rows:
            number = len(found) + 1
            try:
                found.append(made(row, encounter, ma_lk, str(number), facility))
            except Exception:  # noqa: BLE001 -- nothing is swallowed: the makers run next and raise with the position
                scope = Scope(run, row, run.root, bound.block.names)
                scope.number = number
                found.append(_exact_row(bound, scope.map(bound.makers), number))
        return True

    def _row(self, run: Run, spec: Target, bound: _Bound, scope: Scope) -> dict[str, str] | None:
        single = bound.block.each is None and self._is_single(spec.name)
        mapped = run.single(spec.name) if single else scope.map(bound.makers)
        mapped.number = scope.number
        row = _quick_row(run, bound, mapped)
        if row is None:
            row = _exact_row(bound, mapped, scope.number)
        return row if bound.block.keep is None or bound.block.keep(row, scope) else None

    def _is_single(self, table: str) -> bool:
        blocks = self._tables[table][1]
        return len(blocks) == 1 and blocks[0].block.each is None


def _quick_row(run: Run, bound: _Bound, mapped: Scope) -> dict[str, str] | None:
    """The row by its generated function; None leaves it to the makers, which name what is wrong."""
    if bound.quick.scoped is None:
        return None
    mark, before = len(run.notes), dict(mapped.texts) if mapped.texts else {}
    try:
        return bound.quick.scoped(mapped, mapped.texts)
    except Exception:  # noqa: BLE001 -- nothing is swallowed: the makers run next and raise with the position
        mine = (bound.block.table, mapped.number)
        run.notes[mark:] = [note for note in run.notes[mark:] if (note.table, note.row) != mine]
        mapped.texts = before
        return None


def _exact_row(bound: _Bound, mapped: Scope, number: int | None) -> dict[str, str]:
    texts = mapped.texts
    try:
        for name, maker in bound.todo:
            if name not in texts:
                texts[name] = maker(mapped)
    except BhytError as error:
        if error.where is not None and error.where.row is None:
            error.where = at_field(error.where, error.where.table, error.where.field, number)
        raise
    return {**bound.template, **texts}


def _scopes(run: Run, bound: _Bound, outer: Scope) -> Iterator[tuple[Scope, _Bound]]:
    """The scopes of a block's rows, after when, grouping and order."""
    block = bound.block
    if block.each is None:
        scopes, when = [Scope(run, run.encounter.row, None, block.names)], block.when
    else:
        rows, when = _rows(block, block.each(outer), outer)
        scopes = [Scope(run, row, outer, block.names) for row in rows]
    if when is not None:
        scopes = when.kept(scopes)
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
            yield from _scopes(run, bound.inner, scope.map(bound.makers))


def _rows(block: Block, rows: Rows, outer: Scope) -> tuple[Rows, Condition | None]:
    """The rows ``when`` keeps, or all of them and the condition, where their scopes must be asked."""
    if block.when is not None and (found := block.when.kept_rows(rows, outer)) is not None:
        return found, None
    return rows, block.when


def _plain_rows(run: Run, bound: _Bound) -> Rows:
    """The source's rows of a block, after when, grouping and order."""
    block = bound.block
    assert block.each is not None  # noqa: S101 -- a block of one row has its scope
    rows, when = _rows(block, block.each(run.root), run.root)
    if when is None and not (block.group or block.having or block.distinct or block.order):
        return rows
    return [scope.row for scope, _ in _scopes(run, bound, run.root)]


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
    steps = {s.name: (s, table.by_name[s.name]) for s in block.fields if s.name in table.by_name}
    finishes = {name: Finish(step, spec) for name, (step, spec) in steps.items()}
    own = {name: maker_of(step, spec, finishes[name]) for name, (step, spec) in steps.items()}
    # fields of the outer block are the inner rows' defaults, read on the outer row
    inherited = {name: _on_outer(name) for name in outer}
    inner = _bind(block.inner, table, outer | frozenset(own)) if block.inner is not None else None
    makers = {**_automatic(table), **inherited, **own}
    constants = {name: own[name](_NOWHERE) for name, (step, _) in steps.items() if step.value.const is not None}
    template = dict.fromkeys(table.names, "") | constants
    todo = tuple((name, makers[name]) for name in table.names if name in makers and name not in constants)
    made = None if outer else row_function(block, RowParts(table.names, steps, finishes, makers, constants))
    return _Bound(block, makers, inner, template, todo, made or RowFunction())


_NOWHERE: Any = None  # constants do not look at the scope


def _on_outer(name: str) -> Maker:
    def read(scope: Scope) -> str:
        outer = scope.outer
        return outer.text(name) if outer is not None else ""

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
