"""One generated function for the rows of a block: every field of a row in one pass.

A table of sixty lines is some two thousand assignments; calling a tree of closures for each of them is most of a
mapping's time. Here the fields of a block become one Python function, written in the order they need each other.
It gives exactly what the fields' makers give or raises; then the makers run and say what is wrong
(:mod:`adapter.expr.generate` says why that is safe). Values without a quick form are called as closures inside it.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from adapter.expr import Expression
from adapter.expr.generate import ExpressionText, Names, NotInlineError, Pool, plain
from adapter.expr.values import text_to_decimal
from adapter.mapping.language.compiled import Condition, Pure, Value
from adapter.mapping.language.fields import TEXT_TYPE, Finish, Maker
from adapter.mapping.language.scope import Scope, Thunk
from adapter.mapping.language.wire import number_texts
from adapter.standard.model import FieldSpec
from adapter.standard.wire import formatter

if TYPE_CHECKING:
    from adapter.mapping.language.blocks import Block, FieldStep

RowFunction = Callable[[Scope, dict[str, str]], dict[str, str]]
"""Takes the row's scope and the texts of its fields so far; gives the whole row in the layout's order."""

_TAG = re.compile(r"[A-Z][A-Z0-9_]*")


@dataclass(frozen=True, slots=True)
class RowParts:
    """What a row is made of.

    ``names`` are the layout's fields in order; ``steps`` the mapped ones with their ``finishes``; ``makers`` all
    that are filled; ``constants`` those with one text for ever.
    """

    names: Sequence[str]
    steps: Mapping[str, tuple[FieldStep, FieldSpec]]
    finishes: Mapping[str, Finish]
    makers: Mapping[str, Maker]
    constants: Mapping[str, str]


def row_function(block: Block, parts: RowParts) -> RowFunction | None:
    """The generated function of a block, None when the quick form does not fit it."""
    if block.inner is not None or block.names_depend:
        return None
    try:
        return RowText(block).function(parts)
    except NotInlineError:
        return None


class _RowNames(Names):
    """Names of an expression inside the row function."""

    def __init__(self, row: RowText) -> None:
        self.row = row

    def name(self, name: str, pool: Pool) -> str:  # noqa: ARG002 -- the row has the pool
        return self.row.named(name) if name in self.row.names else self.row.column(name)

    def column(self, row: str, column: str, pool: Pool) -> str:  # noqa: ARG002 -- as above
        return self.row.of_row(row, column)

    def host(self, name: str, host: Any, node: ast.Call, arguments: list[str], pool: Pool) -> str:
        if name == "field":
            literal = node.args[0]
            table, spec = host.call.targets[literal.value] if isinstance(literal, ast.Constant) else ("", None)
            if spec is not None and spec.name in self.row.typed and table == self.row.table:
                return self.row.typed[spec.name]
        return plain(f"{pool.give(host.call)}({', '.join(['s', *arguments])})", pool)


class RowText:
    """Writes the text; its methods are what :attr:`Value.quick` may use."""

    def __init__(self, block: Block) -> None:
        self.table, self.single = block.table, block.each is None
        self.names: Mapping[str, Thunk] = block.names
        self.pool = Pool()
        self.pool.objects["U"] = object()  # not asked for yet
        self.typed: dict[str, str] = {}
        self._kept: dict[str, str] = {}
        self._expression_names = _RowNames(self)

    # ---- values ------------------------------------------------------------------------------------

    def value(self, value: Value) -> str:
        """Text of any value."""
        if value.quick is not None:
            try:
                return value.quick(self)
            except NotInlineError:
                pass
        return f"{self.pool.give(value.run)}(s)"

    def constant(self, text: str) -> str:
        return self.pool.give(text)

    def column(self, name: str) -> str:
        return f"r[{self.pool.give(name)}]"

    def named(self, name: str) -> str:
        """A ``with`` or ``let`` name, asked for once in a row."""
        kept = self._kept.setdefault(name, f"l{len(self._kept)}")
        return f"({kept} if {kept} is not U else ({kept} := {self.pool.give(self.names[name])}(s)))"

    def of_row(self, row: str, column: str) -> str:
        if row not in self.names:
            raise NotInlineError
        # a name of the encounter's own comes before its column
        if row == "encounter" and column not in self.names:
            return f"e[{self.pool.give(column)}]"
        if row in ("encounter", "parent"):
            raise NotInlineError
        found = self.pool.temporary()
        return f"(None if ({found} := {self.named(row)}) is None else {found}[{self.pool.give(column)}])"

    def expression(self, found: Expression) -> str:
        return ExpressionText(found.checked, self._expression_names, self.pool).node(found.checked.body)

    def call(self, function: Callable[[Any], Any], argument: str) -> str:
        return f"{self.pool.give(function)}({argument})"

    def together(self, values: Sequence[Value]) -> str:
        return f"({''.join(self.value(v) + ', ' for v in values)})"

    def first_filled(self, values: Sequence[Value]) -> str:
        parts = []
        for value in values:
            found = self.pool.temporary()
            parts.append(f"{found} if {self._filled(found, self.value(value))} else ")
        return f"({''.join(parts)}None)"

    def branches(self, branches: Sequence[tuple[Condition | None, Value]]) -> str:
        text = "None"
        for test, value in reversed(branches):
            written = self.value(value)
            text = written if test is None else f"({written} if {test.quick(self)} else {text})"
        return text

    def or_default(self, value: Value, text: str) -> str:
        found = self.pool.temporary()
        return f"({found} if {self._filled(found, self.value(value))} else {self.pool.give(text)})"

    def ascii_or_exact(self, value: Value, exact: Thunk) -> str:
        """Text of ASCII letters as it is; anything else by the closure, which may leave a note."""
        found = self.pool.temporary()
        test = f"type({found} := {self.value(value)}) is {self.pool.give(str)} and {found}.isascii()"
        return f"({found} if {test} else {self.pool.give(exact)}(s))"

    def own_field(self, table: str, spec: FieldSpec) -> str:
        if table != self.table or spec.name not in self.typed:
            raise NotInlineError
        return self.typed[spec.name]

    def _filled(self, found: str, text: str) -> str:
        """A test that stores the value in ``found`` and holds when it is not empty."""
        is_text = f"type({found}) is {self.pool.give(str)}"
        return f"(({found} := {text}) is not None and not ({is_text} and not {found}.strip()))"

    # ---- the row -----------------------------------------------------------------------------------

    def function(self, parts: RowParts) -> RowFunction:
        """Compile the row function. Raises NotInlineError."""
        steps = parts.steps
        needs = {name: self._needs(step) for name, (step, _) in steps.items()}
        wanted = set().union(*needs.values())
        lines: list[str] = []
        results: dict[str, str] = {}
        for name in _in_order([n for n in parts.names if n in parts.makers], needs):
            if name in parts.constants:
                results[name] = self.pool.give(parts.constants[name])
            elif name in steps:
                step, spec = steps[name]
                results[name] = f"t{len(results)}"
                lines += self._assign(name, results[name], self._field(step, spec, parts.finishes[name]), wanted)
            else:
                results[name] = f"t{len(results)}"
                lines += self._assign(name, results[name], f"{self.pool.give(parts.makers[name])}(s)", wanted)
            if name in wanted:
                text, kept = results[name], f"n{len(results)}"
                number = name in steps and steps[name][1].kind == "N"
                value = f"{self.pool.give(text_to_decimal)}({text})" if number else text
                lines.append(f" {kept} = {value} if {text} else None")
                self.typed[name] = kept
        empty = self.pool.give("")
        cells = ", ".join(f"{self._key(name)}: {results.get(name, empty)}" for name in parts.names)
        lines.append(f" return {{{cells}}}")
        head = ["def f(s, x):", " r = s.row", " e = s.run.root.row", *(f" {kept} = U" for kept in self._kept.values())]
        return self.pool.function("f", "\n".join([*head, *lines]) + "\n")

    def _assign(self, name: str, result: str, text: str, wanted: set[str]) -> list[str]:
        """A field's text, kept in ``x`` where closures or other tables may ask for it."""
        key = self.pool.give(name)
        if self.single:  # it may have been asked for before
            return [f" if ({result} := x.get({key})) is None:", f"  x[{key}] = {result} = {text}"]
        return [f" {result} = {text}", *([f" x[{key}] = {result}"] if name in wanted else [])]

    def _needs(self, step: FieldStep) -> set[str]:
        prefix = f"{self.table}."
        return {key.removeprefix(prefix) for key in step.place.depends if key.startswith(prefix)} - {"*"}

    def _key(self, name: str) -> str:
        # a decree's tag may stand in the text: it was read from our own data and has no other sign
        return f'"{name}"' if _TAG.fullmatch(name) else self.pool.give(name)

    def _field(self, step: FieldStep, spec: FieldSpec, finish: Finish) -> str:
        give, found = self.pool.give, self.pool.temporary()
        pure = step.value.pure
        if pure is not None and (spec.kind == "N" or spec.xml_type.startswith("date")):
            whole = shared(pure, spec, finish.write)
            kept = f"type({found} := {self.column(pure.column)}) is {give(str)} or type({found}) is {give(int)}"
            return f"({give(whole)}({found}) if {kept} else {give(_uncached(pure, finish.write))}({found}))"
        source = self.value(step.value)
        empty, rest = give(""), f"{give(finish.quickly)}({found}, s)"
        if spec.kind == "N":
            write = formatter(spec)
            easy = (
                f"{give(write)}({found}) if type({found}) is D or type({found}) is {give(int)} else"
                f" {give(number_texts(write))}({found}) if type({found}) is {give(str)} else "
            )
        elif spec.xml_type == TEXT_TYPE:
            test = f"type({found}) is {give(str)} and {found}.isascii() and {found}.isprintable()"
            easy = f"{found}.strip() if {test} else "
        else:
            easy = ""
        return f"({empty} if ({found} := {source}) is None else {easy}{rest})"


def _in_order(names: Sequence[str], needs: Mapping[str, set[str]]) -> list[str]:
    """Fields so that each comes after those it needs; circles were refused on load."""
    done: dict[str, None] = {}

    def visit(name: str) -> None:
        if name not in done:
            for needed in sorted(needs.get(name, ())):
                if needed in names and needed != name:
                    visit(needed)
            done.setdefault(name)

    for name in names:
        visit(name)
    return list(done)


_SHARED: dict[tuple[Any, ...], Callable[[Any], str]] = {}


def shared(pure: Pure, spec: FieldSpec, write: Callable[[Any], str]) -> Callable[[Any], str]:
    """From a column's value to wire text, remembered for all fields of one form.

    Only numbers and instants come here: the same prices and rates return by the thousand, names do not.
    """
    key = (pure.key, spec.kind, spec.xml_type, spec.max_len, formatter(spec))
    found = _SHARED.get(key)
    if found is None:
        found = _SHARED[key] = lru_cache(maxsize=8_192)(_uncached(pure, write))
    return found


def _uncached(pure: Pure, write: Callable[[Any], str]) -> Callable[[Any], str]:
    change = pure.change

    def whole(value: Any) -> str:
        found = change(value)
        if found is None:
            return ""
        if type(found) is str and not found.isprintable():
            raise NotInlineError  # cleaning it leaves a note
        return write(found)

    return whole
