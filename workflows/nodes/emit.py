"""Emit: tell the tenant that something happened, for whatever waits for that."""

from __future__ import annotations

from workflows.nodes import fields
from workflows.nodes.base import Expression, Json, NodeCall, NodeResult, NodeType
from workflows.nodes.values import VALUE, value_expressions, value_of, value_templates


class EmitNode(NodeType):
    """Gives ``{"event"}``, its name."""

    type = "emit"
    title = "Emit event"
    description = "Tells that something happened; triggers of other workflows can wait for it by its name."
    schema = fields.closed(
        ("event",),
        {
            "event": {
                "type": "string",
                "title": "Name of the event",
                "pattern": "^[a-z][a-z0-9_.-]{0,79}$",
                "description": "Lower case, such as order.checked.",
            },
            "data": {
                "type": "object",
                "title": "Data",
                "description": "What comes with it; each a template or a CEL expression.",
                "propertyNames": {"pattern": "^[A-Za-z_][A-Za-z0-9_]{0,59}$"},
                "maxProperties": 50,
                "additionalProperties": VALUE,
            },
        },
    )
    example = {"event": "order.checked", "data": {"order": {"cel": "inputs.order"}, "by": {"template": "{{ run.id }}"}}}

    def templates(self, config: Json) -> dict[str, str]:
        return value_templates("data", config.get("data", {}))

    def expressions(self, config: Json) -> dict[str, Expression]:
        return value_expressions("data", config.get("data", {}))

    def output(self, config: Json) -> Json:
        return fields.closed(("event",), {"event": fields.TEXT})

    def run(self, call: NodeCall) -> NodeResult:
        data = {name: value_of(value, call.values) for name, value in call.config.get("data", {}).items()}
        call.announce(call.config["event"], data)
        return NodeResult({"event": call.config["event"]}, summary=f"told {call.config['event']}")
