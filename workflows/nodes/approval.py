"""Approval: the run waits until a person has decided."""

from __future__ import annotations

from workflows.nodes import fields
from workflows.nodes.base import (
    Answer,
    CheckedNode,
    Json,
    NodeCall,
    NodeResult,
    NodeType,
    Problem,
    Question,
    References,
)
from workflows.nodes.errors import RejectedByPerson
from workflows.rendering import render

ROUTES = ("approve", "reject", "request_changes")
ROLES = ("owner", "admin", "editor", "approver")
MAX_TITLE = 200


class ApprovalNode(NodeType):
    """Gives ``{"decision", "comment", "content", "actor"}``; ``content`` is what was approved, edited or not.

    Without labels on its edges an approval goes on and a rejection fails the run. With labels each decision takes its
    own, and changes can be requested only where an edge is labelled so, at most ``max_changes`` times.
    """

    type = "approval"
    title = "Approval"
    description = "Shows something to a person and waits for a decision."
    may_undo = False
    schema = fields.closed(
        ("title", "content"),
        {
            "title": fields.template("Title", empty=False),
            "content": fields.template("What is approved (Markdown)", empty=False),
            "instructions": fields.template("Instructions for the approver"),
            "roles": {
                "type": "array",
                "title": "Who may decide",
                "items": {"enum": list(ROLES)},
                "minItems": 1,
                "uniqueItems": True,
                "default": ["owner", "admin", "approver"],
            },
            "max_changes": {
                "type": "integer",
                "title": "How often changes may be requested",
                "minimum": 1,
                "maximum": 20,
                "default": 3,
            },
        },
    )

    def templates(self, config: Json) -> dict[str, str]:
        return {field: config[field] for field in ("title", "content", "instructions") if field in config}

    def output(self, config: Json) -> Json:
        names = ("decision", "comment", "content", "actor")
        return fields.closed(names, dict.fromkeys(names, fields.TEXT))

    def check(self, node: CheckedNode, references: References) -> list[Problem]:
        labels = node.routes - {""}
        problems = [
            Problem(
                "unexpected_route", f"An edge leaves by {label!r}, but the routes are {', '.join(ROUTES)}.", node.id
            )
            for label in sorted(labels - set(ROUTES))
        ]
        if labels and "" in node.routes:
            problems.append(Problem("unexpected_route", "Either all edges that leave have a label or none.", node.id))
        if labels and "approve" not in labels:
            problems.append(Problem("missing_route", "No edge leaves by the route 'approve'.", node.id))
        return problems

    def run(self, call: NodeCall) -> NodeResult:
        question = _question(call)
        answer = call.ask(question)
        route = "approve" if answer.decision == "edit" else answer.decision
        if route not in call.routes and (call.routes or route != "approve"):
            raise RejectedByPerson(_rejection(answer), details={"comment": answer.comment, "actor": answer.actor})
        output = {
            "decision": answer.decision,
            "comment": answer.comment,
            "content": answer.content if answer.decision == "edit" else question.content,
            "actor": answer.actor,
        }
        return NodeResult(output, route=route if call.routes else "", summary=_summary(answer))


def _question(call: NodeCall) -> Question:
    config = call.config
    decisions = ["approve", "edit", "reject"]
    if "request_changes" in call.routes and call.visit <= config.get("max_changes", 3):
        decisions.append("request_changes")
    return Question(
        title=" ".join(render(config["title"], call.values).split())[:MAX_TITLE],
        content=render(config["content"], call.values),
        instructions=render(config.get("instructions", ""), call.values),
        roles=tuple(config.get("roles", Question.__dataclass_fields__["roles"].default)),
        decisions=tuple(decisions),
    )


def _rejection(answer: Answer) -> str:
    who = answer.actor or "A person"
    did = "rejected the result" if answer.decision == "reject" else f"decided {answer.decision!r}"
    why = f": {answer.comment}" if answer.comment else ""
    return f"{who} {did}, and the workflow has no route for that{why}"


def _summary(answer: Answer) -> str:
    said = {"approve": "approved", "edit": "approved with edits", "reject": "rejected"}
    return f"{said.get(answer.decision, 'changes requested')} by {answer.actor or 'somebody'}"
