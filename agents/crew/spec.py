"""A crew as plain data: who works, on what, in which order, with which models; and what comes out of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from agents.crew.errors import CrewInvalid
from agents.llm.endpoint import Endpoint

Process = Literal["sequential", "hierarchical"]


@dataclass(frozen=True, slots=True)
class CrewAgent:
    """Somebody who works: ``name`` is unique in the crew; the texts may contain ``{input}`` placeholders."""

    name: str
    role: str
    goal: str
    endpoint: Endpoint
    backstory: str = ""
    temperature: float | None = None
    max_tokens: int | None = None
    rounds: int = 6
    """How often it may think again (use a tool, hand out work) before it has to answer."""


@dataclass(frozen=True, slots=True)
class CrewTask:
    """A piece of work. ``context`` names the tasks whose results it reads; None: all the earlier ones.

    In a hierarchical crew ``agent`` may be empty: the manager chooses. With ``human_input`` a person approves the result.
    """

    name: str
    agent: str
    description: str
    expected_output: str
    context: tuple[str, ...] | None = None
    output_schema: Mapping[str, Any] | None = None
    human_input: bool = False


@dataclass(frozen=True, slots=True)
class CrewSpec:
    """Tasks in an order. A hierarchical crew has a ``manager``, who is not among the ``agents``, and hands them out."""

    name: str
    agents: tuple[CrewAgent, ...]
    tasks: tuple[CrewTask, ...]
    process: Process = "sequential"
    manager: CrewAgent | None = None

    def __post_init__(self) -> None:
        _check(self)

    def worker(self, task: CrewTask) -> CrewAgent:
        """Return who answers for the task: its agent, or the manager where it has none."""
        found = {agent.name: agent for agent in self.agents}.get(task.agent, self.manager)
        if found is None:
            raise CrewInvalid(f"Nobody does the task {task.name!r}.")
        return found


@dataclass(frozen=True, slots=True)
class TaskResult:
    """What one task gave; ``data`` is the checked value where the task has an output schema."""

    name: str
    agent: str
    text: str
    data: Any = None


@dataclass(frozen=True, slots=True)
class CrewResult:
    """What the crew gave: the last task's result, and those of all."""

    text: str
    data: Any = None
    tasks: list[TaskResult] = field(default_factory=list)


def crew_of_one(agent: CrewAgent, description: str, expected_output: str = "A complete answer.") -> CrewSpec:
    """Return the crew of a single agent with a single task, named after the agent."""
    return CrewSpec(agent.name, (agent,), (CrewTask(agent.name, agent.name, description, expected_output),))


def _check(spec: CrewSpec) -> None:
    names = [agent.name for agent in spec.agents]
    if not spec.tasks or not names:
        raise CrewInvalid(f"The crew {spec.name!r} needs at least one agent and one task.")
    if len(set(names)) < len(names) or len({task.name for task in spec.tasks}) < len(spec.tasks):
        raise CrewInvalid(f"Two agents or two tasks of the crew {spec.name!r} have the same name.")
    if (spec.process == "hierarchical") != (spec.manager is not None):
        raise CrewInvalid(f"The crew {spec.name!r} needs a manager exactly when it is hierarchical.")
    if spec.manager is not None and spec.manager.name in names:
        raise CrewInvalid(f"The manager of the crew {spec.name!r} cannot also do its tasks.")
    _check_tasks(spec, {*names, ""} if spec.manager else set(names))


def _check_tasks(spec: CrewSpec, known: set[str]) -> None:
    earlier: set[str] = set()
    for task in spec.tasks:
        if task.agent not in known:
            raise CrewInvalid(f"The task {task.name!r} needs an agent of the crew {spec.name!r}, not {task.agent!r}.")
        if unknown := set(task.context or ()) - earlier:
            raise CrewInvalid(f"The task {task.name!r} reads {sorted(unknown)}, which no earlier task gives.")
        earlier.add(task.name)
