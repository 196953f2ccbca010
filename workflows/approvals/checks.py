"""What is wrong with a policy, told to whoever saves one: unknown people and groups, wrong expressions, what can never be."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import pairwise
from typing import Any

from nexod.kernel.json_schemas import SchemaRefused, complaints, usable
from workflows.approvals.document import POLICY_SCHEMA
from workflows.approvals.policy import seconds_of
from workflows.expressions import Checker
from workflows.nodes.base import References

Json = dict[str, Any]
Found = tuple[str, str, str]
"""Code, field below the policy, message."""
LONGEST_S = 366 * 86_400
VALUES = {"inputs": "map<string, dyn>", "nodes": "map<string, dyn>", "run": "map<string, dyn>"}
"""What an expression sees where nobody knows more of it: of crew tasks and of tools."""


def policy_problems(
    document: object, references: References, *, routes: frozenset[str] = frozenset(), with_expressions: bool = True
) -> list[Found]:
    """Return ``(code, field, message)`` of everything that is wrong with a policy, the field below the policy.

    ``routes`` are those that a timeout may lead on to.
    """
    wrong = complaints(document, POLICY_SCHEMA)
    if wrong or not isinstance(document, dict):
        return [("bad_policy", one["field"], one["message"]) for one in wrong]
    found = [
        *_quorum_problems(document),
        *_due_problems(document.get("due", {}), routes),
        *_schema_problems(document.get("schema")),
    ]
    for at, who in _every_who(document):
        found += _unknown(at, who, references)
        complaint = Checker(VALUES).complaint(who["expression"], "strings") if "expression" in who else ""
        if complaint and with_expressions:
            found.append(("bad_expression", f"{at}.expression", complaint))
    return found


def expressions_of(document: Mapping[str, Any]) -> dict[str, str]:
    """Return the CEL expressions of a policy by their field."""
    return {f"{at}.expression": who["expression"] for at, who in _every_who(document) if "expression" in who}


def _every_who(document: Mapping[str, Any]) -> Iterator[tuple[str, Json]]:
    if "who" in document:
        yield "who", document["who"]
    for number, step in enumerate(document.get("due", {}).get("escalate", ())):
        yield f"due.escalate.{number}.to", step["to"]


def _unknown(at: str, who: Json, references: References) -> Iterator[Found]:
    for kind, names in (("user", who.get("users", ())), ("group", who.get("groups", ()))):
        for number, name in enumerate(names):
            if not references.has(kind, name.lower() if kind == "user" else name):
                yield f"unknown_{kind}", f"{at}.{kind}s.{number}", f"There is no {kind} {name!r}."


def _quorum_problems(document: Json) -> Iterator[Found]:
    who, quorum = document.get("who", {}), document.get("quorum", "any")
    if quorum == "all" and any(not step.get("move") for step in document.get("due", {}).get("escalate", ())):
        yield (
            "bad_policy",
            "quorum",
            "All have to approve: an escalation has to move, for more people only make it harder.",
        )
    only_people = who.keys() == {"users"}
    if only_people and isinstance(quorum, int) and quorum > len(who["users"]):
        few = len(who["users"])
        yield "bad_policy", "quorum", f"{quorum} have to approve, but only {few} {'is' if few == 1 else 'are'} named."


def _due_problems(due: Json, routes: frozenset[str]) -> Iterator[Found]:
    durations = {"after": due["after"]} if "after" in due else {}
    durations |= {f"remind.{number}": text for number, text in enumerate(due.get("remind", ()))}
    durations |= {f"escalate.{number}.after": step["after"] for number, step in enumerate(due.get("escalate", ()))}
    for at, text in durations.items():
        if abs(seconds_of(text)) > LONGEST_S:
            yield "bad_policy", f"due.{at}", "That is more than a year."
        if due.get("hours") == "business" and text[-1] in "dw":
            yield "bad_policy", f"due.{at}", "Business hours are counted in hours: a day has no fixed number of them."
    yield from _order_problems(due)
    if "after" not in due:
        if "on_timeout" in due:
            yield "bad_policy", "due.on_timeout", "Nothing is due: say after how long."
        for number, text in enumerate(due.get("remind", ())):
            if text.startswith("-"):
                yield "bad_policy", f"due.remind.{number}", "Nothing is due, so there is no time before it."
    if due.get("on_timeout") == "route" and "timeout" not in routes:
        yield "missing_route", "due.on_timeout", "No edge leaves by the route 'timeout'."


def _order_problems(due: Json) -> Iterator[Found]:
    """Find steps that come too late, or before the step in front of them."""
    steps = [seconds_of(step["after"]) for step in due.get("escalate", ())]
    for number, (before, after) in enumerate(pairwise(steps), 1):
        if after <= before:
            yield "bad_policy", f"due.escalate.{number}.after", "It has to come after the step in front of it."
    if "after" in due and steps and steps[-1] >= seconds_of(due["after"]):
        yield "bad_policy", f"due.escalate.{len(steps) - 1}.after", "By then it is due already."


def _schema_problems(schema: Json | None) -> Iterator[Found]:
    try:
        usable(schema if schema is not None else {})
    except SchemaRefused as refusal:
        yield "bad_schema", "schema", str(refusal)
