"""Output: what the run gives to whoever started it: an artifact, named values, or both."""

from __future__ import annotations

from pathlib import PurePath
from typing import Any

from workflows.expressions import evaluate
from workflows.nodes import fields
from workflows.nodes.base import Expression, Json, NodeCall, NodeResult, NodeType
from workflows.rendering import render

MAX_NAME = 200
MAX_ENDING = 10
FORBIDDEN = frozenset('/\\:*?"<>|')
_ARTIFACT: Json = {
    "title": "Publish a document",
    **fields.closed(
        ("name", "content"),
        {
            "name": fields.template("File name", empty=False),
            "media_type": {
                "type": "string",
                "title": "Media type",
                "enum": ["text/markdown", "text/plain", "application/json", "text/csv"],
                "default": "text/markdown",
            },
            "content": fields.template("Content", empty=False),
        },
    ),
}
_VALUE: Json = {
    "oneOf": [
        fields.closed(("template",), {"template": fields.template("Template")}),
        fields.closed(("cel",), {"cel": fields.expression("Expression")}),
    ]
}


class OutputNode(NodeType):
    """Gives ``{"outputs", "artifact", "name"}``; the run's outputs are those of all its output steps together."""

    type = "output"
    title = "Output"
    description = "Publishes a document and sets the outputs of the run."
    may_undo = False
    schema = {
        **fields.closed(
            (),
            {
                "artifact": _ARTIFACT,
                "outputs": {
                    "type": "object",
                    "title": "Outputs of the run",
                    "description": "Each a template or a CEL expression.",
                    "propertyNames": {"pattern": "^[A-Za-z_][A-Za-z0-9_]{0,59}$"},
                    "maxProperties": 100,
                    "additionalProperties": _VALUE,
                },
            },
        ),
        "minProperties": 1,
    }

    def templates(self, config: Json) -> dict[str, str]:
        artifact = config.get("artifact", {})
        found = {f"artifact.{part}": artifact[part] for part in ("name", "content") if part in artifact}
        values = config.get("outputs", {})
        return found | {f"outputs.{name}.template": v["template"] for name, v in values.items() if "template" in v}

    def expressions(self, config: Json) -> dict[str, Expression]:
        values = config.get("outputs", {})
        return {f"outputs.{name}.cel": Expression(value["cel"]) for name, value in values.items() if "cel" in value}

    def output(self, config: Json) -> Json:
        return fields.closed((), {"outputs": {"type": "object"}, "artifact": fields.TEXT, "name": fields.TEXT})

    def run(self, call: NodeCall) -> NodeResult:
        outputs = {name: _value(value, call.values) for name, value in call.config.get("outputs", {}).items()}
        if "artifact" not in call.config:
            return NodeResult({"outputs": outputs}, summary=f"set {len(outputs)} outputs")
        artifact = call.config["artifact"]
        name = file_name(render(artifact["name"], call.values))
        media_type = artifact.get("media_type", "text/markdown")
        published = call.publish(name=name, media_type=media_type, content=render(artifact["content"], call.values))
        return NodeResult({"outputs": outputs, "artifact": published, "name": name}, summary=f"published {name}")


def file_name(text: str) -> str:
    """Return the text as a file name: one line, without what separates folders, at most 200 characters."""
    kept = "".join(character if character.isprintable() and character not in FORBIDDEN else " " for character in text)
    flat = " ".join(kept.split()).strip(". ") or "output"
    ending = PurePath(flat).suffix
    ending = ending if len(ending) <= MAX_ENDING else ""
    stem = flat.removesuffix(ending)
    return stem[: MAX_NAME - len(ending)].rstrip(". ") + ending


def _value(value: Json, values: Json) -> Any:
    return render(value["template"], values) if "template" in value else evaluate(value["cel"], values)
