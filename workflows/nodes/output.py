"""Output: what the run gives to whoever started it: an artifact, named values, or both."""

from __future__ import annotations

from pathlib import PurePath

from workflows.nodes import fields
from workflows.nodes.base import Expression, Json, NodeCall, NodeResult, NodeType
from workflows.nodes.values import VALUE, value_expressions, value_of, value_templates
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


class OutputNode(NodeType):
    """Gives ``{"outputs", "artifact", "name"}``; the run's outputs are those of all its output steps together."""

    type = "output"
    title = "Output"
    description = "Publishes a document and sets the outputs of the run."
    may_undo = False
    may_repeat = False
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
                    "additionalProperties": VALUE,
                },
            },
        ),
        "minProperties": 1,
    }
    example = {
        "artifact": {"name": "{{ inputs.topic }}.md", "content": "# {{ inputs.topic }}"},
        "outputs": {"title": {"template": "{{ inputs.topic }}"}, "long": {"cel": "size(inputs.text) > 100"}},
    }

    def templates(self, config: Json) -> dict[str, str]:
        artifact = config.get("artifact", {})
        found = {f"artifact.{part}": artifact[part] for part in ("name", "content") if part in artifact}
        return found | value_templates("outputs", config.get("outputs", {}))

    def expressions(self, config: Json) -> dict[str, Expression]:
        return value_expressions("outputs", config.get("outputs", {}))

    def output(self, config: Json) -> Json:
        return fields.closed((), {"outputs": {"type": "object"}, "artifact": fields.TEXT, "name": fields.TEXT})

    def run(self, call: NodeCall) -> NodeResult:
        outputs = {name: value_of(value, call.values) for name, value in call.config.get("outputs", {}).items()}
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
