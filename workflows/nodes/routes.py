"""Routes: the labels of the edges among which a node chooses, and what may be wrong with them."""

from __future__ import annotations

from collections.abc import Mapping

from workflows.nodes.base import ERROR, CheckedNode, Json, NodeResult, Problem, reserved_routes

ROUTE: Json = {"type": "string", "title": "Route", "pattern": "^[A-Za-z][A-Za-z0-9_-]{0,59}$"}


def route_problems(node: CheckedNode, routes: Mapping[str, str]) -> list[Problem]:
    """Return what is wrong with ``routes``, by the field that names each: no edge for it, or an edge for none of them."""
    missing = [
        Problem("missing_route", f"No edge leaves by the route {route!r}.", node.id, field)
        for field, route in routes.items()
        if route not in {*node.routes, ERROR}
    ]
    return [*reserved_routes(node, routes), *missing, *_unknown_labels(node, set(routes.values()))]


def leaving_by(route: str) -> NodeResult:
    """Return the result of a node that does nothing but choose."""
    return NodeResult({"route": route}, route=route, summary=f"→ {route}")


def _unknown_labels(node: CheckedNode, routes: set[str]) -> list[Problem]:
    return [
        Problem("unexpected_route", f"{_edge(label)}, but the routes are {', '.join(sorted(routes))}.", node.id, "when")
        for label in sorted(node.routes - routes)
    ]


def _edge(label: str) -> str:
    return f"An edge leaves by {label!r}" if label else "An edge leaves without a label"
