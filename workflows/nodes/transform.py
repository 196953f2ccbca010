"""Transform: values made of what the run knows, by expressions or templates, without a model."""

from __future__ import annotations

from typing import Any

from workflows.nodes import fields
from workflows.nodes.base import Expression, Json, NodeCall, NodeResult, NodeType
from workflows.nodes.values import VALUE, value_expressions, value_of, value_templates


class TransformNode(NodeType):
    """Gives one field for each of its ``values``."""

    type = "transform"
    title = "Transform"
    description = "Makes named values out of inputs and earlier results, each by a CEL expression or a template."
    schema = fields.closed(
        ("values",),
        {
            "values": {
                "type": "object",
                "title": "Values",
                "description": "Each a template or a CEL expression.",
                "propertyNames": {"pattern": "^[A-Za-z_][A-Za-z0-9_]{0,59}$"},
                "minProperties": 1,
                "maxProperties": 100,
                "additionalProperties": VALUE,
            }
        },
    )
    example = {
        "values": {
            "total": {"cel": "inputs.price * 1.19"},
            "line": {"template": "{{ inputs.name }}: {{ inputs.price }}"},
        }
    }

    def templates(self, config: Json) -> dict[str, str]:
        return value_templates("values", config["values"])

    def expressions(self, config: Json) -> dict[str, Expression]:
        return value_expressions("values", config["values"])

    def output(self, config: Json) -> Json:
        return fields.closed((), {name: _schema(value) for name, value in config["values"].items()})

    def run(self, call: NodeCall) -> NodeResult:
        made = {name: value_of(value, call.values) for name, value in call.config["values"].items()}
        return NodeResult(made, summary=f"made {', '.join(made)}")


def _schema(value: Json) -> Any:
    return fields.TEXT if "template" in value else {}
