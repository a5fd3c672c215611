"""Checked expressions as Python text, compiled once: the quick way beside the exact one.

The text is written from nodes that passed the allow-list, and it holds nothing of the mapping: names are ours,
every literal, column and function is an object in a :class:`Pool`, builtins are shut off. The quick way either gives
what the closures give or raises; then the closures run again and say what is wrong, with the position. So
there is one meaning and one set of messages, and speed never changes a result.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from adapter.expr import operators
from adapter.expr.functions import FUNCTIONS
from adapter.expr.values import CONTEXT, PLAIN_TYPES, admit, checked_family, text_to_decimal, to_decimal

Run = Callable[[Any], Any]


@dataclass(frozen=True, slots=True)
class Checked:
    """An expression's nodes after the check: what each gives, its literals, the host's functions."""

    body: ast.expr
    kinds: Mapping[ast.expr, str]
    constants: Mapping[ast.expr, Any]
    hosts: Mapping[str, Any]


class NotInlineError(Exception):
    """This node has no quick form; its closure is called instead."""


class Pool:
    """The names of generated text and the objects they stand for."""

    def __init__(self) -> None:
        self.objects: dict[str, Any] = {
            "__builtins__": {},
            "type": type,
            "D": Decimal,
            "PLAIN": PLAIN_TYPES,
            "NUMBERS": frozenset({int, Decimal, type(None)}),
            "TEXTS": frozenset({str, type(None)}),
            "admit": admit,
            "fits": checked_family,
        }
        self._names: dict[int, str] = {}
        self._temporaries = 0

    def give(self, thing: Any) -> str:
        """The name under which generated text reads an object."""
        name = self._names.get(id(thing))
        if name is None:
            name = f"k{len(self.objects)}"
            self._names[id(thing)] = name
            self.objects[name] = thing  # also keeps it alive, so that its id stays its own
        return name

    def temporary(self) -> str:
        """A fresh local name."""
        self._temporaries += 1
        return f"v{self._temporaries}"

    def function(self, name: str, text: str) -> Callable[..., Any]:
        """Compile generated text that defines ``name``."""
        space = dict(self.objects)
        exec(compile(text, "<generated>", "exec"), space)  # noqa: S102 -- our own text, see the module's account
        made: Callable[..., Any] = space[name]
        return made


class Names:
    """How generated text reads what an expression names; here from ``s``, any environment."""

    def name(self, name: str, pool: Pool) -> str:
        """Text giving the value of a bare name; it raises KeyError when there is none."""
        return f"s[{pool.give(name)}]"

    def column(self, row: str, column: str, pool: Pool) -> str:
        """Text giving ``row["column"]``."""
        found = pool.temporary()
        return f"(None if ({found} := s[{pool.give(row)}]) is None else {found}[{pool.give(column)}])"

    def host(self, name: str, host: Any, node: ast.Call, arguments: list[str], pool: Pool) -> str:
        """Text giving the result of a host's function, already fit for the language."""
        del name, node
        return plain(f"{pool.give(host.call)}({', '.join(['s', *arguments])})", pool)


def generated(checked: Checked, names: Names) -> Run | None:
    """The generated function of an environment, None when a node has no quick form."""
    pool = Pool()
    try:
        text = ExpressionText(checked, names, pool).node(checked.body)
    except NotInlineError:
        return None
    return pool.function("f", f"def f(s):\n return {text}\n")


def with_exact(fast: Run, exact: Run) -> Run:
    """The generated function; whatever stops it, the closures decide."""

    def run(env: Any) -> Any:
        try:
            return fast(env)
        except Exception:  # noqa: BLE001 -- nothing is swallowed: the exact way runs and raises with the position
            return exact(env)

    return run


def plain(text: str, pool: Pool) -> str:
    """Text that lets only values of the language through."""
    found = pool.temporary()
    return f"({found} if type({found} := {text}) in PLAIN else admit({found}))"


_DECIMAL: Mapping[type[ast.operator], Callable[..., Any]] = {
    ast.Add: CONTEXT.add,
    ast.Sub: CONTEXT.subtract,
    ast.Mult: CONTEXT.multiply,
    ast.Div: CONTEXT.divide,
}
_ANY: Mapping[type[ast.operator], Callable[..., Any]] = {
    ast.Add: operators.add,
    ast.Sub: operators.subtract,
    ast.Mult: operators.multiply,
    ast.Div: operators.divide,
    ast.FloorDiv: operators.floor_divide,
    ast.Mod: operators.modulo,
}
_SIGNS: Mapping[type[ast.cmpop], tuple[str, Callable[..., Any]]] = {
    ast.Eq: ("==", operators.equal),
    ast.NotEq: ("!=", operators.not_equal),
    ast.Lt: ("<", operators.less),
    ast.LtE: ("<=", operators.less_equal),
    ast.Gt: (">", operators.greater),
    ast.GtE: (">=", operators.greater_equal),
}


class ExpressionText:
    """Writes the text of one expression."""

    def __init__(self, checked: Checked, names: Names, pool: Pool) -> None:
        self.checked, self.names, self.pool = checked, names, pool

    def node(self, node: ast.expr) -> str:
        """Text of a node, in parentheses where needed. Raises NotInlineError."""
        write = _WRITERS.get(type(node))
        if write is None:
            raise NotInlineError
        return write(self, node)

    def raw(self, node: ast.expr) -> str:
        """Text of a node where whatever the language does not hold is stopped by what uses it."""
        if isinstance(node, ast.Name):
            return self.names.name(node.id, self.pool)
        if (
            isinstance(node, ast.Subscript)
            and isinstance(node.value, ast.Name)
            and isinstance(node.slice, ast.Constant)
        ):
            return self.names.column(node.value.id, str(node.slice.value), self.pool)
        return self.node(node)

    def _constant(self, node: ast.Constant) -> str:
        value = self.checked.constants[node]
        if value is None or value is True or value is False:
            return str(value)
        return self.pool.give(value)

    def _name(self, node: ast.Name) -> str:
        return plain(self.names.name(node.id, self.pool), self.pool)

    def _bool(self, node: ast.BoolOp) -> str:
        sign = " and " if isinstance(node.op, ast.And) else " or "
        return f"({sign.join(self.node(v) for v in node.values)})"

    def _choice(self, node: ast.IfExp) -> str:
        return f"({self.node(node.body)} if {self.node(node.test)} else {self.node(node.orelse)})"

    def _sequence(self, node: ast.Tuple | ast.List) -> str:
        if all(isinstance(e, ast.Constant) for e in node.elts):
            return self.pool.give(tuple(self.checked.constants[e] for e in node.elts))
        return f"({''.join(self.node(e) + ', ' for e in node.elts)})"

    def _subscript(self, node: ast.Subscript) -> str:
        return plain(self._of_row(node), self.pool)

    def _of_row(self, node: ast.Subscript) -> str:
        row, column = node.value, node.slice
        if not isinstance(row, ast.Name) or not isinstance(column, ast.Constant) or not isinstance(column.value, str):
            raise NotInlineError
        return self.names.column(row.id, column.value, self.pool)

    def _unary(self, node: ast.UnaryOp) -> str:
        inner = self.node(node.operand)
        if isinstance(node.op, ast.Not):
            return f"(not {inner})"
        sign = operators.negate if isinstance(node.op, ast.USub) else operators.keep_sign
        return f"{self.pool.give(sign)}({inner})"

    def _binary(self, node: ast.BinOp) -> str:
        left, right = self.raw(node.left), self.raw(node.right)
        general = self.pool.give(_ANY[type(node.op)])
        exact = _DECIMAL.get(type(node.op))
        if exact is None:
            return f"{general}({left}, {right})"
        a, b, quickly = self.pool.temporary(), self.pool.temporary(), self.pool.give(exact)
        # a whole number written in the expression may meet a decimal directly
        one, other = (type(self.checked.constants.get(n)) in (int, Decimal) for n in (node.left, node.right))
        test = " and ".join(
            [
                *([] if one else [f"type({a} := {left}) is D"]),
                *([] if other else [f"type({b} := {right}) is D"]),
            ]
        )
        if one and other:
            return f"{general}({left}, {right})"
        fixed = {n: self.pool.give(Decimal(v)) for n, v in self.checked.constants.items() if type(v) in (int, Decimal)}
        if one:
            return f"({quickly}({fixed[node.left]}, {b}) if {test} else {general}({left}, {b}))"
        if other:
            return f"({quickly}({a}, {fixed[node.right]}) if {test} else {general}({a}, {right}))"
        # the second operand is evaluated exactly once, whatever the first one is
        both = f"(type({a} := {left}) is D) & (type({b} := {right}) is D)"
        return f"({quickly}({a}, {b}) if {both} else {general}({a}, {b}))"

    def _compare(self, node: ast.Compare) -> str:
        parts: list[str] = []
        if len(node.ops) == 1 and (text := self._with_constant(node)) is not None:
            return text
        given = self.node(node.left)
        for index, (op, right) in enumerate(zip(node.ops, node.comparators, strict=True)):
            more = index + 1 < len(node.ops)
            written = self.node(right)
            if more:
                kept = self.pool.temporary()
                parts.append(self._one(op, given, f"({kept} := {written})"))
                given = kept
            else:
                parts.append(self._one(op, given, written))
        return f"({' and '.join(parts)})"

    def _with_constant(self, node: ast.Compare) -> str | None:
        """A comparison with a literal, decided by the value's own type; None when the right side is no literal."""
        op, right = node.ops[0], node.comparators[0]
        a, left, constants = self.pool.temporary(), self.raw(node.left), self.checked.constants
        if isinstance(op, ast.Is | ast.IsNot):
            sign = "is" if isinstance(op, ast.Is) else "is not"
            return f"({a} {sign} None if type({a} := {left}) in PLAIN else admit({a}) {sign} None)"
        if isinstance(op, ast.In | ast.NotIn):
            items = _alike(right, constants)
            if items is None:
                return None
            sign, operate = (
                ("in", operators.contained) if isinstance(op, ast.In) else ("not in", operators.not_contained)
            )
            fixed, written = items[0], self.pool.give(frozenset(items))
            nothing = str(isinstance(op, ast.NotIn))
            general = f"{self.pool.give(operate)}(admit({a}), {self.pool.give(tuple(items))})"
        else:
            fixed = constants.get(right)
            if type(fixed) not in (int, str, Decimal):
                return None
            sign, operate = _SIGNS[type(op)]
            written = self.pool.give(fixed)
            nothing = {"==": "False", "!=": "True"}.get(sign, "")
            general = f"{self.pool.give(operate)}(admit({a}), {written})"
        if type(fixed) is str:
            known = f"type({a}) is {self.pool.give(str)}"
        else:  # numbers compare exactly, whole or decimal
            known = f"type({a}) is {self.pool.give(int)} or type({a}) is D"
        found = f"{a} {sign} {written} if {known} else {general}"
        if nothing:
            return f"({nothing} if ({a} := {left}) is None else {found})"
        return f"({found.replace(known, known.replace(f'type({a})', f'type({a} := {left})', 1), 1)})"

    def _one(self, op: ast.cmpop, left: str, right: str) -> str:
        if isinstance(op, ast.Is | ast.IsNot):
            return f"({left} {'is' if isinstance(op, ast.Is) else 'is not'} None)"
        if isinstance(op, ast.In | ast.NotIn):
            operate = operators.contained if isinstance(op, ast.In) else operators.not_contained
            return f"{self.pool.give(operate)}({left}, {right})"
        sign, operate = _SIGNS[type(op)]
        a, b, general = self.pool.temporary(), self.pool.temporary(), self.pool.give(operate)
        return f"({a} {sign} {b} if type({a} := {left}) is type({b} := {right}) else {general}({a}, {b}))"

    # ---- calls -------------------------------------------------------------------------------------

    def _call(self, node: ast.Call) -> str:
        name = node.func.id if isinstance(node.func, ast.Name) else ""
        if name in self.checked.hosts:
            arguments = [self.node(a) for a in node.args]
            return self.names.host(name, self.checked.hosts[name], node, arguments, self.pool)
        function = FUNCTIONS.get(name)
        if function is None:
            raise NotInlineError  # functions over collections keep their closures
        arguments = []
        for index, argument in enumerate(node.args):
            takes = function.takes[min(index, len(function.takes) - 1)]
            arguments.append(self._argument(argument, takes))
        special = _SPECIAL.get(name)
        if special is not None and (text := special(self, node, arguments)) is not None:
            return text
        return f"{self.pool.give(function.call)}({', '.join(arguments)})"

    def _argument(self, node: ast.expr, takes: str) -> str:
        text = self.node(node)
        if takes in ("any", "moment") or self.checked.kinds.get(node) == takes:
            return text
        found = self.pool.temporary()
        known = "NUMBERS" if takes == "number" else "TEXTS"
        return f"({found} if type({found} := {text}) in {known} else fits({found}, {self.pool.give(takes)}))"

    def _decimal(self, node: ast.Call, _arguments: list[str]) -> str:
        argument = self.raw(node.args[0])
        found = self.pool.temporary()
        of_text, general = self.pool.give(text_to_decimal), self.pool.give(to_decimal)
        return f"({of_text}({found}) if type({found} := {argument}) is {self.pool.give(str)} else {general}({found}))"

    def _round(self, node: ast.Call, arguments: list[str]) -> str | None:
        places = self.checked.constants.get(node.args[1]) if len(node.args) == 2 else 0
        if type(places) is not int or not 0 <= places <= 6:
            return None
        found, unit = self.pool.temporary(), self.pool.give(Decimal(1).scaleb(-places))
        exact, general = self.pool.give(CONTEXT.quantize), self.pool.give(FUNCTIONS["round"].call)
        return (
            f"({exact}({found}, {unit}) if type({found} := {arguments[0]}) is D"
            f" else {general}({found}, {self.pool.give(places)}))"
        )

    def _coalesce(self, node: ast.Call, arguments: list[str]) -> str | None:
        if len(node.args) != 2 or not isinstance(node.args[1], ast.Constant):
            return None
        found, text = self.pool.temporary(), self.pool.give(str)
        # a last value that is empty too gives None, as the function does
        last = self.checked.constants[node.args[1]]
        if last is None or (type(last) is str and not last.strip()):
            return None
        return (
            f"({found} if ({found} := {arguments[0]}) is not None"
            f" and not (type({found}) is {text} and not {found}.strip()) else {arguments[1]})"
        )


def _extreme(sign: str) -> Callable[[ExpressionText, ast.Call, list[str]], str | None]:
    def of_two(writer: ExpressionText, node: ast.Call, arguments: list[str]) -> str | None:
        if len(arguments) != 2:
            return None
        a, b = writer.pool.temporary(), writer.pool.temporary()
        name = node.func.id if isinstance(node.func, ast.Name) else ""
        both = f"(type({a} := {arguments[0]}) is D) & (type({b} := {arguments[1]}) is D)"
        return f"(({b} if {b} {sign} {a} else {a}) if {both} else {writer.pool.give(FUNCTIONS[name].call)}({a}, {b}))"

    return of_two


def _alike(node: ast.expr | None, constants: Mapping[ast.expr, Any]) -> list[Any] | None:
    """The items of a literal list when all are whole numbers, or all text."""
    if not isinstance(node, ast.Tuple | ast.List) or not node.elts:
        return None
    items = [constants.get(e) for e in node.elts]
    return items if {type(i) for i in items} in ({int}, {str}) else None


_SPECIAL: Mapping[str, Callable[[ExpressionText, ast.Call, list[str]], str | None]] = {
    "decimal": ExpressionText._decimal,
    "round": ExpressionText._round,
    "coalesce": ExpressionText._coalesce,
    "min": _extreme("<"),
    "max": _extreme(">"),
}
_WRITERS: Mapping[type[ast.expr], Callable[[ExpressionText, Any], str]] = {
    ast.Constant: ExpressionText._constant,
    ast.Name: ExpressionText._name,
    ast.BoolOp: ExpressionText._bool,
    ast.IfExp: ExpressionText._choice,
    ast.Tuple: ExpressionText._sequence,
    ast.List: ExpressionText._sequence,
    ast.Subscript: ExpressionText._subscript,
    ast.UnaryOp: ExpressionText._unary,
    ast.BinOp: ExpressionText._binary,
    ast.Compare: ExpressionText._compare,
    ast.Call: ExpressionText._call,
}
