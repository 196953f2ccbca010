"""Note: words for people who read the workflow. It stands beside the graph and never runs."""

from __future__ import annotations

from workflows.nodes import fields
from workflows.nodes.base import CheckedNode, Json, NodeCall, NodeResult, NodeType, Problem, References


class NoteNode(NodeType):
    """Gives nothing; no edge leads to it or leaves it."""

    type = "note"
    title = "Note"
    description = "Explains the workflow to whoever reads it; it stands beside the graph and never runs."
    may_undo = False
    may_repeat = False
    runs = False
    schema = fields.closed(
        ("text",), {"text": {"type": "string", "title": "Text", "minLength": 1, "maxLength": 10_000}}
    )
    example = {"text": "Ask Ann before you change the prompt."}

    def output(self, config: Json) -> Json:
        return fields.closed((), {})

    def check(self, node: CheckedNode, references: References) -> list[Problem]:
        return []

    def run(self, call: NodeCall) -> NodeResult:
        return NodeResult({}, summary="a note")
