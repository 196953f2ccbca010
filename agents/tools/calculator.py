"""Calculates, in decimals. What is not arithmetic is refused: nothing is looked up, called or looped over.

Not CEL: there ``1 + 2.5`` is a type error, and models write it all day.
"""

from __future__ import annotations

import ast
import operator
import statistics
from collections.abc import Callable, Iterator
from decimal import Context, Decimal, DecimalException, localcontext

from agents.tools.base import Json, Tool
from agents.tools.errors import ArgumentsInvalid

MAX_EXPRESSION, MAX_PARTS, MAX_DEPTH = 500, 200, 50
# As many digits as a decimal of 128 bits has (IEEE 754); larger numbers than 10^6144 do not exist here.
PRECISION = Context(prec=34, Emax=6144, Emin=-6143)
_BINARY: dict[type[ast.operator], Callable[[Decimal, Decimal], Decimal]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod,
    ast.Pow: operator.pow,
    ast.BitXor: operator.pow,  # as people write powers
}
_FUNCTIONS: dict[str, Callable[..., Decimal]] = {
    "abs": abs,
    "min": lambda *numbers: min(numbers),
    "max": lambda *numbers: max(numbers),
    "sum": lambda *numbers: sum(numbers, Decimal()),
    "mean": lambda *numbers: statistics.mean(numbers),
    "round": lambda number, digits=Decimal(): round(number, int(digits)) + Decimal(),
    "floor": lambda number: number.to_integral_value("ROUND_FLOOR"),
    "ceil": lambda number: number.to_integral_value("ROUND_CEILING"),
    "sqrt": Decimal.sqrt,
    "ln": Decimal.ln,
    "log10": Decimal.log10,
    "exp": Decimal.exp,
}
_NAMES = {"pi": Decimal("3.141592653589793238462643383279503"), "e": Decimal("2.718281828459045235360287471352662")}


class Calculator(Tool):
    """Gives the number as text."""

    name = "calculator"
    title = "Calculator"
    description = (
        "Calculates an arithmetic expression exactly, in decimals, such as (1200 * 1.075) ** 2 / 3. "
        f"It knows + - * / // % **, brackets, pi, e, and {', '.join(_FUNCTIONS)}."
    )
    parameters = {
        "type": "object",
        "properties": {"expression": {"type": "string", "minLength": 1, "maxLength": MAX_EXPRESSION}},
        "required": ["expression"],
        "additionalProperties": False,
    }
    repeatable = True

    def run(self, arguments: Json, settings: Json, key: str) -> str:
        """Return the value; raise ArgumentsInvalid for what is no arithmetic, or has no value."""
        return calculated(arguments["expression"])


def calculated(expression: str) -> str:
    """Return the value of ``expression`` as a person writes it; raise ArgumentsInvalid, saying why it has none."""
    try:
        tree = ast.parse(expression.strip(), mode="eval")
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise ArgumentsInvalid("That is not an arithmetic expression.") from error
    if sum(1 for _ in ast.walk(tree)) > MAX_PARTS or _depth(tree) > MAX_DEPTH:
        raise ArgumentsInvalid(f"The expression is too long: it may have {MAX_PARTS} parts. Calculate it in pieces.")
    try:
        with localcontext(PRECISION):
            value = _value(tree.body)
    except (DecimalException, TypeError, ValueError, ArithmeticError) as error:
        raise ArgumentsInvalid(f"The expression has no value: {_why(error)}.") from error
    if not value.is_finite():
        raise ArgumentsInvalid("The expression has no value: it is without bounds.")
    return _written(value)


def _value(part: ast.expr) -> Decimal:
    if isinstance(part, ast.Constant) and type(part.value) in (int, float):
        return +Decimal(str(part.value))
    if isinstance(part, ast.UnaryOp) and isinstance(part.op, ast.UAdd | ast.USub):
        value = _value(part.operand)
        return -value if isinstance(part.op, ast.USub) else value
    if isinstance(part, ast.BinOp) and type(part.op) in _BINARY:
        return _BINARY[type(part.op)](_value(part.left), _value(part.right))
    if isinstance(part, ast.Name) and part.id in _NAMES:
        return _NAMES[part.id]
    if isinstance(part, ast.Call) and isinstance(part.func, ast.Name) and part.func.id in _FUNCTIONS:
        return _FUNCTIONS[part.func.id](*_arguments(part))
    raise ArgumentsInvalid(f"{ast.unparse(part)[:60]!r} is not arithmetic that this calculator knows.")


def _arguments(call: ast.Call) -> Iterator[Decimal]:
    """Give the numbers between the brackets, also those of a list, as in ``sum([1, 2])``."""
    if call.keywords:
        raise ArgumentsInvalid("Names in a call are not known here.")
    for part in call.args:
        yield from map(_value, part.elts) if isinstance(part, ast.List | ast.Tuple) else [_value(part)]


def _depth(tree: ast.AST) -> int:
    deepest, level = 0, [tree]
    while level:
        deepest += 1
        level = [child for part in level for child in ast.iter_child_nodes(part)]
    return deepest


def _why(error: Exception) -> str:
    if isinstance(error, ZeroDivisionError):
        return "it divides by zero"
    if isinstance(error, TypeError):
        return "a function has too few or too many numbers"
    return "a number is too large, or the operation is not defined for it"


def _written(value: Decimal) -> str:
    if value == value.to_integral_value() and abs(value) < Decimal("1e34"):
        return str(int(value))
    return f"{value.normalize(PRECISION):f}" if Decimal("1e-12") < abs(value) < Decimal("1e34") else str(value)
