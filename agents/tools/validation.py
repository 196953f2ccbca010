"""The tools of an agent as people give them: ``[{"tool", "settings", "approval"}]``, checked before they are stored."""

from __future__ import annotations

from typing import Any

from agents.tools.errors import ToolGone
from agents.tools.registry import tool
from agents.tools.rules import rule_of, rule_problems
from nexod.kernel.json_schemas import complaints

Json = dict[str, Any]
MAX_TOOLS = 20


def tool_problems(given: Any) -> list[str]:
    """Return what is wrong with the tools of an agent, in words for the person who gave them."""
    if not isinstance(given, list):
        return ["The tools are a list."]
    if len(given) > MAX_TOOLS:
        return [f"An agent has at most {MAX_TOOLS} tools; more only confuse a model."]
    return [f"Tool {number}: {why}" for number, row in enumerate(given, 1) for why in _problems(row)]


def plain_tools(given: list[Json]) -> list[Json]:
    """Return the tools as they are stored: with every part, in one order."""
    return [
        {
            "tool": row["tool"],
            "settings": row.get("settings", {}),
            "approval": rule_of(row.get("approval", "never")).as_json(),
        }
        for row in given
    ]


def _problems(row: Any) -> list[str]:
    if not isinstance(row, dict) or not isinstance(row.get("tool"), str):
        return ['a tool is {"tool", "settings", "approval"}.']
    if unknown := row.keys() - {"tool", "settings", "approval"}:
        return [f"unknown part {', '.join(sorted(unknown))}."]
    try:
        found = tool(row["tool"])
    except ToolGone as error:
        return [error.message]
    if wrong_rule := rule_problems(row.get("approval", "never"), found.parameters):
        return [f"{found.title}: {why}" for why in wrong_rule]
    settings = row.get("settings", {})
    if wrong := complaints(settings, dict(found.settings)):
        return [f"{found.title}: {': '.join(filter(None, (one['field'], one['message'])))}" for one in wrong]
    return [f"{found.title}: {why}" for why in found.complaints(settings)]
