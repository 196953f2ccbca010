"""CEL by Google's C++ implementation. It bounds iterations and nesting by itself; results are bounded here."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from functools import lru_cache
from typing import Any

from cel_expr_python import cel
from cel_expr_python.ext import ext_math, ext_optional

from nexod.kernel.sandbox.refusal import Refused

_CODES = re.compile(
    r"^(?:INVALID_ARGUMENT|NOT_FOUND|UNKNOWN|INTERNAL|CANCELLED|OUT_OF_RANGE): |ERROR: <input>:| ?\[[A-Z_]+\]?$"
)

MAX_RESULT = 1_000_000
"""Characters of text, plus one per value, that an expression may give."""

ROOTS = {
    "inputs": cel.Type.Map(cel.Type.STRING, cel.Type.DYN),
    "nodes": cel.Type.Map(cel.Type.STRING, cel.Type.DYN),
    "visits": cel.Type.Map(cel.Type.STRING, cel.Type.INT),
    "run": cel.Type.Map(cel.Type.STRING, cel.Type.DYN),
}


def environment(types: Mapping[str, cel.Type] | None = None) -> cel.Env:
    """Return an environment in which dotted names (``nodes.score.data``) have those types, besides the four roots.

    The strings extension stays out: its ``replace`` makes a gigabyte from a hundred characters.
    """
    variables = {**ROOTS, **(types or {})}
    return cel.NewEnv(variables=variables, extensions=[ext_math.ExtMath(), ext_optional.ExtOptional()])


def compiled(expression: str, env: cel.Env) -> cel.Expression:
    """Return the type-checked expression; raise Refused with the first complaint."""
    try:
        return env.compile(expression)
    except RuntimeError as error:
        raise Refused(_told(error)) from error


def evaluate(expression: str, values: dict[str, Any], names: Sequence[str] | None = None) -> Any:
    """Return the JSON value of the expression, which sees ``names`` of the values, or a run's; raise Refused when it has none."""
    program = _program(expression, None if names is None else tuple(names))
    seen = ROOTS if names is None else names
    try:
        result = program.eval(data={root: values.get(root, {}) for root in seen})
    except (RuntimeError, TypeError, ValueError, OverflowError) as error:
        raise Refused(_told(error)) from error
    return _Reading().json(result)


@lru_cache(maxsize=512)
def _program(expression: str, names: tuple[str, ...] | None) -> cel.Expression:
    return compiled(expression, untyped() if names is None else knowing(names))


@lru_cache(maxsize=16)
def knowing(names: tuple[str, ...]) -> cel.Env:
    """Return an environment that knows these names, of any type, and no run."""
    extensions = [ext_math.ExtMath(), ext_optional.ExtOptional()]
    return cel.NewEnv(variables=dict.fromkeys(names, cel.Type.DYN), extensions=extensions)


@lru_cache(maxsize=1)
def untyped() -> cel.Env:
    """Return the environment that knows the four roots and nothing below them."""
    return environment()


class _Reading:
    """Turns one result into JSON values, and stops when there is too much of it."""

    def __init__(self) -> None:
        self.left = MAX_RESULT

    def json(self, found: cel.Value) -> Any:
        value = found.value()
        if found.type() == cel.Type.ERROR:
            raise Refused(_told(value))
        self._spend(1 + (len(value) if isinstance(value, str) else 0))
        if isinstance(value, list):
            return [self.json(item) for item in value]
        if isinstance(value, dict):
            return {str(key): self.json(item) for key, item in value.items()}
        return _scalar(value)

    def _spend(self, amount: int) -> None:
        self.left -= amount
        if self.left < 0:
            raise Refused("The result is too large.")


def _scalar(value: Any) -> Any:
    if isinstance(value, float) and not math.isfinite(value):
        raise Refused("The result is not a finite number.")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, timedelta):
        return value.total_seconds()
    if value is None or isinstance(value, bool | int | float | str):
        return value
    raise Refused("The result is neither text, number, truth value, list nor map.")


def _told(error: object) -> str:
    """Return the first complaint, without codes and without the drawing under it."""
    first = _CODES.sub("", str(error).strip().splitlines()[0])
    first = first.split(" (in container")[0].split(" expecting {")[0].strip()
    return re.sub(r"^1:(\d+): ", r"column \1: ", first)
