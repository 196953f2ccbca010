"""The form of a tool node: which tools there are, the settings of the chosen one as its schema says, its arguments' names."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from agents.tools.base import Tool
from agents.tools.errors import ToolGone
from agents.tools.registry import tool, tools
from nexod.admin.schema_form import CHOICES
from nexod.admin.schema_rows import KEYS

Json = dict[str, Any]
USE = "agents.use_credential"


def tool_parts(parts: Mapping[str, Json], config: Json, allowed: Callable[[str], bool]) -> Json:
    """Return what of the schema's ``parts`` depends on the tool that the config names, with what the tenant offers for it."""
    name = config.get("tool")
    offered = [(found.name, found.title) for found in tools() if found.alone]
    if isinstance(name, str) and name and name not in dict(offered):
        offered.append((name, name))
    found = _found(name)
    chosen = {"tool": {**parts["tool"], CHOICES: offered}}
    return chosen if found is None else {**chosen, **_of(found, parts, config, allowed)}


def _of(found: Tool, parts: Mapping[str, Json], config: Json, allowed: Callable[[str], bool]) -> Json:
    properties = {name: dict(part) for name, part in found.settings.get("properties", {}).items()}
    given = config.get("settings")
    for name, offered in found.choices().items():
        if properties[name].get("x-reference") == "credential" and not allowed(USE):
            offered = []
        now = given.get(name) if isinstance(given, dict) else None
        known = [*offered, (now, now)] if isinstance(now, str) and now and now not in dict(offered) else offered
        properties[name][CHOICES] = known
    title = {"title": f"Settings of {found.title}", "description": parts["settings"].get("description", "")}
    settings = {**found.settings, **title, "properties": properties} if properties else None
    inside = found.parameters.get("properties", {})
    takes = "; ".join(f"{name}: {_kind(part)}" for name, part in inside.items())
    arguments = parts["arguments"]
    names = {**arguments["propertyNames"], "title": "Argument"}
    told = f"{arguments['description']} {found.title} takes {takes}." if takes else arguments["description"]
    return {
        **({"settings": settings} if settings else {}),
        "arguments": {**arguments, "propertyNames": names, KEYS: list(inside), "description": told},
    }


def _kind(part: Json) -> str:
    """Return what an argument is, in a few words."""
    return str(part.get("description") or " or ".join(map(str, part.get("enum", ()))) or part.get("type", "any value"))


def _found(name: Any) -> Tool | None:
    try:
        return tool(name) if isinstance(name, str) else None
    except ToolGone:
        return None
