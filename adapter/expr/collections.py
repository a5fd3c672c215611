"""What collection functions do: every row of a collection gets an environment of its own."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from adapter.errors import ExpressionError, Where
from adapter.expr import operators
from adapter.expr.functions import highest, lowest

Env = Any
"""A mapping of names to values. An object may also offer ``collection(name)`` and ``inner(row)``."""
Thunk = Callable[[Env], Any]

# Collection functions: (least, most) arguments; the first names the collection, the rest see its rows.
COLLECTION_FUNCTIONS: Mapping[str, tuple[int, int]] = {
    "count": (1, 2),
    "sum": (2, 3),
    "any": (2, 2),
    "all": (2, 2),
    "first": (2, 3),
    "last": (2, 3),
    "min_of": (2, 3),
    "max_of": (2, 3),
}


class InnerRow:
    """The environment of one collection row for hosts that offer none of their own."""

    __slots__ = ("outer", "row")

    def __init__(self, row: Mapping[str, Any], outer: Env) -> None:
        self.row, self.outer = row, outer

    def __getitem__(self, name: str) -> Any:
        return self.outer if name == "parent" and "parent" not in self.row else self.row[name]


def rows_of(env: Env, name: str, where: Where) -> list[Env]:
    """One environment for each row of a collection."""
    offer = getattr(env, "collection", None)
    try:
        rows = offer(name) if offer is not None else env[name]
    except KeyError:
        raise ExpressionError(
            f"Biểu thức đọc tập dòng không có: {name}",
            f"The expression reads an unknown collection: {name}",
            where=where,
        ) from None
    if not isinstance(rows, Sequence) or isinstance(rows, str):
        raise ExpressionError(
            f"Biểu thức sai: {name} không phải tập dòng", f"Bad expression: {name} is not a collection", where=where
        )
    inner = getattr(env, "inner", None)
    return [inner(row) for row in rows] if inner is not None else [InnerRow(row, env) for row in rows]


def _kept(rows: list[Env], value: Thunk, condition: Thunk | None) -> list[Any]:
    return [value(r) for r in rows if condition is None or condition(r)]


def _total(rows: list[Env], value: Thunk, condition: Thunk | None = None) -> Any:
    total: Any = 0
    for item in _kept(rows, value, condition):
        if item is not None:
            total = operators.add(total, item)
    return total


OVER: Mapping[str, Callable[..., Any]] = {
    "count": lambda rows, condition=None: sum(1 for r in rows if condition is None or condition(r)),
    "sum": _total,
    "any": lambda rows, condition: any(condition(r) for r in rows),
    "all": lambda rows, condition: all(condition(r) for r in rows),
    "first": lambda rows, value, condition=None: next(
        (value(r) for r in rows if condition is None or condition(r)), None
    ),
    "last": lambda rows, value, condition=None: next(
        (value(r) for r in reversed(rows) if condition is None or condition(r)), None
    ),
    "min_of": lambda rows, value, condition=None: lowest(_kept(rows, value, condition)),
    "max_of": lambda rows, value, condition=None: highest(_kept(rows, value, condition)),
}
