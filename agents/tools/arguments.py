"""The arguments that a model gives a tool: read, and held to the tool's schema. What is wrong is said to the model."""

from __future__ import annotations

import json
from typing import Any

from agents.tools.base import BoundTool, Json
from agents.tools.errors import ArgumentsInvalid
from nexod.kernel.json_schemas import complaints

MAX_ARGUMENTS = 100_000  # characters
_SHOWN = 5


def read(arguments: str | Json) -> Any:
    """Return the value of the text; text that is no JSON stays text, and is refused when it is checked."""
    if not isinstance(arguments, str):
        return arguments
    if len(arguments) > MAX_ARGUMENTS:
        return arguments[:200]
    try:
        return json.loads(arguments or "{}")
    except (ValueError, RecursionError):
        return arguments


def checked(bound: BoundTool, given: Any) -> Json:
    """Return the arguments when they fit; raise ArgumentsInvalid, saying what does not."""
    if not isinstance(given, dict):
        raise ArgumentsInvalid(f"The arguments have to be one JSON object, of at most {MAX_ARGUMENTS:,} characters.")
    if problems := complaints(given, dict(bound.parameters)):
        told = "; ".join(f"{problem['field'] or 'arguments'}: {problem['message']}" for problem in problems[:_SHOWN])
        raise ArgumentsInvalid(f"The arguments do not fit: {told}")
    return given
