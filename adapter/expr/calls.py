"""Calls: the listed functions, those of the host, and functions over collections."""

from __future__ import annotations

import ast
import difflib
from collections.abc import Callable
from typing import Any

from adapter.expr.collections import COLLECTION_FUNCTIONS, OVER, Env, Thunk, rows_of
from adapter.expr.functions import FUNCTIONS, Function
from adapter.expr.nodes import HostFunction, NodeCompiler, is_constant
from adapter.expr.values import PLAIN_TYPES, ValueProblem, admit, checked_family


class CallCompiler(NodeCompiler):
    """Compiles calls: names, counts and families of arguments are checked on load."""

    def _call(self, node: ast.Call) -> tuple[Thunk, str]:
        if not isinstance(node.func, ast.Name):
            if isinstance(node.func, ast.Attribute):
                self.compile_node(node.func)
            raise self.error(node, "chỉ gọi được hàm có tên trong danh sách", "only the listed functions can be called")
        name = node.func.id
        if node.keywords or any(isinstance(a, ast.Starred) for a in node.args):
            raise self.error(
                node, "không dùng tham số có tên", "keyword and starred arguments are not part of the language"
            )
        if name in self.hosts:
            return self._host(node, name, self.hosts[name])
        if name in COLLECTION_FUNCTIONS:
            return self._collection(node, name)
        if name in FUNCTIONS:
            return self._builtin(node, FUNCTIONS[name])
        near = difflib.get_close_matches(name, [*FUNCTIONS, *COLLECTION_FUNCTIONS, *self.hosts], 1)
        raise self.error(
            node,
            f"không có hàm '{name}'",
            f"there is no function '{name}'",
            (f"có phải '{near[0]}'?", f"did you mean '{near[0]}'?")
            if near
            else ("xem docs/mapping/reference.md", "see docs/mapping/reference.md"),
        )

    def _arity(self, node: ast.Call, name: str, least: int, most: int) -> None:
        if not least <= len(node.args) <= most:
            wanted = str(least) if least == most else f"{least}–{most}"
            raise self.error(
                node,
                f"hàm {name} cần {wanted} tham số",
                f"function {name} takes {wanted} arguments, not {len(node.args)}",
            )

    def _builtin(self, node: ast.Call, function: Function) -> tuple[Thunk, str]:
        self._arity(node, function.name, function.least, function.most)
        runs: list[Thunk] = []
        wanted: list[str] = []
        for index, argument in enumerate(node.args):
            run, kind = self.compile_node(argument)
            takes = function.takes[min(index, len(function.takes) - 1)]
            if not _fits(kind, takes):
                raise self.error(
                    argument,
                    f"hàm {function.name} cần {takes}, gặp {kind}",
                    f"function {function.name} takes {takes}, found {kind}",
                    ("dùng str(…), decimal(…) hoặc date(…)", "use str(…), decimal(…) or date(…)"),
                )
            runs.append(run)
            wanted.append(takes)
        return self._called(node, function.call, runs, wanted), function.gives

    def _called(self, node: ast.Call, call: Callable[..., Any], runs: list[Thunk], wanted: list[str]) -> Thunk:
        """A guarded call that checks its arguments' families."""
        fail = self._failure(node)
        pairs = tuple(zip(runs, wanted, strict=True))
        if len(runs) == 1:
            only, takes = pairs[0]

            def call_one(env: Env) -> Any:
                value = only(env)
                try:
                    return call(value if takes == "any" else checked_family(value, takes))
                except (ValueProblem, ArithmeticError) as problem:
                    raise fail(problem) from None

            return call_one

        if len(runs) == 2:
            (first, takes), (second, wants) = pairs
            fixed = second(None) if is_constant(node.args[1]) else None

            def call_two(env: Env) -> Any:
                one, other = first(env), fixed if fixed is not None else second(env)
                try:
                    return call(
                        checked_family(one, takes), other if fixed is not None else checked_family(other, wants)
                    )
                except (ValueProblem, ArithmeticError) as problem:
                    raise fail(problem) from None

            if fixed is not None:
                checked_family(fixed, wants)
            return call_two

        def call_many(env: Env) -> Any:
            values = [run(env) for run in runs]
            try:
                return call(*[checked_family(v, w) for v, w in zip(values, wanted, strict=True)])
            except (ValueProblem, ArithmeticError) as problem:
                raise fail(problem) from None

        return call_many

    def _host(self, node: ast.Call, name: str, host: HostFunction) -> tuple[Thunk, str]:
        self._arity(node, name, host.least, host.most)
        literals: list[Any] = []
        for argument in node.args[: host.literal]:
            if not (isinstance(argument, ast.Constant) and isinstance(argument.value, str)):
                raise self.error(
                    argument,
                    f"tham số này của {name} phải là chữ trong nháy",
                    f"this argument of {name} must be quoted text",
                )
            literals.append(argument.value)
        self.calls.append((name, tuple(literals)))
        runs = tuple(self.compile_node(a)[0] for a in node.args)
        call = host.call

        fail = self._failure(node)
        literal = tuple(literals) if len(literals) == len(runs) else None

        def run(env: Env) -> Any:
            try:
                value = call(env, *(literal or [r(env) for r in runs]))
                return value if type(value) in PLAIN_TYPES else admit(value)
            except (ValueProblem, ArithmeticError) as problem:
                raise fail(problem) from None

        return run, "any"

    def _collection(self, node: ast.Call, name: str) -> tuple[Thunk, str]:
        self._arity(node, name, *COLLECTION_FUNCTIONS[name])
        first = node.args[0]
        if not isinstance(first, ast.Name):
            raise self.error(
                first, f"tham số đầu của {name} là tên một tập dòng", f"{name} takes a collection's name first"
            )
        if self.inside is not None:
            raise self.error(
                node,
                "không lồng hàm tập dòng vào nhau",
                "collection functions cannot be nested",
                ("dùng `with: … all: … on:`", "use `with: … all: … on:`"),
            )
        collection = first.id
        self.collections.setdefault(collection, set())
        self.inside = collection
        runs = [self.compile_node(a) for a in node.args[1:]]
        self.inside = None
        where = self.place(self.offset(first))
        over = OVER[name]
        parts = tuple(run for run, _ in runs)

        def run(env: Env) -> Any:
            return over(rows_of(env, collection, where), *parts)

        gives = {"count": "number", "sum": "number", "any": "bool", "all": "bool"}.get(name, "any")
        return self._guard(node, run), gives


def _fits(kind: str, takes: str) -> bool:
    if "any" in (kind, takes) or kind == "none":
        return takes != "any" or kind not in ("list", "row")
    if takes == "moment":
        return kind in ("text", "number", "date", "datetime")
    return kind == takes or (takes == "number" and kind == "bool")
