"""Condition: the first case that holds chooses the route."""

from __future__ import annotations

from workflows.expressions import truth
from workflows.nodes import fields
from workflows.nodes.base import CheckedNode, Expression, Json, NodeCall, NodeResult, NodeType, Problem, References
from workflows.nodes.routes import ROUTE, leaving_by, route_problems


class ConditionNode(NodeType):
    """Gives ``{"route"}`` and leaves by the edges with that label."""

    type = "condition"
    title = "Condition"
    description = "Chooses the way on: the first case whose expression holds, else the default."
    may_undo = False
    may_repeat = False
    schema = fields.closed(
        ("cases", "default"),
        {
            "cases": {
                "type": "array",
                "title": "Cases",
                "minItems": 1,
                "maxItems": 50,
                "items": fields.closed(("route", "when"), {"route": ROUTE, "when": fields.expression("When")}),
            },
            "default": {**ROUTE, "title": "Otherwise"},
        },
    )
    example = {"cases": [{"route": "high", "when": "inputs.score > 7"}], "default": "low"}

    def expressions(self, config: Json) -> dict[str, Expression]:
        return {f"cases.{i}.when": Expression(case["when"], gives="bool") for i, case in enumerate(config["cases"])}

    def output(self, config: Json) -> Json:
        return fields.closed(("route",), {"route": fields.TEXT})

    def check(self, node: CheckedNode, references: References) -> list[Problem]:
        routes = {f"config.cases.{i}.route": case["route"] for i, case in enumerate(node.config["cases"])}
        routes["config.default"] = node.config["default"]
        return route_problems(node, routes)

    def run(self, call: NodeCall) -> NodeResult:
        for case in call.config["cases"]:
            if truth(case["when"], call.values):
                return leaving_by(case["route"])
        return leaving_by(call.config["default"])
