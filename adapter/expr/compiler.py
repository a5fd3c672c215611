"""From expression text to a closure.

Python's own parser reads the text; then every node must be on the allow-list below, names and
functions must exist, counts and families of arguments must fit. Each node becomes a small
function of the environment. Nothing is ever handed to ``eval``.
"""

from __future__ import annotations

import ast
import difflib
from collections.abc import Callable, Container, Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from adapter.errors import ExpressionError, Where
from adapter.expr import operators
from adapter.expr.collections import COLLECTION_FUNCTIONS, OVER, Env, Thunk, rows_of
from adapter.expr.functions import FUNCTIONS, Function
from adapter.expr.reading import Reading
from adapter.expr.values import LARGEST, PLAIN_TYPES, ValueProblem, admit, family


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


@dataclass(frozen=True, slots=True)
class Expression:
    """A compiled expression; call it with an environment. Raises ExpressionError.

    ``names``: bare names read from the environment, those under a subscript included.
    ``columns``: (name, column) of every ``name["column"]``. ``collections``: collection → names
    read from its rows. ``calls``: host functions with their literal arguments.
    """

    source: str
    where: Where
    names: frozenset[str]
    columns: frozenset[tuple[str, str]]
    collections: Mapping[str, frozenset[str]]
    calls: tuple[tuple[str, tuple[Any, ...]], ...]
    gives: str
    run: Thunk = field(repr=False)

    def __call__(self, env: Env) -> Any:
        return self.run(env)


def compile_expression(
    source: str,
    *,
    names: Container[str] | None,
    where: Where,
    functions: Mapping[str, HostFunction] | None = None,
    reader: Callable[[str], Thunk | None] | None = None,
    suggestions: Iterable[str] = (),
) -> Expression:
    """Check and compile ``source``.

    ``names`` are the bare names allowed, None when they are not known before run time.
    ``reader`` may give a shorter way to read a name than ``env[name]``, raising KeyError alike.
    ``suggestions`` feed the "did you mean" of an unknown name. Raises ExpressionError with the position
    inside ``where``.
    """
    compiler = _Compiler(source, names, where, functions or {})
    compiler.suggestions = tuple(suggestions)
    compiler.reader = reader
    return compiler.compile()


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


class _Compiler(Reading):
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
        self.inside: str | None = None  # the collection whose rows the names at hand come from

    def compile(self) -> Expression:
        tree = self.parse()
        self.measure(tree)
        run, gives = self._node(tree.body)
        return Expression(
            self.source,
            self.where,
            frozenset(self.names),
            frozenset(self.columns),
            {name: frozenset(read) for name, read in self.collections.items()},
            tuple(self.calls),
            gives,
            run,
        )

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

    # ---- nodes: each returns its closure and the family it gives, "any" when unknown -------------

    def _node(self, node: ast.expr) -> tuple[Thunk, str]:
        compile_node = _NODES.get(type(node))
        if compile_node is None:
            name = type(node).__name__
            raise self.error(node, f"cú pháp {name} không được phép", f"{name} is not part of the language")
        return compile_node(self, node)

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
        runs, kinds = zip(*(self._node(v) for v in node.values), strict=True)
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

    def _binary(self, node: ast.BinOp) -> tuple[Thunk, str]:
        operate = _BINARY.get(type(node.op))
        if operate is None:
            sign = type(node.op).__name__
            raise self.error(node, f"phép toán {sign} không được phép", f"operator {sign} is not part of the language")
        (left, one), (right, other) = self._node(node.left), self._node(node.right)
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

        if not isinstance(last, ast.Constant | ast.Tuple) or not _constant(last):
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
        run, kind = self._node(node.operand)
        if isinstance(node.op, ast.Not):
            return (lambda env: not run(env)), "bool"
        if isinstance(node.op, ast.Invert) or kind not in ("any", "number"):
            raise self.error(node, "toán tử này cần số", "this operator needs a number")
        operate = operators.negate if isinstance(node.op, ast.USub) else operators.keep_sign
        return self._guard(node, lambda env: operate(run(env))), "number"

    def _compare(self, node: ast.Compare) -> tuple[Thunk, str]:
        items = [node.left, *node.comparators]
        compiled = [self._node(i) for i in items]
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

    def _choice(self, node: ast.IfExp) -> tuple[Thunk, str]:
        test, _ = self._node(node.test)
        yes, one = self._node(node.body)
        no, other = self._node(node.orelse)
        return (lambda env: yes(env) if test(env) else no(env)), one if one == other else "any"

    def _sequence(self, node: ast.Tuple | ast.List) -> tuple[Thunk, str]:
        for item in node.elts:
            if isinstance(item, ast.Starred | ast.Tuple | ast.List):
                raise self.error(item, "danh sách không được lồng nhau", "lists cannot be nested")
        if all(isinstance(e, ast.Constant) for e in node.elts):
            constant = tuple(self._node(e)[0](None) for e in node.elts)
            return (lambda _env: constant), "list"
        runs = tuple(self._node(e)[0] for e in node.elts)
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

    # ---- calls ------------------------------------------------------------------------------------

    def _call(self, node: ast.Call) -> tuple[Thunk, str]:
        if not isinstance(node.func, ast.Name):
            if isinstance(node.func, ast.Attribute):
                self._node(node.func)
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
            run, kind = self._node(argument)
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
                    return call(value if takes == "any" else _checked(value, takes))
                except (ValueProblem, ArithmeticError) as problem:
                    raise fail(problem) from None

            return call_one

        if len(runs) == 2:
            (first, takes), (second, wants) = pairs
            fixed = second(None) if _constant(node.args[1]) else None

            def call_two(env: Env) -> Any:
                one, other = first(env), fixed if fixed is not None else second(env)
                try:
                    return call(_checked(one, takes), other if fixed is not None else _checked(other, wants))
                except (ValueProblem, ArithmeticError) as problem:
                    raise fail(problem) from None

            if fixed is not None:
                _checked(fixed, wants)
            return call_two

        def call_many(env: Env) -> Any:
            values = [run(env) for run in runs]
            try:
                return call(*[_checked(v, w) for v, w in zip(values, wanted, strict=True)])
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
        runs = tuple(self._node(a)[0] for a in node.args)
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
        runs = [self._node(a) for a in node.args[1:]]
        self.inside = None
        where = self.place(self.offset(first))
        over = OVER[name]
        parts = tuple(run for run, _ in runs)

        def run(env: Env) -> Any:
            return over(rows_of(env, collection, where), *parts)

        gives = {"count": "number", "sum": "number", "any": "bool", "all": "bool"}.get(name, "any")
        return self._guard(node, run), gives


def _constant(node: ast.expr) -> bool:
    if isinstance(node, ast.Tuple):
        return all(isinstance(item, ast.Constant) for item in node.elts)
    return isinstance(node, ast.Constant)


_FAMILY_TYPES: Mapping[str, frozenset[type]] = {
    "number": frozenset({int, Decimal, type(None)}),
    "text": frozenset({str, type(None)}),
}


def _fits(kind: str, takes: str) -> bool:
    if "any" in (kind, takes) or kind == "none":
        return takes != "any" or kind not in ("list", "row")
    if takes == "moment":
        return kind in ("text", "number", "date", "datetime")
    return kind == takes or (takes == "number" and kind == "bool")


def _checked(value: Any, takes: str) -> Any:
    if takes in ("any", "moment") or type(value) in _FAMILY_TYPES[takes]:
        return value
    kind = family(value)
    if kind != takes:
        raise ValueProblem(
            f"hàm cần {takes}, gặp {kind}; dùng str(…) hoặc decimal(…)",
            f"the function takes {takes}, found {kind}; use str(…) or decimal(…)",
        )
    return value


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
