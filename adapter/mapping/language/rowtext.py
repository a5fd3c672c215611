"""Values as text of a generated row function: what :attr:`adapter.mapping.language.compiled.Value.quick` writes with.

The text reads the row at hand as ``r``, the encounter's own as ``e`` and, where a closure is called, the scope as ``s``
(:mod:`adapter.mapping.language.rowfunction` puts a function around it). What has no such text raises NotInlineError.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from adapter.expr import Expression
from adapter.expr.generate import ExpressionText, Names, NotInlineError, Pool, plain
from adapter.mapping.language.compiled import Condition, Value
from adapter.mapping.language.scope import Thunk
from adapter.standard.model import FieldSpec

if TYPE_CHECKING:
    from adapter.mapping.language.blocks import Block


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

    def __init__(self, block: Block, *, bare: bool) -> None:
        """``bare``: the function has no scope."""
        self.table, self.bare = block.table, bare
        self.names: Mapping[str, Thunk] = block.names
        self.pool = Pool()
        self.pool.objects["U"] = object()  # not asked for yet
        self.texts: dict[str, str] = {}  # field → the variable with its text
        self.typed: dict[str, str] = {}  # of those that were asked for, the variable with the number
        self.kept: dict[str, str] = {}  # names asked for, the variable with their value
        self._lets = block.lets
        self._let_texts: dict[str, str | None] = {}
        self._apart: Apart | None = None  # while a field is written as a function of its own
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
        """The text reads the scope. Raises NotInlineError in functions that have none."""
        if self.bare or self._apart is not None:
            raise NotInlineError

    @contextmanager
    def apart(self) -> Iterator[Apart]:
        """What is written meanwhile belongs to a function of its own."""
        self._apart = Apart()
        try:
            yield self._apart
        finally:
            self._apart = None

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
        kept = self.kept.setdefault(name, f"l{len(self.kept)}")
        return self._read(f"({kept} if {kept} is not U else ({kept} := {text}))")

    def _let(self, name: str) -> str | None:
        """The text of a ``let`` that is a function of columns alone; None for all other names."""
        if name not in self._let_texts:
            self._let_texts[name] = None  # a let that needs itself is left to the closure, which says so
            value, before = self._lets.get(name), self._apart
            if value is not None and value.quick is not None:
                try:
                    self._apart = Apart()
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
            return self.typed.setdefault(spec.name, f"n{text}")
        return self._apart.typed(text, number=spec.kind == "N")

    def _filled(self, found: str, text: str) -> str:
        """A test that stores the value in ``found`` and holds when it is not empty."""
        is_text = f"type({found}) is {self.pool.give(str)}"
        return f"(({found} := {text}) is not None and not ({is_text} and not {found}.strip()))"


class Apart:
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
