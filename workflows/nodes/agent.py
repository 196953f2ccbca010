"""Agent: one agent does one piece of work, with its own model and knowledge."""

from __future__ import annotations

from workflows.nodes import fields
from workflows.nodes.base import (
    CheckedNode,
    Expression,
    Json,
    NodeCall,
    NodeResult,
    NodeType,
    Problem,
    Reference,
    References,
)
from workflows.nodes.model_note import model_note
from workflows.nodes.structured import choice_expressions, schema_problems, with_choices
from workflows.rendering import render

TASK = "task"


class AgentNode(NodeType):
    """Gives ``{"text", "model_note"}``, and ``"data"`` when there is an output schema."""

    type = "agent"
    title = "Agent"
    description = "Gives one task to one agent."
    schema = fields.closed(
        ("agent", "prompt"),
        {
            "agent": fields.slug("Agent", "agent"),
            "prompt": fields.template("Task", empty=False),
            "expected_output": fields.template("What is expected"),
            "output_schema": fields.OUTPUT_SCHEMA,
        },
    )

    def templates(self, config: Json) -> dict[str, str]:
        return {field: config[field] for field in ("prompt", "expected_output") if field in config}

    def expressions(self, config: Json) -> dict[str, Expression]:
        return choice_expressions(config.get("output_schema"), "output_schema")

    def references(self, config: Json) -> list[Reference]:
        return [Reference("agent", config["agent"], "agent")]

    def output(self, config: Json) -> Json:
        data = {"data": config["output_schema"]} if "output_schema" in config else {}
        return fields.closed((), {"text": fields.TEXT, "model_note": fields.TEXT, **data})

    def check(self, node: CheckedNode, references: References) -> list[Problem]:
        problems = super().check(node, references)
        if "output_schema" in node.config:
            problems += schema_problems(node.config["output_schema"], node.id, "config.output_schema")
        return problems
