"""Crew: several agents work through the tasks of a crew."""

from __future__ import annotations

from typing import Any

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

_TASK_NAME = "^[-A-Za-z0-9_]{1,60}$"


class CrewNode(NodeType):
    """Gives ``{"text", "data", "tasks": {name: {"agent", "text", "data"}}, "model_note"}``."""

    type = "crew"
    title = "Crew"
    description = "Lets a crew of agents work through its tasks."
    schema = fields.closed(
        ("crew",),
        {
            "crew": fields.slug("Crew", "crew"),
            "inputs": fields.inputs("Inputs of the crew", "Its tasks say {name} where the text comes in."),
            "outputs": {
                "type": "object",
                "title": "JSON Schemas of the tasks' results",
                "description": "By the name of the task; a task without one gives text.",
                "propertyNames": {"pattern": _TASK_NAME},
                "maxProperties": 50,
                "additionalProperties": fields.OUTPUT_SCHEMA,
            },
        },
    )
    example = {
        "crew": "briefing-crew",
        "inputs": {"topic": "{{ inputs.topic }}"},
        "outputs": {"write": {"type": "object", "properties": {"title": {"type": "string"}}}},
    }

    def templates(self, config: Json) -> dict[str, str]:
        return {f"inputs.{name}": template for name, template in config.get("inputs", {}).items()}

    def expressions(self, config: Json) -> dict[str, Expression]:
        found: dict[str, Expression] = {}
        for task, schema in config.get("outputs", {}).items():
            found |= choice_expressions(schema, f"outputs.{task}")
        return found

    def references(self, config: Json) -> list[Reference]:
        return [Reference("crew", config["crew"], "crew")]

    def output(self, config: Json) -> Json:
        schemas = config.get("outputs", {})
        known = {task: _task_output(schema) for task, schema in schemas.items()}
        tasks = {"type": "object", "properties": known, "additionalProperties": True}
        return fields.closed((), {"text": fields.TEXT, "data": {}, "tasks": tasks, "model_note": fields.TEXT})

    def check(self, node: CheckedNode, references: References) -> list[Problem]:
        problems = super().check(node, references)
        for task, schema in node.config.get("outputs", {}).items():
            problems += schema_problems(schema, node.id, f"config.outputs.{task}")
        return problems

    def run(self, call: NodeCall) -> NodeResult:
        from agents.crew import run_crew
        from agents.crew.rows import crew_spec
        from agents.knowledge.cited import check_citations

        spec = crew_spec(call.config["crew"])
        workers = [*spec.agents, *([spec.manager] if spec.manager else [])]
        inputs = {name: render(template, call.values) for name, template in call.config.get("inputs", {}).items()}
        schemas = {task: with_choices(schema, call.values) for task, schema in call.config.get("outputs", {}).items()}
        result = run_crew(spec, inputs, output_schemas=schemas)
        check_citations(result.text)
        output = {
            "text": result.text,
            "data": result.data,
            "tasks": {task.name: _task_result(task) for task in result.tasks},
            "model_note": model_note(agent.endpoint for agent in workers),
        }
        return NodeResult(output, summary=f"{len(result.tasks)} tasks done")


def _task_output(schema: Json) -> Json:
    return fields.closed((), {"agent": fields.TEXT, "text": fields.TEXT, "data": usable(schema)})


def _task_result(task: Any) -> Json:
    return {"agent": task.agent, "text": task.text, "data": task.data}
