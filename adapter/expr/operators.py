"""What the operators of the expression language do with values."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from adapter.expr.functions import cap
from adapter.expr.values import CONTEXT, LARGEST, ValueProblem, family


def _numbers(a: Any, b: Any) -> None:
    for value in (a, b):
        kind = type(value)
        if kind is int or kind is Decimal:
            continue
        if value is None:
            raise ValueProblem(
                "phép tính gặp giá trị trống; viết (CỘT or 0) nếu trống là 0",
                "arithmetic on an empty value; write (COLUMN or 0) where empty means 0",
            )
        raise ValueProblem(
            f"phép tính cần số, gặp {family(value)}; dùng decimal(…) hoặc int(…)",
            f"arithmetic needs numbers, found {family(value)}; use decimal(…) or int(…)",
        )


def _bounded(value: Any) -> Any:
    if -LARGEST < value < LARGEST:
        return value
    raise ValueProblem("kết quả quá lớn", "the result is too large")


# The context's own limits bound decimal results; whole numbers are bounded by hand.
_ADD, _SUBTRACT, _MULTIPLY, _DIVIDE = CONTEXT.add, CONTEXT.subtract, CONTEXT.multiply, CONTEXT.divide


def add(a: Any, b: Any) -> Any:
    if type(a) is Decimal and type(b) is Decimal:
        return _ADD(a, b)
    if type(a) is str and type(b) is str:
        return cap(a + b)
    _numbers(a, b)
    return _bounded(a + b) if type(a) is int and type(b) is int else _ADD(a, b)


def subtract(a: Any, b: Any) -> Any:
    if type(a) is Decimal and type(b) is Decimal:
        return _SUBTRACT(a, b)
    _numbers(a, b)
    return _bounded(a - b) if type(a) is int and type(b) is int else _SUBTRACT(a, b)


def multiply(a: Any, b: Any) -> Any:
    if type(a) is Decimal and type(b) is Decimal:
        return _MULTIPLY(a, b)
    _numbers(a, b)
    if type(a) is int and type(b) is int:
        if a.bit_length() + b.bit_length() > 256:
            raise ValueProblem("kết quả quá lớn", "the result is too large")
        return _bounded(a * b)
    return _MULTIPLY(a, b)


def divide(a: Any, b: Any) -> Any:
    _numbers(a, b)
    _not_zero(b)
    return _DIVIDE(a, b) if type(a) is Decimal else _DIVIDE(Decimal(a), b)


def floor_divide(a: Any, b: Any) -> Any:
    """The whole quotient not above the exact one, for whole numbers and decimals alike."""
    _numbers(a, b)
    _not_zero(b)
    if type(a) is int and type(b) is int:
        return a // b
    return _DIVIDE(_SUBTRACT(Decimal(a), modulo(a, b)), b).to_integral_value()


def modulo(a: Any, b: Any) -> Any:
    """What is left after :func:`floor_divide`; it has the divisor's sign."""
    _numbers(a, b)
    _not_zero(b)
    if type(a) is int and type(b) is int:
        return a % b
    left = CONTEXT.remainder(Decimal(a), Decimal(b))
    return CONTEXT.add(left, b) if left and (left < 0) != (b < 0) else left


def _not_zero(b: Any) -> None:
    if b == 0:
        raise ValueProblem("chia cho 0", "division by zero")


def negate(a: Any) -> Any:
    _numbers(a, 0)
    return -a if type(a) is int else a.copy_negate()


def keep_sign(a: Any) -> Any:
    _numbers(a, 0)
    return a


def _alike(a: Any, b: Any) -> None:
    one, other = family(a), family(b)
    if one != other:
        raise ValueProblem(
            f"so sánh {one} với {other} không bao giờ đúng; dùng int(…), str(…) hoặc dấu nháy",
            f"comparing {one} with {other} can never hold; use int(…), str(…) or quotes",
        )


def equal(a: Any, b: Any) -> bool:
    if type(a) is type(b):
        return bool(a == b)
    if a is None or b is None:
        return a is b
    _alike(a, b)
    return bool(a == b)


def not_equal(a: Any, b: Any) -> bool:
    return not equal(a, b)


def _ordered(compare: Callable[[Any, Any], bool]) -> Callable[[Any, Any], bool]:
    def ordered(a: Any, b: Any) -> bool:
        if a is None or b is None:
            raise ValueProblem(
                "so sánh lớn nhỏ gặp giá trị trống; kiểm tra `is not None` trước",
                "ordering an empty value; test `is not None` first",
            )
        if type(a) is not type(b):
            _alike(a, b)
        return compare(a, b)

    return ordered


less = _ordered(lambda a, b: bool(a < b))
less_equal = _ordered(lambda a, b: bool(a <= b))
greater = _ordered(lambda a, b: bool(a > b))
greater_equal = _ordered(lambda a, b: bool(a >= b))


def contained(a: Any, b: Any) -> bool:
    """``a in b`` where b is a list; None is in none unless it is written there."""
    if type(b) is not tuple:
        raise ValueProblem(
            "bên phải của `in` phải là danh sách, ví dụ (1, 3); với chữ dùng contains()",
            "the right side of `in` must be a list such as (1, 3); for text use contains()",
        )
    return any(equal(a, item) for item in b)


def not_contained(a: Any, b: Any) -> bool:
    return not contained(a, b)


def identical(a: Any, b: Any) -> bool:
    return a is b


def not_identical(a: Any, b: Any) -> bool:
    return a is not b
