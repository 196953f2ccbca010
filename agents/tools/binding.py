"""The tools of one agent: from ``[{"tool", "settings", "approval"}]`` to what it may use, each under a name of its own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from agents.tools.base import BoundTool
from agents.tools.knowledge import KnowledgeSearch
from agents.tools.registry import tool

Json = dict[str, Any]
LONGEST_NAME = 64


def bound_tools(rows: Sequence[Json], knowledge: Sequence[str], *, owner: str = "") -> tuple[BoundTool, ...]:
    """Return the tools of the agent with the slug ``owner``; who has knowledge bases can search them. Raises ToolGone."""
    given = [*rows]
    if knowledge and not any(row["tool"] == KnowledgeSearch.name for row in rows):
        given.insert(0, {"tool": KnowledgeSearch.name})
    bound: list[BoundTool] = []
    for row in given:
        found = tool(row["tool"])
        new = found.bind(row.get("settings", {}), row.get("approval", "never"), knowledge=knowledge)
        settings = {**new.settings, "agent": owner} if found.personal else new.settings
        bound.append(_named(replace(new, owner=owner, settings=settings), bound))
    return tuple(bound)


def _named(new: BoundTool, others: Sequence[BoundTool]) -> BoundTool:
    taken = {other.name for other in others}
    name, number = new.name[:LONGEST_NAME], 1
    while name in taken:
        number += 1
        name = f"{new.name[: LONGEST_NAME - 3]}_{number}"
    return replace(new, name=name)
