"""Wait: for a while, until a time, or until somebody outside calls back. No worker is held meanwhile."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from workflows.expressions import evaluate
from workflows.nodes import fields
from workflows.nodes.base import CheckedNode, Expression, Json, NodeCall, NodeResult, NodeType, Problem, References
from workflows.nodes.errors import CallbackMissing, TimeUnreadable
from workflows.nodes.routes import route_problems
from workflows.rendering import render

TIMEOUT = "timeout"
LONGEST_S = 366 * 24 * 3600
_SECONDS: Json = {**fields.expression("Seconds"), "description": "A CEL expression that gives a number, such as 3600."}
_UNTIL: Json = {
    **fields.template("Until", empty=False),
    "description": "A time such as 2030-01-31T09:00:00+01:00; without an offset it is UTC.",
}
_CALLBACK: Json = fields.closed(
    (),
    {
        "timeout_s": {
            "type": "integer",
            "title": "At most so many seconds",
            "minimum": 1,
            "maximum": LONGEST_S,
            "description": "Then the run leaves by the route 'timeout', or the step fails where no edge has it.",
        }
    },
)


class WaitNode(NodeType):
    """Gives ``{"came", "body"}``: whether a callback came in time (a time always does), and what it brought."""

    type = "wait"
    title = "Wait"
    description = "Waits for a while, until a time, or for a callback to the address run.callbacks.<this node>."
    may_undo = False
    waits = True
    schema = fields.closed(
        (), {"seconds": _SECONDS, "until": _UNTIL, "callback": {**_CALLBACK, "title": "For a callback"}}
    )
    example = {"callback": {"timeout_s": 86400}}

    def templates(self, config: Json) -> dict[str, str]:
        return {"until": config["until"]} if "until" in config else {}

    def expressions(self, config: Json) -> dict[str, Expression]:
        return {"seconds": Expression(config["seconds"], gives="number")} if "seconds" in config else {}

    def output(self, config: Json) -> Json:
        return fields.closed(("came",), {"came": {"type": "boolean"}, "body": {}})

    def check(self, node: CheckedNode, references: References) -> list[Problem]:
        if len(node.config) != 1:
            return [Problem("bad_config", "Say one of seconds, until and callback.", node.id, "config")]
        if TIMEOUT in node.routes and "timeout_s" in node.config.get("callback", {}):
            unlabelled = CheckedNode(node.id, node.type, node.config, node.routes - {""})
            return route_problems(unlabelled, {"config.callback.timeout_s": TIMEOUT})
        return super().check(node, references)

    def run(self, call: NodeCall) -> NodeResult:
        if "callback" in call.config:
            return _called_back(call)
        call.wait_until(_moment(call))
        return NodeResult({"came": True, "body": None}, summary="the time has come")


def _called_back(call: NodeCall) -> NodeResult:
    came, body = call.wait_for_callback(timeout_s=call.config["callback"].get("timeout_s"))
    if not came and TIMEOUT not in call.routes:
        raise CallbackMissing
    route = "" if came else TIMEOUT
    return NodeResult(
        {"came": came, "body": body}, route=route, summary="called back" if came else "nobody called back"
    )


def _moment(call: NodeCall) -> datetime:
    """Return when the wait ends. A duration counts from the first look; the engine keeps what that gave."""
    if "until" in call.config:
        return _parsed(render(call.config["until"], call.values).strip())
    seconds: Any = evaluate(call.config["seconds"], call.values)
    if isinstance(seconds, bool) or not isinstance(seconds, int | float) or not 0 <= seconds <= LONGEST_S:
        raise TimeUnreadable(f"`seconds` has to give a number from 0 to {LONGEST_S:,}, not {seconds!r}.")
    return datetime.now(UTC) + timedelta(seconds=seconds)


def _parsed(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise TimeUnreadable(f"{text[:80]!r} is no time such as 2030-01-31T09:00:00+01:00.") from error
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
