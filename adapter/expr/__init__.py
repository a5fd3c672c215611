"""The closed expression language that mappings and local rules share."""

from adapter.expr.collections import COLLECTION_FUNCTIONS
from adapter.expr.compiler import Expression, compile_expression
from adapter.expr.functions import FUNCTIONS, Function
from adapter.expr.nodes import HostFunction
from adapter.expr.values import ValueProblem, admit, round_half_away, to_date, to_datetime, to_decimal

__all__ = [
    "COLLECTION_FUNCTIONS",
    "FUNCTIONS",
    "Expression",
    "Function",
    "HostFunction",
    "ValueProblem",
    "admit",
    "compile_expression",
    "round_half_away",
    "to_date",
    "to_datetime",
    "to_decimal",
]
