"""One generated function for the rows of a block: every field of a row in one pass.

A table of sixty lines is some two thousand assignments; calling a tree of closures for each of them is most of a
mapping's time. Here the fields of a block become one Python function, written in the order they need each other.
It gives exactly what the fields' makers give or raises; then the makers run and say what is wrong
(:mod:`adapter.expr.generate` says why that is safe).

Where no value of a block needs a closure its function is a bare one, of the row's columns and nothing else: no scope
is made for the row. Otherwise values without a quick form are called as closures inside it.

A number worked out from columns and other fields of its row alone becomes a function of its own, whose last results
are remembered: a hospital's quantities, prices and rates meet in the same combinations all day. Those that ask for
the same are worked out together.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from adapter.expr.generate import NotInlineError
from adapter.expr.values import text_to_decimal
from adapter.mapping.language.compiled import Value
from adapter.mapping.language.fields import TEXT_TYPE, Finish, Maker
from adapter.mapping.language.remembered import COMBINATIONS, known_word, new_word, not_shared, of_nothing, shared
from adapter.mapping.language.rowtext import Apart, RowText
from adapter.mapping.language.scope import Scope
from adapter.mapping.language.wire import number_texts
from adapter.standard.model import FieldSpec
from adapter.standard.wire import formatter

if TYPE_CHECKING:
    from adapter.mapping.language.blocks import Block, FieldStep

Texts = dict[str, str]
ScopedRow = Callable[[Scope, Texts], Texts]
"""Takes the row's scope and the texts of its fields so far; gives the whole row in the layout's order."""
BareRow = Callable[[Mapping[str, Any], Mapping[str, Any], str, str, str], Texts]
"""Takes the source's row, the encounter's own, MA_LK, the row's number and the facility; gives the whole row."""

_AUTOMATIC = {"MA_LK": "m", "STT": "n", "MA_CSKCB": "c"}
"""The parameters of a bare function with fields that need no mapping."""
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


@dataclass(frozen=True, slots=True)
class RowFunction:
    """The function of a block, in one form or the other."""

    bare: BareRow | None = None
    scoped: ScopedRow | None = None


def row_function(block: Block, parts: RowParts) -> RowFunction | None:
    """The generated function of a block, None when the quick form does not fit it."""
    if block.inner is not None or block.names_depend:
        return None
    if block.each is not None and block.keep is None:
        try:
            return RowFunction(bare=_Writer(block, parts, bare=True).function())
        except NotInlineError:
            pass
    try:
        return RowFunction(scoped=_Writer(block, parts, bare=False).function())
    except NotInlineError:
        return None


class _Writer:
    """Writes one function."""

    def __init__(self, block: Block, parts: RowParts, *, bare: bool) -> None:
        self._parts, self._bare, self._single = parts, bare, block.each is None
        self._row = RowText(block, bare=bare)
        self._give = self._row.pool.give
        prefix = f"{block.table}."
        self._needs = {
            name: {key.removeprefix(prefix) for key in step.place.depends if key.startswith(prefix)} - {"*"}
            for name, (step, _) in parts.steps.items()
        }
        self._wanted = set().union(*self._needs.values())
        self._groups: dict[tuple[str, ...], list[tuple[str, Apart, str]]] = {}  # of those that ask for the same

    def function(self) -> Any:
        """Compile. Raises NotInlineError."""
        parts, row = self._parts, self._row
        fields: list[tuple[str, str, str | Apart]] = []  # its name, its variable, what it is worked out by
        results: dict[str, str] = {}
        for name in _in_order([n for n in parts.names if n in parts.makers], self._needs):
            if name in parts.constants:
                results[name] = self._give(parts.constants[name])
            else:
                results[name] = f"t{len(results)}"
                fields.append((name, results[name], self._field(name, results[name])))
            if name in self._wanted:
                row.texts[name] = results[name]
        empty = self._give("")
        cells = ", ".join(f"{self._key(name)}: {results.get(name, empty)}" for name in parts.names)
        head = ["def f(r, e, m, n, c):"] if self._bare else ["def f(s, x):", " r = s.row", " e = s.run.root.row"]
        head += [f" {kept} = U" for kept in row.kept.values()]
        body = [line for field in fields for line in (*self._assigned(*field), *self._typed(field[0]))]
        return row.pool.function("f", "\n".join([*head, *body, f" return {{{cells}}}"]) + "\n")

    # ---- fields ------------------------------------------------------------------------------------

    def _field(self, name: str, result: str) -> str | Apart:
        """The text of a field's text, or what it takes as a function of its own."""
        parts, give = self._parts, self._give
        if name not in parts.steps:
            return _AUTOMATIC[name] if self._bare else f"{give(parts.makers[name])}(s)"
        step, spec = parts.steps[name]
        pure, finish = step.value.pure, parts.finishes[name]
        if pure is not None and (spec.kind == "N" or spec.xml_type.startswith("date")):
            known, other = shared(pure, spec, finish.write), not_shared(pure, finish.write)
            found, column = self._row.pool.temporary(), self._row.column(pure.column)
            text = f"type({found}) is {give(str)} or type({found}) is {give(int)}"
            rest = f"{give(known)}({found}) if {text} else {give(other)}({found})"
            return self._or_nothing(found, column, other, rest)
        if spec.kind == "N" and (apart := self._apart(step.value, spec, result)) is not None:
            return apart
        found, value = self._row.pool.temporary(), self._row.value(step.value)
        rest = f"{give(finish.barely)}({found})" if self._bare else f"{give(finish.quickly)}({found}, s)"
        if spec.kind == "N":
            return self._number(found, value, spec, rest)
        if spec.xml_type == TEXT_TYPE:
            word = self._row.pool.temporary()
            known_one = f"({word} := {give(known_word)}({found} := {value})) is not None"
            return f"({word} if {known_one} else {give(new_word)}({found}) or {rest})"
        return f"({give('')} if ({found} := {value}) is None else {rest})"

    def _or_nothing(self, found: str, value: str, function: Callable[[Any], Any], rest: str) -> str:
        """The text for a value that is often empty: what ``function`` then gives is worked out here, once."""
        nothing = of_nothing(function)
        text = self._give(nothing) if nothing is not None else f"{self._give(function)}(None)"
        return f"({text} if ({found} := {value}) is None else {rest})"

    def _number(self, found: str, source: str, spec: FieldSpec, rest: str) -> str:
        give, write = self._give, formatter(spec)
        return (
            f"({give('')} if ({found} := {source}) is None else"
            f" {give(write)}({found}) if type({found}) is D or type({found}) is {give(int)} else"
            f" {give(number_texts(write))}({found}) if type({found}) is {give(str)} else {rest})"
        )

    # ---- functions of their own ----------------------------------------------------------------------

    def _apart(self, value: Value, spec: FieldSpec, result: str) -> Apart | None:
        """What a number's own remembering function takes; None when it asks for more than columns and fields."""
        if value.quick is None or value.const is not None:
            return None
        try:
            with self._row.apart() as apart:
                found = self._row.pool.temporary()
                text = self._number(found, value.quick(self._row), spec, f"{self._give(_no_number)}()")
        except NotInlineError:
            return None
        if not apart.taken:
            return None
        self._groups.setdefault(self._group_of(result, apart), []).append((result, apart, text))
        return apart

    def _group_of(self, result: str, apart: Apart) -> tuple[str, ...]:
        # fields of a single row may be asked for one by one, and not all of them
        return (*apart.taken, *([result] if self._single else []))

    def _together(self, members: Sequence[tuple[str, Apart, str]]) -> str:
        """A call of the function that works out all members of a group."""
        pool, taken = self._row.pool, members[0][1].taken
        numbers = {name: given for _, apart, _ in members for name, given in apart.numbers.items()}
        typed = [self._typed_text(name, given, number=number) for name, (given, number) in numbers.items()]
        texts = [text for _, _, text in members]
        result = texts[0] if len(texts) == 1 else f"({', '.join(texts)})"
        lines = [f"def g({', '.join(taken.values())}):", *typed, f" return {result}"]
        function = pool.function("g", "\n".join(lines) + "\n")
        # 1, True and 1.0 are equal keys of a dictionary and no equal values of the language
        known = self._give(lru_cache(COMBINATIONS, typed=True)(function))
        (first, *further) = taken
        if further or not first.startswith(("r[", "e[")):
            return f"{known}({', '.join(taken)})"
        found = pool.temporary()
        return self._or_nothing(found, first, function, f"{known}({found})")

    # ---- lines ---------------------------------------------------------------------------------------

    def _assigned(self, name: str, result: str, source: str | Apart) -> list[str]:
        """A field's variable, kept in ``x`` where closures or other tables may ask for it."""
        text = source
        if isinstance(source, Apart):
            members = self._groups[self._group_of(result, source)]
            text = self._together(members) if members[0][0] == result else ""
            results = ", ".join(one for one, _, _ in members)
        else:
            results = result
        key = self._give(name)
        if self._single:  # it may have been asked for before
            return [f" if ({result} := x.get({key})) is None:", f"  x[{key}] = {result} = {text}"]
        keep = name in self._wanted and not self._bare
        return [*([f" {results} = {text}"] if text else []), *([f" x[{key}] = {result}"] if keep else [])]

    def _typed(self, name: str) -> list[str]:
        """The number of a field, where a later one asks for it."""
        typed, steps = self._row.typed.get(name), self._parts.steps
        if typed is None:
            return []
        return [self._typed_text(typed, self._row.texts[name], number=name in steps and steps[name][1].kind == "N")]

    def _typed_text(self, typed: str, text: str, *, number: bool) -> str:
        value = f"{self._give(text_to_decimal)}({text})" if number else text
        return f" {typed} = {value} if {text} else None"

    def _key(self, name: str) -> str:
        # a decree's tag may stand in the text: it was read from our own data and has no other sign
        return f'"{name}"' if _TAG.fullmatch(name) else self._give(name)


def _no_number() -> str:
    raise NotInlineError  # the exact way says why


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
