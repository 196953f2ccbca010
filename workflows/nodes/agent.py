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
            "version": {
                "type": "integer",
                "title": "Version of the agent",
                "description": "Without one: the newest when the run starts.",
                "minimum": 1,
            },
            "model": {
                **fields.closed(
                    ("connection",),
                    {
                        "connection": fields.slug("Connection", "model", empty=True),
                        "model": {"type": "string", "title": "Model", "maxLength": 120},
                    },
                ),
                "title": "Model instead of the agent's own",
            },
            "prompt": fields.template("Task", empty=False),
            "expected_output": fields.template("What is expected"),
            "inputs": fields.inputs(
                "Inputs of the agent", "Its role, goal and backstory say {name} where the text comes in."
            ),
            "output_schema": fields.OUTPUT_SCHEMA,
        },
    )
    example = {
        "agent": "researcher",
        "prompt": "What do we know about {{ inputs.topic }}?",
        "expected_output": "Three facts, each with its source.",
        "inputs": {"audience": "{{ inputs.audience }}"},
        "output_schema": {"type": "object", "properties": {"facts": {"type": "array", "items": {"type": "string"}}}},
    }

    def templates(self, config: Json) -> dict[str, str]:
        texts = {field: config[field] for field in ("prompt", "expected_output") if field in config}
        return texts | {f"inputs.{name}": template for name, template in config.get("inputs", {}).items()}

    def expressions(self, config: Json) -> dict[str, Expression]:
        return choice_expressions(config.get("output_schema"), "output_schema")

    def references(self, config: Json) -> list[Reference]:
        found = [Reference("agent", config["agent"], "agent")]
        if "model" in config:
            found.append(Reference("model", config["model"]["connection"], "model.connection"))
        return found

    def output(self, config: Json) -> Json:
        data = {"data": usable(config["output_schema"])} if "output_schema" in config else {}
        return fields.closed((), {"text": fields.TEXT, "model_note": fields.TEXT, **data})

    def check(self, node: CheckedNode, references: References) -> list[Problem]:
        problems = super().check(node, references)
        if "output_schema" in node.config:
            problems += schema_problems(node.config["output_schema"], node.id, "config.output_schema")
        return problems

    def run(self, call: NodeCall) -> NodeResult:
        from agents.placeholders import filled_agent
        from agents.rows import agent_spec
        from workflows.engine.agents.work import run_agent

        config = call.config
        # The task's texts are rendered, not filled: what came in by a template must not be read for placeholders again.
        inputs = {name: render(template, call.values) for name, template in config.get("inputs", {}).items()}
        spec = agent_spec(config["agent"], version=config.get("version", 0), model=config.get("model"))
        agent = filled_agent(spec, inputs)
        result = run_agent(
            agent,
            render(config["prompt"], call.values),
            expected_output=render(config.get("expected_output", ""), call.values).strip(),
            schema=with_choices(config["output_schema"], call.values) if "output_schema" in config else None,
            name=agent.name,
        )
        output = {"text": result.text, "model_note": model_note([agent.endpoint])}
        if "output_schema" in config:
            output["data"] = result.data
        return NodeResult(output, summary=f"{agent.name} answered")
