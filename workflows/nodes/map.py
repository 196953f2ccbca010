"""Map: the same work for every item of a list, several at a time, the results in the order of the items."""

from __future__ import annotations

from typing import Any

from workflows.expressions import evaluate
from workflows.nodes import fields
from workflows.nodes.base import Expression, Json, NodeCall, NodeResult, NodeType
from workflows.nodes.errors import ItemsFailed, TooManyItems

MOST, USUAL_MOST = 10_000, 1_000
AT_ONCE, USUALLY_AT_ONCE = 20, 5
ITEM: Json = {
    "type": "object",
    "properties": {"item": {}, "index": {"type": "integer"}, "count": {"type": "integer"}},
}
"""What ``nodes.<map>`` is to the node that does the work: the item, its place, and how many there are."""


class MapNode(NodeType):
    """Gives ``{"results", "failed", "count"}``: an output or null for each item, and what went wrong with which."""

    type = "map"
    title = "Map"
    description = "Has another node do its work for every item of a list; it sees nodes.<this>.item and .index."
    may_undo = False
    may_repeat = False
    schema = fields.closed(
        ("items", "each"),
        {
            "items": {**fields.expression("Items"), "description": "A CEL expression that gives a list."},
            "each": {
                "type": "string",
                "title": "Node that does the work",
                "pattern": "^[A-Za-z][A-Za-z0-9_]{0,59}$",
                "description": "No edge leads to it; results are its outputs.",
                "x-reference": "node",
            },
            "at_once": {
                "type": "integer",
                "title": "Items at once",
                "minimum": 1,
                "maximum": AT_ONCE,
                "default": USUALLY_AT_ONCE,
            },
            "most": {
                "type": "integer",
                "title": "At most so many items",
                "minimum": 1,
                "maximum": MOST,
                "default": USUAL_MOST,
            },
            "on_failure": {
                "type": "string",
                "title": "When an item fails",
                "enum": ["stop", "skip"],
                "default": "stop",
                "description": "Stop: nothing new is begun, and the step fails. Skip: its result is null.",
            },
        },
    )
    example = {"items": "inputs.addresses", "each": "check", "at_once": 5, "most": 500, "on_failure": "skip"}

    def expressions(self, config: Json) -> dict[str, Expression]:
        return {"items": Expression(config["items"], gives="list")}

    def output(self, config: Json) -> Json:
        failed = {"type": "array", "items": {"type": "object"}}
        known = {"results": {"type": "array"}, "failed": failed, "count": {"type": "integer"}}
        return fields.closed(tuple(known), known)

    def run(self, call: NodeCall) -> NodeResult:
        items = _items(call)
        stops = call.config.get("on_failure", "stop") == "stop"
        at_once = call.config.get("at_once", USUALLY_AT_ONCE)
        results, failed = call.each(call.config["each"], items, at_once=at_once, stops=stops)
        if failed and stops:
            first = failed[0]
            raise ItemsFailed(f"Item {first['index']} failed: {first['message']}", details={"failed": failed[:100]})
        output = {"results": results, "failed": failed, "count": len(items)}
        done = len(items) - len(failed)
        return NodeResult(output, summary=f"{done} of {len(items)} items done")


def _items(call: NodeCall) -> list[Any]:
    items = evaluate(call.config["items"], call.values)
    most = call.config.get("most", USUAL_MOST)
    if not isinstance(items, list):
        raise TooManyItems("`items` has to give a list.")
    if len(items) > most:
        raise TooManyItems(f"The list has {len(items):,} items, and this step takes {most:,} at most.")
    return items
