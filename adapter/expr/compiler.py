"""From expression text to a closure.

Python's own parser reads the text; then every node must be on the allow-list below, names and
functions must exist, counts and families of arguments must fit. Each node becomes a small
function of the environment. The text of an expression is never handed to ``eval`` or ``compile``:
what :mod:`adapter.expr.generate` compiles is written by us from the checked nodes.
"""

from __future__ import annotations

import ast
import difflib
from collections.abc import Callable, Container, Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from adapter.errors import ExpressionError, Where
from adapter.expr.calls import CallCompiler
from adapter.expr.collections import Env, Thunk
from adapter.expr.generate import Checked, Names, generated, with_exact
from adapter.expr.nodes import HostFunction
from adapter.expr.operations import OperationCompiler
from adapter.expr.values import LARGEST, PLAIN_TYPES, ValueProblem, admit, family


@dataclass(frozen=True, slots=True)
class Expression:
    """A compiled expression; call it with an environment. Raises ExpressionError.

    ``names``: bare names read from the environment, those under a subscript included.
    ``columns``: (name, column) of every ``name["column"]``. ``collections``: collection → names
    read from its rows. ``calls``: host functions with their literal arguments. ``fast`` is the generated
    function alone: it gives what ``run`` gives or raises anything at all.
    """

    source: str
    where: Where
    names: frozenset[str]
    columns: frozenset[tuple[str, str]]
    collections: Mapping[str, frozenset[str]]
    calls: tuple[tuple[str, tuple[Any, ...]], ...]
    gives: str
    run: Thunk = field(repr=False)
    fast: Thunk | None = field(repr=False)
    checked: Checked = field(repr=False)

    def __call__(self, env: Env) -> Any:
        return self.run(env)


def compile_expression(
    source: str,
    *,
    names: Container[str] | None,
    where: Where,
    functions: Mapping[str, HostFunction] | None = None,
    reader: Callable[[str], Thunk | None] | None = None,
    inline: Names | None = None,
    suggestions: Iterable[str] = (),
) -> Expression:
    """Check and compile ``source``.

    ``names`` are the bare names allowed, None when they are not known before run time.
    ``reader`` may give a shorter way to read a name than ``env[name]``, raising KeyError alike; ``inline`` the
    same as generated text (:mod:`adapter.expr.generate`).
    ``suggestions`` feed the "did you mean" of an unknown name. Raises ExpressionError with the position
    inside ``where``.
    """
    compiler = _Compiler(source, names, where, functions or {})
    compiler.suggestions = tuple(suggestions)
    compiler.reader = reader
    compiler.inline = inline or Names()
    return compiler.compile()


class _Compiler(OperationCompiler, CallCompiler):
    def compile(self) -> Expression:
        tree = self.parse()
        self.measure(tree)
        exact, gives = self.compile_node(tree.body)
        checked = Checked(tree.body, self.kinds, self.constants, self.hosts)
        fast = generated(checked, self.inline)
        return Expression(
            self.source,
            self.where,
            frozenset(self.names),
            frozenset(self.columns),
            {name: frozenset(read) for name, read in self.collections.items()},
            tuple(self.calls),
            gives,
            exact if fast is None else with_exact(fast, exact),
            fast,
            checked,
        )

    def compile_node(self, node: ast.expr) -> tuple[Thunk, str]:
        compile_node = _NODES.get(type(node))
        if compile_node is None:
            name = type(node).__name__
            raise self.error(node, f"cú pháp {name} không được phép", f"{name} is not part of the language")
        run, gives = compile_node(self, node)
        self.kinds[node] = gives
        return run, gives

    def _attribute(self, node: ast.Attribute) -> tuple[Thunk, str]:
        raise self.error(
            node,
            f"không được dùng dấu chấm (.{node.attr})",
            f"attributes are not part of the language (.{node.attr})",
            ('viết hàng["CỘT"], hoặc dùng hàm như upper(x)', 'write row["COLUMN"], or a function such as upper(x)'),
        )

    def _constant(self, node: ast.Constant) -> tuple[Thunk, str]:
        value: Any = node.value
        if isinstance(value, float):
            value = self._exact(node)
        if isinstance(value, int) and not isinstance(value, bool) and value >= LARGEST:
            raise self.error(node, "số quá lớn", "the number is too large")
        if value is not None and not isinstance(value, bool | int | Decimal | str):
            raise self.error(
                node, "hằng số kiểu này không được phép", "constants of this kind are not part of the language"
            )
        self.constants[node] = value
        return (lambda _env: value), "bool" if isinstance(value, bool) else family(value)

    def _exact(self, node: ast.Constant) -> Decimal:
        text = ast.get_source_segment(self.flat.strip(), node) or ""
        if "e" in text.lower():
            raise self.error(node, "không dùng dạng số mũ", "exponents are not part of the language")
        return Decimal(text)

    def _name(self, node: ast.Name) -> tuple[Thunk, str]:
        name = node.id
        self._know(node, name)
        where = self.place(self.offset(node))

        direct = self.reader(name) if self.reader is not None and self.inside is None else None
        get: Thunk = direct if direct is not None else lambda env: env[name]

        def read(env: Env) -> Any:
            try:
                value = get(env)
            except KeyError:
                raise _missing(name, where) from None
            if type(value) in PLAIN_TYPES:
                return value
            try:
                return admit(value)
            except ValueProblem as problem:
                raise ExpressionError(
                    f"Biểu thức không tính được: {name}: {problem.vi}",
                    f"Expression failed: {name}: {problem.en}",
                    where=where,
                ) from None

        return read, "any"

    def _know(self, node: ast.expr, name: str) -> None:
        if self.inside is not None:
            self.collections[self.inside].add(name)
            return
        if self.allowed is not None and name not in self.allowed:
            near = difflib.get_close_matches(name, self.suggestions, 1)
            raise self.error(
                node,
                f"không có tên '{name}'",
                f"there is no name '{name}'",
                (f"có phải '{near[0]}'?", f"did you mean '{near[0]}'?") if near else ("", ""),
            )
        self.names.add(name)

    def _bool(self, node: ast.BoolOp) -> tuple[Thunk, str]:
        runs, kinds = zip(*(self.compile_node(v) for v in node.values), strict=True)
        gives = kinds[0] if len(set(kinds)) == 1 else "any"
        if isinstance(node.op, ast.And):

            def every(env: Env) -> Any:
                value = None
                for run in runs:
                    value = run(env)
                    if not value:
                        return value
                return value

            return every, gives

        def either(env: Env) -> Any:
            value = None
            for run in runs:
                value = run(env)
                if value:
                    return value
            return value

        return either, gives

    def _choice(self, node: ast.IfExp) -> tuple[Thunk, str]:
        test, _ = self.compile_node(node.test)
        yes, one = self.compile_node(node.body)
        no, other = self.compile_node(node.orelse)
        return (lambda env: yes(env) if test(env) else no(env)), one if one == other else "any"

    def _sequence(self, node: ast.Tuple | ast.List) -> tuple[Thunk, str]:
        for item in node.elts:
            if isinstance(item, ast.Starred | ast.Tuple | ast.List):
                raise self.error(item, "danh sách không được lồng nhau", "lists cannot be nested")
        if all(isinstance(e, ast.Constant) for e in node.elts):
            constant = tuple(self.compile_node(e)[0](None) for e in node.elts)
            return (lambda _env: constant), "list"
        runs = tuple(self.compile_node(e)[0] for e in node.elts)
        return (lambda env: tuple(run(env) for run in runs)), "list"

    def _subscript(self, node: ast.Subscript) -> tuple[Thunk, str]:
        if not (
            isinstance(node.value, ast.Name)
            and isinstance(node.slice, ast.Constant)
            and isinstance(node.slice.value, str)
        ):
            raise self.error(
                node,
                "dấu [ ] chỉ dùng để lấy cột của một hàng",
                "[ ] only takes a column of a row",
                ('viết encounter["CỘT"]', 'write encounter["COLUMN"]'),
            )
        name, column = node.value.id, node.slice.value
        if self.inside is None or name not in ("parent", "encounter"):
            self._know(node, name)
        self.columns.add((name, column))
        where = self.place(self.offset(node))

        def read(env: Env) -> Any:
            try:
                row = env[name]
            except KeyError:
                raise _missing(name, where) from None
            if row is None:
                return None
            try:
                value = row[column]
            except KeyError:
                raise _missing(f"{name}.{column}", where) from None
            except TypeError:
                raise ExpressionError(
                    f"Biểu thức sai: {name} không phải là một hàng", f"Bad expression: {name} is not a row", where=where
                ) from None
            return value if type(value) in PLAIN_TYPES else admit(value)

        return self._guard(node, read), "any"


def _missing(name: str, where: Where) -> ExpressionError:
    return ExpressionError(
        f"Biểu thức đọc cột không có: {name}", f"The expression reads a column that is not there: {name}", where=where
    )


_NODES: Mapping[type[ast.expr], Callable[[_Compiler, Any], tuple[Thunk, str]]] = {
    ast.Constant: _Compiler._constant,
    ast.Name: _Compiler._name,
    ast.BoolOp: _Compiler._bool,
    ast.BinOp: _Compiler._binary,
    ast.UnaryOp: _Compiler._unary,
    ast.Compare: _Compiler._compare,
    ast.IfExp: _Compiler._choice,
    ast.Tuple: _Compiler._sequence,
    ast.List: _Compiler._sequence,
    ast.Subscript: _Compiler._subscript,
    ast.Call: _Compiler._call,
    ast.Attribute: _Compiler._attribute,
}
"""The allow-list: a node that is not here is refused."""
