"""Arithmetic and comparisons: which families go together, and the closures that do the work."""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping
from typing import Any

from adapter.expr import operators
from adapter.expr.collections import Env, Thunk
from adapter.expr.nodes import NodeCompiler, is_constant
from adapter.expr.values import ValueProblem, family

_BINARY: Mapping[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Add: operators.add,
    ast.Sub: operators.subtract,
    ast.Mult: operators.multiply,
    ast.Div: operators.divide,
    ast.FloorDiv: operators.floor_divide,
    ast.Mod: operators.modulo,
}
_COMPARE: Mapping[type[ast.cmpop], Callable[[Any, Any], bool]] = {
    ast.Eq: operators.equal,
    ast.NotEq: operators.not_equal,
    ast.Lt: operators.less,
    ast.LtE: operators.less_equal,
    ast.Gt: operators.greater,
    ast.GtE: operators.greater_equal,
    ast.In: operators.contained,
    ast.NotIn: operators.not_contained,
    ast.Is: operators.identical,
    ast.IsNot: operators.not_identical,
}


class OperationCompiler(NodeCompiler):
    """Compiles ``+ - * / // %``, signs, ``not`` and comparisons."""

    def _binary(self, node: ast.BinOp) -> tuple[Thunk, str]:
        operate = _BINARY.get(type(node.op))
        if operate is None:
            sign = type(node.op).__name__
            raise self.error(node, f"phép toán {sign} không được phép", f"operator {sign} is not part of the language")
        (left, one), (right, other) = self.compile_node(node.left), self.compile_node(node.right)
        text = isinstance(node.op, ast.Add)
        for kind in (one, other):
            if kind not in ("any", "number") and not (text and kind == "text"):
                raise self.error(node, f"phép tính cần số, gặp {kind}", f"arithmetic needs numbers, found {kind}")
        if {one, other} == {"text", "number"}:
            raise self.error(
                node, "không cộng chữ với số", "text and a number cannot be added", ("dùng concat()", "use concat()")
            )
        gives = one if one == other else "any" if text else "number"
        return self._applied(node, operate, left, right, node.right), gives

    def _applied(
        self,
        node: ast.expr,
        operate: Callable[[Any, Any], Any],
        left: Thunk,
        right: Thunk,
        last: ast.expr | None = None,
    ) -> Thunk:
        """A guarded operation on two nodes; a constant on the right is read once."""
        fail = self._failure(node)

        def apply(env: Env) -> Any:
            one, other = left(env), right(env)
            try:
                return operate(one, other)
            except (ValueProblem, ArithmeticError) as problem:
                raise fail(problem) from None

        if not isinstance(last, ast.Constant | ast.Tuple) or not is_constant(last):
            return apply
        fixed = right(None)

        def apply_constant(env: Env) -> Any:
            one = left(env)
            try:
                return operate(one, fixed)
            except (ValueProblem, ArithmeticError) as problem:
                raise fail(problem) from None

        return apply_constant

    def _unary(self, node: ast.UnaryOp) -> tuple[Thunk, str]:
        run, kind = self.compile_node(node.operand)
        if isinstance(node.op, ast.Not):
            return (lambda env: not run(env)), "bool"
        if isinstance(node.op, ast.Invert) or kind not in ("any", "number"):
            raise self.error(node, "toán tử này cần số", "this operator needs a number")
        operate = operators.negate if isinstance(node.op, ast.USub) else operators.keep_sign
        return self._guard(node, lambda env: operate(run(env))), "number"

    def _compare(self, node: ast.Compare) -> tuple[Thunk, str]:
        items = [node.left, *node.comparators]
        compiled = [self.compile_node(i) for i in items]
        steps: list[tuple[Callable[[Any, Any], bool], Thunk]] = []
        for index, op in enumerate(node.ops):
            self._comparable(node, op, (items[index], compiled[index][1]), (items[index + 1], compiled[index + 1][1]))
            steps.append((_COMPARE[type(op)], compiled[index + 1][0]))
        first = compiled[0][0]
        if len(steps) == 1:
            test, right = steps[0]
            return self._applied(node, test, first, right, node.comparators[0]), "bool"

        def chain(env: Env) -> bool:
            left = first(env)
            for test, run in steps:
                right = run(env)
                if not test(left, right):
                    return False
                left = right
            return True

        return self._guard(node, chain), "bool"

    def _comparable(
        self, node: ast.Compare, op: ast.cmpop, left: tuple[ast.expr, str], right: tuple[ast.expr, str]
    ) -> None:
        one, other = ("number" if k == "bool" else k for k in (left[1], right[1]))
        if isinstance(op, ast.Is | ast.IsNot):
            literal = right[0]
            if not (isinstance(literal, ast.Constant) and literal.value is None):
                raise self.error(node, "`is` chỉ dùng với None", "`is` is for None only", ("dùng ==", "use =="))
            return
        if isinstance(op, ast.In | ast.NotIn):
            if other not in ("any", "list"):
                raise self.error(
                    right[0],
                    "bên phải của `in` phải là danh sách",
                    "the right side of `in` must be a list",
                    ("viết (1, 3) hoặc dùng contains()", "write (1, 3), or use contains()"),
                )
            if isinstance(right[0], ast.Tuple | ast.List):
                for item in right[0].elts:
                    kind = family(item.value) if isinstance(item, ast.Constant) and item.value is not None else "any"
                    self._same(item, one, "number" if isinstance(getattr(item, "value", None), float) else kind)
            return
        if isinstance(op, ast.Lt | ast.LtE | ast.Gt | ast.GtE) and "none" in (one, other):
            raise self.error(node, "so sánh lớn nhỏ với None", "ordering against None", ("dùng is None", "use is None"))
        self._same(node, one, other)

    def _same(self, node: ast.expr, one: str, other: str) -> None:
        known = {one, other} - {"any", "none", "row"}
        if len(known) > 1:
            raise self.error(
                node,
                f"so sánh {one} với {other} không bao giờ đúng",
                f"comparing {one} with {other} can never hold",
                ("dùng int(…), str(…) hoặc dấu nháy", "use int(…), str(…) or quotes"),
            )
