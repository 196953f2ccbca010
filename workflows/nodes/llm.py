"""Llm: one question to a model, answered as text or as JSON of a schema."""

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


class LlmNode(NodeType):
    """Gives ``{"text", "model", "model_note"}``, and ``"data"`` when there is an output schema."""

    type = "llm"
    title = "Model"
    description = "Asks a model once; with a JSON Schema the answer is checked data."
    schema = fields.closed(
        ("prompt",),
        {
            "model": fields.slug("Model connection (empty: the default)", "model", empty=True),
            "model_name": {"type": "string", "title": "Model (empty: the connection's first)", "maxLength": 120},
            "system": fields.template("System prompt"),
            "prompt": fields.template("Prompt", empty=False),
            "output_schema": fields.OUTPUT_SCHEMA,
            "temperature": {"type": "number", "title": "Temperature", "minimum": 0, "maximum": 2},
            "max_tokens": {"type": "integer", "title": "Tokens of the answer", "minimum": 1, "maximum": 100_000},
        },
    )
    example = {
        "prompt": "Summarise in one sentence: {{ inputs.text }}",
        "system": "You are brief.",
        "model": "default-model",
        "model_name": "small",
        "temperature": 0,
        "output_schema": {"type": "object", "properties": {"summary": {"type": "string"}}},
    }

    def templates(self, config: Json) -> dict[str, str]:
        return {field: config[field] for field in ("system", "prompt") if field in config}

    def expressions(self, config: Json) -> dict[str, Expression]:
        return choice_expressions(config.get("output_schema"), "output_schema")

    def references(self, config: Json) -> list[Reference]:
        return [Reference("model", config.get("model", ""), "model")]

    def output(self, config: Json) -> Json:
        data = {"data": usable(config["output_schema"])} if "output_schema" in config else {}
        return fields.closed((), {"text": fields.TEXT, "model": fields.TEXT, "model_note": fields.TEXT, **data})

    def check(self, node: CheckedNode, references: References) -> list[Problem]:
        problems = super().check(node, references)
        if "output_schema" in node.config:
            problems += schema_problems(node.config["output_schema"], node.id, "config.output_schema")
        return problems

    def run(self, call: NodeCall) -> NodeResult:
        from agents.knowledge.cited import check_citations
        from agents.llm.connections import endpoint_for
        from agents.llm.gateway import Gateway

        config = call.config
        endpoint = endpoint_for(config.get("model", ""), config.get("model_name", ""))
        schema = with_choices(config["output_schema"], call.values) if "output_schema" in config else None
        reply = Gateway(endpoint).chat(
            _messages(call),
            schema=schema,
            temperature=config.get("temperature"),
            max_tokens=config.get("max_tokens"),
        )
        check_citations(reply.text)
        output = {"text": reply.text, "model": endpoint.model, "model_note": model_note([endpoint])}
        if schema is not None:
            output["data"] = reply.data
        return NodeResult(output, summary=f"{reply.tokens_out:,} tokens from {endpoint.model}")


def _messages(call: NodeCall) -> list[dict[str, str]]:
    system = render(call.config.get("system", ""), call.values)
    first = [{"role": "system", "content": system}] if system.strip() else []
    return [*first, {"role": "user", "content": render(call.config["prompt"], call.values)}]
