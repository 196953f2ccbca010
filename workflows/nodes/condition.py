"""Condition: the first case that holds chooses the route."""

from __future__ import annotations

from typing import Any

from workflows.expressions import truth
from workflows.nodes import fields
from workflows.nodes.base import (
    ERROR,
    CheckedNode,
    Expression,
    Json,
    NodeCall,
    NodeResult,
    NodeType,
    Problem,
    References,
    reserved_routes,
)

_ROUTE: dict[str, Any] = {"type": "string", "title": "Route", "pattern": "^[A-Za-z][A-Za-z0-9_-]{0,59}$"}


class ConditionNode(NodeType):
    """Gives ``{"route"}`` and leaves by the edges with that label."""

    type = "condition"
    title = "Condition"
    description = "Chooses the way on: the first case whose expression holds, else the default."
    may_undo = False
    schema = fields.closed(
        ("cases", "default"),
        {
            "cases": {
                "type": "array",
                "title": "Cases",
                "minItems": 1,
                "maxItems": 50,
                "items": fields.closed(("route", "when"), {"route": _ROUTE, "when": fields.expression("When")}),
            },
            "default": {**_ROUTE, "title": "Otherwise"},
        },
    )

    def expressions(self, config: Json) -> dict[str, Expression]:
        return {f"cases.{i}.when": Expression(case["when"], gives="bool") for i, case in enumerate(config["cases"])}

    def output(self, config: Json) -> Json:
        return fields.closed(("route",), {"route": fields.TEXT})

    def check(self, node: CheckedNode, references: References) -> list[Problem]:
        routes = {f"config.cases.{i}.route": case["route"] for i, case in enumerate(node.config["cases"])}
        routes["config.default"] = node.config["default"]
        missing = [
            Problem("missing_route", f"No edge leaves by the route {route!r}.", node.id, field)
            for field, route in routes.items()
            if route not in {*node.routes, ERROR}
        ]
        return [*reserved_routes(node, routes), *missing, *_unknown_labels(node, set(routes.values()))]

    def run(self, call: NodeCall) -> NodeResult:
        for case in call.config["cases"]:
            if truth(case["when"], call.values):
                return _leaving_by(case["route"])
        return _leaving_by(call.config["default"])


def _unknown_labels(node: CheckedNode, routes: set[str]) -> list[Problem]:
    return [
        Problem("unexpected_route", f"{_edge(label)}, but the routes are {', '.join(sorted(routes))}.", node.id, "when")
        for label in sorted(node.routes - routes)
    ]


def _edge(label: str) -> str:
    return f"An edge leaves by {label!r}" if label else "An edge leaves without a label"


def _leaving_by(route: str) -> NodeResult:
    return NodeResult({"route": route}, route=route, summary=f"→ {route}")
