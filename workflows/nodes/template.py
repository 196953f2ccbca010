"""Template: text made of what the run knows, without a model."""

from __future__ import annotations

from workflows.nodes import fields
from workflows.nodes.base import Json, NodeCall, NodeResult, NodeType
from workflows.rendering import render


class TemplateNode(NodeType):
    """Gives ``{"text"}``."""

    type = "template"
    title = "Template"
    description = "Fills a text with inputs and results of earlier steps."
    schema = fields.closed(("template",), {"template": fields.template("Template", empty=False)})
    example = {"template": "Dear {{ inputs.name }},"}

    def templates(self, config: Json) -> dict[str, str]:
        return {"template": config["template"]}

    def output(self, config: Json) -> Json:
        return fields.closed(("text",), {"text": fields.TEXT})

    def run(self, call: NodeCall) -> NodeResult:
        text = render(call.config["template"], call.values)
        return NodeResult({"text": text}, summary=f"{len(text):,} characters")
