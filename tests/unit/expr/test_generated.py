"""The generated form of an expression gives what the closures give, or raises; its text is only our own words."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapter.clock import VIETNAM
from adapter.errors import ExpressionError, Where
from adapter.expr import compile_expression, generate
from adapter.expr.generate import ExpressionText, Names, Pool

NAMES = ("A", "B", "C")
VALUES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(10**20), 10**20),
    st.decimals(allow_nan=False, allow_infinity=False, places=4, min_value=-(10**9), max_value=10**9),
    st.sampled_from(["", " ", "1", "2", "01", "10.50", "-3", "20260101", "202601010830", "Đau bụng", "x" * 200]),
    st.sampled_from(
        [date(2026, 1, 1), datetime(2026, 1, 1, 1, 30, tzinfo=UTC), datetime(2026, 1, 1, 8, 30, tzinfo=VIETNAM)]
    ),
    st.sampled_from([1.5, b"x", [1, 2], object()]),
)
LITERALS = st.sampled_from(
    ["0", "1", "2", "10000", "0.5", "'1'", "'01'", "''", "None", "True", "(1, 2)", "('1', '2')", "()"]
)


def _calls(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    one = st.builds(
        "{}({})".format, st.sampled_from(["decimal", "int", "str", "upper", "abs", "year", "is_empty"]), inner
    )
    two = st.builds(
        "{}({}, {})".format, st.sampled_from(["min", "max", "coalesce", "round", "left", "days_between"]), inner, inner
    )
    return st.one_of(one, two, st.builds("concat({}, {}, {})".format, inner, inner, inner))


def _compound(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    sign = st.sampled_from(
        ["+", "-", "*", "/", "//", "%", "==", "!=", "<", "<=", ">", ">=", "and", "or", "in", "not in"]
    )
    return st.one_of(
        st.builds("({} {} {})".format, inner, sign, inner),
        st.builds("({} {} {})".format, inner, sign, LITERALS),
        st.builds("({} is None)".format, inner),
        st.builds("(not {})".format, inner),
        st.builds("(-{})".format, inner),
        st.builds("({} if {} else {})".format, inner, inner, inner),
        st.builds("({} < {} <= {})".format, inner, inner, inner),
        _calls(inner),
    )


EXPRESSIONS = st.recursive(
    st.one_of(st.sampled_from(NAMES), st.sampled_from(['e["X"]', 'e["Y"]']), LITERALS), _compound, max_leaves=10
)


def outcome(run: Any, env: Any) -> tuple[str, Any]:
    try:
        value = run(env)
    except ExpressionError as error:
        return "error", (error.text("en"), error.text("vi"), str(error.where))
    return "value", (type(value), repr(value))


@settings(max_examples=300, deadline=None)
@given(EXPRESSIONS, st.fixed_dictionaries(dict.fromkeys(NAMES, VALUES)), VALUES)
def test_quick_and_exact_never_differ(source: str, row: dict[str, Any], of_row: Any) -> None:
    env = {**row, "e": {"X": of_row}}
    where = Where("m.yaml", 3, 7)
    try:
        found = compile_expression(source, names=None, where=where)
    except ExpressionError:
        return
    exact = _exact(source, where)
    assert outcome(found, env) == outcome(exact, env)
    if found.fast is not None and outcome(exact, env)[0] == "error":
        with pytest.raises(Exception):  # noqa: B017, PT011 -- whatever it is: the exact way speaks
            found.fast(env)


def _exact(source: str, where: Where) -> Any:
    class Nothing(Names):
        def name(self, name: str, pool: Pool) -> str:
            raise generate.NotInlineError

        def column(self, row: str, column: str, pool: Pool) -> str:
            raise generate.NotInlineError

    found = compile_expression(source, names=None, where=where, inline=Nothing())
    assert not found.names or found.fast is None
    return found


WORDS = {
    "D", "PLAIN", "NUMBERS", "TEXTS", "admit", "fits", "type", "s",
    "if", "else", "and", "or", "not", "is", "in", "None", "True", "False",
}  # fmt: skip


@settings(max_examples=200, deadline=None)
@given(EXPRESSIONS)
def test_generated_text_holds_only_our_own_words(source: str) -> None:
    try:
        found = compile_expression(source, names=None, where=Where("m.yaml", 1, 1))
    except ExpressionError:
        return
    text = (
        ExpressionText(found.checked, Names(), Pool()).node(found.checked.body).replace(".strip()", "")
    )  # the one method of text
    assert not set(re.findall(r"[^\W\d]\w*", re.sub(r"\b[kv]\d+\b", "", text))) - WORDS
    assert not re.search(r"['\"\\.]", text)


@pytest.mark.parametrize(
    "hostile",
    ["__import__", "s", "k1", "v1", "type", "U", "admit", "D", "f", "PLAIN", "__builtins__", "globals", "print"],
)
def test_a_column_with_the_name_of_our_own_words_is_only_a_column(hostile: str) -> None:
    found = compile_expression(
        f"{hostile} == 'x' and coalesce({hostile}, 'y') == 'x'", names=None, where=Where("m", 1, 1)
    )
    assert found({hostile: "x"}) is True
    assert found.fast is not None
    assert found.fast({hostile: "x"}) is True


def test_generated_functions_have_no_builtins() -> None:
    pool = Pool()
    escape = pool.function("f", "def f(s):\n return open\n")
    with pytest.raises(NameError):
        escape({})
    assert escape.__globals__["__builtins__"] == {}


def test_decimals_stay_exact_where_a_float_would_not() -> None:
    found = compile_expression("A * 3 + 0.1 + 0.2", names=None, where=Where("m", 1, 1))
    assert found({"A": Decimal("0.1")}) == Decimal("0.6")
    assert type(found({"A": Decimal("0.1")})) is Decimal
