"""What a tool is: what it does in words and JSON Schemas, and ``run``. Free of models and of any client, for the web process."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from agents.tools.rules import Given, Rule, rule_of

Json = dict[str, Any]
Approval = Given


class Tool:
    """Base of every tool. Subclasses set the class variables and write ``run``."""

    name: ClassVar[str]
    title: ClassVar[str]
    description: ClassVar[str]
    """What the model reads to know when to use it, and people when to give it."""
    parameters: ClassVar[Mapping[str, Any]]
    """JSON Schema of the arguments that a model gives."""
    settings: ClassVar[Mapping[str, Any]] = {"type": "object", "properties": {}, "additionalProperties": False}
    """JSON Schema of what whoever gives the tool to an agent decides beforehand."""
    side_effect: ClassVar[bool] = False
    """Whether it changes something outside: then a person may be asked before, and it is never done twice."""
    idempotent: ClassVar[bool] = True
    """Whether it may be done again when nobody knows whether it happened."""
    repeatable: ClassVar[bool] = False
    """Whether the same use gives the same at any time in the run, so that nothing need be kept of it."""

    alone: ClassVar[bool] = True
    """Whether a workflow can use it without an agent: it needs nothing that only an agent has."""

    personal: ClassVar[bool] = False
    """Whether it works for one agent in particular, and finds the agent's slug among its settings."""

    def bind(self, settings: Json, approval: Approval = "never", *, knowledge: Sequence[str] = ()) -> BoundTool:
        """Return the tool as an agent has it, who has those knowledge bases."""
        return BoundTool(self.name, self.title, self.description, self.parameters, self, settings, approval)

    def complaints(self, settings: Json) -> list[str]:
        """Return what is wrong with settings that fit the schema, such as what they name and the tenant has not."""
        return []

    def choices(self) -> Mapping[str, list[tuple[str, str]]]:
        """Return what the tenant offers for settings that name something of it: slug and name by setting, for a form."""
        return {}

    def require_possible(self, arguments: Json, settings: Json) -> None:
        """Raise what this use would be refused for in any case, so that no person is asked for nothing."""

    def may_repeat(self, arguments: Json, settings: Json) -> bool:
        """Say whether this use may be done again when nobody knows whether it happened."""
        return self.idempotent

    def about(self, arguments: Json, settings: Json) -> str:
        """Return a line that tells people what this use does outside."""
        return ""

    def run(self, arguments: Json, settings: Json, key: str) -> Any:
        """Return text or JSON for the model; ``key`` is the same whenever the same use is repeated.

        Raises NexodError for what the model should read. With a side effect also NotPerformed and Unusable, see
        ``nexod.kernel.run_port.RunPort.effect``.
        """
        raise TypeError(f"{type(self).__name__} does not say what it does.")


@dataclass(frozen=True, slots=True)
class BoundTool:
    """A tool as one agent has it: under a name that no other of its tools has, with its settings."""

    name: str
    title: str
    description: str
    parameters: Mapping[str, Any]
    tool: Tool
    settings: Json
    approval: Approval = "never"
    owner: str = ""
    """Slug of the agent that has it; empty where no agent does."""

    @property
    def rule(self) -> Rule:
        """Return when a person is asked before it is used."""
        return rule_of(self.approval)

    @property
    def remembers(self) -> str:
        """Return what whoever approves a use is told of later ones; empty where each is asked about."""
        if self.rule.ask != "first" or not self.owner:
            return ""
        may = "do exactly this again" if self.rule.per == "arguments" else f"use {self.title} with whatever arguments"
        return f"If you approve, this agent may {may} without asking, until somebody revokes it."

    def covers(self, arguments: Json) -> str:
        """Return the mark of what a decision about these arguments covers."""
        return self.rule.digest(self.tool.name, self.settings, arguments)

    def as_function(self) -> Json:
        """Return the tool as the protocol offers it to a model."""
        about = {"name": self.name, "description": self.description, "parameters": dict(self.parameters)}
        return {"type": "function", "function": about}
