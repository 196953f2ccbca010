"""Loop: goes round again as long as something holds, and never more often than it says."""

from __future__ import annotations

from workflows.expressions import truth
from workflows.nodes import fields
from workflows.nodes.base import CheckedNode, Expression, Json, NodeCall, NodeResult, NodeType, Problem, References
from workflows.nodes.routes import route_problems

AGAIN, DONE = "again", "done"
MOST = 100


class LoopNode(NodeType):
    """Gives ``{"route", "rounds", "exhausted"}``: the rounds begun so far, and whether the bound ended them."""

    type = "loop"
    title = "Loop"
    description = "Leaves by 'again' as long as its expression holds and rounds are left, then by 'done'."
    may_undo = False
    may_repeat = False
    schema = fields.closed(
        ("while", "most"),
        {
            "while": fields.expression("As long as"),
            "most": {"type": "integer", "title": "At most so many rounds", "minimum": 1, "maximum": MOST - 1},
        },
    )
    example = {"while": "inputs.score < 7", "most": 3}

    def expressions(self, config: Json) -> dict[str, Expression]:
        return {"while": Expression(config["while"], gives="bool")}

    def output(self, config: Json) -> Json:
        known = {"route": fields.TEXT, "rounds": {"type": "integer"}, "exhausted": {"type": "boolean"}}
        return fields.closed(tuple(known), known)

    def check(self, node: CheckedNode, references: References) -> list[Problem]:
        return route_problems(node, {"config.while": AGAIN, "config.most": DONE})

    def run(self, call: NodeCall) -> NodeResult:
        wanted = truth(call.config["while"], call.values)
        number = _rounds_before(call) + 1
        exhausted = wanted and number > call.config["most"]
        route = AGAIN if wanted and not exhausted else DONE
        rounds = number if route == AGAIN else number - 1
        summary = f"round {rounds}" if route == AGAIN else f"done after {rounds} rounds"
        return NodeResult({"route": route, "rounds": rounds, "exhausted": exhausted}, route=route, summary=summary)


def _rounds_before(call: NodeCall) -> int:
    """Return how many rounds were begun since the loop was entered: one within another begins anew each time."""
    before = call.values["nodes"].get(call.node, {})
    return int(before["rounds"]) if before.get("route") == AGAIN else 0
