"""Switch: one value chooses the route, by what it equals."""

from __future__ import annotations

from workflows.expressions import evaluate
from workflows.nodes import fields
from workflows.nodes.base import CheckedNode, Expression, Json, NodeCall, NodeResult, NodeType, Problem, References
from workflows.nodes.routes import ROUTE, leaving_by, route_problems

_SCALAR: Json = {"type": ["string", "number", "boolean", "null"]}


class SwitchNode(NodeType):
    """Gives ``{"route"}`` and leaves by the edges with that label."""

    type = "switch"
    title = "Switch"
    description = "Compares one value with each case and takes the route of the first that equals it, else the default."
    may_undo = False
    may_repeat = False
    schema = fields.closed(
        ("value", "cases", "default"),
        {
            "value": fields.expression("Value"),
            "cases": {
                "type": "array",
                "title": "Cases",
                "minItems": 1,
                "maxItems": 100,
                "items": fields.closed(
                    ("route", "equals"),
                    {
                        "route": ROUTE,
                        "equals": {
                            "type": "array",
                            "title": "Equals one of",
                            "minItems": 1,
                            "maxItems": 100,
                            "items": _SCALAR,
                        },
                    },
                ),
            },
            "default": {**ROUTE, "title": "Otherwise"},
        },
    )
    example = {
        "value": "inputs.country",
        "cases": [{"route": "europe", "equals": ["DE", "FR"]}, {"route": "america", "equals": ["US"]}],
        "default": "elsewhere",
    }

    def expressions(self, config: Json) -> dict[str, Expression]:
        return {"value": Expression(config["value"])}

    def output(self, config: Json) -> Json:
        return fields.closed(("route",), {"route": fields.TEXT})

    def check(self, node: CheckedNode, references: References) -> list[Problem]:
        routes = {f"config.cases.{i}.route": case["route"] for i, case in enumerate(node.config["cases"])}
        return [*route_problems(node, routes | {"config.default": node.config["default"]}), *_repeated(node)]

    def run(self, call: NodeCall) -> NodeResult:
        value = evaluate(call.config["value"], call.values)
        for case in call.config["cases"]:
            if any(_same(value, other) for other in case["equals"]):
                return leaving_by(case["route"])
        return leaving_by(call.config["default"])


def _same(one: object, other: object) -> bool:
    """Say whether two JSON values are equal; to Python ``True`` is 1, in JSON it is not."""
    return one == other and isinstance(one, bool) == isinstance(other, bool)


def _repeated(node: CheckedNode) -> list[Problem]:
    """Return a problem for each value that an earlier case takes already: its case would never be met."""
    problems, seen = [], set()
    for number, case in enumerate(node.config["cases"]):
        for value in case["equals"]:
            key = (isinstance(value, bool), value)
            if key in seen:
                message = f"{value!r} is taken by an earlier case."
                problems.append(Problem("repeated_case", message, node.id, f"config.cases.{number}.equals"))
            seen.add(key)
    return problems
