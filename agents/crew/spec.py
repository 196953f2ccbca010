"""A crew as plain data: who works, on what, in which order, with which models; and what comes out of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from agents.crew.errors import CrewInvalid
from agents.spec import AgentSpec

Process = Literal["sequential", "hierarchical"]
OnFailure = Literal["fail", "ask"]
CrewAgent = AgentSpec
MAX_RETRIES = 5


@dataclass(frozen=True, slots=True)
class CrewTask:
    """A piece of work. ``context`` names the tasks whose results it reads; None: all that are done when it begins.

    In a hierarchical crew ``agent`` may be empty: the manager chooses. With ``human_input`` a person approves the result.
    """

    name: str
    agent: str
    description: str
    expected_output: str
    context: tuple[str, ...] | None = None
    output_schema: Mapping[str, Any] | None = None
    human_input: bool = False
    policy: Mapping[str, Any] = field(default_factory=dict)
    """Who that person is, how many have to approve, and by when."""
    async_execution: bool = False
    """Whether the next tasks begin beside it; the first that does not joins them all."""
    allow_delegation: bool = False
    """Whether its agent may hand work to the crew's other agents; a manager always may."""
    guardrails: tuple[Mapping[str, Any], ...] = ()
    """What the result must satisfy, see ``agents.guardrails``."""
    max_retries: int = 2
    """How often the agent tries again after a guardrail refused its result."""
    on_failure: OnFailure = "fail"
    """What happens after the last try: the task fails, or a person decides."""


@dataclass(frozen=True, slots=True)
class CrewSpec:
    """Tasks in an order. A hierarchical crew has a ``manager``, who is not among the ``agents``, and hands them out."""

    name: str
    agents: tuple[CrewAgent, ...]
    tasks: tuple[CrewTask, ...]
    process: Process = "sequential"
    manager: CrewAgent | None = None
    planning: bool = False
    """Whether a plan is made for all the tasks before the first."""

    def __post_init__(self) -> None:
        _check(self)

    def worker(self, task: CrewTask) -> CrewAgent:
        """Return who answers for the task: its agent, or the manager where it has none."""
        found = {agent.name: agent for agent in self.agents}.get(task.agent, self.manager)
        if found is None:
            raise CrewInvalid(f"Nobody does the task {task.name!r}.")
        return found

    def read_by(self, task: CrewTask) -> tuple[str, ...]:
        """Return the tasks whose results it reads: what it names, else all that are done when it begins."""
        if task.context is not None:
            return task.context
        return tuple(name for name in _before(self, task) if name not in _beside(self, task))


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


def _before(spec: CrewSpec, task: CrewTask) -> list[str]:
    names = [each.name for each in spec.tasks]
    return names[: names.index(task.name)]


def _beside(spec: CrewSpec, task: CrewTask) -> set[str]:
    """Return the tasks before it that may still be at work when it begins: it waits for none if it runs beside others."""
    if not task.async_execution:
        return set()
    beside: set[str] = set()
    for each in spec.tasks:
        if each.name == task.name:
            break
        beside = beside | {each.name} if each.async_execution else set()
    return beside


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
        if unready := sorted(set(task.context or ()) & _beside(spec, task)):
            raise CrewInvalid(f"The task {task.name!r} runs beside {', '.join(unready)} and cannot read the result.")
        if not 0 <= task.max_retries <= MAX_RETRIES:
            raise CrewInvalid(f"The task {task.name!r} is tried again between 0 and {MAX_RETRIES} times.")
        earlier.add(task.name)
    if spec.tasks[-1].async_execution:
        raise CrewInvalid(f"The task {spec.tasks[-1].name!r} is the last one: there is none to run beside.")
