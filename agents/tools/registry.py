"""The tools by name. A new one is a file here and a line below; an app above registers its own when it is ready."""

from __future__ import annotations

from agents.tools.base import Tool
from agents.tools.calculator import Calculator
from agents.tools.clock import Clock
from agents.tools.errors import ToolGone
from agents.tools.http import HttpRequest
from agents.tools.knowledge import KnowledgeSearch
from agents.tools.recall import Recall
from agents.tools.remember import Remember

_TOOLS: dict[str, Tool] = {
    each.name: each for each in (KnowledgeSearch(), Recall(), Remember(), HttpRequest(), Calculator(), Clock())
}


def tools() -> list[Tool]:
    """Return every tool, in the order in which people should meet them."""
    return list(_TOOLS.values())


def tool(name: str) -> Tool:
    """Return the tool; raise ToolGone for an unknown one."""
    try:
        return _TOOLS[name]
    except KeyError:
        raise ToolGone(f"There is no tool {name!r}; there are {', '.join(_TOOLS)}.", details={"tool": name}) from None


def register(new: Tool) -> None:
    """Add a tool of an app above this one."""
    _TOOLS[new.name] = new
