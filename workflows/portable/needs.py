"""What a workflow and its agents name and no file brings along, read off the parts: what a file says of it may be less."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from agents.tools.naming import named_by_tools
from workflows.approvals.naming import people_named, policies_of, policies_of_tools
from workflows.portable.references import named_in

Json = dict[str, Any]
NEEDED = ("connection", "credential", "knowledge_base", "workflow", "user", "group")
"""Kinds, in the order in which a file names them. Agents and crews are brought along."""


def needed_by(
    definition: Json, agents: Iterable[Mapping[str, Any]], crews: Iterable[Mapping[str, Any]]
) -> dict[str, set[str]]:
    """Return the slugs that are needed, by kind, of people addresses and of groups names.

    ``agents`` are contents as ``agents.content`` gives them; of ``crews`` the tasks say whom they ask.
    """
    named = named_in(definition)
    found = {kind: set(named.get(kind, ())) for kind in NEEDED}
    policies = [*policies_of(definition), *(task["policy"] for crew in crews for task in crew["tasks"])]
    for agent in agents:
        tools = [row for row in agent["tools"] if isinstance(row.get("tool"), str)]
        found["credential"] |= {slug for kind, slug in named_by_tools(tools) if kind == "credential"}
        found["connection"] |= {agent["connection"], *(row.get("connection", "") for row in agent["fallbacks"])} - {""}
        found["knowledge_base"] |= set(agent["knowledge_bases"])
        policies += policies_of_tools(agent["tools"])
    for kind, name in people_named(policies):
        found[kind].add(name)
    return found
