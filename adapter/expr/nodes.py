"""What every part of the compiler shares: what is allowed, what was read, and where problems are reported."""

from __future__ import annotations

import ast
from collections.abc import Callable, Container, Mapping
from dataclasses import dataclass
from typing import Any

from adapter.errors import ExpressionError, Where
from adapter.expr.collections import Env, Thunk
from adapter.expr.generate import Names
from adapter.expr.reading import Reading
from adapter.expr.values import ValueProblem


@dataclass(frozen=True, slots=True)
class HostFunction:
    """A function the room that embeds the language adds. It gets the environment first.

    ``literal`` arguments, counted from the left, must be written as literals, so that the host
    knows them on load (:attr:`Expression.calls`).
    """

    least: int
    most: int
    call: Callable[..., Any]
    literal: int = 1


class NodeCompiler(Reading):
    """Compiles nodes; each gives its closure and the family it returns, "any" when unknown."""

    def __init__(
        self,
        source: str,
        names: Container[str] | None,
        where: Where,
        functions: Mapping[str, HostFunction],
    ) -> None:
        super().__init__(source, where)
        self.allowed, self.hosts = names, functions
        self.suggestions: tuple[str, ...] = ()
        self.reader: Callable[[str], Thunk | None] | None = None
        self.names: set[str] = set()
        self.columns: set[tuple[str, str]] = set()
        self.collections: dict[str, set[str]] = {}
        self.calls: list[tuple[str, tuple[Any, ...]]] = []
        self.inline: Names = Names()
        self.kinds: dict[ast.expr, str] = {}
        self.constants: dict[ast.expr, Any] = {}
        self.inside: str | None = None  # the collection whose rows the names at hand come from

    def compile_node(self, node: ast.expr) -> tuple[Thunk, str]:
        """The closure of one node. Raises ExpressionError for what is not part of the language."""
        raise self.error(node, "cú pháp không được phép", "not part of the language")

    def _guard(self, node: ast.expr, run: Thunk) -> Thunk:
        """Give run-time problems of this node its position."""
        fail = self._failure(node)

        def guarded(env: Env) -> Any:
            try:
                return run(env)
            except (ValueProblem, ArithmeticError) as problem:
                raise fail(problem) from None

        return guarded

    def _failure(self, node: ast.expr) -> Callable[[Exception], ExpressionError]:
        where = self.place(self.offset(node))

        def fail(problem: Exception) -> ExpressionError:
            vi, en = (
                (problem.vi, problem.en)
                if isinstance(problem, ValueProblem)
                else ("số quá lớn", "a number is too large")
            )
            return ExpressionError(f"Biểu thức không tính được: {vi}", f"Expression failed: {en}", where=where)

        return fail


def is_constant(node: ast.expr) -> bool:
    """A literal, or a list of literals."""
    if isinstance(node, ast.Tuple):
        return all(isinstance(item, ast.Constant) for item in node.elts)
    return isinstance(node, ast.Constant)
