"""Short expressions (CEL) over a few named values, for whatever is not a run: always in the child, which may die."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from nexod.kernel.sandbox.pool import ask_child
from nexod.kernel.sandbox.refusal import Refused

LONGEST = 1_000


def value_of(expression: str, values: Mapping[str, Any]) -> Any:
    """Return the JSON value of ``expression``, which sees ``values`` by their names; raise Refused when it has none."""
    if len(expression) > LONGEST:
        raise Refused(f"it has over {LONGEST:,} characters")
    return ask_child("evaluate", expression=expression, values=dict(values), names=sorted(values))


def holds(expression: str, values: Mapping[str, Any]) -> bool:
    """Return whether ``expression`` is true; raise Refused when it gives anything but true or false."""
    value = value_of(expression, values)
    if not isinstance(value, bool):
        raise Refused("it gives neither true nor false")
    return value


def complaint(expression: str, *names: str, gives_bool: bool = True) -> str:
    """Return why ``expression`` over ``names`` cannot be used, or "" when it can; nothing is evaluated."""
    from cel_expr_python.cel import Type

    from nexod.kernel.sandbox import cel

    if len(expression) > LONGEST:
        return f"An expression may have at most {LONGEST:,} characters; this one has {len(expression):,}."
    try:
        found = cel.compiled(expression, cel.knowing(tuple(sorted(names)))).return_type()
    except Refused as refusal:
        return f"The expression is not valid: {refusal}."
    if gives_bool and not Type.BOOL.is_assignable_from(found) and "DYN" not in found.name():
        return f"The expression must give true or false; this one gives {found.name().lower()}."
    return ""
