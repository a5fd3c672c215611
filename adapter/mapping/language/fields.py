"""From a field's value to its text: the exact way, which names every problem with its place."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from adapter.errors import ExpressionError, MappingError, Where
from adapter.expr import ValueProblem
from adapter.expr.generate import NotInlineError
from adapter.mapping.language.blocks import FieldStep
from adapter.mapping.language.compiled import Place
from adapter.mapping.language.scope import Note, Scope
from adapter.mapping.language.values import value_error
from adapter.mapping.language.wire import writer_for
from adapter.mapping.problems import at_field
from adapter.standard.model import FieldSpec
from adapter.standard.wire import formatter
from adapter.text import clean
from adapter.text.clean import nfc

Maker = Callable[[Scope], str]

TEXT_TYPE = "string"


class Finish:
    """Cleans a value, notes what was removed, and writes it; problems name the field and the source."""

    def __init__(self, step: FieldStep, spec: FieldSpec) -> None:
        self.step, self.name = step, spec.name
        self.write = writer_for(spec)
        self.plain = spec.kind != "N" and spec.xml_type == TEXT_TYPE

    def __call__(self, value: Any, scope: Scope) -> str:
        label, place = self.step.value.label, self.step.place
        if type(value) is str and not value.isprintable():
            value, removed = clean(value)
            if removed:
                vi = f"{label}: bỏ {removed} ký tự mà XML không chứa được"
                en = f"{label}: removed {removed} characters XML cannot hold"
                scope.run.notes.append(
                    Note("MAP-ILLEGAL-CHARACTERS", place.table or "", scope.number, self.name, vi, en)
                )
        try:
            return self.write(value)
        except ValueProblem as problem:
            raise value_error(problem, value, label, self.step.value.where, place) from None

    def quickly(self, value: Any, scope: Scope) -> str:
        """The same text; what does not fit raises whatever it raises."""
        if type(value) is str and not value.isprintable():
            return self(value, scope)
        return self._written(value)

    def barely(self, value: Any) -> str:
        """The same without a scope to leave a note in: text that wants one raises NotInlineError."""
        if type(value) is str and not value.isprintable():
            raise NotInlineError
        return self._written(value)

    def _written(self, value: Any) -> str:
        return nfc(value).strip() if self.plain and type(value) is str else self.write(value)


def maker_of(step: FieldStep, spec: FieldSpec, finish: Finish) -> Maker:
    """The function that gives a field's text; every problem leaves it as a MappingError naming the field."""
    run, write = step.value.run, finish.write
    label, where, place = step.value.label, step.value.where, step.place
    const = step.value.const
    if const is not None:
        text = _written(write, const, label, where, place)
        return lambda _scope: text

    column = step.value.column
    number, plain = spec.kind == "N", finish.plain
    shortest: Callable[[Any], str] = str.strip if plain else write
    exact: Callable[[Any], str] = formatter(spec) if number else write

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
        try:
            if number and type(value) is Decimal:
                return exact(value)
            if type(value) is str and value.isascii() and value.isprintable():
                return shortest(value)
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

    return make if column is None else make_from_column


def _written(write: Callable[[Any], str], const: str, label: str, where: Where, place: Place) -> str:
    try:
        return write(const)
    except ValueProblem as problem:
        raise value_error(problem, const, label, where, place) from None
