"""Join: where branches that run side by side meet again: all of them, the first, or so many."""

from __future__ import annotations

from typing import ClassVar

from workflows.nodes import fields
from workflows.nodes.base import Json, NodeCall, NodeResult, NodeType

ALL, ANY, COUNT = "all", "any", "count"


class JoinNode(NodeType):
    """Gives ``{"arrived"}``: the nodes by which the branches came in, in their order."""

    type = "join"
    title = "Join"
    description = "Goes on when all branches have come in, the first one, or so many; the others are stopped."
    may_undo = False
    may_repeat = False
    usual: ClassVar[str] = ALL
    schema = fields.closed(
        (),
        {
            "mode": {"type": "string", "title": "Waits for", "enum": [ALL, ANY, COUNT], "default": ALL},
            "count": {"type": "integer", "title": "So many branches", "minimum": 1, "maximum": 1_000},
            "others": {
                "type": "string",
                "title": "The other branches",
                "enum": ["stop", "finish"],
                "default": "stop",
                "description": "Stop: what they are at is given up. Finish: they go on, and their results stay.",
            },
        },
    )
    example = {"mode": "any", "others": "stop"}

    def output(self, config: Json) -> Json:
        return fields.closed(("arrived",), {"arrived": fields.TEXTS})

    def run(self, call: NodeCall) -> NodeResult:
        arrived = call.arrived
        return NodeResult({"arrived": list(arrived)}, summary=f"{len(arrived)} branches came in")


def needed(config: Json, incoming: int) -> int:
    """Return how many of ``incoming`` branches a join with this config waits for."""
    mode = config.get("mode", ALL)
    return {ALL: incoming, ANY: 1}.get(mode, int(config.get("count", incoming)))
