"""Approval: the run waits until those have decided whom the policy names, or until its time is over."""

from __future__ import annotations

from workflows.approvals.checks import expressions_of, policy_problems
from workflows.approvals.document import POLICY_SCHEMA
from workflows.nodes import fields
from workflows.nodes.base import (
    Answer,
    CheckedNode,
    Expression,
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

TIMEOUT = "timeout"
ROUTES = ("approve", "reject", "request_changes", TIMEOUT)
ROLES = ("owner", "admin", "editor", "approver")
MAX_TITLE = 200


class ApprovalNode(NodeType):
    """Gives ``{"decision", "comment", "content", "actor"}``; ``content`` is what was approved, edited or not.

    Without labels on its edges an approval goes on and a rejection fails the run. With labels each decision takes its
    own, and changes can be requested only where an edge is labelled so, at most ``max_changes`` times. ``roles`` is the short
    form of a policy that names nobody else.
    """

    type = "approval"
    title = "Approval"
    description = "Shows something to a person and waits for a decision."
    may_undo = False
    waits = True
    may_repeat = False
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
            "policy": {
                **POLICY_SCHEMA,
                "description": "Who decides, how many of them, who may not, and by when. It takes the place of the roles.",
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
    example = {
        "title": "Publish {{ inputs.topic }}?",
        "content": "{{ inputs.text }}",
        "instructions": "Is every claim backed by a source?",
        "roles": ["owner", "approver"],
        "max_changes": 2,
    }

    def templates(self, config: Json) -> dict[str, str]:
        return {field: config[field] for field in ("title", "content", "instructions") if field in config}

    def expressions(self, config: Json) -> dict[str, Expression]:
        found = expressions_of(config.get("policy", {}))
        return {f"policy.{at}": Expression(source, "strings") for at, source in found.items()}

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
        return [*problems, *_policy_problems(node, references, labels)]

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


def _policy_problems(node: CheckedNode, references: References, labels: frozenset[str]) -> list[Problem]:
    """Return what is wrong with the policy; its expressions are checked with those of all nodes."""
    policy = node.config.get("policy", {})
    wrong = policy_problems(policy, references, routes=labels, with_expressions=False)
    found = [Problem(code, message, node.id, f"config.policy.{at}") for code, at, message in wrong]
    if "roles" in node.config and "who" in policy:
        message = "The policy says who decides: leave the roles out, or name them there."
        found.append(Problem("bad_config", message, node.id, "config.roles"))
    if TIMEOUT in labels and policy.get("due", {}).get("on_timeout") != "route":
        message = "An edge leaves by 'timeout', but the policy does not say on_timeout: route."
        found.append(Problem("unexpected_route", message, node.id))
    return found


def _policy(config: Json) -> Json:
    """Return the policy; one that does not say who goes by the roles."""
    policy: Json = config.get("policy", {})
    return {"who": {"roles": config["roles"]}, **policy} if policy and "roles" in config else policy


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
        policy=_policy(config),
        schema=config.get("policy", {}).get("schema"),
    )


def _rejection(answer: Answer) -> str:
    did = "rejected the result" if answer.decision == "reject" else f"decided {answer.decision!r}"
    who = f"{answer.actor} {did}" if answer.actor else "Nobody decided in time"
    why = f": {answer.comment}" if answer.comment else ""
    return f"{who}, and the workflow has no route for that{why}"


def _summary(answer: Answer) -> str:
    said = {"approve": "approved", "edit": "approved with edits", "reject": "rejected", TIMEOUT: "not decided in time"}
    word = said.get(answer.decision, "changes requested")
    if answer.decision == TIMEOUT:
        return word
    return f"{word} by {answer.actor}" if answer.actor else f"{word}, for nobody decided in time"
