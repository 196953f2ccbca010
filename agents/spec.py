"""An agent as plain data: who it is, what it thinks with, what it may use. Free of rows, CrewAI and LangGraph."""

from __future__ import annotations

from dataclasses import dataclass

from agents.llm.endpoint import Endpoint
from agents.tools.base import BoundTool


@dataclass(frozen=True, slots=True)
class AgentSpec:
    """Somebody who works: ``name`` is unique among those who work together; the texts may contain ``{input}`` placeholders."""

    name: str
    role: str
    goal: str
    endpoint: Endpoint
    backstory: str = ""
    temperature: float | None = None
    max_tokens: int | None = None
    rounds: int = 6
    """How often it may think again (use a tool, hand out work) before it has to answer."""
    fallbacks: tuple[Endpoint, ...] = ()
    """The models that are asked in turn when the one before cannot answer."""
    tools: tuple[BoundTool, ...] = ()
    knowledge: tuple[str, ...] = ()
    """Slugs of the knowledge bases that it may look things up in."""
    context_policy: str = "trim"
    """What happens to a conversation that outgrows the model: trim, summarise or retrieve."""
    context_tokens: int | None = None
    """How much of a conversation it may read at once; None: as much as its model is known to read."""
    version: int = 0
