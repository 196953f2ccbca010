"""When a person is asked before an agent uses a tool: never, always, when a condition on the arguments holds, or the first time.

A rule is written short, as its word, or as ``{"ask", "condition", "per", "policy"}``. What is not certain is asked.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from agents.asking import policy_problems
from nexod.kernel.json_schemas import complaints
from nexod.kernel.sandbox import Refused, complaint, holds
from nexod.kernel.sandbox.formulas import LONGEST

Json = dict[str, Any]
Given = str | Json
ASKS = ("never", "always", "when", "first")
SHORT = ("never", "always", "first")
PER = ("arguments", "tool")
SCHEMA: Json = {
    "type": "object",
    "properties": {
        "ask": {"type": "string", "enum": list(ASKS), "description": "When a person is asked before the tool is used"},
        "condition": {
            "type": "string", "minLength": 1, "maxLength": LONGEST,
            "description": "Of ask = when: CEL over arguments that gives true where a person is asked",
        },
        "per": {
            "type": "string", "enum": list(PER), "default": "arguments",
            "description": "Of ask = first: what one decision covers, exactly these arguments or every use of the tool",
        },
        "policy": {"type": "object", "description": "Who is asked, how many of them, and by when"},
    },
    "required": ["ask"],
    "additionalProperties": False,
}  # fmt: skip
_ARGUMENT = re.compile(r"(?<![\w.])arguments\s*\.\s*\??\s*([A-Za-z_]\w*)(?!\s*\()")


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule, as it is obeyed."""

    ask: str = "never"
    condition: str = ""
    per: str = "arguments"
    policy: Mapping[str, Any] = field(default_factory=dict)

    def applies(self, arguments: Json) -> bool:
        """Say whether a person is asked about these arguments, what is remembered left aside; a condition that fails asks."""
        if self.ask != "when":
            return self.ask != "never"
        try:
            return holds(self.condition, {"arguments": arguments})
        except Refused:
            return True

    def digest(self, tool: str, settings: Mapping[str, Any], arguments: Json) -> str:
        """Return the mark of what a decision under this rule covers: another setting, rule or argument is another one."""
        covered = [tool, dict(settings), self.as_json(), arguments if self.per == "arguments" else None]
        return hashlib.sha256(json.dumps(covered, sort_keys=True).encode("utf-8", "surrogatepass")).hexdigest()

    def as_json(self) -> Given:
        """Return it as it is stored: short where its word says all."""
        more = {"condition": self.condition, "policy": dict(self.policy)}
        if self.per != PER[0]:
            more["per"] = self.per
        given = {name: value for name, value in more.items() if value}
        return {"ask": self.ask, **given} if given else self.ask


def rule_of(given: Given) -> Rule:
    """Return the rule that was written so; one that nobody knows asks always."""
    written: Json = {"ask": given} if isinstance(given, str) else given
    if written.get("ask") not in ASKS:
        return Rule("always")
    return Rule(
        ask=written["ask"],
        condition=written.get("condition", "") if written["ask"] == "when" else "",
        per=written.get("per", PER[0]) if written["ask"] == "first" else PER[0],
        policy=written.get("policy", {}) if written["ask"] != "never" else {},
    )


def rule_problems(given: Any, parameters: Mapping[str, Any]) -> list[str]:
    """Return what is wrong with a rule for a tool that takes such arguments, in words for whoever wrote it."""
    if isinstance(given, str):
        return [] if given in SHORT else [f"the approval is one of {', '.join(ASKS)}; 'when' needs its condition."]
    if wrong := complaints(given, SCHEMA):
        return [": ".join(filter(None, ("approval", one["field"], one["message"]))) for one in wrong]
    problems = [f"approval: policy.{at}: {why}".replace(".:", ":") for _, at, why in _policy_problems(given)]
    if given["ask"] == "when":
        problems += _condition_problems(given.get("condition", ""), parameters)
    return problems


def _policy_problems(given: Json) -> list[tuple[str, str, str]]:
    return policy_problems(given["policy"]) if "policy" in given else []


def _condition_problems(condition: str, parameters: Mapping[str, Any]) -> list[str]:
    if not condition:
        return ["approval: 'when' needs a condition on the arguments, such as arguments.amount > 1000."]
    if why := complaint(condition, "arguments"):
        return [f"approval: condition: {why}"]
    known = parameters.get("properties", {})
    unknown = sorted(set(_ARGUMENT.findall(condition)) - known.keys())
    if unknown and parameters.get("additionalProperties") is False:
        return [f"approval: condition: the tool takes no argument {unknown[0]!r}; it takes {', '.join(known)}."]
    return []
