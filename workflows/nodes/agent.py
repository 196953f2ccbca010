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
from workflows.schemas import usable


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
            "inputs": fields.inputs(
                "Inputs of the agent", "Its role, goal and backstory say {name} where the text comes in."
            ),
            "output_schema": fields.OUTPUT_SCHEMA,
        },
    )

    def templates(self, config: Json) -> dict[str, str]:
        texts = {field: config[field] for field in ("prompt", "expected_output") if field in config}
        return texts | {f"inputs.{name}": template for name, template in config.get("inputs", {}).items()}

    def expressions(self, config: Json) -> dict[str, Expression]:
        return choice_expressions(config.get("output_schema"), "output_schema")

    def references(self, config: Json) -> list[Reference]:
        return [Reference("agent", config["agent"], "agent")]

    def output(self, config: Json) -> Json:
        data = {"data": usable(config["output_schema"])} if "output_schema" in config else {}
        return fields.closed((), {"text": fields.TEXT, "model_note": fields.TEXT, **data})

    def check(self, node: CheckedNode, references: References) -> list[Problem]:
        problems = super().check(node, references)
        if "output_schema" in node.config:
            problems += schema_problems(node.config["output_schema"], node.id, "config.output_schema")
        return problems

    def run(self, call: NodeCall) -> NodeResult:
        from agents.crew import crew_of_one, run_crew
        from agents.crew.rows import agent_spec

        config = call.config
        agent = agent_spec(config["agent"])
        schemas = {}
        if "output_schema" in config:
            schemas[agent.name] = with_choices(config["output_schema"], call.values)
        # The task's texts go in as inputs: what a template rendered must not be read for placeholders again.
        inputs = {name: render(template, call.values) for name, template in config.get("inputs", {}).items()}
        inputs |= {
            "prompt": render(config["prompt"], call.values),
            "expected_output": render(config.get("expected_output", ""), call.values).strip() or "A complete answer.",
        }
        result = run_crew(crew_of_one(agent, "{prompt}", "{expected_output}"), inputs, output_schemas=schemas)
        output = {"text": result.text, "model_note": model_note([agent.endpoint])}
        if schemas:
            output["data"] = result.data
        return NodeResult(output, summary=f"{agent.name} answered")
