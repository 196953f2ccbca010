"""One way to write each definition: what a shared document gives back, whatever was put into it."""

from __future__ import annotations

import math
from typing import Any

Json = dict[str, Any]
HEAD = ("format", "name", "description", "inputs", "start", "limits")
NODE = ("id", "type", "title", "config", "timeout_s", "retry", "undo")
TEXTS = frozenset({"name", "description", "title"})
"""What is a text that people write together. The strings of ``config`` are, too."""
SAFE = 2**53 - 1
"""The greatest whole number that a browser knows exactly."""


def plain(value: Any) -> Any:
    """Return a JSON value with its numbers as a browser has them: without a fraction they are whole, and none is beyond SAFE."""
    if isinstance(value, dict):
        return {str(name): plain(inner) for name, inner in sorted(value.items())}
    if isinstance(value, list):
        return [plain(inner) for inner in value]
    if isinstance(value, bool) or not isinstance(value, int | float):
        return value
    return number(value)


def number(value: float) -> float | None:
    """Return the number as a browser has it; None for what is none."""
    if isinstance(value, int) and abs(value) > SAFE:
        return _rounded(value)
    if isinstance(value, int):
        return value
    if not math.isfinite(value):
        return None
    return int(value) if value.is_integer() and abs(value) <= SAFE else value


def _rounded(value: int) -> float:
    try:
        return float(value)
    except OverflowError:
        return math.copysign(1.7976931348623157e308, value)


def normal(definition: Json) -> Json:
    """Return the definition as it comes back from a document: with ``edges``, no empty ``when``, fields in one order."""
    head = {name: plain(definition[name]) for name in HEAD if name in definition}
    nodes = [{name: plain(node[name]) for name in NODE if name in node} for node in definition.get("nodes", [])]
    edges = [edge_of(edge["from"], edge["to"], edge.get("when", "")) for edge in definition.get("edges", [])]
    return {**head, "nodes": nodes, "edges": edges}


def edge_of(source: str, target: str, when: str) -> Json:
    """Return an edge; one without a route has no ``when``."""
    return {"from": source, "to": target, **({"when": when} if when else {})}
