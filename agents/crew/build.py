"""From plain data to CrewAI's objects: without memory, telemetry, or its file of task outputs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from crewai import Crew, Process, Task
from pydantic import PrivateAttr

from agents.crew.agent import TellingAgent, handing_out
from agents.crew.bridge import Bridge
from agents.crew.delegation import delegation_functions
from agents.crew.llm import GatewayLLM, asked
from agents.crew.lookup import looking_up
from agents.crew.quality import Quality
from agents.crew.spec import CrewAgent, CrewSpec, CrewTask
from agents.crew.tools import CrewTool, crew_tool, functions_of
from agents.tools.base import BoundTool, Json
from agents.tools.use import use_tool

Schemas = Mapping[str, Mapping[str, Any]]


class NoTaskOutputs:
    """Stands in for CrewAI's record of task outputs, a SQLite file per working directory that all tenants would share."""

    def reset(self) -> None:
        """Keep nothing."""

    def update(self, *args: Any, **kwargs: Any) -> None:
        """Keep nothing."""


class QuietCrew(Crew):
    """A crew that leaves nothing behind, and in which everybody who works has been made for one task."""

    _task_output_handler: Any = PrivateAttr(default_factory=NoTaskOutputs)
    _managers: Mapping[str, TellingAgent] = PrivateAttr(default_factory=dict)

    def _get_agent_to_use(self, task: Task) -> Any:
        manager = self._managers.get(task.name or "")
        if manager is not None:
            manager.crew = self
        return manager or task.agent

    def _prepare_tools(self, agent: Any, task: Task, tools: Any) -> Any:
        return []  # agents bring their own


def build(spec: CrewSpec, bridge: Bridge, schemas: Schemas) -> Crew:
    """Return the crew, ready for kickoff. Its agents call their models and use their tools over ``bridge``."""
    team = _Team(spec, bridge, schemas)
    workers = {task.name: team.worker(task) for task in spec.tasks}
    tasks: dict[str, Task] = {}
    for task in spec.tasks:
        tasks[task.name] = _task(spec, task, workers[task.name], tasks)
    managers = {task.name: team.manager(task) for task in spec.tasks} if spec.manager else {}
    crew = QuietCrew(
        name=spec.name,
        agents=[worker for worker in workers.values() if worker] or [team.hired(spec.agents[0], "")],
        tasks=list(tasks.values()),
        process=Process.hierarchical if spec.manager else Process.sequential,
        manager_agent=next(iter(managers.values()), None),
        memory=False,
        planning=False,  # ours is made before
        cache=False,
        verbose=False,
        tracing=False,
        share_crew=False,
    )
    crew._managers = managers
    return crew


class _Team:
    """Makes everybody who works in a crew, each for one task."""

    def __init__(self, spec: CrewSpec, bridge: Bridge, schemas: Schemas) -> None:
        self.spec, self.bridge, self.schemas = spec, bridge, schemas

    def worker(self, task: CrewTask) -> TellingAgent | None:
        """Return who is named for the task; under a manager it is only to say who that is."""
        named = {agent.name: agent for agent in self.spec.agents}.get(task.agent)
        if named is None:
            return None
        if self.spec.manager is not None:
            return self.hired(named, task.name)
        others = tuple(agent for agent in self.spec.agents if agent is not named)
        return self._responsible(named, task, others if task.allow_delegation else ())

    def manager(self, task: CrewTask) -> TellingAgent:
        """Return the manager for the task, who hands it to the agent that is named for it, or to whom he likes."""
        assert self.spec.manager is not None
        named = tuple(agent for agent in self.spec.agents if agent.name == task.agent)
        return self._responsible(self.spec.manager, task, named or self.spec.agents)

    def hired(self, agent: CrewAgent, task: str) -> TellingAgent:
        """Return a coworker for a piece of work, who can hand out none of it."""
        return self._made(agent, task, ())

    def _responsible(self, agent: CrewAgent, task: CrewTask, coworkers: tuple[CrewAgent, ...]) -> TellingAgent:
        made = self._made(agent, task.name, coworkers, self.schemas.get(task.name))
        if task.guardrails or task.human_input:
            made._quality = Quality(task, agent, self.bridge)
        return made

    def _made(
        self, agent: CrewAgent, task: str, coworkers: tuple[CrewAgent, ...], schema: Mapping[str, Any] | None = None
    ) -> TellingAgent:
        handing = delegation_functions(coworkers) if coworkers else []
        own = () if agent.endpoint.small else agent.tools  # a small model cannot use tools
        functions = functions_of(own) | {each["function"]["name"]: each for each in handing}
        made = TellingAgent(
            role=agent.role,
            goal=agent.goal,
            backstory=agent.backstory,
            llm=GatewayLLM.of(agent, self.bridge, task=task, schema=schema, functions=functions),
            allow_delegation=False,  # CrewAI's own way of it; ours are tools
            max_iter=agent.rounds,
            max_retry_limit=0,  # the gateway has retried what is worth it
            respect_context_window=False,  # else it asks the model for a summary; the prompt is cut to fit instead
            use_better_compaction=False,  # else it keeps long results of tools in files
            verbose=False,
        )
        made._spec, made._bridge, made._task, made._schema = agent, self.bridge, task, schema
        made._own_tools = [self._tool(tool, agent, task) for tool in own]
        hand_out = handing_out(made, coworkers, lambda to: self.hired(to, task))
        made._own_tools += [crew_tool(function, hand_out) for function in handing]
        made._looked_up = looking_up(agent, task)
        return made

    def _tool(self, tool: BoundTool, agent: CrewAgent, task: str) -> CrewTool:
        def use(given: str | Json) -> str:
            return asked(self.bridge, lambda: use_tool(tool, given, agent=agent.role, task=task))

        return crew_tool(tool.as_function(), use)


def _task(spec: CrewSpec, task: CrewTask, agent: Any, earlier: Mapping[str, Task]) -> Task:
    return Task(
        name=task.name,
        description=task.description,
        expected_output=task.expected_output,
        agent=agent,
        async_execution=task.async_execution,
        context=[earlier[name] for name in spec.read_by(task)],
    )
