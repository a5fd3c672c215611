"""One generated function for the rows of a block: every field of a row in one pass.

A table of sixty lines is some two thousand assignments; calling a tree of closures for each of them is most of a
mapping's time. Here the fields of a block become one Python function, written in the order they need each other.
It gives exactly what the fields' makers give or raises; then the makers run and say what is wrong
(:mod:`adapter.expr.generate` says why that is safe). Values without a quick form are called as closures inside it.

A number worked out from columns and other fields of its row alone becomes a function of its own, whose last results
are remembered: a hospital's quantities, prices and rates meet in the same combinations all day.
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
from adapter.text.clean import nfc

if TYPE_CHECKING:
    from adapter.mapping.language.blocks import Block, FieldStep

RowFunction = Callable[[Scope, dict[str, str]], dict[str, str]]
"""Takes the row's scope and the texts of its fields so far; gives the whole row in the layout's order."""

_REMEMBERED = 2_048
"""Results kept of one number field: quantities with prices, prices with rates."""
_SHORT = 80
"""Longer text is told by somebody about one patient and hardly comes again."""
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
            if spec is not None and spec.name in self.row.texts and table == self.row.table:
                return self.row.own_number(spec)
        self.row.ask_scope()
        return plain(f"{pool.give(host.call)}({', '.join(['s', *arguments])})", pool)


class RowText:
    """Writes the text; its methods are what :attr:`Value.quick` may use."""

    def __init__(self, block: Block) -> None:
        self.table, self.single = block.table, block.each is None
        self.names: Mapping[str, Thunk] = block.names
        self.pool = Pool()
        self.pool.objects["U"] = object()  # not asked for yet
        self.texts: dict[str, str] = {}  # field → the variable with its text
        self._typed: dict[str, str] = {}  # of those that were asked for, the variable with the number
        self._kept: dict[str, str] = {}
        self._lets = block.lets
        self._let_texts: dict[str, str | None] = {}
        self._apart: _Apart | None = None  # while a field is written as a function of its own
        self._expression_names = _RowNames(self)

    # ---- values ------------------------------------------------------------------------------------

    def value(self, value: Value) -> str:
        """Text of any value."""
        if value.quick is not None:
            try:
                return value.quick(self)
            except NotInlineError:
                pass
        self.ask_scope()
        return f"{self.pool.give(value.run)}(s)"

    def ask_scope(self) -> None:
        """The text reads the scope. Raises NotInlineError in a function that stands apart: it has none."""
        if self._apart is not None:
            raise NotInlineError

    def _read(self, text: str) -> str:
        """What the row is asked for: itself, or a parameter of the function that stands apart."""
        return text if self._apart is None else self._apart.take(text)

    def constant(self, text: str) -> str:
        return self.pool.give(text)

    def column(self, name: str) -> str:
        return self._read(f"r[{self.pool.give(name)}]")

    def named(self, name: str) -> str:
        """A ``with`` or ``let`` name, asked for once in a row."""
        text = self._let(name)
        if text is None:
            self.ask_scope()  # it is worked out only where it is needed: it may leave a note
            text = f"{self.pool.give(self.names[name])}(s)"
        kept = self._kept.setdefault(name, f"l{len(self._kept)}")
        return self._read(f"({kept} if {kept} is not U else ({kept} := {text}))")

    def _let(self, name: str) -> str | None:
        """The text of a ``let`` that is a function of columns alone; None for all other names."""
        if name not in self._let_texts:
            self._let_texts[name] = None  # a let that needs itself is left to the closure, which says so
            value, before = self._lets.get(name), self._apart
            if value is not None and value.quick is not None:
                try:
                    self._apart = _Apart()
                    value.quick(self)
                    self._apart = None
                    self._let_texts[name] = value.quick(self)
                except NotInlineError:
                    pass
                finally:
                    self._apart = before
        return self._let_texts[name]

    def of_row(self, row: str, column: str) -> str:
        if row not in self.names:
            raise NotInlineError
        # a name of the encounter's own comes before its column
        if row == "encounter" and column not in self.names:
            return self._read(f"e[{self.pool.give(column)}]")
        if row in ("encounter", "parent"):
            raise NotInlineError
        self.ask_scope()
        found = self.pool.temporary()
        return f"(None if ({found} := {self.named(row)}) is None else {found}[{self.pool.give(column)}])"

    def expression(self, found: Expression) -> str:
        if self._apart is not None and not _treats_equal_numbers_alike(found):
            raise NotInlineError
        return ExpressionText(found.checked, self._expression_names, self.pool).node(found.checked.body)

    def call(self, function: Callable[[Any], Any], argument: str, *, alike: bool = False) -> str:
        """``alike``: equal numbers, 1.0 and 1.00, give equal results."""
        if self._apart is not None and not alike:
            raise NotInlineError
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
        self.ask_scope()
        found = self.pool.temporary()
        test = f"type({found} := {self.value(value)}) is {self.pool.give(str)} and {found}.isascii()"
        return f"({found} if {test} else {self.pool.give(exact)}(s))"

    def own_field(self, table: str, spec: FieldSpec) -> str:
        if table != self.table or spec.name not in self.texts:
            raise NotInlineError
        return self.own_number(spec)

    def own_number(self, spec: FieldSpec) -> str:
        """The value of a field of the row that is written already: its number, or its text."""
        text = self.texts[spec.name]
        if self._apart is None:
            return self._typed.setdefault(spec.name, f"n{text}")
        return self._apart.typed(text, number=spec.kind == "N")

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
        fields: list[tuple[str, list[str]]] = []
        results: dict[str, str] = {}
        for name in _in_order([n for n in parts.names if n in parts.makers], needs):
            lines: list[str] = []
            if name in parts.constants:
                results[name] = self.pool.give(parts.constants[name])
            elif name in steps:
                step, spec = steps[name]
                results[name] = f"t{len(results)}"
                lines = self._assign(name, results[name], self._field(step, spec, parts.finishes[name]), wanted)
            else:
                results[name] = f"t{len(results)}"
                lines = self._assign(name, results[name], f"{self.pool.give(parts.makers[name])}(s)", wanted)
            fields.append((name, lines))
            if name in wanted:
                self.texts[name] = results[name]
        empty = self.pool.give("")
        cells = ", ".join(f"{self._key(name)}: {results.get(name, empty)}" for name in parts.names)
        head = ["def f(s, x):", " r = s.row", " e = s.run.root.row", *(f" {kept} = U" for kept in self._kept.values())]
        body = [line for name, lines in fields for line in (*lines, *self._typed_line(name, steps))]
        return self.pool.function("f", "\n".join([*head, *body, f" return {{{cells}}}"]) + "\n")

    def _typed_line(self, name: str, steps: Mapping[str, tuple[FieldStep, FieldSpec]]) -> list[str]:
        """The number of a field, where a later one asks for it."""
        typed = self._typed.get(name)
        if typed is None:
            return []
        return [_typed_text(typed, self.texts[name], self.pool, number=name in steps and steps[name][1].kind == "N")]

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
        rest = f"{give(finish.quickly)}({found}, s)"
        easy = ""
        if spec.kind == "N":
            if (text := self._number_apart(step.value, spec)) is not None:
                return text
            return self._number(found, self.value(step.value), spec, rest)
        if spec.xml_type == TEXT_TYPE:
            test = f"type({found}) is {give(str)} and {found}.isascii() and {found}.isprintable()"
            short = f"type({found}) is {give(str)} and {give(len)}({found}) <= {give(_SHORT)}"
            easy = f"{found}.strip() if {test} else ({give(_short_words)}({found}) if {short} else {give('')}) or "
        return f"({give('')} if ({found} := {self.value(step.value)}) is None else {easy}{rest})"

    def _number(self, found: str, source: str, spec: FieldSpec, rest: str) -> str:
        give, write = self.pool.give, formatter(spec)
        return (
            f"({give('')} if ({found} := {source}) is None else"
            f" {give(write)}({found}) if type({found}) is D or type({found}) is {give(int)} else"
            f" {give(number_texts(write))}({found}) if type({found}) is {give(str)} else {rest})"
        )

    def _number_apart(self, value: Value, spec: FieldSpec) -> str | None:
        """A call of the field's own remembering function; None when it asks for more than columns and fields."""
        if value.quick is None or value.const is not None:
            return None
        give, found = self.pool.give, self.pool.temporary()
        self._apart = apart = _Apart()
        try:
            text = self._number(found, value.quick(self), spec, f"{give(_no_number)}()")
        except NotInlineError:
            return None
        finally:
            self._apart = None
        if not apart.taken:
            return None
        head = f"def g({', '.join(apart.taken.values())}):"
        typed = [_typed_text(name, given, self.pool, number=number) for name, (given, number) in apart.numbers.items()]
        function = self.pool.function("g", "\n".join([head, *typed, f" return {text}"]) + "\n")
        # 1, True and 1.0 are equal keys of a dictionary and no equal values of the language
        return f"{give(lru_cache(_REMEMBERED, typed=True)(function))}({', '.join(apart.taken)})"


class _Apart:
    """A field written as a function of its own: what it takes of the row, and under which names."""

    def __init__(self) -> None:
        self.taken: dict[str, str] = {}
        self.numbers: dict[str, tuple[str, bool]] = {}

    def take(self, text: str) -> str:
        """The parameter for what ``text`` reads in the row function."""
        return self.taken.setdefault(text, f"p{len(self.taken)}")

    def typed(self, text: str, *, number: bool) -> str:
        """The value of a field whose text the row function holds."""
        given = self.take(text)
        self.numbers[f"n{given}"] = (given, number)
        return f"n{given}"


_OF_NUMBERS = frozenset(
    {"round", "floor", "ceil", "abs", "min", "max", "int", "decimal", "coalesce", "is_empty", "field"}
)


def _treats_equal_numbers_alike(found: Expression) -> bool:
    """Whether 1.0 and 1.00 give the same result: to a dictionary of results they are one key."""
    calls = (node.func for node in ast.walk(found.checked.body) if isinstance(node, ast.Call))
    return all(isinstance(called, ast.Name) and called.id in _OF_NUMBERS for called in calls)


def _typed_text(typed: str, text: str, pool: Pool, *, number: bool) -> str:
    value = f"{pool.give(text_to_decimal)}({text})" if number else text
    return f" {typed} = {value} if {text} else None"


def _no_number() -> str:
    raise NotInlineError  # the exact way says why


@lru_cache(maxsize=4_096)
def _short_words(text: str) -> str:
    """The clean text of names, units and the like, which come again; nothing for what must be looked at each time."""
    return nfc(text).strip() if text.isprintable() else ""


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
        found = _SHARED[key] = lru_cache(maxsize=2_048)(_uncached(pure, write))
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
