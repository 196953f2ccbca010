"""The tools of agents as CrewAI takes them. Nothing raises through one: what stops the crew waits in the bridge for its next call.

An exception from a tool would be given to the model to read, and tried again; so a tool that has to stop only says so.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from crewai.tools import BaseTool
from crewai.utilities.string_utils import sanitize_tool_name
from pydantic import BaseModel, ConfigDict, PrivateAttr

from agents.crew.llm import UNREAD, CrewStopped
from agents.tools.base import BoundTool, Json

STOPPED = "The crew has to stop."
NO_LIMIT = 1_000_000
"""A tool with a limit is never used at the same time as another of the same answer: what is done keeps its order."""


class _Any(BaseModel):
    """Arguments that only the tool itself checks."""

    model_config = ConfigDict(extra="allow")


class CrewTool(BaseTool):
    """Something that an agent may use: ``use`` gets the model's arguments and returns what the model reads."""

    args_schema: type[BaseModel] = _Any
    max_usage_count: int | None = NO_LIMIT
    _use: Callable[[str | Json], str] = PrivateAttr()

    def _run(self, **arguments: Any) -> str:
        given = arguments[UNREAD] if arguments.keys() == {UNREAD} else arguments
        try:
            return self._use(given)
        except CrewStopped:
            return STOPPED


def crew_tool(function: Json, use: Callable[[str | Json], str]) -> CrewTool:
    """Return the tool that ``function`` describes, as the protocol offers it, under a name that CrewAI can live with."""
    about = function["function"]
    schema = about["parameters"]
    arguments = type(
        "Arguments", (_Any,), {"model_json_schema": classmethod(lambda cls, *args, **kwargs: dict(schema))}
    )
    made = CrewTool(name=tool_name(about["name"]), description=about["description"], args_schema=arguments)
    made._use = use
    return made


def tool_name(name: str) -> str:
    """Return the name by which CrewAI knows a tool of that name."""
    return str(sanitize_tool_name(name))


def functions_of(tools: Sequence[BoundTool]) -> dict[str, Json]:
    """Return the tools as the protocol offers them, under the names by which CrewAI knows them."""
    found: dict[str, Json] = {}
    for tool in tools:
        function = tool.as_function()
        name = tool_name(tool.name)
        found[name] = {**function, "function": {**function["function"], "name": name}}
    return found
