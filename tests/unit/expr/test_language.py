"""The expression language: what it computes, and that it computes nothing else."""

from __future__ import annotations

import ast
from datetime import date, datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapter.clock import VIETNAM
from adapter.errors import ExpressionError, Where
from adapter.expr import FUNCTIONS, HostFunction, compile_expression

HERE = Where("m.yaml", 10, 5)


def run(source: str, **names: Any) -> Any:
    return compile_expression(source, names=None, where=HERE)(names)


CASES: list[tuple[str, dict[str, Any], Any]] = [
    ("round(PRICE * (1 + (VAT or 0)), 3)", {"PRICE": Decimal("10.0005"), "VAT": None}, Decimal("10.001")),
    ("0.1 + 0.2", {}, Decimal("0.3")),
    ("7 / 2", {}, Decimal("3.5")),
    ("-7 // 2", {}, -4),
    ("-7.5 // 2", {}, Decimal("-4")),
    ("-7.5 % 2", {}, Decimal("0.5")),
    ("'a' + 'b'", {}, "ab"),
    ("1 < A <= 3", {"A": 3}, True),
    ("KIND in (1, 3)", {"KIND": Decimal("1.0000")}, True),
    ("KIND not in ('a', 'b')", {"KIND": None}, True),
    ("A is None and B is not None", {"A": None, "B": 0}, True),
    ("A == None", {"A": ""}, False),
    ("not FLAG", {"FLAG": None}, True),
    ("A or B", {"A": "", "B": "x"}, "x"),
    ("'yes' if A else 'no'", {"A": 0}, "no"),
    ("row['X'] + 1", {"row": {"X": 1}}, 2),
    ("gone['X']", {"gone": None}, None),
    ("round(2.5)", {}, Decimal("3")),
    ("round(-2.5)", {}, Decimal("-3")),
    ("round(1250, -2)", {}, Decimal("1300")),
    ("floor(-1.5)", {}, -2),
    ("ceil(1.2)", {}, 2),
    ("min(3, None, 2)", {}, 2),
    ("max('a', 'b')", {}, "b"),
    ("int('0012')", {}, 12),
    ("decimal('80.50')", {}, Decimal("80.50")),
    ("str(1.50)", {}, "1.50"),
    ("len(None)", {}, 0),
    ("substr('GD4797', 2, 3)", {}, "479"),
    ("left('abc', 2) + right('abc', 1)", {}, "abc"),
    ("starts_with(None, 'a')", {}, False),
    ("replace('a/b', '/', '-')", {}, "a-b"),
    ("concat('a', None, 1)", {}, "a1"),
    ("pad_left(7, 3, '0')", {}, "007"),
    ("digits('a1-2')", {}, "12"),
    ("coalesce(None, '', 'x')", {}, "x"),
    ("is_empty('  ')", {}, True),
    ("date(20260131)", {}, date(2026, 1, 31)),
    ("days_between('20260131235900', '202602010000')", {}, 1),
    ("minutes_between(202601312359, 202602010001)", {}, 2),
    ("add_days(date('20260131'), 1)", {}, date(2026, 2, 1)),
    ("add_months(20260131, 1)", {}, datetime(2026, 2, 28, tzinfo=VIETNAM)),
    ("add_years(date('20240229'), 1)", {}, date(2025, 2, 28)),
    ("year(A)", {"A": datetime(2025, 12, 31, 20, tzinfo=VIETNAM)}, 2025),
    ("age_years('20000229', '20260228')", {}, 25),
    ("age_days(20260101, 20260129)", {}, 28),
    ("format_date('2026-01-05 08:30', 'datetime12')", {}, "202601050830"),
    ("count(items)", {"items": [{}, {}]}, 2),
    ("count(items, X > LIMIT)", {"items": [{"X": 1, "LIMIT": 0}, {"X": 1, "LIMIT": 2}]}, 1),
    ("sum(items, X * Y)", {"items": [{"X": Decimal("0.1"), "Y": 3}, {"X": 2, "Y": 1}]}, Decimal("2.3")),
    ("sum(items, X)", {"items": []}, 0),
    ("sum(items, X)", {"items": [{"X": None}, {"X": 2}]}, 2),
    ("any(items, X == parent['Y'])", {"items": [{"X": 1}], "Y": 1}, True),
    ("all(items, X > 1)", {"items": [{"X": 1}]}, False),
    ("first(items, X, X > 1)", {"items": [{"X": 1}, {"X": 2}, {"X": 3}]}, 2),
    ("last(items, X)", {"items": [{"X": 1}, {"X": 2}]}, 2),
    ("min_of(items, X)", {"items": [{"X": None}, {"X": 2}]}, 2),
    ("max_of(items, X, X < 2)", {"items": [{"X": 1}, {"X": 2}]}, 1),
]


@pytest.mark.parametrize(("source", "names", "expected"), CASES)
def test_an_expression_means_what_the_reference_says(source: str, names: dict[str, Any], expected: Any) -> None:
    result = run(source, **names)
    assert result == expected
    assert type(result) is type(expected)


def test_every_function_of_the_reference_is_tried_above() -> None:
    used = {
        node.func.id
        for source, _, _ in CASES
        for node in ast.walk(ast.parse(source, mode="eval"))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
    }
    tried_elsewhere = {"abs", "upper", "lower", "strip", "ends_with", "contains", "datetime", "month", "day", "hour"}
    assert set(FUNCTIONS) - used <= tried_elsewhere | {"minute", "add_minutes"}
    assert run("abs(-1)") == 1
    assert run("upper('đ') + lower('Đ') + strip(' a ')") == "Đđa"
    assert run("ends_with('ab', 'b') and contains('abc', 'b')") is True
    assert run("month(A) + day(A) + hour(A) + minute(A)", A="202601020304") == 10
    assert run("add_minutes(datetime('202601012359'), 1)") == datetime(2026, 1, 2, tzinfo=VIETNAM)


REFUSED = [
    "A.b",
    "(1).real",
    "'a'.upper()",
    "().__class__",
    "10 ** 10",
    "1 << 9",
    "~A",
    "lambda: 1",
    "[x for x in items]",
    "{x for x in items}",
    "{1: 2}",
    "(yield)",
    "f'{A}'",
    "(a := 1)",
    "*A,",
    "open('x')",
    "eval('1')",
    "__import__('os')",
    "getattr(A, 'b')",
    "A['b']['c']",
    "A[0]",
    "A[0:1]",
    "round(1, places=2)",
    "round(*A)",
    "1j",
    "b'x'",
    "...",
    "1e5",
    "'a' * 100",
    "A is 1",
    "'a' in 'abc'",
    "1 == '1'",
    "upper(1)",
    "round('1')",
    "1 + 'a'",
    "(1, (2, 3))",
    "count(count(items))",
    "count(items, count(items) > 0)",
    "nothing(1)",
    "round()",
    "1 +",
    "A B",
    "",
    "   ",
    "1; 2",
    "A = 1",
    "not " * 200 + "A",
    "(" * 300 + "1" + ")" * 300,
    "1+" * 500 + "1",
    "x" * 4001,
    "9" * 61,
    "9" * 5000,
    "\x00",
    "'\\ud800'",
]


@pytest.mark.parametrize("source", REFUSED, ids=lambda s: repr(s[:20]))
def test_what_is_outside_the_language_is_refused_on_load_or_harmless(source: str) -> None:
    if source == "'\\ud800'":
        assert run(source) == "\ud800"  # a text like any other; XML-illegal letters are removed later
        return
    with pytest.raises(ExpressionError) as caught:
        compile_expression(source, names=None, where=HERE)
    assert caught.value.where is not None
    assert caught.value.where.file == "m.yaml"


RUN_TIME = [
    ("A + 1", {"A": None}, "empty value"),
    ("A + 1", {"A": "1"}, "needs numbers"),
    ("A + 1", {"A": 1.5}, "binary float"),
    ("A", {"A": 1.5}, "binary float"),
    ("A", {"A": b"x"}, "bytes"),
    ("A == 1", {"A": "1"}, "can never hold"),
    ("A in (1, 2)", {"A": "1"}, "can never hold"),
    ("A < 1", {"A": None}, "is not None"),
    ("A < B", {"A": date(2026, 1, 1), "B": datetime(2026, 1, 1, tzinfo=VIETNAM)}, "can never hold"),
    ("1 / A", {"A": 0}, "division by zero"),
    ("1.5 % A", {"A": 0}, "division by zero"),
    ("A * A * A", {"A": 10**30}, "too large"),
    ("A * A * A", {"A": Decimal(10) ** 30}, "too large"),
    ("A + A", {"A": "x" * 60_000}, "longer"),
    ("replace(A, 'x', 'yyyy')", {"A": "x" * 60_000}, "longer"),
    ("int(1.5)", {}, "fraction"),
    ("date('20260230')", {}, "real date"),
    ("date(1.5)", {}, "real date"),
    ("add_days(20260101, 99999999)", {}, "calendar"),
    ("decimal('1,5')", {}, "plain decimal"),
    ("B", {}, "not there"),
    ("A['Y']", {"A": {"X": 1}}, "not there"),
    ("count(C)", {}, "unknown collection"),
    ("count(A)", {"A": 5}, "not a collection"),
    ("min(A, B)", {"A": 1, "B": "x"}, "different kinds"),
]


@pytest.mark.parametrize(("source", "names", "part"), RUN_TIME)
def test_a_value_that_does_not_fit_is_named_and_never_shown(source: str, names: dict[str, Any], part: str) -> None:
    with pytest.raises(ExpressionError) as caught:
        run(source, **names)
    assert part in caught.value.message_en
    assert caught.value.where is not None
    assert caught.value.where.line == 10
    assert "xxxx" not in str(caught.value)


def test_errors_point_at_the_part_that_is_wrong() -> None:
    with pytest.raises(ExpressionError) as caught:
        compile_expression("1 + uper('x')", names=None, where=HERE)
    assert (caught.value.where.line, caught.value.where.column) == (10, 9)  # type: ignore[union-attr]
    assert "upper" in caught.value.hint_en
    with pytest.raises(ExpressionError) as caught:
        compile_expression("'tiếng Việt' +\n  B", names={"A"}, where=HERE, suggestions=["B1"])
    assert (caught.value.where.line, caught.value.where.column) == (11, 3)  # type: ignore[union-attr]


def test_what_an_expression_reads_is_known_on_load() -> None:
    look = HostFunction(1, 1, lambda _env, name: name)
    found = compile_expression(
        "A + encounter['B'] + sum(items, C * parent['D']) + look('x')", names=None, where=HERE, functions={"look": look}
    )
    assert found.names == {"A", "encounter"}
    assert found.columns == {("encounter", "B"), ("parent", "D")}
    assert found.collections == {"items": frozenset({"C"})}
    assert found.calls == (("look", ("x",)),)


numbers = st.one_of(st.integers(-(10**9), 10**9), st.decimals(-(10**9), 10**9, allow_nan=False, places=4))


@given(numbers, numbers, st.integers(0, 6))
def test_arithmetic_is_exact_and_never_binary(a: Any, b: Any, places: int) -> None:
    assert run("A + B", A=a, B=b) == Decimal(a) + Decimal(b)
    assert run("A * B", A=a, B=b) == Decimal(a) * Decimal(b)
    rounded = run(f"round(A, {places})", A=a)
    assert rounded == Decimal(a).quantize(Decimal(1).scaleb(-places), rounding=ROUND_HALF_UP)
    for source in ("A + B", "A - B", "A * B"):
        assert type(run(source, A=a, B=b)) in (int, Decimal)


@given(st.integers(-(10**9), 10**9), st.integers(-(10**6), 10**6).filter(bool))
def test_whole_division_agrees_for_whole_numbers_and_decimals(a: int, b: int) -> None:
    assert run("A // B", A=Decimal(a), B=Decimal(b)) == a // b
    assert run("A % B", A=Decimal(a), B=Decimal(b)) == a % b


WORDS = (
    "A B 1 2.5 'x' None True + - * / // % ** < == in not and or is if else ( ) [ ] , . lambda : "
    "for await { } ' \" \\ @ "
    ":= -> ~ count sum any items __class__ eval exec # é \x00 0x 1_0 1e9 ="
)
SNIPPETS = st.sampled_from([*WORDS.split(), *FUNCTIONS, "\n"])
ALLOWED = (
    ast.Expression, ast.Constant, ast.Name, ast.Load, ast.BoolOp, ast.boolop, ast.BinOp, ast.operator, ast.UnaryOp,
    ast.unaryop, ast.Compare, ast.cmpop, ast.IfExp, ast.Tuple, ast.List, ast.Subscript, ast.Call,
)  # fmt: skip


@given(st.lists(SNIPPETS, max_size=25).map(" ".join))
def test_only_the_allow_list_ever_compiles_and_only_expression_errors_leave(source: str) -> None:
    env = {"A": 1, "B": "x", "items": [{"A": 2, "B": None}]}
    try:
        compiled = compile_expression(source, names=None, where=HERE)
        tree = ast.parse(source.replace("\n", " ").strip(), mode="eval")
        assert all(isinstance(node, ALLOWED) for node in ast.walk(tree))
        value = compiled(env)
        assert value is None or isinstance(value, bool | int | Decimal | str | date | tuple)
    except ExpressionError:
        return  # any other exception fails this test
