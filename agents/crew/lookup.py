"""A model that is too small to use tools has its knowledge looked up for it, by what its task says."""

from __future__ import annotations

from collections.abc import Callable

from agents.spec import AgentSpec
from agents.tools.knowledge import KnowledgeSearch
from agents.tools.use import use_tool

LONGEST_QUERY = 1_000


def looking_up(agent: AgentSpec, task: str) -> Callable[[str], str] | None:
    """Return what finds passages for the description of a task; None for who can use tools, or has no knowledge."""
    known = next((tool for tool in agent.tools if isinstance(tool.tool, KnowledgeSearch)), None)
    if known is None or not agent.endpoint.small:
        return None
    return lambda description: use_tool(known, {"query": description[:LONGEST_QUERY]}, agent=agent.role, task=task)
